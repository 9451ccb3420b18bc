"""The pad: two to four sprites at its corners, and a handle between them; dragged, or moved with the arrow keys."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QMenu, QSizePolicy, QWidget

from lunar_studio.core.blending import MOST_MIXED, corners, pad_point, pad_weights
from lunar_studio.core.sprite import Sprite
from lunar_studio.gui import pictures, theme
from lunar_studio.gui.explore.carried import accept
from lunar_studio.gui.theme import RADIUS_PX, SPACE_PX
from lunar_studio.gui.widgets.section_header import paint_focus_ring

_WELL_PX = 18 * SPACE_PX
_HANDLE_PX = 9
_STEP, _FINE = 0.05, 0.01
_ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
_ENDS = (Qt.Key.Key_Home, Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_3, Qt.Key.Key_4)


class MixPad(QWidget):
    """Sprites at corners, a handle between.

    Args:
        parent: Its owner.

    Attributes:
        moved: Emitted with the weights of the corners while the handle moves.
        move_ended: Emitted when it was let go.
        remove_asked: Emitted with a corner's number.
        dropped: Emitted with the name of a sprite that was dropped here (`carried`).
    """

    dropped = Signal(str)

    moved = Signal(object)
    move_ended = Signal()
    remove_asked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("mix-pad")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAcceptDrops(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setToolTip(
            "Drag the handle between the sprites; arrow keys move it (with Shift finer), 1 to 4 go to a corner.\n"
            "Drop sprites of the shelf or the strip here; right-click a corner to take its sprite out."
        )
        self._images: list[QImage] = []
        self._names: list[str] = []
        self._place = (0.5, 0.5)
        self._dragging = False
        self._is_target = False
        self._say()

    # ---- state -------------------------------------------------------------------------------------

    @property
    def count(self) -> int:
        """Sprites on the pad."""
        return len(self._images)

    @property
    def place(self) -> tuple[float, float]:
        """Where the handle is: x and y, 0 to 1."""
        return self._place

    @property
    def weights(self) -> tuple[float, ...]:
        """How much of each corner is in the mix; empty while there are none."""
        return pad_weights(self.count, *self._place) if self._images else ()

    def set_sprites(self, sprites: Sequence[Sprite]) -> None:
        """Show other sprites, at most four; the handle stays where it is, as far as the pad reaches."""
        self._images = [pictures.to_image(sprite) for sprite in sprites[:MOST_MIXED]]
        self._names = [sprite.name for sprite in sprites[:MOST_MIXED]]
        if self._images:
            self._place = pad_point(self.weights)
        self._say()
        self.update()

    def set_place(self, place: tuple[float, float]) -> None:
        """Put the handle somewhere without telling anybody."""
        self._place = pad_point(pad_weights(self.count, *place)) if self._images else place
        self._say()
        self.update()

    def _say(self) -> None:
        told = ", ".join(f"{round(100 * weight)} %" for weight in self.weights)
        self.setAccessibleName(f"Mix: {told}" if told else "Mix")

    def _move(self, x: float, y: float) -> None:
        before = self._place
        self.set_place((x, y))
        if self._place != before and self.count > 1:
            self.moved.emit(self.weights)

    # ---- where it is -------------------------------------------------------------------------------

    def field(self) -> QRect:
        """The square between the middles of the corners' wells."""
        side = max(8, min(self.width(), self.height()) - _WELL_PX - 2 * SPACE_PX)
        made = QRect(0, 0, side, side)
        made.moveCenter(self.rect().center())
        return made

    def point(self, place: tuple[float, float]) -> QPointF:
        """A place of the pad in logical pixels."""
        field = self.field()
        return QPointF(field.left() + place[0] * field.width(), field.top() + place[1] * field.height())

    def well(self, index: int) -> QRect:
        """Where a corner's sprite is."""
        made = QRect(0, 0, _WELL_PX, _WELL_PX)
        made.moveCenter(self.point(corners(max(2, self.count))[index]).toPoint())
        return made

    def corner_at(self, point: QPoint) -> int:
        """The corner at a point, or -1."""
        return next((index for index in range(self.count) if self.well(index).contains(point)), -1)

    # ---- painting ----------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The field, lines to the handle as strong as their weights, sprites, handle."""
        tokens, painter = theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        shown = max(2, self.count)
        outline = [self.point(place) for place in corners(shown)]
        if shown == 4:
            outline = [outline[0], outline[1], outline[3], outline[2]]
        painter.setPen(QPen(theme.colour(tokens.accent if self._is_target else tokens.line), 1))
        painter.setBrush(theme.colour(tokens.sunken))
        painter.drawPolygon(QPolygonF(outline))
        handle = self.point(self._place)
        for index, weight in enumerate(self.weights if self.count > 1 else ()):
            painter.setPen(QPen(theme.colour(tokens.accent, 0.15 + 0.85 * weight), 1 + 3 * weight))
            painter.drawLine(self.point(corners(shown)[index]), handle)
        for index in range(shown):
            self._paint_well(painter, index)
        if self.count > 1:
            painter.setPen(QPen(theme.colour(tokens.focus if self.hasFocus() else tokens.panel), 2))
            painter.setBrush(theme.colour(tokens.accent))
            painter.drawEllipse(handle, _HANDLE_PX, _HANDLE_PX)
        elif self.hasFocus():
            paint_focus_ring(painter, self)  # there is no handle yet that could show it

    def _paint_well(self, painter: QPainter, index: int) -> None:
        tokens, area = theme.current(), self.well(index)
        painter.setPen(QPen(theme.colour(tokens.line), 1))
        painter.setBrush(theme.colour(tokens.raised))
        painter.drawRoundedRect(area, RADIUS_PX, RADIUS_PX)
        painter.setFont(theme.font("small"))
        if index < self.count:
            pictures.paint_sprite(painter, area.adjusted(4, 4, -4, -4), self._images[index], self.devicePixelRatioF())
            self._paint_badge(painter, area, f"{round(100 * self.weights[index])} %", at_end=True)
            self._paint_badge(painter, area, str(index + 1), at_end=False)
        else:
            painter.setPen(theme.colour(tokens.muted))
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, f"sprite {index + 1}")

    @staticmethod
    def _paint_badge(painter: QPainter, area: QRect, words: str, *, at_end: bool) -> None:
        """Words in the lower right corner of a well, or in the upper left one, readable over any sprite."""
        tokens, metrics = theme.current(), painter.fontMetrics()
        spot = QRect(0, 0, metrics.horizontalAdvance(words) + SPACE_PX, metrics.ascent() + 2)
        if at_end:
            spot.moveBottomRight(area.bottomRight() - QPoint(1, 1))
        else:
            spot.moveTopLeft(area.topLeft() + QPoint(2, 2))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(tokens.sunken, 0.85))
        painter.drawRoundedRect(spot, 2, 2)
        painter.setPen(theme.colour(tokens.text))
        painter.drawText(spot, Qt.AlignmentFlag.AlignCenter, words)

    def sizeHint(self) -> QSize:
        """A comfortable pad."""
        return QSize(90 * SPACE_PX, 90 * SPACE_PX)

    def minimumSizeHint(self) -> QSize:
        """Wells that do not touch."""
        return QSize(3 * _WELL_PX, 3 * _WELL_PX)

    # ---- mouse and keyboard ------------------------------------------------------------------------

    def _move_to(self, point: QPointF) -> None:
        field = self.field()
        self._move((point.x() - field.left()) / field.width(), (point.y() - field.top()) / field.height())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """The handle comes to the hand."""
        if event.button() == Qt.MouseButton.LeftButton and self.count > 1:
            self._dragging = True
            self._move_to(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The handle follows."""
        if self._dragging:
            self._move_to(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """One drag, one step of the history."""
        if event.button() == Qt.MouseButton.LeftButton and self._dragging:
            self._dragging = False
            self.move_ended.emit()

    def _set_target(self, is_target: bool) -> None:
        self._is_target = is_target
        self.update()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """A sprite comes along: light up."""
        self._set_target(bool(accept(event)))

    def dragLeaveEvent(self, _event: QDragLeaveEvent) -> None:
        """It went elsewhere."""
        self._set_target(False)

    def dropEvent(self, event: QDropEvent) -> None:
        """It is put down here."""
        self._set_target(False)
        if name := accept(event):
            self.dropped.emit(name)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Take a sprite out."""
        index = self.corner_at(event.pos())
        if index < 0:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        remove = menu.addAction("Take Out of the Mix")
        if menu.exec(event.globalPos()) is remove:
            self.remove_asked.emit(index)

    def event(self, event: QEvent) -> bool:
        """Its keys are its own while it has the keyboard."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            plain = event.modifiers() & ~Qt.KeyboardModifier.ShiftModifier & ~Qt.KeyboardModifier.KeypadModifier
            if not plain and (event.key() in _ARROWS or event.key() in _ENDS):
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move the handle, Home puts it in the middle, 1 to 4 on a corner."""
        key = Qt.Key(event.key())
        if key in _ARROWS:
            step = _FINE if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else _STEP
            self._move(self._place[0] + step * _ARROWS[key][0], self._place[1] + step * _ARROWS[key][1])
        elif key in _ENDS:
            index = _ENDS.index(key) - 1
            if index < self.count:
                self._move(*((0.5, 0.5) if index < 0 else corners(self.count)[index]))
                self.move_ended.emit()
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """A held arrow is one step of the history."""
        if event.key() in _ARROWS and not event.isAutoRepeat():
            self.move_ended.emit()
        super().keyReleaseEvent(event)
