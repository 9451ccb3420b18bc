"""What the pages that take art have in common: a folder or a file of it may be dropped anywhere on them."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path

from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QWidget

from lunar_studio.gui.dropped import dropped_art


class ArtPage(QWidget):
    """A page that art is dropped on; models and projects are left to the window.

    Args:
        parent: Its owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAcceptDrops(True)

    @abstractmethod
    def set_source(self, source: Path) -> None:
        """Take art."""

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """One file or folder of art from this computer may be dropped."""
        if dropped_art(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Take what was dropped."""
        if (source := dropped_art(event.mimeData())) is not None:
            event.acceptProposedAction()
            self.set_source(source)
