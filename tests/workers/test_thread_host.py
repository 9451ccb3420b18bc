"""The thread host starts, asks, waits and reports; it never terminates and never lets an exception out."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QObject, QThread, Signal, Slot
from pytestqt.qtbot import QtBot

from lunar_studio.core.events import Failure
from lunar_studio.errors import DatasetError
from lunar_studio.workers.thread_host import Crash, ThreadHost, Worker
from tests.conftest import PATIENCE_MS


class Counter(Worker):
    """Counts until asked to stop."""

    counted = Signal(int)

    def __init__(self) -> None:
        super().__init__("counting")
        self.count = 0
        self.thread_of_work: QThread | None = None

    def work(self) -> None:
        self.thread_of_work = QThread.currentThread()
        while not self.should_stop():
            self.count += 1
            self.counted.emit(self.count)
            time.sleep(0.001)


class Deaf(Worker):
    """Hears nothing until `ears` is set."""

    def __init__(self) -> None:
        super().__init__("deaf")
        self.ears = threading.Event()
        self.thread_of_work: QThread | None = None

    def work(self) -> None:
        self.thread_of_work = QThread.currentThread()
        self.ears.wait(60.0)


class Companion(Worker):
    """Goes only when all of its company have been asked to go."""

    def __init__(self, company: threading.Barrier) -> None:
        super().__init__("waiting for the others")
        self.company = company

    def work(self) -> None:
        while not self.should_stop():
            time.sleep(0.001)
        self.company.wait(10.0)


class Raiser(Worker):
    """Raises what it is given."""

    def __init__(self, error: Exception) -> None:
        super().__init__("raising")
        self.error = error

    def work(self) -> None:
        raise self.error


class Listener(QObject):
    """A receiver in the GUI thread, as the services are."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[object] = []
        self.threads: set[bool] = set()

    @Slot(object)
    @Slot(int)
    @Slot(str)
    def hear(self, value: object) -> None:
        self.heard.append(value)
        application = QCoreApplication.instance()
        assert application is not None
        self.threads.add(QThread.currentThread() is application.thread())


def test_work_runs_in_a_thread_of_its_own_and_is_heard_in_the_gui_thread(qtbot: QtBot) -> None:
    host, listener, worker = ThreadHost(), Listener(), Counter()
    worker.counted.connect(listener.hear)
    host.start(worker)
    qtbot.waitUntil(lambda: len(listener.heard) >= 3)
    assert list(host.names) == ["counting"]
    assert host.is_running(worker)
    assert host.end(worker)
    assert not host.names
    assert not host.is_running(worker)
    application = QCoreApplication.instance()
    assert application is not None
    assert worker.thread_of_work is not application.thread()
    assert listener.threads == {True}
    assert listener.heard[:3] == [1, 2, 3]


def test_a_worker_that_ends_by_itself_leaves_no_thread(qtbot: QtBot) -> None:
    host, worker = ThreadHost(), Raiser(DatasetError("No art.", hint="Choose a folder."))
    host.start(worker)
    qtbot.waitUntil(lambda: not host.names)
    assert host.shut_down(limit_ms=PATIENCE_MS) == ()


def test_a_mistake_of_the_world_becomes_a_failure(qtbot: QtBot) -> None:
    host, listener = ThreadHost(), Listener()
    worker = Raiser(DatasetError("The folder is empty.", hint="Choose one with PNG files."))
    worker.failed.connect(listener.hear)
    host.crashed.connect(listener.hear)
    host.start(worker)
    qtbot.waitUntil(lambda: bool(listener.heard))
    assert listener.heard == [Failure("The folder is empty.", "Choose one with PNG files.")]
    assert host.shut_down(limit_ms=PATIENCE_MS) == ()


def test_a_mistake_of_ours_becomes_a_crash_with_its_traceback(qtbot: QtBot) -> None:
    host, listener, worker = ThreadHost(), Listener(), Raiser(KeyError("recon"))
    worker.failed.connect(listener.hear)
    host.crashed.connect(listener.hear)
    host.start(worker)
    qtbot.waitUntil(lambda: bool(listener.heard))
    (crash,) = listener.heard
    assert isinstance(crash, Crash)
    assert crash.where == "raising"
    assert crash.summary == "KeyError: 'recon'"
    assert "raise self.error" in crash.details
    assert "recon" in crash.as_failure().message
    assert host.shut_down(limit_ms=PATIENCE_MS) == ()


@pytest.mark.usefixtures("qapp")
def test_a_worker_is_started_once() -> None:
    host, worker = ThreadHost(), Counter()
    host.start(worker)
    with pytest.raises(RuntimeError, match="started before"):
        host.start(worker)
    assert host.shut_down(limit_ms=PATIENCE_MS) == ()


@pytest.mark.usefixtures("qapp")
def test_stop_is_heard_even_before_the_thread_has_begun() -> None:
    host, worker = ThreadHost(), Counter()
    worker.ask_stop()
    host.start(worker)
    assert host.end(worker, limit_ms=PATIENCE_MS)
    assert worker.count == 0


@pytest.mark.usefixtures("qapp")
def test_shutting_down_waits_for_all_of_them_together() -> None:
    """One after the other would never end: each of these goes only when all of them have been asked."""
    host, company = ThreadHost(), threading.Barrier(3)
    for _ in range(3):
        host.start(Companion(company))
    assert host.shut_down(limit_ms=PATIENCE_MS) == ()
    assert not company.broken


def test_a_thread_that_does_not_end_is_reported_and_left_alone(qtbot: QtBot) -> None:
    host, listener, worker = ThreadHost(), Listener(), Deaf()
    host.stalled.connect(listener.hear)
    host.start(worker)
    assert host.shut_down(limit_ms=100) == ("deaf",)
    assert listener.heard == ["deaf"]
    assert host.is_running(worker)
    worker.ears.set()
    qtbot.waitUntil(lambda: host.names == ())


def test_a_running_thread_outlives_its_host(qtbot: QtBot) -> None:
    """Qt aborts the process when a running QThread is destroyed."""
    worker = Deaf()
    host = ThreadHost()
    host.start(worker)
    host.deleteLater()
    del host
    try:
        qtbot.wait(50)
        assert worker.thread_of_work is None or worker.thread_of_work.isRunning()
        worker.ears.set()
        qtbot.waitUntil(lambda: worker.thread_of_work is not None and worker.thread_of_work.isFinished())
    finally:
        gc.enable()  # the host would have done it, had it lived


LEAVING = """
import os, sys, time
from PySide6.QtCore import QCoreApplication
from lunar_studio.workers.thread_host import ThreadHost, Worker

class Deaf(Worker):
    def work(self):
        time.sleep(3600)

application = QCoreApplication([])
host = ThreadHost()
host.start(Deaf("deaf"))
time.sleep(0.2)
stalled = host.shut_down(limit_ms=100)
print(stalled, flush=True)
if stalled:
    os._exit(7)
"""


def test_the_process_can_leave_while_a_thread_hangs() -> None:
    """What `shut_down` promises: `os._exit` is a clean way out, with neither abort nor wait."""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", LEAVING], capture_output=True, text=True, timeout=60, check=False, cwd=root
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (7, "('deaf',)", "")
