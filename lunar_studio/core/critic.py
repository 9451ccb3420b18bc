"""What the critic answers: which pixels cost the score, what would stand better there, how a sprite could improve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lunar_studio.core.arrays import F32, read_only
from lunar_studio.core.latent import Latent
from lunar_studio.core.overlay import NOTHING, Overlay, Pixel, Rgba
from lunar_studio.core.score import Score
from lunar_studio.core.sprite import Sprite

WHOLE = -1
"""Stands for the whole score where an expert's number is asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class BlameMap:
    """Which pixels of a sprite cost the score.

    Attributes:
        sprite: What was looked at.
        expert: The number of the expert it is about; `WHOLE` for the whole score.
        heat_HW: float32, (height, width) of the sprite, read-only, 0 (costs nothing) to 1 (costs most); 0
            everywhere where nothing is to blame.
    """

    sprite: Sprite
    expert: int
    heat_HW: F32

    def __init__(self, sprite: Sprite, expert: int, heat_HW: npt.ArrayLike) -> None:
        heat = read_only(heat_HW, np.float32)
        if heat.shape != (sprite.height, sprite.width):
            raise ValueError(f"a map of {heat.shape} does not fit a sprite of {sprite.height} by {sprite.width}")
        object.__setattr__(self, "sprite", sprite)
        object.__setattr__(self, "expert", expert)
        object.__setattr__(self, "heat_HW", heat)


@dataclass(frozen=True, slots=True)
class Replacement:
    """Another colour for one pixel.

    Attributes:
        rgba: The colour, straight alpha; alpha 0 takes the pixel away.
        gain: Points that the score gains with it, of 100; negative for a loss.
    """

    rgba: Rgba
    gain: float


@dataclass(frozen=True, slots=True)
class Replacements:
    """What could stand in a pixel's place.

    Attributes:
        sprite: What was looked at.
        pixel: Column and row.
        expert: The number of the expert whose points are told; `WHOLE` for the whole score.
        choices: The best first; none where nothing can be said.
    """

    sprite: Sprite
    pixel: Pixel
    expert: int
    choices: tuple[Replacement, ...]


@dataclass(frozen=True, slots=True)
class ImproveTask:
    """What to improve, and what to leave alone.

    Attributes:
        latent: Where to begin.
        edits: Painted pixels over it.
        expert: The number of the expert to please; `WHOLE` for the whole score.
        holds_palette: Whether no colour may come in that is not there.
        holds_silhouette: Whether pixels stay visible or transparent as they are.
        holds_pins: Whether painted pixels, pinned or not, stay exactly so.
    """

    latent: Latent
    edits: Overlay = NOTHING
    expert: int = WHOLE
    holds_palette: bool = True
    holds_silhouette: bool = True
    holds_pins: bool = True

    @property
    def held(self) -> Overlay:
        """The painted pixels that stay as they are."""
        return self.edits if self.holds_pins else NOTHING


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a difference whose pixels hang together.

    Attributes:
        pixels: Column and row of each, row by row.
        gain: Points that the score gains when only this part is taken.
    """

    pixels: tuple[Pixel, ...]
    gain: float


@dataclass(frozen=True, slots=True)
class Improvement:
    """The best version so far.

    Attributes:
        task: What was asked.
        step: Steps done; 0 is where it began.
        steps: Steps that it may take.
        before: The sprite as it was.
        sprite: The best version.
        latent: What the model draws it from.
        drawn: What the model draws from that, before painted and held pixels are put in their places.
        score_before: Of `before`.
        score: Of `sprite`.
        distance: How far the latent went, in spreads of the model's own sprites (root mean square).
        regions: The parts of the difference, the most gainful first; empty until it has ended.
        has_ended: Whether this is the last report.
        radius: The furthest that it may go, in the unit of `distance`.
    """

    task: ImproveTask
    step: int
    steps: int
    before: Sprite
    sprite: Sprite
    latent: Latent
    drawn: Sprite
    score_before: Score
    score: Score
    distance: float
    regions: tuple[Region, ...] = ()
    has_ended: bool = False
    radius: float = 0.0


def value_of(score: Score, expert: int) -> float:
    """The points of an expert, or of the whole for `WHOLE`."""
    return score.value if expert == WHOLE else score.experts[expert].value
