"""The nearest of each family: frames and recolourings of one drawing would only say the same again."""

from __future__ import annotations

import numpy as np

from lunar_studio.core.arrays import F32
from lunar_studio.pixels.likeness.maps import I64

_BEGIN_WITH = 64
_WIDER = 8


def nearest_families(apart_N: F32, families_N: np.ndarray[tuple[int], np.dtype[np.int32]], count: int) -> I64:
    """The nearest sprite of each of the nearest families.

    Only the front of the field is put in order, as much of it as it takes: of a hundred thousand, ordering all took
    longer than comparing with all.

    Args:
        apart_N: Distance of each sprite.
        families_N: Family of each.
        count: How many families; where there are fewer, all.

    Returns:
        Positions, nearest first; equals in the order of their positions.
    """
    reach = min(_BEGIN_WITH, len(apart_N))
    while reach:
        limit = np.partition(apart_N, reach - 1)[reach - 1]
        near = np.flatnonzero(apart_N <= limit)
        order = near[np.argsort(apart_N[near], kind="stable")]
        _, first_of_family = np.unique(families_N[order], return_index=True)
        if len(first_of_family) >= count or reach == len(apart_N):
            return order[np.sort(first_of_family)[:count]].astype(np.int64)
        reach = min(_WIDER * reach, len(apart_N))
    return np.zeros(0, np.int64)
