"""A disk that refuses, seen from the window: what is at stake is said, Stop waits, and only a second Stop gives up."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from lunar_studio.core.events import LearningEnded, Paused, WentOn
from lunar_studio.gui.train.refusal import closing_words, unsaved_words
from lunar_studio.gui.train.run_header import RunHeader
from lunar_studio.gui.train.train_page import TrainPage
from tests.gui.test_train_page import RecordingTrainer, art, forecaster, page, start, trainer  # noqa: F401 - fixtures

# Without a window manager a window has nobody to tell its limits to, or to raise it.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)

THINK_MS = "lunar_studio.gui.train.run_header._THINK_MS"


def refuse(qtbot: QtBot, page: TrainPage, trainer: RecordingTrainer, art: Path) -> RunHeader:  # noqa: F811
    """Start a run, then let the disk refuse; the head of the run."""
    start(qtbot, page, art)
    view = page.centre.live
    assert view is not None
    qtbot.waitUntil(lambda: trainer.inner.reached > 3)
    trainer.inner.refuses = True
    qtbot.waitUntil(lambda: "Resting" in view.header.status.text)
    assert page.banner.hint == "Free some space. The run rests until then, and goes on by itself."
    return view.header


def test_stop_waits_until_it_can_save(
    qtbot: QtBot,
    page: TrainPage,  # noqa: F811
    trainer: RecordingTrainer,  # noqa: F811
    art: Path,  # noqa: F811
) -> None:
    header = refuse(qtbot, page, trainer, art)
    qtbot.mouseClick(header.stop_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: header.phase == "refused")
    lost = f"{trainer.inner.reached:,} steps, 2 min of work"
    assert page.banner.message == f"The disk refuses: {lost}, would be lost if the run ended now."
    assert "“End without saving” gives them up." in page.banner.hint
    assert header.status.text == f"Waiting for the disk: {lost}, not saved yet. Tries again every 2 s."
    assert header.stop_button.text() == "End without saving"
    assert not header.finish_button.isVisible()
    assert page._train.is_running
    trainer.inner.refuses = False
    qtbot.waitUntil(lambda: not page._train.is_running)
    assert "stopped and saved" in page.banner.message


def test_only_who_had_the_time_to_read_ends_without_saving(
    qtbot: QtBot,
    page: TrainPage,  # noqa: F811
    trainer: RecordingTrainer,  # noqa: F811
    art: Path,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(THINK_MS, 3_600_000)
    header = refuse(qtbot, page, trainer, art)
    page.stop()
    qtbot.waitUntil(lambda: header.phase == "refused")
    page.stop()  # by key, as the button cannot be pressed yet
    assert not header.stop_button.isEnabled()
    assert not page._train.is_leaving
    header._think.timeout.emit()
    qtbot.mouseClick(header.stop_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not page._train.is_running)
    assert page.banner.hint == f"The last {trainer.inner.reached} steps are not kept."
    assert header.status.text == "Ended without saving; its last checkpoint is kept."
    assert page.can_start


def test_a_run_asked_to_finish_says_that_it_will_once_it_can_write(
    qtbot: QtBot,
    page: TrainPage,  # noqa: F811
    trainer: RecordingTrainer,  # noqa: F811
    art: Path,  # noqa: F811
) -> None:
    header = refuse(qtbot, page, trainer, art)
    qtbot.mouseClick(header.finish_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "comes to its good end by itself" in page.banner.hint)
    assert (header.finish_button.text(), header.stop_button.text()) == ("Finishing…", "Stop")
    trainer.inner.refuses = False
    qtbot.waitUntil(lambda: not page._train.is_running)
    assert "finished" in page.banner.message


def test_keys_pressed_while_it_ends_change_nothing(
    qtbot: QtBot,
    page: TrainPage,  # noqa: F811
    trainer: RecordingTrainer,  # noqa: F811
    art: Path,  # noqa: F811
) -> None:
    header = refuse(qtbot, page, trainer, art)
    page.stop()
    qtbot.waitUntil(lambda: header.phase == "refused")
    page.finish()
    page.set_paused(True)
    assert header.phase == "refused"
    page.set_paused(False)
    trainer.inner.refuses = False
    qtbot.waitUntil(lambda: not page._train.is_running)


def test_a_model_file_that_is_refused_can_be_gone_without(qtbot: QtBot) -> None:
    header = RunHeader()
    qtbot.addWidget(header)
    header.set_phase("training")
    header.add([LearningEnded(7, "finished"), Paused(7, "No room.", "Free some.", 1, 2.0)])
    assert header.phase == "refused"
    assert header.stop_button.text() == "End without the file"
    header.add([WentOn(7, 3.0)])
    assert str(header.phase) == "making"
    assert header.status.text.startswith("It has learned all it was to learn, and is saved.")
    header.set_phase("training")
    assert header.stop_button.text() == "Stop"


@pytest.mark.parametrize(
    ("steps", "seconds", "words"),
    [(0, 0.0, ""), (1, 0.4, "1 step, 0 s of work"), (1240, 200.0, "1,240 steps, 3 min of work")],
)
def test_what_is_at_stake_in_words(steps: int, seconds: float, words: str) -> None:
    event = Paused(9, "No room.", "Free some.", 1, 2.0, steps, seconds, "end")
    assert unsaved_words(event) == words
    heading, text = closing_words(event)
    assert heading == (f"Not saved yet: {words}" if words else "All it has learned is saved")
    assert "No room. Free some. Then" in text
