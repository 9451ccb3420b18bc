"""How near the drawings of a set come to each other: the measure for what is a near copy.

The distance itself is `pixels.likeness.distance`; its `distance` and `nearest` can be imported from here too.

Real art repeats itself: a buckler is much like another, and sets hold recoloured creatures that stand in different
families. So what counts as too near is read from the art: a picture is a near copy when it comes nearer to a
training sprite than nearly all unseen real sprites do.
"""

from __future__ import annotations

import numpy as np

from lunar_studio.core.arrays import F32
from lunar_studio.data.dataset import Dataset
from lunar_studio.pixels.likeness.distance import distance, nearest
from lunar_studio.pixels.likeness.maps import structure_maps

__all__ = ["distance", "near_copy_limit", "nearest", "real_to_real"]

LIMIT_PERCENT = 1.0
"""Percentile of the real distances below which a picture is a near copy."""


def real_to_real(dataset: Dataset, most: int = 400) -> F32:
    """Distance of each validation sprite to its nearest training sprite; no family stands on both sides.

    Takes about 30 ms of one core for a thousand pairs at 32 × 32 pixels.

    Args:
        dataset: The art.
        most: Take this many validation sprites, spread evenly, where there are more.

    Returns:
        float32, shape (sprites,), 0 to 1; empty when nothing validates.
    """
    unseen = dataset.indices("validation")
    if len(unseen) > most:
        unseen = unseen[np.linspace(0, len(unseen) - 1, most).astype(np.int64)]
    if not len(unseen) or dataset.split.all():
        return np.zeros(0, np.float32)
    library = structure_maps(np.asarray(dataset.sprites_NHWC[dataset.indices("train")]))
    return nearest(np.asarray(dataset.sprites_NHWC[unseen]), library, 1)[1][:, 0]


def near_copy_limit(real_N: F32) -> float:
    """The distance below which a picture is a near copy: the 1st percentile of what `real_to_real` found.

    Without real distances the limit is 0: only what is the same drawing to the pixel is then a copy.
    """
    return float(np.percentile(real_N, LIMIT_PERCENT)) if len(real_N) else 0.0
