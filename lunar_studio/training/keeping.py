"""What a run writes, whatever the disk does: a failed write pauses the run and is tried again.

Everything that matters is in memory, so a full disk, a folder without rights or one that somebody has
deleted costs nothing but time. Nothing on disk is touched before its successor is whole.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import torch

from lunar_studio.core.events import CheckpointSaved, MilestoneSaved, Paused, StepDone, TrainEvent, Validated, WentOn
from lunar_studio.errors import LunarError
from lunar_studio.training import milestones
from lunar_studio.training.checkpoints import keep_best, save_checkpoint
from lunar_studio.training.finish import model_name
from lunar_studio.training.leg import PAUSE_POLL_S, Leg
from lunar_studio.training.run_folder import FACTS, RunFacts, RunFolder, RunState

RETRY_S = (2.0, 5.0, 10.0)
"""Seconds between tries; the last from the third on."""

_NOT_KEPT = "The run was to end and did not wait for it: what it learned since its last checkpoint is not kept."


class Keeper:
    """Writes checkpoints, milestones, metrics and facts of a run.

    Args:
        leg: What is kept.
        folder: Where.
    """

    def __init__(self, leg: Leg, folder: RunFolder) -> None:
        self.leg, self.folder = leg, folder
        self._saved = time.perf_counter()

    def persist(self, write: Callable[[], object]) -> Iterator[TrainEvent]:
        """Write; while the disk refuses, rest and try again.

        Args:
            write: May be called several times; raises a LunarError from an OSError where the disk refuses.

        Raises:
            LunarError: The disk still refuses and somebody wants the run to end, or it is not the disk's fault.
        """
        leg, attempt, since = self.leg, 0, time.perf_counter()
        while True:
            begun = time.perf_counter()
            try:
                self.folder.heal(leg.config)
                write()
                break
            except LunarError as exc:
                if not isinstance(exc.__cause__, OSError):
                    raise
                if leg.should_stop():
                    raise type(exc)(exc.message, hint=_NOT_KEPT) from exc
                attempt += 1
                leg.forgive(time.perf_counter() - begun)
                wait = RETRY_S[min(attempt, len(RETRY_S)) - 1]
                yield Paused(leg.state.step, exc.message, exc.hint, attempt, wait)
                self._wait(wait)
        if attempt:
            yield WentOn(leg.state.step, time.perf_counter() - since)

    def _wait(self, seconds: float) -> None:
        until = time.perf_counter() + seconds
        while (left := until - time.perf_counter()) > 0 and not self.leg.should_stop():
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
        """Drop metrics and milestones of steps that will be done again."""
        yield from self.persist(lambda: self.folder.forget_after(step))
        with suppress(OSError):
            milestones.forget_milestones_after(self.folder.milestones, step)

    def record(self, run_state: RunState, *, took_s: float = 0.0, forecast_s: float = 0.0) -> None:
        """Write what run lists show.

        Raises:
            TrainingError: The folder cannot be written.
        """
        leg = self.leg
        facts = RunFacts(
            state=run_state,
            step=leg.state.step,
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
