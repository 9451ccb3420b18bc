"""Runs a trainer's generator in a thread and keeps what it yields until the window fetches it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Signal

from lunar_studio.core.config import RunConfig
from lunar_studio.core.events import PreviewReady, RunEnded, TrainEvent
from lunar_studio.session.ports import Trainer
from lunar_studio.workers.preview_store import keep_preview
from lunar_studio.workers.thread_host import Worker


@dataclass(frozen=True, slots=True)
class TrainOrder:
    """What a run is to do.

    Attributes:
        dataset: A built data set.
        run_dir: The run's folder, new or to be continued.
        config: Everything that decides what it does.
        resume: Whether to go on from the last checkpoint in `run_dir`.
    """

    dataset: Path
    run_dir: Path
    config: RunConfig
    resume: bool


class TrainWorker(Worker):
    """Steps a trainer's generator to its end.

    Attributes:
        run_ended: Emitted when a `RunEnded` has been yielded, so that it is fetched at once.
    """

    run_ended = Signal()

    def __init__(self, trainer: Trainer, order: TrainOrder) -> None:
        super().__init__("training")
        self._trainer = trainer
        self._order = order
        self._paused = threading.Event()
        self._finish = threading.Event()
        self._leave = threading.Event()
        self._lock = threading.Lock()
        self._events: list[TrainEvent] = []

    # ---- any thread ------------------------------------------------------------------------------

    @property
    def is_paused(self) -> bool:
        """Whether the trainer is asked to rest."""
        return self._paused.is_set()

    def set_paused(self, paused: bool) -> None:
        """Ask the trainer to rest after the step it is in, or to go on."""
        if paused:
            self._paused.set()
        else:
            self._paused.clear()

    def ask_finish(self) -> None:
        """Ask the trainer to come to its planned end in fewer steps; a trainer that rests goes on."""
        self._finish.set()
        self._paused.clear()

    @property
    def is_finishing(self) -> bool:
        """Whether the trainer is asked to finish now."""
        return self._finish.is_set()

    def ask_leave(self) -> None:
        """Ask the trainer to end, also where the disk refuses what is to be saved."""
        self._leave.set()
        self.ask_stop()

    @property
    def is_leaving(self) -> bool:
        """Whether the trainer is asked to end even where the disk refuses."""
        return self._leave.is_set()

    def fetch(self) -> tuple[TrainEvent, ...]:
        """What was yielded since the last call, oldest first."""
        with self._lock:
            events, self._events = self._events, []
        return tuple(events)

    # ---- the worker's thread ---------------------------------------------------------------------

    def work(self) -> None:
        """Take every event the trainer yields; it asks `should_stop` itself, and saves before it ends."""
        order = self._order
        events = self._trainer(
            order.dataset,
            order.run_dir,
            order.config,
            resume=order.resume,
            should_stop=self.should_stop,
            should_pause=self._paused.is_set,
            should_finish=self._finish.is_set,
            should_leave=self._leave.is_set,
        )
        for event in events:
            if isinstance(event, PreviewReady):
                keep_preview(order.run_dir, event)
            with self._lock:
                self._events.append(event)
            if isinstance(event, RunEnded):
                self.run_ended.emit()
