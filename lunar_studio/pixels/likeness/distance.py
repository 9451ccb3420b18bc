"""The distance between two drawings: 0 the same, 1 nothing in common.

Two sprites are compared by the bits of their structure maps (`pixels.likeness.maps`) at every shift up to ±2 pixels,
mirrored and not, and the best placement counts. At one placement, over the pixels that both frames share there,

    m = bits that differ,    e = bits that would differ if the drawings were strangers of the same density:
                                 a + b - 2ab / n  for maps with a and b bits set of n

are summed over maps, and d = min(1, m / e): disagreement corrected for chance (1 - Cohen's kappa of the pooled maps).
A map that is full or empty in both has e = 0 and says nothing, so filled tiles are compared by what is on them, and
restless textures, which have an edge everywhere, are not alike for that. It is computed in three ways, and the
smallest counts:

    by edges     visible + where colours differ         the same under any one-to-one change of colours
    by shading   visible + lighter, darker              robust to noise, fewer colours and small repairs
    by negative  visible + lighter and darker swapped   the same drawing with light and dark reversed

Shifts beyond ±2 are found too as long as nothing is cut off: sprites are placed by their centre of mass first. So
`distance(a, b)` is symmetric, 0 for a copy that is moved, mirrored left to right and recoloured, and depends on where
a sprite stands, or which way it faces, by no more than a rounding of one pixel. It is no metric: the triangle
inequality does not hold.

What it cannot see: copies turned, stretched, mirrored upside down or redrawn at another size; part of a sprite used
in another; the same idea drawn anew; arbitrary recolourings of pictures without flat areas (noise, photographs, where
every pixel differs from its neighbours: there the order of light must have been kept or reversed); colours themselves,
so two flat or nearly flat tiles, or two plain shapes of one outline, are the same to it.

Shapes: N sprites of the library, P placements, K maps, Q words of one map, S side of the frame, k neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, reduce

import numpy as np

from lunar_studio.core.arrays import F32, U8
from lunar_studio.pixels.likeness.maps import (
    DARKER,
    EDGES,
    I64,
    LIGHTER,
    MAPS,
    U64,
    VISIBLE,
    Bool,
    StructureMaps,
    packed,
    structure_maps,
    unpacked,
)

SHIFT_PX = 2
"""Shifts that are tried in each direction, in pixels."""

# Fewer expected disagreements than this among crowded edges are luck.
_FEWEST_EXPECTED = 8
_BLOCK_WORDS = 1 << 17
_EDGES, _SIGNED = slice(EDGES[0], EDGES[1] + 1), slice(LIGHTER[0], DARKER[1] + 1)
_SWAPPED = [*DARKER, *LIGHTER]
_PAIR, _FOUR = np.ones(2, np.float32), np.ones(4, np.float32)
ACROSS = [EDGES[0], LIGHTER[0], DARKER[0]]
"""Rows of the maps of pairs side by side."""
DOWN = [EDGES[1], LIGHTER[1], DARKER[1]]
"""Rows of the maps of pairs one above the other."""


def distance(first_HWC: U8, second_HWC: U8) -> float:
    """How far apart two sprites are as drawings, 0 to 1.

    Args:
        first_HWC: uint8, shape (height, width, 4), 1 to 256 pixels either way.
        second_HWC: The same; it may have another size.

    Raises:
        ValueError: An array is not such a sprite.
    """
    if first_HWC.ndim != 3 or second_HWC.ndim != 3:
        raise ValueError(f"a sprite is (height, width, 4), not {first_HWC.shape} or {second_HWC.shape}")
    side = max(*first_HWC.shape[:2], *second_HWC.shape[:2])
    query, other = (structure_maps(sprite[None], side) for sprite in (first_HWC, second_HWC))
    return float(distances(query, other)[0, 0])


def nearest(queries: U8 | StructureMaps, library: U8 | StructureMaps, k: int) -> tuple[I64, F32]:
    """The `k` sprites of a library that are nearest to each query, by comparing with every one.

    Args:
        queries: Sprites, uint8, shape (queries, height, width, 4), or their maps.
        library: The same, of the same frame where both are maps.
        k: How many; where the library has fewer, all of them.

    Returns:
        Positions in the library, int64, and distances, float32, both of shape (queries, k), nearest first; of equal
        distances the earlier position comes first.

    Raises:
        ValueError: An array is not of sprites, frames differ, or `k` is below 1.
    """
    if k < 1:
        raise ValueError(f"cannot find {k} neighbours")
    apart = distances(*in_one_frame(queries, library))
    order = np.argsort(apart, axis=1, kind="stable")[:, :k].astype(np.int64)
    return order, np.take_along_axis(apart, order, axis=1)


def in_one_frame(queries: U8 | StructureMaps, library: U8 | StructureMaps) -> tuple[StructureMaps, StructureMaps]:
    """The maps of both; sprites that are not maps yet are put in the other's frame, or in the larger of theirs.

    Raises:
        ValueError: An array is not of sprites, or does not fit the other's frame.
    """
    given = [one.side if isinstance(one, StructureMaps) else None for one in (queries, library)]
    sizes = [max(one.shape[1:3], default=0) for one in (queries, library) if not isinstance(one, StructureMaps)]
    side = next((one for one in given if one is not None), max(sizes, default=0))
    first, second = (one if isinstance(one, StructureMaps) else structure_maps(one, side) for one in (queries, library))
    return first, second


def distances(queries: StructureMaps, library: StructureMaps, reach_px: int = SHIFT_PX) -> F32:
    """Distance of each query to each sprite of the library, float32, shape (queries, library).

    Args:
        queries: Maps of what is compared.
        library: Maps of what it is compared with.
        reach_px: Shifts tried in each direction; fewer than ±2 are quicker and give larger distances.

    Raises:
        ValueError: Their frames differ.
    """
    if queries.side != library.side:
        raise ValueError(f"frames of {queries.side} and {library.side} pixels cannot be compared")
    found = np.ones((len(queries), len(library)), np.float32)
    overlaps = _overlaps(queries.side, reach_px)
    placements = [_placed_everywhere(words_KQ, overlaps, queries.side) for words_KQ in queries.words_NKQ]
    step = max(1, _BLOCK_WORDS // overlaps.valid_PKQ.size)
    for start in range(0, len(library), step):
        shared_NPKQ = library.words_NKQ[start : start + step, None] & overlaps.valid_PKQ
        set_NPK = _bits(shared_NPKQ)
        for row, views in enumerate(placements):
            apart = [_apart(view, shared_NPKQ, set_NPK, overlaps.bits_PK) for view in views]
            found[row, start : start + step] = np.minimum(*apart)
    return found


@dataclass(frozen=True, slots=True)
class _Overlaps:
    """What two frames share, for every shift that is tried.

    Attributes:
        shifts: Rows down and columns to the right by which the query moves.
        valid_PKQ: uint64; the bits both frames have then, of pairs of pixels only those with both in both.
        bits_PK: float32; how many they are.
    """

    shifts: tuple[tuple[int, int], ...]
    valid_PKQ: U64
    bits_PK: F32


@dataclass(frozen=True, slots=True)
class _View:
    """A query, mirrored or not, laid over the frames of a library at every shift.

    Attributes:
        words_PKQ: uint64; its maps where they come to lie, cut to what is shared.
        set_PK: float32; how many bits they have set.
    """

    words_PKQ: U64
    set_PK: F32


@lru_cache(maxsize=16)
def _overlaps(side: int, reach_px: int) -> _Overlaps:
    reach = range(-min(reach_px, side - 1), min(reach_px, side - 1) + 1)
    shifts = tuple((down, right) for down in reach for right in reach)
    valid_PKSS = np.zeros((len(shifts), MAPS, side, side), np.bool_)
    for valid_KSS, (down, right) in zip(valid_PKSS, shifts, strict=True):
        rows = slice(max(down, 0), side + min(down, 0))
        columns = slice(max(right, 0), side + min(right, 0))
        valid_KSS[:, rows, columns] = True
        # A pair of pixels counts only when its right or lower one is shared as well.
        valid_KSS[ACROSS, :, columns.stop - 1] = False
        valid_KSS[DOWN, rows.stop - 1] = False
    valid_PKQ = packed(valid_PKSS)
    return _Overlaps(shifts, valid_PKQ, _bits(valid_PKQ))


def _placed_everywhere(words_KQ: U64, overlaps: _Overlaps, side: int) -> tuple[_View, _View]:
    """The query as it is and mirrored, at every shift."""
    maps_KSS = unpacked(words_KQ, side)
    reach = max(right for _, right in overlaps.shifts)
    views = []
    for view_KSS in (maps_KSS, mirrored(maps_KSS)):
        framed = np.pad(view_KSS, ((0, 0), (reach, reach), (reach, reach)))
        windows = np.lib.stride_tricks.sliding_window_view(framed, (side, side), axis=(1, 2))
        # The first window shows the query furthest down and to the right.
        moved_PKSS = windows[:, ::-1, ::-1].transpose(1, 2, 0, 3, 4).reshape(-1, MAPS, side, side)
        words_PKQ = packed(moved_PKSS) & overlaps.valid_PKQ
        views.append(_View(words_PKQ, _bits(words_PKQ)))
    return views[0], views[1]


def mirrored(maps_KSS: Bool) -> Bool:
    """The maps of the sprite mirrored left to right in its frame, bool, shape (K, S, S)."""
    turned_KSS = maps_KSS[:, :, ::-1].copy()
    # A pair stands at its left pixel, which was the right one; and what was lighter to the right is so to the left.
    turned_KSS[ACROSS, :, :-1] = turned_KSS[ACROSS, :, 1:]
    turned_KSS[ACROSS, :, -1] = False
    turned_KSS[[LIGHTER[0], DARKER[0]]] = turned_KSS[[DARKER[0], LIGHTER[0]]]
    return turned_KSS


_BYTES, _PAIRS = np.uint64(0x00FF00FF00FF00FF), np.uint64(0x0000FFFF0000FFFF)


def _bits(words_Q: U64) -> F32:
    """Bits set along the last axis, which is left out of the result.

    numpy counts the bits of each word into a byte. Eight such bytes are added as one number, in lanes that cannot
    overflow: far quicker than a sum over a short axis.
    """
    bytes_G = np.bitwise_count(words_Q).view(np.uint64)
    groups = bytes_G.shape[-1]
    if groups <= 3:
        # Up to three bytes of at most 64 stay below 256.
        bytes_ = reduce(np.add, [bytes_G[..., group] for group in range(groups)])
        pairs = (bytes_ & _BYTES) + (bytes_ >> np.uint64(8) & _BYTES)
    else:
        pairs = ((bytes_G & _BYTES) + (bytes_G >> np.uint64(8) & _BYTES)).sum(axis=-1, dtype=np.uint64)
    halves = (pairs & _PAIRS) + (pairs >> np.uint64(16) & _PAIRS)
    counts: F32 = ((halves + (halves >> np.uint64(32))) & np.uint64(0xFFFFFFFF)).astype(np.float32)
    return counts


def _apart(query: _View, shared_NPKQ: U64, set_NPK: F32, bits_PK: F32) -> F32:
    """The least of the three distances over all placements, shape (N,)."""
    differ_NPK = _bits(shared_NPKQ ^ query.words_PKQ)
    expect_NPK = _expected(set_NPK, query.set_PK, bits_PK)
    swapped_NPK = _bits(shared_NPKQ[:, :, _SIGNED] ^ query.words_PKQ[:, _SWAPPED])
    expect_swapped_NPK = _expected(set_NPK[:, :, _SIGNED], query.set_PK[:, _SWAPPED], bits_PK[:, _SIGNED])
    outline, expect_outline = differ_NPK[..., VISIBLE], expect_NPK[..., VISIBLE]
    edges_NP, expect_edges_NP = differ_NPK[..., _EDGES] @ _PAIR, expect_NPK[..., _EDGES] @ _PAIR
    least_NP = _share(outline + edges_NP, expect_outline + expect_edges_NP)
    crowded_NP = 2 * (set_NPK[..., _EDGES] @ _PAIR) > bits_PK[:, _EDGES] @ _PAIR
    least_NP[crowded_NP & (expect_edges_NP < _FEWEST_EXPECTED)] = 1
    for differ_NPJ, expect_NPJ in (
        (differ_NPK[..., _SIGNED], expect_NPK[..., _SIGNED]),
        (swapped_NPK, expect_swapped_NPK),
    ):
        by_light = _share(outline + differ_NPJ @ _FOUR, expect_outline + expect_NPJ @ _FOUR)
        np.minimum(least_NP, by_light, out=least_NP)
    least: F32 = least_NP.min(axis=1)
    return least


def _expected(first_NPK: F32, second_PK: F32, bits_PK: F32) -> F32:
    """Bits that would differ by chance, shape (N, P, K)."""
    density_PK: F32 = np.divide(second_PK, np.maximum(bits_PK, np.float32(1)), dtype=np.float32)
    expected: F32 = second_PK + first_NPK * (np.float32(1) - np.float32(2) * density_PK)
    return expected


def _share(differ_NP: F32, expect_NP: F32) -> F32:
    """Disagreement as a share of that of strangers, at most 1; where strangers would agree, any at all is too much."""
    share_NP = (differ_NP > 0).astype(np.float32)
    np.divide(differ_NP, expect_NP, out=share_NP, where=expect_NP > 1)
    return np.minimum(share_NP, np.float32(1))
