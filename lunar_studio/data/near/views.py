"""How the search for near copies looks at sprites: as they stand, centred, and both mirrored.

Letters of shapes: N sprites, H and W pixels, P all pixels of one.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

from lunar_studio.core.arrays import F32, U8

U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]
I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

VIEWS = 4
"""As it stands, centred on its centre of mass, mirrored, mirrored and centred; numbered in this order."""

MIRRORED_FROM = 2


def packed(sprites_NHWC: U8) -> U32:
    """One number for each pixel: four times fewer things to move and to compare; shape (N, H, W)."""
    numbers: U32 = np.ascontiguousarray(sprites_NHWC).view(np.uint32)[..., 0]
    return numbers


def unpacked(packed_NHW: U32) -> U8:
    """The sprites again, shape (N, H, W, 4)."""
    pixels: U8 = packed_NHW[..., None].view(np.uint8)
    return pixels


def centring(visible_NHW: Bool) -> I64:
    """Rows and columns by which to move each sprite so that its centre of mass is in the middle, shape (N, 2)."""
    mass_N = np.maximum(visible_NHW.sum(axis=(1, 2)), 1)
    size = visible_NHW.shape[1]
    places = np.arange(size)
    rows_N = (visible_NHW.sum(axis=2) @ places) / mass_N
    columns_N = (visible_NHW.sum(axis=1) @ places) / mass_N
    # Not a half: centres that fall between two pixels must round alike after a shift.
    shifts: I64 = np.floor((size - 1) / 2 - np.stack([rows_N, columns_N], axis=1) + 0.4999).astype(np.int64)
    shifts[visible_NHW.all(axis=(1, 2))] = 0
    return shifts


def centred(packed_NHW: U32, visible_NHW: Bool) -> U32:
    """Each sprite moved so that its centre of mass is in the middle; what leaves is lost, what comes is empty."""
    size = packed_NHW.shape[1]
    shifts = centring(visible_NHW)
    moved = packed_NHW.copy()
    moving = np.flatnonzero(shifts.any(axis=1))
    if not len(moving):
        return moved
    rows = np.arange(size)[None, :] - shifts[moving, :1]
    columns = np.arange(size)[None, :] - shifts[moving, 1:]
    inside = ((rows >= 0) & (rows < size))[:, :, None] & ((columns >= 0) & (columns < size))[:, None, :]
    taken = packed_NHW[
        moving[:, None, None], np.clip(rows, 0, size - 1)[:, :, None], np.clip(columns, 0, size - 1)[:, None, :]
    ]
    taken[~inside] = 0
    moved[moving] = taken
    return moved


def views_of(sprites_NHWC: U8, views: I64) -> U8:
    """Of each sprite the view whose number stands beside it; a new array of the same shape."""
    packed_NHW = packed(sprites_NHWC).copy()
    mirrored = views >= MIRRORED_FROM
    packed_NHW[mirrored] = packed_NHW[mirrored][:, :, ::-1]
    central = np.flatnonzero(views % 2 == 1)
    if len(central):
        pixels = packed_NHW[central]
        packed_NHW[central] = centred(pixels, unpacked(pixels)[..., 3] > 0)
    return unpacked(packed_NHW)


def light(sprites_NHWC: U8) -> F32:
    """Lightness of each pixel over middle grey, 0 to 255, shape (N, H, W)."""
    values = sprites_NHWC.astype(np.float32)
    lightness = values[..., :3] @ np.array([0.299, 0.587, 0.114], np.float32)
    share = values[..., 3] / np.float32(255)
    over_grey: F32 = lightness * share + np.float32(128) * (np.float32(1) - share)
    return over_grey


def edges(packed_NHW: U32) -> tuple[Bool, Bool]:
    """Where a pixel differs from the next in its row, and in its column; each of shape (N, H, W)."""
    across, down = np.zeros(packed_NHW.shape, np.bool_), np.zeros(packed_NHW.shape, np.bool_)
    across[:, :, :-1] = packed_NHW[:, :, 1:] != packed_NHW[:, :, :-1]
    down[:, :-1] = packed_NHW[:, 1:] != packed_NHW[:, :-1]
    return across, down


def as_bits(marked_NHW: Bool) -> U64:
    """One bit for each pixel, shape (N, words)."""
    bits_NB = np.packbits(marked_NHW.reshape(len(marked_NHW), -1), axis=1)
    words: U64 = np.pad(bits_NB, ((0, 0), (0, -bits_NB.shape[1] % 8))).view(np.uint64)
    return words


def words_for(size: int) -> int:
    """How many numbers `as_bits` needs for a sprite of this width and height."""
    return -(-(size**2) // 64)


def recolouring_keys(sprites_NHWC: U8) -> list[bytes]:
    """A digest of which pixels share a colour; equal for recoloured copies, whatever the colours are.

    Args:
        sprites_NHWC: uint8, shape (sprites, height, width, 4), colour under alpha 0 zeroed.
    """
    packed_NP = packed(sprites_NHWC).reshape(len(sprites_NHWC), -1)
    order = np.argsort(packed_NP, axis=1, kind="stable")
    ordered = np.take_along_axis(packed_NP, order, axis=1)
    begins = np.ones(ordered.shape, np.bool_)
    begins[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    places = np.maximum.accumulate(np.where(begins, np.arange(ordered.shape[1]), 0), axis=1)
    # The first pixel of each colour names the colour: no colour value is left.
    names = np.empty(packed_NP.shape, np.int32)
    np.put_along_axis(names, order, np.take_along_axis(order, places, axis=1).astype(np.int32), axis=1)
    # Transparent is transparent under every recolouring, so it keeps a name of its own.
    names[packed_NP == 0] = -1
    return [hashlib.blake2b(row.tobytes(), digest_size=16).digest() for row in names]
