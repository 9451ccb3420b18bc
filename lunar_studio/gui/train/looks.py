"""What a beginner chooses from: three looks, and how a look becomes a configuration for the art at hand.

Qt-free.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from lunar_studio.core.config import RunConfig
from lunar_studio.core.config_fields import with_overrides
from lunar_studio.core.presets import preset


@dataclass(frozen=True, slots=True)
class Look:
    """One card.

    Attributes:
        id: Stable name.
        title: A word or two.
        text: What to expect, in a sentence.
        minutes: A good time to train on an ordinary computer.
        by_size: Presets by the size of the art they are made for, in pixels.
        overrides: What it sets beyond the preset.
    """

    id: str
    title: str
    text: str
    minutes: float
    by_size: Mapping[int, str]
    overrides: Mapping[str, object] = field(default_factory=dict)


_SPRITE_PRESETS: Mapping[int, str] = MappingProxyType(
    {16: "sprite-16", 32: "sprite-32", 64: "sprite-64", 128: "sprite-128"}
)

LOOKS = (
    Look(
        "sprites",
        "Sprites",
        "True pixels, few colours, transparency. The best choice for almost all art.",
        60.0,
        _SPRITE_PRESETS,
    ),
    Look(
        "quick",
        "Quick sketch",
        "The same, but small and fast: in ten minutes you see whether your art suits.",
        10.0,
        _SPRITE_PRESETS,
        MappingProxyType(
            {"vae.encoder_blocks": 1, "vae.decoder_blocks": 1, "vae.cell_channels": 8, "training.preview_every": 50}
        ),
    ),
    Look(
        "classic",
        "Classic 128",
        "Large soft pictures without transparency, 128 pixels wide. Slow without a graphics card.",
        240.0,
        MappingProxyType({128: "classic-128"}),
    ),
)

DEFAULT_SIZE_PX = 32


def base_for(look: Look, size_px: int) -> RunConfig:
    """The configuration of a look for sprites of `size_px` pixels, before anything is set by hand.

    Raises:
        ConfigError: A network cannot have that size.
    """
    nearest = min(look.by_size, key=lambda size: (abs(size - size_px), size))
    config = with_overrides(preset(look.by_size[nearest]), look.overrides)
    return config if size_px == nearest else with_overrides(config, {"vae.image_size": size_px})


def nearest_size(look: Look, size_px: int) -> int:
    """The network size that art of `size_px` is best fitted to: the smallest that holds it, else the largest."""
    sizes = sorted(look.by_size)
    return next((size for size in sizes if size >= size_px), sizes[-1])
