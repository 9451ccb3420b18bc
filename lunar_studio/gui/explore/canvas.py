"""The canvas: exact pixels at whole zoom steps in *device* pixels, at any display scale.

Everything is computed in device pixels and painted under `scale(1 / ratio)`: drawn in logical
pixels, a ratio of 1.25 or 1.5 would make some columns of a sprite wider than others.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPixmap, QWheelEvent
from PySide6.QtWidgets import QWidget

from lunar_studio.core.sprite import Sprite
from lunar_studio.gui import pictures, theme
from lunar_studio.gui.theme import SPACE_PX

GRID_FROM_ZOOM = 8
"""Smallest zoom at which the pixel grid is drawn; below, it would hide the art."""

LARGEST_ZOOM = 64
_MARGIN_PX = 4 * SPACE_PX
_LARGEST_GROUND = 4096 * 4096
"""Device pixels of checkerboard kept; a sprite drawn larger than that stands on one tone."""


class Canvas(QWidget):
    """Shows one sprite.

    Attributes:
        presented: Emitted with the generation right after it was painted for the first time.
        hovered: Emitted with x, y and the pixel's (r, g, b, a), or with None for the last off the sprite.
        zoomed: Emitted with the zoom in device pixels.
    """

    presented = Signal(int)
    hovered = Signal(int, int, object)
    zoomed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("canvas")
        self.setAccessibleName("Canvas")
        self.setAccessibleDescription("The sprite. The wheel zooms, the middle button or dragging moves it.")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(160, 160)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._image: QImage | None = None
        self._before: QImage | None = None
        self._generation = 0
        self._unpresented: int | None = None
        self._zoom: int | None = None
        self._offset = QPoint()
        self._grabbed: QPointF | None = None
        self._checker: QPixmap | None = None
        self.checkerboard = True
        self.checkerboard_px = 8
        self.pixel_grid = False
        self.tiles = False
        self.preview = True
        self.shows_before = False

    # ---- what it shows -----------------------------------------------------------------------------

    def set_sprite(self, sprite: Sprite | None, generation: int = 0) -> None:
        """Show a sprite; `presented(generation)` follows once it is on the screen."""
        self._image = None if sprite is None else pictures.to_image(sprite)
        self._generation = generation
        self._unpresented = generation if sprite is not None else None
        self.update()

    def set_before(self, sprite: Sprite | None) -> None:
        """What is shown while `shows_before`."""
        self._before = None if sprite is None else pictures.to_image(sprite)
        self.update()

    def set_option(self, name: str, value: bool | int) -> None:
        """Set one of the public switches and repaint.

        Raises:
            AttributeError: There is no such switch.
        """
        if name not in ("checkerboard", "checkerboard_px", "pixel_grid", "tiles", "preview", "shows_before"):
            raise AttributeError(name)
        setattr(self, name, value)
        self._checker = None
        self.update()

    @property
    def shown_image(self) -> QImage | None:
        """The picture on the canvas: before or after."""
        return self._before if self.shows_before and self._before is not None else self._image

    # ---- zoom, in device pixels --------------------------------------------------------------------

    @property
    def zoom(self) -> int:
        """Device pixels for each pixel of the sprite."""
        return self._fitting_zoom() if self._zoom is None else self._zoom

    @property
    def fits(self) -> bool:
        """Whether the zoom follows the canvas's size."""
        return self._zoom is None

    def set_zoom(self, zoom: int | None) -> None:
        """Fix the zoom in device pixels, or let it fit for None; the sprite is centred again."""
        self._zoom = None if zoom is None else min(LARGEST_ZOOM, max(1, zoom))
        self._offset = QPoint()
        self.zoomed.emit(self.zoom)
        self.update()

    def _fitting_zoom(self) -> int:
        image = self.shown_image
        if image is None:
            return 1
        ratio = self.devicePixelRatioF()
        repeats = 3 if self.tiles else 1
        room = min(
            (self.width() - 2 * _MARGIN_PX) * ratio / (image.width() * repeats),
            (self.height() - 2 * _MARGIN_PX) * ratio / (image.height() * repeats),
        )
        return min(LARGEST_ZOOM, max(1, int(room)))

    def sprite_rect(self) -> QRect:
        """Where the sprite (the middle one of tiles) is, in device pixels; empty without a sprite."""
        image = self.shown_image
        if image is None:
            return QRect()
        ratio, zoom = self.devicePixelRatioF(), self.zoom
        width, height = image.width() * zoom, image.height() * zoom
        left = (round(self.width() * ratio) - width) // 2 + self._offset.x()
        top = (round(self.height() * ratio) - height) // 2 + self._offset.y()
        return QRect(left, top, width, height)

    def pixel_at(self, position: QPointF) -> QPoint | None:
        """The sprite's pixel under a point of the widget; None off the sprite."""
        area, ratio = self.sprite_rect(), self.devicePixelRatioF()
        x, y = int(position.x() * ratio) - area.x(), int(position.y() * ratio) - area.y()
        if area.isEmpty() or not (0 <= x < area.width() and 0 <= y < area.height()):
            return None
        return QPoint(x // self.zoom, y // self.zoom)

    # ---- painting ----------------------------------------------------------------------------------

    def _paint_sprites(self, painter: QPainter, area: QRect, image: QImage) -> None:
        reach = 1 if self.tiles else 0
        whole = area.adjusted(
            -reach * area.width(), -reach * area.height(), reach * area.width(), reach * area.height()
        )
        if self.checkerboard and whole.width() * whole.height() > _LARGEST_GROUND:
            painter.fillRect(whole, QColor(theme.current().check_dark))
        elif self.checkerboard:
            painter.drawPixmap(whole.topLeft(), self._checker_ground(whole.size()))
        else:
            painter.fillRect(whole, QColor(theme.current().check_dark))
        for row in range(-reach, reach + 1):
            for column in range(-reach, reach + 1):
                painter.drawImage(area.translated(column * area.width(), row * area.height()), image)

    def _checker_ground(self, size: QSize) -> QPixmap:
        """The checkerboard at the sprite's size, kept: filling it anew was most of a repaint's time."""
        cell = max(2, round(self.checkerboard_px * self.devicePixelRatioF()))
        if self._checker is None or self._checker.size() != size:
            tile = QPixmap(2 * cell, 2 * cell)
            painter = QPainter(tile)
            pictures.paint_checkerboard(painter, tile.rect(), cell, theme.current())
            painter.end()
            self._checker = QPixmap(size)
            painter = QPainter(self._checker)
            painter.fillRect(self._checker.rect(), QBrush(tile))
            painter.end()
        return self._checker

    def _paint_grid(self, painter: QPainter, area: QRect) -> None:
        painter.setPen(theme.colour(theme.current().background, 0.55))
        for x in range(area.left() + self.zoom, area.right(), self.zoom):
            painter.drawLine(x, area.top(), x, area.bottom())
        for y in range(area.top() + self.zoom, area.bottom(), self.zoom):
            painter.drawLine(area.left(), y, area.right(), y)

    def _paint_preview(self, painter: QPainter, image: QImage) -> None:
        ratio = self.devicePixelRatioF()
        zoom = max(1, round(ratio))
        if self.zoom <= 2 * zoom:
            return  # it is nearly as small itself
        width, height, inset = image.width() * zoom, image.height() * zoom, round(2 * SPACE_PX * ratio)
        corner = QPoint(
            round(self.width() * ratio) - width - 2 * inset, round(self.height() * ratio) - height - 2 * inset
        )
        frame = QRect(corner, QSize(width, height)).adjusted(-inset // 2, -inset // 2, inset // 2, inset // 2)
        painter.fillRect(frame, QColor(theme.current().panel))
        painter.drawImage(QRect(corner, QSize(width, height)), image)

    def _paint_tag(self, painter: QPainter) -> None:
        tokens = theme.current()
        painter.setFont(theme.font("small", bold=True))
        words = "Before"
        width = painter.fontMetrics().horizontalAdvance(words) + 4 * SPACE_PX
        area = QRect(2 * SPACE_PX, 2 * SPACE_PX, width, 6 * SPACE_PX)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.accent))
        painter.drawRoundedRect(area, theme.RADIUS_PX, theme.RADIUS_PX)
        painter.setPen(QColor(tokens.on_accent))
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, words)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Table, sprite, grid, real-size preview, tag; then say that it is on the screen."""
        tokens, ratio = theme.current(), self.devicePixelRatioF()
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(tokens.sunken))
        image = self.shown_image
        if image is not None:
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
            painter.scale(1 / ratio, 1 / ratio)
            area = self.sprite_rect()
            self._paint_sprites(painter, area, image)
            if self.pixel_grid and self.zoom >= GRID_FROM_ZOOM:
                self._paint_grid(painter, area)
            if self.preview:
                self._paint_preview(painter, image)
            painter.restore()
            if self.shows_before and self._before is not None:
                self._paint_tag(painter)
        if self.hasFocus():
            painter.setPen(theme.colour(tokens.focus, 0.7))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()
        if self._unpresented is not None:
            generation, self._unpresented = self._unpresented, None
            self.presented.emit(generation)

    # ---- the mouse ---------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        """Room for a 32-px sprite at 16×."""
        return QSize(560, 560)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """One step of zoom, keeping the pixel under the mouse in place."""
        notches = event.angleDelta().y()
        if self.shown_image is None or notches == 0:
            event.ignore()
            return
        old, area = self.zoom, self.sprite_rect()
        step = max(1, old // 8)
        new = min(LARGEST_ZOOM, max(1, old + (step if notches > 0 else -step)))
        point = event.position() * self.devicePixelRatioF()
        held = QPointF((point.x() - area.x()) / old, (point.y() - area.y()) / old)
        self.set_zoom(new)
        now = self.sprite_rect()
        self._offset = QPoint(round(point.x() - held.x() * new - now.x()), round(point.y() - held.y() * new - now.y()))
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of the sprite."""
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            self._grabbed = event.position()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move it while held; otherwise say what is under the mouse."""
        if self._grabbed is not None:
            moved = (event.position() - self._grabbed) * self.devicePixelRatioF()
            self._grabbed = event.position()
            self._offset += moved.toPoint()
            self.update()
        image, pixel = self.shown_image, self.pixel_at(event.position())
        if image is not None and pixel is not None:
            self.hovered.emit(pixel.x(), pixel.y(), image.pixelColor(pixel).getRgb())
        else:
            self.hovered.emit(0, 0, None)

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        """Let go."""
        self._grabbed = None
        self.unsetCursor()

    def mouseDoubleClickEvent(self, _event: QMouseEvent) -> None:
        """Fit again."""
        self.set_zoom(None)

    def leaveEvent(self, _event: QEvent) -> None:
        """Nothing is under the mouse."""
        self.hovered.emit(0, 0, None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move the sprite by one of its pixels; plus and minus zoom."""
        steps = {
            Qt.Key.Key_Left: QPoint(-1, 0),
            Qt.Key.Key_Right: QPoint(1, 0),
            Qt.Key.Key_Up: QPoint(0, -1),
            Qt.Key.Key_Down: QPoint(0, 1),
        }
        key = Qt.Key(event.key())
        if key in steps:
            self._offset += steps[key] * self.zoom
            self.update()
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            self.set_zoom(self.zoom + (-1 if key == Qt.Key.Key_Minus else 1))
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Repaint in a new theme."""
        if event.type() == QEvent.Type.StyleChange:
            self._checker = None
            self.update()
        super().changeEvent(event)
