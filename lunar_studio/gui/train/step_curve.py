"""A line over the steps of a run that is quick to paint however long the run is."""

from __future__ import annotations

import math

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from lunar_studio.core.step_series import F64, StepSeries

_DOT_PX = 5
_APART_PX = 8
_MARGIN = 1 / 16
_UNSEEN = 1 / 64
"""How much of a run may have come before the axis is laid out anew; the empty part beyond its bounds is wider."""


class StepCurve(pg.GraphicsObject):
    """Draws a `StepSeries`: at each painting the two points that each column of pixels needs.

    Args:
        has_dots: Whether every number has a dot, as long as they do not touch.
    """

    def __init__(self, *, has_dots: bool = False) -> None:
        super().__init__()
        self._series = StepSeries()
        self._is_log = False
        self._has_dots = has_dots
        self._pen = pg.mkPen("white", width=1)
        self._rect: QRectF | None = None

    @property
    def series(self) -> StepSeries:
        """What it draws."""
        return self._series

    def show_series(self, series: StepSeries) -> None:
        """Draw this from now on; call again when it has grown."""
        self._series = series
        self._reach()
        self.update()

    def set_pen(self, pen: QPen) -> None:
        """Draw with another pen."""
        self._pen = pen
        self.update()

    def points(self) -> tuple[F64, F64]:
        """Steps and numbers that are painted in the window as it is; logarithms where the axis is one of them."""
        box = self.getViewBox()
        low, high = box.viewRange()[0]
        columns = max(1, round(box.width() * self._pixel_ratio()))
        steps, values = self._series.drawn(low, high, columns)
        if not self._is_log:
            return steps, values
        above = values > 0
        return steps[above], np.log10(values[above])

    def _pixel_ratio(self) -> float:
        view = self.getViewWidget()
        return 1.0 if view is None else view.devicePixelRatioF()

    def _reach(self) -> None:
        """Tell the plot when the curve reaches over more or less than before."""
        rect = self._reached()
        if rect != self._rect:
            self.prepareGeometryChange()
            self._rect = rect
            self.informViewBoundsChanged()

    def _reached(self) -> QRectF | None:
        bounds = self._series.bounds
        if bounds is None:
            return None
        lowest, highest = bounds.lowest, bounds.highest
        if self._is_log:
            if not math.isfinite(bounds.positive):
                return None
            lowest, highest = math.log10(bounds.positive), math.log10(highest)
        span = bounds.last_step - bounds.first_step
        part = 2.0 ** math.floor(math.log2(span * _UNSEEN)) if span > 0 else 1.0
        last = math.floor(bounds.last_step / part) * part
        return QRectF(bounds.first_step, lowest, max(last - bounds.first_step, 0.0), highest - lowest)

    # ---- what pyqtgraph asks ---------------------------------------------------------------------

    def setLogMode(self, x: bool, y: bool) -> None:
        """Be drawn on a logarithmic axis of numbers, or not; that of steps never is one."""
        del x
        self._is_log = y
        self._reach()
        self.update()

    def dataBounds(
        self, ax: int, frac: float = 1.0, orthoRange: tuple[float, float] | None = None
    ) -> tuple[float, float] | tuple[None, None]:
        """How far it reaches along an axis."""
        del frac, orthoRange
        rect = self._rect
        if rect is None:
            return None, None
        return (rect.left(), rect.right()) if ax == 0 else (rect.top(), rect.bottom())

    def pixelPadding(self) -> float:
        """Pixels that it reaches beyond its bounds."""
        return _DOT_PX / 2 if self._has_dots else 0.5

    def boundingRect(self) -> QRectF:
        """Where it may paint."""
        if self._rect is None:
            return QRectF()
        # The newest steps, the pen and the dots reach beyond; to work out how far takes longer than to paint so much.
        wide, high = self._rect.width() * _MARGIN, self._rect.height() * _MARGIN
        return self._rect.adjusted(-wide, -high, wide, high)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Draw the line."""
        del option, widget
        steps, values = self.points()
        if not len(steps):
            return
        polygon = _polygon(steps, values)
        painter.setPen(self._pen)
        painter.drawPolyline(polygon)
        low, high = self.getViewBox().viewRange()[0]
        shown_px = self.getViewBox().width() * (steps[-1] - steps[0]) / (high - low)
        if self._has_dots and len(steps) * _APART_PX <= max(shown_px, _APART_PX):
            dot = QPen(self._pen.color(), _DOT_PX)
            dot.setCosmetic(True)
            dot.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(dot)
            painter.drawPoints(polygon)


def _polygon(steps: F64, values: F64) -> QPolygonF:
    polygon = QPolygonF()
    polygon.resize(len(steps))
    corners_N2: F64 = pg.functions.ndarray_from_qpolygonf(polygon)
    corners_N2[:, 0], corners_N2[:, 1] = steps, values
    return polygon
