"""The GUI's side of training: start, pause, finish, stop, and what happens, at most ten times a second.

The window fetches events on a timer of its own; the trainer never waits for the window, and the window
never sees more than ten batches a second however short the steps are. The end of a run is fetched at once.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from lunar_studio.core.config import RunConfig
from lunar_studio.core.events import Failure
from lunar_studio.session.ports import Trainer
from lunar_studio.workers.thread_host import STOP_LIMIT_MS, Crash, ThreadHost
from lunar_studio.workers.train_worker import TrainOrder, TrainWorker

FETCH_INTERVAL_MS = 100


class TrainService(QObject):
    """Runs one training at a time.

    Args:
        host: Runs and ends the threads.
        trainer: Starts a run; called in the worker's thread.
        parent: The QObject that owns this one.

    Attributes:
        events_received: Emitted with a tuple of `TrainEvent`, oldest first, at most ten times a second.
        failed: Emitted with a `Failure` when a run could not go on, after its last events.
        running_changed: Emitted with whether a run is going.
        paused_changed: Emitted with whether the run is asked to rest.
        stop_wished: The run was asked to save and end, by whoever it was.
    """

    events_received = Signal(object)
    failed = Signal(object)
    running_changed = Signal(bool)
    paused_changed = Signal(bool)
    stop_wished = Signal()

    def __init__(self, host: ThreadHost, trainer: Trainer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._host = host
        self._trainer = trainer
        self._worker: TrainWorker | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(FETCH_INTERVAL_MS)
        self._timer.timeout.connect(self._fetch)

    @property
    def is_running(self) -> bool:
        """Whether a run is going, paused or not."""
        return self._worker is not None

    @property
    def is_paused(self) -> bool:
        """Whether the run is asked to rest."""
        return self._worker is not None and self._worker.is_paused

    def start(self, dataset: Path, run_dir: Path, config: RunConfig, *, resume: bool = False) -> None:
        """Start a run, or go on with the one in `run_dir`.

        Raises:
            RuntimeError: One is going already.
        """
        if self._worker is not None:
            raise RuntimeError("a run is going already")
        worker = TrainWorker(self._trainer, TrainOrder(dataset, run_dir, config, resume))
        worker.run_ended.connect(self._fetch)
        worker.failed.connect(self._on_failed)
        worker.crashed.connect(self._on_crashed)
        worker.ended.connect(self._on_ended)
        self._worker = worker
        self._host.start(worker)
        self._timer.start()
        self.running_changed.emit(True)

    def request_stop(self) -> None:
        """Ask the run to save and end after the step it is in; `RunEnded` follows. Nothing if none goes.

        Where the disk refuses, it goes on trying to save, and tells so (`Paused`), until `request_leave`.
        """
        if self._worker is not None:
            self._worker.ask_stop()
            self.stop_wished.emit()

    @property
    def is_stopping(self) -> bool:
        """Whether the run is asked to end."""
        return self._worker is not None and self._worker.should_stop()

    @property
    def is_leaving(self) -> bool:
        """Whether the run is asked to end even where it cannot save."""
        return self._worker is not None and self._worker.is_leaving

    def request_leave(self) -> None:
        """Ask the run to end, and not to wait for a disk that refuses: `failed` then tells what is lost."""
        if self._worker is not None:
            self._worker.ask_leave()

    @property
    def is_finishing(self) -> bool:
        """Whether the run is asked to finish now."""
        return self._worker is not None and self._worker.is_finishing

    def request_finish(self) -> None:
        """Ask the run to come to its planned end in fewer steps; one that rests goes on. Nothing if none goes."""
        if self._worker is None:
            return
        was_paused = self._worker.is_paused
        self._worker.ask_finish()
        if was_paused:
            self.paused_changed.emit(False)

    def set_paused(self, paused: bool) -> None:
        """Ask the run to rest after the step it is in, or to go on. Nothing if none goes."""
        if self._worker is not None and self._worker.is_paused != paused:
            self._worker.set_paused(paused)
            self.paused_changed.emit(paused)

    def stop_and_wait(self, *, limit_ms: int = STOP_LIMIT_MS) -> bool:
        """Ask the run to stop and wait for it, for a window that closes.

        Returns:
            Whether it ended within `limit_ms`; its last checkpoint is on disk in any case.
        """
        return self._worker is None or self._host.end(self._worker, limit_ms=limit_ms)

    @Slot()
    def _fetch(self) -> None:
        events = self._worker.fetch() if self._worker is not None else ()
        if events:
            self.events_received.emit(events)

    @Slot(object)
    def _on_failed(self, failure: Failure) -> None:
        self._fetch()
        self.failed.emit(failure)

    @Slot(object)
    def _on_crashed(self, crash: Crash) -> None:
        self._fetch()
        self.failed.emit(crash.as_failure())

    @Slot()
    def _on_ended(self) -> None:
        self._timer.stop()
        self._fetch()
        was_paused = self.is_paused
        self._worker = None
        if was_paused:
            self.paused_changed.emit(False)
        self.running_changed.emit(False)
