"""A small data set of drawn sprites, and a tiny run on it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
from PIL import Image

from lunar_studio.core.arrays import U8
from lunar_studio.core.config import RunConfig
from lunar_studio.core.presets import preset
from lunar_studio.data.importing import build

WORDS = ("red gem", "blue gem", "green potion", "grey stone")
COLOURS = ((200, 40, 40), (40, 60, 200), (40, 180, 60), (120, 120, 120))


def draw(index: int, size: int = 16) -> U8:
    """A disc or box with an outline, its place and size following the index."""
    rng = np.random.default_rng(index)
    rgba = np.zeros((size, size, 4), np.uint8)
    y, x = np.mgrid[:size, :size]
    cy, cx = rng.uniform(6, 10), rng.uniform(6, 10)
    radius = rng.uniform(3, 6)
    distance = np.hypot(y - cy, x - cx) if index % 2 else np.maximum(abs(y - cy), abs(x - cx))
    rgba[distance < radius] = (*COLOURS[index % 4], 255)
    rgba[(distance < radius) & (distance > radius - 1.2)] = (20, 20, 30, 255)
    rgba[(distance < radius / 3)] = (240, 240, 220, 255)
    return rgba


def small_dataset(folder: Path, count: int = 40) -> Path:
    """Draw `count` sprites as files and build a data set of them."""
    art = folder / "art"
    for index in range(count):
        name = f"{WORDS[index % 4].replace(' ', '_')}_{chr(97 + index // 4)}{chr(97 + index % 4)}.png"
        art.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw(index)).save(art / name)
    return build(art, folder / "dataset", size=16).path


def tiny(**training: object) -> RunConfig:
    """The tiny preset in float32 on one thread, with other training settings."""
    config = preset("tiny")
    changed = msgspec.structs.replace(config.training, precision="fp32", device="cpu", threads=1, **training)
    return msgspec.structs.replace(config, training=changed)
