"""A run from its first step to a model file, as a generator of events.

    prepare -> measure precision -> [resume] -> steps: learn, report, validate, preview, checkpoint -> finish

The same for the window, the command line and tests: `list(train(...))` is a whole run. It never prints,
never sleeps but in a pause, and asks `should_stop` after every step and every validation batch.
Batches and noise are functions of (seed, step) alone, so a resumed run repeats the losses of one that was
never stopped, on the same device with the same number of threads.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
import torch

from lunar_studio.core.arrays import U8
from lunar_studio.core.config import RunConfig
from lunar_studio.core.config_fields import validate
from lunar_studio.core.events import (
    CheckpointSaved,
    PhaseStarted,
    PreviewReady,
    RunEnded,
    RunStarted,
    StepDone,
    TrainEvent,
    Validated,
    Warned,
)
from lunar_studio.data.dataset import Dataset
from lunar_studio.errors import CheckpointError, ConfigError, LunarError, TrainingDiverged, TrainingError
from lunar_studio.evaluation import reconstruction
from lunar_studio.models.extensions import quality_metrics
from lunar_studio.models.memory import training_bytes
from lunar_studio.models.model_file import save_model
from lunar_studio.models.words import Vocabulary
from lunar_studio.training import schedules
from lunar_studio.training.alone import Alone, PriorAlone, TeacherAlone
from lunar_studio.training.checkpoints import load_latest, save_checkpoint
from lunar_studio.training.collapse import CollapseWatch
from lunar_studio.training.device import Plan, choose_plan, every_thread, set_threads
from lunar_studio.training.finish import card_of, finish, model_name
from lunar_studio.training.lessons import Lessons, training_captions
from lunar_studio.training.run_folder import CONFIG, FACTS, RunFacts, RunFolder
from lunar_studio.training.state import new_state
from lunar_studio.training.step import Outcome, training_step

_PREVIEWED = 8
_VALIDATED = 512
_RATE_WINDOW = 20
_MAX_STRIKES = 3
_ALONE_REPORT = 25
_PAUSE_POLL_S = 0.05
# Of the planned time, what is left beside validation, previews, checkpoints, finishing and the prior alone.
_PLANNED_SHARE = 0.75

Ask = Callable[[], bool]


def train(
    dataset: Path,
    run_dir: Path,
    config: RunConfig,
    *,
    resume: bool = False,
    should_stop: Ask = lambda: False,
    should_pause: Ask = lambda: False,
) -> Iterator[TrainEvent]:
    """Train on a built data set and yield what happens; ends with `RunEnded`.

    Args:
        dataset: Folder of a built data set.
        run_dir: Where checkpoints, metrics and the model go.
        config: What to do; with `resume` the run's own configuration counts, but for `max_minutes`, `max_steps`,
            `device` and `threads`.
        resume: Go on from the newest whole checkpoint in `run_dir`.
        should_stop: Asked after every step; the run then saves, finishes the model and ends.
        should_pause: While it says yes, no step is taken.

    Raises:
        LunarError: The run cannot start or go on; what was trained is in the last checkpoint.
    """
    folder = RunFolder(run_dir, resume=resume)
    try:
        run = _Run(
            Dataset.open(dataset), folder, config, resume=resume, should_stop=should_stop, should_pause=should_pause
        )
        yield from run.events()
    finally:
        folder.close()


class _Run:
    """One leg of a run: what its parts share."""

    def __init__(
        self,
        dataset: Dataset,
        folder: RunFolder,
        config: RunConfig,
        *,
        resume: bool,
        should_stop: Ask,
        should_pause: Ask,
    ) -> None:
        if len(dataset.indices("train")) < 1:
            raise TrainingError("The data set has no sprites to train on.", hint="Add art and build it again.")
        self.dataset, self.folder, self.resume = dataset, folder, resume
        self.should_stop, self.should_pause = should_stop, should_pause
        self.config = _resumed_config(folder.read_config(), config) if resume else config
        validate(self.config)
        self.threads = set_threads(self.config.training)
        self.vocabulary = Vocabulary.fit(training_captions(dataset), self.config.teacher.embedding_dim)
        self.lessons = Lessons(dataset, self.vocabulary, self.config)
        self.figures: dict[str, float] = {}
        self.begin, self.done = 0.0, False
        self.collapse = CollapseWatch()
        # The teacher does not learn in every step; its last figures stand until the next.
        self.losses: dict[str, float] = {}
        self.expert_shares: tuple[float, ...] = ()

    def events(self) -> Iterator[TrainEvent]:
        """The whole leg."""
        yield PhaseStarted(0, "Measuring this machine")
        self.plan = choose_plan(self.config.training, self._throwaway_step)
        self._settle_length()
        self.state = new_state(self.config, self.plan)
        if self.resume:
            self._restore()
        self.folder.write(CONFIG, self.config)
        self._record("running")
        yield self._started()
        reason: Literal["finished", "stopped"] = "finished"
        self.begin = time.perf_counter()
        try:
            yield from self._steps()
            yield from self._alone()
            if not self.done:
                reason = "stopped"
            yield from self._checkpoint()
            yield from self._finish(quick=self.should_stop())
        except LunarError:
            self._record("failed")
            raise
        self._record(reason)
        yield RunEnded(self.state.step, reason, self.folder.model_path)

    # ---- before the first step -------------------------------------------------------------------

    def _throwaway_step(self, plan: Plan) -> Callable[[], None]:
        state = new_state(self.config, plan)
        batch = self.lessons.batch(0, plan)
        if self.should_stop():
            return lambda: None
        return lambda: (training_step(state, batch, plan), None)[1]

    def _settle_length(self) -> None:
        """Fix the number of steps when only minutes were given, so that schedules know where the run ends."""
        training = self.config.training
        if training.max_steps:
            return
        if not training.max_minutes:
            raise ConfigError("The run has no end.", hint="Give max_steps or max_minutes.")
        steps = max(20, int(training.max_minutes * 60.0 * _PLANNED_SHARE / max(self.plan.step_s, 1e-4)))
        self.config = msgspec.structs.replace(self.config, training=msgspec.structs.replace(training, max_steps=steps))

    def _restore(self) -> None:
        stored = load_latest(self.folder.checkpoints)
        if stored is None:
            raise CheckpointError(
                f"{self.folder.path} has no checkpoint that is whole.",
                hint="Start a new run; the data set can be used again.",
            )
        try:
            self.state.restore(stored.tensors, stored.scalars)
        except (KeyError, RuntimeError, ValueError) as exc:
            raise CheckpointError(
                f"The checkpoint in {self.folder.path} belongs to another configuration.", hint="Start a new run."
            ) from exc
        self.folder.forget_after(self.state.step)

    def _started(self) -> RunStarted:
        return RunStarted(
            run_dir=self.folder.path,
            preset=self.config.preset,
            parameters={
                part: sum(p.numel() for p in module.parameters()) for part, module in self.state.networks.items()
            },
            device=str(self.plan.device),
            precision=self.plan.precision,
            precision_reason=self.plan.reason,
            train_count=len(self.dataset.indices("train")),
            validation_count=len(self.dataset.indices("validation")),
            first_step=self.state.step,
            max_steps=self.config.training.max_steps,
            memory_bytes=training_bytes(self.config),
        )

    # ---- the steps -------------------------------------------------------------------------------

    def _steps(self) -> Iterator[TrainEvent]:
        training, state = self.config.training, self.state
        begin = saved = self.begin
        recent: deque[tuple[float, int]] = deque([(begin, state.images)], maxlen=_RATE_WINDOW)
        yield from self._preview()
        while state.step < training.max_steps and not self._leg_is_over():
            if self._waited():
                recent.clear()
                recent.append((time.perf_counter(), state.images))
                continue
            batch = self.lessons.batch(state.step, self.plan)
            outcome = training_step(state, batch, self.plan)
            if not outcome.finite:
                yield from self._recover()
                continue
            now = time.perf_counter()
            recent.append((now, state.images))
            minutes = (now - begin) / 60.0
            event = self._step_done(outcome, now - begin, recent, minutes)
            self.folder.log(event)
            yield event
            if self.collapse.saw(outcome.expert_shares):
                yield self._spread_experts()
            last = state.step >= training.max_steps
            if state.step % training.validate_every == 0 or last:
                yield from self._validate()
            if state.step % training.preview_every == 0 or last:
                yield from self._preview()
            if time.perf_counter() - saved >= training.checkpoint_s and not last:
                yield from self._checkpoint()
                saved = time.perf_counter()

    def _waited(self) -> bool:
        """Whether a pause was sat out."""
        waited = False
        while self.should_pause() and not self.should_stop():
            waited = True
            time.sleep(_PAUSE_POLL_S)
        return waited

    def _step_done(
        self, outcome: Outcome, elapsed_s: float, recent: deque[tuple[float, int]], minutes: float
    ) -> StepDone:
        training, state = self.config.training, self.state
        self.losses |= outcome.losses
        self.expert_shares = outcome.expert_shares or self.expert_shares
        seconds, images = recent[-1][0] - recent[0][0], recent[-1][1] - recent[0][1]
        share = state.step / training.max_steps
        if training.max_minutes:
            share = max(share, min(1.0, minutes / training.max_minutes))
        return StepDone(
            step=state.step,
            elapsed_s=elapsed_s,
            images=state.images,
            images_per_s=images / seconds if seconds > 0 else 0.0,
            losses=dict(self.losses),
            schedules={
                "learning_rate": training.learning_rate
                * schedules.rate_factor(training, state.step - 1)
                * state.rate_scale,
                "kl_weight": schedules.kl_weight(training, state.step - 1),
                "quality_weight": schedules.quality_weight(training, state.step - 1),
                "gradient_norm": outcome.gradient_norm,
            },
            expert_shares=self.expert_shares,
            share_done=share,
        )

    def _spread_experts(self) -> Warned:
        self.state.balance_scale *= 10.0
        return Warned(
            self.state.step,
            "One expert of the teacher took over nearly everything; the balance between them now counts tenfold.",
            "If this comes again and again, use fewer experts or more varied art.",
        )

    def _recover(self) -> Iterator[TrainEvent]:
        """Losses or gradients were not finite: go back to the last checkpoint with half the rates."""
        state = self.state
        strikes, rate_scale = state.strikes + 1, state.rate_scale / 2.0
        if strikes > _MAX_STRIKES:
            raise TrainingDiverged(
                f"Losses were not finite {strikes} times, the last time at step {state.step + 1}.",
                hint="Lower learning_rate, set gradient_clip to 1, or look for odd art in the data set.",
            )
        stored = load_latest(self.folder.checkpoints)
        if stored is None:
            self.state = state = new_state(self.config, self.plan)
        else:
            state.restore(stored.tensors, stored.scalars)
        state.strikes, state.rate_scale = strikes, rate_scale
        self.folder.forget_after(state.step)
        yield Warned(
            state.step,
            f"A loss was not finite; went back to step {state.step} and halved the learning rate.",
            f"This can happen {_MAX_STRIKES} times; then the run ends.",
        )

    # ---- now and then ----------------------------------------------------------------------------

    def _validate(self) -> Iterator[TrainEvent]:
        indices = self.dataset.indices("validation")[:_VALIDATED]
        if not len(indices):
            return
        sprites = np.ascontiguousarray(self.dataset.sprites_NHWC[indices])
        figures, each = reconstruction.evaluate_vae(self.state.kept_vae, sprites, should_stop=self.should_stop)
        losses = self.lessons.validation_losses(self.state, sprites, self.plan)
        self._back_to_training()
        if len(each) < len(indices):
            return
        self.figures = {
            "psnr": figures["psnr"],
            "ssim": figures["ssim"],
            "exact_pixel": figures["exact_pixel"],
            "alpha_iou": figures["alpha_iou"],
        }
        event = Validated(self.state.step, losses, self.figures | self._extra_figures(sprites))
        self.folder.log(event)
        yield event

    def _extra_figures(self, sprites_NHWC: U8) -> dict[str, float]:
        """Quality metrics of extensions: their mean over the first held-out sprites."""
        metrics = quality_metrics(self.config.training.extra_metrics, self.plan.device)
        if not metrics:
            return {}
        vae = self.state.kept_vae
        with torch.inference_mode():
            x = vae.prepare(torch.from_numpy(sprites_NHWC[: self.config.training.batch_size]).to(self.plan.device))
            drawn = vae.prepare(vae.render(vae.encode(x)[0]))
            return {name: float(metric(drawn, x).mean()) for name, metric in metrics.items()}

    def _preview(self) -> Iterator[TrainEvent]:
        held_out = self.dataset.indices("validation")
        indices = held_out if len(held_out) else self.dataset.indices("train")
        indices = indices[np.linspace(0, len(indices) - 1, min(_PREVIEWED, len(indices))).astype(np.int64)]
        sprites = np.ascontiguousarray(self.dataset.sprites_NHWC[indices])
        vae, prior = self.state.kept_vae, self.state.kept_prior
        pairs = list(reconstruction.reconstructions(vae, sprites))
        with torch.inference_mode():
            samples = vae.render(prior.sample(_PREVIEWED, seed=self.config.training.seed)).cpu().numpy()
        self._back_to_training()
        yield PreviewReady(self.state.step, sprites, np.concatenate([drawn for _, drawn in pairs]), samples)

    def _checkpoint(self) -> Iterator[TrainEvent]:
        exact = self.figures.get("exact_pixel", -1.0)
        is_best = exact > self.state.best_exact_pixel
        self.state.best_exact_pixel = max(exact, self.state.best_exact_pixel)
        path = save_checkpoint(
            self.state,
            self.folder.checkpoints,
            {"torch": str(torch.__version__)},
            keep=self.config.training.keep_checkpoints,
        )
        self._record("running")
        yield CheckpointSaved(self.state.step, path, is_best)

    def _alone(self) -> Iterator[TrainEvent]:
        """The parts that learn when the VAE is done, one after the other; `done` says whether they came to the end."""
        if self.state.step < self.config.training.max_steps:
            return
        if self.config.training.teacher_mode == "after":
            yield from self._learn_alone(TeacherAlone(self.state, self.lessons, self.plan))
            if self._leg_is_over():
                return
        yield from self._learn_alone(PriorAlone(self.state, self.dataset, self.vocabulary, self.plan))
        self.done = self.state.alone.get("prior", 0) >= round(
            self.config.prior.finish_share * self.config.training.max_steps
        )

    def _learn_alone(self, lesson: Alone) -> Iterator[TrainEvent]:
        state = self.state
        recent: deque[float] = deque(maxlen=_ALONE_REPORT)
        saved = time.perf_counter()
        while (index := state.alone.get(lesson.part, 0)) < lesson.steps and not self._leg_is_over():
            if self._waited():
                continue
            recent.append(lesson.step(index))
            state.alone[lesson.part] = index + 1
            if (index + 1) % _ALONE_REPORT == 0 or index + 1 == lesson.steps:
                loss = sum(recent) / len(recent)
                self.folder.log_alone(lesson.part, index + 1, loss)
                share = (index + 1) / lesson.steps
                yield PhaseStarted(state.step, f"{lesson.title}: {share:.0%}, loss {loss:.3f}")
            if time.perf_counter() - saved >= self.config.training.checkpoint_s:
                yield from self._checkpoint()
                saved = time.perf_counter()

    def _leg_is_over(self) -> bool:
        minutes = self.config.training.max_minutes
        return self.should_stop() or (minutes > 0 and (time.perf_counter() - self.begin) / 60.0 >= minutes)

    def _finish(self, *, quick: bool) -> Iterator[TrainEvent]:
        yield PhaseStarted(self.state.step, "Finding directions for the sliders")
        card = card_of(self.dataset, self.state, self.figures)
        name = model_name(self.dataset, self.folder.path)
        with every_thread():
            bundle = finish(self.state, self.dataset, self.vocabulary, name, card, quick=quick)
        save_model(bundle, self.folder.model_path)

    def _back_to_training(self) -> None:
        for module in self.state.networks.values():
            module.train()

    def _record(self, state: Literal["running", "finished", "stopped", "failed"]) -> None:
        facts = RunFacts(
            state=state,
            step=self.state.step,
            preset=self.config.preset,
            dataset=str(self.dataset.path),
            dataset_digest=self.dataset.digest,
            device=str(self.plan.device),
            precision=self.plan.precision,
            threads=self.threads,
            torch=str(torch.__version__),
        )
        self.folder.write(FACTS, facts)


def _resumed_config(stored: RunConfig, asked: RunConfig) -> RunConfig:
    """The run's own configuration, with what may differ from leg to leg."""
    training = msgspec.structs.replace(
        stored.training,
        max_minutes=asked.training.max_minutes,
        max_steps=max(stored.training.max_steps, asked.training.max_steps),
        device=asked.training.device,
        threads=asked.training.threads,
    )
    return msgspec.structs.replace(stored, training=training)
