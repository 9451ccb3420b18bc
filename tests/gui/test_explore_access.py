"""Every control of the Explore page can be named by a screen reader, and teaches what it does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from lunar_studio.gui.widgets.empty_state import EmptyState
from tests.gui.shell_studio import ShellStudio, studio


@pytest.fixture
def shell(qtbot: QtBot) -> Iterator[ShellStudio]:
    with studio(qtbot, width=1440, height=900) as made:
        yield made


def controls(page: QWidget) -> list[QWidget]:
    """Whatever on the page takes the keyboard, shown or not; a spin box speaks for the field inside of it."""
    found = []
    for widget in page.findChildren(QWidget):
        inside = isinstance(widget, QLineEdit) and isinstance(widget.parentWidget(), QAbstractSpinBox)
        popped_up = widget.window() is not page.window()  # the list of a combo box: the box speaks for it
        if widget.focusPolicy() != Qt.FocusPolicy.NoFocus and not inside and not popped_up:
            found.append(widget)
    return found


def told(widget: QWidget) -> str:
    return f"{type(widget).__name__} {widget.objectName()!r} {widget.accessibleName()!r}"


def name_of(widget: QWidget) -> str:
    text = getattr(widget, "text", None)
    own = text() if callable(text) and not isinstance(widget, QLineEdit) else ""
    return widget.accessibleName() or str(own)


def lesson_of(widget: QWidget) -> str:
    """What it teaches: a tip, or where a tip would hide the art that is worked on, its description."""
    tip = widget.toolTip().strip()
    return tip if tip or isinstance(widget, QAbstractButton) else widget.accessibleDescription().strip()


def test_every_control_has_a_name_and_teaches(shell: ShellStudio) -> None:
    page = shell.window.explore
    for group in ("shape", "colour", "raw"):
        page.latents.section(group).header.setChecked(True)
    found = controls(page)
    assert len(found) > 60, "the walk has lost its way"
    nameless = [told(widget) for widget in found if not name_of(widget).strip()]
    assert not nameless, nameless
    mute = [told(widget) for widget in found if len(lesson_of(widget)) < 8]
    assert not mute, mute
    parrots = [told(widget) for widget in found if lesson_of(widget).strip(" .") == name_of(widget).strip(" .")]
    assert not parrots, parrots


def test_empty_places_teach(qtbot: QtBot) -> None:
    with studio(qtbot, model=False) as bare:
        page = bare.window.explore
        words = " ".join(label.text() for label in page.findChildren(QLabel) if label.isVisible())
        assert "Open a model to begin" in words
        assert "Press K to keep a sprite" in words
        assert "Sliders for shape and colour appear here" in words
        (empty,) = [state for state in page.findChildren(EmptyState) if state.isVisible()]
        assert empty.button is not None
        assert empty.button.toolTip()
