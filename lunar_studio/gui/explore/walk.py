"""What follows the sliders at a walk: right behind a picture, and not behind every one."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, QObject, QTimer, Signal, Slot

from lunar_studio.gui.explore.canvas import Canvas


class Walk(QObject):
    """Says when to look at what has changed, at a moment when the window has nothing else to do.

    While a hand moves a slider, that is right after a picture's frame, when the next one is not yet asked for; at any
    other moment it would hold that up.

    Args:
        canvas: Tells when a frame has ended.
        every_ms: Looks are at least so far apart; the last change is looked at even if no frame follows.
        parent: Its owner.

    Attributes:
        due: Emitted when it is time to look.
    """

    due = Signal()

    def __init__(self, canvas: Canvas, every_ms: int, parent: QObject) -> None:
        super().__init__(parent)
        self._is_new = False
        self._looked = QElapsedTimer()
        self._looked.start()
        self._latest = QTimer(self)
        self._latest.setSingleShot(True)
        self._latest.setInterval(every_ms)
        self._latest.timeout.connect(self._look)
        canvas.frame_ended.connect(self._on_frame_ended)

    def ask(self) -> None:
        """There is something else to look at."""
        self._is_new = True
        self._latest.start()

    @Slot(int)
    def _on_frame_ended(self, _generation: int) -> None:
        if self._is_new and self._looked.elapsed() >= self._latest.interval():
            self._look()

    @Slot()
    def _look(self) -> None:
        self._is_new = False
        self._latest.stop()
        self._looked.start()
        self.due.emit()
