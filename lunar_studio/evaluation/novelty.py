"""How many generated sprites are near copies of what the model learnt from?

The distance is that of `data.likeness`: of drawings, blind to shifts by a few pixels, mirroring and colours. What is
too near is read from the art: the 1st percentile of the distances from held-out real sprites to their nearest
training sprites. No family stands on both sides of the split, so that is how near unrelated real art comes by itself,
and 1 % of real art counts as a copy by definition. (Distances among training sprites would not do: recolours of one
family would make the limit so small that only perfect copies were found.)

Shapes: N sprites.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lunar_studio.core.arrays import F32, U8
from lunar_studio.data.likeness import near_copy_limit, nearest
from lunar_studio.evaluation import intervals
from lunar_studio.evaluation.intervals import I64, Estimate
from lunar_studio.pixels.likeness.maps import structure_maps

_BATCH = 8


@dataclass(frozen=True, slots=True)
class NoveltyFigures:
    """How near generated sprites come to training sprites.

    Attributes:
        copies: Share of generated sprites that are near copies; Wilson's interval, the limit taken as it is.
        limit: Distance at which a sprite is a near copy.
        distance: Median distance of generated sprites to their nearest training sprite.
        real_distance: The same of held-out real sprites.
        worst: Positions of the ten generated sprites that come nearest, nearest first.
        worst_sources: Position of the training sprite that each of them comes near to.
    """

    copies: Estimate
    limit: float
    distance: float
    real_distance: float
    worst: tuple[int, ...]
    worst_sources: tuple[int, ...]


def novelty(
    drawn_NHWC: U8, held_out_NHWC: U8, training_NHWC: U8, *, progress: Callable[[int, int], None] | None = None
) -> NoveltyFigures:
    """Compare every generated and every held-out sprite with every training sprite.

    Args:
        drawn_NHWC: Generated sprites, at least one; uint8, all of one size.
        held_out_NHWC: Real sprites of families that the model has not seen, of that size.
        training_NHWC: Those it has learnt from, at least one, of that size.
        progress: Told how many sprites have been compared, and of how many.
    """
    everyone = np.concatenate([drawn_NHWC, held_out_NHWC])
    source_N, distance_N = _nearest(everyone, training_NHWC, progress)
    drawn_N, real_N = distance_N[: len(drawn_NHWC)], distance_N[len(drawn_NHWC) :]
    limit = near_copy_limit(real_N)
    worst = np.argsort(drawn_N, kind="stable")[:10]
    return NoveltyFigures(
        copies=intervals.share(drawn_N <= limit),
        limit=limit,
        distance=float(np.median(drawn_N)),
        real_distance=float(np.median(real_N)) if len(real_N) else 0.0,
        worst=tuple(worst.tolist()),
        worst_sources=tuple(source_N[worst].tolist()),
    )


def _nearest(sprites_NHWC: U8, training_NHWC: U8, progress: Callable[[int, int], None] | None) -> tuple[I64, F32]:
    """Position of the nearest training sprite of each, and how far it is; both of shape (N,)."""
    library = structure_maps(np.asarray(training_NHWC))
    source_N, distance_N = np.zeros(len(sprites_NHWC), np.int64), np.zeros(len(sprites_NHWC), np.float32)
    for start in range(0, len(sprites_NHWC), _BATCH):
        part = slice(start, start + _BATCH)
        source_NK, distance_NK = nearest(sprites_NHWC[part], library, 1)
        source_N[part], distance_N[part] = source_NK[:, 0], distance_NK[:, 0]
        if progress is not None:
            progress(min(start + _BATCH, len(sprites_NHWC)), len(sprites_NHWC))
    return source_N, distance_N
