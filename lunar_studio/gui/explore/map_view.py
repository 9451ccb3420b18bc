"""The map as a picture: points, thumbnails where there is room, what was kept, where the sprite is, a route.

Each frame puts all dots into one image by whole arrays (`map_ink`) and draws thumbnails from one sheet (`map_thumbs`);
`tests/bench/map_view.py` measures it. Everything the mouse does, the keyboard does too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QFocusEvent,
    QHideEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from lunar_studio.core.arrays import F32
from lunar_studio.core.sprite_map import SpriteMap
from lunar_studio.gui import theme
from lunar_studio.gui.explore import map_ink
from lunar_studio.gui.explore.map_camera import MapCamera
from lunar_studio.gui.explore.map_ink import Colouring
from lunar_studio.gui.explore.map_thumbs import CELL_PX, ThumbSheet
from lunar_studio.gui.theme import SPACE_PX

REACH_PX = 14.0
"""A click this near to a point means it."""

THUMBS_AT_ONCE = 240
_DOT_PX = 4.0
_DRAG_PX = 4
_SETTLE_MS = 120
_GAP_PX = 6
_KEY_ZOOM = 1.4
_PAN_SHARE = 0.15
_WHEEL_STEP = 1.0015
_ARROWS = {
    Qt.Key.Key_Left: (-1.0, 0.0),
    Qt.Key.Key_Right: (1.0, 0.0),
    Qt.Key.Key_Up: (0.0, -1.0),
    Qt.Key.Key_Down: (0.0, 1.0),
}
_ZOOM_IN = (Qt.Key.Key_Plus, Qt.Key.Key_Equal)
_OWN_KEYS = (*_ARROWS, *_ZOOM_IN, Qt.Key.Key_Minus, Qt.Key.Key_0, Qt.Key.Key_Home, Qt.Key.Key_Return, Qt.Key.Key_Enter)
_KEYS = (
    "Arrow keys go from point to point, Enter takes one, Shift+Enter draws a route to it; plus and minus zoom, 0 shows "
    "all, Control with arrows moves the map, Escape takes the route away."
)


class MapView(QWidget):
    """Pans, zooms, and tells which point is meant.

    Attributes:
        taken: Emitted with a point that shall become the sprite.
        route_asked: Emitted with a point that a route shall lead to.
        route_dropped: Emitted when the route shall go.
        awaits_route: Whether one is being looked for.
        pointed: Emitted with the point under mouse or keyboard; -1 for none.
        thumbs_wanted: Emitted with a list of points whose thumbnails would be seen, those in the middle first.
    """

    taken = Signal(int)
    route_asked = Signal(int)
    route_dropped = Signal()
    pointed = Signal(int)
    thumbs_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("map-view")
        self.setAccessibleName("Map of sprites")
        self.setAccessibleDescription(_KEYS)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(40 * SPACE_PX, 30 * SPACE_PX)
        self.camera = MapCamera(1.0, 1.0)
        self.thumbs = ThumbSheet(0)
        self.colouring: Colouring = "score"
        self._map: SpriteMap | None = None
        self._colours_N: map_ink.U32 = np.zeros(0, np.uint32)
        self._marker: tuple[float, float] | None = None
        self._kept_K2: F32 = np.zeros((0, 2), np.float32)
        self._route_R2: F32 = np.zeros((0, 2), np.float32)
        self.awaits_route = False
        self._stop: int | None = None
        self._pointed = -1
        self._by_keyboard = False  # what is pointed at was come to with the arrows
        self._pressed: QPointF | None = None
        self._dragged = False
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self._ask_thumbs)

    # ---- what is shown -------------------------------------------------------------------------------

    @property
    def sprite_map(self) -> SpriteMap | None:
        """The map that is shown."""
        return self._map

    @property
    def pointed_at(self) -> int:
        """The point under mouse or keyboard; -1 for none."""
        return self._pointed

    def show_map(self, sprite_map: SpriteMap | None) -> None:
        """Show another map, the whole of it."""
        self._map = sprite_map
        self.thumbs = ThumbSheet(0 if sprite_map is None else len(sprite_map))
        self.camera = self.camera.whole()
        self._marker = None
        self._point(-1)
        self._kept_K2 = self._route_R2 = np.zeros((0, 2), np.float32)
        self._colour()
        self._look_changed()

    def set_colouring(self, colouring: Colouring) -> None:
        """Colour points by score, density or kind."""
        self.colouring = colouring
        self._colour()
        self.update()

    def set_marker(self, place: tuple[float, float] | None) -> None:
        """Where the sprite on the canvas lies."""
        if place != self._marker:
            self._marker = place
            self.update()

    def set_kept(self, places_K2: F32) -> None:
        """Where kept sprites lie."""
        self._kept_K2 = places_K2
        self.update()

    def set_route(self, places_R2: F32) -> None:
        """The corners of a route; none for no route."""
        self._route_R2 = places_R2
        self.update()

    def fit(self) -> None:
        """Show the whole map."""
        self.camera = self.camera.whole()
        self._look_changed()

    def zoom_by(self, factor: float) -> None:
        """Nearer or farther, about the middle."""
        self.camera = self.camera.zoomed(factor, self.width() / 2, self.height() / 2)
        self._look_changed()

    def point_at(self, column: float, row: float, reach_px: float = REACH_PX) -> int:
        """The point that is meant by a place in the widget; -1 for none.

        A dot right there comes first, then the thumbnail that lies there, then the nearest dot within reach.

        Args:
            column: Of the place, in logical pixels.
            row: Of the place, in logical pixels.
            reach_px: How far off a dot may lie.
        """
        if self._map is None or not len(self._map):
            return -1
        xs, ys = self.camera.to_screen(self._map.places_N2)
        apart = np.hypot(xs - column, ys - row)
        nearest = int(apart.argmin())
        if apart[nearest] > _DOT_PX:
            shown, times = self.shown_thumbs()
            side = CELL_PX * times / 2
            over = shown[(np.abs(xs[shown] - column) <= side) & (np.abs(ys[shown] - row) <= side)]
            if len(over):
                return int(over[apart[over].argmin()])
        return nearest if apart[nearest] <= reach_px else -1

    def _colour(self) -> None:
        if self._map is None:
            self._colours_N = np.zeros(0, np.uint32)
            return
        name = theme.current().name
        if self.colouring == "kind":
            self._colours_N = map_ink.kind_colours(self._map.kinds, name)
        else:
            values = self._map.scores_N / 100.0 if self.colouring == "score" else self._map.density_N
            self._colours_N = map_ink.ramp(values.astype(np.float32), name)

    def _look_changed(self) -> None:
        if self._pointed >= 0:
            self.pointed.emit(self._pointed)  # what is said of it goes with it
        self.update()
        self._settle.start()

    def shown_thumbs(self) -> tuple[npt.NDArray[np.intp], int]:
        """Points in view that have room for a thumbnail, and how many times its pixels are enlarged."""
        if self._map is None:
            return np.zeros(0, np.intp), 1
        xs, ys = self.camera.to_screen(self._map.places_N2)
        half = CELL_PX
        inside = (xs > -half) & (ys > -half) & (xs < self.width() + half) & (ys < self.height() + half)
        room_N = self._map.rooms_N * self.camera.scale
        for times in (3, 2):
            if bool((room_N[inside] >= times * CELL_PX + _GAP_PX).all()):
                return np.flatnonzero(inside), times
        return np.flatnonzero(inside & (room_N >= CELL_PX + _GAP_PX)), 1

    @Slot()
    def _ask_thumbs(self) -> None:
        if self._map is None or not self.isVisible():
            return
        shown, _ = self.shown_thumbs()
        missing = shown[~self.thumbs.known_N[shown]]
        if len(missing):
            xs, ys = self.camera.to_screen(self._map.places_N2[missing])
            order = np.hypot(xs - self.width() / 2, ys - self.height() / 2).argsort()
            self.thumbs_wanted.emit(missing[order][:THUMBS_AT_ONCE].tolist())

    # ---- mouse and keyboard --------------------------------------------------------------------------

    def _point(self, index: int, *, by_keyboard: bool = False) -> None:
        self._by_keyboard = by_keyboard
        if index != self._pointed:
            self._pointed = index
            self.pointed.emit(index)
            self.update()

    def _step(self, across: float, down: float) -> None:
        """To the nearest point in a direction, not far off to its sides."""
        if self._map is None or not len(self._map):
            return
        places = self._map.places_N2
        here = places[self._pointed] if self._pointed >= 0 else np.array(self._marker or (self.camera.x, self.camera.y))
        apart = places - here
        ahead = apart[:, 0] * across + apart[:, 1] * down
        aside = np.abs(apart[:, 0] * down) + np.abs(apart[:, 1] * across)
        cost = np.where((ahead > 1e-6) & (aside <= 1.5 * ahead), ahead + 2.0 * aside, np.inf)
        best = int(cost.argmin())
        if math.isfinite(float(cost[best])):
            self.camera = self.camera.with_in_view(float(places[best, 0]), float(places[best, 1]))
            self._point(best, by_keyboard=True)
            self._look_changed()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Point, take, route, zoom, pan."""
        key, held = Qt.Key(event.key()), event.modifiers()
        if key in _ARROWS:
            across, down = _ARROWS[key]
            if held & Qt.KeyboardModifier.ControlModifier:
                pace = _PAN_SHARE * min(self.width(), self.height())
                self.camera = self.camera.panned(-across * pace, -down * pace)
                self._look_changed()
            else:
                self._step(across, down)
        elif key in _ZOOM_IN or key == Qt.Key.Key_Minus:
            self.zoom_by(1 / _KEY_ZOOM if key == Qt.Key.Key_Minus else _KEY_ZOOM)
        elif key in (Qt.Key.Key_0, Qt.Key.Key_Home):
            self.fit()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._pointed >= 0:
            self._choose(self._pointed, with_shift=bool(held & Qt.KeyboardModifier.ShiftModifier))
        elif key == Qt.Key.Key_Escape and self._has_route:
            self.route_dropped.emit()
        else:
            super().keyPressEvent(event)

    @property
    def _has_route(self) -> bool:
        return self.awaits_route or len(self._route_R2) > 0

    def _choose(self, index: int, *, with_shift: bool) -> None:
        (self.route_asked if with_shift else self.taken).emit(index)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to drag, or to click."""
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            self._pressed, self._dragged = event.position(), False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the map, or point."""
        at = event.position()
        if self._pressed is None:
            self._point(self.point_at(at.x(), at.y()))
            return
        moved = at - self._pressed
        if self._dragged or moved.manhattanLength() > _DRAG_PX:
            self._dragged = True
            self._pressed = at
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            self.camera = self.camera.panned(moved.x(), moved.y())
            self._look_changed()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click, if nothing was dragged."""
        pressed, self._pressed = self._pressed, None
        self.unsetCursor()
        if pressed is None or self._dragged or event.button() != Qt.MouseButton.LeftButton:
            return
        # Who clicks between the sprites means the nearest one; a click that does nothing would look like a fault.
        index = self.point_at(event.position().x(), event.position().y(), math.inf)
        if index >= 0:
            self._choose(index, with_shift=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom about the mouse."""
        at = event.position()
        self.camera = self.camera.zoomed(_WHEEL_STEP ** event.angleDelta().y(), at.x(), at.y())
        self._look_changed()
        event.accept()

    def leaveEvent(self, _event: QEvent) -> None:
        """The mouse points at nothing; where the arrows have come to stays."""
        if not self._by_keyboard:
            self._point(-1)

    def event(self, event: QEvent) -> bool:
        """Keys that the window has shortcuts for mean the map while it has the keyboard."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride:
            with_route = event.key() == Qt.Key.Key_Escape and self._has_route
            if with_route or (event.key() in _OWN_KEYS and not event.modifiers() & Qt.KeyboardModifier.AltModifier):
                event.accept()
                return True
        return super().event(event)

    # ---- Qt ------------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        """As large as may be."""
        return QSize(160 * SPACE_PX, 120 * SPACE_PX)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The same middle in another size."""
        super().resizeEvent(event)
        self.camera = self.camera.resized(self.width(), self.height())
        self._look_changed()

    def changeEvent(self, event: QEvent) -> None:
        """Colours of a new theme."""
        if event.type() == QEvent.Type.StyleChange:
            self._colour()
        super().changeEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        """Another view is shown: nothing is pointed at any more."""
        super().hideEvent(event)
        self._point(-1)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the ring."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Take the ring away, and what the arrows have come to."""
        super().focusOutEvent(event)
        if self._by_keyboard:
            self._point(-1)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Dots, thumbnails, what was kept, the route, the sprite, what is pointed at."""
        painter = QPainter(self)
        if self._map is None:
            painter.fillRect(self.rect(), theme.colour(theme.current().sunken))
            return
        xs, ys = self.camera.to_screen(self._map.places_N2)
        self._paint_dots(painter, xs, ys)
        shown, times = self.shown_thumbs()
        known = shown[self.thumbs.known_N[shown]]
        self.thumbs.draw(painter, known, xs[known], ys[known], float(times))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_route(painter)
        self._paint_kept(painter)
        self._paint_marker(painter)
        self._paint_pointed(painter, xs, ys)

    def _paint_dots(self, painter: QPainter, xs: F32, ys: F32) -> None:
        ratio = self.devicePixelRatioF()
        width, height = max(1, round(self.width() * ratio)), max(1, round(self.height() * ratio))
        background = theme.colour(theme.current().sunken).rgb()
        pixels = np.full((height, width), background, np.uint32)
        radius = min(5.0, 2.2 + 0.6 * math.log2(self.camera.zoom)) * ratio
        map_ink.put_dots(pixels, xs * ratio, ys * ratio, self._colours_N, radius, background)
        image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(ratio)
        painter.drawImage(QPoint(0, 0), image)

    def _paint_route(self, painter: QPainter) -> None:
        if len(self._route_R2) < 2:
            return
        points = _points(*self.camera.to_screen(self._route_R2))
        tokens = theme.current()
        for width, ink in ((6.0, tokens.sunken), (2.5, tokens.text)):
            pen = QPen(theme.colour(ink), width)
            pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
            painter.setPen(pen)
            painter.drawPolyline(QPolygonF(points))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(tokens.text))
        for point in points:
            painter.drawEllipse(point, 3.5, 3.5)

    def _paint_kept(self, painter: QPainter) -> None:
        tokens = theme.current()
        painter.setPen(QPen(theme.colour(tokens.sunken), 1.5))
        painter.setBrush(theme.colour(tokens.focus))
        for point in _points(*self.camera.to_screen(self._kept_K2)):
            painter.drawPolygon(_star(point, 9.0))

    def _paint_marker(self, painter: QPainter) -> None:
        if self._marker is None:
            return
        tokens = theme.current()
        point = _points(*self.camera.to_screen(np.array([self._marker], np.float32)))[0]
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for width, ink in ((5.0, tokens.sunken), (2.5, tokens.accent)):
            painter.setPen(QPen(theme.colour(ink), width))
            painter.drawEllipse(point, 10.0, 10.0)
            for across, down in _ARROWS.values():
                begin, end = QPointF(across * 10, down * 10), QPointF(across * 16, down * 16)
                painter.drawLine(point + begin, point + end)

    def _paint_pointed(self, painter: QPainter, xs: F32, ys: F32) -> None:
        tokens = theme.current()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if self._pointed >= 0:
            centre = QPointF(float(xs[self._pointed]), float(ys[self._pointed]))
            painter.setPen(QPen(theme.colour(tokens.focus if self.hasFocus() else tokens.text), 2.0))
            painter.drawEllipse(centre, 7.0, 7.0)
        if self.hasFocus():
            painter.setPen(QPen(theme.colour(tokens.focus), 1.0))
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))


def _points(xs: Sequence[float] | F32, ys: Sequence[float] | F32) -> list[QPointF]:
    return [QPointF(float(x), float(y)) for x, y in zip(xs, ys, strict=True)]


def _star(centre: QPointF, radius: float) -> QPolygonF:
    corners = [(radius if corner % 2 == 0 else 0.45 * radius, math.pi * corner / 5) for corner in range(10)]
    return QPolygonF([centre + QPointF(long * math.sin(turn), -long * math.cos(turn)) for long, turn in corners])
