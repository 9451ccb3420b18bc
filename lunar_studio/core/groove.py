"""What lies along a slider: the sprites at a few stops of its track, and what the teacher says of each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lunar_studio.core.latent import Direction, Latent
from lunar_studio.core.overlay import Overlay
from lunar_studio.core.sprite import Sprite

_SAME_LINE = 1e-3
"""Of a standard deviation: float32 latents that were moved to and fro lie apart by far less."""


@dataclass(frozen=True, slots=True)
class Groove:
    """What lies along one direction, with everything else as it is.

    Attributes:
        direction: The slider's.
        latent: Where the document stood; any other latent on the same line would have given the same.
        edits: Painted pixels that lay over every sprite.
        positions: In standard deviations, rising.
        sprites: What the canvas would show there.
        scores: The teacher's, 0 to 100; NaN without a teacher.
    """

    direction: Direction
    latent: Latent
    edits: Overlay
    positions: tuple[float, ...]
    sprites: tuple[Sprite, ...]
    scores: tuple[float, ...]

    @property
    def has_scores(self) -> bool:
        """Whether a teacher has judged it."""
        return bool(self.scores) and not any(math.isnan(score) for score in self.scores)

    @property
    def best(self) -> int:
        """Which stop scores highest; the first of equals, and the first of all without a teacher."""
        return max(range(len(self.scores)), key=self.scores.__getitem__) if self.has_scores else 0

    def holds(self, latent: Latent, edits: Overlay) -> bool:
        """Whether it is still true of a document: the same painted pixels, and moved along this direction only."""
        if edits != self.edits or len(latent) != len(self.latent):
            return False
        apart_L = self.direction.moved(latent, 0.0).values_L - self.direction.moved(self.latent, 0.0).values_L
        return bool(np.abs(apart_L).max() <= _SAME_LINE * self.direction.sigma)

    def nearest(self, position: float) -> int:
        """The stop that is nearest to a position."""
        return min(range(len(self.positions)), key=lambda place: abs(self.positions[place] - position))


def latents_along(latent: Latent, direction: Direction, positions: Sequence[float]) -> tuple[Latent, ...]:
    """Where the slider of `direction` would take `latent`, as `session.commands.MoveSlider` does."""
    return tuple(direction.moved(latent, position) for position in positions)
