"""Pixel-art lint: what a practised eye would mend, rule by rule, with the pixels concerned.

Limits are set so that each rule about craft speaks up on at most one in twenty finished sprites of a large public
set (docs/dataset.md has the figures). Half-transparent and phantom pixels are facts, not faults: they are notes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from lunar_studio.core.arrays import U8
from lunar_studio.core.score import LintFinding
from lunar_studio.core.sprite import Sprite
from lunar_studio.pixels.grid import upscale_factor
from lunar_studio.pixels.oklab import F64, to_oklab

Bool = npt.NDArray[np.bool_]

# More single pixels than this are spray, stars or dither, and meant.
_MOST_ORPHANS = 4
_FLAT_SPREAD = 0.02
_ORPHAN_DISTANCE = 0.2
_MOST_COLOURS = 512
_FEWEST_COLOURS = 64
_COLOUR_SHARE = 0.5
_NEAR_DISTANCE = 0.006
_NEAR_PAIRS = 3
_NEAR_PALETTE = 48


def lint(sprite: Sprite) -> tuple[LintFinding, ...]:
    """Everything the rules find, warnings first.

    Rules: `orphan-pixel`, `too-many-colours`, `near-duplicate-colours`, `off-grid`, `half-transparent`,
    `phantom-pixel`. Near-duplicate distances are in OKLab.
    """
    findings = [finding for rule in _RULES for finding in rule(sprite)]
    return tuple(sorted(findings, key=lambda finding: finding.severity != "warning"))


def _places(mask_HW: Bool) -> tuple[tuple[int, int], ...]:
    rows, columns = np.nonzero(mask_HW)
    return tuple(zip(columns.tolist(), rows.tolist(), strict=True))


def _count(number: int, thing: str) -> str:
    return f"One {thing}" if number == 1 else f"{number} {thing}s"


_AROUND = tuple((down, right) for down in (-1, 0, 1) for right in (-1, 0, 1) if (down, right) != (0, 0))


def _around(values_HW: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """The eight neighbours of every pixel, shape (8, H, W); beyond the border they are zero."""
    height, width = values_HW.shape
    padded = np.zeros((height + 2, width + 2), values_HW.dtype)
    padded[1:-1, 1:-1] = values_HW
    return np.stack([padded[1 + y : 1 + y + height, 1 + x : 1 + x + width] for y, x in _AROUND])


def _packed(rgba: U8) -> npt.NDArray[np.uint32]:
    """One number for each colour: sorting numbers is ten times faster than sorting rows."""
    packed: npt.NDArray[np.uint32] = np.ascontiguousarray(rgba).view(np.uint32)[..., 0]
    return packed


def _orphans(sprite: Sprite) -> Iterator[LintFinding]:
    visible_HW = sprite.rgba_HWC[..., 3] > 0
    around = _around(visible_HW).astype(np.bool_)
    stray_HW = visible_HW & ~around.any(axis=0)
    # A sprite of one pixel is no orphan.
    if 0 < (count := int(stray_HW.sum())) <= _MOST_ORPHANS and count < visible_HW.sum():
        stands = "stands" if count == 1 else "stand"
        yield LintFinding(
            "orphan-pixel",
            f"{_count(count, 'pixel')} {stands} alone, away from the rest.",
            "warning",
            _places(stray_HW),
        )
    spot_HW = _spots(sprite.rgba_HWC, visible_HW & around.all(axis=0))
    if 0 < (count := int(spot_HW.sum())) <= _MOST_ORPHANS:
        stands = "sits" if count == 1 else "sit"
        yield LintFinding(
            "orphan-pixel",
            f"{_count(count, 'pixel')} {stands} alone in a flat area: a speck, unless it is a glint.",
            "warning",
            _places(spot_HW),
        )


def _spots(rgba_HWC: U8, inner_HW: Bool) -> Bool:
    """Pixels far in colour from eight neighbours that are all alike."""
    packed_HW = _packed(rgba_HWC)
    # Most pixels share a colour with a neighbour; only the others need OKLab.
    rows, columns = np.nonzero(inner_HW & (_around(packed_HW) != packed_HW).all(axis=0))
    around_K8C = to_oklab(np.stack([rgba_HWC[rows + down, columns + right, :3] for down, right in _AROUND], axis=1))
    middle_KC = around_K8C.mean(axis=1)
    spread_K = ((around_K8C - middle_KC[:, None]) ** 2).sum(axis=2).max(axis=1)
    distance_K = ((to_oklab(rgba_HWC[rows, columns, :3]) - middle_KC) ** 2).sum(axis=1)
    found = (spread_K < _FLAT_SPREAD**2) & (distance_K > _ORPHAN_DISTANCE**2)
    spots_HW = np.zeros_like(inner_HW)
    spots_HW[rows[found], columns[found]] = True
    return spots_HW


def _too_many_colours(sprite: Sprite) -> Iterator[LintFinding]:
    packed_HW = _packed(sprite.rgba_HWC)[sprite.rgba_HWC[..., 3] > 0]
    colours, visible = len(np.unique(packed_HW)), packed_HW.size
    if colours > _MOST_COLOURS or (colours > _FEWEST_COLOURS and colours > _COLOUR_SHARE * visible):
        yield LintFinding(
            "too-many-colours",
            f"{colours} colours on {visible} pixels: more than anyone places by hand; reduce the palette.",
            "warning",
        )


def _near_duplicates(sprite: Sprite) -> Iterator[LintFinding]:
    rgba_HWC = sprite.rgba_HWC
    visible_HW = rgba_HWC[..., 3] > 0
    opaque = np.append(rgba_HWC[visible_HW][:, :3], np.zeros((int(visible_HW.sum()), 1), np.uint8), axis=1)
    colours = np.unique(_packed(opaque))[:, None].view(np.uint8)[:, :3]
    if not 2 <= len(colours) <= _NEAR_PALETTE:
        return
    lab: F64 = to_oklab(colours)
    near = np.triu(((lab[:, None] - lab[None]) ** 2).sum(axis=2) < _NEAR_DISTANCE**2, 1)
    first, second = np.nonzero(near)
    if len(first) < _NEAR_PAIRS:
        return
    # The second of each pair is the one to replace; its pixels are shown.
    places_HW = np.zeros_like(visible_HW)
    for colour in np.unique(second):
        places_HW |= (rgba_HWC[..., :3] == colours[colour]).all(axis=2) & visible_HW
    one, other = (f"#{bytes(colours[at].tolist()).hex()}" for at in (first[0], second[0]))
    yield LintFinding(
        "near-duplicate-colours",
        f"{len(first)} pairs of colours cannot be told apart, such as {one} and {other}; one of each would do.",
        "warning",
        _places(places_HW),
    )


def _off_grid(sprite: Sprite) -> Iterator[LintFinding]:
    if (factor := upscale_factor(sprite)) > 1:
        yield LintFinding(
            "off-grid",
            f"Enlarged art: every {factor} × {factor} pixels are one; its true size is "
            f"{sprite.width // factor} × {sprite.height // factor}.",
            "note",
        )


def _half_transparent(sprite: Sprite) -> Iterator[LintFinding]:
    alpha_HW = sprite.rgba_HWC[..., 3]
    half_HW = (alpha_HW > 0) & (alpha_HW < 255)
    if count := int(half_HW.sum()):
        verb = "is" if count == 1 else "are"
        yield LintFinding(
            "half-transparent", f"{_count(count, 'pixel')} {verb} half-transparent.", "note", _places(half_HW)
        )


def _phantoms(sprite: Sprite) -> Iterator[LintFinding]:
    rgba_HWC = sprite.rgba_HWC
    phantom_HW = (rgba_HWC[..., 3] == 0) & rgba_HWC[..., :3].any(axis=2)
    if count := int(phantom_HW.sum()):
        verb = "hides" if count == 1 else "hide"
        yield LintFinding(
            "phantom-pixel",
            f"{_count(count, 'fully transparent pixel')} {verb} a colour that some programs will show.",
            "note",
            _places(phantom_HW),
        )


_RULES: tuple[Callable[[Sprite], Iterator[LintFinding]], ...] = (
    _orphans,
    _too_many_colours,
    _near_duplicates,
    _off_grid,
    _half_transparent,
    _phantoms,
)
