"""Surfaces: a panel on the window's background, a card on a panel."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.keys import claims_press
from lunar_studio.gui.widgets.labels import Label


class Panel(QFrame):
    """A rounded surface, told from the background by tone and not by a line.

    Args:
        parent: Its owner.
        role: `panel` on the window, `well` for something sunken into a panel.
    """

    def __init__(self, parent: QWidget | None = None, *, role: str = "panel") -> None:
        super().__init__(parent)
        self.setProperty("role", role)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(3 * SPACE_PX, 2 * SPACE_PX, 3 * SPACE_PX, 2 * SPACE_PX)
        self.column.setSpacing(2 * SPACE_PX)


class Card(QFrame):
    """A choice: a title and a sentence, clicked or entered to choose it.

    Args:
        title: A few words.
        text: One sentence, wrapped.
        picture: Stands before the words, if any.
        parent: Its owner.

    Attributes:
        column: The card's layout, for whatever else it shows.
    """

    clicked = Signal()

    def __init__(
        self, title: str, text: str = "", parent: QWidget | None = None, *, picture: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.setProperty("chosen", False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._title = title
        self.setAccessibleName(title)  # its sentence is read out as what stands in it
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(3 * SPACE_PX, 2 * SPACE_PX, 3 * SPACE_PX, 3 * SPACE_PX)
        self.column.setSpacing(SPACE_PX)
        words = self.column
        if picture is not None:
            row = QHBoxLayout()
            row.setSpacing(3 * SPACE_PX)
            row.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
            words = QVBoxLayout()
            words.setSpacing(SPACE_PX)
            row.addLayout(words, 1)
            self.column.addLayout(row)
        words.addWidget(Label(title, bold=True))
        if text:
            words.addWidget(Label(text, size="small", role="muted", wrap=True))
        if picture is not None:
            words.addStretch(1)

    @property
    def is_chosen(self) -> bool:
        """Whether it is drawn as the chosen one."""
        return bool(self.property("chosen"))

    def set_chosen(self, chosen: bool) -> None:
        """Draw it as the chosen one, or not."""
        if chosen != self.is_chosen:
            self.setProperty("chosen", chosen)
            self.setAccessibleName(f"{self._title}, chosen" if chosen else self._title)
            self.style().unpolish(self)  # a dynamic property is read when a style is put on
            self.style().polish(self)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click inside chooses it."""
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.clicked.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter and space choose it."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Space chooses a focused card, even where it is also a shortcut of the window."""
        if claims_press(event):
            return True
        return super().event(event)
