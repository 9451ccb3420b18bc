"""Space presses the button that has the keyboard, although it is also the window's key for a re-roll."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent

_PRESSING = (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)


def claims_press(event: QEvent) -> bool:
    """Whether `event` asks if a pressing key is a shortcut; if so it is claimed for the focused control.

    To be called first in `event()` of whatever is pressed with Space.
    """
    if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and event.key() in _PRESSING:
        event.accept()
        return True
    return False
