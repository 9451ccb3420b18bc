"""A sprite carried by the mouse: what travels is its name, never its numbers.

Whoever receives it asks the page what stands under that name, so that what another program drags here can name nothing
but what the artist sees anyway.
"""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QPoint, Qt
from PySide6.QtGui import QDrag, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QWidget

FORMAT = "application/x-lunar-studio-sprite"
"""MIME type of a name."""

_LONGEST_NAME = 200


def mime_of(name: str) -> QMimeData:
    """What a drag carries."""
    made = QMimeData()
    made.setData(FORMAT, name.encode())
    return made


def name_in(mime: QMimeData) -> str:
    """The name that a drag carries; empty for anything else."""
    return bytes(mime.data(FORMAT).data())[:_LONGEST_NAME].decode("utf-8", "ignore")


def carry(source: QWidget, name: str) -> None:
    """Let the hand carry what `source` shows; returns once it was let go."""
    drag = QDrag(source)
    drag.setMimeData(mime_of(name))
    drag.setPixmap(source.grab())
    drag.setHotSpot(QPoint(source.width() // 2, source.height() // 2))
    drag.exec(Qt.DropAction.CopyAction)


def accept(event: QDragEnterEvent | QDropEvent) -> str:
    """Take a drag that carries a sprite of ours; returns its name, or nothing."""
    name = name_in(event.mimeData())
    if name:
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
    return name
