"""How many generated sprites are near copies of what the model learnt from?

The distance is that of `data.likeness`: of drawings, blind to shifts by a few pixels, mirroring and colours. What is
too near is read from the art: the 1st percentile of the distances from held-out real sprites to their nearest
training sprites. No family stands on both sides of the split, so that is how near unrelated real art comes by itself,
and 1 % of real art counts as a copy by definition (more, where more of it is the same drawing as a training sprite but
for its colours: then the limit is 0). (Distances among training sprites would not do: recolours of one
family would make the limit so small that only perfect copies were found.) Sprites that show nothing are no drawings:
they are no copies, and do not set the limit.

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
from lunar_studio.pixels.likeness.index import SCANNED, LikenessIndex
from lunar_studio.pixels.likeness.maps import SEEN_ALPHA, structure_maps

_BATCH = 8


@dataclass(frozen=True, slots=True)
class NoveltyFigures:
    """How near generated sprites come to training sprites.

    Attributes:
        copies: Share of generated sprites that are near copies; Wilson's interval, the limit taken as it is.
        real_copies: Share of held-out real sprites that are as near; about 1 %, but more where many are at distance 0.
        limit: Distance at which a sprite is a near copy.
        distance: Median distance of generated sprites to their nearest training sprite, of those that show something.
        real_distance: The same of held-out real sprites.
        worst: Positions of the ten generated sprites that come nearest, nearest first; fewer when fewer show something.
        worst_sources: Position of the training sprite that each of them comes near to.
    """

    copies: Estimate
    real_copies: float
    limit: float
    distance: float
    real_distance: float
    worst: tuple[int, ...]
    worst_sources: tuple[int, ...]


def novelty(
    drawn_NHWC: U8, held_out_NHWC: U8, training_NHWC: U8, *, progress: Callable[[int, int], None] | None = None
) -> NoveltyFigures:
    """Compare every generated and every held-out sprite with the training sprites.

    With every one of them up to 5,000, beyond that with those that `pixels.likeness.index` finds.

    Args:
        drawn_NHWC: Generated sprites, at least one; uint8, all of one size.
        held_out_NHWC: Real sprites of families that the model has not seen, of that size.
        training_NHWC: Those it has learnt from, at least one, of that size.
        progress: Told how many sprites have been compared, and of how many.
    """
    everyone = np.concatenate([drawn_NHWC, held_out_NHWC])
    source_N, distance_N = _nearest(everyone, training_NHWC, progress)
    shows_N = everyone[..., 3].reshape(len(everyone), -1).max(axis=1) >= SEEN_ALPHA
    count = len(drawn_NHWC)
    real_N = distance_N[count:][shows_N[count:]]
    limit = near_copy_limit(real_N)
    shown = np.flatnonzero(shows_N[:count])
    worst = shown[np.argsort(distance_N[shown], kind="stable")[:10]]
    return NoveltyFigures(
        copies=intervals.share(shows_N[:count] & (distance_N[:count] <= limit)),
        real_copies=float((real_N <= limit).mean()) if len(real_N) else 0.0,
        limit=limit,
        distance=float(np.median(distance_N[shown])) if len(shown) else 0.0,
        real_distance=float(np.median(real_N)) if len(real_N) else 0.0,
        worst=tuple(worst.tolist()),
        worst_sources=tuple(source_N[worst].tolist()),
    )


def _nearest(sprites_NHWC: U8, training_NHWC: U8, progress: Callable[[int, int], None] | None) -> tuple[I64, F32]:
    """Position of the nearest training sprite of each, and how far it is; both of shape (N,)."""
    training_NHWC = np.asarray(training_NHWC)
    index = LikenessIndex.of(training_NHWC) if len(training_NHWC) > SCANNED else None
    library = structure_maps(training_NHWC) if index is None else index.maps
    source_N, distance_N = np.zeros(len(sprites_NHWC), np.int64), np.zeros(len(sprites_NHWC), np.float32)
    for start in range(0, len(sprites_NHWC), _BATCH):
        part = slice(start, start + _BATCH)
        if index is None:
            found = nearest(sprites_NHWC[part], library, 1)
        else:
            alone = [index.nearest(sprite, 1) for sprite in sprites_NHWC[part]]
            found = np.stack([place for place, _ in alone]), np.stack([apart for _, apart in alone])
        source_N[part], distance_N[part] = found[0][:, 0], found[1][:, 0]
        if progress is not None:
            progress(min(start + _BATCH, len(sprites_NHWC)), len(sprites_NHWC))
    return source_N, distance_N
