"""What a run writes, whatever the disk does: a failed write pauses the run and is tried again.

Everything that matters is in memory, so a full disk, a folder without rights or one that somebody has
deleted costs nothing but time. Nothing on disk is touched before its successor is whole. A run that is asked to end
meanwhile goes on trying, for its end would be the end of what is in memory; only who asks it to leave loses that.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import torch

from lunar_studio.core.events import CheckpointSaved, MilestoneSaved, Paused, StepDone, TrainEvent, Validated, WentOn
from lunar_studio.errors import LunarError, TrainingError
from lunar_studio.training import milestones
from lunar_studio.training.checkpoints import keep_best, save_checkpoint
from lunar_studio.training.finish import model_name
from lunar_studio.training.leg import PAUSE_POLL_S, Leg
from lunar_studio.training.run_folder import FACTS, RunFacts, RunFolder, RunState

RETRY_S = (2.0, 5.0, 10.0)
"""Seconds between tries; the last from the third on."""

_MAKE_ROOM = "Free some space or make the run's folder writable."


class Keeper:
    """Writes checkpoints, milestones, metrics and facts of a run.

    Args:
        leg: What is kept.
        folder: Where.
        resumed: Whether the leg goes on from a checkpoint.
    """

    def __init__(self, leg: Leg, folder: RunFolder, *, resumed: bool) -> None:
        self.leg, self.folder = leg, folder
        self._saved = time.perf_counter()
        self._kept_step = leg.state.step if resumed else None
        self._was_left = False
        self._mark_kept()

    def _mark_kept(self) -> None:
        """What has been learned so far needs no saving any more."""
        self._kept_progress, self._kept_worked_s = self.leg.state.progress, self.leg.worked_s

    @property
    def _unsaved_steps(self) -> int:
        return max(0, self.leg.state.progress - self._kept_progress)

    def persist(self, write: Callable[[], object]) -> Iterator[TrainEvent]:
        """Write; while the disk refuses, rest and try again.

        Args:
            write: May be called several times; raises a LunarError from an OSError where the disk refuses.

        Raises:
            LunarError: The disk still refuses and somebody wants to leave, or it is not the disk's fault.
        """
        leg, attempt, since = self.leg, 0, time.perf_counter()
        while True:
            begun, wishes = time.perf_counter(), self._wishes()
            try:
                self.folder.heal(leg.config)
                write()
                break
            except LunarError as exc:
                if not isinstance(exc.__cause__, OSError):
                    raise
                if leg.should_leave():
                    self._was_left = True
                    raise type(exc)(exc.message, hint=self._what_is_lost()) from exc
                attempt += 1
                leg.forgive(time.perf_counter() - begun)
                wait = RETRY_S[min(attempt, len(RETRY_S)) - 1]
                yield self._paused(exc, attempt, wait)
                self._wait(wait, wishes)
        if attempt:
            yield WentOn(leg.state.step, time.perf_counter() - since)

    def _paused(self, exc: LunarError, attempt: int, retry_s: float) -> Paused:
        leg, unsaved = self.leg, self._unsaved_steps
        hurries = leg.hurries or leg.should_finish()
        return Paused(
            leg.state.step,
            exc.message,
            exc.hint if isinstance(exc, TrainingError) else _MAKE_ROOM,  # others do not know that a run waits for them
            attempt,
            retry_s,
            unsaved_steps=unsaved,
            unsaved_s=leg.worked_s - self._kept_worked_s if unsaved else 0.0,
            then="end" if leg.should_stop() else "finish" if hurries else "go-on",
        )

    def _what_is_lost(self) -> str:
        unsaved = self._unsaved_steps
        if not unsaved:
            return "The run was ended without it; all it has learned is in its last checkpoint."
        goes_on = "" if self._kept_step is None else f" It can go on from step {self._kept_step:,}."
        steps = "the last step" if unsaved == 1 else f"the last {unsaved:,} steps"
        return f"The run was ended without saving: what it learned in {steps} is not kept.{goes_on}"

    def _wishes(self) -> tuple[bool, ...]:
        return self.leg.should_stop(), self.leg.should_finish(), self.leg.should_leave()

    def _wait(self, seconds: float, wishes: tuple[bool, ...]) -> None:
        """Rest; somebody who wants something else than before the last try wants an answer, so it is tried at once."""
        until = time.perf_counter() + seconds
        while (left := until - time.perf_counter()) > 0 and self._wishes() == wishes:
            self.leg.rest(min(PAUSE_POLL_S, left))

    def log(self, event: StepDone | Validated) -> Iterator[TrainEvent]:
        """A line of metrics."""
        yield from self.persist(lambda: self.folder.log(event))

    def log_alone(self, part: str, step: int, loss: float) -> Iterator[TrainEvent]:
        """A line of metrics of a part that learns alone."""
        yield from self.persist(lambda: self.folder.log_alone(part, step, loss))

    def is_due(self) -> bool:
        """Whether as much work as a power cut may cost has been done since the last checkpoint."""
        return time.perf_counter() - self._saved >= self.leg.config.training.checkpoint_s

    def checkpoint(self, *, exact_pixel: float | None = None) -> Iterator[TrainEvent]:
        """Save the whole state.

        Args:
            exact_pixel: What the validation of this very state gave, if there was one.
        """
        state = self.leg.state
        is_best = exact_pixel is not None and exact_pixel > state.best_exact_pixel
        if exact_pixel is not None and is_best:
            state.best_exact_pixel = exact_pixel
        saved = self.folder.checkpoints / f"step-{state.step:09d}"

        def write() -> None:
            save_checkpoint(
                state,
                self.folder.checkpoints,
                {"torch": str(torch.__version__)},
                keep=self.leg.config.training.keep_checkpoints,
            )
            if is_best:
                keep_best(saved)
            self.record("running")

        yield from self.persist(write)
        self._saved = time.perf_counter()
        self._kept_step = state.step
        self._mark_kept()
        yield CheckpointSaved(state.step, saved, is_best)

    def milestone(self, *, now: bool = False) -> Iterator[TrainEvent]:
        """Keep a small model, if one is due, or of this moment where the run keeps any."""
        leg = self.leg
        if not (leg.config.training.milestones if now else milestones.is_due(leg.config, leg.state.step)):
            return
        name = model_name(leg.dataset, self.folder.path)
        path = self.folder.milestones / f"step-{leg.state.step:09d}.safetensors"
        yield from self.persist(
            lambda: milestones.save_milestone(leg.state, leg.vocabulary, self.folder.milestones, name)
        )
        yield MilestoneSaved(leg.state.step, path)

    def forget_after(self, step: int) -> Iterator[TrainEvent]:
        """Drop metrics and milestones of steps that will be done again, after the state was put back to that step."""
        self._mark_kept()
        self._kept_step = None if self._kept_step is None else step
        yield from self.persist(lambda: self.folder.forget_after(step))
        with suppress(OSError):
            milestones.forget_milestones_after(self.folder.milestones, step)

    def record_failure(self) -> None:
        """Write how a leg has ended that could not go on, or that somebody left while the disk refused.

        Raises:
            TrainingError: The folder cannot be written.
        """
        if self._was_left:
            self.record("stopped", step=self._kept_step or 0)
        else:
            self.record("failed")

    def record(
        self, run_state: RunState, *, step: int | None = None, took_s: float = 0.0, forecast_s: float = 0.0
    ) -> None:
        """Write what run lists show.

        Args:
            run_state: How the leg is, or has ended.
            step: The step to name; the one it is at for None.
            took_s: As in `RunFacts`.
            forecast_s: As in `RunFacts`.

        Raises:
            TrainingError: The folder cannot be written.
        """
        leg = self.leg
        facts = RunFacts(
            state=run_state,
            step=leg.state.step if step is None else step,
            preset=leg.config.preset,
            dataset=str(leg.dataset.path),
            dataset_digest=leg.dataset.digest,
            device=str(leg.plan.device),
            precision=leg.plan.precision,
            threads=leg.threads,
            torch=str(torch.__version__),
            processes=leg.peers.size,
            took_s=took_s,
            forecast_s=forecast_s,
        )
        self.folder.write(FACTS, facts)
