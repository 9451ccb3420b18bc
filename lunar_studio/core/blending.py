"""Between latents: what a mix of two to four sprites, or a child of several parents, is in numbers.

The parts of a latent ask for different ways. Measured on the bundled model's training art (200 sprites):

    palette   its numbers are colours themselves; two palettes point much the same way (mean cosine 0.5). Half-way
              between two colours is their mean: straight.
    cells     lengths lie close together (18 give or take 5) and any two are almost at right angles (mean cosine
              0.03), as in high-dimensional noise. A straight mean is shorter by a third than any sprite the decoder
              has seen, and draws mush; on the sphere (Shoemake 1985) the length stays.
    detail    corrections to one drawing, which mean nothing over another, and 0 means none: straight, so that they
              fade where drawings mix.

Shapes: N latents, L numbers of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lunar_studio.core.latent import Latent

_F64 = npt.NDArray[np.float64]

# On the sphere, the mean of two directions is found at once; that of four is within float32 after so many rounds.
_ROUNDS = 8
# Shorter than this, or nearer to opposite than this, directions have no one way between them.
_TINY = 1e-6


@dataclass(frozen=True, slots=True)
class LatentParts:
    """Where a model's latent keeps what.

    Attributes:
        palette: Leading numbers that set colours only; 0 where colours and shape are mixed.
        invented: Leading numbers that the prior invents, those of the palette among them; the rest is detail.

    Raises:
        ValueError: The palette is longer than what is invented.
    """

    palette: int
    invented: int

    def __post_init__(self) -> None:
        if not 0 <= self.palette <= self.invented:
            raise ValueError(f"{self.palette} of {self.invented} numbers cannot be the palette")

    @property
    def keeps_colours_apart(self) -> bool:
        """Whether colours can be taken from one sprite and the shape from another."""
        return self.palette > 0


def blended(
    latents: Sequence[Latent],
    shape: Sequence[float],
    parts: LatentParts,
    colours: Sequence[float] | None = None,
) -> Latent:
    """A mix of latents.

    Args:
        latents: At least one, all of one length.
        shape: Weight of each in cells and detail, not negative, not all 0; their sum is taken as the whole.
        parts: Where colours and shape are kept.
        colours: Weight of each in the palette; as the shape's where left out.

    Raises:
        ValueError: Lengths or weights make no sense.
    """
    values_NL = np.stack([latent.values_L.astype(np.float64) for latent in latents])
    shape_N, colours_N = _weights(shape, len(latents)), _weights(shape if colours is None else colours, len(latents))
    if parts.invented > values_NL.shape[1]:
        raise ValueError(f"a latent of {values_NL.shape[1]} numbers has no {parts.invented} invented ones")
    palette, cells, detail = np.split(values_NL, [parts.palette, parts.invented], axis=1)
    return Latent(np.concatenate([colours_N @ palette, _on_sphere(cells, shape_N), shape_N @ detail]))


def _weights(weights: Sequence[float], count: int) -> _F64:
    weights_N = np.asarray(weights, np.float64)
    total = float(weights_N.sum())
    if weights_N.shape != (count,) or not np.isfinite(total) or total <= 0.0 or bool((weights_N < 0.0).any()):
        raise ValueError(f"{list(weights)} are no weights of {count} latents")
    normal_N: _F64 = weights_N / total
    return normal_N


def _on_sphere(vectors_NL: _F64, weights_N: _F64) -> _F64:
    """The weighted mean of directions on the sphere (Buss and Fillmore 2001), with the weighted mean of lengths."""
    counts_N = weights_N > 0.0
    vectors_NL, weights_N = vectors_NL[counts_N], weights_N[counts_N]
    lengths_N = np.linalg.norm(vectors_NL, axis=1)
    straight_L: _F64 = weights_N @ vectors_NL
    if len(weights_N) == 1 or float(lengths_N.min()) < _TINY:
        return straight_L
    units_NL = vectors_NL / lengths_N[:, None]
    mean_L = weights_N @ units_NL
    if float(np.linalg.norm(mean_L)) < _TINY:
        return straight_L
    mean_L /= np.linalg.norm(mean_L)
    for _ in range(_ROUNDS):
        cosines_N = np.clip(units_NL @ mean_L, -1.0, 1.0)
        angles_N = np.arccos(cosines_N)
        away_NL = units_NL - cosines_N[:, None] * mean_L
        away_NL *= (angles_N / np.maximum(np.linalg.norm(away_NL, axis=1), _TINY))[:, None]
        step_L = weights_N @ away_NL
        angle = float(np.linalg.norm(step_L))
        if angle < _TINY:
            break
        mean_L = np.cos(angle) * mean_L + np.sin(angle) / angle * step_L
        mean_L /= np.linalg.norm(mean_L)
    found_L: _F64 = float(weights_N @ lengths_N) * mean_L
    return found_L


# ---- the pad ---------------------------------------------------------------------------------------------

_CORNERS: dict[int, tuple[tuple[float, float], ...]] = {
    1: ((0.5, 0.5),),
    2: ((0.0, 0.5), (1.0, 0.5)),
    3: ((0.0, 1.0), (1.0, 1.0), (0.5, 0.0)),
    4: ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)),
}
MOST_MIXED = 4


def corners(count: int) -> tuple[tuple[float, float], ...]:
    """Where `count` sprites stand on a pad, 1 to 4: x and y, 0 to 1, y downwards.

    Raises:
        ValueError: So many find no place.
    """
    if count not in _CORNERS:
        raise ValueError(f"a pad has no corners for {count} sprites")
    return _CORNERS[count]


def pad_weights(count: int, x: float, y: float) -> tuple[float, ...]:
    """How much of each sprite a point of the pad means: along a line, barycentric, or bilinear.

    Args:
        count: Sprites, 1 to 4.
        x: 0 to 1; what lies outside counts as the edge.
        y: 0 to 1, downwards.

    Returns:
        One weight for each corner, not negative, 1 in all.

    Raises:
        ValueError: So many find no place.
    """
    corners(count)
    x, y = min(1.0, max(0.0, x)), min(1.0, max(0.0, y))
    if count == 1:
        return (1.0,)
    if count == 2:
        return (1.0 - x, x)
    if count == 4:
        return ((1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y)
    top = 1.0 - y
    right = min(1.0 - top, max(0.0, x - 0.5 * top))
    return (max(0.0, 1.0 - top - right), right, top)


def pad_point(weights: Sequence[float]) -> tuple[float, float]:
    """The point of the pad that means these weights; for four, the one in the middle of those that could.

    Raises:
        ValueError: There is no pad for so many.
    """
    places = corners(len(weights))
    pairs = list(zip(weights, places, strict=True))
    return sum(weight * x for weight, (x, _) in pairs), sum(weight * y for weight, (_, y) in pairs)


def in_betweens(latents: Sequence[Latent], count: int, parts: LatentParts) -> tuple[Latent, ...]:
    """The way from the first latent to the last through those between, both ends included.

    Args:
        latents: At least two.
        count: How many on the way, at least two.
        parts: Where the model keeps colours and shape.

    Raises:
        ValueError: There are fewer, or they are of different models.
    """
    if len(latents) < 2 or count < 2:
        raise ValueError("a way leads from one sprite to another")
    found = []
    for place in np.linspace(0.0, len(latents) - 1.0, count).tolist():
        leg = min(int(place), len(latents) - 2)
        way = place - leg
        found.append(blended(latents[leg : leg + 2], [1.0 - way, way], parts))
    return tuple(found)
