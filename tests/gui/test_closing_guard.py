"""Closing the window while a model learns: it asks, saves, and closes; nothing blocks meanwhile."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QSignalSpy
from PySide6.QtWidgets import QApplication, QMainWindow
from pytestqt.qtbot import QtBot

from lunar_studio.core.config import RunConfig
from lunar_studio.core.events import CheckpointSaved
from lunar_studio.core.presets import preset
from lunar_studio.errors import TrainingError
from lunar_studio.gui.train.closing_dialog import ClosingDialog
from lunar_studio.gui.train.closing_guard import ClosingGuard
from lunar_studio.workers.train_service import TrainService
from tests.conftest import PATIENCE_MS
from tests.gui.shell_studio import ShellStudio, studio
from tests.workers.fakes import FakeTrainer

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)


class Closing:
    """A window with a guard, and a run that goes."""

    def __init__(self, qtbot: QtBot, shell: ShellStudio, trainer: FakeTrainer, folder: Path) -> None:
        self.qtbot = qtbot
        self.window: QMainWindow = shell.window
        self.waiting = 0
        self.train = TrainService(shell.host, trainer)
        self.guard = ClosingGuard(self.window, self.train, lambda: self.waiting)
        shell.window.set_closing_question(self.guard.may_close)
        self._folder = folder

    def start(self) -> None:
        config: RunConfig = preset("sprite-16")
        self.train.start(self._folder / "data", self._folder / "run", config)
        self.qtbot.waitUntil(lambda: "step" in self.guard._status)

    def ask(self) -> ClosingDialog:
        """Close the window, and get the question in place of its end."""
        self.window.close()
        assert self.window.isVisible()
        assert self.guard.dialog is not None
        return self.guard.dialog


@pytest.fixture
def trainer() -> FakeTrainer:
    return FakeTrainer(steps=10**6, step_s=0.002)


@pytest.fixture
def closing(qtbot: QtBot, tmp_path: Path, trainer: FakeTrainer) -> Iterator[Closing]:
    with studio(qtbot, model=False) as shell:
        made = Closing(qtbot, shell, trainer, tmp_path)
        yield made
        made.train.stop_and_wait(limit_ms=PATIENCE_MS)
        qtbot.waitUntil(lambda: not made.train.is_running)
        made.train.deleteLater()


def test_without_a_run_the_window_closes_at_once(closing: Closing) -> None:
    assert closing.window.close()
    assert closing.guard.dialog is None


def test_stop_and_save_closes_the_window_when_the_run_has_saved(
    qtbot: QtBot, closing: Closing, trainer: FakeTrainer, tmp_path: Path
) -> None:
    closing.start()
    dialog = closing.ask()
    assert "step" in dialog.words.text()
    assert "of 1,000,000" in dialog.words.text()
    at = trainer.reached
    qtbot.waitUntil(lambda: trainer.reached > at + 10)  # the question does not hold the run up
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not closing.window.isVisible())
    assert not closing.train.is_running
    assert (tmp_path / "run").is_dir()


def test_cancel_and_escape_leave_everything_as_it_is(qtbot: QtBot, closing: Closing, trainer: FakeTrainer) -> None:
    closing.start()
    qtbot.mouseClick(closing.ask().cancel_button, Qt.MouseButton.LeftButton)
    assert closing.guard.dialog is None
    qtbot.keyClick(closing.ask(), Qt.Key.Key_Escape)
    assert str(closing.guard.plan) == "stay"
    at = trainer.reached
    qtbot.waitUntil(lambda: trainer.reached > at + 10)
    assert closing.window.isVisible()


def test_asking_twice_opens_one_question(closing: Closing) -> None:
    closing.start()
    dialog = closing.ask()
    assert closing.ask() is dialog


def test_keep_training_closes_when_the_run_has_ended(qtbot: QtBot, closing: Closing, trainer: FakeTrainer) -> None:
    closing.start()
    qtbot.mouseClick(closing.ask().keep_button, Qt.MouseButton.LeftButton)
    assert closing.guard.plan == "when-ended"
    assert closing.window.isMinimized()
    assert closing.train.is_running
    trainer.steps = trainer.reached + 5
    qtbot.waitUntil(lambda: not closing.window.isVisible())


def test_bringing_the_window_back_calls_off_that_it_closes(
    qtbot: QtBot, closing: Closing, trainer: FakeTrainer
) -> None:
    closing.start()
    qtbot.mouseClick(closing.ask().keep_button, Qt.MouseButton.LeftButton)
    closing.window.showNormal()
    qtbot.waitUntil(lambda: closing.guard.plan == "stay")
    trainer.steps = trainer.reached + 5
    qtbot.waitUntil(lambda: not closing.train.is_running)
    assert closing.window.isVisible()


def test_a_run_that_ends_while_the_question_stands_takes_it_away(
    qtbot: QtBot, closing: Closing, trainer: FakeTrainer
) -> None:
    closing.start()
    closing.ask()
    trainer.steps = trainer.reached + 5
    qtbot.waitUntil(lambda: closing.guard.dialog is None)
    assert closing.window.isVisible()


def test_the_window_stays_when_saving_goes_wrong(qtbot: QtBot, closing: Closing, trainer: FakeTrainer) -> None:
    closing.start()
    dialog = closing.ask()
    trainer.failure, trainer.fail_at = TrainingError("The disk is full.", hint="Free some."), trainer.reached + 50
    closing.guard.plan = "when-saved"
    dialog.show_saving()
    qtbot.waitUntil(lambda: not closing.train.is_running)
    assert closing.window.isVisible()
    assert closing.guard.dialog is None


def test_whoever_will_not_wait_is_let_go(
    qtbot: QtBot, closing: Closing, trainer: FakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lunar_studio.gui.train.closing_dialog._PATIENCE_MS", 50)
    trainer.step_s = 0.5
    closing.start()
    dialog = closing.ask()
    assert not dialog.leave_button.isVisible()
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(dialog.leave_button.isVisible, timeout=PATIENCE_MS)
    assert "takes longer than usual" in dialog.words.text()
    assert re.search(r"may lose the last (step|\d+ steps);", dialog.words.text())
    qtbot.mouseClick(dialog.leave_button, Qt.MouseButton.LeftButton)
    assert not closing.window.isVisible()


def test_a_disk_that_refuses_is_told_before_and_after_the_wish_to_close(
    qtbot: QtBot, closing: Closing, trainer: FakeTrainer
) -> None:
    closing.start()
    trainer.refuses = True
    qtbot.waitUntil(lambda: closing.guard._refusal is not None)
    dialog = closing.ask()
    assert f"The disk refuses just now; not saved yet: {trainer.reached} steps, 2 min of work." in dialog.words.text()
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(dialog.leave_button.isVisible)
    assert dialog.heading.text() == f"Not saved yet: {trainer.reached} steps, 2 min of work"
    assert dialog.leave_button.text() == "Close without saving"
    assert closing.train.is_running
    trainer.refuses = False
    qtbot.waitUntil(lambda: not closing.window.isVisible())
    assert not closing.train.is_running


def test_whoever_closes_without_saving_leaves_the_run(
    qtbot: QtBot, closing: Closing, trainer: FakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lunar_studio.gui.train.closing_dialog._THINK_MS", 3_600_000)
    closing.start()
    trainer.refuses = True
    dialog = closing.ask()
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialog.leave_button.text() == "Close without saving")
    failed = QSignalSpy(closing.train.failed)
    qtbot.mouseClick(dialog.leave_button, Qt.MouseButton.LeftButton)
    assert closing.window.isVisible(), "the second click of a double click"
    dialog._think.timeout.emit()
    qtbot.mouseClick(dialog.leave_button, Qt.MouseButton.LeftButton)
    assert not closing.window.isVisible()
    qtbot.waitUntil(lambda: not closing.train.is_running)
    assert failed.count() == 1


def test_staying_open_leaves_the_run_waiting_for_the_disk(qtbot: QtBot, closing: Closing, trainer: FakeTrainer) -> None:
    closing.start()
    trainer.refuses = True
    dialog = closing.ask()
    qtbot.mouseClick(dialog.save_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialog.leave_button.text() == "Close without saving")
    qtbot.mouseClick(dialog.cancel_button, Qt.MouseButton.LeftButton)
    assert closing.train.is_stopping
    assert not closing.train.is_leaving
    trainer.refuses = False
    qtbot.waitUntil(lambda: not closing.train.is_running)
    assert closing.window.isVisible()


def test_what_is_saved_need_not_be_waited_for(qtbot: QtBot, closing: Closing) -> None:
    closing.start()
    dialog = closing.ask()
    closing.train.events_received.emit((CheckpointSaved(3, Path("old"), is_best=False),))
    assert not dialog.leave_button.isVisible(), "an ordinary save while the question stands"
    closing.guard.plan = "when-saved"
    closing.train.events_received.emit((CheckpointSaved(4, Path("last"), is_best=False),))
    assert dialog.leave_button.isVisible()
    assert "is saved" in dialog.heading.text()
    qtbot.mouseClick(dialog.cancel_button, Qt.MouseButton.LeftButton)
    assert str(closing.guard.plan) == "stay"


def test_runs_that_wait_are_named_and_keep_the_window_open(
    qtbot: QtBot, closing: Closing, trainer: FakeTrainer
) -> None:
    closing.waiting = 2
    closing.start()
    dialog = closing.ask()
    assert "2 more runs wait" in dialog.words.text()
    qtbot.mouseClick(dialog.keep_button, Qt.MouseButton.LeftButton)
    trainer.steps = trainer.reached + 5
    qtbot.waitUntil(lambda: not closing.train.is_running)
    assert closing.window.isVisible(), "the next of the queue goes on first"
    closing.waiting = 0


def test_a_session_that_ends_is_not_held_up(closing: Closing, monkeypatch: pytest.MonkeyPatch) -> None:
    closing.start()
    monkeypatch.setattr(QApplication, "isSavingSession", lambda _: True)
    assert closing.guard.may_close()
