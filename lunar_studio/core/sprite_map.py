"""A map of sprites: where each lies in two dimensions, how it scores, and where another one would lie.

Distances are taken in a feature space: the numbers of a latent that say what is drawn, colours at half weight, turned
onto their principal axes and cut to the first 64. Measured on 3,050 sprites of 340 kinds, a sprite's nearest neighbour
there is of its own kind in 73 % (70 % for the bare cells, 39 % for colours alone, 67 % for fingerprints).

Shapes: N points, L latent numbers, D of them kept (those that the model invents), F features, K neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from lunar_studio.core.arrays import F32
from lunar_studio.core.latent import Latent
from lunar_studio.core.sprite import Sprite

I32 = npt.NDArray[np.int32]
MapKind = Literal["art", "invented"]

FEATURES = 64
_COLOUR_WEIGHT = 0.5
_PLACED_BY = 5
_NEARNESS = 6.0


@dataclass(frozen=True, slots=True, eq=False)
class FeatureSpace:
    """What makes two sprites neighbours.

    Attributes:
        means_D: Mean latent of the sprites it was made from.
        basis_DF: Weighted principal axes.
    """

    means_D: F32
    basis_DF: F32

    @staticmethod
    def of(latents_ND: F32, palette_dim: int) -> FeatureSpace:
        """The space of some latents.

        Args:
            latents_ND: float32, shape (points, kept numbers).
            palette_dim: How many of the first numbers set colours only.
        """
        means_D = latents_ND.mean(axis=0) if len(latents_ND) else np.zeros(latents_ND.shape[1], np.float32)
        weights_D = np.ones(latents_ND.shape[1], np.float32)
        weights_D[:palette_dim] = _COLOUR_WEIGHT
        centred_ND = (latents_ND - means_D) * weights_D
        _, axes_DD = np.linalg.eigh(centred_ND.T @ centred_ND)
        axes_DF = axes_DD[:, ::-1][:, :FEATURES]
        # An axis and its opposite are the same; one of them is chosen, or maps would be mirrored by chance.
        largest = np.abs(axes_DF).argmax(axis=0)
        axes_DF = axes_DF * np.sign(axes_DF[largest, np.arange(axes_DF.shape[1])])
        return FeatureSpace(means_D.astype(np.float32), (weights_D[:, None] * axes_DF).astype(np.float32))

    def features(self, latents_ND: F32) -> F32:
        """float32, shape (points, features); latents may be longer than the kept numbers."""
        kept = latents_ND[..., : len(self.means_D)] - self.means_D
        return np.asarray(kept @ self.basis_DF, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class SpriteMap:
    """Sprites laid out so that alike ones lie together.

    Attributes:
        kind: `art` for the training art, `invented` for sprites of the model's own where it does not carry its art.
        places_N2: float32, shape (points, 2), each 0 to 1.
        scores_N: float32, the teacher's score of what the model draws there, 0 to 100; NaN where there is none.
        density_N: float32, 0 (a lonely sprite) to 1 (many like it).
        rooms_N: float32, how far, along the farther axis, each is from those shown before it; infinite for one.
        neighbours_NK: int32, the nearest points of each, nearest first.
        latents_ND: float32, the numbers that say what is drawn; the rest of a latent is 0.
        latent_dim: Numbers of a whole latent.
        space: What makes them neighbours.
        features_NF: float32, the points in that space.
        names: Name of each point in its data set; empty where nobody knows.
    """

    kind: MapKind
    places_N2: F32
    scores_N: F32
    density_N: F32
    rooms_N: F32
    neighbours_NK: I32
    latents_ND: F32
    latent_dim: int
    space: FeatureSpace
    features_NF: F32
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.places_N2)

    def latent(self, index: int) -> Latent:
        """The latent of a point."""
        values_L = np.zeros(self.latent_dim, np.float32)
        values_L[: self.latents_ND.shape[1]] = self.latents_ND[index]
        return Latent(values_L)

    def nearest(self, latent: Latent, count: int = 1) -> tuple[I32, F32]:
        """Points nearest to a latent, nearest first, and their distances in the feature space."""
        apart_N = np.linalg.norm(self.features_NF - self.space.features(latent.values_L), axis=1)
        chosen = np.argsort(apart_N, kind="stable")[:count].astype(np.int32)
        return chosen, apart_N[chosen].astype(np.float32)

    def place(self, latent: Latent) -> tuple[float, float]:
        """Where a latent lies: among its nearest points, hardly drawn by those that are farther.

        Far-off neighbours may lie at the other end of the map, so that a plain mean would fall into the void.
        """
        if not len(self):
            return 0.5, 0.5
        chosen, apart = self.nearest(latent, _PLACED_BY)
        pull = (max(float(apart[0]), 1e-6) / np.maximum(apart, 1e-6)) ** _NEARNESS
        x, y = pull @ self.places_N2[chosen] / pull.sum()
        return float(x), float(y)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The folder each sprite came from, e.g. `dragons`; empty where names do not tell."""
        return tuple(name.split("/")[-2] if "/" in name else "" for name in self.names)

    @property
    def has_scores(self) -> bool:
        """Whether a teacher judged them."""
        return bool(np.isfinite(self.scores_N).any())


@dataclass(frozen=True, slots=True, eq=False)
class MapRoute:
    """A way from one sprite to another through good ones.

    Attributes:
        latents: In-betweens with both ends.
        sprites: One for each.
        scores: One for each; NaN without a teacher.
        places_R2: float32, where they lie on the map.
        lowest: The lowest score between the ends; NaN without a teacher.
        straight_lowest: The same of the straight line between the ends.
        is_straight: Whether no way round is better than the straight line.
    """

    latents: tuple[Latent, ...]
    sprites: tuple[Sprite, ...]
    scores: tuple[float, ...]
    places_R2: F32
    lowest: float
    straight_lowest: float
    is_straight: bool
