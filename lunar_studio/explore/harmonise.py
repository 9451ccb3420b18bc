"""Move a sprite towards its set: colours to those that the set shares, drawing to where the set lies in the model.

Nothing here decides whether that is better. `harmonised` gives versions, from the mildest to the boldest, and whoever
asks judges them as they judge the set.

Shapes: N sprites, L latent numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lunar_studio.core.arrays import F32
from lunar_studio.core.critic import ImproveTask
from lunar_studio.core.latent import Latent
from lunar_studio.core.palette import Palette
from lunar_studio.core.sprite import Sprite
from lunar_studio.explore.engine import Engine
from lunar_studio.explore.improve import improve
from lunar_studio.pixels.lint import examine, mended
from lunar_studio.pixels.palette import mapped, reduced_palette

COMMON_COLOURS = 64
"""Colours that stand for a whole set."""

REACH = 2.0
"""Standard deviations from the set's mean, for each number of the latent, within which a version is brought."""

_STEPS = 30
_POOLED = 1 << 16


@dataclass(frozen=True, slots=True)
class HouseStyle:
    """What a set has in common.

    Attributes:
        palette: Its common colours.
        low_L: float32; the least that a number of the latent may be.
        high_L: The most.
    """

    palette: Palette
    low_L: F32
    high_L: F32


@dataclass(frozen=True, slots=True)
class Version:
    """A sprite moved towards its set.

    Attributes:
        sprite: Of the model's size.
        how: What was done, as words that follow "Proposed:".
    """

    sprite: Sprite
    how: str


def style_of(engine: Engine, sprites: Sequence[Sprite]) -> HouseStyle:
    """What sprites have in common; those that stand out are better left out.

    Raises:
        ValueError: There is no sprite with a visible pixel.
    """
    fitted = [engine.fitted(sprite).sprite for sprite in sprites]
    pixels = [sprite.rgba_HWC[sprite.rgba_HWC[..., 3] > 0] for sprite in fitted]
    pooled = np.concatenate([*pixels, np.zeros((0, 4), np.uint8)])
    if not len(pooled):
        raise ValueError("a set without a visible pixel has no style")
    thinned = pooled[:: -(-len(pooled) // _POOLED)].copy()
    thinned[:, 3] = 255
    latents_NL = np.stack([latent.values_L for latent in engine.encode_many(fitted)])
    mean_L, spread_L = latents_NL.mean(axis=0), latents_NL.std(axis=0)
    return HouseStyle(
        reduced_palette(Sprite(thinned[None]), COMMON_COLOURS),
        (mean_L - REACH * spread_L).astype(np.float32),
        (mean_L + REACH * spread_L).astype(np.float32),
    )


def harmonised(engine: Engine, style: HouseStyle, sprite: Sprite) -> Iterator[Version]:
    """Versions of a sprite; those that would be the sprite itself are left out.

    Args:
        engine: The model; only read.
        style: What it is moved towards.
        sprite: Any size: fitted as `Engine.fitted` does.
    """
    fitted = engine.fitted(sprite).sprite.cleaned()
    clean = _without_lint(fitted)
    told = {fitted}
    for version in (
        Version(clean, "what lint found mended"),
        Version(mapped(fitted, style.palette), "the set's common colours"),
        Version(mapped(clean, style.palette), "what lint found mended, in the set's common colours"),
        _redrawn(engine, style, fitted),
    ):
        if version.sprite not in told:
            told.add(version.sprite)
            yield version


def _without_lint(sprite: Sprite) -> Sprite:
    """The sprite after every safe fix of a warning."""
    for finding in examine(sprite).warnings:
        if finding.fix:
            sprite = mended(sprite, finding.rule)
    return sprite


def _redrawn(engine: Engine, style: HouseStyle, sprite: Sprite) -> Version:
    """The model's own drawing of it, from inside the set's region, improved a little."""
    latent = Latent(np.clip(engine.encode(sprite).values_L, style.low_L, style.high_L))
    best = engine.decode(latent)
    for report in improve(engine, ImproveTask(latent), steps=_STEPS):
        best = best if report is None else report.sprite
    return Version(mapped(best, style.palette), "redrawn by the model near the set, in its common colours")
