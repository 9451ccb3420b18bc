"""The run list on friendly and on hostile folders; deleting is to a bin, and can be undone."""

from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtTest import QSignalSpy
from pytestqt.qtbot import QtBot

from lunar_studio.core.config_fields import to_json
from lunar_studio.core.events import StepDone, Validated
from lunar_studio.core.presets import preset
from lunar_studio.errors import TrainingError
from lunar_studio.gui.train.run_list import RunListPanel
from lunar_studio.gui.train.run_list_model import state_words
from lunar_studio.gui.train.run_records import (
    BIN_NAME,
    move_to_bin,
    new_run_dir,
    read_metrics,
    read_run,
    read_runs,
    restore,
)

# Without a window manager a window has nobody to tell its limits to, or to raise it.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)

NOW = datetime(2025, 6, 1, tzinfo=UTC)


def make_run(folder: Path, name: str, *, step: int = 7, state: str = "stopped", model: bool = True) -> Path:
    """A run's folder as the trainer leaves it."""
    run = folder / name
    run.mkdir(parents=True)
    (run / "config.json").write_bytes(to_json(preset("tiny")))
    facts = {"state": state, "step": step, "preset": "tiny", "dataset": str(folder), "device": "cpu"}
    (run / "run.json").write_text(json.dumps(facts))
    if model:
        (run / "model.safetensors").write_bytes(b"weights")
    return run


def test_a_run_is_read_with_what_can_be_done_with_it(tmp_path: Path) -> None:
    run = make_run(tmp_path, "dungeon")
    record = read_run(run)
    assert record is not None
    assert (record.name, record.preset, record.step, record.max_steps) == ("dungeon", "tiny", 7, 20)
    assert record.state == "stopped"
    assert record.model_path == run / "model.safetensors"
    assert record.can_continue
    assert record.config == preset("tiny")


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("finished", "finished · step 7 of 20"),
        ("stopped", "stopped · step 7 of 20"),
        ("time-up", "time was up · step 7 of 20"),
        ("failed", "failed · step 7 of 20"),
        ("running", "broke off · step 7 of 20"),
        ("of another version", "stopped · step 7 of 20"),
    ],
)
def test_how_a_run_ended_is_told_after_a_restart(tmp_path: Path, state: str, words: str) -> None:
    record = read_run(make_run(tmp_path, "run", state=state))
    assert record is not None
    assert state_words(record, is_active=False) == words
    assert state_words(record, is_active=True) == "training now"


def test_runs_come_newest_first_and_nothing_else_comes(tmp_path: Path) -> None:
    for age, name in ((300, "old"), (100, "new"), (200, "middle")):
        run = make_run(tmp_path, name)
        for path in (run / "config.json", run):
            os.utime(path, (1e9 - age, 1e9 - age))
    (tmp_path / "a file").write_text("no run")
    (tmp_path / "empty").mkdir()
    make_run(tmp_path / BIN_NAME, "deleted")
    (tmp_path / "link").symlink_to(tmp_path / "old")
    assert [record.name for record in read_runs(tmp_path)] == ["new", "middle", "old"]
    assert read_runs(tmp_path / "nowhere") == ()


@pytest.mark.parametrize(
    "config",
    [
        b"",
        b"not json",
        b"[]",
        b'{"preset": 3}',
        b"{" * 100_000,
        b'{"preset": "' + b"x" * 2_000_000 + b'"}',
        b"\xff\xfe",
    ],
)
def test_a_damaged_configuration_is_a_run_that_cannot_be_read(tmp_path: Path, config: bytes) -> None:
    run = make_run(tmp_path, "bad")
    (run / "config.json").write_bytes(config)
    (record,) = read_runs(tmp_path)
    assert record.state == "unreadable"
    assert record.problem
    assert not record.can_continue


@pytest.mark.parametrize(
    "facts",
    [
        b"",
        b"[1]",
        b'{"state": 3, "step": "x", "dataset": 5}',
        b'{"state": "exploded", "step": -4, "dataset": "a\\u0000b"}',
        b"[" * 100_000,
        b'{"step": 1e99}',
    ],
)
def test_damaged_facts_leave_a_run_without_facts(tmp_path: Path, facts: bytes) -> None:
    run = make_run(tmp_path, "bad")
    (run / "run.json").write_bytes(facts)
    (record,) = read_runs(tmp_path)
    assert (record.state, record.step, record.can_continue) == ("stopped", 0, False)


def test_a_configuration_that_is_a_folder_or_a_pipe_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "folder" / "config.json").mkdir(parents=True)
    (tmp_path / "pipe").mkdir()
    os.mkfifo(tmp_path / "pipe" / "config.json")
    assert read_runs(tmp_path) == ()


def test_metrics_come_back_as_events(tmp_path: Path) -> None:
    lines = [
        {"event": "StepDone", "step": 1, "elapsed_s": 0.5, "images": 8, "images_per_s": 16.0, "losses": {"recon": 0.5}},
        {"event": "Validated", "step": 1, "losses": {"recon": 0.6}, "figures": {"psnr": 20.0}},
        {"event": "Unknown", "step": 1, "losses": {}},
        {"event": "StepDone", "step": -1, "losses": {}},
    ]
    raw = "\n".join(map(json.dumps, lines)) + '\n{"event": "StepDone", "step": 2, "lo'
    (tmp_path / "metrics.jsonl").write_text(raw)
    events = [event for chunk in read_metrics(tmp_path) for event in chunk]
    assert events == [
        StepDone(1, 0.5, 8, 16.0, {"recon": 0.5}, {}),
        Validated(1, {"recon": 0.6}, {"psnr": 20.0}),
    ]
    assert list(read_metrics(tmp_path / "nowhere")) == []


@given(st.binary(max_size=300))
def test_no_line_of_metrics_is_too_strange(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    folder = tmp_path_factory.mktemp("run")
    (folder / "metrics.jsonl").write_bytes(raw)
    assert all(isinstance(event, StepDone | Validated) for chunk in read_metrics(folder) for event in chunk)


def test_names_of_new_runs_are_free_and_tame(tmp_path: Path) -> None:
    source = Path("/art/My Dungeon! Ω (2).zip")
    first = new_run_dir(tmp_path, source, NOW)
    assert first == tmp_path / "my-dungeon-2-2025-06-01"
    first.mkdir()
    assert new_run_dir(tmp_path, source, NOW).name == "my-dungeon-2-2025-06-01-2"
    assert new_run_dir(tmp_path, Path("/…"), NOW).name == "run-2025-06-01"


def test_the_bin_keeps_everything_and_gives_it_back(tmp_path: Path) -> None:
    run = make_run(tmp_path, "dungeon")
    binned = move_to_bin(run, NOW)
    assert not run.exists()
    assert (binned / "model.safetensors").read_bytes() == b"weights"
    make_run(tmp_path, "dungeon")
    with pytest.raises(TrainingError, match="another run"):
        restore(binned, run)
    shutil.rmtree(run)
    restore(binned, run)
    assert (run / "model.safetensors").read_bytes() == b"weights"
    with pytest.raises(TrainingError, match="cannot be taken out"):
        restore(binned, tmp_path / "elsewhere")
    with pytest.raises(TrainingError, match="cannot be moved"):
        move_to_bin(tmp_path / "nowhere", NOW)


@pytest.fixture
def panel(qtbot: QtBot, tmp_path: Path) -> RunListPanel:
    make_run(tmp_path, "first")
    make_run(tmp_path, "second", model=False)
    panel = RunListPanel(tmp_path)
    qtbot.addWidget(panel)
    panel.show()
    return panel


def test_buttons_do_what_the_chosen_run_allows(panel: RunListPanel, tmp_path: Path) -> None:
    explored, continued = QSignalSpy(panel.explore_requested), QSignalSpy(panel.continue_requested)
    panel.choose(tmp_path / "second")
    assert panel.continue_button.isEnabled()
    assert not panel.explore_button.isEnabled()
    panel.choose(tmp_path / "first")
    panel.explore_button.click()
    panel.continue_button.click()
    assert explored.at(0)[0] == tmp_path / "first" / "model.safetensors"
    assert continued.at(0)[0].name == "first"
    panel.set_active(tmp_path / "first", is_training=True)
    assert not panel.continue_button.isEnabled()
    assert not panel.delete_button.isEnabled()


def test_delete_and_undo_by_keyboard_and_button(qtbot: QtBot, panel: RunListPanel, tmp_path: Path) -> None:
    panel.choose(tmp_path / "first")
    qtbot.keyClick(panel.view, Qt.Key.Key_Delete)
    assert not (tmp_path / "first").exists()
    assert panel.model.rowCount() == 1
    panel.undo_button.click()
    assert (tmp_path / "first" / "model.safetensors").exists()
    assert panel.current is not None
    assert panel.current.name == "first"


def test_a_folder_deleted_under_the_list_is_a_message_not_a_crash(panel: RunListPanel, tmp_path: Path) -> None:
    failed = QSignalSpy(panel.failed)
    panel.choose(tmp_path / "first")
    shutil.rmtree(tmp_path / "first")
    panel.delete_button.click()
    assert failed.count() == 1
    assert panel.model.rowCount() == 1
    shutil.rmtree(tmp_path / "second")
    panel.refresh()
    assert panel.model.rowCount() == 0
    assert panel.current is None


def test_hostile_runs_are_painted_and_named(panel: RunListPanel, tmp_path: Path) -> None:
    strange = make_run(tmp_path, "name\u202ewith\nmarks" + "x" * 150)
    (strange / "config.json").write_bytes(b"garbage")
    panel.refresh()
    assert panel.model.rowCount() == 3
    words = [str(panel.model.index(row).data(Qt.ItemDataRole.AccessibleTextRole)) for row in range(3)]
    assert sum("cannot be read" in one for one in words) == 1
    assert not panel.grab().isNull()


def test_a_look_at_the_folder_is_no_new_choice(panel: RunListPanel, tmp_path: Path) -> None:
    """Else the run that was chosen would come to the front whenever another begins or saves."""
    make_run(tmp_path, "old")
    panel.refresh()
    panel.choose(tmp_path / "old")
    selected = QSignalSpy(panel.selected)
    make_run(tmp_path, "new")
    panel.refresh()
    assert panel.current is not None
    assert (panel.current.name, selected.count()) == ("old", 0)
    panel.choose(tmp_path / "not there yet")
    assert panel.current is None
    assert not panel.continue_button.isEnabled()
    panel.choose(tmp_path / "new")
    assert selected.count() == 1
