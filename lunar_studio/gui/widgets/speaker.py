"""Says sentences to a screen reader that nobody else would tell it: what was done, and what came of it.

Whoever sees looks at the meter; whoever does not must be told, but once, and not while a slider is being dragged: what
is said of one topic replaces what was to be said of it, and all is spoken when nothing new has come for a moment.
A window without the keyboard is not listened to: what is said meanwhile waits until it has it again.

Qt's own way (`QAccessibleAnnouncementEvent`) is understood on Windows, on macOS and by Orca from 45; every Orca reads
out a notification that shows itself. On Linux the speaker is therefore a notification without a picture.
"""

from __future__ import annotations

import sys

from PySide6.QtCore import QEvent, QObject, QTimer, Signal, Slot
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QAccessibleEvent, QAccessibleInterface
from PySide6.QtWidgets import QAccessibleWidget, QWidget

REST_MS = 700
"""Longer than an arrow key that is held down leaves between two moves, and than the teacher takes for a score."""


class Speaker(QWidget):
    """Collects sentences by topic and speaks them together; does nothing while no screen reader runs.

    Args:
        parent: The window.

    Attributes:
        spoken: Emitted with what was spoken.
    """

    spoken = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("speaker")
        self.hide()
        QAccessible.installFactory(_notification)
        self._waiting: dict[str, str] = {}
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MS)
        self._rest.timeout.connect(self._speak)
        parent.window().installEventFilter(self)

    def say(self, topic: str, sentence: str) -> None:
        """Speak a sentence soon, in place of an earlier one of this topic that was not spoken yet."""
        if not QAccessible.isActive():
            self._waiting.clear()
            return
        self._waiting.pop(topic, None)
        if sentence:
            self._waiting[topic] = sentence.strip().rstrip(".")
        self._rest.start()

    @Slot()
    def _speak(self) -> None:
        if not self.window().isActiveWindow():
            return
        text = ". ".join(self._waiting.values())
        self._waiting.clear()
        if not text:
            return
        self.setAccessibleName(text)
        if sys.platform.startswith("linux"):
            event = QAccessibleEvent(self, QAccessible.Event.ObjectShow)
        else:
            event = QAccessibleAnnouncementEvent(self, text)
        QAccessible.updateAccessibility(event)
        self.spoken.emit(text)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The window has the keyboard again."""
        if event.type() is QEvent.Type.WindowActivate and self._waiting:
            self._rest.start()
        return super().eventFilter(watched, event)


def _notification(_class_name: str, thing: QObject | None) -> QAccessibleInterface | None:
    """The accessible side of a speaker; Qt's own for every other widget."""
    if isinstance(thing, Speaker):
        return QAccessibleWidget(thing, QAccessible.Role.Notification, "")
    return None
