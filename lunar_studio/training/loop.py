"""A run from its first step to a model file, as a generator of events.

    prepare -> measure precision -> dry run -> [resume] -> steps: learn, report, validate, preview, checkpoint
    -> judge and prior alone -> finish

The same for the window, the command line and tests: `list(train(...))` is a whole run. It never prints,
never sleeps but in a pause, and asks `should_stop` after every step and every validation batch.
Batches and noise are functions of (seed, step) alone, so a resumed run repeats the losses of one that was
never stopped, on the same device with the same number of threads.

Under torchrun the first process leads (writes and reports), the others assist: they take the same steps
on their rows, and yield nothing (`peers`).
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from lunar_studio.core.config import RunConfig
from lunar_studio.core.events import (
    FinishBegun,
    Forecast,
    PhaseStarted,
    RunEnded,
    RunStarted,
    TrainEvent,
    Warned,
)
from lunar_studio.data.dataset import Dataset
from lunar_studio.errors import CheckpointError, LunarError, TrainingDiverged
from lunar_studio.models.memory import training_bytes
from lunar_studio.paths import is_file
from lunar_studio.training import fine_tune, forecasting
from lunar_studio.training.checkpoints import Stored, list_checkpoints, load_latest, step_of
from lunar_studio.training.ending import Ending
from lunar_studio.training.keeping import Keeper
from lunar_studio.training.leg import Ask, Leg, shared_config, shared_vocabulary
from lunar_studio.training.peers import ALONE, Peers, joined
from lunar_studio.training.reporting import Reporter
from lunar_studio.training.run_folder import CONFIG, RunFolder
from lunar_studio.training.step import Outcome

_MAX_STRIKES = 3
_COLLAPSED = (
    "One expert of the teacher took over nearly everything; the balance between them now counts tenfold.",
    "If this comes again and again, use fewer experts or more varied art.",
)


def train(
    dataset: Path,
    run_dir: Path,
    config: RunConfig,
    *,
    resume: bool = False,
    should_stop: Ask = lambda: False,
    should_pause: Ask = lambda: False,
    should_finish: Ask = lambda: False,
    should_leave: Ask = lambda: False,
) -> Iterator[TrainEvent]:
    """Train on a built data set and yield what happens; ends with `RunEnded`.

    Args:
        dataset: Folder of a built data set.
        run_dir: Where checkpoints, metrics and the model go.
        config: What to do; with `resume` the run's own configuration counts, but for `max_minutes`, `max_steps`,
            `device` and `threads`.
        resume: Go on from the newest whole checkpoint in `run_dir`.
        should_stop: Asked after every step; the run then saves (`LearningEnded`), finishes the model and ends. One that
            has not taken its first step leaves its folder as it was found. Where the disk refuses what is to be saved,
            it rests and tries again until that succeeds.
        should_pause: While it says yes, no step is taken.
        should_finish: Once it says yes, what is left of the schedule is gone through in a tenth of the steps done, and
            judge and prior learn alone for a quarter of what is left for them; the run then ends as planned.
        should_leave: Once it says yes, a run whose disk refuses tries once more, and then ends without saving.

    Raises:
        LunarError: The run cannot start or go on; what was trained is in the last checkpoint.
    """
    with joined() as peers:
        opened = Dataset.open(dataset)
        if not peers.is_writer:
            _assist(opened, peers, should_stop, should_pause, should_finish)
            return
        folder = RunFolder(run_dir, resume=resume)
        try:
            asked = _resumed_config(folder.read_config(), config) if resume else config
            fine_tune.keep_start(asked, folder.start_path)
            shared_config(asked, peers)
            vocabulary = shared_vocabulary(fine_tune.vocabulary_of(opened, asked, folder.start_path), peers)
            leg = Leg(opened, vocabulary, asked, peers, should_stop, should_pause, should_finish, should_leave)
            yield from _Lead(leg, folder, resume=resume).events()
        except _CalledOff:
            yield _left_as_found(folder, resume=resume)
        finally:
            folder.close()


def forecast(dataset: Path, scratch: Path, config: RunConfig, *, should_stop: Ask = lambda: False) -> Forecast:
    """What a run would cost, from a dry run; leaves nothing but the scratch folder.

    Args:
        dataset: Folder of a built data set.
        scratch: An empty folder on the disk that the run would write to.
        config: What the run would do.
        should_stop: Once it says yes, nothing is measured any more, and what is returned means nothing.

    Raises:
        LunarError: The run could not start.
    """
    opened = Dataset.open(dataset)
    start = Path(config.training.start_from) if config.training.start_from else scratch / "none"
    leg = Leg(opened, fine_tune.vocabulary_of(opened, config, start), config, ALONE, should_stop, lambda: False)
    for _ in leg.measure():
        pass  # what was said of memory stands in the forecast's estimate
    leg.begin()
    costs = forecasting.measure(leg, forecasting.dry_steps(leg), scratch)
    leg.settle(forecasting.settled_length(leg.config, costs))
    return forecasting.forecast_of(leg, costs)


def _left_as_found(folder: RunFolder, *, resume: bool) -> RunEnded:
    """What is told of a leg that has not taken a step: no run is begun, and one that was there is what it was."""
    if not resume:
        folder.abandon()
        return RunEnded(0, "stopped", None)
    kept = list_checkpoints(folder.checkpoints)
    model = folder.model_path if is_file(folder.model_path) else None
    return RunEnded(step_of(kept[-1]) if kept else 0, "stopped", model)


def _assist(dataset: Dataset, peers: Peers, should_stop: Ask, should_pause: Ask, should_finish: Ask) -> None:
    """Take the same steps as the first process, on other rows, until it goes on alone."""
    config = shared_config(None, peers)
    leg = Leg(dataset, shared_vocabulary(None, peers), config, peers, should_stop, should_pause, should_finish)
    for _ in leg.measure():
        pass  # memory that runs out ends a run of several processes
    leg.begin()
    forecasting.dry_steps(leg)
    leg.settle(leg.config)
    leg.begin()
    leg.restore(None)
    leg.start_clock()
    while leg.state.step < leg.config.training.max_steps:
        end, rest = leg.wishes()
        if end:
            return
        if rest:
            leg.rest()
            continue
        leg.shorten()
        outcome = leg.take_step()
        if not outcome.finite and not outcome.overflowed:
            leg.restore(None)


class _CalledOff(Exception):
    """Somebody wants the run to end before its first step."""


class _Lead:
    """The process that writes and reports."""

    def __init__(self, leg: Leg, folder: RunFolder, *, resume: bool) -> None:
        self.leg, self.folder, self.resume = leg, folder, resume

    def events(self) -> Iterator[TrainEvent]:
        """The whole leg."""
        leg = self.leg
        yield PhaseStarted(0, "Measuring this machine")
        told = yield from self._prepare()
        self.reporter, self.keeper = Reporter(leg), Keeper(leg, self.folder, resumed=self.resume)
        if self.resume:
            yield from self.keeper.forget_after(leg.state.step)
        self.folder.write(CONFIG, leg.config)
        self.keeper.record("running")
        yield self._started()
        yield told
        for part in leg.begun_anew:
            yield Warned(
                leg.state.step,
                f"The settings of the {part} have changed since the last checkpoint; it begins anew.",
                "What the VAE has learned stays.",
            )
        first = leg.state.step
        leg.start_clock()
        ending = Ending(leg, self.keeper, self.reporter)
        try:
            yield from self._steps()
            leg.peers.part()
            yield from ending.learn_alone()
            yield from self.keeper.checkpoint()
            quick = leg.should_stop()
            yield from ending.finish(quick=quick)
        except LunarError:
            with suppress(LunarError):  # where the disk is the reason, this cannot be written either
                self.keeper.record_failure()
            raise
        took_s = leg.worked_s
        # Nobody forecast that the run would be asked to finish early.
        done = leg.state.step - first
        said_s = 0.0 if leg.hurries else forecasting.forecast_for(told, done, finished=ending.done, quick=quick)
        yield from self.keeper.persist(lambda: self.keeper.record(ending.reason, took_s=took_s, forecast_s=said_s))
        yield RunEnded(leg.state.step, ending.reason, self.folder.model_path, took_s, said_s)

    # ---- before the first step -------------------------------------------------------------------

    def _prepare(self) -> Generator[TrainEvent, None, Forecast]:
        """Precision, forecast, weights; gives back the forecast."""
        leg = self.leg
        yield from leg.measure()
        while True:
            try:
                leg.begin()
                costs = forecasting.measure(leg, forecasting.dry_steps(leg), self.folder.path)
                break
            except (RuntimeError, MemoryError) as exc:
                yield leg.use_less_memory(exc, step=0)
        if leg.is_called_off:
            raise _CalledOff
        leg.settle(forecasting.settled_length(leg.config, costs))
        leg.begin()
        stored = (
            load_latest(self.folder.checkpoints) if self.resume else fine_tune.start_of(leg, self.folder.start_path)
        )
        if self.resume and stored is None:
            raise CheckpointError(
                f"{self.folder.path} has no checkpoint that is whole.",
                hint="Start a new run; the data set can be used again.",
            )
        if stored is not None or leg.peers.together:
            leg.restore(stored)
        return forecasting.forecast_of(leg, costs, leg.state.step)

    def _started(self) -> RunStarted:
        leg = self.leg
        return RunStarted(
            run_dir=self.folder.path,
            preset=leg.config.preset,
            parameters={
                part: sum(p.numel() for p in module.parameters()) for part, module in leg.state.networks.items()
            },
            device=str(leg.plan.device),
            precision=leg.plan.precision,
            precision_reason=leg.plan.reason,
            train_count=len(leg.dataset.indices("train")),
            validation_count=len(leg.dataset.indices("validation")),
            first_step=leg.state.step,
            max_steps=leg.config.training.max_steps,
            memory_bytes=training_bytes(leg.config),
        )

    # ---- the steps -------------------------------------------------------------------------------

    def _steps(self) -> Iterator[TrainEvent]:
        leg = self.leg
        yield self.reporter.preview()
        yield from self.keeper.milestone()
        while leg.state.step < leg.config.training.max_steps:
            end, rest = leg.wishes()
            if end:
                return
            if rest:
                leg.rest()
                self.reporter.forget_rate()
                continue
            if leg.shorten():
                yield from self.keeper.checkpoint()
                yield from self.keeper.persist(lambda: self.folder.write(CONFIG, leg.config))
                yield FinishBegun(leg.state.step, leg.config.training.max_steps)
            try:
                outcome = leg.take_step()
            except (RuntimeError, MemoryError) as exc:
                yield leg.use_less_memory(exc, step=leg.state.step)
                continue
            if outcome.finite:
                yield from self._after_step(outcome)
            elif not outcome.overflowed:
                yield from self._go_back()

    def _after_step(self, outcome: Outcome) -> Iterator[TrainEvent]:
        """Report; validate, preview and save where it is time."""
        leg, training = self.leg, self.leg.config.training
        event = self.reporter.step_done(outcome)
        yield from self.keeper.log(event)
        yield event
        if leg.collapsed:
            yield Warned(leg.state.step, *_COLLAPSED)
        step, exact_pixel = leg.state.step, None
        last = step >= training.max_steps
        if step % training.validate_every == 0 or last:
            validated = self.reporter.validate()
            if validated is not None:
                yield from self.keeper.log(validated)
                yield validated
                exact_pixel = validated.figures["exact_pixel"]
        if step % training.preview_every == 0 or last:
            yield self.reporter.preview()
        yield from self.keeper.milestone()
        is_best = exact_pixel is not None and exact_pixel > leg.state.best_exact_pixel
        if is_best or (self.keeper.is_due() and not last):
            yield from self.keeper.checkpoint(exact_pixel=exact_pixel)

    def _go_back(self) -> Iterator[TrainEvent]:
        """Losses or gradients were not finite: go back to the last checkpoint with half the rates."""
        leg = self.leg
        strikes, rate_scale = leg.state.strikes + 1, leg.state.rate_scale / 2.0
        if strikes > _MAX_STRIKES:
            raise TrainingDiverged(
                f"Losses were not finite {strikes} times, the last time at step {leg.state.step + 1}.",
                hint="Lower learning_rate, set gradient_clip to 1, or look for odd art in the data set.",
            )
        stored = load_latest(self.folder.checkpoints) or fine_tune.start_of(leg, self.folder.start_path) or leg.fresh()
        leg.restore(Stored(stored.tensors, stored.scalars | {"strikes": strikes, "rate_scale": rate_scale}))
        self.reporter.forget_rate()
        yield from self.keeper.forget_after(leg.state.step)
        yield Warned(
            leg.state.step,
            f"A loss was not finite; went back to step {leg.state.step} and halved the learning rate.",
            f"This can happen {_MAX_STRIKES} times; then the run ends.",
        )


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
