"""The children of a generation: a blend of its parents, then random steps along the found directions.

Steps along found directions keep children near real art. At the same change of pixels the teacher thinks as well of
them as of what the prior draws near the parent (`python -m tests.bench.breeding --ways`); they take a hundredth of the
time and need no network, so that a generation is the same on every machine.

Shapes: N children, M directions, L numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lunar_studio.core.arrays import F32
from lunar_studio.core.blending import LatentParts, blended
from lunar_studio.core.latent import Direction, DirectionGroup, Latent
from lunar_studio.session.breeding import Generation, Share
from lunar_studio.session.document import with_locks

MOVED_DIRECTIONS = 24
"""Directions of each group that take part: those that move most of the picture."""

_MOVED: Mapping[Share, tuple[DirectionGroup, ...]] = {
    "all": ("shape", "colour"),
    "colours": ("colour",),
    "shape": ("shape",),
}


def children(generation: Generation, directions: Sequence[Direction], parts: LatentParts) -> tuple[Latent, ...]:
    """Every child of a generation, in order; the i-th depends on `generation.seed` and i, never on how many there are.

    What they look like is not known here: see `another_child`.

    Args:
        generation: What they grow from.
        directions: Of the model and the artist, largest share first in each group, and raw ones that are held; those
            whose ids are in `generation.held` stay.
        parts: Where the model keeps colours and shape.

    Raises:
        ValueError: Parents and directions are of different models.
    """
    grow = _Growth.of(generation, directions, parts)
    return tuple(grow.child(generation.seed, index) for index in range(generation.count))


def another_child(
    generation: Generation, directions: Sequence[Direction], parts: LatentParts, index: int, attempt: int
) -> Latent:
    """A child in place of the i-th, for whoever has drawn that one and seen nothing.

    Args:
        generation: What it grows from, as in `children`.
        directions: As in `children`.
        parts: As in `children`.
        index: Number of the child, from 0.
        attempt: How many were drawn in its place already.
    """
    # Numbers that a seed does not have count as 0, so the first attempt is 1.
    return _Growth.of(generation, directions, parts).child(generation.seed, index, attempt + 1)


@dataclass(frozen=True, slots=True)
class _Growth:
    """What all children of a generation have in common."""

    generation: Generation
    parts: LatentParts
    held: Sequence[Direction]
    axes_ML: F32

    @classmethod
    def of(cls, generation: Generation, directions: Sequence[Direction], parts: LatentParts) -> _Growth:
        held = [
            one for one in directions if one.id in generation.held and (one.group != "raw" or generation.growth > 1)
        ]
        axes = [direction.sigma * direction.axis_L for direction in _moving(generation, directions)]
        axes_ML: F32 = np.stack(axes) if axes else np.zeros((0, len(generation.parents[0])), np.float32)
        return cls(generation, parts, held, axes_ML)

    def child(self, *seed: int) -> Latent:
        random = np.random.default_rng(seed)
        latent = _blend(self.generation, self.parts, random)
        steps_M = random.normal(0.0, self.generation.strength, len(self.axes_ML)).astype(np.float32)
        return with_locks(Latent(latent.values_L + steps_M @ self.axes_ML), self.generation.parents[0], self.held)


def _moving(generation: Generation, directions: Sequence[Direction]) -> list[Direction]:
    moving: list[Direction] = []
    for group in _MOVED[generation.share]:
        free = [one for one in directions if one.group == group and one.id not in generation.held]
        moving += free[:MOVED_DIRECTIONS]
    return moving


def _blend(generation: Generation, parts: LatentParts, random: np.random.Generator) -> Latent:
    """Somewhere between two parents, in colours and in shape apart; what may not differ is one parent's own."""
    parents = generation.parents
    if len(parents) == 1:
        return parents[0]
    first, second = random.choice(len(parents), 2, replace=False)
    shape_way, colour_way = random.uniform(size=2)
    if generation.share == "colours":
        shape_way = 0.0
    elif generation.share == "shape":
        colour_way = 0.0
    return blended(
        [parents[first], parents[second]],
        [1.0 - shape_way, shape_way],
        parts,
        [1.0 - colour_way, colour_way],
    )
