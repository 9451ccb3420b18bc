"""What follows the sliders at a walk: behind a picture, and not behind every one."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, QObject, QTimer, Signal, Slot


class Walk(QObject):
    """Says when to look at what has changed, and not more often than need be.

    Args:
        every_ms: Looks are at least so far apart; the last change is always looked at.
        parent: Its owner.

    Attributes:
        due: Emitted when it is time to look.
    """

    due = Signal()

    def __init__(self, every_ms: int, parent: QObject) -> None:
        super().__init__(parent)
        self._looked = QElapsedTimer()
        self._looked.start()
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(every_ms)
        self._soon.timeout.connect(self._look)

    def step(self) -> None:
        """Something has changed, and there is nothing else to do: look now, unless it is too soon."""
        if self._looked.elapsed() >= self._soon.interval():
            self._look()
        else:
            self.ask()

    def ask(self) -> None:
        """Something has changed: look in a moment."""
        self._soon.start()

    @Slot()
    def _look(self) -> None:
        self._soon.stop()
        self._looked.start()
        self.due.emit()
