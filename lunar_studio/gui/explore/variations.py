"""Variations of a latent: random steps along the found directions, so that they stay near real art."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lunar_studio.core.latent import Direction, Latent, moved_along

MOVED_DIRECTIONS = 24
"""Directions of each group that take part: those that move most of the picture."""


def variations(
    latent: Latent, directions: Sequence[Direction], *, strength: float, seed: int, count: int
) -> tuple[Latent, ...]:
    """`count` latents near `latent`; the same arguments give the same latents.

    Args:
        latent: Where they start.
        directions: What may move, largest share first in each group; leave locked sliders out.
        strength: Standard deviation of each step, in standard deviations of the training art.
        seed: Of the random steps.
        count: How many.
    """
    random = np.random.default_rng(seed)
    moving: list[Direction] = []
    for group in ("shape", "colour"):
        moving += [direction for direction in directions if direction.group == group][:MOVED_DIRECTIONS]
    made = []
    for _ in range(count):
        steps = random.normal(0.0, strength, len(moving))
        made.append(
            moved_along(
                latent,
                [(direction, direction.position(latent) + step) for direction, step in zip(moving, steps, strict=True)],
            )
        )
    return tuple(made)
