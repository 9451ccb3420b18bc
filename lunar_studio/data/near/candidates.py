"""Which sprites are worth comparing: locality-sensitive hashing, one band after the other.

A view of a sprite is called by one number, view · N + sprite; a pair by first · (views · N) + second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lunar_studio.core.arrays import F32
from lunar_studio.data.near.ahead import in_order
from lunar_studio.data.near.traits import AREA, LIGHT, SILHOUETTE, STRUCTURE, Records, Traits, blocks_of
from lunar_studio.data.near.views import I64, MIRRORED_FROM, U32, U64, VIEWS, Bool, words_for

U16 = npt.NDArray[np.uint16]
F64 = npt.NDArray[np.float64]

ROUNDS = 14
BANDS = 3 * ROUNDS
"""Rounds of light, of structure and of colours, in this order."""

SILHOUETTE_SHARE = 0.08
"""Near copies have silhouettes that differ in at most this share of what is visible in either."""

_BAND_BITS = 16
# In a crowded band each sprite meets only this many that sort next to it by the whole hash.
_WINDOW = 16
_HAMMING = 13
_SILHOUETTE_BITS = 4
_COLOUR_STEP = 40.0
_ROWS = 2**14
_BYTES = 2**21
"""So much of what is visible is looked at together."""


@dataclass(frozen=True, slots=True)
class _Chance:
    """What is drawn by lot, always the same."""

    bits: dict[int, list[list[int]]]
    offsets: list[F64]
    factors: list[U64]

    @classmethod
    def drawn(cls) -> _Chance:
        rng = np.random.default_rng(0)
        chance = cls({LIGHT: [], STRUCTURE: []}, [], [])
        for _ in range(ROUNDS):
            for kind in (LIGHT, STRUCTURE):
                chance.bits[kind].append([int(bit) for bit in rng.choice(64, _BAND_BITS, replace=False)])
            # Random offsets: what one rounding tears apart another keeps together.
            chance.offsets.append(rng.uniform(0, _COLOUR_STEP, 16))
            chance.factors.append(rng.integers(1, 2**63, 16, dtype=np.uint64))
        return chance


def bands(traits: Traits, threads: Executor, wanted: Callable[[int], bool]) -> Iterator[tuple[int, Iterator[I64]]]:
    """The pairs of each band, in parts; a pair may come again, in the same band or another.

    Args:
        traits: Notes of all sprites.
        threads: Where the work is done.
        wanted: Whether the band of that number is to be gone through.
    """
    chance = _Chance.drawn()
    keys = traits.keys
    entries = _entries(keys)
    silhouettes = _words(keys, SILHOUETTE, entries)
    areas = _words(keys, AREA, entries).astype(np.float32)
    for at, kind in enumerate((LIGHT, STRUCTURE, SILHOUETTE)):
        numbers = [band for band in range(at * ROUNDS, (at + 1) * ROUNDS) if wanted(band)]
        if not numbers:
            continue
        words = silhouettes if kind == SILHOUETTE else _words(keys, kind, entries)
        order = np.lexsort((words, areas))
        crowd = _Crowd(
            entries[order],
            areas[order],
            silhouettes[order],
            None if kind == SILHOUETTE else words[order],
            np.zeros(len(order), np.int32),
        )
        del words
        for number in numbers:
            chosen = number % ROUNDS
            if crowd.words is None:
                colour_keys = _colour_keys(keys, threads, chance.offsets[chosen], chance.factors[chosen])
                band = crowd.sorted_by(colour_keys[crowd.entries])
            else:
                band = crowd.sorted_by(_picked(crowd.words, chance.bits[kind][chosen]))
            yield number, band.pairs(traits, threads)


def _entries(keys: Records) -> U32:
    """Views worth going through, by number; a sprite that is centred as it stands has one view less."""
    count = len(keys)
    distinct_VN = np.ones((VIEWS, count), np.bool_)
    for part in blocks_of(count, _ROWS):
        hashes_NVK = keys["hashes"][part]
        distinct_VN[1::2, part] = (hashes_NVK[:, 1::2] != hashes_NVK[:, ::2]).any(axis=2).T
    return np.flatnonzero(distinct_VN).astype(np.uint32)


def _words(keys: Records, kind: int, entries: U32) -> U64:
    words_VN = np.zeros((VIEWS, len(keys)), np.uint64)
    for part in blocks_of(len(keys), _ROWS):
        words_VN[:, part] = keys["hashes"][part, :, kind].T
    words: U64 = words_VN.reshape(-1)[entries]
    return words


def _picked(words: U64, bits: list[int]) -> U16:
    """The chosen bits of each word, side by side: numbers this small are sorted by counting."""
    picked = np.zeros(len(words), np.uint16)
    for place, bit in enumerate(bits):
        picked |= ((words >> np.uint64(bit)) & np.uint64(1)).astype(np.uint16) << np.uint16(place)
    return picked


def _colour_keys(keys: Records, threads: Executor, offsets: F64, factors: U64) -> U64:
    """Mean colours, rounded, as one number for each view."""

    def summed(part: slice) -> U64:
        cells = np.floor((keys["colours"][part] + offsets) / _COLOUR_STEP).astype(np.uint64)
        numbers: U64 = (cells * factors).sum(axis=2, dtype=np.uint64).T
        return numbers

    keys_VN = np.zeros((VIEWS, len(keys)), np.uint64)
    parts = list(blocks_of(len(keys), _ROWS))
    for part, numbers in zip(parts, in_order(threads, summed, parts), strict=True):
        keys_VN[:, part] = numbers
    return keys_VN.reshape(-1)


@dataclass(frozen=True, slots=True)
class _Crowd:
    """Views in the order in which they stand beside each other; those with one number in `groups` may meet."""

    entries: U32
    areas: F32
    silhouettes: U64
    words: U64 | None
    groups: npt.NDArray[np.int32]

    def sorted_by(self, keys: U64 | U16) -> _Crowd:
        """Those with one key side by side, otherwise in the order in which they stood."""
        order = np.argsort(keys, kind="stable")
        ordered = keys[order]
        numbers = np.cumsum(ordered[1:] != ordered[:-1], dtype=np.int32)
        return _Crowd(
            self.entries[order],
            self.areas[order],
            self.silhouettes[order],
            None if self.words is None else self.words[order],
            np.concatenate([np.zeros(1, np.int32), numbers]),
        )

    def pairs(self, traits: Traits, threads: Executor) -> Iterator[I64]:
        """Pairs of one key that stand near each other and have much the same silhouette."""
        part = max(_BYTES // (8 * words_for(traits.layout.size)), _WINDOW)
        return in_order(threads, lambda at: self._within(traits, at), blocks_of(len(self.entries), part))

    def _within(self, traits: Traits, part: slice) -> I64:
        """Pairs of which the first stands in a part."""
        # All steps of a part look at the same few views, which the processor has at hand.
        within = slice(part.start, part.stop + _WINDOW)
        entries, groups, areas = self.entries[within].astype(np.int64), self.groups[within], self.areas[within]
        silhouettes = self.silhouettes[within]
        words = None if self.words is None else self.words[within]
        views, sprites = np.divmod(entries, len(traits))
        visible = traits.visible(sprites, views)
        length = part.stop - part.start
        firsts, seconds = [], []
        for step in range(1, min(_WINDOW, len(entries) - 1) + 1):
            last = min(length, len(entries) - step)
            at = np.flatnonzero(groups[step : step + last] == groups[:last])
            at = at[areas[at] >= areas[at + step] * np.float32(1 - SILHOUETTE_SHARE)]
            at = at[np.bitwise_count(silhouettes[at + step] ^ silhouettes[at]) <= _SILHOUETTE_BITS]
            if words is not None:
                at = at[np.bitwise_count(words[at + step] ^ words[at]) <= _HAMMING]
            kept = useful(entries[at], entries[at + step], len(traits))
            at = at[kept]
            at = at[same_silhouette(visible.take(at, axis=0), visible.take(at + step, axis=0))]
            firsts.append(entries[at])
            seconds.append(entries[at + step])
        if not firsts:
            return np.zeros(0, np.int64)
        return numbered(np.concatenate(firsts), np.concatenate(seconds), len(traits))


def same_silhouette(first_NW: U64, second_NW: U64) -> Bool:
    """Whether few of the pixels visible in either are visible in one only; by bits."""
    area = np.maximum(counted(first_NW | second_NW), 1)
    same: Bool = counted(first_NW ^ second_NW) <= SILHOUETTE_SHARE * area
    return same


def counted(bits_NW: U64) -> I64:
    """How many bits are set in each row."""
    counts: I64 = np.bitwise_count(bits_NW).sum(axis=1, dtype=np.int64)
    return counts


def useful(first: I64, second: I64, count: int) -> Bool:
    """Which pairs are of two sprites, and not both mirrored."""
    kept: Bool = (first % count != second % count) & (
        (first < MIRRORED_FROM * count) | (second < MIRRORED_FROM * count)
    )
    return kept


def numbered(first: I64, second: I64, count: int) -> I64:
    """Pairs as numbers, ascending, without repeats; the unmirrored one is first, or the one of the smaller number."""
    swap = (first >= MIRRORED_FROM * count) | ((second < MIRRORED_FROM * count) & (first % count > second % count))
    first, second = np.where(swap, second, first), np.where(swap, first, second)
    # One sprite beside another in the mirror looks as the other beside the one in the mirror.
    turn = (first < count) & (second >= MIRRORED_FROM * count) & (second < (MIRRORED_FROM + 1) * count)
    turn &= first > second - MIRRORED_FROM * count
    first, second = (
        np.where(turn, second - MIRRORED_FROM * count, first),
        np.where(turn, first + MIRRORED_FROM * count, second),
    )
    return distinct(first * (VIEWS * count) + second)


def distinct(numbers: I64) -> I64:
    """Ascending, without repeats; by sorting, which is many times faster here than the hashes of `np.unique`."""
    ordered = np.sort(numbers)
    return ordered[np.append(True, ordered[1:] != ordered[:-1])] if len(ordered) else ordered
