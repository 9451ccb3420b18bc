"""Preview of a sheet before it is written: exact pixels at whole zoom, each frame with its rectangle."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Signal
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from lunar_studio.core.sheet import Rect
from lunar_studio.core.sprite import Sprite
from lunar_studio.gui import pictures, theme
from lunar_studio.gui.theme import SPACE_PX

_CHECK_PX = 2 * SPACE_PX


def square_columns(count: int) -> int:
    """Columns that make a sheet of `count` equal frames as square as can be; at least 1."""
    return max(1, math.ceil(math.sqrt(count)))


def arrange(sprites: Sequence[Sprite], columns: int) -> tuple[Sprite | None, tuple[Rect, ...]]:
    """A sheet of the sprites, row by row in cells of the largest, and where each stands.

    Returns:
        The sheet, or None without sprites; one rectangle for each sprite, in pixels of the sheet.
    """
    if not sprites:
        return None, ()
    cell_w = max(sprite.width for sprite in sprites)
    cell_h = max(sprite.height for sprite in sprites)
    columns = min(max(1, columns), len(sprites))
    rows = -(-len(sprites) // columns)
    sheet_HWC = np.zeros((rows * cell_h, columns * cell_w, 4), np.uint8)
    rects = []
    for index, sprite in enumerate(sprites):
        row, column = divmod(index, columns)
        rects.append(Rect(column * cell_w, row * cell_h, sprite.width, sprite.height))
        sheet_HWC[row * cell_h :, column * cell_w :][: sprite.height, : sprite.width] = sprite.rgba_HWC
    return Sprite(sheet_HWC), tuple(rects)


class SheetView(QWidget):
    """The sheet on the checkerboard.

    Attributes:
        hovered: The mouse is over another frame; emitted with its number, -1 for none.
    """

    hovered = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sheet-view")
        self.setAccessibleName("Preview of the sheet")
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._image: QImage | None = None
        self._rects: tuple[Rect, ...] = ()
        self._hovered = -1
        self.shows_frames = True

    def show_sprites(self, sprites: Sequence[Sprite], columns: int) -> None:
        """Show what would be written."""
        sheet, self._rects = arrange(sprites, columns)
        self._image = None if sheet is None else pictures.to_image(sheet)
        self._hovered = -1
        words = "empty" if sheet is None else f"{len(self._rects)} frames, {sheet.width} by {sheet.height} pixels"
        self.setAccessibleDescription(words)
        self.update()

    @property
    def sheet_size(self) -> tuple[int, int]:
        """Width and height of the sheet in pixels; (0, 0) without one."""
        return (0, 0) if self._image is None else (self._image.width(), self._image.height())

    def target(self) -> tuple[QRect, float]:
        """Where the sheet stands, in device pixels, and its zoom; whole from 1 upwards."""
        if self._image is None:
            return QRect(), 0.0
        ratio = self.devicePixelRatioF()
        width, height = self.width() * ratio, self.height() * ratio
        fits = min(width / self._image.width(), height / self._image.height())
        # A sheet too large for the page is shown at one over a whole number: every n-th pixel, still not blurred.
        zoom = float(int(fits)) if fits >= 1 else 1.0 / math.ceil(1.0 / fits)
        w, h = round(self._image.width() * zoom), round(self._image.height() * zoom)
        return QRect(round((width - w) / 2), round((height - h) / 2), w, h), zoom

    def frame_at(self, position: QPoint) -> int:
        """Number of the frame under a point of the widget, -1 for none."""
        area, zoom = self.target()
        if zoom <= 0.0:
            return -1
        ratio = self.devicePixelRatioF()
        x, y = (position.x() * ratio - area.x()) / zoom, (position.y() * ratio - area.y()) / zoom
        for index, rect in enumerate(self._rects):
            if rect.x <= x < rect.x + rect.width and rect.y <= y < rect.y + rect.height:
                return index
        return -1

    def sizeHint(self) -> QSize:
        """A comfortable size."""
        return QSize(480, 360)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Checkerboard, pixels, rectangles."""
        if self._image is None:
            return
        tokens = theme.current()
        painter = QPainter(self)
        area, zoom = self.target()
        ratio = self.devicePixelRatioF()
        painter.scale(1 / ratio, 1 / ratio)
        pictures.paint_checkerboard(painter, area, _CHECK_PX, tokens)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.drawImage(area, self._image)
        if self.shows_frames:
            painter.setPen(theme.colour(tokens.muted, 0.6))
            for rect in self._rects:
                painter.drawRect(_placed(rect, area, zoom))
        if self._hovered >= 0:
            painter.setPen(theme.colour(tokens.accent))
            painter.drawRect(_placed(self._rects[self._hovered], area, zoom))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Light up the frame under the mouse."""
        self._hover(self.frame_at(event.position().toPoint()))

    def leaveEvent(self, _event: QEvent) -> None:
        """No frame is under the mouse any more."""
        self._hover(-1)

    def _hover(self, frame: int) -> None:
        if frame != self._hovered:
            self._hovered = frame
            self.hovered.emit(frame)
            self.update()

    def changeEvent(self, event: QEvent) -> None:
        """Repaint in a new theme."""
        if event.type() == QEvent.Type.StyleChange:
            self.update()
        super().changeEvent(event)


def _placed(rect: Rect, area: QRect, zoom: float) -> QRect:
    left, top = area.x() + round(rect.x * zoom), area.y() + round(rect.y * zoom)
    right, bottom = area.x() + round((rect.x + rect.width) * zoom), area.y() + round((rect.y + rect.height) * zoom)
    return QRect(left, top, right - left - 1, bottom - top - 1).normalized()
