"""The composition root: every part is joined, every page opens, and everything ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lunar_studio.app import Studio
from lunar_studio.core.events import StepDone
from lunar_studio.gui.crash import CrashReporter
from lunar_studio.gui.header import PAGES


@pytest.mark.qt_log_ignore("propagateSizeHints")
def test_every_page_opens_and_everything_ends(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> None:
    studio = Studio(qapp, CrashReporter(tmp_path))
    studio.open_window()
    window = studio.window
    try:
        for page in PAGES:
            window.actions_by_id[f"page-{page}"].trigger()
            made = window.page_widget(page)
            assert made is not None
            assert made.isVisible()
            assert made.objectName() == f"{page}-page"
        assert not window.actions_by_id["train-stop"].isEnabled()
        studio.train_service.events_received.emit((StepDone(1240, 9.0, 1, 1.0, {}, {}, (), 0.25),))
        assert window.status._training.text() == "training: step 1,240"
        qtbot.wait(20)
    finally:
        window.close()
        assert studio.shut_down() == ()
        window.deleteLater()
        studio.deleteLater()


def test_what_was_copied_outlives_no_interpreter(tmp_path: Path) -> None:
    """Without a desktop Qt destroys the clipboard after Python has ended, and with it what Python had put there."""
    program = """
import sys
from PySide6.QtCore import QMimeData
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication
from lunar_studio.app import empty_own_clipboard

def main():
    app = QApplication([])
    data = QMimeData()
    data.setData("image/png", b"x")
    QGuiApplication.clipboard().setMimeData(data)
    assert QGuiApplication.clipboard().mimeData().hasFormat("image/png")
    empty_own_clipboard()

sys.exit(main())
"""
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
