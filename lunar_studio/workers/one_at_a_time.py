"""A service with one worker at a time: a new request stops the one before, and only the newest is listened to."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from lunar_studio.core.events import Failure
from lunar_studio.workers.thread_host import Crash, ThreadHost, Worker


class OneAtATime(QObject):
    """Base of services whose requests each get a worker of their own. Subclasses connect its answers and `_start` it.

    Args:
        host: Runs and ends the threads.
        parent: The QObject that owns this one.

    Attributes:
        failed: Emitted with a `Failure` of a request that is still wanted.
        stopped: Emitted when a request ended because `request_stop` was called.
        running_changed: Emitted with whether a request is going.
    """

    failed = Signal(object)
    stopped = Signal()
    running_changed = Signal(bool)

    def __init__(self, host: ThreadHost, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._host = host
        self._worker: Worker | None = None

    @property
    def is_running(self) -> bool:
        """Whether a request is going."""
        return self._worker is not None

    def request_stop(self) -> None:
        """Ask the request to end after the small piece of work it is at; `stopped` follows. Nothing if none goes."""
        if self._worker is not None:
            self._worker.ask_stop()

    def _start(self, worker: Worker) -> None:
        was_running = self.is_running
        self.request_stop()
        worker.failed.connect(self._on_failed)
        worker.crashed.connect(self._on_crashed)
        worker.ended.connect(self._on_ended)
        self._worker = worker
        self._host.start(worker)
        if not was_running:
            self.running_changed.emit(True)

    def _is_current(self) -> bool:
        """Whether the signal being received comes from the newest request."""
        return self._worker is not None and self.sender() is self._worker

    def _is_wanted(self) -> bool:
        """Whether it does, and nobody has asked that request to stop."""
        return self._is_current() and self._worker is not None and not self._worker.should_stop()

    @Slot(object)
    def _on_failed(self, failure: Failure) -> None:
        if self._is_wanted():  # being stopped is a failure to some workers
            self.failed.emit(failure)

    @Slot(object)
    def _on_crashed(self, crash: Crash) -> None:
        if self._is_wanted():
            self.failed.emit(crash.as_failure())

    @Slot()
    def _on_ended(self) -> None:
        if not self._is_current():
            return
        worker, self._worker = self._worker, None
        self.running_changed.emit(False)
        if worker is not None and worker.should_stop():
            self.stopped.emit()
