"""A field that opens over a part of a control, to type there what is usually only shown."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

_LONGEST = 60


class InlineEditor(QLineEdit):
    """Enter takes what was typed and gives the keyboard back to the control; Escape leaves all as it was.

    Whoever goes elsewhere meanwhile has said enough: it is taken, and the keyboard stays where it went.

    Args:
        owner: The control it belongs to.

    Attributes:
        entered: Emitted once with what was typed, after it has closed.
    """

    entered = Signal(str)

    def __init__(self, owner: QWidget) -> None:
        super().__init__(owner)
        self._owner = owner
        self._is_open = False
        self.setObjectName("inline-editor")
        self.setMaxLength(_LONGEST)
        self.setStyleSheet("padding: 0 2px; min-height: 0;")
        self.hide()

    def edit(self, area: QRect, text: str) -> None:
        """Open over an area of the owner, with the whole text chosen."""
        self.setGeometry(area)
        self.setText(text)
        self.selectAll()
        self.show()
        self._is_open = True
        self.setFocus()

    def _close(self) -> None:
        self._is_open = False  # before the focus moves: losing it is no second answer
        if self.hasFocus():
            self._owner.setFocus()
        self.hide()

    def event(self, event: QEvent) -> bool:
        """While it is open, Escape is its own, whatever else waits for that key in the window."""
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.ShortcutOverride
            and event.key() == Qt.Key.Key_Escape
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """These keys end here: let through, Enter would open the field again."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._close()
            self.entered.emit(self.text())
        elif event.key() == Qt.Key.Key_Escape:
            self._close()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Somebody went elsewhere; a menu over it is not elsewhere."""
        super().focusOutEvent(event)
        if self._is_open and event.reason() is not Qt.FocusReason.PopupFocusReason:
            self._close()
            self.entered.emit(self.text())
