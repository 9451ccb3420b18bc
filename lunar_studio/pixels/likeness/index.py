"""Nearest drawings among a hundred thousand, in three sieves: blurred, standing still, exact.

1. Fingerprints of all sprites are compared (one matrix product); the likeliest 3,000 stay.
2. Their structure maps are compared where they stand, mirrored or not, without shifts, the likeliest 500 then with
   shifts of one pixel; the likeliest 60 stay, and the 40 of the nearest fingerprints.
3. Those are compared exactly (`pixels.likeness.distance`), so every distance that comes out is the exact one.

Copies are found; among strangers, where it is chance which of thousands shares the most bits with a sprite at one of
fifty placements, what is found is nearly as near as the nearest.

There is no graph and no file: the index is rebuilt from the art in seconds, so nothing in it can be damaged or
hostile. Libraries for nearest neighbours were left aside: they cannot search by this distance, so the third sieve
would be needed all the same, and reading a damaged index crashes them. Recall and time are measured by
`python -m tests.bench.likeness`; docs/performance.md has the figures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lunar_studio.core.arrays import F32, U8
from lunar_studio.pixels.likeness.distance import distances
from lunar_studio.pixels.likeness.fingerprints import I8, FingerprintScan, fingerprints
from lunar_studio.pixels.likeness.maps import I64, StructureMaps, structure_maps

SCANNED = 6000
"""In libraries up to this size every sprite passes the first sieve."""

_LIKELY = 3000
# Shifts tried in each direction, in pixels, and how many sprites stay then; finer in libraries up to SCANNED.
_SIEVES, _FINE_SIEVES = ((0, 500), (1, 60)), ((0, 1000), (1, 100))
# Sprites whose fingerprints are nearest pass every sieve: what is cut off at the border and moved by two pixels looks
# strange to those that try fewer shifts.
_LIKELIEST = 40
_STEPS = 4096


@dataclass(frozen=True, slots=True, eq=False)
class LikenessIndex:
    """Sprites of one size, ready to be searched; about 1.3 kB each at 32 × 32 pixels.

    Attributes:
        maps: Their structure maps.
        scan: Their fingerprints.
    """

    maps: StructureMaps
    scan: FingerprintScan

    @classmethod
    def of(cls, sprites_NHWC: U8) -> LikenessIndex:
        """Make ready sprites, uint8, shape (sprites, height, width, 4), 1 to 256 pixels either way.

        Raises:
            ValueError: The array has another shape.
        """
        return cls(structure_maps(sprites_NHWC), FingerprintScan.of(fingerprints(sprites_NHWC)))

    def __len__(self) -> int:
        return len(self.maps)

    def nearest(self, sprite_HWC: U8, k: int) -> tuple[I64, F32]:
        """The `k` sprites nearest to one.

        Args:
            sprite_HWC: uint8, shape (height, width, 4), no larger than the index's frame.
            k: How many; where there are fewer, all.

        Returns:
            Positions, int64, and exact distances, float32, shape (k,), nearest first.

        Raises:
            ValueError: The sprite does not fit the frame, or `k` is below 1.
        """
        if k < 1:
            raise ValueError(f"cannot find {k} neighbours")
        query = structure_maps(sprite_HWC[None], self.maps.side)
        code_D: I8 = fingerprints(sprite_HWC[None])[0]
        blurred_N = self.scan.distances(code_D)
        likely, sieves = (SCANNED, _FINE_SIEVES) if len(self) <= SCANNED else (_LIKELY, _SIEVES)
        stay, likeliest = _least(blurred_N, max(likely, k)), _least(blurred_N, _LIKELIEST)
        for reach_px, kept in sieves:
            if len(stay) > max(kept, k):
                apart = distances(query, self._some(stay), reach_px)[0]
                stay = np.union1d(stay[_least(apart, max(kept, k))], likeliest)
        apart = distances(query, self._some(stay))[0]
        order = np.lexsort((stay, apart))[:k]
        return stay[order], apart[order]

    def _some(self, positions: I64) -> StructureMaps:
        return StructureMaps(self.maps.words_NKQ[positions], self.maps.side)


def _least(values_N: F32, count: int) -> I64:
    """Positions of the `count` least of values within 0 and 1, in order of position; of equal ones the first.

    They are told apart in 4,096 steps, which a histogram orders thirty times faster than a partition does.
    """
    steps_N = (values_N * np.float32(_STEPS - 1)).astype(np.uint16)
    last = int(np.searchsorted(np.bincount(steps_N, minlength=_STEPS).cumsum(), count))
    below, level = np.flatnonzero(steps_N < last), np.flatnonzero(steps_N == last)
    return np.sort(np.concatenate([below, level[: count - len(below)]])).astype(np.int64)
