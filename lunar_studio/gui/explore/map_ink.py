"""How the map's points are coloured and put on the picture: thousands of dots by whole arrays, not one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from lunar_studio.core.arrays import F32

Colouring = Literal["score", "density", "kind"]
U32 = npt.NDArray[np.uint32]
Rgb = tuple[int, int, int]

_RAMPS: dict[str, tuple[Rgb, ...]] = {
    "dark": ((82, 66, 150), (64, 118, 176), (72, 178, 150), (168, 214, 106), (252, 232, 128)),
    "light": ((204, 164, 108), (150, 160, 92), (62, 138, 122), (40, 92, 140), (44, 30, 96)),
}
"""From the least to the most; towards the most, each stands out more from its theme's background."""

_KINDS: dict[str, tuple[Rgb, ...]] = {
    "dark": (
        (244, 214, 117),
        (110, 168, 254),
        (255, 138, 138),
        (131, 214, 146),
        (206, 147, 245),
        (243, 173, 102),
        (102, 214, 214),
        (240, 150, 200),
    ),
    "light": (
        (150, 104, 0),
        (36, 84, 190),
        (170, 36, 48),
        (28, 110, 56),
        (116, 48, 168),
        (176, 84, 10),
        (0, 112, 124),
        (168, 32, 112),
    ),
}
OTHERS: dict[str, Rgb] = {"dark": (110, 118, 146), "light": (150, 146, 136)}
"""Points that nothing is known of, and kinds too rare for a colour of their own."""

KINDS_SHOWN = 8


def ramp(values_N: F32, theme: str) -> U32:
    """Colours of values from 0 to 1; NaN is grey."""
    stops = np.array(_RAMPS[theme], np.float64)
    at = np.linspace(0.0, 1.0, len(stops))
    known = np.nan_to_num(values_N, nan=0.0).clip(0.0, 1.0)
    rgb_N3 = np.stack([np.interp(known, at, stops[:, channel]) for channel in range(3)], axis=1).round()
    rgb_N3[~np.isfinite(values_N)] = OTHERS[theme]
    return packed(rgb_N3)


def ranked_kinds(kinds: Sequence[str]) -> tuple[str, ...]:
    """The most frequent kinds, at most eight; none where names do not tell."""
    counts = Counter(kind for kind in kinds if kind)
    return tuple(kind for kind, _ in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:KINDS_SHOWN])


def kind_colours(kinds: Sequence[str], theme: str) -> U32:
    """One colour for each of the most frequent kinds, grey for the others."""
    numbers = {kind: index for index, kind in enumerate(ranked_kinds(kinds))}
    table = packed(np.array([*_KINDS[theme], OTHERS[theme]], np.float64))
    return table[np.array([numbers.get(kind, KINDS_SHOWN) for kind in kinds], np.int64)]


def kind_colour(place: int, theme: str) -> Rgb:
    """The colour of the kind at a place of `ranked_kinds`."""
    return _KINDS[theme][place]


def ramp_stops(theme: str) -> tuple[Rgb, ...]:
    """The ramp's colours, evenly spaced."""
    return _RAMPS[theme]


def packed(rgb_N3: npt.NDArray[np.float64]) -> U32:
    """Colours as Qt keeps them in 32 bits, opaque."""
    rgb = rgb_N3.astype(np.uint32)
    return np.asarray(0xFF000000 | rgb[:, 0] << 16 | rgb[:, 1] << 8 | rgb[:, 2], np.uint32)


def half_way(colours_N: U32, background: int) -> U32:
    """Each colour mixed with the background, half and half."""
    return np.asarray(
        0xFF000000 | (((colours_N & 0xFEFEFE) >> 1) + ((np.uint32(background) & 0xFEFEFE) >> 1)), np.uint32
    )


def put_dots(image_HW: U32, xs_N: F32, ys_N: F32, colours_N: U32, radius_px: float, background: int) -> None:
    """Put a round dot for each point, with an edge half as strong, so that it looks smooth.

    Args:
        image_HW: 32-bit pixels, changed in place.
        xs_N: Columns of the centres, in pixels of the image.
        ys_N: Rows.
        colours_N: Of `packed`.
        radius_px: Of the whole dot.
        background: What edges are mixed with, packed.
    """
    height, width = image_HW.shape
    reach = int(np.ceil(radius_px))
    inside = (xs_N > -reach) & (xs_N < width + reach) & (ys_N > -reach) & (ys_N < height + reach)
    # A margin all round, so that no dot needs to be cut.
    wide = width + 4 * reach
    canvas = np.zeros((height + 4 * reach, wide), np.uint32)
    canvas[2 * reach : 2 * reach + height, 2 * reach : 2 * reach + width] = image_HW
    centres = (ys_N[inside].astype(np.int64) + 2 * reach) * wide + xs_N[inside].astype(np.int64) + 2 * reach
    edge_M, core_M = half_way(colours_N[inside], background), colours_N[inside]
    flat = canvas.ravel()
    offsets = [(dy, dx) for dy in range(-reach, reach + 1) for dx in range(-reach, reach + 1)]
    for colours, nearest, farthest in ((edge_M, radius_px - 0.5, radius_px + 0.5), (core_M, -1.0, radius_px - 0.5)):
        for dy, dx in offsets:
            if nearest < np.hypot(dx, dy) <= farthest:
                flat[centres + (dy * wide + dx)] = colours
    image_HW[:] = canvas[2 * reach : 2 * reach + height, 2 * reach : 2 * reach + width]
