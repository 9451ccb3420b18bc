"""The owner of every QThread: starts it, asks its worker to stop, quits it, waits for it with a limit.

No thread is ever terminated: it may hold a lock or a half-written file. One that does not end within
its limit is reported (`stalled`) and kept alive until it does.
"""

from __future__ import annotations

import threading
import time
import traceback
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, QThread, Signal, SignalInstance, Slot

from lunar_studio.core.events import Failure
from lunar_studio.errors import LunarError
from lunar_studio.workers.gui_garbage import GuiGarbage

STOP_LIMIT_MS = 3000

# Qt aborts the process when a running QThread is destroyed, so a thread outlives even its host until it ends.
_alive: set[QThread] = set()


@dataclass(frozen=True, slots=True)
class Crash:
    """A mistake of ours, met in a worker: for the crash dialog.

    Attributes:
        where: Name of the thread.
        summary: Exception type and message, one line.
        details: The whole traceback.
    """

    where: str
    summary: str
    details: str

    def as_failure(self) -> Failure:
        """The same in an artist's words, for a message line."""
        return Failure(
            f"Something inside the studio broke while {self.where} ran: {self.summary}",
            "Your files are safe. Try again; if it comes back, save your project, restart, and send us the report.",
        )


class Worker(QObject):
    """A piece of work that lives in its own thread. Subclasses write `work`, and may extend `ask_stop`.

    Signals are emitted in the worker's thread and must be received by slots of objects in the GUI thread.

    Attributes:
        failed: Emitted with a `Failure` when the world made a mistake.
        crashed: Emitted with a `Crash` when we made one.
        ended: Emitted last, whatever happened.
    """

    failed = Signal(object)
    crashed = Signal(object)
    ended = Signal()

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setObjectName(name)
        self._stop = threading.Event()

    @property
    def name(self) -> str:
        """What the thread is called in reports."""
        return self.objectName()

    def should_stop(self) -> bool:
        """Whether someone asked for the end. Any thread; ask it after every small piece of work."""
        return self._stop.is_set()

    def ask_stop(self) -> None:
        """Ask for the end. Any thread, returns at once."""
        self._stop.set()

    @abstractmethod
    def work(self) -> None:
        """Do the work, in the worker's thread; return soon after `should_stop` turns true."""

    def guard(self, job: Callable[[], None], *, failed: SignalInstance | None = None) -> bool:
        """Run `job` and turn what it raises into a signal. Worker's thread.

        Args:
            job: Does one piece of work.
            failed: Receives a `Failure` in place of `self.failed`.

        Returns:
            Whether it went well.
        """
        try:
            job()
        except LunarError as error:
            (failed if failed is not None else self.failed).emit(Failure(error.message, error.hint))
        except Exception as error:  # noqa: BLE001 - one of the four places that may
            summary = f"{type(error).__name__}: {error}".splitlines()[0]
            self.crashed.emit(Crash(self.name, summary, traceback.format_exc()))
        else:
            return True
        return False

    @Slot()
    def run(self) -> None:
        """Run `work` to its end, then end the thread."""
        self.guard(self.work)
        self.ended.emit()
        # Asked for from inside the thread: a queued quit would wait for a GUI thread that waits for us.
        QThread.currentThread().quit()


class ThreadHost(QObject):
    """Owns the threads of all workers. GUI thread only.

    Attributes:
        crashed: Emitted with a `Crash` when a worker met a mistake of ours.
        stalled: Emitted with the name of a thread that did not end within its limit.
    """

    crashed = Signal(object)
    stalled = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._threads: dict[QThread, Worker] = {}
        self._garbage = GuiGarbage(self)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the workers whose threads have not ended, in starting order."""
        return tuple(worker.name for thread, worker in self._threads.items() if not thread.isFinished())

    def start(self, worker: Worker) -> None:
        """Give `worker` a thread and let it run. Connect its signals first.

        Raises:
            RuntimeError: It was started before.
        """
        if worker in self._threads.values():
            raise RuntimeError(f"worker {worker.name!r} was started before")
        thread = QThread()
        thread.setObjectName(worker.name)
        worker.moveToThread(thread)
        worker.crashed.connect(self._on_crashed)
        thread.started.connect(worker.run)
        thread.finished.connect(self._on_finished)
        self._threads[thread] = worker
        _alive.add(thread)
        self._garbage.begin()
        thread.start()

    @Slot()
    def lull(self) -> None:
        """Nobody waits for the GUI thread just now, so it may clear away. A moment that recurs while it is busy."""
        self._garbage.lull()

    def is_running(self, worker: Worker) -> bool:
        """Whether the worker's thread has not ended."""
        return any(held is worker and not thread.isFinished() for thread, held in self._threads.items())

    def end(self, worker: Worker, *, limit_ms: int = STOP_LIMIT_MS) -> bool:
        """Ask `worker` to stop and wait for its thread.

        Returns:
            Whether it ended within `limit_ms`; if not, `stalled` was emitted and the thread goes on.
        """
        return not self._end([thread for thread, held in self._threads.items() if held is worker], limit_ms)

    def shut_down(self, *, limit_ms: int = STOP_LIMIT_MS) -> tuple[str, ...]:
        """Ask every worker to stop, then wait for all of them together.

        Returns:
            Names of those that did not end within `limit_ms`. The process must then leave with `os._exit`
            once everything of the user's is on disk: Qt aborts when it destroys a running thread.
        """
        return self._end(list(self._threads), limit_ms)

    def _end(self, threads: list[QThread], limit_ms: int) -> tuple[str, ...]:
        deadline = time.monotonic() + limit_ms / 1000
        for thread in threads:
            self._threads[thread].ask_stop()
            thread.quit()
        stalled = []
        for thread in threads:
            left_ms = max(0, round((deadline - time.monotonic()) * 1000))
            if not thread.wait(left_ms):
                stalled.append(self._threads[thread].name)
        self._forget_finished()
        for name in stalled:
            self.stalled.emit(name)
        return tuple(stalled)

    def _forget_finished(self) -> None:
        for thread in [thread for thread in self._threads if thread.isFinished()]:
            thread.wait()
            del self._threads[thread]
            _alive.discard(thread)
        if not self._threads:
            self._garbage.end()

    @Slot()
    def _on_finished(self) -> None:
        self._forget_finished()

    @Slot(object)
    def _on_crashed(self, crash: Crash) -> None:
        self.crashed.emit(crash)
