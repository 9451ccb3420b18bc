"""The map of the window: written when asked, whole, with everything a robot needs and nothing that cannot be seen."""

import json
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, QRect
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from lunar_studio.gui import ui_map
from lunar_studio.gui.explore.canvas import Canvas
from tests.gui.shell_studio import studio


def ask(qtbot: QtBot, path: Path) -> dict[str, object]:
    request = path.with_name(path.name + ".ask")
    request.touch()
    qtbot.waitUntil(lambda: not request.exists())
    told = json.loads(path.read_text(encoding="utf-8"))
    assert isinstance(told, dict)
    return told


def test_the_map_tells_where_a_slider_is_and_where_it_stands(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ui_map.VARIABLE, str(tmp_path / "map.json"))
    with studio(qtbot) as made:
        assert ui_map.install(made.window.explore.canvas, made.window) is not None
        slider = made.window.explore.latents.sliders[0]
        slider.setValue(123)
        made.wait_until_shown()
        told = ask(qtbot, tmp_path / "map.json")
        widgets = told["widgets"]
        assert isinstance(widgets, list)
        (found,) = [widget for widget in widgets if widget["name"] == slider.objectName()]
        corner = slider.mapToGlobal(slider.rect().topLeft())
        groove = slider.groove_area().translated(corner)
        assert found["value"] == 123
        assert found["says"] == slider.accessibleName()
        assert QRect(*found["groove"]) == groove
        assert QRect(*found["rect"]).topLeft() == corner
        assert told["generation"] == made.controller.current.generation  # type: ignore[union-attr]
        assert {"painted", "first_sprite"} <= set(told["moments"])  # type: ignore[call-overload]


def test_what_is_hidden_is_not_on_the_map(qtbot: QtBot) -> None:
    with studio(qtbot, model=False) as made:
        qtbot.waitUntil(lambda: "shelf-panel" in {widget["name"] for widget in ui_map.widgets()})
        QApplication.processEvents()  # the layout of a new user has been made
        made.window.explore.set_panel_visible("shelf", visible=False)
        names = {str(widget["name"]) for widget in ui_map.widgets()}
        assert "latent-panel" in names
        assert "shelf-panel" not in names


@pytest.mark.qt_log_ignore("This plugin does not support")  # offscreen, nothing can be grabbed or raised
def test_entries_of_an_open_menu_are_on_the_map(qtbot: QtBot) -> None:
    menu = QMenu()
    qtbot.addWidget(menu)
    menu.addAction("Take &this")
    menu.show()
    (entry,) = [widget for widget in ui_map.widgets() if widget["kind"] == "MenuEntry"]
    assert entry["text"] == "Take this"


def test_nobody_asked_nothing_is_there(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ui_map.VARIABLE, raising=False)
    canvas, owner = Canvas(), QObject()
    qtbot.addWidget(canvas)
    assert ui_map.install(canvas, owner) is None
    assert not owner.children()
