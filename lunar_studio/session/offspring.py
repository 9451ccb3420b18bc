"""The children of a generation: a blend of its parents, then random steps along the found directions.

Steps along found directions keep children near real art. At the same change of pixels the teacher thinks as well of
them as of what the prior draws near the parent (`python -m tests.bench.breeding --ways`); they take a hundredth of the
time and need no network, so that a generation is the same on every machine.

Shapes: N children, M directions, L numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

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

    Args:
        generation: What they grow from.
        directions: Of the model and the artist, largest share first in each group; ids in `generation.held` stay.
        parts: Where the model keeps colours and shape.

    Raises:
        ValueError: Parents and directions are of different models.
    """
    held = [direction for direction in directions if direction.id in generation.held]
    moving = _moving(generation, directions)
    axes_ML = np.stack([direction.sigma * direction.axis_L for direction in moving]) if moving else None
    made = []
    for index in range(generation.count):
        random = np.random.default_rng([generation.seed, index])
        latent = _blend(generation, parts, random)
        steps_M = random.normal(0.0, generation.strength, len(moving)).astype(np.float32)
        if axes_ML is not None:
            latent = Latent(latent.values_L + steps_M @ axes_ML)
        made.append(with_locks(latent, generation.parents[0], held))
    return tuple(made)


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
