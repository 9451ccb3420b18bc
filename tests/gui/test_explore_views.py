"""The middle of the Explore page: views, their switch, and the preview of the current sprite."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from lunar_studio.gui import action_set
from lunar_studio.gui.action_runner import ActionRunner
from lunar_studio.gui.action_set import ActionSet
from lunar_studio.gui.explore.centre_views import CentreViews
from lunar_studio.session.actions import ACTIONS, Action
from tests.gui.shell_studio import ShellStudio, studio


@pytest.fixture(autouse=True)
def second_action(monkeypatch: pytest.MonkeyPatch) -> None:
    """The action table with a row more, for a view that only these tests have."""
    row = Action("view-second", "Show the Second", "Look elsewhere.", "view", "", "model_loaded", checkable=True)
    table = (*ACTIONS, row)
    monkeypatch.setattr(action_set, "ACTIONS", table)
    monkeypatch.setattr(action_set, "action", {entry.id: entry for entry in table}.__getitem__)


@pytest.fixture
def shell(qtbot: QtBot) -> Iterator[ShellStudio]:
    with studio(qtbot) as made:
        yield made


@pytest.fixture
def views(qtbot: QtBot) -> Iterator[CentreViews]:
    """One view, in a window."""
    actions = ActionSet(ActionRunner())
    actions.set_conditions({"model_loaded"})
    window = QWidget()
    qtbot.addWidget(window)
    made = CentreViews(actions, window)
    made.add("sprite", "Sprite", "sprite", QLabel("the sprite"), "Look at it.")
    made.resize(400, 300)
    window.resize(400, 300)
    window.show()
    yield made
    window.close()


def add_second(views: CentreViews) -> QLabel:
    second = QLabel("the second")
    views.add("second", "Second", "tiles", second, "Look elsewhere.")
    return second


def button(views: CentreViews, view_id: str) -> QPushButton:
    found = views.findChild(QPushButton, f"centre-view/{view_id}")
    assert isinstance(found, QPushButton)
    return found


def test_one_view_needs_no_switch(views: CentreViews) -> None:
    assert views.current == "sprite"
    assert views.ids == ("sprite",)
    assert views.switch.isHidden()


def test_the_switch_shows_the_other_view(views: CentreViews, qtbot: QtBot) -> None:
    second = add_second(views)
    assert views.switch.isVisible()
    assert not second.isVisible()
    with qtbot.waitSignal(views.changed) as told:
        qtbot.mouseClick(button(views, "second"), Qt.MouseButton.LeftButton)
    assert told.args == ["second"]
    assert second.isVisible()
    assert not views.view("sprite").isVisible()
    assert button(views, "second").isChecked()
    assert not button(views, "sprite").isChecked()
    assert not views._actions["view-sprite"].isChecked()


def test_arrow_keys_walk_the_switch(views: CentreViews, qtbot: QtBot) -> None:
    add_second(views)
    button(views, "sprite").setFocus()
    qtbot.keyClick(button(views, "sprite"), Qt.Key.Key_Right)
    assert views.current == "second"


def test_the_action_of_the_shown_view_stays_checked(views: CentreViews) -> None:
    action = views._actions["view-sprite"]
    action.trigger()
    assert action.isChecked()
    action.trigger()
    assert action.isChecked()


def test_a_view_is_added_once_and_has_an_action(views: CentreViews) -> None:
    with pytest.raises(ValueError, match="second view"):
        views.add("sprite", "Sprite", "sprite", QLabel(), "Again.")
    with pytest.raises(KeyError):
        views.add("nowhere", "Nowhere", "sprite", QLabel(), "No action of that name.")
    assert views.ids == ("sprite",)


def test_without_a_model_there_is_only_the_sprite(qtbot: QtBot) -> None:
    with studio(qtbot, model=False) as bare:
        assert bare.window.explore.views.current == "sprite"
        assert not bare.window.actions_by_id["view-sprite"].isEnabled()


def test_the_current_sprite_is_seen_beside_its_score_in_other_views(shell: ShellStudio, qtbot: QtBot) -> None:
    page = shell.window.explore
    second = add_second(page.views)
    preview = page.teacher.preview
    assert not preview.isVisible()
    page.views.show_view("second")
    assert preview.isVisible()
    before = preview.grab().toImage()
    with qtbot.waitSignal(shell.controller.shown):
        page.roll()
    assert preview.grab().toImage() != before
    assert not second.isHidden()
    qtbot.mouseClick(preview, Qt.MouseButton.LeftButton, pos=QPoint(8, 8))
    assert page.views.current == "sprite"
    assert not preview.isVisible()


def test_a_tool_brings_the_canvas_back(shell: ShellStudio) -> None:
    page = shell.window.explore
    add_second(page.views)
    page.views.show_view("second")
    shell.window.actions_by_id["tool-pencil"].trigger()
    assert page.views.current == "sprite"
    assert page.painting.tool == "pencil"
