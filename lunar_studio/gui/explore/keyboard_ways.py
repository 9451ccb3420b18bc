"""Where the keyboard goes at once, from anywhere: to the words, to the sliders."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit

from lunar_studio.gui.explore.page import ExplorePage


def go_to_words(page: ExplorePage) -> None:
    """Give the words the keyboard, with what stands there chosen."""
    page.views.show_view("sprite")
    _enter(page.roll_bar.words)


def go_to_sliders(page: ExplorePage) -> None:
    """Give the search for a slider the keyboard; what stood in the sliders' place is closed."""
    page.set_panel_visible("sliders", visible=True)
    page.improving.close()
    page.teaching.close()
    _enter(page.latents.search)


def _enter(field: QLineEdit) -> None:
    field.setFocus(Qt.FocusReason.ShortcutFocusReason)
    field.selectAll()
