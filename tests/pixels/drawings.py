"""Sprites drawn by code for tests of likeness: shapes of flat colours with an outline, parts and shading."""

from __future__ import annotations

import numpy as np

from lunar_studio.core.arrays import U8


def drawing(seed: int, size: int = 32, *, filled: bool = False) -> U8:
    """A sprite of overlapping ellipses and bars, each flat in a colour of its own, (size, size, 4).

    With `filled` it covers its frame, as a tile does; otherwise it keeps three pixels from the border.
    """
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:size, :size]
    rgba_HWC = np.zeros((size, size, 4), np.uint8)
    if filled:
        rgba_HWC[:] = _colour(rng)
    margin = 0 if filled else 3
    inside = (rows >= margin) & (rows < size - margin) & (columns >= margin) & (columns < size - margin)
    for part in range(9):
        middle = rng.uniform(0.25, 0.75, 2) * size
        reach = rng.uniform(0.06, 0.3 if part < 3 else 0.16, 2) * size + 0.8
        if rng.random() < 0.6:
            shape = ((rows - middle[0]) / reach[0]) ** 2 + ((columns - middle[1]) / reach[1]) ** 2 <= 1
        else:
            shape = (abs(rows - middle[0]) <= reach[0]) & (abs(columns - middle[1]) <= reach[1])
        rgba_HWC[shape & inside] = _colour(rng)
    return rgba_HWC


def _colour(rng: np.random.Generator) -> U8:
    return np.array([*rng.integers(0, 256, 3), 255], np.uint8)


def moved(rgba_HWC: U8, down: int, right: int) -> U8:
    """Shifted by so many pixels; what leaves is cut off, what comes is empty."""
    result = np.zeros_like(rgba_HWC)
    height, width = rgba_HWC.shape[:2]
    to = slice(max(down, 0), height + min(down, 0)), slice(max(right, 0), width + min(right, 0))
    of = slice(max(-down, 0), height + min(-down, 0)), slice(max(-right, 0), width + min(-right, 0))
    result[to] = rgba_HWC[of]
    return result


def recoloured(rgba_HWC: U8, seed: int) -> U8:
    """Every visible colour replaced by another, different ones by different ones, in no order."""
    rng = np.random.default_rng(seed)
    colours, which = np.unique(rgba_HWC.reshape(-1, 4), axis=0, return_inverse=True)
    numbers = rng.choice(1 << 24, len(colours), replace=False)
    fresh = np.stack([numbers >> 16, numbers >> 8 & 255, numbers & 255, colours[:, 3]], axis=1).astype(np.uint8)
    return np.where(colours[:, 3:] > 0, fresh, 0).astype(np.uint8)[which.reshape(-1)].reshape(rgba_HWC.shape)
