"""What a look draws like: one sprite as each of them would draw it (packaging/look_pictures.py makes them)."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from lunar_studio import paths
from lunar_studio.gui import pictures, theme

SIDE_PX = 64
_CHECK_PX = 8


class LookPicture(QWidget):
    """The picture of a look on the checkerboard, never smoothed.

    Args:
        look_id: Names its file.
        parent: Its owner.
    """

    def __init__(self, look_id: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image = QImage(str(paths.resources() / "looks" / f"{look_id}.png"))
        self.setFixedSize(SIDE_PX, SIDE_PX)

    def sizeHint(self) -> QSize:
        """Its fixed side."""
        return QSize(SIDE_PX, SIDE_PX)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Checkerboard, then the sprite."""
        painter = QPainter(self)
        area = QRect(0, 0, SIDE_PX, SIDE_PX)
        pictures.paint_checkerboard(painter, area, _CHECK_PX, theme.current())
        if not self._image.isNull():
            pictures.paint_sprite(painter, area, self._image, self.devicePixelRatioF())
