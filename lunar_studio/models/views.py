"""Both views that a steady teacher has of one sprite, worked out from its levels.

A picture's maps of craft are a hundred small steps to PyTorch. While a slider moves, whatever the processor knew of
them is gone with each move, so that they took as long as all the kernels after them; as whole numbers in a few steps
of numpy they take a third of that. `LunarMoETeacher.see` says what is meant, for any batch and with gradients; this is
the same for one sprite without half-transparent pixels, up to rounding.

Shapes: V views (as it stands, and mirrored), C channels, K colours, N visible pixels.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from lunar_studio.core.arrays import F32, U8
from lunar_studio.models import craft_maps

Bool = npt.NDArray[np.bool_]

CHANNELS = 4 + craft_maps.COUNT
"""Red, green, blue, alpha, and the maps."""

_REACH = 2
_ACROSS = 2 * _REACH + 1
_VIEWS = 2
_FULL = 255
_FIRST_COUNT = CHANNELS - 4


class Views:
    """Looks at sprites of one size, one after the other; use it from one thread.

    Args:
        side: Width and height of the sprites in pixels.
    """

    def __init__(self, side: int) -> None:
        self._side = side
        # Memory that is new for each sprite costs as much as what is worked out in it.
        self._outside_V4HW = np.zeros((_VIEWS, 4, side + 2 * _REACH, side + 2 * _REACH), np.int16)
        self._apart = np.empty((_VIEWS, 4, _ACROSS, _ACROSS, side, side), np.int16)
        self._sums = np.empty((_VIEWS, _ACROSS, _ACROSS, side, side), np.int16)
        self._counted = _counted(side)
        self._alike = np.exp(-craft_maps.SHARPNESS / _FULL * np.arange(4 * 2 * _FULL + 1)).astype(np.float32)
        self._near = [_place(down, right) for down, right in craft_maps.NEAR]

    def of(self, rgba_HWC: U8) -> F32 | None:
        """(V, C, H, W), or None where this way does not serve: another size, or half-transparent pixels."""
        side = self._side
        alpha_HW = rgba_HWC[..., 3]
        visible_HW = alpha_HW == _FULL
        if rgba_HWC.shape != (side, side, 4) or (alpha_HW[~visible_HW]).any():
            return None
        seen_VCHW = np.zeros((_VIEWS, CHANNELS, side, side), np.float32)
        levels_V4HW = self._outside_V4HW[:, :, _REACH:-_REACH, _REACH:-_REACH]
        levels_V4HW[...] = -_FULL
        if visible_HW.any():
            (top, bottom), (left, right) = (_span(visible_HW.any(axis=axis)) for axis in (1, 0))
            cut_HW = visible_HW[top:bottom, left:right]
            cut_HWC = rgba_HWC[top:bottom, left:right]
            places = _middle(top, bottom, side), _middle(left, right, side), _middle(side - right, side - left, side)
            rows = slice(places[0], places[0] + bottom - top)
            counts_4HW = _counts(cut_HWC, cut_HW)
            doubled_4HW = np.where(cut_HW, 2 * cut_HWC.transpose(2, 0, 1).astype(np.int16) - _FULL, -_FULL)
            for view, (place, step) in enumerate(zip(places[1:], (1, -1), strict=True)):
                columns = slice(place, place + right - left)
                levels_V4HW[view, :, rows, columns] = doubled_4HW[..., ::step]
                seen_VCHW[view, _FIRST_COUNT:, rows, columns] = counts_4HW[..., ::step]
        np.divide(levels_V4HW, np.float32(_FULL), out=seen_VCHW[:, :4])
        self._compare(levels_V4HW, seen_VCHW[:, 4:])
        return seen_VCHW

    def _compare(self, levels_V4HW: np.ndarray, maps_VCHW: F32) -> None:
        around = np.lib.stride_tricks.sliding_window_view(
            self._outside_V4HW, (self._side, self._side), axis=(2, 3)
        )
        np.subtract(around, levels_V4HW[:, :, None, None], out=self._apart)
        np.abs(self._apart, out=self._apart)
        np.sum(self._apart, axis=1, dtype=np.int16, out=self._sums)
        alike = self._alike[self._sums].reshape(_VIEWS, _ACROSS * _ACROSS, self._side, self._side)
        maps_VCHW[:, : len(self._near)] = alike[:, self._near]
        alike *= self._counted
        np.sum(alike, axis=1, out=maps_VCHW[:, len(self._near)])


def _counts(cut_HWC: U8, cut_HW: Bool) -> F32:
    """How often each pixel's level of red, green and blue occurs, and how often its colour, (4, H, W), in doublings."""
    packed_HW = np.ascontiguousarray(cut_HWC).view(np.uint32)[..., 0]
    colours_K, which_N, count_K = np.unique(packed_HW[cut_HW], return_inverse=True, return_counts=True)
    levels_K4 = colours_K.view(np.uint8).reshape(-1, 4)
    often_4K = np.empty((4, len(colours_K)), np.float32)
    for channel in range(3):
        levels_K = levels_K4[:, channel]
        often_4K[channel] = np.bincount(levels_K, weights=count_K)[levels_K]
    often_4K[3] = count_K
    counts_4HW = np.zeros((4, *cut_HW.shape), np.float32)
    counts_4HW[:, cut_HW] = (np.log2(often_4K) / craft_maps.MOST_DOUBLINGS)[:, which_N]
    return counts_4HW


def _span(occupied: Bool) -> tuple[int, int]:
    """From the first that is occupied to behind the last."""
    where = np.flatnonzero(occupied)
    return int(where[0]), int(where[-1]) + 1


def _middle(begin: int, end: int, side: int) -> int:
    """Where what reaches from `begin` to `end` begins once it stands in the middle, as `teacher.centred` puts it."""
    return begin + (side - end - begin) // 2


def _place(down: int, right: int) -> int:
    return (down + _REACH) * _ACROSS + right + _REACH


@lru_cache(maxsize=4)
def _counted(side: int) -> F32:
    """What each neighbour adds to the share of equal ones, (25, H, W): what lies outside counts on one side only."""
    at = np.arange(side)
    weights = np.zeros((_ACROSS * _ACROSS, side, side), np.float32)
    for down, right in craft_maps.AROUND:
        weights[_place(down, right)] = 1.0
        back = [(at - step >= 0) & (at - step < side) for step in (down, right)]
        weights[_place(-down, -right)] = back[0][:, None] & back[1]
    return weights / (2 * len(craft_maps.AROUND))
