"""Sprites drawn by code, for tests: no art is copied into the project."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lunar_studio.core.arrays import U8
from lunar_studio.core.sprite import Sprite

Bool = npt.NDArray[np.bool_]
OUTLINE = (24, 20, 37, 255)


def blob(seed: int, size: int = 32, colours: int = 4) -> Sprite:
    """A shaded, outlined round creature with eyes; another seed, another one. Hard alpha."""
    rng = np.random.default_rng(seed)
    ramp = _ramp(rng, colours)
    y, x = np.mgrid[0:size, 0:size] - (size - 1) / 2
    wobble = 1 + 0.16 * np.sin(np.arctan2(y, x) * rng.integers(2, 6) + rng.uniform(0, 6.3))
    radius = np.hypot(x / rng.uniform(0.7, 1.0), y / rng.uniform(0.7, 1.0)) / (size * 0.42 * wobble)
    inside = radius < 1
    light = (-x * rng.uniform(-1, 1) - y) / size + (1 - radius)
    level = np.clip(((light + 0.4) * colours / 1.5).astype(int), 0, colours - 1)
    rgba_HWC = np.zeros((size, size, 4), np.uint8)
    rgba_HWC[inside] = ramp[level[inside]]
    rgba_HWC[_rim(inside)] = OUTLINE
    if size >= 16:
        row, column = size // 2 - size // 8, size // 2
        for eye in (column - size // 8, column + size // 8):
            rgba_HWC[row : row + 2, eye : eye + 2] = (250, 250, 250, 255)
    return Sprite(rgba_HWC, f"blob {seed}")


def texture(seed: int, size: int = 32) -> Sprite:
    """An opaque wall of bricks."""
    rng = np.random.default_rng(seed)
    ramp = _ramp(rng, 3)
    y, x = np.mgrid[0:size, 0:size]
    brick, rows = int(rng.integers(5, 9)), int(rng.integers(3, 6))
    offset = (y // rows % 2) * (brick // 2)
    level = np.where((y % rows == 0) | ((x + offset) % brick == 0), 0, 1 + (x // brick + y // rows + seed) % 2)
    return Sprite(ramp[level], f"wall {seed}")


def _ramp(rng: np.random.Generator, colours: int) -> U8:
    hue = rng.uniform(40, 255, 3)
    shades = np.linspace(0.35, 1.0, colours)[:, None] * hue[None, :]
    alpha = np.full((colours, 1), 255)
    return np.hstack([shades, alpha]).astype(np.uint8)


def _rim(inside: Bool) -> Bool:
    padded = np.pad(inside, 1)
    inner = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    rim: Bool = inside & ~inner
    return rim
