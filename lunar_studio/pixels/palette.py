"""Palettes of sprites: take them out, make them smaller, put others on. Distances are in OKLab.

Alpha is never touched: palettes are about the colour of what is visible.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from lunar_studio.core.arrays import U8
from lunar_studio.core.palette import Palette
from lunar_studio.core.sprite import Sprite
from lunar_studio.pixels.oklab import F64, from_oklab, to_oklab

_ROUNDS = 24
_BLOCK = 4096

Colour = tuple[int, int, int]


def exact_palette(sprite: Sprite) -> Palette:
    """Every visible colour once, in order of first use: rows from the top, each from the left."""
    colours, _ = _visible_colours(sprite)
    return Palette(colours, sprite.name)


def _visible_colours(sprite: Sprite) -> tuple[U8, npt.NDArray[np.int64]]:
    """Visible colours in order of first use, and how many pixels each has."""
    visible = sprite.rgba_HWC[sprite.rgba_HWC[..., 3] > 0][:, :3]
    colours, first, counts = np.unique(visible, axis=0, return_index=True, return_counts=True)
    order = np.argsort(first)
    return colours[order], counts[order].astype(np.int64)


def reduced_palette(sprite: Sprite, colours: int) -> Palette:
    """At most `colours` colours that stand for the sprite's: k-means in OKLab, weighted by pixels.

    The start is the most frequent colour, then each time the colour that is worst served (farthest, weighted), so
    that the same sprite always gives the same palette. Order is that of first use. A sprite that has no more
    colours than that keeps them exactly.

    Raises:
        ValueError: `colours` is not positive.
    """
    if colours < 1:
        raise ValueError(f"a palette needs a colour, not {colours}")
    found, counts = _visible_colours(sprite)
    if len(found) <= colours:
        return Palette(found, sprite.name)
    lab_N3 = to_oklab(found)
    nearest = _clusters(lab_N3, counts.astype(np.float64), colours)
    kept = []
    for cluster in dict.fromkeys(nearest.tolist()):
        members = nearest == cluster
        middle = np.average(lab_N3[members], axis=0, weights=counts[members])
        # A colour the artist chose, where one lies close to the middle; else the middle itself.
        closest = np.flatnonzero(members)[_squared(middle[None], lab_N3[members])[0].argmin()]
        near = float(_squared(middle[None], lab_N3[closest][None])[0, 0]) < 0.02**2
        kept.append(found[closest] if near else from_oklab(middle))
    return Palette(np.unique(np.array(kept), axis=0)[_order_of_use(np.array(kept))], sprite.name)


def _order_of_use(colours: U8) -> npt.NDArray[np.int64]:
    _, first = np.unique(colours, axis=0, return_index=True)
    return np.argsort(first).astype(np.int64)


def _clusters(lab_N3: F64, weights_N: F64, count: int) -> npt.NDArray[np.int64]:
    centres = [int(weights_N.argmax())]
    distance = _squared(lab_N3, lab_N3[centres])[:, 0]
    while len(centres) < count:
        centres.append(int((distance * np.sqrt(weights_N)).argmax()))
        distance = np.minimum(distance, _squared(lab_N3, lab_N3[centres[-1:]])[:, 0])
    middles = lab_N3[centres].copy()
    nearest = _nearest(lab_N3, middles)
    for _ in range(_ROUNDS):
        for cluster in range(count):
            members = nearest == cluster
            if members.any():
                middles[cluster] = np.average(lab_N3[members], axis=0, weights=weights_N[members])
        again = _nearest(lab_N3, middles)
        if np.array_equal(again, nearest):
            break
        nearest = again
    return nearest


def _squared(first_N3: F64, second_K3: F64) -> F64:
    distances: F64 = ((first_N3[:, None, :] - second_K3[None, :, :]) ** 2).sum(axis=2)
    return distances


def _nearest(lab_N3: F64, palette_K3: F64) -> npt.NDArray[np.int64]:
    """Position of the nearest palette entry for each colour; the first of equals."""
    blocks = [_squared(lab_N3[at : at + _BLOCK], palette_K3).argmin(axis=1) for at in range(0, len(lab_N3), _BLOCK)]
    return np.concatenate(blocks).astype(np.int64) if blocks else np.zeros(0, np.int64)


def mapped(sprite: Sprite, palette: Palette) -> Sprite:
    """The sprite in the palette's colours: each visible pixel takes the nearest; alpha is kept.

    Raises:
        ValueError: The palette is empty.
    """
    if not len(palette):
        raise ValueError("an empty palette has no colours to give")
    colours, _ = _visible_colours(sprite)
    chosen = palette.rgb_NC[_nearest(to_oklab(colours), to_oklab(palette.rgb_NC))]
    return recoloured(sprite, dict(zip(_tuples(colours), _tuples(chosen), strict=True)))


def recoloured(sprite: Sprite, colours: Mapping[Colour, Colour]) -> Sprite:
    """The sprite with some of its colours exchanged; colours not named stay, alpha is kept.

    Args:
        sprite: The pixels.
        colours: From red, green, blue to red, green, blue, each 0 to 255. All change at once: a swap is a swap.

    Raises:
        OverflowError: A value is outside 0 to 255.
    """
    rgba_HWC = sprite.rgba_HWC.copy()
    visible_HW = rgba_HWC[..., 3] > 0
    packed_HW = _packed(sprite.rgba_HWC[..., :3])
    for source, target in colours.items():
        here = visible_HW & (packed_HW == _packed(np.array(source, np.uint8)))
        rgba_HWC[here, :3] = np.array(target, np.uint8)
    return Sprite(rgba_HWC, sprite.name)


def _packed(rgb: U8) -> npt.NDArray[np.uint32]:
    packed: npt.NDArray[np.uint32] = rgb.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    return packed


def _tuples(colours: U8) -> list[Colour]:
    return [(red, green, blue) for red, green, blue in colours.tolist()]
