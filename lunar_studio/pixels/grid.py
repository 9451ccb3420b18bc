"""Find enlarged pixel art: pictures whose every pixel is a block of f × f equal pixels, exactly or nearly."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lunar_studio.core.sprite import Sprite

MIN_TRUE_SIDE_PX = 8
"""No sprite is taken to be an enlargement of one smaller than this: a few flat blocks are art, too."""


def upscale_factor(sprite: Sprite) -> int:
    """The largest f such that the sprite is an exact nearest-neighbour enlargement by f; 1 for true-size art.

    Colour under alpha 0 does not count. Every change of colour must lie on a multiple of f, so f is the
    greatest common divisor of all places where neighbours differ and of both sides.
    """
    rgba_HWC = sprite.cleaned().rgba_HWC
    packed_HW = np.ascontiguousarray(rgba_HWC).view(np.uint32)[..., 0]
    columns = np.flatnonzero((packed_HW[:, 1:] != packed_HW[:, :-1]).any(axis=0)) + 1
    rows = np.flatnonzero((packed_HW[1:] != packed_HW[:-1]).any(axis=1)) + 1
    if not len(columns) and not len(rows):
        return 1
    step = math.gcd(sprite.width, sprite.height, *columns.tolist(), *rows.tolist())
    limit = min(sprite.width, sprite.height) // MIN_TRUE_SIDE_PX
    return max((factor for factor in range(1, min(step, limit) + 1) if step % factor == 0), default=1)


def reduced(sprite: Sprite, factor: int) -> Sprite:
    """Every `factor`-th pixel: undoes an exact enlargement.

    Raises:
        ValueError: The factor is not positive, or does not divide both sides.
    """
    if factor < 1 or sprite.width % factor or sprite.height % factor:
        raise ValueError(f"{sprite.width} × {sprite.height} cannot be divided by {factor}")
    return Sprite(sprite.rgba_HWC[::factor, ::factor], sprite.name)


def enlarged(sprite: Sprite, factor: int) -> Sprite:
    """Nearest-neighbour enlargement by a whole factor.

    Raises:
        ValueError: The factor is not positive.
    """
    if factor < 1:
        raise ValueError(f"the factor must be 1 or more, not {factor}")
    return Sprite(sprite.rgba_HWC.repeat(factor, axis=0).repeat(factor, axis=1), sprite.name)


# ---- grids that are not exact --------------------------------------------------------------------

_LEAST_STEP_PX, _LEAST_CELLS = 1.9, MIN_TRUE_SIDE_PX
# How much of all change between neighbours must beat in one rhythm, on both axes, and how alike the two steps must be.
_RHYTHM, _ALIKE = 0.72, 0.04
_FINENESS = 8
_LARGE_PX = 96
_FEWEST_LINES = 8


@dataclass(frozen=True, slots=True)
class Grid:
    """The true pixels of a picture that was enlarged by a fraction, or enlarged and cropped, or saved as JPEG since.

    Attributes:
        step_x: Width of a true pixel, in pixels of the picture.
        step_y: Height of a true pixel, in pixels of the picture.
        offset_x: Where the first true pixel begins, in pixels; 0 or less when it is cut off.
        offset_y: Where the first true pixel begins, in pixels; 0 or less when it is cut off.
        confidence: Share of the changes between neighbours that beats in this rhythm, 0 to 1.
    """

    step_x: float
    step_y: float
    offset_x: float
    offset_y: float
    confidence: float


def true_grid(sprite: Sprite) -> Grid | None:
    """The grid of art that is off it: enlarged by a fraction, or enlarged and then cropped or made noisy.

    Changes between neighbouring columns come at the borders of true pixels, so they beat with the true pixel as their
    period; its frequency is the lowest at which nearly all of them add up. None for art of true size, for exact
    enlargements (ask `upscale_factor`), and where nothing is sure.
    """
    if min(sprite.width, sprite.height) < 2 * _LEAST_CELLS or upscale_factor(sprite) > 1:
        return None
    rgba_HWC = sprite.cleaned().rgba_HWC.astype(np.float64)
    across, down = (
        _rhythm(np.abs(np.diff(rgba_HWC, axis=axis)).sum(axis=2).sum(axis=1 - axis), length)
        for axis, length in ((1, sprite.width), (0, sprite.height))
    )
    if across is None or down is None or abs(across[0] - down[0]) > _ALIKE * max(across[0], down[0]):
        return None
    return Grid(across[0], down[0], across[1], down[1], min(across[2], down[2]))


def _rhythm(changes: npt.NDArray[np.float64], length: int) -> tuple[float, float, float] | None:
    """Period, offset and strength of what the changes beat in; None where they do not."""
    if length >= _LARGE_PX:
        # What changes everywhere is noise, as of JPEG; borders stand out of it. Small art changes everywhere, too.
        changes = np.maximum(changes - 2 * np.median(changes), 0.0)
    total = float(changes.sum())
    # A frame or a cross beats in any rhythm: two lines are always as far apart as they are.
    if np.count_nonzero(changes) < _FEWEST_LINES:
        return None
    # Change i lies between pixels i and i + 1: at i + 1 when borders are counted from the left edge.
    places = np.arange(1, length)
    frequencies = np.arange(_LEAST_CELLS * _FINENESS, length * _FINENESS / _LEAST_STEP_PX) / (length * _FINENESS)
    sums = (changes[None, :] * np.exp(-2j * np.pi * frequencies[:, None] * places[None, :])).sum(axis=1) / total
    strengths = np.abs(sums)
    enough = np.flatnonzero(strengths >= max(_RHYTHM, 0.92 * float(strengths.max())))
    if not len(enough):
        return None
    # The lowest such peak: its multiples are as strong where edges are sharp.
    first = int(enough[0])
    while first + 1 < len(strengths) and strengths[first + 1] > strengths[first]:
        first += 1
    period = 1.0 / float(frequencies[first])
    offset = float(-np.angle(sums[first]) / (2 * np.pi)) * period % period
    # A first pixel of which less than half is there would only be a sliver.
    return period, offset - period if offset >= period / 2 else offset, float(strengths[first])


def on_grid(sprite: Sprite, grid: Grid) -> Sprite:
    """The picture at its true size: each true pixel takes the middle colour of its inner half."""
    columns = _middles(grid.offset_x, grid.step_x, sprite.width)
    rows = _middles(grid.offset_y, grid.step_y, sprite.height)
    rgba_HWC = sprite.cleaned().rgba_HWC
    reach_x, reach_y = max(int(grid.step_x / 4), 0), max(int(grid.step_y / 4), 0)
    samples = [
        rgba_HWC[np.clip(rows + down, 0, sprite.height - 1)][:, np.clip(columns + across, 0, sprite.width - 1)]
        for down in range(-reach_y, reach_y + 1)
        for across in range(-reach_x, reach_x + 1)
    ]
    made_HWC = np.median(np.stack(samples), axis=0).astype(np.uint8)
    made_HWC[made_HWC[..., 3] < 128] = 0
    if set(np.unique(rgba_HWC[..., 3]).tolist()) >= {0, 255}:
        # Hard art that was made soft gets its hard edge back.
        made_HWC[made_HWC[..., 3] >= 128, 3] = 255
    return Sprite(made_HWC, sprite.name)


def _middles(offset: float, step: float, length: int) -> npt.NDArray[np.int64]:
    """Pixel in the middle of each true pixel of which at least half is there."""
    first = 0 if offset > -step / 2 else 1
    count = max(1, int((length - offset) / step + 0.5))
    middles = np.floor(offset + (np.arange(first, count) + 0.5) * step).astype(np.int64)
    inside: npt.NDArray[np.int64] = np.clip(middles, 0, length - 1)
    return inside
