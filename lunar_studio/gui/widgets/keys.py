"""Space and Enter press the button that has the keyboard, although Space is also the window's key for a re-roll."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractButton

_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_PRESSING = (Qt.Key.Key_Space, *_ENTER)


def claims_press(event: QEvent) -> bool:
    """Whether `event` asks if a pressing key is a shortcut; if so it is claimed for the focused control.

    To be called first in `event()` of whatever is pressed with Space.
    """
    if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and event.key() in _PRESSING:
        event.accept()
        return True
    return False


def takes_press(button: QAbstractButton, event: QEvent) -> bool:
    """Whether `event` was about a pressing key and is done with; Enter has pressed the button then.

    Outside of dialogs Qt leaves Enter to some desktops: elsewhere a button that has the keyboard would do nothing.
    """
    if claims_press(event):
        return True
    if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and event.key() in _ENTER:
        if not event.isAutoRepeat():
            button.click()
        return True
    return False
