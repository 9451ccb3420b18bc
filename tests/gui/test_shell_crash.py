"""When we made a mistake: written down, said, and the studio goes on. And starting without a screen."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QPlainTextEdit
from pytestqt.qtbot import QtBot

from lunar_studio.gui.crash import CrashDialog, CrashReporter
from lunar_studio.gui.preferences import Preferences
from tests.conftest import LogWatch

# The offscreen platform has no window manager to tell sizes to.
pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def reporter(qapp: QApplication, tmp_path: Path) -> Iterator[CrashReporter]:
    assert qapp is QApplication.instance()
    made = CrashReporter(tmp_path / "logs")
    hooks = sys.excepthook, threading.excepthook
    made.install()
    yield made
    made.uninstall()
    sys.excepthook, threading.excepthook = hooks


def dialogs() -> list[CrashDialog]:
    return [top for top in QApplication.topLevelWidgets() if isinstance(top, CrashDialog) and top.isVisible()]


def _raise_in_hook(error: Exception) -> None:
    try:
        raise error
    except ValueError:
        kind, value, trace = sys.exc_info()
        assert kind is not None
        assert value is not None
        sys.excepthook(kind, value, trace)


def test_a_mistake_is_written_and_shown_once(reporter: CrashReporter, qtbot: QtBot, log_watch: LogWatch) -> None:
    log_watch.expect("ValueError: first")
    log_watch.expect("ValueError: second")
    _raise_in_hook(ValueError("first"))
    qtbot.waitUntil(lambda: len(dialogs()) == 1)
    _raise_in_hook(ValueError("second"))
    (dialog,) = dialogs()
    assert not dialog.isModal()
    report = dialog.findChild(QPlainTextEdit)
    assert isinstance(report, QPlainTextEdit)
    assert "ValueError: first" in report.toPlainText()
    log = reporter.log.read_text(encoding="utf-8")
    assert "first" in log
    assert "second" in log
    assert "Traceback" in log
    dialog.close()
    qtbot.waitUntil(lambda: not dialogs())
    qtbot.wait(10)


@pytest.mark.usefixtures("reporter")
def test_a_mistake_in_a_thread_reaches_the_window(qtbot: QtBot, log_watch: LogWatch) -> None:
    log_watch.expect("ValueError: in a thread")

    def broken() -> None:
        raise ValueError("in a thread")

    thread = threading.Thread(target=broken, name="worker-of-ours")
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: len(dialogs()) == 1)
    (dialog,) = dialogs()
    dialog.close()
    qtbot.waitUntil(lambda: not dialogs())
    qtbot.wait(10)


@pytest.mark.usefixtures("qapp")
def test_a_folder_that_cannot_be_written_does_not_stop_the_start(tmp_path: Path, log_watch: LogWatch) -> None:
    log_watch.expect("no log can be written")
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    hooks = sys.excepthook, threading.excepthook
    made = CrashReporter(tmp_path / "file" / "logs")
    made.install()
    made.uninstall()
    sys.excepthook, threading.excepthook = hooks


def test_settings_that_cannot_be_written_are_said(qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    preferences = Preferences(tmp_path / "file" / "settings.json")
    preferences.set("look.theme", "light")
    with qtbot.waitSignal(preferences.failed) as failure:
        preferences.write()
    assert failure.args is not None
    assert "cannot be saved" in failure.args[0].message


def test_without_a_screen_it_says_so_and_returns_1(tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")}
    environment.pop("QT_QPA_PLATFORM", None)
    environment.update(PYTHONPATH=str(ROOT), LUNAR_STUDIO_HOME=str(tmp_path))
    code = "import sys; from lunar_studio.app import run; sys.exit(run(None, None))"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 1
    assert "needs a screen" in done.stderr
    assert "lunar-studio sample" in done.stderr


def test_importing_the_window_leaves_torch_out() -> None:
    code = (
        "import sys; import lunar_studio.app; "
        "sys.exit(bool({'torch', 'pyqtgraph', 'PIL', 'safetensors'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, cwd=ROOT, env=dict(os.environ, PYTHONPATH=str(ROOT))
    )
    assert done.returncode == 0
