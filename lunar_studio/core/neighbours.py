"""What a model's own art holds that is like a sprite."""

from __future__ import annotations

from dataclasses import dataclass

from lunar_studio.core.sprite import Sprite


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One sprite of the training art.

    Attributes:
        name: Its name in the data set, e.g. `mon/dragon.png`.
        family: Number of its family in the data set: frames and recolourings share one.
        distance: How far it is as a drawing, 0 (the same) to 1 (a stranger), wherever it stands, mirrored or not, in
            whatever colours.
    """

    name: str
    family: int
    distance: float


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The nearest sprites of the training art.

    Attributes:
        nearest: Nearest first; empty when nothing is known of the art.
        limit: Distance below which a sprite is a near copy: hardly any unseen real sprite comes so near.
        is_known: Whether the model carries fingerprints of its art.
    """

    nearest: tuple[Neighbour, ...] = ()
    limit: float = 0.0
    is_known: bool = True

    @property
    def is_near_copy(self) -> bool:
        """Whether the sprite is nearer to the training art than new art is."""
        return bool(self.nearest) and self.nearest[0].distance <= self.limit


UNKNOWN_ART = Neighbours(is_known=False)
"""The answer of a model that does not carry its art's fingerprints."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Sprites were compared with the art their model was trained on.

    Attributes:
        topic: Who asked, e.g. `canvas`.
        sprites: In the order asked for.
        neighbours: One for each sprite.
    """

    topic: str
    sprites: tuple[Sprite, ...]
    neighbours: tuple[Neighbours, ...]
