"""The ground every test stands on: a fixed environment, and watches for what must not happen.

A test fails when it leaves a thread, a timer or a window behind, logs a warning that it did not
announce, or reaches for the network. The environment is set before anything of ours, Qt or torch
is imported, since both read it once.
"""

import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Until a test has its own folder (below), nothing may land in the user's.
os.environ["LUNAR_STUDIO_HOME"] = str(Path(tempfile.gettempdir()) / "lunar-studio-outside-of-a-test")

import gc
import logging
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

hypothesis.settings.register_profile("house", deadline=None, max_examples=50, derandomize=True, database=None)
hypothesis.settings.register_profile("glance", parent=hypothesis.settings.get_profile("house"), max_examples=5)
hypothesis.settings.register_profile("hunt", deadline=None, max_examples=2000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "house"))

# Waits end when what they wait for has come; these limits only keep a test that hangs from hanging for ever.
PATIENCE_MS = 30_000
LEAK_PATIENCE_S = 10.0
LOOPBACK = ("127.", "localhost", "::1", "0:0:0:0:0:0:0:1")

# A shell that runs the tests in the background has them, and every process they start, ignore Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# ---- which tests run -------------------------------------------------------------------------------


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by their folder, and leave out those that need a device this machine lacks."""
    here = Path(__file__).parent
    for item in items:
        room = item.path.relative_to(here).parts[0] if item.path.is_relative_to(here) else ""
        if item.get_closest_marker("e2e") and room != "e2e":
            raise pytest.UsageError(f"{item.nodeid}: tests of the real window live in tests/e2e, where they run alone")
        if room in ("gui", "e2e"):
            item.add_marker(room)
    for_cuda = [item for item in items if item.get_closest_marker("cuda")]
    if for_cuda:
        import torch

        if not torch.cuda.is_available():
            for item in for_cuda:
                item.add_marker(pytest.mark.skip(reason="needs a CUDA device"))


# ---- the network -----------------------------------------------------------------------------------


def _refuse_network(event: str, arguments: tuple[object, ...]) -> None:
    """Audit hook: it sees what C code does too, and cannot be undone by a test."""
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None  # a path is a local socket
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    name = host.decode(errors="replace") if isinstance(host, bytes) else host
    if isinstance(name, str) and name and not name.startswith(LOOPBACK):
        raise PermissionError(f"A test reached for the network: {event} {name}")


sys.addaudithook(_refuse_network)


# ---- folders ---------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def studio_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folders, empty and this test's own."""
    home = tmp_path / "studio-home"
    monkeypatch.setenv("LUNAR_STUDIO_HOME", str(home))
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "share"))  # the system's bin, too
    return home


# ---- log records -----------------------------------------------------------------------------------


class LogWatch(logging.Handler):
    """Collects warnings and errors; those not announced with `expect` fail the test."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.records: list[logging.LogRecord] = []
        self.expected: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def expect(self, pattern: str) -> None:
        """Announce a record whose message matches the regular expression; it must come."""
        self.expected.append(pattern)

    def complaints(self) -> list[str]:
        """What came unannounced, and what was announced and did not come."""
        messages = [record.getMessage() for record in self.records]
        unexpected = [
            f"unexpected log record: {record.levelname} {record.name}: {message}"
            for record, message in zip(self.records, messages, strict=True)
            if not any(re.search(pattern, message) for pattern in self.expected)
        ]
        missing = [
            f"log record that did not come: {pattern}"
            for pattern in self.expected
            if not any(re.search(pattern, message) for message in messages)
        ]
        return unexpected + missing


@pytest.fixture(autouse=True)
def log_watch() -> Iterator[LogWatch]:
    """Fail on unexpected warnings; `log_watch.expect("backed up")` announces one."""
    watch = LogWatch()
    root = logging.getLogger()
    root.addHandler(watch)
    try:
        yield watch
    finally:
        root.removeHandler(watch)
    complaints = watch.complaints()
    assert not complaints, "\n".join(complaints)


# ---- leaks -----------------------------------------------------------------------------------------


def _threads() -> set[threading.Thread]:
    # Python keeps a dummy entry for every QThread that ever ran Python code; Qt's own are looked for below.
    return {t for t in threading.enumerate() if t.is_alive() and not isinstance(t, threading._DummyThread)}


def _qt_objects() -> dict[int, str]:
    """Running QThreads and active QTimers made since `gc.freeze`, and all top-level widgets, by id."""
    import shiboken6
    from PySide6.QtCore import QThread, QTimer
    from PySide6.QtWidgets import QApplication

    found: dict[int, str] = {}
    for thing in gc.get_objects():
        kind = type(thing)
        # `isinstance` would wake lazy proxies of other packages.
        if not issubclass(kind, (QThread, QTimer)) or not shiboken6.isValid(thing):
            continue
        busy = thing.isRunning() if issubclass(kind, QThread) else thing.isActive()
        if busy:
            found[id(thing)] = f"{kind.__name__} {thing.objectName() or '(no name)'}"
    for widget in QApplication.topLevelWidgets():
        found[id(widget)] = f"top-level {type(widget).__name__} {widget.objectName() or '(no name)'}"
    return found


def _settle() -> None:
    """Let Qt delete what waits to be deleted."""
    from PySide6.QtCore import QCoreApplication, QEvent

    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QCoreApplication.processEvents()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture(autouse=True)
def no_leaks(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves threads, or with Qt also timers, QThreads or windows, behind."""
    uses_qt = not {"qapp", "qtbot"}.isdisjoint(request.fixturenames)
    threads_before = _threads()
    objects_before: dict[int, str] = {}
    if uses_qt:
        request.getfixturevalue("qapp")
        # What exists already is put aside: looking through the test's own objects takes a millisecond,
        # through all of torch's a hundred. It also keeps what earlier tests left from being blamed on this one.
        gc.freeze()
        objects_before = _qt_objects()
    try:
        yield
        left = _left_behind(threads_before, objects_before, uses_qt=uses_qt)
    finally:
        gc.unfreeze()
    assert not left, "left behind: " + ", ".join(sorted(left))


def _left_behind(threads_before: set[threading.Thread], objects_before: dict[int, str], *, uses_qt: bool) -> list[str]:
    """Names of what is there now and was not before, after some patience."""
    deadline = time.monotonic() + LEAK_PATIENCE_S
    while True:
        left = [f"thread {thread.name}" for thread in _threads() - threads_before]
        if uses_qt:
            _settle()
            left += [text for key, text in _qt_objects().items() if key not in objects_before]
        if not left or time.monotonic() > deadline:
            return left
        gc.collect()
        time.sleep(0.05)


# ---- waiting -----------------------------------------------------------------------------------------


@pytest.fixture
def qtbot(qtbot: "QtBot") -> "QtBot":
    """The plugin's robot, patient: what takes milliseconds may take seconds on a machine that is busy."""
    for name in ("waitUntil", "waitSignal", "waitSignals"):
        setattr(qtbot, name, partial(getattr(qtbot, name), timeout=PATIENCE_MS))
    return qtbot


# ---- a screen --------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def virtual_screen() -> Iterator[dict[str, str]]:
    """Environment of a process that shall open real windows on a virtual X screen.

    Skips where Xvfb is not installed, but on CI its absence is a failure.
    """
    program = shutil.which("Xvfb")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("Xvfb is not installed; set-up installs it.")
        pytest.skip("needs Xvfb (packaging/debian-packages.txt)")
    read_end, write_end = os.pipe()
    with subprocess.Popen(
        [program, "-displayfd", str(write_end), "-screen", "0", "1920x1080x24", "-nolisten", "tcp"],
        pass_fds=[write_end],
        stderr=subprocess.DEVNULL,
    ) as server:
        os.close(write_end)
        with os.fdopen(read_end) as pipe:
            number = pipe.readline().strip()
        if not number:
            pytest.fail("Xvfb did not start.")
        environment = dict(os.environ, DISPLAY=f":{number}", QT_QPA_PLATFORM="xcb")
        environment.pop("WAYLAND_DISPLAY", None)
        try:
            yield environment
        finally:
            server.terminate()
