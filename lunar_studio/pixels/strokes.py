"""Which pixels a brush touches: straight lines between two pixels, and areas of one colour.

Knows nothing of colours to paint with; what is done to the pixels is for whoever asked.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from lunar_studio.core.overlay import Pixel
from lunar_studio.core.sprite import Sprite


def line(start: Pixel, end: Pixel) -> tuple[Pixel, ...]:
    """The pixels of a straight line, both ends included, each touching the next (Bresenham 1965)."""
    (x, y), (last_x, last_y) = start, end
    across, down = abs(last_x - x), -abs(last_y - y)
    step_x, step_y = (1 if last_x > x else -1), (1 if last_y > y else -1)
    error, found = across + down, [(x, y)]
    while (x, y) != (last_x, last_y):
        doubled = 2 * error
        if doubled >= down:
            error += down
            x += step_x
        if doubled <= across:
            error += across
            y += step_y
        found.append((x, y))
    return tuple(found)


def on_sprite(pixels: Iterable[Pixel], width: int, height: int, *, wraps: bool = False) -> tuple[Pixel, ...]:
    """The pixels that lie on a sprite, each once, in order.

    Args:
        pixels: Column and row, anywhere.
        width: Of the sprite.
        height: Of the sprite.
        wraps: Whether the sprite repeats as a tile: what leaves it on one side comes back on the other.
    """
    if wraps:
        return tuple(dict.fromkeys((x % width, y % height) for x, y in pixels))
    return tuple(dict.fromkeys((x, y) for x, y in pixels if 0 <= x < width and 0 <= y < height))


def same_colour(sprite: Sprite, start: Pixel, *, everywhere: bool = False) -> tuple[Pixel, ...]:
    """The area of one colour round a pixel: what a bucket fills.

    Colour under alpha 0 does not count: all transparent pixels are alike.

    Args:
        sprite: Where to look.
        start: A pixel of the area.
        everywhere: Every pixel of that colour, also those that the area does not touch.

    Returns:
        Column and row of each, row by row; pixels that touch only at a corner are apart.

    Raises:
        ValueError: The pixel lies outside of the sprite.
    """
    x, y = start
    if not (0 <= x < sprite.width and 0 <= y < sprite.height):
        raise ValueError(f"{start} lies outside of a sprite of {sprite.width} by {sprite.height}")
    packed_HW = sprite.cleaned().rgba_HWC.view(np.uint32)[..., 0]
    alike_HW = packed_HW == packed_HW[y, x]
    area_HW = alike_HW if everywhere else _connected(alike_HW, x, y)
    return tuple((int(column), int(row)) for row, column in np.argwhere(area_HW))


def _connected(alike_HW: npt.NDArray[np.bool_], x: int, y: int) -> npt.NDArray[np.bool_]:
    """The part of `alike_HW` that is joined to a pixel through its four neighbours."""
    found_HW = np.zeros_like(alike_HW)
    height, width = alike_HW.shape
    free, waiting = alike_HW.copy(), [(x, y)]
    free[y, x] = False
    while waiting:
        column, row = waiting.pop()
        found_HW[row, column] = True
        for near_x, near_y in ((column - 1, row), (column + 1, row), (column, row - 1), (column, row + 1)):
            if 0 <= near_x < width and 0 <= near_y < height and free[near_y, near_x]:
                free[near_y, near_x] = False
                waiting.append((near_x, near_y))
    return found_HW
