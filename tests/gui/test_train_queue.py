"""Runs that wait: kept over a restart, hostile files put aside, one after the other, whatever became of the last."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtTest import QSignalSpy
from pytestqt.qtbot import QtBot

from lunar_studio import paths
from lunar_studio.core.presets import preset
from lunar_studio.errors import TrainingDiverged, TrainingError
from lunar_studio.gui.train.queue_panel import QueuePanel
from lunar_studio.gui.train.run_queue import FILE, MOST_RUNS, RunQueue, WaitingRun
from lunar_studio.gui.train.train_page import TrainPage
from tests.gui.test_train_page import RecordingTrainer, art, forecaster, page, start, trainer  # noqa: F401 - fixtures

# Without a window manager a window has nobody to tell its limits to, or to raise it.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)


def run(title: str) -> WaitingRun:
    return WaitingRun(f"/art/{title}", title, preset("tiny"))


def titles(queue: RunQueue) -> list[str]:
    return [one.title for one in queue.runs]


def filled(folder: Path, *names: str) -> RunQueue:
    queue = RunQueue(folder)
    for name in names:
        queue.add(run(name))
    return queue


def test_what_waits_is_there_after_a_restart(tmp_path: Path) -> None:
    queue = filled(tmp_path / "runs", "a", "b", "c")
    queue.move(2, 0)
    queue.remove(1)
    again = RunQueue(tmp_path / "runs")
    assert titles(again) == ["c", "b"]
    assert again.runs[0] == run("c")
    taken = again.take()
    assert taken is not None
    assert (taken.title, titles(RunQueue(tmp_path / "runs"))) == ("c", ["b"])
    assert RunQueue(tmp_path / "elsewhere").take() is None


@given(st.lists(st.tuples(st.integers(-1, 6), st.integers(-1, 6)), max_size=12))
def test_moving_never_loses_a_run(tmp_path_factory: pytest.TempPathFactory, moves: list[tuple[int, int]]) -> None:
    queue = filled(tmp_path_factory.mktemp("runs"), "a", "b", "c", "d")
    for row, to in moves:
        before = titles(queue)
        queue.move(row, to)
        if 0 <= row < 4 and 0 <= to < 4:
            assert titles(queue)[to] == before[row]
    assert sorted(titles(queue)) == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"\xff\xfe",
        b"[" * 200_000,
        b" " * (2**20 + 1),
        b'{"version":1,"runs":[{"source":"","title":"x","config":{}}]}',
        b'{"version":1,"runs":[{"source":"/a","title":"x","config":{"preset":1}}]}',
        b'{"version":1,"runs":[{"source":"/a\\u0000","title":"x","config":{"preset":"tiny"}}]}',
    ],
)
def test_a_file_that_is_no_queue_is_put_aside(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    queue = RunQueue(tmp_path)
    assert len(queue) == 0
    assert (tmp_path / f"{FILE}.bad").read_bytes() == content
    queue.add(run("a"))
    assert titles(RunQueue(tmp_path)) == ["a"]


def test_a_pipe_in_its_place_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / FILE)
    assert len(RunQueue(tmp_path)) == 0


def test_it_is_bounded_and_says_when_it_cannot_be_kept(tmp_path: Path) -> None:
    queue = filled(tmp_path, *(str(number) for number in range(MOST_RUNS)))
    with pytest.raises(TrainingError, match="wait already"):
        queue.add(run("one more"))
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(TrainingError, match="cannot be kept"):
        RunQueue(tmp_path / "file").add(run("a"))


def test_the_panel_orders_and_removes(qtbot: QtBot, tmp_path: Path) -> None:
    queue = filled(tmp_path, "a", "b", "c")
    panel = QueuePanel(queue)
    qtbot.addWidget(panel)
    panel.show()
    panel.list.setCurrentRow(2)
    qtbot.mouseClick(panel.up_button, Qt.MouseButton.LeftButton)
    assert titles(queue) == ["a", "c", "b"]
    assert panel.list.currentRow() == 1
    assert not panel.grab().isNull()
    qtbot.mouseClick(panel.remove_button, Qt.MouseButton.LeftButton)
    assert titles(queue) == ["a", "b"]
    asked = QSignalSpy(panel.start_requested)
    qtbot.mouseClick(panel.start_button, Qt.MouseButton.LeftButton)
    assert asked.count() == 1
    panel.set_busy(True)
    assert not panel.start_button.isVisible()
    for _ in range(2):
        qtbot.mouseClick(panel.remove_button, Qt.MouseButton.LeftButton)
    assert not panel.isVisible()


def test_one_run_after_the_other_whatever_became_of_the_last(
    qtbot: QtBot,
    page: TrainPage,  # noqa: F811
    trainer: RecordingTrainer,  # noqa: F811
    art: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    trainer.inner.failure = TrainingDiverged("The losses became infinite.", hint="Use a lower rate.")
    start(qtbot, page, art)
    assert page.setup.start_button.text() == "Add to queue"
    qtbot.mouseClick(page.setup.start_button, Qt.MouseButton.LeftButton)
    page.queue.add(WaitingRun(str(tmp_path / "nowhere"), "gone", preset("tiny")))
    page.queue.move(1, 0)  # one whose art is gone comes first, and does not hold the other up
    page.waiting.refresh()
    assert page.waiting.isVisible()
    trainer.inner.fail_at = trainer.inner.reached + 20
    qtbot.waitUntil(lambda: len(trainer.asked) == 2)
    assert len(page.queue) == 0
    first, second = (asked[1] for asked in trainer.asked)
    assert first != second
    assert trainer.asked[0][2] == trainer.asked[1][2]


def test_a_queue_from_last_time_waits_for_a_click(
    qtbot: QtBot,
    page: TrainPage,  # noqa: F811
    trainer: RecordingTrainer,  # noqa: F811
    art: Path,  # noqa: F811
) -> None:
    page.queue.add(WaitingRun(str(art), "My Art", page.setup.base()))
    page.waiting.refresh()
    assert trainer.asked == []
    assert RunQueue(paths.runs_dir()).runs == page.queue.runs
    qtbot.mouseClick(page.waiting.start_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(trainer.asked) == 1)
    assert trainer.asked[0][1].name.startswith("my-art-")


def test_a_window_that_closes_starts_nothing_more(
    qtbot: QtBot,
    page: TrainPage,  # noqa: F811
    trainer: RecordingTrainer,  # noqa: F811
    art: Path,  # noqa: F811
) -> None:
    start(qtbot, page, art)
    page.queue.add(WaitingRun(str(art), "next", page.setup.base()))
    page.hide()
    page.stop()
    qtbot.waitUntil(lambda: not page._train.is_running)
    qtbot.wait(50)
    assert len(trainer.asked) == 1
    assert titles(RunQueue(paths.runs_dir())) == ["next"]
