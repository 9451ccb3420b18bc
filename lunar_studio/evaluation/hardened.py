"""Art as a model of few colours and hard alpha could have drawn it: the same drawing in the same file format."""

from __future__ import annotations

import numpy as np

from lunar_studio.core.arrays import U8
from lunar_studio.core.sprite import Sprite
from lunar_studio.evaluation.reconstruction import SOLID
from lunar_studio.pixels.palette import mapped, reduced_palette


def hardened(sprites_NHWC: U8, colours: int) -> U8:
    """Each sprite with alpha 0 or 255, and reduced to at most so many colours (k-means in OKLab).

    A sprite that is so already comes back as it was, but for colour under alpha 0, which becomes black.

    Args:
        sprites_NHWC: uint8, straight alpha; left as they are.
        colours: Most colours of each, at least 1.
    """
    hard_NHWC = np.array(sprites_NHWC, np.uint8)
    solid_NHW = hard_NHWC[..., 3] >= SOLID
    hard_NHWC[..., 3] = np.where(solid_NHW, 255, 0)
    hard_NHWC[~solid_NHW] = 0
    for index in np.flatnonzero(solid_NHW.any(axis=(1, 2))).tolist():
        sprite = Sprite(hard_NHWC[index])
        if sprite.colour_count() > colours:
            hard_NHWC[index] = mapped(sprite, reduced_palette(sprite, colours)).rgba_HWC
    return hard_NHWC
