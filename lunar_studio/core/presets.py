"""Named starting points for a run, each saying why it differs from the founding document.

`classic-128` is the document's configuration, field by field. The `sprite` presets draw indexed
sprites with transparency; their rates come from our own measurements (docs/model-card.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypedDict

from lunar_studio.core.config import (
    ClassicVaeConfig,
    PriorConfig,
    RunConfig,
    SpriteVaeConfig,
    TeacherConfig,
    TrainingConfig,
)
from lunar_studio.errors import ConfigError


class _Shaded(TypedDict):
    """What the presets of small sprites say of their detail."""

    detail_channels: int
    detail_shades: bool
    detail_price: float


# Small enough to judge a sprite at slider speed; stride 1 first, so that single pixels stay visible.
_LIVE_TEACHER = TeacherConfig(
    image_channels=4,
    channels=(24, 48, 80, 128),
    first_stride=1,
    feature_dim=64,
    hidden_dim=96,
    craft_maps=True,
    craft_blocks=3,
    gate_listens=True,
    forget=0.2,
    peaks=True,
    steady=True,
    words_from="backbone",
    recolour=0.4,
    layer=0.25,
    turn=0.8,
    tint=0.3,
)

# A number of detail for each pixel, two more for each position, and hardly a price on them: the prior invents none of
# it, so that it only has to be small where the cells say enough.
_SHADED: _Shaded = {"detail_channels": 6, "detail_shades": True, "detail_price": 0.015}

# Summed KL at 0.5 nats against a likelihood summed over pixels: reconstruction leads, walks stay smooth.
_SPRITE_TRAINING = TrainingConfig(
    batch_size=64,
    learning_rate=2e-3,
    teacher_learning_rate=1e-3,
    weight_decay=1e-4,
    learning_rate_schedule="cosine",
    warmup_steps=200,
    gradient_clip=1.0,
    kl_weight=0.5,
    kl_form="sum",
    # Without a reward the teacher judges craft, on the ladder of damage alone: taught to spot the VAE's own
    # hand, it put every generated sprite at 0 and its meter told an artist nothing.
    quality_weight=0.0,
    adversarial_weight=0.0,
    teacher_mode="alternating",
    teacher_every=2,
    semantic_weight=10.0,
    caption_weight=0.3,
    balance_weight=0.1,
    ema_decay=0.999,
    shift_px=2,
    recolour=0.2,
)


def _sprite(name: str, vae: SpriteVaeConfig, training: TrainingConfig = _SPRITE_TRAINING) -> RunConfig:
    return RunConfig(preset=name, vae=vae, teacher=_LIVE_TEACHER, training=training)


PRESETS: Mapping[str, RunConfig] = MappingProxyType(
    {
        # Cells of 4 px tell strokes apart; cells of 8 px, four times fewer, lost them (docs/model-card.md).
        "sprite-16": _sprite(
            "sprite-16", SpriteVaeConfig(image_size=16, widths=(64, 192), cell_channels=12, **_SHADED)
        ),
        "sprite-32": _sprite("sprite-32", SpriteVaeConfig(image_size=32, widths=(64, 192), **_SHADED)),
        # Larger pictures keep 8 by 8 cells and 16 by 16 positions of detail, or latents would outgrow the prior.
        "sprite-64": _sprite(
            "sprite-64",
            SpriteVaeConfig(image_size=64, widths=(32, 64, 192), detail_stage=1, detail_channels=4, detail_shades=True),
        ),
        "sprite-128": _sprite(
            "sprite-128",
            SpriteVaeConfig(
                image_size=128, widths=(24, 48, 96, 192), detail_stage=2, detail_channels=4, detail_shades=True
            ),
        ),
        "classic-128": RunConfig(preset="classic-128"),
        # The document names kernel 3 in its configuration and 4 in its code; both build.
        "classic-128-k3": RunConfig(preset="classic-128-k3", vae=ClassicVaeConfig(kernel_size=3)),
        # For tests and for trying the tab: trains in seconds, draws badly.
        "tiny": RunConfig(
            preset="tiny",
            vae=SpriteVaeConfig(
                image_size=16,
                colours=4,
                cell_channels=4,
                detail_channels=1,
                widths=(8, 16),
                decoder_blocks=1,
            ),
            teacher=TeacherConfig(
                image_channels=4,
                channels=(8, 16),
                first_stride=1,
                num_experts=4,
                feature_dim=8,
                embedding_dim=8,
                hidden_dim=16,
            ),
            prior=PriorConfig(hidden_dim=32, blocks=1, sample_steps=4),
            training=TrainingConfig(
                batch_size=8,
                max_steps=20,
                learning_rate=2e-3,
                kl_weight=0.5,
                kl_form="sum",
                quality_weight=0.1,
                ema_decay=0.9,
                shift_px=1,
                validate_every=10,
                preview_every=10,
            ),
        ),
    }
)

DEFAULT_PRESET = "sprite-32"


def preset(name: str) -> RunConfig:
    """The preset called `name`.

    Raises:
        ConfigError: There is none of that name.
    """
    if name not in PRESETS:
        raise ConfigError(f"There is no preset called {name!r}.", hint=f"Choose one of: {', '.join(PRESETS)}.")
    return PRESETS[name]
