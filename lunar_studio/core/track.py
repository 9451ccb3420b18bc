"""The track of a slider: how far it goes, and where along it one looks."""

from __future__ import annotations

import math

REACH = 4.0
"""How far a slider goes to either side, in standard deviations of the training art."""

STOPS = 7
"""Places along a track that are looked at."""

MOST_STOPS = 101
"""More than this nobody can tell apart."""


def stops(count: int = STOPS, reach: float = REACH) -> tuple[float, ...]:
    """Positions in the middle of `count` equal parts of a track, so that together they cover it.

    Args:
        count: At least 1.
        reach: Half the length of the track, in standard deviations.

    Raises:
        ValueError: `count` or `reach` makes no track.
    """
    if not 1 <= count <= MOST_STOPS or not 0 < reach < math.inf:
        raise ValueError(f"no {count} stops within {reach}")
    return tuple(reach * ((2 * place + 1) / count - 1) for place in range(count))
