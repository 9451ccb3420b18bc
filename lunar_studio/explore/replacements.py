"""What could stand in the place of one pixel: its sprite's own colours, tried and judged in one go."""

from __future__ import annotations

import numpy as np

from lunar_studio.core.critic import WHOLE, Replacement, Replacements
from lunar_studio.core.overlay import Pixel, Rgba
from lunar_studio.core.sprite import Sprite
from lunar_studio.explore.blame import logits, prepared
from lunar_studio.explore.engine import BATCH, Engine

COUNT = 3
"""Replacements offered."""

MOST_TRIED = 2 * BATCH - 1
"""Two full batches with the pixel as it is; of more colours, those near the pixel are tried, then the most used."""

_NEAR = 2
_CLEAR: Rgba = (0, 0, 0, 0)


def candidates(sprite: Sprite, pixel: Pixel) -> tuple[Rgba, ...]:
    """Colours to try in a pixel's place: transparency, then those around it, then the sprite's by use; not its own.

    Raises:
        ValueError: The pixel is not on the sprite.
    """
    x, y = pixel
    if not (0 <= x < sprite.width and 0 <= y < sprite.height):
        raise ValueError(f"there is no pixel {pixel} on a sprite of {sprite.width} by {sprite.height}")
    rgba_HWC = sprite.cleaned().rgba_HWC
    own = tuple(rgba_HWC[y, x].tolist())
    near = rgba_HWC[max(0, y - _NEAR) : y + _NEAR + 1, max(0, x - _NEAR) : x + _NEAR + 1].reshape(-1, 4)
    ordered = [_CLEAR, *_by_use(near), *_by_use(rgba_HWC.reshape(-1, 4))]
    return tuple(rgba for rgba in dict.fromkeys(ordered) if rgba != own)[:MOST_TRIED]


def _by_use(rgba_N4: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> list[Rgba]:
    found, counts = np.unique(rgba_N4, axis=0, return_counts=True)
    return [(r, g, b, a) for r, g, b, a in found[np.argsort(-counts, kind="stable")].tolist()]


def replacements(engine: Engine, sprite: Sprite, pixel: Pixel, expert: int = WHOLE) -> Replacements:
    """The colours with which the score gains most, the best first.

    Ranked by the teacher's logit, which still tells apart what the scale of 0 to 100 no longer does.

    Args:
        engine: The model; only read.
        sprite: Of the model's own size.
        pixel: Column and row.
        expert: The number of an expert, or `WHOLE`.

    Raises:
        ValueError: The pixel is not on the sprite.
    """
    tried = candidates(sprite, pixel)
    teacher, scale = engine.judge, engine.bundle.calibration
    if teacher is None or not tried:
        return Replacements(sprite, pixel, expert, ())
    x, y = pixel
    rgba_NHWC = np.repeat(sprite.rgba_HWC[None], len(tried) + 1, axis=0)
    rgba_NHWC[1:, y, x] = tried
    with engine.computing(len(rgba_NHWC)):
        judged_N = logits(teacher(prepared(engine, rgba_NHWC)), expert).tolist()
    now = scale.percentile(1 + expert, judged_N[0])
    best = sorted(range(len(tried)), key=lambda at: -judged_N[1 + at])[:COUNT]
    choices = (Replacement(tried[at], scale.percentile(1 + expert, judged_N[1 + at]) - now) for at in best)
    return Replacements(sprite, pixel, expert, tuple(choices))
