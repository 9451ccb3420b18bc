"""Lay one layer over another in 8 bits, rounding as Aseprite does, so that a flattened file has its exact colours.

Normal mode is the usual “over” in whole numbers. Any other mode first mixes the layer with what its blend function
makes of both, by the alpha below (W3C, Compositing and Blending Level 1, 10.1), then goes over as usual.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from lunar_studio.core.arrays import U8

I32 = npt.NDArray[np.int32]
Blend = Callable[[I32, I32], I32]
"""From the colours below and above, int32, 0 to 255, to the mixed ones."""


def _times(one: I32, other: I32 | int) -> I32:
    """The product of two values of 0 to 255 as of 0 to 1, rounded."""
    product = one * other + 0x80
    scaled: I32 = ((product >> 8) + product) >> 8
    return scaled


def _screen(below: I32, above: I32) -> I32:
    return below + above - _times(below, above)


def _hard_light(below: I32, above: I32) -> I32:
    return np.where(above < 128, _times(below, above << 1), _screen(below, (above << 1) - 255)).astype(np.int32)


def _dodge(below: I32, above: I32) -> I32:
    rest = np.maximum(255 - above, 1)
    return np.where(below == 0, 0, np.where(below >= 255 - above, 255, below * 255 // rest)).astype(np.int32)


def _burn(below: I32, above: I32) -> I32:
    rest = 255 - below
    burnt = np.where(rest >= above, 0, 255 - rest * 255 // np.maximum(above, 1))
    return np.where(rest == 0, 255, burnt).astype(np.int32)


def _soft_light(below: I32, above: I32) -> I32:
    under, upper = below / 255, above / 255
    bent = np.where(under <= 0.25, ((16 * under - 12) * under + 4) * under, np.sqrt(under))
    light = np.where(
        upper <= 0.5, under - (1 - 2 * upper) * under * (1 - under), under + (2 * upper - 1) * (bent - under)
    )
    return np.asarray(light * 255 + 0.5).astype(np.int32)


def _divide(below: I32, above: I32) -> I32:
    return np.where(below == 0, 0, np.where(below >= above, 255, below * 255 // np.maximum(above, 1))).astype(np.int32)


BLENDS: Mapping[int, Blend | None] = MappingProxyType(
    {
        0: None,
        1: _times,
        2: _screen,
        3: lambda below, above: _hard_light(above, below),
        4: np.minimum,
        5: np.maximum,
        6: _dodge,
        7: _burn,
        8: _hard_light,
        9: _soft_light,
        10: lambda below, above: np.abs(below - above),
        11: lambda below, above: below + above - 2 * _times(below, above),
        16: lambda below, above: np.minimum(below + above, 255),
        17: lambda below, above: np.maximum(below - above, 0),
        18: _divide,
    }
)
"""Blend functions by the number that .aseprite files give them; None is normal."""


def over(below_HWC: U8, above_HWC: U8, blend: Blend | None, opacities: tuple[int, int] = (255, 255)) -> U8:
    """One layer laid over another.

    Args:
        below_HWC: uint8, shape (H, W, 4), straight alpha.
        above_HWC: The same shape.
        blend: How colours mix where both are visible; None is normal.
        opacities: Of the upper layer and of its picture, 0 to 255.

    Returns:
        A new uint8 array of the same shape; where nothing is visible all four channels are 0.
    """
    below, above = below_HWC.astype(np.int32), above_HWC.astype(np.int32)
    under, upper = below[..., :3], above[..., :3]
    under_alpha = below[..., 3:]
    alpha = _times(above[..., 3:], _times(np.array(opacities[0], np.int32), opacities[1]))
    if blend is not None:
        mixed = blend(under, upper)
        upper = np.where(under_alpha == 0, upper, upper + _times(mixed - upper, under_alpha))
    together = alpha + under_alpha - _times(under_alpha, alpha)
    # Division towards zero, as in C.
    step = np.trunc((upper - under) * alpha / np.maximum(together, 1)).astype(np.int32)
    colour = np.where(under_alpha == 0, upper, np.where(alpha == 0, under, under + step))
    made = np.concatenate([colour, together], axis=-1)
    made[together[..., 0] == 0] = 0
    flat: U8 = np.clip(made, 0, 255).astype(np.uint8)
    return flat
