"""How rates and weights change over a run: pure functions of the step, so that resuming is exact.

A run that is asked to finish early does not stop short of its schedule: it goes through what is left of it in a tenth
of the steps that it has taken (`shortcut`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import msgspec

from lunar_studio.core.config import TrainingConfig

# The cosine ends at a hundredth of the rate: lower brings nothing, zero wastes the last steps.
_COSINE_FLOOR = 0.01
# Of the steps done, so many more are enough for the rate to fall and the averages to follow.
_SHORTCUT_SHARE, _LEAST_SHORTCUT = 0.1, 50


@dataclass(frozen=True)
class Shortcut:
    """A schedule whose rest is gone through faster.

    Attributes:
        begun: The step at which it begins.
        planned: The step at which the run was to end.
        end: The step at which it ends now.
    """

    begun: int
    planned: int
    end: int

    def place(self, step: int) -> float:
        """Where a step stands in the schedule as it was planned."""
        return self.begun + (step - self.begun) * (self.planned - self.begun) / (self.end - self.begun)


def shortcut(config: TrainingConfig, step: int) -> Shortcut | None:
    """The way to the end of the schedule from a step on; None where what is left is no longer than that."""
    end = step + max(_LEAST_SHORTCUT, round(_SHORTCUT_SHARE * step))
    return Shortcut(step, config.max_steps, end) if end < config.max_steps else None


def placed(config: TrainingConfig, step: int, taken: Shortcut | None) -> tuple[TrainingConfig, float]:
    """A step's place in the schedule: the configuration that the schedule was planned with, and the step in it."""
    if taken is None or step < taken.begun:
        return config, step
    return msgspec.structs.replace(config, max_steps=taken.planned), taken.place(step)


def cosine(share: float) -> float:
    """Factor that falls from 1 to a hundredth as the share of the run goes from 0 to 1."""
    return _COSINE_FLOOR + (1.0 - _COSINE_FLOOR) * 0.5 * (1.0 + math.cos(math.pi * min(1.0, share)))


def rate_factor(config: TrainingConfig, step: float) -> float:
    """Factor on every learning rate at a step counted from 0.

    While a run measured in minutes is planned, `max_steps` is 0 and nothing falls yet.
    """
    factor = min(1.0, (step + 1) / config.warmup_steps) if config.warmup_steps else 1.0
    if config.learning_rate_schedule == "cosine" and config.max_steps:
        factor *= cosine(step / config.max_steps)
    return factor


def kl_weight(config: TrainingConfig, step: float) -> float:
    """Weight of the KL loss: rises from 0 over `kl_warmup_share` of the run."""
    rise = config.kl_warmup_share * config.max_steps
    return config.kl_weight * (min(1.0, step / rise) if rise > 0 else 1.0)


def quality_weight(config: TrainingConfig, step: float) -> float:
    """Weight of the teacher's reward: 0 until `quality_start_share`, then rises for as long again."""
    start = config.quality_start_share * config.max_steps
    if start <= 0:
        return config.quality_weight
    return config.quality_weight * min(1.0, max(0.0, (step - start) / start))
