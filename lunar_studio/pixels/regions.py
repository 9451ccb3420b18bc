"""Parts of a picture: what differs between two sprites, and which of its pixels hang together."""

from __future__ import annotations

import numpy as np

from lunar_studio.core.overlay import LARGEST_SIDE, Flags, Overlay, Pixel
from lunar_studio.core.sprite import Sprite


def differing(before: Sprite, after: Sprite) -> Flags:
    """Where two sprites of one size look different, bool (height, width); colour under alpha 0 does not count.

    Raises:
        ValueError: They are of different sizes.
    """
    first_HWC, second_HWC = before.cleaned().rgba_HWC, after.cleaned().rgba_HWC
    if first_HWC.shape != second_HWC.shape:
        raise ValueError(f"{first_HWC.shape} cannot be compared with {second_HWC.shape}")
    differs_HW: Flags = (first_HWC != second_HWC).any(axis=2)
    return differs_HW


def connected(mask_HW: Flags) -> tuple[tuple[Pixel, ...], ...]:
    """Areas of pixels that touch by a side or a corner, the largest first, equals from the top; (column, row) each."""
    left = {(int(x), int(y)) for y, x in np.argwhere(mask_HW)}
    areas: list[tuple[Pixel, ...]] = []
    while left:
        begun = min(left, key=lambda pixel: (pixel[1], pixel[0]))
        left.remove(begun)
        area, edge = [begun], [begun]
        while edge:
            x, y = edge.pop()
            near = {(x + across, y + down) for across in (-1, 0, 1) for down in (-1, 0, 1)} & left
            left -= near
            area += near
            edge += near
        areas.append(tuple(sorted(area, key=lambda pixel: (pixel[1], pixel[0]))))
    return tuple(sorted(areas, key=lambda area: (-len(area), area[0][1], area[0][0])))


def parts(mask_HW: Flags, most_pixels: int) -> tuple[tuple[Pixel, ...], ...]:
    """As `connected`, with areas of more than so many pixels cut across their longer side until they are smaller.

    Raises:
        ValueError: A part would have no pixel.
    """
    if most_pixels < 1:
        raise ValueError(f"a part has a pixel or more, not {most_pixels}")
    waiting = list(connected(mask_HW))
    found: list[tuple[Pixel, ...]] = []
    while waiting:
        area = waiting.pop()
        if len(area) <= most_pixels:
            found.append(area)
            continue
        reach = [max(pixel[axis] for pixel in area) - min(pixel[axis] for pixel in area) for axis in (0, 1)]
        axis = 0 if reach[0] > reach[1] else 1
        ordered = sorted(area, key=lambda pixel: (pixel[axis], pixel[1 - axis]))
        middle = len(ordered) // 2
        waiting += [tuple(ordered[:middle]), tuple(ordered[middle:])]
    by_row = [tuple(sorted(area, key=lambda pixel: (pixel[1], pixel[0]))) for area in found]
    return tuple(sorted(by_row, key=lambda area: (-len(area), area[0][1], area[0][0])))


def patch(after: Sprite, mask_HW: Flags, pinned: Overlay) -> Overlay:
    """The marked pixels as they are in `after`; those that were pinned stay so, the others are only painted."""
    rows, columns = np.nonzero(mask_HW)
    places_N = (rows * LARGEST_SIDE + columns).astype(np.int32)
    return Overlay(places_N, after.rgba_HWC[rows, columns], np.isin(places_N, pinned.pinned.places_N))


def with_pixels(before: Sprite, after: Sprite, mask_HW: Flags) -> Sprite:
    """`before` with the marked pixels of `after`."""
    return Sprite(np.where(mask_HW[..., None], after.rgba_HWC, before.rgba_HWC), before.name)
