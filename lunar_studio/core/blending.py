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
