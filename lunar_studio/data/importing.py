"""Art in, data set out: `check` says what is there, `build` writes what training reads.

One bad file never stops an import: it is listed with the reason. Files may be read twice, first to look at
(sizes, copies), then to write, so that memory stays small whatever the number of sprites.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from lunar_studio.data.captions import Tables, describe, family_keys
from lunar_studio.data.dataset import (
    FACTS_FILE,
    FORMAT_VERSION,
    MAX_SIZE_PX,
    MAX_SPRITES,
    SPRITES_FILE,
    Dataset,
    Facts,
    content_digest,
    read_facts,
)
from lunar_studio.data.decoding import Decoder
from lunar_studio.data.duplicates import near_pairs
from lunar_studio.data.notes import Credit, Notes, credits_for, notes_path, read_notes
from lunar_studio.data.report import Report
from lunar_studio.data.scanning import ImportStopped, Kept, Options, Progress, Scan, ShouldStop, content_of, scan
from lunar_studio.data.sources import Source, open_source
from lunar_studio.data.split import I64, Bool, Groups, families, is_validation
from lunar_studio.data.sprite_lines import SpriteLine
from lunar_studio.data.writing import (
    Written,
    as_text,
    map_pixels,
    replacing,
    shelf_of,
    write_lines,
    write_pixels,
    write_words,
)
from lunar_studio.errors import DatasetError
from lunar_studio.paths import is_file
from lunar_studio.pixels.files import shown_name
from lunar_studio.pixels.slicing import SliceSpec

LICENCE_FILES = tuple(
    f"{name}{suffix}" for name in ("LICENSE", "LICENCE", "CREDITS", "AUTHORS") for suffix in ("", ".md", ".txt")
)
_MAX_LICENCE = 100_000

METHOD_VERSION = 5
"""Raised whenever the same art and choices would give another set, so that old ones are built anew."""

_SLICING_VERSION = 2


def _never() -> bool:
    return False


def _silent(_done: int, _total: int) -> None:
    return None


def check(
    source: Path,
    *,
    skip: Mapping[str, Collection[str]] | None = None,
    slicing: str | None = None,
    notes: Notes | None = None,
    should_stop: ShouldStop | None = None,
    progress: Progress | None = None,
) -> Report:
    """Look at a file, folder or zip without keeping anything.

    Args:
        source: What to look at.
        skip: Column of a table beside the art to values whose rows are left out.
        slicing: `auto` or `WxH` to cut sheets; None takes each picture as one sprite.
        notes: What the artist says of it; only how sheets are cut matters here.
        should_stop: Asked before every file.
        progress: Told how many files are done, and of how many.

    Raises:
        DatasetError: The source itself cannot be opened, or `slicing` makes no sense.
        ImportStopped: `should_stop` said so.
    """
    options = options_of(skip, slicing, notes)
    should_stop, progress = should_stop or _never, progress or _silent
    with open_source(source) as opened:
        found = scan(opened, options, should_stop=should_stop, progress=progress)
        size = min(found.common_side(), MAX_SIZE_PX)
        pairs = np.zeros((0, 2), np.int64)
        written: Written = []
        if size:
            with tempfile.TemporaryDirectory(prefix="lunar-studio-check-") as folder:
                pixels = Path(folder) / SPRITES_FILE
                written = write_pixels(
                    pixels, opened, found.kept, options, size, should_stop=should_stop, progress=_silent
                )
                if written:
                    mapped_NHWC = map_pixels(pixels, len(written), size)
                    steps = steps_of(len(written), should_stop, _silent)
                    pairs = near_pairs(mapped_NHWC, shelf=Path(folder), step=steps)
        return report_of(opened, found, [kept for kept, _ in written], pairs)


def build(
    source: Path,
    destination: Path,
    *,
    size: int | None = None,
    skip: Mapping[str, Collection[str]] | None = None,
    slicing: str | None = None,
    notes: Notes | None = None,
    validation_share: float = 0.1,
    seed: int = 0,
    should_stop: ShouldStop | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """Make a data set folder from a file, folder or zip; at once if the same one stands there already.

    Args:
        source: Where the art is.
        destination: Folder to make; an older data set there is replaced, anything else is refused.
        size: Width and height of every sprite in pixels; None takes the most frequent.
        skip: Column of a table beside the art to values whose rows are left out.
        slicing: `auto` or `WxH` to cut sheets; None takes each picture as one sprite.
        notes: What the artist says of it: captions, tags, credits, cuts; None reads those beside `destination`.
        validation_share: Part of the sprites that validates, in whole families.
        seed: Another seed, another split.
        should_stop: Asked before every file.
        progress: Told how many files are done, and of how many.

    Raises:
        DatasetError: The source cannot be opened, holds no usable sprite, or the folder cannot be written.
        ImportStopped: `should_stop` said so; nothing was written.
    """
    notes = read_notes(notes_path(destination.parent, source)) if notes is None else notes
    recipe = _Recipe(options_of(skip, slicing, notes), size, validation_share, seed, notes)
    recipe.validate()
    should_stop, progress = should_stop or _never, progress or _silent
    with open_source(source) as opened:
        if (ready := _ready(opened, destination, recipe, should_stop)) is not None:
            return ready
        decoder = Decoder(recipe.options.cut_of, shelf=shelf_of(destination))
        try:
            _build(opened, destination, recipe, decoder, should_stop=should_stop, progress=progress)
        except ImportStopped:
            decoder.clear()
            raise
        decoder.clear()
    return Dataset.open(destination)


def _build(
    opened: Source,
    destination: Path,
    recipe: _Recipe,
    decoder: Decoder,
    *,
    should_stop: ShouldStop,
    progress: Progress,
) -> None:
    # Asked before anything is decoded: hours of work must not end with a folder that may not be replaced.
    with replacing(destination) as folder:
        found = scan(opened, recipe.options, should_stop=should_stop, progress=progress, decoder=decoder)
        if not found.kept:
            raise DatasetError(
                f"“{opened.name}” holds no sprite that can be used.",
                hint="Check it: every refused file is listed there with the reason.",
            )
        if len(found.kept) > MAX_SPRITES:
            raise DatasetError(
                f"“{opened.name}” holds {len(found.kept):,} sprites.", hint=f"At most {MAX_SPRITES:,} make a set."
            )
        _write_set(folder, opened, found, recipe, decoder, should_stop=should_stop, progress=progress)


@dataclass(frozen=True, slots=True)
class _Recipe:
    """Every choice that changes what is built."""

    options: Options
    size: int | None
    validation_share: float
    seed: int
    notes: Notes

    def validate(self) -> None:
        if self.size is not None and not 1 <= self.size <= MAX_SIZE_PX:
            raise DatasetError(f"A size of {self.size} pixels cannot be used.", hint=f"Choose 1 to {MAX_SIZE_PX}.")
        if not 0.0 <= self.validation_share <= 0.5:
            raise DatasetError(
                f"A validation share of {self.validation_share} cannot be used.", hint="Choose between 0 and 0.5."
            )

    def source_digest(self, content: str) -> str:
        choices = [
            FORMAT_VERSION,
            METHOD_VERSION,
            self.size,
            self.validation_share,
            self.seed,
            # Cutting has a version of its own: sets of whole pictures stay as they are.
            f"{self.options.slicing} {_SLICING_VERSION}" if self.options.slicing else "None",
            sorted((column, sorted(values)) for column, values in self.options.skip.items()),
        ]
        if not self.notes.is_empty:
            choices.append(self.notes.digest())
        return hashlib.blake2b(f"{content}{json.dumps(choices)}".encode(), digest_size=32).hexdigest()


def options_of(skip: Mapping[str, Collection[str]] | None, slicing: str | None, notes: Notes | None = None) -> Options:
    """The options that `check` and `build` take as text, and the cuts that the notes tell of.

    Raises:
        DatasetError: A cut makes no sense.
    """
    sprites = notes.sprites if notes is not None else {}
    cuts = {path: SliceSpec.parse(note.cut) for path, note in sprites.items() if note.cut}
    return Options(skip or {}, SliceSpec.parse(slicing) if slicing else None, cuts)


def _ready(source: Source, destination: Path, recipe: _Recipe, should_stop: ShouldStop) -> Dataset | None:
    """The data set at `destination`, if it is whole and was built from the same art by the same recipe."""
    if not is_file(destination / FACTS_FILE):
        return None
    try:
        stated = read_facts(destination).source_digest
        if stated != recipe.source_digest(content_of(source, should_stop=should_stop)):
            return None
        dataset = Dataset.open(destination)
        dataset.verify()
        return dataset
    except ImportStopped:
        raise
    except DatasetError:
        # Whatever is wrong with the old one, a new one takes its place.
        return None


def _write_set(
    folder: Path,
    source: Source,
    found: Scan,
    recipe: _Recipe,
    decoder: Decoder,
    *,
    should_stop: ShouldStop,
    progress: Progress,
) -> None:
    size = recipe.size or min(found.common_side(), MAX_SIZE_PX)
    pixels = folder / SPRITES_FILE
    written = write_pixels(
        pixels,
        source,
        found.kept,
        recipe.options,
        size,
        should_stop=should_stop,
        progress=progress,
        decoder=decoder,
    )
    if not written:
        raise DatasetError(f"“{source.name}” changed while it was read.", hint="Try again.")
    kept = [one for one, _ in written]
    steps = steps_of(len(written), should_stop, progress)
    pairs = near_pairs(map_pixels(pixels, len(written), size), shelf=decoder.shelf, step=steps)
    family_N = families(_family_keys(kept, found.tables), pairs.tolist())
    split_N = is_validation(family_N, [one.name for one in kept], share=recipe.validation_share, seed=recipe.seed)
    write_lines(folder, _lines(written, found.tables, recipe.notes, family_N, split_N))
    report = report_of(source, found, kept, pairs)
    stated = credits_for(Counter(one.path for one in kept), {**found.credits, **recipe.notes.credits})
    facts = Facts(
        format="lunar-studio-dataset",
        version=FORMAT_VERSION,
        size=size,
        sprites=len(written),
        validation=int(split_N.sum()),
        families=int(family_N.max()) + 1,
        digest=content_digest(folder),
        source_digest=recipe.source_digest(found.content),
        source=as_text(source.name),
        licence=_licence(source, stated),
        credits=tuple(credit for credit, _ in stated),
        refused=report.count("refused"),
        duplicates=report.count("duplicate"),
        left_out=report.count("skipped"),
    )
    write_words(folder, facts, report)


def steps_of(count: int, should_stop: ShouldStop, progress: Progress) -> Callable[[float], None]:
    """What the search for near copies among `count` sprites calls: it tells how far it is, and ends it when asked to.

    The function raises ImportStopped when `should_stop` says so.
    """

    def step(part: float) -> None:
        if should_stop():
            raise ImportStopped
        progress(round(part * count), count)

    return step


def _family_keys(kept: Sequence[Kept], tables: Tables) -> list[tuple[str, ...]]:
    """Every sprite's families; the cells of a sheet share one tuple."""
    keys: list[tuple[str, ...]] = []
    for path, group in groupby(kept, key=lambda one: one.path):
        keys += [family_keys(path, tables)] * sum(1 for _ in group)
    return keys


def _lines(written: Written, tables: Tables, notes: Notes, family_N: I64, split_N: Bool) -> Iterator[SpriteLine]:
    path = None
    for (one, note), family, validates in zip(written, family_N.tolist(), split_N.tolist(), strict=True):
        if one.path != path:  # the cells of a sheet have the same words
            path = one.path
            words, said = describe(path, tables), notes.of(path)
            caption, category = as_text(said.caption or words.caption), as_text(words.category)
            tags = tuple(as_text(tag) for tag in list(dict.fromkeys([*said.tags, *words.tags]))[:100])
        yield SpriteLine(
            name=as_text(one.name),
            caption=caption,
            category=category,
            family=family,
            validation=validates,
            tags=tags,
            notes=note,
        )


def report_of(source: Source, found: Scan, kept: Sequence[Kept], pairs: I64) -> Report:
    """What a check says: verdicts and figures of the scan, and groups of the near copies among what was kept."""
    together = Groups(len(kept))
    for one, other in pairs.tolist():
        together.join(one, other)
    groups: dict[int, list[str]] = {}
    roots_N = together.roots()
    # What has no copy makes no group, and of a million sprites most have none.
    for position in np.flatnonzero(np.bincount(roots_N)[roots_N] > 1).tolist():
        groups.setdefault(int(roots_N[position]), []).append(shown_name(kept[position].name, 300))
    return Report(
        source=source.name,
        verdicts=found.verdicts,
        statistics=found.statistics(),
        duplicates=found.duplicate_groups(),
        near_copies=tuple(tuple(group) for group in groups.values()),
        other_files=source.other_files,
        sprites=len(kept),
        size=min(found.common_side(), MAX_SIZE_PX),
    )


def _licence(source: Source, stated: Sequence[tuple[Credit, int]]) -> str:
    """Who made what, folder by folder, then the text of the licence and credits files beside the art."""
    texts = [
        f"{name}\n\n{raw.decode('utf-8', 'replace')}"
        for name in LICENCE_FILES
        if (raw := source.side_file(name, _MAX_LICENCE))
    ]
    if stated:
        lines = [f"{credit.words()} ({count:,} sprites)" for credit, count in stated]
        texts.insert(0, "\n".join(["Made by:", *lines]))
    return as_text("\n\n".join(texts), _MAX_LICENCE)
