"""How rates and weights change over a run: pure functions of the step, so that resuming is exact."""

from __future__ import annotations

import math

from lunar_studio.core.config import TrainingConfig

# The cosine ends at a hundredth of the rate: lower brings nothing, zero wastes the last steps.
_COSINE_FLOOR = 0.01


def cosine(share: float) -> float:
    """Factor that falls from 1 to a hundredth as the share of the run goes from 0 to 1."""
    return _COSINE_FLOOR + (1.0 - _COSINE_FLOOR) * 0.5 * (1.0 + math.cos(math.pi * min(1.0, share)))


def rate_factor(config: TrainingConfig, step: int) -> float:
    """Factor on every learning rate at a step counted from 0.

    While a run measured in minutes is planned, `max_steps` is 0 and nothing falls yet.
    """
    factor = min(1.0, (step + 1) / config.warmup_steps) if config.warmup_steps else 1.0
    if config.learning_rate_schedule == "cosine" and config.max_steps:
        factor *= cosine(step / config.max_steps)
    return factor


def kl_weight(config: TrainingConfig, step: int) -> float:
    """Weight of the KL loss: rises from 0 over `kl_warmup_share` of the run."""
    rise = config.kl_warmup_share * config.max_steps
    return config.kl_weight * (min(1.0, step / rise) if rise > 0 else 1.0)


def quality_weight(config: TrainingConfig, step: int) -> float:
    """Weight of the teacher's reward: 0 until `quality_start_share`, then rises for as long again."""
    start = config.quality_start_share * config.max_steps
    if start <= 0:
        return config.quality_weight
    return config.quality_weight * min(1.0, max(0.0, (step - start) / start))
