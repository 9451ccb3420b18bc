"""Find enlarged pixel art: pictures whose every pixel is a block of f × f equal pixels."""

from __future__ import annotations

import math

import numpy as np

from lunar_studio.core.sprite import Sprite

MIN_TRUE_SIDE_PX = 8
"""No sprite is taken to be an enlargement of one smaller than this: a few flat blocks are art, too."""


def upscale_factor(sprite: Sprite) -> int:
    """The largest f such that the sprite is an exact nearest-neighbour enlargement by f; 1 for true-size art.

    Colour under alpha 0 does not count. Every change of colour must lie on a multiple of f, so f is the
    greatest common divisor of all places where neighbours differ and of both sides.
    """
    rgba_HWC = sprite.cleaned().rgba_HWC
    packed_HW = np.ascontiguousarray(rgba_HWC).view(np.uint32)[..., 0]
    columns = np.flatnonzero((packed_HW[:, 1:] != packed_HW[:, :-1]).any(axis=0)) + 1
    rows = np.flatnonzero((packed_HW[1:] != packed_HW[:-1]).any(axis=1)) + 1
    if not len(columns) and not len(rows):
        return 1
    step = math.gcd(sprite.width, sprite.height, *columns.tolist(), *rows.tolist())
    limit = min(sprite.width, sprite.height) // MIN_TRUE_SIDE_PX
    return max((factor for factor in range(1, min(step, limit) + 1) if step % factor == 0), default=1)


def reduced(sprite: Sprite, factor: int) -> Sprite:
    """Every `factor`-th pixel: undoes an exact enlargement.

    Raises:
        ValueError: The factor is not positive, or does not divide both sides.
    """
    if factor < 1 or sprite.width % factor or sprite.height % factor:
        raise ValueError(f"{sprite.width} × {sprite.height} cannot be divided by {factor}")
    return Sprite(sprite.rgba_HWC[::factor, ::factor], sprite.name)


def enlarged(sprite: Sprite, factor: int) -> Sprite:
    """Nearest-neighbour enlargement by a whole factor.

    Raises:
        ValueError: The factor is not positive.
    """
    if factor < 1:
        raise ValueError(f"the factor must be 1 or more, not {factor}")
    return Sprite(sprite.rgba_HWC.repeat(factor, axis=0).repeat(factor, axis=1), sprite.name)
