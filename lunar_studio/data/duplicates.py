"""Find near copies: mirrored, shifted, recoloured and slightly edited sprites.

In three steps, so that time grows with the number of sprites and not with its square, and memory hardly at all:

1. Three 64-bit hashes of each sprite as it stands, centred on its centre of mass, and both mirrored: of
   light (a dHash), of structure (where neighbours differ, which no recolouring changes), of the silhouette;
   and with them what tells most sprites apart without their pixels (`near.traits`).
2. Sprites that agree in one of several bands of the first two hashes, or in their mean colours rounded in one
   of several ways, and nearly in silhouette, become candidates (`near.candidates`).
3. Candidates that were not looked at yet (`near.seen`) are compared by those notes, and what is left of them
   pixel by pixel (`near.comparing`).

Exact recolourings are found by hashing which pixels share a colour, whatever that colour is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from lunar_studio.core.arrays import U8
from lunar_studio.data.near.ahead import in_order
from lunar_studio.data.near.candidates import BANDS, bands
from lunar_studio.data.near.comparing import Pairs, by_notes, by_pixels
from lunar_studio.data.near.kept import KeptPairs, folder_for
from lunar_studio.data.near.seen import Seen
from lunar_studio.data.near.traits import Records, Traits, blocks_of, traits_of
from lunar_studio.data.near.views import I64, VIEWS, recolouring_keys, views_of
from lunar_studio.data.split import Groups

__all__ = ["near_pairs", "recolouring_keys"]

KEPT_FROM = 20_000
"""From so many sprites on, what the search notes and finds is kept on the shelf while it goes on."""

_THREADS = 2
_TRAITS_SHARE = 0.3
_NOTED, _PIXELS = 2048, 512
"""So many pairs are compared at once, by notes and by pixels; more would not be quicker."""


def near_pairs(
    sprites_NHWC: U8,
    *,
    shelf: Path | None = None,
    step: Callable[[float], None] | None = None,
) -> I64:
    """Pairs of near copies, enough to connect each group of them.

    Args:
        sprites_NHWC: uint8, shape (sprites, size, size, 4), colour under alpha 0 zeroed; a memory map will do.
        shelf: Folder in which a search among many sprites keeps its notes, 3 kB for each of 32 × 32 pixels, so that
            it need not begin again when it was killed; None keeps them in memory.
        step: Told which part is done, 0 to 1, many times a second; what it raises ends the search.

    Returns:
        Pairs (first, second) with first < second, ascending, without repeats; shape (pairs, 2).

    Raises:
        OSError: The shelf cannot be written, or the disk is full.
    """
    if len(sprites_NHWC) < 2:
        return np.zeros((0, 2), np.int64)
    sprites_NHWC = np.asarray(sprites_NHWC)
    step = step or _silent
    folder = None
    if shelf is not None and len(sprites_NHWC) >= KEPT_FROM:
        folder = folder_for(shelf, sprites_NHWC, lambda: step(0.0))
    threads = ThreadPoolExecutor(min(_THREADS, os.cpu_count() or 1), thread_name_prefix="near copies")
    try:
        return _Search(sprites_NHWC, threads, folder, step).run()
    finally:
        threads.shutdown(wait=True, cancel_futures=True)


def _silent(_part: float) -> None:
    return None


class _Search:
    """One search."""

    def __init__(self, sprites_NHWC: U8, threads: Executor, folder: Path | None, step: Callable[[float], None]) -> None:
        self._sprites_NHWC, self._threads, self._folder, self._step = sprites_NHWC, threads, folder, step
        self._groups = Groups(len(sprites_NHWC))
        self._found: list[I64] = []
        self._part = 0.0

    def run(self) -> I64:
        count = len(self._sprites_NHWC)
        traits = traits_of(
            self._sprites_NHWC, self._threads, self._folder, lambda done: self._step(_TRAITS_SHARE * done / count)
        )
        self._join(_recoloured(self._sprites_NHWC, traits.keys))
        kept = KeptPairs(self._folder)
        done: set[int] = set()
        for band in range(BANDS):
            if (pairs := kept.of(band)) is not None:
                done.add(band)
                self._join(pairs)
        seen = Seen(VIEWS * count, count)
        for band, parts in bands(traits, self._threads, lambda band: band not in done):
            self._part = _TRAITS_SHARE + (1 - _TRAITS_SHARE) * band / BANDS
            self._step(self._part)
            kept.keep(band, self._of_band(traits, parts, seen))
        found = np.concatenate([np.zeros((0, 2), np.int64), *self._found])
        return found[np.lexsort((found[:, 1], found[:, 0]))]

    def _join(self, pairs: I64) -> I64:
        """Those of some pairs that connect what was apart; they are connected from now on."""
        new = [(one, other) for one, other in pairs.tolist() if self._groups.join(one, other)]
        joined = np.sort(np.array(new, np.int64).reshape(-1, 2), axis=1)
        self._found.append(joined)
        return joined

    def _of_band(self, traits: Traits, parts: Iterator[I64], seen: Seen) -> I64:
        roots_N = self._groups.roots()
        fresh = []
        for numbers in parts:
            self._step(self._part)
            new = seen.fresh(numbers)
            first, second = np.divmod(new, VIEWS * len(traits))
            fresh.append(new[roots_N[first % len(traits)] != roots_N[second % len(traits)]])
        numbers = np.concatenate(fresh) if fresh else np.zeros(0, np.int64)
        joined = [np.zeros((0, 2), np.int64)]
        slices = blocks_of(len(numbers), _NOTED)
        for pairs in in_order(self._threads, lambda part: by_notes(traits, numbers[part]), slices):
            self._step(self._part)
            joined += [self._compared(pairs[part]) for part in blocks_of(len(pairs.area), _PIXELS)]
        return np.concatenate(joined)

    def _compared(self, pairs: Pairs) -> I64:
        groups = self._groups
        apart = [groups.find(one) != groups.find(other) for one, other in pairs.sprites.tolist()]
        pairs = pairs[np.array(apart, np.bool_)]
        return self._join(pairs.sprites[by_pixels(self._sprites_NHWC, pairs)])


def _recoloured(sprites_NHWC: U8, keys: Records) -> I64:
    """Pairs that are the same drawing in other colours, in the middle and as they are or in the mirror."""
    count = len(keys)
    # Only what has the same outlines can be the same drawing; nearly nothing else has.
    outlines = np.ascontiguousarray(keys["outlines"].T).reshape(-1)
    order = np.argsort(outlines, kind="stable")
    ordered = outlines[order]
    same = ordered[1:] == ordered[:-1]
    order = order[np.append(False, same) | np.append(same, False)]
    first_with: dict[bytes, int] = {}
    found = []
    for part in blocks_of(len(order), _PIXELS):
        views, sprites = np.divmod(order[part], count)
        some_NHWC: U8 = np.take(sprites_NHWC, sprites, axis=0)
        # Only centred views: a recoloured copy may be shifted as well.
        keys_N = recolouring_keys(views_of(some_NHWC, 2 * views + 1))
        for at, key in zip(sprites.tolist(), keys_N, strict=True):
            if (first := first_with.setdefault(key, at)) != at:
                found.append((first, at))
    return np.array(found, np.int64).reshape(-1, 2)
