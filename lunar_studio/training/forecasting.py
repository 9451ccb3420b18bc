"""What a run will cost, from steps that are really taken: a dry run of some seconds on throw-away weights.

Steps are taken from all over the run, as the judge learns in some of them and its reward begins later; each
with its batch. Validation, preview, checkpoint and the lessons that judge and prior take alone are timed once
or twice. The finish is put together from its parts: so many sprites encoded, drawn, judged.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import torch

from lunar_studio.core.config import RunConfig, TrainingConfig
from lunar_studio.core.events import Forecast
from lunar_studio.errors import CheckpointError, ConfigError
from lunar_studio.evaluation.judging import judge_all
from lunar_studio.models.memory import training_bytes
from lunar_studio.training import milestones
from lunar_studio.training.alone import TeacherAlone
from lunar_studio.training.checkpoints import save_checkpoint
from lunar_studio.training.finish import encode_all
from lunar_studio.training.leg import Leg
from lunar_studio.training.reporting import VALIDATED, Reporter
from lunar_studio.training.step import training_step

DRY_S, DRY_STEPS, LEAST_DRY_STEPS = 4.0, 30, 3
"""A dry run takes so many steps, or fewer where they are slow, but at least the last."""

_DRY_SHARE = 20
# By then the KL loss has its full weight, and held-out exact pixels of our own runs were within 5 % of their last.
_USABLE_SHARE = 0.1
# What `finish` looks at: sprites encoded, drawn for directions, judged; fewer where an artist waits (finish.py).
_ENCODED, _DRAWN, _JUDGED, _QUICK_SHARE = 1024, 1200, 900, 0.35
# Latents that the prior learns alone from: every training sprite in so many views, up to so many (alone.py).
_VIEWS, _MOST_LATENTS, _PRIOR_BATCH = 8, 40_000, 256
_SAMPLE = 64
# Of planned minutes, what is left for what nobody foresees.
_SAFETY = 0.92
_LEAST_PLANNED = 20


@dataclass(frozen=True)
class Costs:
    """Seconds that the parts of a run take on this machine.

    Attributes:
        step_s: A step with its batch.
        validation_s: A validation.
        preview_s: A preview.
        checkpoint_s: Writing a checkpoint.
        milestone_s: Writing a milestone.
        teacher_alone_s: A step of the judge alone; 0 where it takes none.
        prior_alone_s: A step of the prior alone.
        latents_s: Encoding what the prior learns from.
        finish_s: From the last step to the model file.
        dry_run_s: Measuring all this.
    """

    step_s: float
    validation_s: float
    preview_s: float
    checkpoint_s: float
    milestone_s: float
    teacher_alone_s: float
    prior_alone_s: float
    latents_s: float
    finish_s: float
    dry_run_s: float

    def beside_s(self, config: RunConfig, steps: int) -> float:
        """What comes between so many steps."""
        training = config.training
        each = steps * (self.validation_s / training.validate_every + self.preview_s / training.preview_every)
        every = milestones.interval(config)
        each += (steps / every + 1.0) * self.milestone_s if every else 0.0
        saves = (each + steps * self.step_s) / max(training.checkpoint_s, self.step_s) + 1.0
        return each + self.validation_s + 2.0 * self.preview_s + saves * self.checkpoint_s

    def alone_s(self, config: RunConfig) -> float:
        """What judge and prior take alone."""
        steps = config.training.max_steps
        teacher = round(config.teacher.finish_share * steps) if config.training.teacher_mode == "after" else 0
        prior = round(config.prior.finish_share * steps)
        return teacher * self.teacher_alone_s + prior * self.prior_alone_s + (self.latents_s if prior else 0.0)

    def total_s(self, config: RunConfig) -> float:
        """A whole run from its first step on."""
        steps = config.training.max_steps
        return steps * self.step_s + self.beside_s(config, steps) + self.alone_s(config) + self.finish_s


def dry_steps(leg: Leg) -> float:
    """Mean seconds of steps from all over the run; spoils the weights. The same number in every process."""
    training, state = leg.config.training, leg.state
    count = dry_count(training, leg.plan.step_s)
    span = max(1, training.max_steps // count) // training.teacher_every * training.teacher_every
    begun = 0.0
    for index in range(count + 1):
        if index == 1:  # the first step allocates what the others find
            begun = time.perf_counter()
        if leg.should_stop() and not leg.peers.together:
            return leg.plan.step_s
        state.step = index * span + index % training.teacher_every
        training_step(state, leg.lessons.batch(state.step, leg.plan), leg.plan)
    return leg.peers.mean({"step": (time.perf_counter() - begun) / count})["step"]


def dry_count(training: TrainingConfig, step_s: float) -> int:
    """Steps of the dry run: some seconds' worth, a small share of the run, and full turns of the judge."""
    most = max(LEAST_DRY_STEPS, training.max_steps // _DRY_SHARE) if training.max_steps else DRY_STEPS
    count = max(LEAST_DRY_STEPS, min(DRY_STEPS, most, int(DRY_S / max(step_s, 1e-6))))
    turn = training.teacher_every
    return -(-count // turn) * turn if turn <= count else count


def measure(leg: Leg, step_s: float, folder: Path) -> Costs:
    """Time the parts beside the steps, with the spoilt weights of the dry run.

    Args:
        leg: After `dry_steps`.
        step_s: What they gave.
        folder: The run's; a checkpoint is written there and removed.
    """
    with leg.peers.apart():
        return _measured(leg, step_s, folder)


def _measured(leg: Leg, step_s: float, folder: Path) -> Costs:
    begun = time.perf_counter()
    state, reporter = leg.state, Reporter(leg)
    preview_s = _timed(reporter.preview)
    sprites = np.array(leg.dataset.sprites_NHWC[:_SAMPLE])
    encode_s = _timed(lambda: encode_all(state.kept_vae, sprites)) / len(sprites)
    with torch.inference_mode():
        z = torch.zeros(len(sprites), state.vae.latent_dim, device=leg.plan.device)
        draw_s = _timed(lambda: state.kept_vae.render(z).cpu()) / len(sprites)
    judge_s = 0.0
    if state.teacher is not None:
        teacher = state.teacher.eval()
        judge_s = _timed(lambda: judge_all(teacher, state.kept_vae, sprites)) / len(sprites)
    for module in state.networks.values():
        module.train()
    held_out = min(VALIDATED, len(leg.dataset.indices("validation")))
    learns = len(leg.dataset.indices("train"))
    saved = _saved_s(leg, folder)
    return Costs(
        step_s=step_s,
        validation_s=held_out * (encode_s + draw_s) + (learns and leg.config.training.batch_size * encode_s * 2.0),
        preview_s=preview_s,
        checkpoint_s=saved,
        milestone_s=saved / 3.0,
        teacher_alone_s=_teacher_alone_s(leg),
        prior_alone_s=_prior_alone_s(leg),
        latents_s=encode_s * min(learns * _VIEWS, max(learns, _MOST_LATENTS)),
        finish_s=encode_s * min(learns, _ENCODED) + draw_s * _DRAWN + judge_s * _JUDGED + saved / 3.0,
        dry_run_s=time.perf_counter() - begun + step_s * (dry_count(leg.config.training, leg.plan.step_s) + 1),
    )


def forecast_of(leg: Leg, costs: Costs, first_step: int = 0) -> Forecast:
    """What is left of a run from a step on."""
    config, plan = leg.config, leg.plan
    training = config.training
    steps = max(0, training.max_steps - first_step)
    usable = max(0, round(max(_USABLE_SHARE, training.kl_warmup_share) * training.max_steps) - first_step)
    return Forecast(
        device=str(plan.device),
        precision=plan.precision,
        precision_reason=plan.reason,
        processes=leg.peers.size,
        first_step=first_step,
        max_steps=training.max_steps,
        step_s=costs.step_s,
        epoch_s=costs.step_s * len(leg.dataset.indices("train")) / training.batch_size,
        learning_s=steps * costs.step_s,
        beside_s=costs.beside_s(config, steps),
        alone_s=costs.alone_s(config),
        finish_s=costs.finish_s,
        usable_s=usable * costs.step_s + costs.beside_s(config, usable) + costs.finish_s * _QUICK_SHARE,
        memory_bytes=training_bytes(config),
        dry_run_s=costs.dry_run_s,
    )


def forecast_for(forecast: Forecast, steps_done: int, *, finished: bool) -> float:
    """Seconds that the forecast said for what was done: all of it, or some steps and a quick finish."""
    if finished:
        return forecast.total_s
    whole = max(1, forecast.max_steps - forecast.first_step)
    return (forecast.learning_s + forecast.beside_s) * steps_done / whole + forecast.finish_s * _QUICK_SHARE


def settled_length(config: RunConfig, costs: Costs) -> RunConfig:
    """Fix the number of steps when only minutes were given, so that schedules know where the run ends.

    Raises:
        ConfigError: The run has no end.
    """
    training = config.training
    if training.max_steps:
        return config
    if not training.max_minutes:
        raise ConfigError("The run has no end.", hint="Give max_steps or max_minutes.")

    def lasting(steps: int) -> RunConfig:
        return msgspec.structs.replace(config, training=msgspec.structs.replace(training, max_steps=steps))

    seconds = training.max_minutes * 60.0 * _SAFETY
    fixed, longer = costs.total_s(lasting(1)), costs.total_s(lasting(1001))
    each = max(1e-6, (longer - fixed) / 1000.0)
    return lasting(max(_LEAST_PLANNED, int((seconds - fixed) / each)))


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _saved_s(leg: Leg, folder: Path) -> float:
    """Seconds to write a checkpoint; 0 where it cannot be written, which the run itself will say."""
    try:
        scratch = Path(tempfile.mkdtemp(prefix=".forecast-", dir=folder))
    except OSError:
        return 0.0
    try:
        return _timed(lambda: save_checkpoint(leg.state, scratch, {}, keep=1))
    except CheckpointError:
        return 0.0
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _teacher_alone_s(leg: Leg) -> float:
    if leg.config.training.teacher_mode != "after" or leg.state.teacher is None:
        return 0.0
    lesson = TeacherAlone(leg.state, leg.lessons, leg.plan)
    if not leg.config.teacher.finish_share:
        return 0.0
    lesson.steps = max(lesson.steps, 2)  # a run measured in minutes has no number of steps yet
    lesson.step(0)
    return _timed(lambda: lesson.step(1))


def _prior_alone_s(leg: Leg) -> float:
    """A step of the prior on as many random latents as its lessons have."""
    state, plan = leg.state, leg.plan
    prior, optimizer = state.prior.train(), state.optimizers["prior"]
    count = min(_PRIOR_BATCH, len(leg.dataset.indices("train")) * _VIEWS)
    generator = torch.Generator(plan.device).manual_seed(0)
    z = torch.empty(count, prior.latent_dim, device=plan.device).normal_(generator=generator)
    words = torch.zeros(count, prior.embedding_dim, device=plan.device)

    def step() -> None:
        with plan.autocast():
            loss = prior.loss(z, words, generator)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(prior.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        state.update_average("prior", 0)

    step()
    return (_timed(step) + _timed(step)) / 2.0
