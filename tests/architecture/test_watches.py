"""The watches of conftest.py bark: each bad test fails for its own reason, each good one passes."""

import re
import shutil
import subprocess
import sys

import pytest

from tests.architecture.source import ROOT

BAD_AND_GOOD = '''
"""Tests that must fail, by the reason expected, and tests that must pass."""

import logging
import socket
import threading
import time
import warnings

from PySide6.QtCore import QThread, QTimer, qWarning
from PySide6.QtWidgets import QWidget

kept = []


def test_bad_thread_left():
    threading.Thread(target=time.sleep, args=(30,), daemon=True, name="sleeper").start()


def test_bad_timer_left(qtbot):
    timer = QTimer()
    timer.start(10_000)
    kept.append(timer)


def test_bad_window_left(qtbot):
    kept.append(QWidget())


def test_bad_qthread_left(qtbot):
    thread = QThread()
    thread.start()
    kept.append(thread)


def test_bad_log_unannounced():
    logging.getLogger("somewhere").warning("oh dear")


def test_bad_log_announced_but_absent(log_watch):
    log_watch.expect("oh dear")


def test_bad_network():
    with socket.socket() as probe:
        probe.connect(("192.0.2.1", 9))


def test_bad_warning():
    warnings.warn("old", DeprecationWarning)


def test_bad_qt_warning(qtbot):
    qWarning("oh dear")


def test_good_thread_joined():
    thread = threading.Thread(target=time.sleep, args=(0.01,))
    thread.start()
    thread.join()


def test_good_qt(qtbot):
    window, timer, thread = QWidget(), QTimer(), QThread()
    qtbot.addWidget(window)
    window.show()
    timer.start(10_000)
    thread.start()
    thread.quit()
    assert thread.wait(2000)


def test_good_log(log_watch):
    log_watch.expect("oh dear")
    logging.getLogger("somewhere").warning("oh dear")


def test_good_loopback():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()


def test_zz_tidy(qapp):
    for thing in kept:
        if isinstance(thing, QThread):
            thread = thing
            thread.quit()
            thread.wait()
    kept.clear()
'''

REASONS = {
    "thread_left": "left behind: thread sleeper",
    "timer_left": "left behind: QTimer",
    "window_left": "left behind: top-level QWidget",
    "qthread_left": "left behind: QThread",
    "log_unannounced": "unexpected log record: WARNING somewhere: oh dear",
    "log_announced_but_absent": "log record that did not come: oh dear",
    "network": "PermissionError: A test reached for the network",
    "warning": "DeprecationWarning: old",
    "qt_warning": "Qt messages with level WARNING",
}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Output of a pytest run over the tests above, with our conftest and our settings."""
    folder = tmp_path_factory.mktemp("watches")
    shutil.copy(ROOT / "pyproject.toml", folder)
    (folder / "tests").mkdir()
    patient = (ROOT / "tests" / "conftest.py").read_text(encoding="utf-8")
    hasty = re.sub(r"LEAK_PATIENCE_S = [\d.]+", "LEAK_PATIENCE_S = 0.1", patient)
    assert hasty != patient
    (folder / "tests" / "conftest.py").write_text(hasty, encoding="utf-8")
    (folder / "tests" / "test_watched.py").write_text(BAD_AND_GOOD, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", "--tb=line"]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert result.returncode == 1, result.stdout + result.stderr
    return result.stdout


@pytest.mark.parametrize("name", REASONS)
def test_a_watch_barks(name: str, report: str) -> None:
    assert re.search(rf"^(FAILED|ERROR) \S+::test_bad_{name}\b", report, re.MULTILINE), report
    assert REASONS[name] in report, report


def test_good_tests_are_left_alone(report: str) -> None:
    assert "test_good" in report
    assert not re.search(r"^(FAILED|ERROR) \S+::test_good", report, re.MULTILINE), report
