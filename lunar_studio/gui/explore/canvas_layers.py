"""What the canvas paints over and under the sprite, layer by layer; all of it in device pixels.

A layer is a function of a painter, the sprite's place and its zoom. What is kept between repaints is kept in a
`Ground` or a `Marks`, so that a repaint costs what has changed and no more.
"""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QLine, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QPainter, QPen, QPixmap

from lunar_studio.core.overlay import Flags
from lunar_studio.gui import pictures, theme
from lunar_studio.gui.theme import SPACE_PX

GRID_FROM_ZOOM = 8
"""Smallest zoom at which the pixel grid is drawn; below, it would hide the art."""

_PINS_FROM_ZOOM = 6
_ONION_OPACITY = 0.4
_LARGEST_GROUND = 4096 * 4096
"""Device pixels of checkerboard kept; a sprite drawn larger than that stands on one tone."""


class Ground:
    """The checkerboard at the sprite's size, kept: filling it anew was most of a repaint's time."""

    def __init__(self) -> None:
        self._kept: QPixmap | None = None
        self._cell = 0

    def forget(self) -> None:
        """Draw it anew next time: in another theme, or with other squares."""
        self._kept = None

    def paint(self, painter: QPainter, area: QRect, cell: int) -> None:
        """Fill `area` with squares of `cell` device pixels, or with one tone where that is too much; 0 is one tone."""
        if cell < 1 or area.width() * area.height() > _LARGEST_GROUND:
            painter.fillRect(area, QColor(theme.current().check_dark))
            return
        if self._kept is None or self._kept.size() != area.size() or cell != self._cell:
            self._kept, self._cell = _checkerboard(area.size(), cell), cell
        painter.drawPixmap(area.topLeft(), self._kept)


def _checkerboard(size: QSize, cell: int) -> QPixmap:
    tile = QPixmap(2 * cell, 2 * cell)
    painter = QPainter(tile)
    pictures.paint_checkerboard(painter, tile.rect(), cell, theme.current())
    painter.end()
    made = QPixmap(size)
    painter = QPainter(made)
    painter.fillRect(made.rect(), QBrush(tile))
    painter.end()
    return made


class Marks:
    """A set of pixels to be seen: tinted, with a line round each area.

    Args:
        mask_HW: Which pixels, bool (height, width).
        tone: The colour's name in the theme, such as `warn`.
    """

    def __init__(self, mask_HW: Flags, tone: str) -> None:
        self.mask_HW = np.array(mask_HW, np.bool_)
        self.tone = tone
        self._edges = edges(self.mask_HW)

    def paint(self, painter: QPainter, area: QRect, zoom: int) -> None:
        """Tint and outline the pixels of a sprite at `area`."""
        colour = QColor(getattr(theme.current(), self.tone))
        painter.setOpacity(0.35)
        painter.drawImage(area, _tinted(self.mask_HW, colour))
        painter.setOpacity(1.0)
        dark = QPen(QColor(theme.current().background), 3)
        light = QPen(colour, 1)
        lines = [
            QLine(area.x() + x0 * zoom, area.y() + y0 * zoom, area.x() + x1 * zoom, area.y() + y1 * zoom)
            for x0, y0, x1, y1 in self._edges
        ]
        for pen in (dark, light):
            painter.setPen(pen)
            painter.drawLines(lines)


def edges(mask_HW: Flags) -> list[tuple[int, int, int, int]]:
    """Lines between marked and unmarked pixels, in pixels of the sprite."""
    framed = np.pad(mask_HW, 1)
    upright = np.argwhere(framed[1:-1, 1:] != framed[1:-1, :-1]).tolist()
    level = np.argwhere(framed[1:, 1:-1] != framed[:-1, 1:-1]).tolist()
    return [(x, y, x, y + 1) for y, x in upright] + [(x, y, x + 1, y) for y, x in level]


def _tinted(mask_HW: Flags, colour: QColor) -> QImage:
    height, width = mask_HW.shape
    rgba = np.zeros((height, width, 4), np.uint8)
    rgba[mask_HW] = (colour.red(), colour.green(), colour.blue(), 255)
    return QImage(rgba.tobytes(), width, height, 4 * width, QImage.Format.Format_RGBA8888).copy()


def paint_tiles(painter: QPainter, area: QRect, image: QImage, reach: int) -> None:
    """The sprite, and `reach` copies of it in every direction."""
    # What Qt enlarges fastest; it would premultiply for painting anyway, pixel by enlarged pixel.
    image = image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
    for row in range(-reach, reach + 1):
        for column in range(-reach, reach + 1):
            painter.drawImage(area.translated(column * area.width(), row * area.height()), image)


def paint_onion(painter: QPainter, area: QRect, image: QImage) -> None:
    """The state before, shining through."""
    painter.setOpacity(_ONION_OPACITY)
    painter.drawImage(area, image)
    painter.setOpacity(1.0)


def paint_grid(painter: QPainter, area: QRect, zoom: int) -> None:
    """Thin lines between pixels, from `GRID_FROM_ZOOM` on."""
    if zoom < GRID_FROM_ZOOM:
        return
    painter.setPen(theme.colour(theme.current().background, 0.55))
    for x in range(area.left() + zoom, area.right(), zoom):
        painter.drawLine(x, area.top(), x, area.bottom())
    for y in range(area.top() + zoom, area.bottom(), zoom):
        painter.drawLine(area.left(), y, area.right(), y)


def paint_pins(painter: QPainter, area: QRect, zoom: int, pins_HW: Flags) -> None:
    """A small dot in the corner of each pinned pixel, where there is room for one."""
    if zoom < _PINS_FROM_ZOOM:
        return
    side = max(2, zoom // 5)
    dark, light = QColor(theme.DARK.background), QColor(theme.DARK.accent)
    for y, x in np.argwhere(pins_HW).tolist():
        corner = QPoint(area.x() + x * zoom + 1, area.y() + y * zoom + 1)
        painter.fillRect(QRect(corner, QSize(side + 2, side + 2)), dark)
        painter.fillRect(QRect(corner + QPoint(1, 1), QSize(side, side)), light)


def paint_cursor(painter: QPainter, area: QRect, zoom: int, pixel: QPoint) -> None:
    """A frame round the pixel that a brush would touch."""
    cell = QRect(area.x() + pixel.x() * zoom, area.y() + pixel.y() * zoom, zoom, zoom)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for grown, colour in ((1, theme.DARK.background), (0, theme.LIGHT.hover)):
        painter.setPen(QPen(QColor(colour), 1))
        painter.drawRect(cell.adjusted(-grown, -grown, grown - 1, grown - 1))


def preview_rect(room: QSize, image: QImage, ratio: float) -> QRect:
    """Where the sprite stands at its real size: the lower right corner of `room`, device pixels."""
    zoom, inset = max(1, round(ratio)), round(2 * SPACE_PX * ratio)
    size = QSize(image.width() * zoom, image.height() * zoom)
    return QRect(QPoint(room.width() - size.width() - 2 * inset, room.height() - size.height() - 2 * inset), size)


def paint_preview(painter: QPainter, area: QRect, image: QImage, ratio: float) -> None:
    """The sprite at its real size, framed."""
    inset = round(2 * SPACE_PX * ratio) // 2
    painter.fillRect(area.adjusted(-inset, -inset, inset, inset), QColor(theme.current().panel))
    painter.drawImage(area, image)


def paint_tag(painter: QPainter, words: str) -> None:
    """A word in the upper left corner; logical pixels."""
    tokens = theme.current()
    painter.setFont(theme.font("small", bold=True))
    width = painter.fontMetrics().horizontalAdvance(words) + 4 * SPACE_PX
    area = QRect(2 * SPACE_PX, 2 * SPACE_PX, width, 6 * SPACE_PX)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(tokens.accent))
    painter.drawRoundedRect(area, theme.RADIUS_PX, theme.RADIUS_PX)
    painter.setPen(QColor(tokens.on_accent))
    painter.drawText(area, Qt.AlignmentFlag.AlignCenter, words)
