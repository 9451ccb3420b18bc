"""A direction from examples: sprites that have more of something, others that have less, and how surely it was learned.

Five and five examples say little more than where their means lie; the covariance that a discriminant analysis would
need is not to be had from ten points in hundreds of dimensions. So the direction is the difference of means, taken in
the model's own directions, each by its standard deviation: what the training art never does is not learned from chance.

How surely is said by leaving each example out in turn and telling from the others on which side it lies.

Shapes: N examples, D coordinates, L numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lunar_studio.core.latent import Direction, Latent
from lunar_studio.session.breeding import Share

FEWEST = 2
"""Examples of each kind that it takes."""

MOST = 40
_FEW = 4  # of each kind: fewer, and all of them told right is not much
_TINY = 1e-9

_F64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TaughtSlider:
    """A slider that the artist has made from examples.

    Attributes:
        id: Unique within a document, `yours/...`.
        name: What she calls it.
        axis: Unit vector in latent space.
        centre: Coordinate of the training art's centre along it.
        sigma: Standard deviation of that coordinate; > 0.
        accuracy: Share of examples told right when left out, 0 to 1, both kinds weighing the same.
        more: Examples that have more of it.
        less: Examples that have less of it.

    Raises:
        ValueError: Something is out of range.
    """

    id: str
    name: str
    axis: Latent
    centre: float
    sigma: float
    accuracy: float
    more: int
    less: int

    def __post_init__(self) -> None:
        if not self.id.startswith("yours/") or not 0.0 <= self.accuracy <= 1.0 or min(self.more, self.less) < FEWEST:
            raise ValueError(f"slider {self.id!r} was not taught")
        if not (math.isfinite(self.centre) and math.isfinite(self.sigma)):
            raise ValueError(f"slider {self.id!r} has a centre or spread that is no number")
        self.as_direction()  # which checks the rest

    def as_direction(self) -> Direction:
        """What the slider moves along."""
        return Direction(self.id, self.name, "yours", self.axis.values_L, self.centre, self.sigma)

    @property
    def strength(self) -> str:
        """How surely it was learned, in words: `weak: 62 %`."""
        return strength(self.accuracy, self.more, self.less)


@dataclass(frozen=True, slots=True)
class Lesson:
    """What was learned from examples.

    Attributes:
        axis: Unit vector from less to more.
        centre: Coordinate of the training art's centre along it.
        sigma: Standard deviation of that coordinate.
        accuracy: Share of examples told right when left out, 0 to 1.
    """

    axis: Latent
    centre: float
    sigma: float
    accuracy: float


def strength(accuracy: float, more: int, less: int) -> str:
    """How surely something was learned, in words; 7 of 10 right is what chance reaches in one of six tries."""
    word = "strong" if accuracy >= 0.85 else "fair" if accuracy >= 0.75 else "weak"
    few = ", of few examples" if min(more, less) < _FEW else ""
    return f"{word}: {accuracy * 100:.0f} %{few}"


def learned(
    more: Sequence[Latent], less: Sequence[Latent], directions: Sequence[Direction], share: Share = "all"
) -> Lesson | None:
    """The direction from the `less` to the `more`; None where both are alike.

    Args:
        more: At least two latents.
        less: At least two latents.
        directions: The model's; those of the artist are left out.
        share: Whether colours, shape or both may be part of it.

    Raises:
        ValueError: There are too few or too many examples, of different models, or no direction of that kind.
    """
    if not FEWEST <= len(more) <= MOST or not FEWEST <= len(less) <= MOST:
        raise ValueError(f"{FEWEST} to {MOST} examples of each kind are needed")
    groups = {"all": ("shape", "colour"), "colours": ("colour",), "shape": ("shape",)}[share]
    basis = [direction for direction in directions if direction.group in groups]
    if not basis or len({len(one) for one in (*more, *less)} | {len(one.axis_L) for one in basis}) != 1:
        raise ValueError("examples and directions of one model are needed")
    axes_DL = np.stack([direction.axis_L for direction in basis]).astype(np.float64)
    sigma_D = np.array([direction.sigma for direction in basis])
    centre_D = np.array([direction.centre for direction in basis])
    more_ND, less_ND = (
        (np.stack([latent.values_L for latent in latents]).astype(np.float64) @ axes_DL.T - centre_D) / sigma_D
        for latents in (more, less)
    )
    step_D = more_ND.mean(axis=0) - less_ND.mean(axis=0)
    axis_L = (step_D * sigma_D) @ axes_DL
    length = float(np.linalg.norm(axis_L))
    if length < _TINY:
        return None
    axis_L /= length
    along_D = axes_DL @ axis_L
    sigma = math.sqrt(float(((along_D * sigma_D) ** 2).sum()))
    return Lesson(Latent(axis_L), float(along_D @ centre_D), sigma, _accuracy(more_ND, less_ND))


def _accuracy(more_ND: _F64, less_ND: _F64) -> float:
    """Share told right when left out, both kinds weighing the same; what lies exactly between counts half."""
    right_more = [_side(one, np.delete(more_ND, index, axis=0), less_ND) for index, one in enumerate(more_ND)]
    right_less = [1.0 - _side(one, more_ND, np.delete(less_ND, index, axis=0)) for index, one in enumerate(less_ND)]
    return (float(np.mean(right_more)) + float(np.mean(right_less))) / 2


def _side(one_D: _F64, more_ND: _F64, less_ND: _F64) -> float:
    """1 where an example lies with the `more`, 0 with the `less`."""
    high_D, low_D = more_ND.mean(axis=0), less_ND.mean(axis=0)
    place = float((one_D - (high_D + low_D) / 2) @ (high_D - low_D))
    return 0.5 if abs(place) < _TINY else float(place > 0)
