"""Seven bit maps of a sprite that keep its drawing and lose its colours.

The first map says which pixels are visible. Two say where a visible pixel and its right or lower neighbour, also
visible, have different colours: no recolouring that keeps different colours different changes them. Four say where
the neighbour is clearly lighter and where it is clearly darker: these survive slight noise and fewer colours, and
every recolouring that keeps the order of light and dark; one that reverses it swaps two with two.

A neighbour is clearly lighter when the step is over 0.3 standard deviations of the sprite's own lightness, so that
neither contrast nor brightness counts. Everything is counted in whole numbers: a shifted sprite has exactly the
shifted maps.

Shapes: N sprites, H and W pixels, S side of the frame in pixels, K maps, Q 64-bit words of one map (a multiple
of eight, so that their bits can be counted eight words at a time).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lunar_studio.core.arrays import U8

U64 = npt.NDArray[np.uint64]
I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

MAX_SIDE = 256
"""Largest width or height that is compared, in pixels."""

SEEN_ALPHA = 32
"""A pixel with less alpha than this (of 255) counts as empty: soft shadows and haloes are no part of a drawing."""

VISIBLE = 0
"""Row of the map of visible pixels."""
EDGES = (1, 2)
"""Rows of the maps of different colours: to the right, downwards."""
LIGHTER = (3, 4)
"""Rows of the maps of clearly lighter neighbours: to the right, downwards."""
DARKER = (5, 6)
"""Rows of the maps of clearly darker neighbours: to the right, downwards."""
MAPS = 7

_WEIGHTS = np.array([3, 6, 1], np.int64)
# (0.3 standard deviations)² as a fraction, so that no rounding takes part.
_CLEAR_ABOVE, _CLEAR_BELOW = 9, 100
_BATCH_PIXELS = 1 << 18


@dataclass(frozen=True, slots=True, eq=False)
class StructureMaps:
    """The maps of many sprites, packed, each sprite moved to the middle of one square frame.

    Attributes:
        words_NKQ: uint64, shape (sprites, 7, words); bit i of a map, counted from the first byte's highest, is pixel
            (i // side, i % side) of the frame.
        side: Width and height of the frame, in pixels.
    """

    words_NKQ: U64
    side: int

    def __len__(self) -> int:
        return len(self.words_NKQ)


def structure_maps(sprites_NHWC: U8, side: int | None = None) -> StructureMaps:
    """The maps of sprites that share one size.

    Args:
        sprites_NHWC: uint8, shape (sprites, height, width, 4), straight alpha; 1 to 256 pixels either way.
        side: Frame to put them in, at least their larger side; None takes that.

    Raises:
        ValueError: The array or the frame has another shape or size.
    """
    if sprites_NHWC.ndim != 4 or sprites_NHWC.shape[3] != 4 or sprites_NHWC.dtype != np.uint8:
        raise ValueError(f"sprites are (count, height, width, 4) uint8, not {sprites_NHWC.shape}")
    count, height, width, _ = sprites_NHWC.shape
    frame = max(height, width) if side is None else side
    if not 1 <= max(height, width) <= frame <= MAX_SIDE or min(height, width) < 1:
        raise ValueError(f"sprites of {width} × {height} pixels do not fit a frame of {frame}, of at most {MAX_SIDE}")
    words_NKQ = np.zeros((count, MAPS, -(-frame * frame // 512) * 8), np.uint64)
    step = max(1, _BATCH_PIXELS // (frame * frame))
    for start in range(0, count, step):
        words_NKQ[start : start + step] = packed(drawing_maps(placed(sprites_NHWC[start : start + step], frame)))
    words_NKQ.setflags(write=False)
    return StructureMaps(words_NKQ, frame)


def placed(sprites_NHWC: U8, side: int) -> U8:
    """Each sprite in the middle of a square frame, colour under what counts as empty zeroed, shape (N, S, S, 4).

    The centre of mass goes to the middle, as far as nothing visible leaves the frame: so a sprite comes to stand in
    the same place wherever it stood before, and art that fills its frame stays where it is.
    """
    seen_NHW = sprites_NHWC[..., 3] >= SEEN_ALPHA
    packed_NHW = np.ascontiguousarray(sprites_NHWC).view(np.uint32)[..., 0] * seen_NHW
    rows_N, columns_N = (_moves(seen_NHW.sum(axis=axis, dtype=np.int64), side) for axis in (2, 1))
    framed_NSS = np.zeros((len(sprites_NHWC), side, side), np.uint32)
    which, rows, columns = np.nonzero(seen_NHW)
    framed_NSS[which, rows + rows_N[which], columns + columns_N[which]] = packed_NHW[which, rows, columns]
    pixels: U8 = framed_NSS[..., None].view(np.uint8)
    return pixels


def _moves(mass_NP: I64, side: int) -> I64:
    """By how many pixels to move each sprite along one axis, given its visible pixels in each place there."""
    total_N = np.maximum(mass_NP.sum(axis=1), 1)
    moment_N = mass_NP @ np.arange(mass_NP.shape[1])
    # (side - 1) / 2 - moment / total, rounded to the nearest; in whole numbers, so that a shift rounds alike.
    ideal_N = ((side - 1) * total_N - 2 * moment_N + total_N) // (2 * total_N)
    present_NP = mass_NP > 0
    first_N = present_NP.argmax(axis=1)
    last_N = mass_NP.shape[1] - 1 - present_NP[:, ::-1].argmax(axis=1)
    moves: I64 = np.clip(ideal_N, -first_N, side - 1 - last_N)
    return np.where(present_NP.any(axis=1), moves, 0)


def drawing_maps(frames_NSSC: U8) -> Bool:
    """The seven maps of placed sprites, bool, shape (N, 7, S, S); a pair stands at its left or upper pixel."""
    visible_NSS = frames_NSSC[..., 3] > 0
    maps_NKSS = np.zeros((len(frames_NSSC), MAPS, *visible_NSS.shape[1:]), np.bool_)
    maps_NKSS[:, VISIBLE] = visible_NSS
    # Alpha is left out: of two pixels that count as visible only the colour is compared.
    colour_NSS = np.ascontiguousarray(frames_NSSC).view(np.uint32)[..., 0] & np.uint32(0xFFFFFF)
    light_NSS = frames_NSSC[..., :3].astype(np.int64) @ _WEIGHTS
    clear_N = _clear_step(light_NSS, visible_NSS)
    for kind, (one, other) in enumerate(_NEIGHBOURS):
        both = visible_NSS[one] & visible_NSS[other]
        rise = light_NSS[other] - light_NSS[one]
        clear = both & (rise * rise > clear_N)
        maps_NKSS[:, EDGES[kind]][one] = both & (colour_NSS[one] != colour_NSS[other])
        maps_NKSS[:, LIGHTER[kind]][one] = clear & (rise > 0)
        maps_NKSS[:, DARKER[kind]][one] = clear & (rise < 0)
    return maps_NKSS


_ALL = slice(None)
_NEIGHBOURS = (
    ((_ALL, _ALL, slice(None, -1)), (_ALL, _ALL, slice(1, None))),
    ((_ALL, slice(None, -1), _ALL), (_ALL, slice(1, None), _ALL)),
)


def _clear_step(light_NSS: I64, visible_NSS: Bool) -> I64:
    """Square of the largest step in light that is not yet clear, rounded down, shape (N, 1, 1)."""
    shown_NSS = light_NSS * visible_NSS
    total_N = np.maximum(visible_NSS.sum(axis=(1, 2), dtype=np.int64), 1)
    scatter_N = total_N * (shown_NSS * shown_NSS).sum(axis=(1, 2)) - shown_NSS.sum(axis=(1, 2)) ** 2
    clear: I64 = (_CLEAR_ABOVE * scatter_N) // (_CLEAR_BELOW * total_N * total_N)
    return clear[:, None, None]


def packed(maps_NKSS: Bool) -> U64:
    """Maps as 64-bit words, shape (N, K, Q), filled up with zeros to a multiple of eight words."""
    bits = np.packbits(maps_NKSS.reshape(*maps_NKSS.shape[:2], -1), axis=2)
    filled = np.zeros((*bits.shape[:2], -(-bits.shape[2] // 64) * 64), np.uint8)
    filled[..., : bits.shape[2]] = bits
    words: U64 = filled.view(np.uint64)
    return words


def unpacked(words_KQ: U64, side: int) -> Bool:
    """The maps of one sprite as bool, shape (K, S, S): the inverse of `packed`."""
    bits = np.unpackbits(np.ascontiguousarray(words_KQ).view(np.uint8), axis=1, count=side * side)
    return bits.astype(np.bool_).reshape(len(words_KQ), side, side)
