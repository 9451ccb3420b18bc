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
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

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

I32 = npt.NDArray[np.int32]

SHIFT_PX = 2
"""Shifts that are tried in each direction, in pixels."""

# Fewer expected disagreements than this among crowded edges are luck.
_FEWEST_EXPECTED = 8
_BLOCK_WORDS = 1 << 17
_EDGES = list(EDGES)
_SIGNED = [*LIGHTER, *DARKER]
_SWAPPED = [*DARKER, *LIGHTER]
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


def distances(queries: StructureMaps, library: StructureMaps) -> F32:
    """Distance of each query to each sprite of the library, float32, shape (queries, library).

    Raises:
        ValueError: Their frames differ.
    """
    if queries.side != library.side:
        raise ValueError(f"frames of {queries.side} and {library.side} pixels cannot be compared")
    found = np.ones((len(queries), len(library)), np.float32)
    overlaps = _overlaps(queries.side)
    placements = [_placed_everywhere(words_KQ, overlaps, queries.side) for words_KQ in queries.words_NKQ]
    step = max(1, _BLOCK_WORDS // overlaps.valid_PKQ.size)
    for start in range(0, len(library), step):
        block_KQN = np.ascontiguousarray(library.words_NKQ[start : start + step].transpose(1, 2, 0))
        shared_PKQN = block_KQN & overlaps.valid_PKQ[..., None]
        set_PKN = _bits(shared_PKQN)
        for row, views in enumerate(placements):
            apart = [_apart(view, shared_PKQN, set_PKN, overlaps.bits_PK) for view in views]
            found[row, start : start + step] = np.minimum(*apart)
    return found


@dataclass(frozen=True, slots=True)
class _Overlaps:
    """What two frames share, for every shift that is tried.

    Attributes:
        shifts: Rows down and columns to the right by which the query moves.
        valid_PKQ: uint64; the bits both frames have then, of pairs of pixels only those with both in both.
        bits_PK: int64; how many they are.
    """

    shifts: tuple[tuple[int, int], ...]
    valid_PKQ: U64
    bits_PK: I64


@dataclass(frozen=True, slots=True)
class _View:
    """A query, mirrored or not, laid over the frames of a library at every shift.

    Attributes:
        words_PKQ: uint64; its maps where they come to lie, cut to what is shared.
        set_PK: int64; how many bits they have set.
    """

    words_PKQ: U64
    set_PK: I64


@lru_cache(maxsize=16)
def _overlaps(side: int) -> _Overlaps:
    reach = range(-min(SHIFT_PX, side - 1), min(SHIFT_PX, side - 1) + 1)
    shifts = tuple((down, right) for down in reach for right in reach)
    valid_PKSS = np.zeros((len(shifts), MAPS, side, side), np.bool_)
    for valid_KSS, (down, right) in zip(valid_PKSS, shifts, strict=True):
        rows = slice(max(down, 0), side + min(down, 0))
        columns = slice(max(right, 0), side + min(right, 0))
        valid_KSS[:, rows, columns] = True
        # A pair of pixels counts only when its right or lower one is shared as well.
        valid_KSS[ACROSS, :, columns.stop - 1] = False
        valid_KSS[DOWN, rows.stop - 1] = False
    return _Overlaps(shifts, packed(valid_PKSS), valid_PKSS.sum(axis=(2, 3)).astype(np.int64))


def _placed_everywhere(words_KQ: U64, overlaps: _Overlaps, side: int) -> tuple[_View, _View]:
    """The query as it is and mirrored, at every shift."""
    maps_KSS = unpacked(words_KQ, side)
    views = []
    for view_KSS in (maps_KSS, mirrored(maps_KSS)):
        # What is rolled around lies outside what is shared.
        words_PKQ = packed(np.stack([np.roll(view_KSS, shift, axis=(1, 2)) for shift in overlaps.shifts]))
        words_PKQ &= overlaps.valid_PKQ
        views.append(_View(words_PKQ, np.bitwise_count(words_PKQ).sum(axis=2, dtype=np.int64)))
    return views[0], views[1]


def mirrored(maps_KSS: Bool) -> Bool:
    """The maps of the sprite mirrored left to right in its frame, bool, shape (K, S, S)."""
    turned_KSS = maps_KSS[:, :, ::-1].copy()
    # A pair stands at its left pixel, which was the right one; and what was lighter to the right is so to the left.
    turned_KSS[ACROSS, :, :-1] = turned_KSS[ACROSS, :, 1:]
    turned_KSS[ACROSS, :, -1] = False
    turned_KSS[[LIGHTER[0], DARKER[0]]] = turned_KSS[[DARKER[0], LIGHTER[0]]]
    return turned_KSS


def _bits(words_PKQN: U64) -> I32:
    """Bits set in each map, shape (P, K, N)."""
    # A map has at most 256 × 256 bits.
    counts: I32 = np.bitwise_count(words_PKQN).sum(axis=2, dtype=np.int32)
    return counts


def _apart(query: _View, shared_PKQN: U64, set_PKN: I32, bits_PK: I64) -> F32:
    """The least of the three distances over all placements, shape (N,)."""
    differ_PKN = _bits(shared_PKQN ^ query.words_PKQ[..., None])
    negative_PKN = _bits(shared_PKQN[:, _SIGNED] ^ query.words_PKQ[:, _SWAPPED, :, None])
    expect_PKN = _expected(set_PKN, query.set_PK, bits_PK)
    expect_negative_PKN = _expected(set_PKN[:, _SIGNED], query.set_PK[:, _SWAPPED], bits_PK[:, _SIGNED])
    outline, expect_outline = differ_PKN[:, VISIBLE], expect_PKN[:, VISIBLE]
    edges_PN, expect_edges_PN = differ_PKN[:, _EDGES].sum(axis=1), expect_PKN[:, _EDGES].sum(axis=1)
    by_edges = _share(outline + edges_PN, expect_outline + expect_edges_PN)
    crowded_PN = 2 * set_PKN[:, _EDGES].sum(axis=1) > bits_PK[:, _EDGES].sum(axis=1)[:, None]
    by_edges[crowded_PN & (expect_edges_PN < _FEWEST_EXPECTED)] = 1.0
    by_shading, by_negative = (
        _share(outline + differ.sum(axis=1), expect_outline + expect.sum(axis=1))
        for differ, expect in (
            (differ_PKN[:, _SIGNED], expect_PKN[:, _SIGNED]),
            (negative_PKN, expect_negative_PKN),
        )
    )
    least: F32 = np.minimum(np.minimum(by_edges, by_shading), by_negative).min(axis=0)
    return least


def _expected(first_PKN: I32, second_PK: I64, bits_PK: I64) -> F32:
    """Bits that would differ by chance, shape (P, K, N)."""
    second, bits = second_PK[..., None].astype(np.float32), np.maximum(bits_PK, 1)[..., None].astype(np.float32)
    expected: F32 = second + first_PKN.astype(np.float32) * (1 - 2 * second / bits)
    return expected


def _share(differ_PN: npt.NDArray[np.integer[Any]], expect_PN: F32) -> F32:
    """Disagreement as a share of that of strangers, at most 1; where strangers would agree, any at all is too much."""
    share_PN = (differ_PN > 0).astype(np.float32)
    np.divide(differ_PN, expect_PN, out=share_PN, where=expect_PN > 1, casting="same_kind")
    return np.minimum(share_PN, np.float32(1))
