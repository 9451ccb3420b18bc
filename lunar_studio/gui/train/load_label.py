"""What the studio takes of the machine while a model learns: processor and memory, once a second."""

from __future__ import annotations

import psutil
from PySide6.QtCore import QTimer, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from lunar_studio.gui.widgets.labels import Label

_LOOK_MS = 1000


class LoadLabel(Label):
    """`CPU 148 %, 640 MB`; looks only while it can be seen.

    Args:
        parent: Its owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(size="small", role="muted")
        if parent is not None:
            self.setParent(parent)
        self.setToolTip("What the studio takes of this machine: 100 % is one core; pausing gives the cores back.")
        self._process = psutil.Process()
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self.look)

    @Slot()
    def look(self) -> None:
        """Say how it is now."""
        # The first answer of all is 0: it is the share since the last question.
        share, memory = self._process.cpu_percent(), self._process.memory_info().rss
        self.setText(f"CPU {share:.0f} %, {memory / 2**20:,.0f} MB")

    def showEvent(self, event: QShowEvent) -> None:
        """Begin to look."""
        super().showEvent(event)
        self._process.cpu_percent()
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks."""
        super().hideEvent(event)
        self._timer.stop()
