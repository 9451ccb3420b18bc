"""Grooves: draw and judge what lies along a slider, in steps so small that a drag that begins meanwhile never waits.

One sprite after the other, because a batch would hold the thread for its whole length and wins little: on one thread
the networks take as long for seven sprites at once as for seven in turn (`tests/bench/grooves.py` measures both).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from lunar_studio.core.groove import Groove, latents_along
from lunar_studio.core.latent import Direction, Latent
from lunar_studio.core.overlay import NOTHING, Overlay
from lunar_studio.core.score import Score
from lunar_studio.core.sprite import Sprite
from lunar_studio.core.track import stops


class DrawsAndJudges(Protocol):
    """What a groove needs of a model; `explore.engine.Engine` has it."""

    def decode(self, latent: Latent) -> Sprite:
        """The exact pixels of a latent."""

    def score(self, sprite: Sprite) -> Score:
        """The teacher's judgement."""


def along(
    model: DrawsAndJudges,
    latent: Latent,
    direction: Direction,
    edits: Overlay = NOTHING,
    positions: Sequence[float] = stops(),
) -> Iterator[Groove | None]:
    """What the canvas would show with a slider at each of some positions, and its score there.

    Everything else stays: other sliders, locked or not, because a direction moves nothing but itself; painted and
    pinned pixels, because they lie over every sprite as they do on the canvas.

    Args:
        model: Draws and judges.
        latent: Where the document stands.
        direction: The slider's.
        edits: Painted pixels.
        positions: Where to look, in standard deviations; rising.

    Yields:
        None after each drawing and each judgement, as a place to stop; the groove at the end.

    Raises:
        ValueError: Latent or direction is of another length than the model's.
    """
    sprites: list[Sprite] = []
    scores: list[float] = []
    for place in latents_along(latent, direction, positions):
        sprites.append(edits.over(model.decode(place)))
        yield None
        scores.append(model.score(sprites[-1]).value)
        yield None
    yield Groove(direction, latent, edits, tuple(positions), tuple(sprites), tuple(scores))


def groove(
    model: DrawsAndJudges,
    latent: Latent,
    direction: Direction,
    edits: Overlay = NOTHING,
    positions: Sequence[float] = stops(),
) -> Groove:
    """As `along`, in one go.

    Raises:
        ValueError: Latent or direction is of another length than the model's.
    """
    found = [step for step in along(model, latent, direction, edits, positions) if step is not None]
    return found[-1]
