"""How near the drawings of a set come to each other: the measure for what is a near copy.

The distance itself is `pixels.likeness.distance`; its `distance` and `nearest` can be imported from here too.

Real art repeats itself: a buckler is much like another, and sets hold recoloured creatures that stand in different
families. So what counts as too near is read from the art: a picture is a near copy when it comes nearer to a
training sprite than nearly all unseen real sprites do.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from lunar_studio.core.arrays import F32
from lunar_studio.data.dataset import I64, Dataset
from lunar_studio.pixels.likeness.distance import distance, nearest
from lunar_studio.pixels.likeness.fingerprints import BYTES, I8, FingerprintScan, fingerprints
from lunar_studio.pixels.likeness.maps import structure_maps

__all__ = ["distance", "near_copy_limit", "nearest", "real_to_real", "train_fingerprints"]

LIMIT_PERCENT = 1.0
"""Percentile of the real distances below which a picture is a near copy."""

SAME_FINGERPRINT = 0.05
"""Fingerprints nearer than this are of one drawing, whatever the art: what stands this near to another sprite of a
large public set is its recolouring, or as simple as a buckler. Sets that hold recoloured copies in several families
have a first percentile below it."""

_PARTS: tuple[Literal["train"], Literal["validation"]] = ("train", "validation")
_BATCH = 512


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


def train_fingerprints(dataset: Dataset) -> tuple[I8, float]:
    """Fingerprints of the training sprites, and the distance below which another fingerprint is a near copy's.

    Returns:
        int8, shape (training sprites, 96), in the order of `dataset.indices("train")`; and a distance of
        fingerprints, 0 to 1: the 1st percentile of those from validation to training sprites, at least
        `SAME_FINGERPRINT`.
    """
    train_ND, unseen_ND = (_fingerprints(dataset, dataset.indices(part)) for part in _PARTS)
    if not len(train_ND):
        return train_ND, SAME_FINGERPRINT
    scan = FingerprintScan.of(train_ND)
    real_N = np.array([scan.distances(code_D).min() for code_D in unseen_ND], np.float32)
    return train_ND, max(near_copy_limit(real_N), SAME_FINGERPRINT)


def _fingerprints(dataset: Dataset, chosen: I64) -> I8:
    parts = [
        fingerprints(np.ascontiguousarray(dataset.sprites_NHWC[chosen[start : start + _BATCH]]))
        for start in range(0, len(chosen), _BATCH)
    ]
    return np.concatenate(parts) if parts else np.zeros((0, BYTES), np.int8)
