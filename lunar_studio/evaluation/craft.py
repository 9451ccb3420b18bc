"""What can be counted about how sprites are made: the habits of generated ones beside those of art."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lunar_studio.core.arrays import U8
from lunar_studio.core.sprite import Sprite
from lunar_studio.evaluation import intervals
from lunar_studio.evaluation.intervals import I64, Estimate
from lunar_studio.evaluation.reconstruction import SOLID
from lunar_studio.pixels.lint import lint

_STRAY = "orphan-pixel"


@dataclass(frozen=True, slots=True)
class CraftFigures:
    """Means over sprites with a bootstrap over families.

    Attributes:
        colours: Distinct colours of a sprite, of pixels that are not fully transparent.
        empty: Share of sprites without one pixel of alpha 128.
        opaque: Share of the picture with alpha of at least 128.
        half_transparent: Share of the picture with alpha from 1 to 254.
        stray: Share of sprites that lint warns of for pixels that stand alone (`orphan-pixel`).
        warned: Share of sprites that lint warns of for anything.
    """

    colours: Estimate
    empty: Estimate
    opaque: Estimate
    half_transparent: Estimate
    stray: Estimate
    warned: Estimate


def craft(sprites_NHWC: U8, families_N: I64 | None = None) -> CraftFigures:
    """Count.

    Args:
        sprites_NHWC: uint8, straight alpha.
        families_N: Number of each sprite's family; each its own for None.
    """
    colours, stray, warned = [], [], []
    for rgba_HWC in sprites_NHWC:
        sprite = Sprite(rgba_HWC)
        rules = {finding.rule for finding in lint(sprite) if finding.severity == "warning"}
        colours.append(sprite.colour_count())
        stray.append(_STRAY in rules)
        warned.append(bool(rules))
    alpha_NP = np.asarray(sprites_NHWC)[..., 3].reshape(len(sprites_NHWC), -1)
    return CraftFigures(
        colours=intervals.mean(colours, families_N),
        empty=intervals.mean((alpha_NP < SOLID).all(axis=1), families_N),
        opaque=intervals.mean((alpha_NP >= SOLID).mean(axis=1), families_N),
        half_transparent=intervals.mean(((alpha_NP > 0) & (alpha_NP < 255)).mean(axis=1), families_N),
        stray=intervals.mean(stray, families_N),
        warned=intervals.mean(warned, families_N),
    )
