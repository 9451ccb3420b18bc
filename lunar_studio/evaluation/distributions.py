"""Two sets of feature vectors compared: is one a fair draw from where the other comes from?

- **KID** (Bińkowski et al. 2018): the squared maximum mean discrepancy with the kernel (x·y/D + 1)³, unbiased: 0 for
  two draws from one source, so it may come out a little below. Pairs within one family are left out, as a sprite's pair
  with itself always is: recolours say nothing about how alike two *unrelated* sprites are, and a set of generated
  sprites has none.
- **Precision and recall** (Kynkäänniemi et al. 2019, k = 3): the share of generated sprites that fall among real ones,
  and of real ones that fall among generated ones, where "among" means nearer to some sprite of the other set than that
  one's third nearest neighbour in its own set.
- **Density and coverage** (Naeem et al. 2020, k = 5): steadier kin of them. Density counts in how many neighbourhoods
  of real sprites a generated one falls (1 is what real ones reach), coverage is the share of real sprites with a
  generated one in their neighbourhood.

Intervals of the last four are bootstraps over families of the set that is counted, with neighbourhoods as they are.

Shapes: N real and M generated sprites, D features.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lunar_studio.core.arrays import F32
from lunar_studio.evaluation import intervals
from lunar_studio.evaluation.intervals import F64, I64, Estimate

_SUBSETS, _SUBSET = 100, 100
_SEED = 21
_K_RECALL, _K_COVERAGE = 3, 5


@dataclass(frozen=True, slots=True)
class Drawn:
    """A set of sprites seen as feature vectors.

    Attributes:
        features_ND: float32, one row for each sprite.
        families_N: Number of each sprite's family.
    """

    features_ND: F32
    families_N: I64

    def __len__(self) -> int:
        return len(self.features_ND)


@dataclass(frozen=True, slots=True)
class FeatureFigures:
    """How one set stands to another.

    Attributes:
        kid: Over all pairs, with the interval of a jackknife over families of both sets.
        kid_spread: Standard deviation over random subsets of 100 sprites of each set, or of half a smaller one.
        precision: Share of generated sprites among real ones.
        recall: Share of real sprites among generated ones.
        density: Mean number of real neighbourhoods around a generated sprite, over 5.
        coverage: Share of real sprites with a generated one in their neighbourhood.
    """

    kid: Estimate
    kid_spread: float
    precision: Estimate
    recall: Estimate
    density: Estimate
    coverage: Estimate


def compare(real: Drawn, generated: Drawn) -> FeatureFigures:
    """Every figure of this page; both sets with at least 2 families, and best equally large.

    Raises:
        ValueError: A set has fewer than 2 families.
    """
    for drawn in (real, generated):
        if len(np.unique(drawn.families_N)) < 2:
            raise ValueError("two families at least are needed to compare sets of sprites")
    kernels = _Kernels.of(real, generated)
    across_NM = squared_distances(real.features_ND, generated.features_ND)
    own_N = squared_distances(real.features_ND, real.features_ND)
    own_M = squared_distances(generated.features_ND, generated.features_ND)
    recall_N, precision_M = _radii(own_N, _K_RECALL), _radii(own_M, _K_RECALL)
    within_NM = across_NM <= _radii(own_N, _K_COVERAGE)[:, None]
    k = min(_K_COVERAGE, len(real) - 1)
    return FeatureFigures(
        kid=kernels.estimate(),
        kid_spread=kernels.spread(),
        precision=intervals.mean((across_NM <= recall_N[:, None]).any(axis=0), generated.families_N),
        recall=intervals.mean((across_NM <= precision_M[None]).any(axis=1), real.families_N),
        density=intervals.mean(within_NM.sum(axis=0) / k, generated.families_N),
        coverage=intervals.mean(within_NM.any(axis=1), real.families_N),
    )


def squared_distances(first_ND: F32 | F64, second_MD: F32 | F64) -> F64:
    """Squared Euclidean distances between rows, (N, M), never below 0."""
    first, second = first_ND.astype(np.float64), second_MD.astype(np.float64)
    squares = (first**2).sum(axis=1)[:, None] + (second**2).sum(axis=1)[None] - 2.0 * first @ second.T
    distances: F64 = np.maximum(squares, 0.0)
    return distances


def _radii(distances_NN: F64, k: int) -> F64:
    """Squared distance of each row to its k-th nearest other row."""
    distances = distances_NN.copy()
    np.fill_diagonal(distances, -1.0)  # itself comes first whatever rounding made of its zero
    radii: F64 = np.partition(distances, min(k, len(distances) - 1), axis=1)[:, min(k, len(distances) - 1)]
    return radii


@dataclass(frozen=True, slots=True)
class _Kernels:
    """Kernel of every pair, and which pairs within a set count.

    Attributes:
        own: Of the pairs within the real set (N, N), and within the generated one (M, M).
        counts: 1 for pairs of different families, else 0; of the same shapes.
        across_NM: Of the pairs between the sets.
        groups: A group of families for each sprite of either set, for the jackknife.
    """

    own: tuple[F64, F64]
    counts: tuple[F64, F64]
    across_NM: F64
    groups: tuple[I64, I64]

    @classmethod
    def of(cls, real: Drawn, generated: Drawn) -> _Kernels:
        sets = (real, generated)
        counts = [(drawn.families_N[:, None] != drawn.families_N[None]).astype(np.float64) for drawn in sets]
        own = [_kernel(drawn.features_ND, drawn.features_ND) for drawn in sets]
        groups = [intervals.grouped(drawn.families_N) for drawn in sets]
        return cls(
            own=(own[0], own[1]),
            counts=(counts[0], counts[1]),
            across_NM=_kernel(real.features_ND, generated.features_ND),
            groups=(groups[0], groups[1]),
        )

    def discrepancy(self, real_N: npt.NDArray[np.bool_] | I64, generated_M: npt.NDArray[np.bool_] | I64) -> float:
        """The unbiased estimate from some of the sprites; NaN when no pair within a set counts."""
        total = -2.0 * float(self.across_NM[np.ix_(real_N, generated_M)].mean())
        for kernel, count, chosen in zip(self.own, self.counts, (real_N, generated_M), strict=True):
            here = count[np.ix_(chosen, chosen)]
            pairs = float(here.sum())
            total += float((kernel[np.ix_(chosen, chosen)] * here).sum()) / pairs if pairs else float("nan")
        return total

    def estimate(self) -> Estimate:
        """From all sprites, with its interval."""
        everyone = [np.ones(len(group), np.bool_) for group in self.groups]
        without: list[list[float]] = [[], []]
        for side, group in enumerate(self.groups):
            for number in range(int(group.max()) + 1):
                chosen = list(everyone)
                chosen[side] = group != number
                without[side].append(self.discrepancy(chosen[0], chosen[1]))
        return intervals.jackknifed(self.discrepancy(everyone[0], everyone[1]), *without)

    def spread(self) -> float:
        """Standard deviation over random subsets, as papers print beside a KID."""
        rng = np.random.default_rng(_SEED)
        counts = [len(group) for group in self.groups]
        size = max(2, min(_SUBSET, *(count // 2 for count in counts)))
        subsets = [
            self.discrepancy(*(rng.choice(count, min(size, count), replace=False) for count in counts))
            for _ in range(_SUBSETS)
        ]
        sound = [value for value in subsets if np.isfinite(value)]
        return float(np.std(sound, ddof=1)) if len(sound) > 1 else 0.0


def _kernel(first_ND: F32, second_MD: F32) -> F64:
    products = first_ND.astype(np.float64) @ second_MD.astype(np.float64).T
    kernel: F64 = (products / first_ND.shape[1] + 1.0) ** 3
    return kernel
