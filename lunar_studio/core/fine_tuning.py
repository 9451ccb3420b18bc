"""Settings for going on with a finished model on other art: short, gentle, for 20 to 200 sprites."""

from __future__ import annotations

from pathlib import Path

import msgspec

from lunar_studio.core.config import RunConfig

# A third of the rate from nothing: the weights are good already, and few sprites are learned by heart soon.
_GENTLER = 1.0 / 3.0
# Each sprite is seen some hundred times, in batches that few sprites can fill.
_TIMES_SEEN = 120
_STEPS = (300, 6000)
_SMALL_BATCH, _MEDIUM_BATCH = 16, 32
# An average over a tenth of the run, no longer.
_LONGEST_DECAY = 0.995


def fine_tuned(base: RunConfig, model: Path, sprites: int) -> RunConfig:
    """A run that starts from a model.

    Networks are the model's own; rates are lower, schedules begin where the model's ended, and the length follows
    the number of sprites.

    Args:
        base: The model's own configuration.
        model: Its file.
        sprites: How many there are to train on, at least 1.
    """
    training = base.training
    batch = min(training.batch_size, _SMALL_BATCH if sprites < 4 * _SMALL_BATCH else _MEDIUM_BATCH)
    steps = min(max(sprites * _TIMES_SEEN // batch, _STEPS[0]), _STEPS[1])
    every = max(10, steps // 20)
    mode = "alternating" if training.teacher_mode == "after" else training.teacher_mode
    changed = msgspec.structs.replace(
        training,
        start_from=str(model),
        batch_size=batch,
        max_steps=steps,
        max_minutes=0.0,
        learning_rate=training.learning_rate * _GENTLER,
        teacher_learning_rate=training.teacher_learning_rate * _GENTLER,
        learning_rate_schedule="cosine",
        warmup_steps=min(training.warmup_steps, every),
        kl_warmup_share=0.0,
        quality_start_share=0.0,
        ema_decay=min(training.ema_decay, _LONGEST_DECAY),
        accumulate=1,
        teacher_mode=mode,
        validate_every=every,
        preview_every=every,
        precision="auto",
        device="auto",
        threads=0,
    )
    return msgspec.structs.replace(base, training=changed)


def shareable(config: RunConfig) -> RunConfig:
    """The configuration as a model file may carry it: without the path of a file on its maker's disk."""
    return msgspec.structs.replace(config, training=msgspec.structs.replace(config.training, start_from=""))
