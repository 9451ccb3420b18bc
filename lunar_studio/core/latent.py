"""A latent, and the directions along which sliders move it.

A slider has no state of its own: its position is the latent's coordinate along its direction, so a
re-roll moves every slider, and moving a slider moves the latent by exactly the difference.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from lunar_studio.core.arrays import F32, read_only

DirectionGroup = Literal["shape", "colour", "yours", "raw"]


@dataclass(frozen=True, slots=True, eq=False)
class Latent:
    """A point in a model's latent space.

    Attributes:
        values_L: float32, shape (latent_dim,), read-only, finite.

    Raises:
        ValueError: Not one-dimensional, or not finite.
    """

    values_L: F32

    def __init__(self, values_L: npt.ArrayLike) -> None:
        values = read_only(values_L, np.float32)
        if values.ndim != 1:
            raise ValueError(f"a latent is one-dimensional, not {values.shape}")
        if not np.isfinite(values).all():
            raise ValueError("a latent must be finite")
        object.__setattr__(self, "values_L", values)

    def __len__(self) -> int:
        return int(self.values_L.shape[0])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Latent):
            return NotImplemented
        return np.array_equal(self.values_L, other.values_L)

    def __hash__(self) -> int:
        return hash(self.values_L.tobytes())


@dataclass(frozen=True, slots=True, eq=False)
class Direction:
    """A unit vector in latent space with a scale, as found in the encoded training art.

    Attributes:
        id: Stable name, e.g. `shape/3`, `colour/0`, `raw/17`, `yours/warm`.
        name: What the slider is called until the artist renames it.
        group: Which section of the panel it stands in.
        axis_L: float32, shape (latent_dim,), unit length, read-only.
        centre: Mean coordinate of the training art along the axis, in latent units.
        sigma: Standard deviation of that coordinate, in latent units; > 0.
        share: Share of the picture that moves with it, 0 to 1, relative to its group.
    """

    id: str
    name: str
    group: DirectionGroup
    axis_L: F32
    centre: float = 0.0
    sigma: float = 1.0
    share: float = 0.0

    def __post_init__(self) -> None:
        axis = read_only(self.axis_L, np.float32)
        length = float(np.linalg.norm(axis))
        if axis.ndim != 1 or not np.isfinite(length) or abs(length - 1.0) > 1e-2:
            raise ValueError(f"direction {self.id}: the axis must be a finite unit vector")
        if not self.sigma > 0.0:
            raise ValueError(f"direction {self.id}: sigma must be positive")
        object.__setattr__(self, "axis_L", axis)

    def position(self, latent: Latent) -> float:
        """The latent's coordinate along this direction, in standard deviations from the centre."""
        return (float(self.axis_L @ latent.values_L) - self.centre) / self.sigma

    def moved(self, latent: Latent, position: float) -> Latent:
        """The latent moved along this direction so that `position()` gives `position`."""
        step = np.float32((position - self.position(latent)) * self.sigma)
        return Latent(latent.values_L + step * self.axis_L)


def raw_directions(latent_dim: int) -> tuple[Direction, ...]:
    """One direction for each raw number of the latent, named `raw/0` upwards."""
    eye = np.eye(latent_dim, dtype=np.float32)
    return tuple(Direction(f"raw/{index}", f"z{index}", "raw", eye[index]) for index in range(latent_dim))


def moved_along(latent: Latent, moves: Iterable[tuple[Direction, float]]) -> Latent:
    """`latent` after each (direction, position) in turn."""
    for direction, position in moves:
        latent = direction.moved(latent, position)
    return latent
