"""The canvas: exact pixels at whole zoom steps in *device* pixels, at any display scale.

Everything is computed in device pixels and painted under `scale(1 / ratio)`: drawn in logical
pixels, a ratio of 1.25 or 1.5 would make some columns of a sprite wider than others.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QRegion,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from lunar_studio.core.overlay import Flags, Pixel
from lunar_studio.core.sprite import Sprite
from lunar_studio.gui import pictures, theme
from lunar_studio.gui.explore import canvas_layers as layers
from lunar_studio.gui.explore.canvas_hand import Hand, cell_at
from lunar_studio.gui.theme import SPACE_PX

LARGEST_ZOOM = 64
_MARGIN_PX = 4 * SPACE_PX
_OPTIONS = ("checkerboard", "checkerboard_px", "pixel_grid", "tiles", "preview", "onion", "shows_before")


class Canvas(QWidget):
    """Shows one sprite.

    Attributes:
        presented: Emitted with the generation right after it was painted for the first time.
        hovered: Emitted with x, y and the pixel's (r, g, b, a), or with None for the last off the sprite.
        zoomed: Emitted with the zoom in device pixels.
        touched: Emitted with a `canvas_hand.Touch` while there is a tool in hand.
        lifted: Emitted when a stroke has ended.
        space_tapped: Emitted when the space bar was pressed with a tool in hand, and nothing moved with it.
        tool_dropped: Emitted when Escape was pressed with a tool in hand.
    """

    presented = Signal(int)
    hovered = Signal(int, int, object)
    zoomed = Signal(int)
    touched = Signal(object)
    lifted = Signal()
    space_tapped = Signal()
    tool_dropped = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("canvas")
        self.setAccessibleName("Canvas")
        self.setAccessibleDescription(
            "The sprite. The wheel zooms, the middle button or dragging moves it; with a tool in hand, space and "
            "dragging moves it."
        )
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(160, 160)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._image: QImage | None = None
        self._before: QImage | None = None
        self._onion: QImage | None = None
        self._marks: layers.Marks | None = None
        self._pins_HW: Flags | None = None
        self._generation = 0
        self._unpresented: int | None = None
        self._zoom: int | None = None
        self._offset = QPoint()
        self._hand = Hand()
        self._hover: QPoint | None = None
        self._ground = layers.Ground()
        self._art, self._art_edge = QRegion(), QRegion()
        self._art_place: tuple[object, ...] = ()
        self.checkerboard = True
        self.checkerboard_px = 8
        self.pixel_grid = False
        self.tiles = False
        self.preview = True
        self.onion = False
        self.shows_before = False

    # ---- what it shows -----------------------------------------------------------------------------

    def set_sprite(self, sprite: Sprite | None, generation: int | None = 0) -> None:
        """Show a sprite; `presented(generation)` follows once it is on the screen, unless that is None."""
        before, self._image = self._image, None if sprite is None else pictures.to_image(sprite)
        if generation is not None:
            self._generation = generation
            self._unpresented = generation if sprite is not None else None
        same_place = before is not None and self._image is not None and before.size() == self._image.size()
        region = self._art_region() if same_place else QRegion()
        # The table around it stays: half as much to paint while a slider moves. What is out of sight is presented, too.
        self.update(self.rect() if region.isEmpty() else region)

    def set_before(self, sprite: Sprite | None) -> None:
        """What is shown while `shows_before`."""
        self._before = None if sprite is None else pictures.to_image(sprite)
        self.update()

    def set_onion(self, sprite: Sprite | None) -> None:
        """What shines through while `onion` is on: the state before."""
        self._onion = None if sprite is None else pictures.to_image(sprite)
        if self.onion:
            self.update()

    def show_marks(self, mask_HW: Flags | None, tone: str = "warn") -> None:
        """Mark pixels, until None or other pixels are marked.

        Args:
            mask_HW: Bool (height, width) of the sprite; a mask of another size is not shown.
            tone: The colour's name in the theme, such as `warn` or `accent`.
        """
        self._marks = None if mask_HW is None else layers.Marks(mask_HW, tone)
        self.update()

    def set_pins(self, mask_HW: Flags | None) -> None:
        """Which pixels are pinned; dots show them while there is a tool in hand."""
        self._pins_HW = mask_HW
        self.update()

    def set_tool(self, has_tool: bool) -> None:
        """Whether there is a tool in hand: the left button then draws."""
        self._hand.has_tool = has_tool
        self._hand.forget()
        self.setCursor(self._hand.cursor())
        self.update()

    @property
    def has_tool(self) -> bool:
        """Whether there is a tool in hand."""
        return self._hand.has_tool

    def set_option(self, name: str, value: bool | int) -> None:
        """Set one of the public switches and repaint.

        Raises:
            AttributeError: There is no such switch.
        """
        if name not in _OPTIONS:
            raise AttributeError(name)
        setattr(self, name, value)
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

    def _tiled_rect(self, area: QRect) -> QRect:
        """Where the sprite at `area` and its tiles are, in device pixels."""
        reach = 1 if self.tiles else 0
        across, down = reach * area.width(), reach * area.height()
        return area.adjusted(-across, -down, across, down)

    def _preview_rect(self, image: QImage, zoom: int) -> QRect:
        """Where the preview is, in device pixels; empty without one."""
        ratio = self.devicePixelRatioF()
        if not self.preview or zoom <= 2 * max(1, round(ratio)):  # else it is nearly as small itself
            return QRect()
        return layers.preview_rect(QSize(round(self.width() * ratio), round(self.height() * ratio)), image, ratio)

    def _art_region(self) -> QRegion:
        """What another sprite of the same size changes, in logical pixels, and a pixel around it; kept."""
        image, ratio = self.shown_image, self.devicePixelRatioF()
        if image is None:
            return QRegion()
        place = (image.size(), self.size(), ratio, self._zoom, self._offset.toTuple(), self.tiles, self.preview)
        if place != self._art_place:
            self._art_place, self._art = place, self._found_region(image, ratio)
            covered = _logical(self._tiled_rect(self.sprite_rect()), ratio)
            # A logical pixel at its edge may be half covered.
            self._art_edge = self._art - QRegion(covered.adjusted(1, 1, -1, -1))
        return self._art

    def _found_region(self, image: QImage, ratio: float) -> QRegion:
        region = QRegion()
        sprite = self.sprite_rect()
        for area in (self._tiled_rect(sprite), self._preview_rect(image, sprite.width() // image.width())):
            if not area.isEmpty():
                region += _logical(area, ratio).adjusted(-1, -1, 1, 1)
        return region & QRegion(self.rect())

    def pixel_at(self, position: QPointF) -> QPoint | None:
        """The sprite's pixel under a point of the widget; None off the sprite."""
        image, cell = self.shown_image, self._cell_at(position)
        if image is None or cell is None or not image.valid(*cell):
            return None
        return QPoint(*cell)

    def _cell_at(self, position: QPointF) -> Pixel | None:
        """The pixel under a point of the widget, also where the sprite has none; None without a sprite."""
        if self.shown_image is None:
            return None
        return cell_at(self.sprite_rect().topLeft(), self.zoom, position * self.devicePixelRatioF())

    # ---- painting ----------------------------------------------------------------------------------

    def _paint_art(self, painter: QPainter, image: QImage) -> None:
        """Ground, sprite and everything on it, in device pixels."""
        area, ratio = self.sprite_rect(), self.devicePixelRatioF()
        zoom = area.width() // image.width()
        cell = max(2, round(self.checkerboard_px * ratio)) if self.checkerboard else 0
        tiled = self._tiled_rect(area)
        painter.setClipRect(tiled)  # one rectangle, unlike what is repainted: Qt goes a shorter way
        self._ground.paint(painter, tiled, cell)
        layers.paint_tiles(painter, area, image, 1 if self.tiles else 0)
        painter.setClipping(False)
        is_now = image is self._image
        if self.onion and is_now and self._onion is not None and self._onion.size() == image.size():
            layers.paint_onion(painter, area, self._onion)
        if self.pixel_grid:
            layers.paint_grid(painter, area, zoom)
        if is_now and self._marks is not None and self._marks.mask_HW.shape == (image.height(), image.width()):
            self._marks.paint(painter, area, zoom)
        if is_now and self._hand.has_tool:
            if self._pins_HW is not None:
                layers.paint_pins(painter, area, zoom, self._pins_HW)
            if self._hover is not None and zoom > 2:
                layers.paint_cursor(painter, area, zoom, self._hover)
        if not (preview := self._preview_rect(image, zoom)).isEmpty():
            layers.paint_preview(painter, preview, image, ratio)

    def _paint_table(self, painter: QPainter, repainted: QRegion) -> None:
        """What lies around the sprite; of a repaint for another sprite only the edge that belongs to it."""
        if self.shown_image is not None and repainted == self._art_region():
            painter.setClipRegion(self._art_edge)
        painter.fillRect(self.rect(), QColor(theme.current().sunken))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Table, sprite, layers, tag; then say that it is on the screen."""
        tokens, ratio = theme.current(), self.devicePixelRatioF()
        painter = QPainter(self)
        image = self.shown_image
        painter.save()
        self._paint_table(painter, event.region())
        if image is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
            painter.scale(1 / ratio, 1 / ratio)
            self._paint_art(painter, image)
        painter.restore()
        if image is not None and self.shows_before and self._before is not None:
            layers.paint_tag(painter, "Before")
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
        """Take hold of the sprite, or begin a stroke."""
        touch = None if self.shows_before else self._hand.press(event, self._cell_at(event.position()))
        self.setCursor(self._hand.cursor())
        if touch is not None:
            self.touched.emit(touch)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move the sprite or the brush; say what is under the mouse."""
        if self._hand.is_moving:
            self._offset += (self._hand.dragged(event) * self.devicePixelRatioF()).toPoint()
            self.update()
        elif (touch := self._hand.move(event, self._cell_at(event.position()))) is not None:
            self.touched.emit(touch)
        image, pixel = self.shown_image, self.pixel_at(event.position())
        if self._hand.has_tool and pixel != self._hover:
            self.update()
        self._hover = pixel
        if image is not None and pixel is not None:
            self.hovered.emit(pixel.x(), pixel.y(), image.pixelColor(pixel).getRgb())
        else:
            self.hovered.emit(0, 0, None)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go, or end the stroke."""
        if self._hand.release(event):
            self.lifted.emit()
        self.setCursor(self._hand.cursor())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Fit again; with a tool in hand it is a second press."""
        if self._hand.has_tool:
            self.mousePressEvent(event)
        else:
            self.set_zoom(None)

    def leaveEvent(self, _event: QEvent) -> None:
        """Nothing is under the mouse."""
        self._hover = None
        self.hovered.emit(0, 0, None)
        self.update()

    # ---- the keyboard ------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        """With a tool in hand, space and Escape are the canvas's own before they are anybody's shortcut."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._claims(event.key()):
            event.accept()
            return True
        return super().event(event)

    def _claims(self, key: int) -> bool:
        return self._hand.has_tool and key in (Qt.Key.Key_Space, Qt.Key.Key_Escape)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move the sprite by one of its pixels, plus and minus zoom, Escape lays the tool down."""
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
        elif key == Qt.Key.Key_Space and self._hand.has_tool:
            if not event.isAutoRepeat():
                self._hand.press_space()
                self.setCursor(self._hand.cursor())
        elif key == Qt.Key.Key_Escape and self._hand.has_tool:
            self.tool_dropped.emit()
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Space moved the sprite, or was only tapped."""
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat() and self._hand.holds_space:
            if self._hand.release_space():
                self.space_tapped.emit()
            self.setCursor(self._hand.cursor())
        else:
            super().keyReleaseEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Who has lost the keyboard holds no key."""
        self._hand.release_space()
        super().focusOutEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The zoom that fits may be another."""
        super().resizeEvent(event)
        self.zoomed.emit(self.zoom)

    def changeEvent(self, event: QEvent) -> None:
        """Repaint in a new theme."""
        if event.type() == QEvent.Type.StyleChange:
            self._ground.forget()
            self.update()
        super().changeEvent(event)


def _logical(area: QRect, ratio: float) -> QRect:
    """The logical pixels that device pixels touch."""
    return QRectF(QPointF(area.topLeft()) / ratio, QSizeF(area.size()) / ratio).toAlignedRect()
