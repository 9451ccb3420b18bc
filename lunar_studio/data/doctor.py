"""The doctor: looks at every sprite of a source for what would spoil a training set, and shows it in pictures.

It reads, and changes nothing; `data.mending` writes a new folder in which what was chosen is mended.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import numpy as np

from lunar_studio.core.arrays import F32, U8
from lunar_studio.core.sprite import Sprite
from lunar_studio.data import importing
from lunar_studio.data.dataset import MAX_SIZE_PX, SPRITES_FILE
from lunar_studio.data.decoding import Decoder
from lunar_studio.data.duplicates import near_pairs, recolouring_keys
from lunar_studio.data.findings import KINDS, MAX_EXAMPLES, Diagnosis, Example, Finding
from lunar_studio.data.notes import Notes
from lunar_studio.data.scanning import (
    PHANTOM_NOTE,
    Kept,
    Options,
    Progress,
    Scan,
    ShouldStop,
    scan,
)
from lunar_studio.data.sources import Source, open_source
from lunar_studio.data.split import I64, families
from lunar_studio.data.writing import map_pixels, sprites_of
from lunar_studio.pixels.files import shown_name
from lunar_studio.pixels.fit import fit
from lunar_studio.pixels.grid import on_grid, reduced, true_grid, upscale_factor
from lunar_studio.pixels.lint.alpha import half_transparent, hardened
from lunar_studio.pixels.lint.subject import Subject
from lunar_studio.pixels.oklab import to_oklab

_EMPTY_PIXELS, _EMPTY_SHARE = 8, 0.01
# Outliers: so many robust deviations from the median (median distance × 1.4826), in sets of at least so many sprites.
_FAR, _SMALLEST_SET = 6.0, 20
_TO_SIGMA = 1.4826
_PICTURE_PX = 256
_MEASURES = ("colours", "filled", "lightness", "colourfulness")


def true_size(sprite: Sprite) -> Sprite:
    """The sprite with an exact enlargement undone; itself if there is none."""
    factor = upscale_factor(sprite)
    return reduced(sprite, factor) if factor > 1 else sprite


def true_pixels(sprite: Sprite) -> Sprite:
    """The sprite brought back to a grid that is not exact; itself if there is none."""
    grid = true_grid(sprite)
    return on_grid(sprite, grid) if grid is not None else sprite


MENDS: Mapping[str, Callable[[Sprite], Sprite]] = {
    "enlarged": true_size,
    "off-grid": true_pixels,
    "soft-edge": hardened,
    "half-transparent": hardened,
    "phantom": Sprite.cleaned,
}
"""What the fix of a kind makes of one sprite, in the order in which they are applied."""


def examine(
    source: Path,
    *,
    skip: Mapping[str, Collection[str]] | None = None,
    slicing: str | None = None,
    notes: Notes | None = None,
    should_stop: ShouldStop | None = None,
    progress: Progress | None = None,
) -> Diagnosis:
    """Look for everything in `findings.KINDS`.

    Args:
        source: A file, folder or zip.
        skip: As for `importing.check`.
        slicing: As for `importing.check`.
        notes: As for `importing.check`.
        should_stop: Asked before every file, twice.
        progress: Told how many files are done, and of how many, in each of two rounds.

    Raises:
        DatasetError: The source cannot be opened.
        ImportStopped: `should_stop` said so.
    """
    options = importing.options_of(skip, slicing, notes)
    should_stop, progress = should_stop or (lambda: False), progress or (lambda _done, _total: None)
    with open_source(source) as opened:
        found = scan(opened, options, should_stop=should_stop, progress=progress)
        return _Examination(opened, found, options).run(should_stop, progress)


class _Examination:
    """One source, being looked at."""

    def __init__(self, source: Source, found: Scan, options: Options) -> None:
        self._source, self._scan, self._options = source, found, options
        self._findings = {id_: Finding(kind) for id_, kind in KINDS.items()}
        self._size = max(1, min(found.common_side(), MAX_SIZE_PX))
        self._written: list[Kept] = []
        self._measured: list[tuple[float, ...]] = []
        self._by_drawing: dict[bytes, int] = {}
        self._by_structure: dict[bytes, int] = {}
        self._copies: set[int] = set()

    def run(self, should_stop: ShouldStop, progress: Progress) -> Diagnosis:
        self._files()
        with tempfile.TemporaryDirectory(prefix="lunar-studio-doctor-") as folder:
            path = Path(folder) / SPRITES_FILE
            with path.open("wb") as file, Decoder(self._options.cut_of) as decoder:
                file.write(bytes(128))
                again = sprites_of(self._source, self._scan.kept, decoder, should_stop=should_stop)
                for done, (kept, sprite) in enumerate(again):
                    progress(done, len(self._scan.kept))
                    file.write(fit(sprite, self._size).sprite.cleaned().rgba_HWC.tobytes())
                    self._written.append(kept)
                    self._one(kept, sprite)
            pixels = map_pixels(path, len(self._written), self._size) if self._written else None
            pairs = np.zeros((0, 2), np.int64)
            if pixels is not None:
                steps = importing.steps_of(len(pixels), should_stop, progress)
                pairs = near_pairs(pixels, shelf=Path(folder), step=steps)
                self._compare(pixels)
                self._near(pixels, pairs)
                self._outliers(pixels)
        progress(len(self._scan.kept), len(self._scan.kept))
        self._sizes()
        report = importing.report_of(self._source, self._scan, self._written, pairs)
        return Diagnosis(report, tuple(found for found in self._findings.values() if found.names))

    # ---- one at a time ---------------------------------------------------------------------------

    def _files(self) -> None:
        """Findings that the scan has made already; verdicts carry names that are safe to show."""
        for found in self._scan.verdicts:
            if found.verdict in ("refused", "duplicate"):
                self._findings[found.verdict].add(found.path)
            elif PHANTOM_NOTE in found.notes:
                self._findings["phantom"].add(found.path)

    def _one(self, kept: Kept, sprite: Sprite) -> None:
        self._measured.append(measures(sprite))
        visible = int((sprite.rgba_HWC[..., 3] > 0).sum())
        if visible <= _EMPTY_PIXELS or visible < _EMPTY_SHARE * sprite.width * sprite.height:
            self._tell("near-empty", kept, sprite, None, f"{visible} pixels are visible")
        actual = true_size(sprite)
        if actual is not sprite:
            words = f"{sprite.width} × {sprite.height} is truly {actual.width} × {actual.height}"
            self._tell("enlarged", kept, sprite, actual, words)
        finer = true_pixels(actual)
        if finer is not actual:
            words = f"{actual.width} × {actual.height} is truly about {finer.width} × {finer.height}"
            self._tell("off-grid", kept, sprite, finer, words)
        for found in half_transparent(Subject(sprite)):
            kind = "soft-edge" if found.severity == "warning" else "half-transparent"
            self._tell(kind, kept, sprite, hardened(sprite), found.message)

    def _tell(self, kind: str, kept: Kept, sprite: Sprite, other: Sprite | None, words: str) -> None:
        finding = self._findings[kind]
        full = len(finding.examples) >= MAX_EXAMPLES
        example = None if full else Example(_shown(kept), _small(sprite), _small(other) if other else None, words)
        finding.add(kept.name, example)

    # ---- one beside the others -------------------------------------------------------------------

    def _compare(self, pixels_NHWC: U8) -> None:
        """Copies that are the same drawing: moved, mirrored or in other colours."""
        for at in range(len(pixels_NHWC)):
            drawing_HWC = _trimmed(np.asarray(pixels_NHWC[at]))
            mirrored_HWC = np.ascontiguousarray(drawing_HWC[:, ::-1])
            own, mirror = _digest(drawing_HWC), _digest(mirrored_HWC)
            # A recoloured copy may be mirrored as well: both ways have one key.
            structure = min(_structure(drawing_HWC), _structure(mirrored_HWC))
            for kind, known, key in (
                ("moved", self._by_drawing, own),
                ("mirrored", self._by_drawing, mirror),
                ("recoloured", self._by_structure, structure),
            ):
                if (first := known.get(key)) is not None:
                    self._copy(kind, pixels_NHWC, at, first)
                    break
            self._by_drawing.setdefault(own, at)
            self._by_structure.setdefault(structure, at)

    def _near(self, pixels_NHWC: U8, pairs: I64) -> None:
        """Groups of near copies, as far as they are not told already."""
        groups: dict[int, list[int]] = {}
        for at, label in enumerate(families([()] * len(self._written), pairs.tolist()).tolist()):
            groups.setdefault(label, []).append(at)
        for group in groups.values():
            first, *others = [at for at in group if at not in self._copies] or group
            for at in others:
                self._copy("edited", pixels_NHWC, at, first)

    def _copy(self, kind: str, pixels_NHWC: U8, at: int, first: int) -> None:
        self._copies.add(at)
        one, other = (Sprite(np.asarray(pixels_NHWC[which])) for which in (at, first))
        self._tell(kind, self._written[at], one, other, f"like {_shown(self._written[first])}")

    def _outliers(self, pixels_NHWC: U8) -> None:
        values_NM: F32 = np.array(self._measured, np.float32)
        if len(values_NM) < _SMALLEST_SET:
            return
        middle_M = np.median(values_NM, axis=0)
        # Where more than half are alike, the spread of the rest decides; a floor keeps rounding from being odd.
        spread_M = np.maximum(np.median(np.abs(values_NM - middle_M), axis=0) * _TO_SIGMA, (0.5, 0.04, 0.03, 0.015))
        away_NM = (values_NM - middle_M) / spread_M
        for at in np.flatnonzero((np.abs(away_NM) > _FAR).any(axis=1)).tolist():
            measure = int(np.abs(away_NM[at]).argmax())
            direction = "more" if away_NM[at, measure] > 0 else "less"
            words = {
                "colours": f"far {'more' if direction == 'more' else 'fewer'} colours than the rest",
                "filled": f"fills far {direction} of its picture than the rest",
                "lightness": f"far {'lighter' if direction == 'more' else 'darker'} than the rest",
                "colourfulness": f"far {direction} colourful than the rest",
            }[_MEASURES[measure]]
            self._tell("outlier", self._written[at], Sprite(np.asarray(pixels_NHWC[at])), None, words)

    def _sizes(self) -> None:
        sides = Counter(kept.side for kept in self._written)
        if len(sides) < 2:
            return
        common = self._scan.common_side()
        finding = self._findings["sizes"]
        for kept in self._written:
            if kept.side != common:
                finding.add(kept.name)
        told = ", ".join(f"{count:,} of {side} px" for side, count in sides.most_common(5))
        finding.detail = told + (f" and {len(sides) - 5} more sizes" if len(sides) > 5 else "")


def measures(sprite: Sprite) -> tuple[float, ...]:
    """What outliers are told by: log2 of the colours, share that is visible, mean lightness and chroma in OKLab."""
    visible_HW = sprite.rgba_HWC[..., 3] > 0
    lab = to_oklab(sprite.rgba_HWC[visible_HW][:, :3])
    if not len(lab):
        return 0.0, 0.0, 0.5, 0.0
    chroma = float(np.hypot(lab[:, 1], lab[:, 2]).mean())
    return float(np.log2(sprite.colour_count())), float(visible_HW.mean()), float(lab[:, 0].mean()), chroma


def _shown(kept: Kept) -> str:
    return shown_name(kept.name, 300)


def _small(sprite: Sprite) -> Sprite:
    """The upper left corner of a large picture, at its true scale."""
    return Sprite(sprite.rgba_HWC[:_PICTURE_PX, :_PICTURE_PX], sprite.name)


def _trimmed(rgba_HWC: U8) -> U8:
    rows, columns = np.nonzero(rgba_HWC[..., 3])
    if not len(rows):
        return np.ascontiguousarray(rgba_HWC[:1, :1])
    return np.ascontiguousarray(rgba_HWC[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1])


def _digest(rgba_HWC: U8) -> bytes:
    return hashlib.blake2b(repr(rgba_HWC.shape).encode() + rgba_HWC.tobytes(), digest_size=16).digest()


def _structure(rgba_HWC: U8) -> bytes:
    """Equal for the same drawing in any colours; of its own for what is too plain, or too noisy, to say anything."""
    colours = len(np.unique(np.ascontiguousarray(rgba_HWC).view(np.uint32)))
    if colours < 3 or 2 * colours > np.count_nonzero(rgba_HWC[..., 3]):
        return _digest(rgba_HWC)
    return repr(rgba_HWC.shape).encode() + recolouring_keys(rgba_HWC[None])[0]
