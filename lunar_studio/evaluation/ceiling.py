"""What no sprite of few colours and hard alpha can do better: the ceiling of exact pixels.

A model that draws K colours and no half-transparency cannot be exact everywhere: half-transparent pixels are out of its
reach, and art of many colours is only near what K colours can say. How near the best such sprite comes is found here
sprite by sprite, so that the rest of the error is the model's own.

Choosing K colours that serve the most pixels is maximum coverage, which nobody solves exactly in a short time. What
is given is reached by a real palette: greedy choice, each colour moved to the middle of those it serves best, then
exchanged while that helps. The true ceiling may be a little higher, never lower.

Shapes: C distinct colours, S of them to begin from, K colours chosen.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lunar_studio.core.arrays import F32, U8
from lunar_studio.evaluation.intervals import F64, I64
from lunar_studio.evaluation.reconstruction import EXACT_BELOW

_ROUNDS = 4
# Of the art's own colours, at most so many are tried as a beginning: memory grows with them.
_STARTS = 1024
_TRIED = 4

Bool = npt.NDArray[np.bool_]


def exact_attainable(rgba_HWC: U8, colours: int) -> float:
    """The share of exact pixels (`reconstruction.compare`) that a sprite of few colours and hard alpha can reach.

    Args:
        rgba_HWC: The art; uint8, straight alpha.
        colours: Most colours it may have, at least 1.
    """
    alpha = rgba_HWC[..., 3].astype(np.int16)
    nothing, solid = alpha < EXACT_BELOW, 255 - alpha < EXACT_BELOW
    # Compared are premultiplied channels, so those are what the colours must come near to.
    seen = rgba_HWC[solid][:, :3].astype(np.float32) * (rgba_HWC[solid][:, 3:].astype(np.float32) / np.float32(255))
    found_C3, counts_C = np.unique(seen, axis=0, return_counts=True)
    served = float(counts_C.sum()) if len(found_C3) <= colours else _most_served(found_C3, counts_C, colours)
    return (float(nothing.sum()) + served) / alpha.size


def _most_served(found_C3: F32, counts_C: I64, colours: int) -> float:
    """Pixels that `colours` colours serve, of distinct ones with these counts."""
    weights_C = counts_C.astype(np.float64)
    starts = np.unique(np.linspace(0, len(found_C3) - 1, _STARTS).astype(np.int64))
    near_SC = np.ones((len(starts), len(found_C3)), np.bool_)
    for axis in range(3):
        near_SC &= np.abs(found_C3[starts, axis][:, None] - found_C3[None, :, axis]) < EXACT_BELOW
    served_KC = np.zeros((colours, len(found_C3)), np.bool_)
    for which in range(colours):
        served_KC[which] = _best(found_C3[starts], near_SC, found_C3, weights_C * ~served_KC.any(axis=0))
    best = float(weights_C[served_KC.any(axis=0)].sum())
    for _ in range(_ROUNDS):
        for which in range(colours):
            others = np.delete(served_KC, which, axis=0).any(axis=0)
            served_KC[which] = _best(found_C3[starts], near_SC, found_C3, weights_C * ~others)
        total = float(weights_C[served_KC.any(axis=0)].sum())
        if total <= best:
            break
        best = total
    return best


def _best(starts_S3: F32, near_SC: Bool, found_C3: F32, weights_C: F64) -> Bool:
    """Which colours the best single colour serves: begun from the likeliest, slid along each axis while it helps."""
    gains_S = near_SC @ weights_C
    tried = [_slid(starts_S3[start], found_C3, weights_C) for start in np.argsort(-gains_S, kind="stable")[:_TRIED]]
    return max(tried, key=lambda served: float(weights_C[served].sum()))


def _slid(start_3: F32, found_C3: F32, weights_C: F64) -> Bool:
    """Which colours one serves that begins at `start_3` and goes where it serves more."""
    # A colour serves what lies within less than 16 to both sides of it in every channel; corners are its low sides.
    low_3 = start_3 - np.float32(EXACT_BELOW - 1)
    span = np.float32(2 * EXACT_BELOW - 2)
    for _ in range(_ROUNDS):
        before = low_3.copy()
        for axis in range(3):
            low_3[axis] = _slid_on_axis(found_C3, weights_C, low_3, axis, span)
        if np.array_equal(before, low_3):
            break
    within_C3 = (found_C3 >= low_3) & (found_C3 <= low_3 + span)
    served: Bool = np.logical_and.reduce(within_C3, axis=1)
    return served


def _slid_on_axis(found_C3: F32, weights_C: F64, low_3: F32, axis: int, span: np.float32) -> np.float32:
    """The best low side on one axis, the others as they are; where it was unless another is better."""
    others = [other for other in range(3) if other != axis]
    inside = ((found_C3[:, others] >= low_3[others]) & (found_C3[:, others] <= low_3[others] + span)).all(axis=1)
    order = np.argsort(found_C3[inside, axis], kind="stable")
    values, sums = found_C3[inside, axis][order], np.concatenate([[0.0], np.cumsum(weights_C[inside][order])])
    ends = np.searchsorted(values, values + span, side="right")
    gains = sums[ends] - sums[np.arange(len(values))]
    here = sums[np.searchsorted(values, low_3[axis] + span, side="right")] - sums[np.searchsorted(values, low_3[axis])]
    best = int(gains.argmax())
    return np.float32(values[best]) if gains[best] > here else np.float32(low_3[axis])
