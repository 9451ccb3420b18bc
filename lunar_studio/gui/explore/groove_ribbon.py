"""The ribbon along a slider's track: the higher and the greener, the better the teacher likes the sprites there.

Height says what colour says, so that nobody needs to tell red from green.
"""

from __future__ import annotations

import math

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QLinearGradient, QPainter, QPainterPath, QPen, QPixmap, QPolygonF

from lunar_studio.core.groove import Groove
from lunar_studio.core.track import REACH
from lunar_studio.gui import theme
from lunar_studio.gui.explore.score_tone import tone

_LOWEST_PX = 2.0
_FILL, _EDGE = 0.30, 0.85
_STALE = 0.3


class Ribbon:
    """Paints grooves behind a moon, each once: while the moon moves the ribbon stays, and it costs most."""

    def __init__(self) -> None:
        self._key: tuple[object, ...] = ()
        self._drawn = QPixmap()

    def paint(self, painter: QPainter, area: QRect, groove: Groove, *, is_true: bool) -> None:
        """As `paint_ribbon`, from memory where nothing has changed."""
        ratio = painter.device().devicePixelRatioF()
        # The groove itself is kept in the key, so that no other can come to stand at its address.
        key = (groove, is_true, area.size().toTuple(), ratio, theme.current())
        if len(self._key) != len(key) or self._key[0] is not groove or self._key[1:] != key[1:]:
            self._key = key
            self._drawn = QPixmap(area.size() * ratio)
            self._drawn.setDevicePixelRatio(ratio)
            self._drawn.fill(Qt.GlobalColor.transparent)
            within = QPainter(self._drawn)
            within.setRenderHint(QPainter.RenderHint.Antialiasing)
            paint_ribbon(within, QRect(QPoint(), area.size()), groove, is_true=is_true)
            within.end()
        painter.drawPixmap(area.topLeft(), self._drawn)


def paint_ribbon(painter: QPainter, area: QRect, groove: Groove, *, is_true: bool) -> None:
    """Paint a groove's scores behind the moon; nothing without a teacher.

    Args:
        painter: Of the slider.
        area: Where the moon travels: its width is the track's, its height the row's.
        groove: What to paint.
        is_true: Whether it is so of the document as it is now; faint, if not.
    """
    if not groove.has_scores:
        return
    tokens, strength = theme.current(), 1.0 if is_true else _STALE
    top, bottom = area.top() + 2.0, area.bottom() - 1.0
    fill, edge = (QLinearGradient(area.left(), 0, area.right(), 0) for _ in range(2))
    points = []
    for position, score in zip(groove.positions, groove.scores, strict=True):
        share = (position + REACH) / (2 * REACH)
        # By the root, so that a 5 and a 15, where many sprites are, stand as clearly apart as a 60 and an 80.
        high = _LOWEST_PX + (bottom - top - _LOWEST_PX) * math.sqrt(score / 100)
        points.append(QPointF(area.left() + share * area.width(), bottom - high))
        colour = getattr(tokens, tone(score))
        fill.setColorAt(share, theme.colour(colour, _FILL * strength))
        edge.setColorAt(share, theme.colour(colour, _EDGE * strength))
    # The outer stops speak for the ends of the track, too.
    points = [QPointF(area.left(), points[0].y()), *points, QPointF(area.left() + area.width(), points[-1].y())]
    painter.setPen(Qt.PenStyle.NoPen)
    under = QPainterPath()
    under.addPolygon(QPolygonF([QPointF(points[0].x(), bottom), *points, QPointF(points[-1].x(), bottom)]))
    painter.fillPath(under, fill)
    painter.setPen(QPen(edge, 1.25))
    painter.drawPolyline(QPolygonF(points))
    painter.setPen(Qt.PenStyle.NoPen)


def paint_score(painter: QPainter, area: QRectF, score: float) -> None:
    """A bar as long as a score, in its tone, on a sunken ground; only the ground for NaN."""
    tokens = theme.current()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.colour(tokens.sunken))
    painter.drawRoundedRect(area, 1.5, 1.5)
    if not math.isnan(score):
        painter.setBrush(theme.colour(getattr(tokens, tone(score))))
        painter.drawRoundedRect(area.adjusted(0, 0, area.width() * (score / 100 - 1), 0), 1.5, 1.5)
