"""Thumbnails of the map's points: one picture that holds all of them, from which many are drawn at a stroke."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPixmap

from lunar_studio.core.arrays import F32
from lunar_studio.core.sprite import Sprite
from lunar_studio.gui import pictures

CELL_PX = 32
_COLUMNS = 64


class ThumbSheet:
    """Holds a thumbnail for each point that has been drawn.

    Args:
        count: Points of the map.
    """

    def __init__(self, count: int) -> None:
        self.known_N: npt.NDArray[np.bool_] = np.zeros(count, np.bool_)
        rows = max(1, -(-count // _COLUMNS))
        self._pixmap = QPixmap(_COLUMNS * CELL_PX, rows * CELL_PX)
        self._pixmap.fill(Qt.GlobalColor.transparent)

    def add(self, index: int, sprite: Sprite) -> None:
        """Keep the thumbnail of a point; larger sprites are made smaller."""
        if not 0 <= index < len(self.known_N):
            return
        image = pictures.to_image(sprite)
        if max(image.width(), image.height()) > CELL_PX:
            image = image.scaled(
                CELL_PX, CELL_PX, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
        x, y = self._cell(index)
        painter = QPainter(self._pixmap)
        painter.drawImage(x + (CELL_PX - image.width()) // 2, y + (CELL_PX - image.height()) // 2, image)
        painter.end()
        self.known_N[index] = True

    def draw(self, painter: QPainter, indices: npt.NDArray[np.intp], xs_N: F32, ys_N: F32, scale: float) -> None:
        """Draw the thumbnails of points, centred on their places.

        Args:
            painter: In the coordinates of the places.
            indices: Which points; all must be known.
            xs_N: Columns, one for each index.
            ys_N: Rows, one for each index.
            scale: Units of the painter for a pixel of a thumbnail.
        """
        side, left = CELL_PX * scale, CELL_PX * scale / 2
        for index, x, y in zip(indices.tolist(), xs_N.tolist(), ys_N.tolist(), strict=True):
            column, row = self._cell(index)
            painter.drawPixmap(
                QRectF(round(x - left), round(y - left), side, side),
                self._pixmap,
                QRectF(column, row, CELL_PX, CELL_PX),
            )

    def picture(self, index: int) -> QPixmap | None:
        """The thumbnail of a point; None where it has not been drawn."""
        if not 0 <= index < len(self.known_N) or not self.known_N[index]:
            return None
        column, row = self._cell(index)
        return self._pixmap.copy(column, row, CELL_PX, CELL_PX)

    @staticmethod
    def _cell(index: int) -> tuple[int, int]:
        return index % _COLUMNS * CELL_PX, index // _COLUMNS * CELL_PX
