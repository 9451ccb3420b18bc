"""Look for the grid of a sheet: size of its cells, margin round them and spacing between them.

The two axes are looked at apart. A grid is plausible when its lines cut through nothing: where cells touch, few
visible pixels face each other across a line; where cells are spaced, the gaps are empty. Of plausible grids the
finest is taken, for a line through the middle of sprites would cut them, and of those the one with least margin and
spacing. Sheets of opaque tiles that touch have no empty line; there, colours jump at every line more than elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lunar_studio.core.sprite import Sprite

Bool = npt.NDArray[np.bool_]
F64 = npt.NDArray[np.float64]

SMALLEST_CELL_PX = 8
_MOST_MARGIN_PX = 16
_MOST_SPACING_PX = 8
_MOST_CELLS = 512
# Share of a line that may be cut through; gaps and margins must be empty, for what is in them would be lost.
_CUT = 0.02
# One colour that fills so much of an opaque sheet's border is its ground.
_GROUND_SHARE = 0.6
# Colours must jump this many times as far as usual, and farther than at nearly all other places, at so many of the
# seams; with fewer seams than this a single tile of bricks would be taken apart.
_JUMP, _ELSEWHERE, _JUMPING = 1.5, 0.95, 0.8
_FEWEST_SEAMS = 3
# A size that nobody draws in weighs as much as so many pixels of margin and spacing: on a transparent ground air round
# the sprites looks like spacing, between opaque cells somebody has painted it.
_UNCOMMON_PX, _UNCOMMON_OPAQUE_PX = 3, 12
_COMMON_PX = frozenset({8, 16, 24, 32, 48, 64, 96, 128, 256})


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a grid, in pixels.

    Attributes:
        size: Of a cell.
        margin: Before the first cell.
        spacing: Between two cells.
        count: Cells.
    """

    size: int
    margin: int
    spacing: int
    count: int

    def rank(self, uncommon_px: int) -> tuple[int, int, int, int]:
        """Smaller is more believable: finer first, then a common size with little margin and spacing."""
        strange = 0 if self.size in _COMMON_PX else uncommon_px
        return -self.count, self.margin + self.spacing + strange, strange, self.margin


def ground_of(sheet: Sprite) -> tuple[int, int, int, int] | None:
    """The colour on which the sprites of an opaque sheet stand; None where it is transparent, or there is none."""
    rgba_HWC = sheet.rgba_HWC
    if not (rgba_HWC[..., 3] == 255).all():
        return None
    packed_HW = np.ascontiguousarray(rgba_HWC).view(np.uint32)[..., 0]
    if (packed_HW == packed_HW[0, 0]).all():
        return None
    border = np.concatenate([packed_HW[0], packed_HW[-1], packed_HW[:, 0], packed_HW[:, -1]])
    colours, counts = np.unique(border, return_counts=True)
    colour = colours[counts.argmax()]
    if counts.max() < _GROUND_SHARE * len(border):
        # Tiles may reach the border and still have lines of one colour between them, both ways.
        lines = packed_HW[0, (packed_HW == packed_HW[:1]).all(axis=0)]
        rows = packed_HW[(packed_HW == packed_HW[:, :1]).all(axis=1), 0]
        shared = np.intersect1d(lines, rows)
        if not len(shared):
            return None
        colour = max(shared.tolist(), key=lambda value: int((lines == value).sum() + (rows == value).sum()))
    red, green, blue, alpha = np.array([colour], np.uint32).view(np.uint8).tolist()
    return red, green, blue, alpha


def ink(sheet: Sprite) -> Bool:
    """Where something is drawn: visible pixels that are not of the ground's colour, shape (height, width)."""
    ground = ground_of(sheet)
    if ground is None:
        return sheet.rgba_HWC[..., 3] > 0
    drawn_HW: Bool = (sheet.rgba_HWC != np.array(ground, np.uint8)).any(axis=2)
    return drawn_HW


def look_for_axes(sheet: Sprite) -> tuple[Axis, Axis]:
    """The grid across and down; one cell of the whole length where none shows."""
    ink_HW = ink(sheet)
    whole = Axis(sheet.width, 0, 0, 1), Axis(sheet.height, 0, 0, 1)
    if not ink_HW.any():
        return whole
    across, down = _plausible(ink_HW), _plausible(ink_HW.T)
    uncommon_px = _UNCOMMON_PX if ground_of(sheet) is None else _UNCOMMON_OPAQUE_PX
    found = _together(across, down, whole, uncommon_px)
    if found == whole:
        return _tiles(sheet) or _strip(sheet) or whole
    return found


def _together(across: list[Axis], down: list[Axis], whole: tuple[Axis, Axis], uncommon_px: int) -> tuple[Axis, Axis]:
    """The best of each axis; one and the same layout on both is believed sooner than two different ones."""
    best_across, best_down = (min(found, key=lambda one: one.rank(uncommon_px)) for found in (across, down))
    if not _alike(best_across, best_down):
        pairs = [(one, other) for one in across for other in down if _alike(one, other)]
        if pairs:
            pair = min(pairs, key=lambda both: (both[0].rank(uncommon_px), both[1].rank(uncommon_px)))
            # Unless that means giving up cells that show clearly on one of the axes.
            if pair[0].count * pair[1].count >= best_across.count * best_down.count / 2:
                return pair
    # One line that happens to be free is no grid, unless it makes squares.
    lines = best_across.count + best_down.count - 2
    if lines < 2 and best_across.size != best_down.size:
        return whole
    return best_across, best_down


def _alike(one: Axis, other: Axis) -> bool:
    return (one.size, one.margin, one.spacing) == (other.size, other.margin, other.spacing)


def _plausible(ink_HW: Bool) -> list[Axis]:
    """Every layout of the columns whose lines cut through nothing; the whole width as one cell is among them."""
    length = ink_HW.shape[1]
    painted_W: F64 = ink_HW.mean(axis=0)
    facing_W = np.zeros(length)
    facing_W[1:] = (ink_HW[:, 1:] & ink_HW[:, :-1]).mean(axis=0)
    painted_sums = np.concatenate([[0.0], np.cumsum(painted_W)])
    found = [Axis(length, 0, 0, 1)]
    for margin in range(min(_MOST_MARGIN_PX, length // 4) + 1):
        if painted_sums[margin] > 0:
            break
        for spacing in range(_MOST_SPACING_PX + 1):
            # With a margin at both ends, or with a gap instead of one behind the last cell.
            for rest in {margin, spacing, 0}:
                found += _layouts(length, margin, spacing, rest, facing_W, painted_sums)
    return list(dict.fromkeys(found))


def _layouts(length: int, margin: int, spacing: int, rest: int, facing_W: F64, painted_sums: F64) -> list[Axis]:
    inner = length - margin - rest + spacing
    if inner <= 0 or painted_sums[-1] > painted_sums[length - rest]:
        return []
    found = []
    for count in range(2, min(inner // (SMALLEST_CELL_PX + spacing), _MOST_CELLS) + 1):
        if inner % count:
            continue
        step = inner // count
        lines = margin + step * np.arange(1, count)
        if spacing:
            is_free = np.array_equal(painted_sums[lines], painted_sums[lines - spacing])
        else:
            is_free = facing_W[lines].mean() <= _CUT
        if is_free:
            found.append(Axis(step - spacing, margin, spacing, count))
    return found


def _tiles(sheet: Sprite) -> tuple[Axis, Axis] | None:
    """Square tiles that touch: the smallest common size at whose seams the colours jump."""
    values = sheet.rgba_HWC.astype(np.int16)
    jumps = (
        np.abs(np.diff(values, axis=1)).sum(axis=2).mean(axis=0),
        np.abs(np.diff(values, axis=0)).sum(axis=2).mean(axis=1),
    )
    for side in sorted(_COMMON_PX - {8}):
        sizes = (sheet.width, sheet.height)
        if any(length % side for length in sizes) or sum(sizes) // side - 2 < _FEWEST_SEAMS:
            continue
        if all(length == side or _jumps_at(jump, side) for length, jump in zip(sizes, jumps, strict=True)):
            return Axis(side, 0, 0, sheet.width // side), Axis(side, 0, 0, sheet.height // side)
    return None


def _jumps_at(jumps: F64, side: int) -> bool:
    seams = np.zeros(len(jumps), np.bool_)
    seams[side - 1 :: side] = True
    elsewhere = jumps[~seams]
    enough = max(_JUMP * float(elsewhere.mean()), float(np.quantile(elsewhere, _ELSEWHERE)))
    return bool((jumps[seams] > enough).mean() >= _JUMPING)


def _strip(sheet: Sprite) -> tuple[Axis, Axis] | None:
    """A strip of squares, whatever is in them."""
    short, long = sorted((sheet.width, sheet.height))
    if long > short >= SMALLEST_CELL_PX and long % short == 0:
        return Axis(short, 0, 0, sheet.width // short), Axis(short, 0, 0, sheet.height // short)
    return None
