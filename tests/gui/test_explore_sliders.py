"""Sliders: they move the document, undo in one step, keep locks, and can be worked with keys alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from lunar_studio.gui.explore.latent_slider import MERGE_MS, REACH, LatentSlider
from tests.gui.shell_studio import ShellStudio, studio


@pytest.fixture
def shell(qtbot: QtBot) -> Iterator[ShellStudio]:
    with studio(qtbot) as made:
        yield made


def centre(slider: LatentSlider, position: float | None = None) -> QPoint:
    """The point of the row where the moon stands at `position`."""
    area = slider.groove_area()
    where = slider.position if position is None else position
    return QPoint(round(area.left() + (where + REACH) / (2 * REACH) * area.width()), slider.height() // 2)


def drag(qtbot: QtBot, slider: LatentSlider, to: float) -> None:
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=centre(slider))
    start, end = centre(slider).x(), centre(slider, to).x()
    for step in range(1, 11):
        qtbot.mouseMove(slider, QPoint(start + (end - start) * step // 10, slider.height() // 2))
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=QPoint(end, slider.height() // 2))


def position(shell: ShellStudio, direction_id: str) -> float:
    latent = shell.session.document.latent
    assert latent is not None
    return shell.controller.sliders.direction(direction_id).position(latent)


def test_a_drag_moves_the_document_and_is_one_step(shell: ShellStudio, qtbot: QtBot) -> None:
    slider, before = shell.slider("shape/0"), shell.session.document
    drag(qtbot, slider, 2.0)
    assert position(shell, "shape/0") == pytest.approx(2.0, abs=0.1)
    assert len(shell.session.entries) == 1
    shell.wait_until_shown()
    shell.session.undo()
    assert shell.session.document == before
    assert slider.position == pytest.approx(position(shell, "shape/0"))


def test_two_drags_are_two_steps(shell: ShellStudio, qtbot: QtBot) -> None:
    drag(qtbot, shell.slider("shape/0"), 2.0)
    drag(qtbot, shell.slider("shape/0"), -1.0)
    assert len(shell.session.entries) == 2


def test_shift_drags_a_tenth_of_the_way(shell: ShellStudio, qtbot: QtBot) -> None:
    slider = shell.slider("shape/1")
    start = position(shell, "shape/1")
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, pos=centre(slider))
    away = QPoint(centre(slider).x() + 60, slider.height() // 2)
    full = 60 * 2 * REACH / slider.groove_area().width()
    _move_with_shift(slider, away)
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=away)
    assert position(shell, "shape/1") - start == pytest.approx(full / 10, abs=0.02)


def _move_with_shift(slider: LatentSlider, point: QPoint) -> None:
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QMouseEvent

    event = QMouseEvent(
        QEvent.Type.MouseMove,
        QPointF(point),
        QPointF(slider.mapToGlobal(point)),
        Qt.MouseButton.NoButton,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.ShiftModifier,
    )
    QApplication.sendEvent(slider, event)


def test_a_press_beside_the_moon_takes_it_there(shell: ShellStudio, qtbot: QtBot) -> None:
    slider = shell.slider("colour/0")
    qtbot.mouseClick(slider, Qt.MouseButton.LeftButton, pos=centre(slider, -3.0))
    assert position(shell, "colour/0") == pytest.approx(-3.0, abs=0.05)


def test_arrow_keys_merge_while_they_are_quick(shell: ShellStudio, qtbot: QtBot) -> None:
    slider, start = shell.slider("shape/2"), position(shell, "shape/2")
    assert slider._rest.interval() == MERGE_MS
    slider._rest.setInterval(3_600_000)  # however slow this machine is, these four are quick
    for _ in range(4):
        qtbot.keyClick(slider, Qt.Key.Key_Right)
    assert position(shell, "shape/2") == pytest.approx(start + 0.4, abs=0.011)
    assert len(shell.session.entries) == 1
    slider._rest.start(0)
    qtbot.waitUntil(lambda: not slider._rest.isActive())
    qtbot.keyClick(slider, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert len(shell.session.entries) == 2
    assert position(shell, "shape/2") == pytest.approx(start + 0.39, abs=0.011)


def _wheel(slider: LatentSlider, notches: int) -> None:
    point = QPointF(slider.rect().center())
    event = QWheelEvent(
        point,
        QPointF(slider.mapToGlobal(point.toPoint())),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(slider, event)


def test_the_wheel_moves_only_the_slider_with_the_keyboard(shell: ShellStudio) -> None:
    slider, start = shell.slider("shape/3"), position(shell, "shape/3")
    _wheel(slider, 1)
    assert position(shell, "shape/3") == start
    slider.setFocus()
    _wheel(slider, 2)
    assert position(shell, "shape/3") > start


def test_a_value_can_be_typed_even_beyond_the_groove(shell: ShellStudio, qtbot: QtBot) -> None:
    slider = shell.slider("shape/3")
    qtbot.keyClick(slider, Qt.Key.Key_Return)
    editor = slider.findChild(QLineEdit, "inline-editor")
    assert isinstance(editor, QLineEdit)
    assert editor.isVisible()
    editor.setText("5,25")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert position(shell, "shape/3") == pytest.approx(5.25, abs=1e-4)
    assert slider.position == pytest.approx(5.25, abs=1e-4)
    assert slider.value() == slider.maximum()


def test_enter_closes_the_field_escape_leaves_all_and_elsewhere_stays_elsewhere(
    shell: ShellStudio, qtbot: QtBot
) -> None:
    window, slider, before = shell.window, shell.slider("shape/3"), shell.session.document
    window.activateWindow()
    slider.setFocus()
    qtbot.keyClick(slider, Qt.Key.Key_Return)
    editor = slider.findChild(QLineEdit, "inline-editor")
    assert window.focusWidget() is editor
    qtbot.keyClicks(editor, "1.5")
    qtbot.keyClick(editor, Qt.Key.Key_Escape)
    assert shell.session.document == before
    assert window.focusWidget() is slider
    qtbot.keyClick(slider, Qt.Key.Key_Return)
    qtbot.keyClicks(editor, "1.5")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert not editor.isVisible(), "the key must not open it again"
    assert window.focusWidget() is slider
    assert position(shell, "shape/3") == pytest.approx(1.5, abs=1e-4)
    slider.edit_value()
    qtbot.keyClicks(editor, "-1")
    window.explore.canvas.setFocus()
    assert position(shell, "shape/3") == pytest.approx(-1, abs=1e-4)
    assert window.focusWidget() is window.explore.canvas
    assert len(shell.session.entries) == 2


@pytest.mark.parametrize("nonsense", ["", "abc", "nan", "1e9", "inf"])
def test_what_is_no_number_changes_nothing(shell: ShellStudio, qtbot: QtBot, nonsense: str) -> None:
    slider, before = shell.slider("shape/3"), shell.session.document
    slider.edit_value()
    editor = slider.findChild(QLineEdit, "inline-editor")
    assert isinstance(editor, QLineEdit)
    editor.setText(nonsense)
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert shell.session.document == before


def test_a_double_click_on_the_groove_resets(shell: ShellStudio, qtbot: QtBot) -> None:
    slider, start = shell.slider("shape/3"), position(shell, "shape/3")
    drag(qtbot, slider, 3.0)
    qtbot.mouseDClick(slider, Qt.MouseButton.LeftButton, pos=centre(slider, 0.0))
    assert position(shell, "shape/3") == pytest.approx(start, abs=1e-4)


def test_a_double_click_on_the_name_renames(shell: ShellStudio, qtbot: QtBot) -> None:
    slider = shell.slider("shape/3")
    qtbot.mouseDClick(slider, Qt.MouseButton.LeftButton, pos=QPoint(10, slider.height() // 2))
    editor = slider.findChild(QLineEdit, "inline-editor")
    assert isinstance(editor, QLineEdit)
    editor.setText("tallness")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert slider.name == "tallness"
    assert slider.accessibleName() == "tallness"
    shell.session.undo()
    assert slider.name == slider.direction.name


def test_a_locked_slider_survives_a_re_roll_and_a_reset(shell: ShellStudio, qtbot: QtBot) -> None:
    locked = shell.slider("shape/3")
    drag(qtbot, locked, 1.5)
    qtbot.keyClick(locked, Qt.Key.Key_L)
    assert locked.is_locked
    kept, other = position(shell, "shape/3"), position(shell, "shape/8")
    shell.window.actions_by_id["re-roll"].trigger()
    qtbot.waitUntil(lambda: position(shell, "shape/8") != other)
    assert position(shell, "shape/3") == pytest.approx(kept, abs=1e-4)
    shell.window.actions_by_id["reset-all"].trigger()
    assert position(shell, "shape/3") == pytest.approx(kept, abs=1e-4)


def test_the_lock_can_be_clicked(shell: ShellStudio, qtbot: QtBot) -> None:
    slider = shell.slider("shape/0")
    spot = QPoint(slider.width() - 8, slider.height() // 2)
    qtbot.mouseClick(slider, Qt.MouseButton.LeftButton, pos=spot)
    assert slider.is_locked
    qtbot.mouseClick(slider, Qt.MouseButton.LeftButton, pos=spot)
    assert not slider.is_locked


def in_view(shell: ShellStudio, group: str) -> list[str]:
    """Sliders of a group that can be seen whole, without scrolling."""
    page = shell.window.explore
    found = []
    for slider in page.latents.sliders:
        whole = slider.visibleRegion().boundingRect() == slider.rect()
        if slider.direction.group == group and slider.isVisible() and whole:
            found.append(slider.direction.id)
    return found


@pytest.mark.parametrize(("size", "shape", "colour"), [((1440, 900), 5, 3), ((1280, 720), 4, 2)])
@pytest.mark.parametrize("matter", ["", "experts", "lint", "copies"])
def test_sliders_come_first(shell: ShellStudio, size: tuple[int, int], shape: int, colour: int, matter: str) -> None:
    shell.window.resize(*size)
    page = shell.window.explore
    page.right.open_matter(matter)
    QApplication.processEvents()
    QApplication.processEvents()
    assert page.teacher.meter.visibleRegion().boundingRect() == page.teacher.meter.rect()
    assert len(in_view(shell, "shape")) >= shape
    assert len(in_view(shell, "colour")) >= colour


def test_sections_show_what_fits_and_more_on_demand(shell: ShellStudio) -> None:
    panel = shell.window.explore.latents
    shape = panel.section("shape")
    shown = [slider for slider in shape.sliders if slider.isVisible()]
    assert 4 <= len(shown) <= 12
    shape._more.click()
    assert len([slider for slider in shape.sliders if slider.isVisible()]) == min(16, len(shown) + 12)
    shell.window.resize(1280, 700)
    assert len([slider for slider in shape.sliders if slider.isVisible()]) == min(16, len(shown) + 12)
    raw = panel.section("raw")
    assert not raw.sliders, "raw numbers are folded away until asked for"
    raw.header.click()
    assert len(raw.sliders) == 12
    with pytest.raises(KeyError):
        panel.section("yours")


def test_the_search_finds_by_name_and_by_number(shell: ShellStudio, qtbot: QtBot) -> None:
    panel = shell.window.explore.latents
    qtbot.keyClicks(panel.search, "z17")
    found = shell.window.findChild(LatentSlider, "found/raw/17")
    assert isinstance(found, LatentSlider)
    assert found.isVisible()
    assert not panel.section("shape").isVisible()
    shell.controller.sliders.move("raw/17", 2.5)
    assert found.position == pytest.approx(2.5, abs=1e-4)
    panel.search.clear()
    assert panel.section("shape").isVisible()
    panel.search.setText("nobody calls a slider so")
    assert panel._nothing.isVisibleTo(panel)
    shell.window.activateWindow()
    panel.search.setFocus()
    qtbot.keyClick(panel.search, Qt.Key.Key_Escape)
    assert panel.section("shape").isVisible(), "Escape ends the search first"
    assert panel.search.hasFocus()
    qtbot.keyClick(panel.search, Qt.Key.Key_Escape)
    assert shell.window.explore.canvas.hasFocus()


def test_every_slider_has_a_name_for_screen_readers_and_a_tip(shell: ShellStudio) -> None:
    for slider in shell.window.explore.latents.sliders:
        assert slider.accessibleName() == slider.direction.name
        assert slider.direction.id in slider.toolTip()
        assert slider.objectName() == f"slider/{slider.direction.id}"


def test_up_and_down_go_from_slider_to_slider(shell: ShellStudio, qtbot: QtBot) -> None:
    shell.window.activateWindow()
    first = shell.slider("shape/0")
    first.setFocus()
    qtbot.keyClick(first, Qt.Key.Key_Down)
    assert shell.slider("shape/1").hasFocus()
    qtbot.keyClick(shell.slider("shape/1"), Qt.Key.Key_Up)
    assert first.hasFocus()


def test_a_pinned_slider_stands_above_all_others_until_it_is_let_go(shell: ShellStudio, qtbot: QtBot) -> None:
    panel = shell.window.explore.latents
    slider = shell.slider("colour/1")
    slider.setFocus()
    qtbot.keyClick(slider, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    assert shell.session.entries[-1].title == "Pin light"
    assert [one.direction.id for one in panel.section("pinned").sliders] == ["colour/1"]
    assert "colour/1" not in [one.direction.id for one in panel.section("colour").sliders]
    above = panel.sliders[0]
    assert above.direction.id == "colour/1"
    assert above.is_pinned
    assert above.hasFocus(), "the keyboard stays with the slider"
    drag(qtbot, above, 1.5)
    assert position(shell, "colour/1") == pytest.approx(1.5, abs=0.1)
    shell.session.undo()
    shell.session.undo()
    assert panel.sliders[0].direction.id == "shape/0"
    assert "colour/1" in [one.direction.id for one in panel.section("colour").sliders]
    with pytest.raises(KeyError):
        panel.section("pinned")


def test_pinning_leaves_folds_and_longer_lists_as_they_were(shell: ShellStudio) -> None:
    panel = shell.window.explore.latents
    panel.section("shape")._more.click()
    shown = len(panel.section("shape").sliders)
    panel.section("colour").header.setChecked(False)
    shell.controller.sliders.pin("shape/1", True)
    assert len(panel.section("shape").sliders) in (shown, shown - 1)
    assert not panel.section("colour").header.isChecked()
    shell.controller.sliders.pin("raw/3", True)
    assert [one.direction.id for one in panel.section("pinned").sliders] == ["shape/1", "raw/3"]
    shell.controller.sliders.pin("raw/3", False)
    assert [one.direction.id for one in panel.section("pinned").sliders] == ["shape/1"]
