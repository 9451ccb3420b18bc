"""The Explore page without a mouse: Tab goes as the eye does, and words and sliders are one key away."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QWidget
from pytestqt.qtbot import QtBot

from lunar_studio.gui.explore.latent_slider import LatentSlider
from tests.gui.shell_studio import ShellStudio, studio

CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def shell(qtbot: QtBot) -> Iterator[ShellStudio]:
    with studio(qtbot, width=1440, height=900) as made:
        made.window.activateWindow()
        made.window.explore.canvas.setFocus()
        yield made


def stops(outer: QWidget) -> list[QWidget]:
    """Where Tab stops within a widget, in order; a spin box and the field inside of it are one stop."""
    found: list[QWidget] = []
    widget: QWidget | None = outer.window()
    while widget is not None and (widget := widget.nextInFocusChain()) is not outer.window():
        assert widget is not None
        takes_tab = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
        is_inside = isinstance(widget.parentWidget(), QAbstractSpinBox)
        if outer.isAncestorOf(widget) and widget.isVisible() and takes_tab and not is_inside:
            found.append(widget)
    return found


def top(widget: QWidget) -> int:
    return widget.mapTo(widget.window(), QPoint(0, 0)).y()


def test_tab_goes_through_the_right_column_from_top_to_bottom(shell: ShellStudio) -> None:
    latents = shell.window.explore.latents
    for more in range(2):  # sliders that are built later stand where they are seen, too
        found = stops(latents)
        assert len([one for one in found if isinstance(one, LatentSlider)]) >= 6
        heights = [top(one) for one in found if latents._list.isAncestorOf(one)]
        assert heights == sorted(heights), f"after {more} more"
        latents.section("shape")._more.click()
        latents.section("raw").header.setChecked(True)
        QApplication.processEvents()
    column = stops(shell.window.explore.right)
    assert column.index(latents.search) == 0
    names = [one.objectName() for one in column]
    assert names.index("matter/experts") < names.index("matter/copies") < names.index("button/blame")


def test_tab_goes_through_the_switch_before_it_goes_into_a_view(shell: ShellStudio) -> None:
    names = [one.objectName() for one in stops(shell.window.explore.views)]
    assert names[:5] == ["centre-view/sprite", "centre-view/breed", "centre-view/mix", "centre-view/map", "words"]


def test_a_slider_is_found_and_pulled_by_keys_alone(shell: ShellStudio, qtbot: QtBot) -> None:
    window, latents = shell.window, shell.window.explore.latents
    window.actions_by_id["teach-slider"].trigger()
    qtbot.keyClick(window, Qt.Key.Key_F, CONTROL)
    assert window.focusWidget() is latents.search
    assert latents.isVisible(), "what stood in the sliders' place is closed"
    qtbot.keyClick(latents.search, Qt.Key.Key_Down)
    slider = window.focusWidget()
    assert isinstance(slider, LatentSlider)
    assert slider is latents.sliders_in_view[0]
    before = slider.value()
    qtbot.keyClick(slider, Qt.Key.Key_Right)
    assert slider.value() > before
    qtbot.keyClick(slider, Qt.Key.Key_Down)
    assert window.focusWidget() is latents.sliders_in_view[1]


def test_words_are_one_key_away_from_any_view(shell: ShellStudio, qtbot: QtBot) -> None:
    explore = shell.window.explore
    explore.roll_bar.words.setText("blue")
    explore.views.show_view("mix")
    qtbot.keyClick(shell.window, Qt.Key.Key_L, CONTROL)
    assert explore.views.current == "sprite"
    assert shell.window.focusWidget() is explore.roll_bar.words
    assert explore.roll_bar.words.selectedText() == "blue"
    qtbot.keyClick(explore.roll_bar.words, Qt.Key.Key_Escape)
    assert shell.window.focusWidget() is explore.canvas, "keys mean the sprite again"
    assert explore.roll_bar.words.text() == "blue"


@pytest.mark.parametrize("name", ["history", "mix-pad", "slider/shape/0", "words", "canvas", "palette-strip"])
def test_what_has_the_keyboard_looks_like_it(shell: ShellStudio, name: str) -> None:
    shell.window.explore.views.show_view("mix" if name == "mix-pad" else "sprite")
    widget = shell.window.explore.findChild(QWidget, name)
    assert isinstance(widget, QWidget)
    shell.window.explore.strip.setFocus()
    QApplication.processEvents()
    without = widget.grab().toImage()
    widget.setFocus(Qt.FocusReason.TabFocusReason)
    QApplication.processEvents()
    assert widget.hasFocus()
    assert widget.grab().toImage() != without


def test_a_view_opened_by_its_key_has_the_keyboard(shell: ShellStudio, qtbot: QtBot) -> None:
    page = shell.window.explore
    for view, keys in (("breed", Qt.Key.Key_2), ("mix", Qt.Key.Key_3), ("sprite", Qt.Key.Key_1)):
        qtbot.keyClick(shell.window, keys, Qt.KeyboardModifier.AltModifier)
        held = QApplication.focusWidget()
        assert held is not None
        assert page.views.view(view).isAncestorOf(held), view
    assert QApplication.focusWidget() is page.canvas, "Space would be typed into the words"


def test_kept_sprites_come_right_after_their_search(shell: ShellStudio, qtbot: QtBot) -> None:
    page = shell.window.explore
    for _ in range(2):
        with qtbot.waitSignal(page.presented):
            page.roll()
        page.shelving.keep_shown()
    found = stops(page)
    search = found.index(page.shelf.search)
    assert tuple(found[search + 1 : search + 3]) == page.shelf.grid.thumbs
    assert len(page.shelf.grid.thumbs) == 2
    assert found[search + 3] is page.shelf.history


@pytest.mark.parametrize("key", [Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_what_has_the_keyboard_is_pressed(shell: ShellStudio, qtbot: QtBot, key: Qt.Key) -> None:
    page = shell.window.explore
    page.shelving.keep_shown()
    kept = page.controller.document.latent
    with qtbot.waitSignal(page.presented):
        page.roll()
    assert page.controller.document.latent != kept
    (thumb,) = page.shelf.grid.thumbs
    thumb.setFocus()
    qtbot.keyClick(thumb, key)
    assert page.controller.document.latent == kept
    header = page.latents.section("shape").header
    header.setFocus()
    qtbot.keyClick(header, key)
    assert not header.isChecked()
