"""Which of many sprites to take when fewer are wanted: never the best, never by hand.

Shapes: N sprites.
"""

from __future__ import annotations

import numpy as np

from lunar_studio.evaluation.intervals import I64


def evenly(count: int, wanted: int) -> I64:
    """`wanted` positions below `count`, from the first to the last as evenly as can be; all of them if they are few."""
    return np.linspace(0, count - 1, min(wanted, count)).round().astype(np.int64)


def whole_families(families_N: I64, wanted: int, seed: int) -> I64:
    """Positions of `wanted` sprites, ascending: families in random order, each whole but for the last."""
    found, inverse_N = np.unique(families_N, return_inverse=True)
    turn_F = np.random.default_rng(seed).permutation(len(found))
    order = np.argsort(turn_F[inverse_N.reshape(-1)], kind="stable")
    return np.sort(order[:wanted]).astype(np.int64)
