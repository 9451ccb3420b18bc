"""As many thumbnails as there is room for, each as large as a whole zoom of its sprite allows."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.sprite_thumb import SpriteThumb

_FEWEST = 10
"""Thumbnails that a row has at least, before they grow."""

_INSET_PX = SPACE_PX
_FIRST_PX = 32


class ThumbRow(QWidget):
    """A row of thumbnails, or more rows where it is high.

    Args:
        count: How many there are; those that do not fit are hidden.
        parent: Its owner.

    Attributes:
        thumbs: All of them, in order.
    """

    def __init__(self, count: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(SPACE_PX)
        self._grid.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.thumbs = [SpriteThumb(f"Sprite {number + 1}", 8 * SPACE_PX, self) for number in range(count)]
        self._sprite_px = _FIRST_PX
        self._shape = (0, 0, 0)

    def set_sprite_px(self, side_px: int) -> None:
        """Lay out for sprites of another size.

        Args:
            side_px: Width of a sprite in its own pixels.
        """
        if side_px != self._sprite_px:
            self._sprite_px = side_px
            self._lay_out()

    def ideal_height(self, width: int) -> int:
        """Height at which one row of that width fits exactly."""
        return self._best_side(width + SPACE_PX)

    def _best_side(self, width: int) -> int:
        """Side of the largest thumbnail that shows its sprite at a whole zoom, enough of them in a row."""
        zoom = 1
        while width // (self._sprite_px * (zoom + 1) + _INSET_PX + SPACE_PX) >= _FEWEST:
            zoom += 1
        return self._sprite_px * zoom + _INSET_PX

    def _lay_out(self) -> None:
        width, height = self.width() + SPACE_PX, self.height() + SPACE_PX
        side = self._best_side(width)
        while side + SPACE_PX > height and side > self._sprite_px + _INSET_PX:
            side -= self._sprite_px
        columns, rows = max(1, width // (side + SPACE_PX)), max(1, height // (side + SPACE_PX))
        if (side, columns, rows) == self._shape:
            return
        self._shape = (side, columns, rows)
        for index, thumb in enumerate(self.thumbs):
            thumb.set_side(side)
            thumb.setVisible(index < columns * rows)
            self._grid.addWidget(thumb, index // columns, index % columns)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another size, another number of thumbnails."""
        super().resizeEvent(event)
        self._lay_out()
