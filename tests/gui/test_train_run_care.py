"""Runs cared for: thumbnails, notes, names, and two of them compared."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QSignalSpy
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from lunar_studio.core.config_fields import to_json, with_overrides
from lunar_studio.core.events import Forecast, LearningEnded, MilestoneSaved, Paused, PhaseStarted, RunEnded
from lunar_studio.core.presets import preset
from lunar_studio.errors import TrainingError
from lunar_studio.gui.train.compare_view import CompareView
from lunar_studio.gui.train.run_header import RunHeader
from lunar_studio.gui.train.run_list import RunListPanel
from lunar_studio.gui.train.run_notes import MOST_CHARACTERS, NOTE, read_note, rename_run, write_note
from lunar_studio.gui.train.run_records import read_run
from lunar_studio.gui.train.run_view import RunView
from lunar_studio.workers.preview_store import keep_preview
from tests.gui.test_train_runs import make_run
from tests.workers.test_preview_store import preview

# Without a window manager a window has nobody to tell its limits to, or to raise it.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)


@pytest.fixture
def panel(qtbot: QtBot, tmp_path: Path) -> RunListPanel:
    keep_preview(make_run(tmp_path, "first"), preview(5, side=16))
    make_run(tmp_path, "second")
    made = RunListPanel(tmp_path)
    qtbot.addWidget(made)
    made.resize(208, 500)
    made.show()
    made.choose(tmp_path / "first")
    return made


def test_a_run_shows_what_it_draws(panel: RunListPanel, tmp_path: Path) -> None:
    rows = {name: panel.model.index(panel.model.row_of(tmp_path / name)) for name in ("first", "second")}
    image = rows["first"].data(Qt.ItemDataRole.DecorationRole)
    assert isinstance(image, QImage)
    assert image.width() == 16
    assert rows["second"].data(Qt.ItemDataRole.DecorationRole) is None
    assert not panel.grab().isNull()


def test_f2_gives_a_run_another_name(qtbot: QtBot, panel: RunListPanel, tmp_path: Path) -> None:
    panel.rename_current()
    field = panel.view.findChild(QLineEdit)
    assert isinstance(field, QLineEdit)
    field.selectAll()
    qtbot.keyClicks(field, "my best")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    qtbot.waitUntil((tmp_path / "my best").is_dir)
    assert panel.current is not None
    assert panel.current.path == tmp_path / "my best"


def test_a_name_that_is_taken_is_told(panel: RunListPanel, tmp_path: Path) -> None:
    failed = QSignalSpy(panel.failed)
    record = read_run(tmp_path / "first")
    panel.model.rename_requested.emit(record, "second")
    assert failed.count() == 1
    assert (tmp_path / "first").is_dir()


def test_the_run_that_trains_keeps_its_name(panel: RunListPanel, tmp_path: Path) -> None:
    panel.set_active(tmp_path / "first", is_training=True)
    assert not panel.rename_action.isEnabled()
    index = panel.model.index(panel.model.row_of(tmp_path / "first"))
    assert not panel.model.flags(index) & Qt.ItemFlag.ItemIsEditable


@given(st.text(max_size=120))
def test_no_name_leaves_the_folder_of_runs(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    folder = tmp_path_factory.mktemp("runs")
    (folder / "run").mkdir()
    try:
        target = rename_run(folder / "run", name)
    except TrainingError:
        target = folder / "run"
    assert target.parent == folder
    assert [one.name for one in folder.iterdir()] == [target.name]
    assert not target.name.startswith(".")


def test_notes_are_kept_in_the_run_and_bounded(tmp_path: Path) -> None:
    run = make_run(tmp_path, "run")
    write_note(run, "  with fewer colours ")
    assert read_note(run) == "with fewer colours"
    write_note(run, "x" * 9999)
    assert len(read_note(run)) == MOST_CHARACTERS
    write_note(run, "")
    assert read_note(run) == ""
    assert not (run / NOTE).exists()
    (run / NOTE).write_bytes(b"\xff\x00two\nlines\x1b[2J" * 1000)
    assert read_note(run).isprintable()
    (run / NOTE).unlink()
    os.mkfifo(run / NOTE)
    assert read_note(run) == ""
    with pytest.raises(TrainingError):
        write_note(tmp_path / "nowhere", "note")


def test_a_note_is_typed_in_the_view_of_its_run(qtbot: QtBot, tmp_path: Path) -> None:
    run = make_run(tmp_path, "run")
    view = RunView()
    qtbot.addWidget(view)
    view.begin(run, "stopped")
    view.note.setText("the one for the game")
    view.note.editingFinished.emit()
    assert read_note(run) == "the one for the game"
    view.begin(make_run(tmp_path, "other"), "stopped")
    assert view.note.text() == ""
    view.begin(run, "stopped")
    assert view.note.text() == "the one for the game"


def test_two_runs_side_by_side(qtbot: QtBot, panel: RunListPanel, tmp_path: Path) -> None:
    for name, recon in (("first", 1.0), ("second", 2.0)):
        lines = [{"event": "StepDone", "step": n, "losses": {"recon": recon, "kl": 1.0}} for n in range(1, 30)]
        (tmp_path / name / "metrics.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    changed = with_overrides(preset("tiny"), {"training.batch_size": 5})
    (tmp_path / "second" / "config.json").write_bytes(to_json(changed))
    panel.refresh()
    asked = QSignalSpy(panel.compare_requested)
    panel._fill_menu()
    panel.compare_menu.actions()[0].trigger()
    first, second = asked.at(0)
    assert (first.name, second.name) == ("first", "second")
    view = CompareView()
    qtbot.addWidget(view)
    view.resize(800, 700)
    view.show()
    view.show_runs(first, second)
    qtbot.waitUntil(lambda: view.plots[0].readout == ("first 1", "second 2"))
    view.plots[1].pointed.emit(10.0)
    assert view.plots[0].readout == ("first 1", "second 2")
    assert view.table.rowCount() == 1
    items = [view.table.item(0, column) for column in (1, 2)]
    assert [item.text() for item in items if item is not None] == [str(preset("tiny").training.batch_size), "5"]
    assert view.strips[0].step == 5
    assert view.plots[2]._note.text == "Neither of them has such numbers."
    closed = QSignalSpy(view.closed)
    qtbot.mouseClick(view.done_button, Qt.MouseButton.LeftButton)
    assert closed.count() == 1


def test_an_unreadable_run_can_be_compared(qtbot: QtBot, panel: RunListPanel, tmp_path: Path) -> None:
    first, second = (read_run(tmp_path / name) for name in ("first", "second"))
    assert first is not None
    assert second is not None
    view = CompareView()
    qtbot.addWidget(view)
    view.show_runs(first, replace(second, config=None))
    assert "cannot be read" in view._same.text()
    assert panel.current is not None


def test_the_load_is_told_while_a_run_goes(qtbot: QtBot) -> None:
    header = RunHeader()
    qtbot.addWidget(header)
    header.show()
    assert not header.load.isVisible()
    header.set_phase("training")
    assert header.load.isVisible()
    header.load.look()
    assert re.match(r"CPU \d+ % of \d+ %, [\d,]+ MB of [\d.,]+ [GT]B", header.load.text())
    header.set_phase("idle")
    assert not header.load._timer.isActive()


def test_the_forecast_and_its_truth_are_told(qtbot: QtBot) -> None:
    header = RunHeader()
    qtbot.addWidget(header)
    told = Forecast("cpu", "bf16", "measured", 1, 0, 1000, 0.1, 5.0, 100.0, 10.0, 5.0, 5.0, 30.0, 2**28, spread=0.1)
    header.add([told])
    assert header.status.text.startswith("Forecast: 2 min in all, give or take 10%; worth exploring after 30 s")
    assert "memory: 256 MB" in header.status.toolTip()
    header.add([Paused(5, "The disk is full.", "Free some space.", 1, 10.0)])
    assert header.status.text == "Resting: The disk is full. Free some space."
    header.add([RunEnded(1000, "finished", Path("model"), 130.0, 120.0)])
    assert header.status.text == "Finished after 2 min; the forecast said 2 min."


def test_a_stopped_run_says_that_it_is_saved_before_its_model_is_made(qtbot: QtBot) -> None:
    header = RunHeader()
    qtbot.addWidget(header)
    header.set_phase("stopping")
    header.add([LearningEnded(7, "stopped"), PhaseStarted(7, "Finding directions for the sliders")])
    assert header.status.text.startswith("Stopped, and all it has learned is saved.")
    assert not header.stop_button.isVisibleTo(header), "there is nothing left to stop"
    assert header.bar.maximum() == 0, "nobody knows how long it takes"
    header.add([RunEnded(7, "stopped", None)])
    assert header.status.text == "Stopped before its first step; nothing was written."


def test_a_run_whose_time_was_up_is_told_so(qtbot: QtBot) -> None:
    header = RunHeader()
    qtbot.addWidget(header)
    header.set_phase("training")
    header.add([LearningEnded(7, "time-up")])
    assert header.status.text.startswith("Its time was up, and all it has learned is saved.")
    header.add([RunEnded(7, "time-up", Path("model"), 30.0, 28.0)])
    assert header.status.text == "Its time was up; saved after 30 s; the forecast said 28 s."


def test_a_run_without_a_finished_model_is_explored_by_its_newest_snapshot(tmp_path: Path) -> None:
    run = make_run(tmp_path, "run")
    (run / "model.safetensors").unlink(missing_ok=True)
    (run / "milestones").mkdir(exist_ok=True)
    for name in ("step-000000010.safetensors", "step-000000020.safetensors", "notes.safetensors"):
        (run / "milestones" / name).touch()
    record = read_run(run)
    assert record is not None
    assert record.model_path is None, "fine-tuning needs a whole model"
    assert record.explore_path == run / "milestones" / "step-000000020.safetensors"
    (run / "model.safetensors").touch()
    finished = read_run(run)
    assert finished is not None
    assert finished.explore_path == run / "model.safetensors"


def test_a_milestone_can_be_explored_while_the_run_goes(qtbot: QtBot, tmp_path: Path) -> None:
    view = RunView()
    qtbot.addWidget(view)
    view.begin(make_run(tmp_path, "run"), "training")
    assert not view.header.explore_button.isVisibleTo(view)
    view.add([MilestoneSaved(10, tmp_path / "milestone.safetensors")])
    assert view.model_path == tmp_path / "milestone.safetensors"
    assert view.header.explore_button.isVisibleTo(view)
    assert view.header.explore_button.text() == "Explore it now"
