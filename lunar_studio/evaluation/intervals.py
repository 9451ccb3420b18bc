"""Confidence: how far a figure may be from what another draw of the same art would give.

Sprites of one family (recolours, frames, variants of one wall) rise and fall together, so families and not sprites are
what is drawn anew: the bootstrap of Efron (1979) over clusters. All intervals are 95 % and seeded: the same figures
give the same interval.

Shapes: N sprites, F families, G groups of families, R resamples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

RESAMPLES = 1000
_LOW, _HIGH = 2.5, 97.5
_SEED = 20
# More families than this are drawn in bundles: as good an interval, and bounded memory.
_MOST_DRAWN = 2000
_GROUPS = 40


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % confidence interval.

    Attributes:
        value: The figure.
        low: Where the interval begins.
        high: Where it ends.
    """

    value: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half of the interval's length: what stands behind ±."""
        return (self.high - self.low) / 2


def own_families(count: int) -> I64:
    """Families for sprites of which nothing is known: each its own, shape (count,)."""
    return np.arange(count, dtype=np.int64)


@lru_cache(maxsize=8)
def _draws(count: int, resamples: int, seed: int) -> F64:
    """How often each of `count` families is drawn when as many are, with replacement; (R, F)."""
    drawn_RF = np.random.default_rng(seed).multinomial(count, np.full(count, 1.0 / count), size=resamples)
    drawn: F64 = drawn_RF.astype(np.float64)
    drawn.setflags(write=False)
    return drawn


def resampled_weights(families_N: I64, *, seed: int = _SEED, resamples: int = RESAMPLES) -> F64:
    """How often each sprite counts in each resample, (R, N): as often as its family was drawn.

    Args:
        families_N: Number of each sprite's family; any numbers.
        seed: Non-negative.
        resamples: How many.
    """
    if not len(families_N):
        return np.zeros((resamples, 0))
    _, inverse_N = np.unique(families_N, return_inverse=True)
    return _draws(int(inverse_N.max()) + 1, resamples, seed)[:, inverse_N.reshape(-1)]


def between_percentiles(value: float, resampled_R: F64) -> Estimate:
    """A figure with the interval between percentiles of the resamples; those that are not finite do not count."""
    sound = resampled_R[np.isfinite(resampled_R)]
    if not len(sound):
        return Estimate(value, value, value)
    low, high = np.percentile(sound, (_LOW, _HIGH))
    return Estimate(value, float(low), float(high))


def mean(values_N: npt.ArrayLike, families_N: I64 | None = None) -> Estimate:
    """The mean of one value for each sprite; 0 of none.

    Args:
        values_N: Numbers or truth values.
        families_N: Number of each sprite's family; each its own for None.
    """
    values = np.asarray(values_N, np.float64)
    return ratio(values, np.ones(len(values)), families_N)


def ratio(above_N: npt.ArrayLike, below_N: npt.ArrayLike, families_N: I64 | None = None) -> Estimate:
    """The sum of one value of each sprite over the sum of another; 0 when there is nothing to divide by.

    A figure pooled over pixels is such a ratio: sprites with more of them weigh more.

    Args:
        above_N: The numerator's part of each sprite.
        below_N: The denominator's part of each sprite, not negative.
        families_N: Number of each sprite's family; each its own for None.
    """
    above, below = np.asarray(above_N, np.float64), np.asarray(below_N, np.float64)
    total = float(below.sum())
    if not total:
        return Estimate(0.0, 0.0, 0.0)
    families = own_families(len(above)) if families_N is None else families_N
    bundle_N = grouped(families, groups=_MOST_DRAWN)
    above_F, below_F = np.bincount(bundle_N, above), np.bincount(bundle_N, below)
    draws_RF = _draws(len(below_F), RESAMPLES, _SEED)
    with np.errstate(invalid="ignore", divide="ignore"):  # a resample may have drawn none that counts
        return between_percentiles(float(above.sum()) / total, (draws_RF @ above_F) / (draws_RF @ below_F))


def share(hits_N: npt.ArrayLike) -> Estimate:
    """The share of independent sprites that something is true of, with Wilson's interval (1927); 0 of none.

    For rare things: a bootstrap of no hits would be sure that there are none.
    """
    hits = np.asarray(hits_N, np.bool_)
    count, found = len(hits), float(hits.mean()) if len(hits) else 0.0
    if not count:
        return Estimate(0.0, 0.0, 0.0)
    z = 1.96
    middle = (found + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * float(np.sqrt(found * (1 - found) / count + (z / (2 * count)) ** 2))
    return Estimate(found, max(0.0, min(found, middle - half)), min(1.0, max(found, middle + half)))


def grouped(families_N: I64, *, groups: int = _GROUPS, seed: int = _SEED) -> I64:
    """A number below `groups` for each sprite, shape (N,): families whole, groups about equally large.

    The largest families are placed first, those of one size in random order, each into the smallest group.
    """
    found, inverse_N, counts_F = np.unique(families_N, return_inverse=True, return_counts=True)
    if len(found) <= groups:
        return inverse_N.reshape(-1).astype(np.int64)
    sizes, group_F = np.zeros(groups, np.int64), np.zeros(len(found), np.int64)
    shuffled = np.random.default_rng(seed).permutation(len(found))
    for family in shuffled[np.argsort(-counts_F[shuffled], kind="stable")].tolist():
        group_F[family] = sizes.argmin()
        sizes[group_F[family]] += counts_F[family]
    return group_F[inverse_N.reshape(-1)]


def jackknifed(value: float, *without: Sequence[float]) -> Estimate:
    """A figure with the interval of the delete-a-group jackknife, 1.96 standard errors to each side.

    For figures that the bootstrap would bias because it draws a sprite twice: twins are not a pair of two.

    Args:
        value: The figure.
        without: For each set of sprites that the figure depends on: its values with one group of that set's
            families left out at a time. The variances of independent sets add up.
    """
    variance = 0.0
    for values in without:
        if len(values) > 1:
            variance += (len(values) - 1) * float(np.var(np.asarray(values, np.float64)))
    half = 1.96 * float(np.sqrt(variance))
    return Estimate(value, value - half, value + half)
