"""A field for words to find something by."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget


class SearchField(QLineEdit):
    """Escape takes the words away, so that everything is seen again; with none left it means what it means elsewhere.

    Args:
        title: What a screen reader says, and what stands in the empty field.
        parent: Its owner.
    """

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(title)
        self.setPlaceholderText(title)
        self.setClearButtonEnabled(True)

    def _takes(self, event: QKeyEvent) -> bool:
        return event.key() == Qt.Key.Key_Escape and bool(self.text())

    def event(self, event: QEvent) -> bool:
        """While words stand there, Escape is its own, whatever else waits for that key in the window."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride and self._takes(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape ends the search first."""
        if self._takes(event):
            self.clear()
        else:
            super().keyPressEvent(event)
