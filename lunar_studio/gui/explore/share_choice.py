"""Three buttons of which one is down: all of a sprite, its colours alone, or its shape alone."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QWidget

from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.buttons import TextButton
from lunar_studio.session.breeding import Share

_TITLES: Mapping[Share, str] = {"all": "All", "colours": "Colours", "shape": "Shape"}


class ShareChoice(QWidget):
    """Says which part of a sprite something is about.

    Args:
        name: What the names of its buttons begin with.
        tips: What each choice means here.
        parent: Its owner.

    Attributes:
        changed: Another one was chosen by hand.
        buttons: The button of each choice.
    """

    changed = Signal()

    def __init__(self, name: str, tips: Mapping[Share, str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.buttons: dict[Share, TextButton] = {}
        group, row = QButtonGroup(self), QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE_PX)
        for share, title in _TITLES.items():
            button = TextButton(title, role="quiet", tip=tips[share])
            button.setObjectName(f"{name}/{share}")
            button.setCheckable(True)
            button.setAutoExclusive(True)
            group.addButton(button)
            row.addWidget(button)
            self.buttons[share] = button
        self.buttons["all"].setChecked(True)
        group.buttonClicked.connect(self.changed)

    @property
    def share(self) -> Share:
        """Which part."""
        return next(share for share, button in self.buttons.items() if button.isChecked())
