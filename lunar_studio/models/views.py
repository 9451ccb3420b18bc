"""Both views that a steady teacher has of one sprite, worked out from its levels.

A picture's maps of craft are a hundred small steps to PyTorch; as whole numbers, in a few steps of numpy over long
rows, they take a third of the time (`python -m tests.bench.bundled` compares both). `LunarMoETeacher.see` says what is
meant, for any batch and with gradients; for one sprite without half-transparent pixels this is the same up to rounding.

Shapes: V views (as it stands, and mirrored), C channels, H and W pixels, K colours, N places of the framed picture, row
after row.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from torch import nn

from lunar_studio.core.arrays import F32, U8
from lunar_studio.core.overlay import Flags
from lunar_studio.models import craft_maps
from lunar_studio.models.folding import is_plain

CHANNELS = 4 + craft_maps.COUNT
"""Red, green, blue, alpha, and the maps."""

_RGBA = 4
_FULL = 255
_VIEWS = 2
_REACH = 2
_ACROSS = 2 * _REACH + 1
_SHARE, _COUNTS = 4 + len(craft_maps.NEAR), CHANNELS - 4


class Views:
    """Looks at sprites of one size, one after the other, in memory of its own; use it from one thread.

    A level is told as twice itself less 255, so that 0 is the middle grey which lies outside a picture.

    Args:
        side: Width and height of the sprites in pixels.
    """

    def __init__(self, side: int) -> None:
        self._side = side
        self._wide = wide = side + 2 * _REACH
        self._places = places = side * wide
        # A picture and a frame of grey as wide as a neighbour is far; one row more, for what is read behind the last.
        self._framed = np.zeros((_VIEWS, 4, wide + 1, wide), np.int16)
        self._inside = self._framed[:, :, _REACH : _REACH + side, _REACH:-_REACH]
        rows = self._framed.strides
        steps = (rows[2], rows[3], rows[3])  # a row down, a pixel right, a place on
        here = self._framed[:, :, _REACH:, _REACH:]
        self._here = _strided(here, (_VIEWS, 4, 1, 1, places), (*rows[:2], 0, 0, rows[3]))
        below = self._framed[:, :, _REACH:, :]
        self._around = _strided(below, (_VIEWS, 4, _REACH + 1, _ACROSS, places), (*rows[:2], *steps))
        self._apart = np.empty((_VIEWS, 4, _REACH + 1, _ACROSS, places), np.int16)
        self._sums = np.empty((_VIEWS, _REACH + 1, _ACROSS, places), np.int16)
        # What is found of each pair, with room in front: there the other of the two looks for it, and finds nothing.
        before = _REACH * wide + _REACH
        found = np.zeros((_VIEWS, _REACH + 1, _ACROSS, before + places), np.float32)
        self._alike = found[..., before:]
        lines = self._alike.reshape(_VIEWS, (_REACH + 1) * _ACROSS, side, wide)
        self._pixels, self._frame = lines[..., :side], lines[..., side:]
        by = found.strides
        self._answers = _strided(
            found[..., before + _REACH :],
            (_VIEWS, _REACH + 1, _ACROSS, places),
            (by[0], by[1] - wide * by[3], by[2] - by[3], by[3]),
        )

    def of(self, rgba_HWC: U8) -> F32 | None:
        """(V, C, H, W), or None where this way does not serve: another size, or half-transparent pixels."""
        side = self._side
        if rgba_HWC.shape != (side, side, 4):
            return None
        alpha_HW = rgba_HWC[..., 3]
        visible_HW = alpha_HW == _FULL
        if np.count_nonzero(alpha_HW) != np.count_nonzero(visible_HW):
            return None
        seen_VCHW = np.zeros((_VIEWS, CHANNELS, side, side), np.float32)
        self._inside[...] = -_FULL
        if visible_HW.any():
            self._place(rgba_HWC, visible_HW, seen_VCHW[:, _COUNTS:])
        np.divide(self._inside, np.float32(_FULL), out=seen_VCHW[:, :4])
        self._compare(seen_VCHW)
        return seen_VCHW

    def _place(self, rgba_HWC: U8, visible_HW: Flags, counts_V4HW: F32) -> None:
        """Put what is visible into the middle, once as it is and once mirrored, as `teacher.centred` does."""
        side = self._side
        (top, bottom), (left, right) = _span(visible_HW, 1), _span(visible_HW, 0)
        cut_HWC, cut_HW = rgba_HWC[top:bottom, left:right], visible_HW[top:bottom, left:right]
        levels_4HW = cut_HWC.transpose(2, 0, 1) * np.int16(2) - np.int16(_FULL)
        levels_4HW[:, ~cut_HW] = -_FULL
        counts_4HW = _counts(cut_HWC, cut_HW)
        row = _middle(top, bottom, side)
        rows = slice(row, row + bottom - top)
        for view, step in enumerate((1, -1)):
            column = _middle(left, right, side) if step == 1 else _middle(side - right, side - left, side)
            columns = slice(column, column + right - left)
            self._inside[view, :, rows, columns] = levels_4HW[..., ::step]
            counts_V4HW[view, :, rows, columns] = counts_4HW[..., ::step]

    def _compare(self, seen_VCHW: F32) -> None:
        """How equal each pixel is to its neighbours; each pair is looked at once, as in `craft_maps`."""
        side = self._side
        np.subtract(self._around, self._here, out=self._apart)
        np.abs(self._apart, out=self._apart)
        np.sum(self._apart, axis=1, dtype=np.int16, out=self._sums)
        alike = self._alike
        np.multiply(self._sums, np.float32(-craft_maps.SHARPNESS / _FULL), out=alike)
        np.exp(alike, out=alike)
        alike[:, 0, : _REACH + 1] = 0.0  # itself, and what is looked at from the other side
        self._frame[...] = 0.0
        for place, (down, right) in enumerate(craft_maps.NEAR):
            seen_VCHW[:, 4 + place] = self._pixels[:, down * _ACROSS + right + _REACH]
        both_VN = (alike.sum(axis=(1, 2)) + self._answers.sum(axis=(1, 2))) / np.float32(2 * len(craft_maps.AROUND))
        seen_VCHW[:, _SHARE] = both_VN.reshape(_VIEWS, side, self._wide)[..., :side]


def views_for(judge: nn.Module | None, side: int) -> Views | None:
    """A way to see sprites for this judge, or None where it does not look at them so."""
    if judge is None or not is_plain(judge):
        return None
    config = judge.config
    return Views(side) if config.steady and config.craft_maps and config.image_channels == _RGBA else None


def _strided(
    array: npt.NDArray[np.generic], shape: tuple[int, ...], strides: tuple[int, ...]
) -> npt.NDArray[np.generic]:
    return np.lib.stride_tricks.as_strided(array, shape, strides, writeable=False)


def _counts(cut_HWC: U8, cut_HW: Flags) -> F32:
    """How often each pixel's level of red, green and blue occurs, and how often its colour, (4, H, W), in doublings."""
    packed_HW = np.ascontiguousarray(cut_HWC).view(np.uint32)[..., 0]
    ordered = np.sort(packed_HW[cut_HW])
    begins_K = np.concatenate(([0], np.flatnonzero(ordered[1:] != ordered[:-1]) + 1))
    colours_K, count_K = ordered[begins_K], np.diff(begins_K, append=len(ordered))
    levels_K4 = colours_K.view(np.uint8).reshape(-1, 4)
    often_4K = np.empty((4, len(colours_K)), np.float32)
    for channel in range(3):
        levels_K = levels_K4[:, channel]
        often_4K[channel] = np.bincount(levels_K, weights=count_K)[levels_K]
    often_4K[3] = count_K
    doublings_4K = np.log2(often_4K) / np.float32(craft_maps.MOST_DOUBLINGS)
    which_HW = np.searchsorted(colours_K, packed_HW)  # of what is invisible, any
    counts_4HW: F32 = np.multiply(doublings_4K.take(which_HW, axis=1, mode="clip"), cut_HW, dtype=np.float32)
    return counts_4HW


def _span(visible_HW: Flags, across: int) -> tuple[int, int]:
    """From the first row or column in which there is something to see to behind the last."""
    where = np.flatnonzero(visible_HW.any(axis=across))
    return int(where[0]), int(where[-1]) + 1


def _middle(begin: int, end: int, side: int) -> int:
    """Where what reaches from `begin` to `end` begins once it stands in the middle."""
    return begin + (side - end - begin) // 2
