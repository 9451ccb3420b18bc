"""A sheet with its cut drawn over it; handles drag margin, cell size and spacing right."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from lunar_studio.core.sprite import Sprite
from lunar_studio.gui import pictures, theme
from lunar_studio.pixels.slicing import MAX_CELLS, SliceSpec

Handle = Literal["margin", "size", "spacing-x", "spacing-y"]
MAX_ZOOM = 16
_HANDLE_PX = 10
_REACH_PX = 9
_ROOM_PX = (810, 640)


class SlicerView(QWidget):
    """The sheet, enlarged by a whole factor.

    Args:
        parent: Its owner.

    Attributes:
        dragged: The cut changed under the hand; emitted with a `SliceSpec`.
        released: The hand let go; emitted with the `SliceSpec` that it left.
        cut: What is drawn.
        zoom: Screen pixels for each pixel of the sheet.
    """

    dragged = Signal(object)
    released = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("slicer-view")
        self.setAccessibleName("The sheet and its cut")
        self.setMouseTracking(True)
        self._image: QImage | None = None
        self._sheet = QSize(1, 1)
        self._handle: Handle | None = None
        self.cut = SliceSpec(1, 1)
        self.zoom = 1

    def set_sheet(self, sheet: Sprite) -> None:
        """Show another sheet, as large as fits into the dialog."""
        self._image = pictures.to_image(sheet)
        self._sheet = QSize(sheet.width, sheet.height)
        self.set_zoom(min(_ROOM_PX[0] // sheet.width, _ROOM_PX[1] // sheet.height))

    def set_zoom(self, zoom: int) -> None:
        """Enlarge by another whole factor."""
        self.zoom = min(max(zoom, 1), MAX_ZOOM)
        self.setFixedSize(self._sheet * self.zoom)
        self.update()

    def set_cut(self, cut: SliceSpec) -> None:
        """Draw another cut."""
        self.cut = cut
        self.update()

    def place_of(self, handle: Handle) -> QPointF:
        """Where a handle is, in pixels of this widget."""
        cut, zoom = self.cut, self.zoom
        x, y = cut.margin_x, cut.margin_y
        places = {
            "margin": (x, y),
            "size": (x + cut.width, y + cut.height),
            "spacing-x": (x + cut.width + cut.spacing_x, y + cut.height / 2),
            "spacing-y": (x + cut.width / 2, y + cut.height + cut.spacing_y),
        }
        return QPointF(places[handle][0] * zoom, places[handle][1] * zoom)

    def _at(self, place: QPointF) -> Handle | None:
        handles: tuple[Handle, ...] = ("size", "margin", "spacing-x", "spacing-y")
        near = [(self._distance(place, handle), handle) for handle in handles]
        distance, handle = min(near, key=lambda one: one[0])
        return handle if distance <= _REACH_PX else None

    def _distance(self, place: QPointF, handle: Handle) -> float:
        away = place - self.place_of(handle)
        return max(abs(away.x()), abs(away.y()))

    def _moved(self, handle: Handle, place: QPointF) -> SliceSpec:
        """The cut with a handle at that place, as far as it makes sense."""
        cut, sheet = self.cut, self._sheet
        x, y = round(place.x() / self.zoom), round(place.y() / self.zoom)
        if handle == "margin":
            return replace(
                cut,
                margin_x=min(max(x, 0), max(0, sheet.width() - cut.width)),
                margin_y=min(max(y, 0), max(0, sheet.height() - cut.height)),
            )
        if handle == "size":
            return replace(
                cut,
                width=min(max(x - cut.margin_x, 1), sheet.width() - cut.margin_x),
                height=min(max(y - cut.margin_y, 1), sheet.height() - cut.margin_y),
            )
        if handle == "spacing-x":
            return replace(cut, spacing_x=min(max(x - cut.margin_x - cut.width, 0), sheet.width()))
        return replace(cut, spacing_y=min(max(y - cut.margin_y - cut.height, 0), sheet.height()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the handle under the hand."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._handle = self._at(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag it, or show that it could be."""
        if self._handle is None:
            near = self._at(event.position())
            self.setCursor(Qt.CursorShape.SizeAllCursor if near else Qt.CursorShape.ArrowCursor)
            return
        cut = self._moved(self._handle, event.position())
        if cut != self.cut:
            self.set_cut(cut)
            self.dragged.emit(cut)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let it go."""
        if event.button() == Qt.MouseButton.LeftButton and self._handle is not None:
            self._handle = None
            self.released.emit(self.cut)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The sheet, darker where it is not cut; cells; handles."""
        if self._image is None:
            return
        tokens = theme.current()
        painter = QPainter(self)
        painter.setClipRect(event.rect())
        pictures.paint_checkerboard(painter, event.rect(), 8, tokens)
        painter.drawImage(QRect(QPoint(0, 0), self._sheet * self.zoom), self._image)
        cells = self._cells()
        outside = theme.colour(tokens.background)
        outside.setAlphaF(0.6)
        painter.setPen(QPen(theme.colour(tokens.accent), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for cell in cells:
            if cell.intersects(QRectF(event.rect())):
                painter.drawRect(cell.adjusted(0.5, 0.5, -0.5, -0.5))
        covered = cells[0].united(cells[-1]) if cells else QRectF()
        for strip in _around(QRectF(self.rect()), covered):
            painter.fillRect(strip, outside)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.colour(tokens.background), 2))
        painter.setBrush(theme.colour(tokens.accent))
        squares: tuple[Handle, ...] = ("margin", "size")
        for handle in squares:
            place = self.place_of(handle)
            painter.drawRect(QRectF(place.x() - _HANDLE_PX / 2, place.y() - _HANDLE_PX / 2, _HANDLE_PX, _HANDLE_PX))
        painter.setBrush(theme.colour(tokens.text))
        dots: tuple[Handle, ...] = ("spacing-x", "spacing-y")
        for handle in dots:
            painter.drawEllipse(self.place_of(handle), _HANDLE_PX / 2, _HANDLE_PX / 2)

    def _cells(self) -> list[QRectF]:
        columns, rows = self.cut.counts(self._sheet.width(), self._sheet.height())
        if columns * rows > MAX_CELLS:
            return []
        zoom, wide, tall = self.zoom, self.cut.width, self.cut.height
        places = self.cut.cells(self._sheet.width(), self._sheet.height())
        return [QRectF(left * zoom, top * zoom, wide * zoom, tall * zoom) for left, top in places]


def _around(whole: QRectF, inner: QRectF) -> list[QRectF]:
    """What lies round `inner`, as four strips; all of it when there is no inner."""
    if inner.isEmpty():
        return [whole]
    return [
        QRectF(0, 0, whole.width(), inner.top()),
        QRectF(0, inner.bottom(), whole.width(), whole.height() - inner.bottom()),
        QRectF(0, inner.top(), inner.left(), inner.height()),
        QRectF(inner.right(), inner.top(), whole.width() - inner.right(), inner.height()),
    ]
