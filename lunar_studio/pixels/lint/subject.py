"""A sprite under examination: what several rules ask for, worked out once.

Shapes: H and W the sprite's sides, C channels.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from lunar_studio.core.arrays import U8
from lunar_studio.core.sprite import Sprite
from lunar_studio.pixels.oklab import F64, to_oklab

Bool = npt.NDArray[np.bool_]
U32 = npt.NDArray[np.uint32]

LARGEST_SIDE_PX = 256
"""Larger pictures are no sprites: rules about line and shading pass them over."""

MOST_PLACES = 65_536
"""So many pixels of a finding are listed at most, from the top; a hostile picture has millions."""

AROUND = tuple((down, right) for down in (-1, 0, 1) for right in (-1, 0, 1) if (down, right) != (0, 0))
"""The eight neighbours, as rows down and columns to the right."""


class Subject:
    """One sprite with masks and colours.

    Args:
        sprite: What is examined.
    """

    def __init__(self, sprite: Sprite) -> None:
        self.sprite = sprite

    @property
    def rgba_HWC(self) -> U8:
        """The pixels."""
        return self.sprite.rgba_HWC

    @cached_property
    def visible_HW(self) -> Bool:
        """Where alpha is above 0."""
        visible: Bool = self.rgba_HWC[..., 3] > 0
        return visible

    @cached_property
    def visible_count(self) -> int:
        """How many pixels are visible."""
        return int(np.count_nonzero(self.visible_HW))

    @cached_property
    def packed_HW(self) -> U32:
        """One number for each pixel's RGBA, 0 where it is not visible: numbers sort and compare faster than rows."""
        packed_HW = np.ascontiguousarray(self.rgba_HWC).view(np.uint32)[..., 0]
        return np.where(self.visible_HW, packed_HW, np.uint32(0))

    @cached_property
    def lab_HWC(self) -> F64:
        """OKLab of every pixel; what is not visible has the colour that its file says."""
        return to_oklab(self.rgba_HWC[..., :3])

    @cached_property
    def colours_N(self) -> U32:
        """Distinct visible colours without alpha, one number each (red lowest), sorted."""
        shown = self.rgba_HWC[self.visible_HW]
        shown[:, 3] = 0
        return np.unique(shown.view(np.uint32)[:, 0])

    @property
    def is_judged_by_shape(self) -> bool:
        """Whether rules about line and shading apply."""
        return max(self.sprite.width, self.sprite.height) <= LARGEST_SIDE_PX


def neighbours(values_HW: npt.NDArray[np.generic], down: int, right: int) -> npt.NDArray[np.generic]:
    """What stands `down` rows and `right` columns away from each pixel; 0 beyond the border."""
    height, width = values_HW.shape
    shifted = np.zeros_like(values_HW)
    rows_to, rows_from = slice(max(0, -down), height - max(0, down)), slice(max(0, down), height - max(0, -down))
    cols_to, cols_from = slice(max(0, -right), width - max(0, right)), slice(max(0, right), width - max(0, -right))
    shifted[rows_to, cols_to] = values_HW[rows_from, cols_from]
    return shifted


def inside(mask_HW: Bool) -> Bool:
    """Pixels of a mask whose four neighbours by a side belong to it; those on the border do not count."""
    inner_HW = np.zeros_like(mask_HW)
    inner_HW[1:-1, 1:-1] = (
        mask_HW[1:-1, 1:-1] & mask_HW[:-2, 1:-1] & mask_HW[2:, 1:-1] & mask_HW[1:-1, :-2] & mask_HW[1:-1, 2:]
    )
    return inner_HW


def places(mask_HW: Bool) -> tuple[tuple[int, int], ...]:
    """(x, y) of the pixels of a mask, row by row; at most `MOST_PLACES`."""
    rows, columns = np.divmod(np.flatnonzero(mask_HW)[:MOST_PLACES], mask_HW.shape[1])
    return tuple(zip(columns.tolist(), rows.tolist(), strict=True))


def counted(number: int, thing: str) -> str:
    """`One pixel`, `3 pixels`."""
    return f"One {thing}" if number == 1 else f"{number:,} {thing}s"
