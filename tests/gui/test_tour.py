"""The tour: five steps at real widgets, never in the way, seen once, and again on wish."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from lunar_studio.gui.tour import SETTING, Tour
from lunar_studio.gui.tour_mark import place_beside
from tests.gui.shell_studio import ShellStudio, studio


@pytest.fixture
def shell(qtbot: QtBot) -> Iterator[ShellStudio]:
    with studio(qtbot, width=1440, height=900) as made:
        yield made


@pytest.fixture
def tour(shell: ShellStudio, qtbot: QtBot) -> Tour:
    """Begun, as for a new user: with the next sprite that is shown."""
    made = Tour(shell.window, shell.preferences)
    with qtbot.waitSignal(shell.window.explore.presented):
        shell.window.explore.roll()
    qtbot.waitUntil(lambda: made.step == 0)
    return made


def content_of(shell: ShellStudio) -> QWidget:
    content = shell.window.centralWidget()
    assert content is not None
    return content


def on_window(shell: ShellStudio, widget: QWidget) -> QRect:
    content = content_of(shell)
    return QRect(widget.mapTo(content, widget.rect().topLeft()), widget.size())


def test_five_steps_point_at_real_widgets(shell: ShellStudio, tour: Tour, qtbot: QtBot) -> None:
    page, seen = shell.window.explore, []
    for target in (page.roll_bar.random, page.latents.sliders_in_view[0], page.teacher.meter, None, None):
        seen.append(tour.mark.title)
        assert tour.mark.isVisible()
        assert tour.ring.isVisible()
        assert not tour.mark.geometry().intersects(tour.ring.geometry()), "it hides what it speaks of"
        assert on_window(shell, page).contains(tour.mark.geometry()), "it hides the header"
        if target is not None:
            assert tour.ring.geometry().contains(on_window(shell, target))
        qtbot.mouseClick(tour.mark.go_on, Qt.MouseButton.LeftButton)
    assert seen == ["Roll", "Pull a slider", "Watch the meter", "Keep what you like", "Export"]
    assert tour.step == -1
    assert not tour.mark.isVisible()
    assert not tour.ring.isVisible()


def test_doing_it_goes_on(shell: ShellStudio, tour: Tour) -> None:
    shell.window.explore.shelving.keep_shown()
    assert tour.step == 0, "that is not what this step speaks of"
    shell.window.actions_by_id["re-roll"].trigger()
    assert tour.step == 1
    shell.window.explore.latents.move_ended.emit()
    assert tour.step == 2
    tour.advance()
    shell.window.actions_by_id["bookmark"].trigger()
    assert tour.step == 4


def test_escape_ends_it_for_good(shell: ShellStudio, tour: Tour, qtbot: QtBot) -> None:
    assert not shell.preferences.values.flag(SETTING)
    tour._escape.activated.emit()
    assert tour.step == -1
    assert shell.preferences.values.flag(SETTING)
    assert not tour._escape.isEnabled(), "Escape belongs to others again"
    with qtbot.waitSignal(shell.window.explore.presented):
        shell.window.explore.roll()
    assert tour.step == -1


def test_escape_in_a_field_on_a_slider_closes_the_field_only(shell: ShellStudio, tour: Tour, qtbot: QtBot) -> None:
    shell.window.activateWindow()
    slider = shell.window.explore.latents.sliders_in_view[0]
    slider.setFocus()
    qtbot.keyClick(slider, Qt.Key.Key_Return)
    editor = slider.findChild(QLineEdit, "inline-editor")
    assert isinstance(editor, QLineEdit)
    assert editor.isVisible()
    qtbot.keyClick(editor, Qt.Key.Key_Escape)
    assert not editor.isVisible()
    assert tour.step == 0
    qtbot.keyClick(slider, Qt.Key.Key_Escape)
    assert tour.step == -1


def test_who_has_seen_it_is_left_alone_until_she_asks(shell: ShellStudio, qtbot: QtBot) -> None:
    shell.preferences.set(SETTING, True)
    made = Tour(shell.window, shell.preferences)
    with qtbot.waitSignal(shell.window.explore.presented):
        shell.window.explore.roll()
    assert made.step == -1
    shell.window.open_page("export")
    shell.window.actions_by_id["tour"].trigger()
    assert made.step == 0
    assert shell.window.page == "explore"


def test_it_moves_with_the_window(shell: ShellStudio, tour: Tour, qtbot: QtBot) -> None:
    shell.window.resize(1280, 720)
    random = shell.window.explore.roll_bar.random
    qtbot.waitUntil(lambda: tour.ring.geometry().contains(on_window(shell, random)))


@given(st.integers(0, 900), st.integers(0, 600), st.integers(1, 300), st.integers(1, 200), st.integers(50, 300))
def test_the_card_never_leaves_the_window(x: int, y: int, width: int, height: int, side: int) -> None:
    room = QRect(0, 0, 1000, 700)
    area = QRect(x, y, width, height)
    place = place_beside(area, side, side, room)
    card = QRect(place.x(), place.y(), side, side)
    assert room.contains(card)
    free = area.left() - side > 20 or room.right() - area.right() - side > 20
    assert not (free and room.contains(area) and card.intersects(area))


def test_enter_goes_on_where_nobody_else_wants_it(shell: ShellStudio, tour: Tour, qtbot: QtBot) -> None:
    shell.window.setFocus()
    qtbot.keyClick(shell.window, Qt.Key.Key_Return)
    assert tour.step == 1
    slider = shell.window.explore.latents.sliders_in_view[0]
    slider.setFocus()
    qtbot.keyClick(slider, Qt.Key.Key_Return)
    assert tour.step == 1, "Enter types a value there"
    tour.end()
    qtbot.keyClick(shell.window, Qt.Key.Key_Return)
    assert tour.step == -1
