"""Project files in the window: title and mark, save and open, recent ones, unsaved work offered and never lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from lunar_studio import paths
from lunar_studio.gui.main_window import MainWindow
from lunar_studio.gui.project_actions import ProjectActions
from lunar_studio.gui.project_controller import ProjectController
from lunar_studio.gui.recovery_bar import sentence
from lunar_studio.session.pixel_commands import PaintPixels
from lunar_studio.session.project import read
from lunar_studio.session.recovery import About, find_lost
from lunar_studio.workers.project_service import LostWork, ProjectService
from tests.gui.shell_studio import ShellStudio, studio


class ProjectStudio:
    """A studio with project files.

    Attributes:
        shell: The studio.
        projects: Its project.
        actions: Dialogs and bar.
    """

    def __init__(self, shell: ShellStudio, qtbot: QtBot) -> None:
        self.shell, self._qtbot = shell, qtbot
        bundled = shell.preferences.values.text("files.last_model") or "nothing bundled"
        self.service = ProjectService(shell.host, paths.sessions_dir(), Path(bundled), lambda: ())
        self.projects = ProjectController(shell.controller, self.service, shell.preferences)
        self.actions = ProjectActions(shell.window, self.projects, shell.preferences)

    def change(self) -> None:
        """Paint a pixel and keep the sprite."""
        side = len(self.shell.session.entries) % 30
        self.shell.controller.do(PaintPixels(((side, 0),), (255, 0, 0, 255)))
        self.shell.window.explore.shelving.keep_shown()

    def save(self, path: Path) -> None:
        """Save, and see it saved."""
        with self._qtbot.waitSignal(self.service.saved):
            self.projects.save(path)

    def open(self, path: Path) -> None:
        """Open, and see it open."""
        with self._qtbot.waitSignal(self.service.opened):
            self.projects.open(path)

    @property
    def window(self) -> MainWindow:
        """The window."""
        return self.shell.window


@pytest.fixture
def made(qtbot: QtBot) -> Iterator[ProjectStudio]:
    with studio(qtbot) as shell:
        made = ProjectStudio(shell, qtbot)
        yield made
        made.projects.deleteLater()


def test_the_title_names_the_project_and_marks_changes(made: ProjectStudio, tmp_path: Path) -> None:
    assert made.window.windowTitle() == "Creatures 32 – Lunar Studio"
    assert not made.window.isWindowModified()
    made.change()
    assert made.window.windowTitle() == "Untitled[*] – Creatures 32 – Lunar Studio"
    assert made.window.isWindowModified()
    made.save(tmp_path / "cave.lunar")
    assert made.window.windowTitle() == "cave[*] – Creatures 32 – Lunar Studio"
    assert not made.window.isWindowModified()
    made.change()
    assert made.window.isWindowModified()
    made.shell.session.undo()
    made.shell.session.undo()
    assert not made.window.isWindowModified(), "back to what is in the file"


def test_everything_is_there_again_after_opening(made: ProjectStudio, tmp_path: Path) -> None:
    made.change()
    made.change()
    made.shell.session.undo()
    before = made.shell.session.snapshot()
    made.save(tmp_path / "cave.lunar")
    made.projects.new()
    assert not made.shell.session.document.bookmarks
    made.open(tmp_path / "cave.lunar")
    assert made.shell.session.snapshot() == before
    made.shell.wait_until_shown()
    made.shell.session.redo()
    assert len(made.shell.session.document.bookmarks) == 2
    assert read(tmp_path / "cave.lunar")[0].model.name == "Creatures 32"


def test_nothing_unsaved_is_lost_when_another_project_is_opened(
    made: ProjectStudio, tmp_path: Path, qtbot: QtBot
) -> None:
    made.change()
    made.save(tmp_path / "cave.lunar")
    made.change()
    unsaved = made.shell.session.snapshot()
    made.projects.new()
    qtbot.waitUntil(made.actions.bar.isVisible)
    assert "“cave” has unsaved changes" in made.actions.bar.message
    with qtbot.waitSignal(made.service.opened):
        qtbot.mouseClick(made.actions.bar.restore, Qt.MouseButton.LeftButton)
    assert made.shell.session.snapshot() == unsaved
    assert not made.actions.bar.isVisible()
    assert made.window.isWindowModified()
    assert made.projects.path == tmp_path / "cave.lunar"


def test_a_change_is_kept_within_a_second_also_while_a_drag_goes_on(made: ProjectStudio, qtbot: QtBot) -> None:
    slider = made.shell.slider("shape/0")
    with qtbot.waitSignal(made.service.kept):
        for value in range(0, 300, 5):
            slider.setValue(value)
            qtbot.wait(20)
    (folder,) = paths.sessions_dir().iterdir()
    kept = read(folder / "autosave.lunar")[0].session
    assert [step.entry.title for step in kept.steps] == ["Move bulk"]


def test_what_was_unsaved_when_the_window_closed_is_offered_next_time(qtbot: QtBot) -> None:
    with studio(qtbot) as shell:
        first = ProjectStudio(shell, qtbot)
        first.change()
        unsaved = shell.session.snapshot()
    with studio(qtbot) as shell:
        second = ProjectStudio(shell, qtbot)
        second.service.find_lost()
        qtbot.waitUntil(second.actions.bar.isVisible)
        assert "before its time" not in second.actions.bar.message
        with qtbot.waitSignal(second.service.opened):
            second.actions.bar.restore.click()
        assert shell.session.snapshot() == unsaved
        assert second.projects.path is None
        second.save(paths.projects_dir() / "kept.lunar")
    assert find_lost(paths.sessions_dir()) == ()


def test_discarded_work_is_gone(made: ProjectStudio, qtbot: QtBot) -> None:
    made.change()
    made.projects.new()
    qtbot.waitUntil(made.actions.bar.isVisible)
    made.actions.bar.discard.click()
    assert not made.actions.bar.isVisible()
    qtbot.waitUntil(lambda: len(list(paths.sessions_dir().iterdir())) == 1)


def test_dialogs_add_the_suffix_and_remember_the_folder(
    made: ProjectStudio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    asked: list[str] = []

    def choose(_parent: object, _title: str, start: str, _filter: str) -> tuple[str, str]:
        asked.append(start)
        return str(tmp_path / "my cave"), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", choose)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "my cave.lunar"), ""))
    with qtbot.waitSignal(made.service.saved):
        made.window.actions_by_id["save-project"].trigger()
    assert Path(asked[0]).name == "Untitled.lunar"
    assert made.projects.path == tmp_path / "my cave.lunar"
    with qtbot.waitSignal(made.service.saved):
        made.window.actions_by_id["save-project"].trigger()
    assert len(asked) == 1, "it has a file now"
    with qtbot.waitSignal(made.service.opened):
        made.window.actions_by_id["open-project"].trigger()


def test_recent_projects_are_listed_and_opened(made: ProjectStudio, tmp_path: Path, qtbot: QtBot) -> None:
    for name in ("a", "b", "a"):
        made.save(tmp_path / f"{name}.lunar")
    menu = made.window.header.recent_menu
    menu.aboutToShow.emit()
    assert [entry.text() for entry in menu.actions()] == ["a", "b"]
    with qtbot.waitSignal(made.service.opened):
        menu.triggered.emit(menu.actions()[1])
    assert made.projects.title == "b"


@pytest.mark.parametrize("text", ["", "[", '{"a": 1}', "[1, 2]", "[" * 5000])
def test_a_list_of_recent_projects_that_makes_no_sense_is_empty(made: ProjectStudio, text: str) -> None:
    made.shell.preferences.set("files.recent_projects", text)
    assert made.projects.recent == ()
    made.shell.preferences.set("files.recent_projects", json.dumps(["x.lunar"] * 50))
    assert len(made.projects.recent) == 8


def test_a_project_can_be_dropped_on_the_window(made: ProjectStudio, tmp_path: Path, qtbot: QtBot) -> None:
    made.change()
    made.save(tmp_path / "cave.lunar")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "cave.lunar"))])
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    with qtbot.waitSignal(made.service.opened):
        made.window.dropEvent(QDropEvent(QPointF(9, 9), Qt.DropAction.CopyAction, data, left, none))


def test_a_project_of_another_model_opens_that_model_first(made: ProjectStudio, tmp_path: Path, qtbot: QtBot) -> None:
    made.change()
    made.save(tmp_path / "cave.lunar")
    saved = made.shell.session.snapshot()
    with qtbot.waitSignal(made.shell.controller.model_changed):  # a sprite on the screen may be of the one before
        made.window.open_model(Path("mine.good.safetensors"))
    assert made.projects.path is None
    with qtbot.waitSignal(made.projects.failed) as failure:
        made.projects.open(tmp_path / "cave.lunar")
    assert failure.args is not None
    assert "needs the model “Creatures 32”" in failure.args[0].message
    assert made.window.banner.message == failure.args[0].message
    with qtbot.waitSignal(made.shell.controller.model_changed):
        made.window.open_model(None)
    assert made.shell.session.snapshot() == saved
    assert made.projects.title == "cave"
    assert not made.window.banner.isVisible(), "it is no news any longer"


def test_where_the_model_was_is_said_in_one_plain_line(made: ProjectStudio, tmp_path: Path, qtbot: QtBot) -> None:
    made.change()
    made.shell.preferences.set("files.last_model", f"/art/{'deep/' * 60}\x1b[31mcave\n.safetensors")
    made.save(tmp_path / "cave.lunar")
    with qtbot.waitSignal(made.shell.controller.model_changed):  # a sprite on the screen may be of the one before
        made.window.open_model(Path("mine.good.safetensors"))
    with qtbot.waitSignal(made.projects.failed) as failure:
        made.projects.open(tmp_path / "cave.lunar")
    assert failure.args is not None
    hint = failure.args[0].hint
    assert hint.endswith("deep/[31mcave.safetensors.")
    assert len(hint) < 220


def test_a_bad_project_changes_nothing(made: ProjectStudio, tmp_path: Path, qtbot: QtBot) -> None:
    (tmp_path / "bad.lunar").write_bytes(b"evil")
    before = made.shell.session.snapshot()
    with qtbot.waitSignal(made.projects.failed):
        made.projects.open(tmp_path / "bad.lunar")
    assert made.window.banner.isVisible()
    assert made.shell.session.snapshot() == before


@pytest.mark.parametrize(
    ("about", "says"),
    [
        (About("Cave", "", 3, "", was_closed=True), "“Cave” has unsaved changes (3 steps)."),
        (About("Cave", "", 1, "nonsense"), "The studio ended before its time. “Cave” has unsaved changes (1 step)."),
    ],
)
def test_the_offer_says_what_it_is(about: About, says: str) -> None:
    assert sentence(LostWork(1, about)) == says


def test_the_offer_says_from_when(made: ProjectStudio) -> None:
    made.actions.bar.offer(LostWork(1, About("Cave", "", 2, "2020-02-03T12:00:00+00:00")))
    assert "3 February 2020" in made.actions.bar.message
    assert "behind it" not in made.actions.bar.message
    made.actions.bar.offer(LostWork(1, About("Cave", "", 2, "2020-02-03T12:00:00+00:00")), 2)
    assert made.actions.bar.message.endswith("2 more behind it.")
    assert made.actions.bar.isVisible()
