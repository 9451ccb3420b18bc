"""What a run will cost, from steps that are really taken: a dry run of some seconds on throw-away weights.

Steps are taken from all over the run, as the judge learns in some of them and its reward begins later; each
with its batch. Validation, preview, checkpoint and the lessons that judge and prior take alone are timed once
or twice. The finish is put together from its parts: so many sprites encoded, drawn, judged.
"""

from __future__ import annotations

import math
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import torch

from lunar_studio.core.config import RunConfig, TrainingConfig
from lunar_studio.core.events import Forecast
from lunar_studio.errors import CheckpointError, ConfigError
from lunar_studio.evaluation.judging import judge_all
from lunar_studio.models.atlas import MAX_POINTS
from lunar_studio.models.map_layout import STEPS, layout_steps
from lunar_studio.models.memory import training_bytes
from lunar_studio.training import milestones
from lunar_studio.training.alone import TeacherAlone, views_of
from lunar_studio.training.checkpoints import save_checkpoint
from lunar_studio.training.finish import encode_all
from lunar_studio.training.leg import Leg
from lunar_studio.training.reporting import VALIDATED, Reporter
from lunar_studio.training.step import training_step

DRY_S, DRY_STEPS, LEAST_DRY_STEPS = 4.0, 30, 3
"""A dry run takes so many steps, or fewer where they are slow, but at least the last.

One process alone also ends it after so many seconds, with one turn of the judge at the least: steps get slower where
the machine is busy.
"""

_DRY_SHARE = 20
# By then the KL loss has its full weight, and held-out exact pixels of our own runs were within 5 % of their last.
_USABLE_SHARE = 0.1
# What `finish` looks at: sprites encoded, drawn for directions, judged; fewer where an artist waits (finish.py).
_ENCODED, _DRAWN, _JUDGED, _QUICK_SHARE = 1024, 576, 872, 0.3
# So many steps of the map's layout are timed after the first, with as many points as it will have.
_LAYOUT_STEPS = 3
# What the prior learns alone from in a step (alone.py).
_VIEWS, _PRIOR_BATCH = 8, 256
_SAMPLE, _SAMPLE_SLOW, _SLOW_STEP_S = 64, 16, 0.5
# Forecasts of our own runs were so far off where the machine was quiet; scatter of the steps comes on top, up to this.
_LEAST_SPREAD, _MOST_SPREAD, _UNKNOWN_SPREAD = 0.1, 0.5, 0.3
# Of planned minutes, what is left for what nobody foresees.
_SAFETY = 0.92
_LEAST_PLANNED, _MOST_PLANNED = 20, 100_000_000
# Of a run whose steps are planned here: one that is shorter than its intervals would show nothing on its way. But each
# of the two takes at most such a share of the time of the steps.
_LEAST_VALIDATIONS, _LEAST_PREVIEWS, _SHOWING_SHARE = 10, 20, 0.05


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
        encode_s: Encoding a sprite for the prior.
        sprites: How many there are to encode.
        finish_s: From the last step to the model file, without its map.
        dry_run_s: Measuring all this.
        spread: By which part the real times may well be longer or shorter.
        map_s: Making the map, which a run that is stopped leaves out.
    """

    step_s: float
    validation_s: float
    preview_s: float
    checkpoint_s: float
    milestone_s: float
    teacher_alone_s: float
    prior_alone_s: float
    encode_s: float
    sprites: int
    finish_s: float
    dry_run_s: float
    spread: float = _LEAST_SPREAD
    map_s: float = 0.0

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
        latents = self.sprites * views_of(self.sprites, prior) if prior else 0
        return teacher * self.teacher_alone_s + prior * self.prior_alone_s + latents * self.encode_s

    def total_s(self, config: RunConfig) -> float:
        """A whole run from its first step on."""
        steps = config.training.max_steps
        return steps * self.step_s + self.beside_s(config, steps) + self.alone_s(config) + self.finish_s + self.map_s


class DrySteps(NamedTuple):
    """What steps taken for the purpose have shown.

    Attributes:
        step_s: Mean seconds of one.
        spread: By which part that mean may well be off.
        took_s: Seconds they all took.
    """

    step_s: float
    spread: float
    took_s: float


def dry_steps(leg: Leg) -> DrySteps:
    """Steps from all over the run; spoils the weights. The same figures in every process."""
    training, state = leg.config.training, leg.state
    count = dry_count(training, leg.plan.step_s)
    span = max(1, training.max_steps // count) // training.teacher_every * training.teacher_every
    seconds: list[float] = []
    began = time.perf_counter()
    for index in range(count + 1):
        if leg.is_called_off:
            break
        begun = time.perf_counter()
        state.step = index * span + index % training.teacher_every
        training_step(state, leg.lessons.batch(state.step, leg.plan), leg.plan)
        if index:  # the first step allocates what the others find
            seconds.append(time.perf_counter() - begun)
        is_slow = sum(seconds) > DRY_S and not leg.peers.together
        if is_slow and len(seconds) % training.teacher_every == 0:
            break
    step_s = sum(seconds) / len(seconds) if seconds else leg.plan.step_s
    told = leg.peers.mean({"step": step_s, "spread": _spread(seconds, training.teacher_every)})
    return DrySteps(told["step"], told["spread"], time.perf_counter() - began)


def _spread(seconds: Sequence[float], turn: int) -> float:
    """By which part the mean of steps may well be off: twice its standard error, over full turns of the judge."""
    turns = [sum(seconds[start : start + turn]) for start in range(0, len(seconds) - turn + 1, turn)]
    if len(turns) < 2:
        return _UNKNOWN_SPREAD
    error = 2.0 * statistics.stdev(turns) / len(turns) ** 0.5 / max(1e-9, statistics.mean(turns))
    return min(_MOST_SPREAD, math.hypot(error, _LEAST_SPREAD))


def dry_count(training: TrainingConfig, step_s: float) -> int:
    """Steps of the dry run: some seconds' worth, a small share of the run, and full turns of the judge."""
    most = max(LEAST_DRY_STEPS, training.max_steps // _DRY_SHARE) if training.max_steps else DRY_STEPS
    count = max(LEAST_DRY_STEPS, min(DRY_STEPS, most, int(DRY_S / max(step_s, 1e-6))))
    turn = training.teacher_every
    return -(-count // turn) * turn if turn <= count else count


def measure(leg: Leg, dry: DrySteps, folder: Path) -> Costs:
    """Time the parts beside the steps, with the spoilt weights of the dry run.

    Args:
        leg: After `dry_steps`. Once it is called off, what is left is not measured, and what is returned means nothing.
        dry: What they gave.
        folder: The run's; a checkpoint is written there and removed.
    """
    with leg.peers.apart():
        return _measured(leg, dry, folder)


def _measured(leg: Leg, dry: DrySteps, folder: Path) -> Costs:
    begun = time.perf_counter()
    state, reporter = leg.state, Reporter(leg)

    def timed(work: Callable[[], object]) -> float:
        return 0.0 if leg.is_called_off else _timed(work)

    preview_s = timed(reporter.preview)
    sprites = np.array(leg.dataset.sprites_NHWC[: _SAMPLE if dry.step_s < _SLOW_STEP_S else _SAMPLE_SLOW])
    z = torch.zeros(len(sprites), state.vae.latent_dim, device=leg.plan.device)

    # With the threads of training, though `finish` takes every core: a few sprites on more threads than the machine has
    # free told ten times too much.
    encode_s = timed(lambda: encode_all(state.kept_vae, sprites)) / len(sprites)
    with torch.inference_mode():
        draw_s = timed(lambda: state.kept_vae.render(z).cpu()) / len(sprites)
    judge_s = 0.0
    if state.teacher is not None:
        teacher = state.teacher.eval()
        judge_s = timed(lambda: judge_all(teacher, state.kept_vae, sprites)) / len(sprites)
    mapped = min(len(leg.dataset.indices("train")), MAX_POINTS)
    layout_s = 0.0 if leg.is_called_off else _layout_s(mapped, state.vae.invented_dim)
    for module in state.networks.values():
        module.train()
    held_out = min(VALIDATED, len(leg.dataset.indices("validation")))
    learns = len(leg.dataset.indices("train"))
    saved = 0.0 if leg.is_called_off else _saved_s(leg, folder)
    return Costs(
        step_s=dry.step_s,
        validation_s=held_out * (encode_s + draw_s) + (learns and leg.config.training.batch_size * encode_s * 2.0),
        preview_s=preview_s,
        checkpoint_s=saved,
        milestone_s=saved / 3.0,
        teacher_alone_s=0.0 if leg.is_called_off else _teacher_alone_s(leg),
        prior_alone_s=0.0 if leg.is_called_off else _prior_alone_s(leg),
        encode_s=encode_s,
        sprites=learns,
        finish_s=encode_s * min(learns, _ENCODED) + draw_s * _DRAWN + judge_s * _JUDGED + saved / 3.0,
        map_s=mapped * (encode_s + draw_s + judge_s) + layout_s,
        dry_run_s=time.perf_counter() - begun + dry.took_s,
        spread=dry.spread,
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
        finish_s=costs.finish_s + costs.map_s,
        map_s=costs.map_s,
        usable_s=usable * costs.step_s + costs.beside_s(config, usable) + costs.finish_s * _QUICK_SHARE,
        memory_bytes=training_bytes(config),
        dry_run_s=costs.dry_run_s,
        spread=costs.spread,
    )


def forecast_for(forecast: Forecast, steps_done: int, *, finished: bool, quick: bool = False) -> float:
    """Seconds that the forecast said for what was done: all of it, or some steps and a finish.

    Args:
        forecast: Of the whole leg.
        steps_done: How many it took.
        finished: Whether all was done.
        quick: Whether the finish was that of a run which was stopped.
    """
    if finished:
        return forecast.total_s
    whole = max(1, forecast.max_steps - forecast.first_step)
    finish_s = (forecast.finish_s - forecast.map_s) * _QUICK_SHARE if quick else forecast.finish_s
    return (forecast.learning_s + forecast.beside_s) * steps_done / whole + finish_s


def settled_length(config: RunConfig, costs: Costs) -> RunConfig:
    """Fix the number of steps when only minutes were given, so that schedules know where the run ends.

    A short run is validated and previewed oftener than its configuration says.

    Raises:
        ConfigError: The run has no end.
    """
    training = config.training
    if training.max_steps:
        return config
    if not training.max_minutes:
        raise ConfigError("The run has no end.", hint="Give max_steps or max_minutes.")

    def every(cost_s: float, wanted: int) -> int:
        return max(1, wanted, math.ceil(cost_s / (_SHOWING_SHARE * costs.step_s)))

    def lasting(steps: int) -> RunConfig:
        told = msgspec.structs.replace(
            training,
            max_steps=steps,
            validate_every=min(training.validate_every, every(costs.validation_s, steps // _LEAST_VALIDATIONS)),
            preview_every=min(training.preview_every, every(costs.preview_s, steps // _LEAST_PREVIEWS)),
        )
        return msgspec.structs.replace(config, training=told)

    seconds = training.max_minutes * 60.0 * _SAFETY
    fits, too_many = _LEAST_PLANNED, _MOST_PLANNED
    while too_many - fits > 1:
        steps = (fits + too_many) // 2
        fits, too_many = (steps, too_many) if costs.total_s(lasting(steps)) <= seconds else (fits, steps)
    return lasting(fits)


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _layout_s(points: int, features: int) -> float:
    """Seconds to lay out a map of so many points, from its first steps."""
    steps = layout_steps(np.random.default_rng(0).standard_normal((points, features), np.float32))
    ready_s = _timed(lambda: (next(steps), next(steps, None)))
    some_s = _timed(lambda: [next(steps, None) for _ in range(_LAYOUT_STEPS)])
    return ready_s + some_s / _LAYOUT_STEPS * (STEPS - 1)


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
