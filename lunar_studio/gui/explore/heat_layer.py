"""The blame map over the canvas: a layer of its own that paints heat where the sprite is and lets the mouse through.

The ramp goes from dark and cold to light and warm with steadily rising lightness, so that it reads the same without
colour vision; what costs most is also framed.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QLine, QObject, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QLinearGradient, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from lunar_studio.core.arrays import F32
from lunar_studio.core.overlay import Pixel
from lunar_studio.gui import theme
from lunar_studio.gui.explore.canvas import Canvas
from lunar_studio.gui.explore.canvas_layers import edges
from lunar_studio.gui.theme import RADIUS_PX, SPACE_PX

RAMP = (
    (0.0, (26, 20, 82, 0)),
    (0.1, (44, 26, 110, 150)),
    (0.4, (150, 38, 130, 200)),
    (0.7, (238, 106, 68, 225)),
    (1.0, (255, 240, 130, 240)),
)
"""Heat, and its colour with alpha; lightness only rises."""

FRAMED_FROM = 0.6
"""Heat from which pixels are framed."""

_STILL_PX = 3
_LEGEND_PX = 12 * SPACE_PX


def ramp_colours(heat: F32) -> npt.NDArray[np.uint8]:
    """The ramp's colours, (..., 4) uint8, of heat from 0 to 1."""
    places = [place for place, _ in RAMP]
    channels = [np.interp(heat, places, [rgba[channel] for _, rgba in RAMP]) for channel in range(4)]
    return np.stack(channels, axis=-1).round().astype(np.uint8)


class HeatLayer(QWidget):
    """Paints a blame map over the canvas.

    Args:
        canvas: What it lies on.

    Attributes:
        pixel_clicked: Emitted with column and row, when a pixel was clicked without a tool in hand and heat is shown.
    """

    pixel_clicked = Signal(int, int)

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas)
        self.setObjectName("heat-layer")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._canvas = canvas
        self._heat_HW: F32 | None = None
        self._image = QImage()
        self._frames: list[tuple[int, int, int, int]] = []
        self._chosen: Pixel | None = None
        self._pressed: QPointF | None = None
        self.setGeometry(canvas.rect())
        canvas.installEventFilter(self)
        self.hide()

    @property
    def heat_HW(self) -> F32 | None:
        """What is shown."""
        return self._heat_HW

    def show_heat(self, heat_HW: F32 | None) -> None:
        """Show heat from 0 to 1, (height, width) of the sprite; None shows nothing."""
        self._heat_HW = heat_HW
        self._chosen = None
        if heat_HW is not None:
            height, width = heat_HW.shape
            rgba = np.ascontiguousarray(ramp_colours(heat_HW))
            self._image = QImage(rgba.tobytes(), width, height, 4 * width, QImage.Format.Format_RGBA8888).copy()
            self._frames = edges(heat_HW >= FRAMED_FROM)
        self.setVisible(heat_HW is not None)
        self.raise_()
        self.update()

    def choose(self, pixel: Pixel | None) -> None:
        """Frame the pixel that is asked about."""
        self._chosen = pixel
        self.update()

    def cell(self, pixel: Pixel) -> QRect:
        """Where a pixel is on the canvas, in logical pixels."""
        area, zoom, ratio = self._canvas.sprite_rect(), self._canvas.zoom, self.devicePixelRatioF()
        left, top = (area.x() + pixel[0] * zoom) / ratio, (area.y() + pixel[1] * zoom) / ratio
        return QRectF(left, top, zoom / ratio, zoom / ratio).toAlignedRect()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A veil over the sprite, the heat, frames."""
        image = self._canvas.shown_image
        if self._heat_HW is None or image is None or self._canvas.shows_before or image.size() != self._image.size():
            return
        area, zoom, ratio = self._canvas.sprite_rect(), self._canvas.zoom, self.devicePixelRatioF()
        painter = QPainter(self)
        painter.scale(1 / ratio, 1 / ratio)
        # The art steps back, or its own bright colours would look like heat.
        painter.fillRect(area, theme.colour(theme.DARK.sunken, 0.45))
        painter.drawImage(area, self._image)
        for pen in (QPen(theme.colour(theme.DARK.background), 3), QPen(theme.colour(theme.LIGHT.hover), 1)):
            painter.setPen(pen)
            painter.drawLines(
                [
                    QLine(area.x() + x0 * zoom, area.y() + y0 * zoom, area.x() + x1 * zoom, area.y() + y1 * zoom)
                    for x0, y0, x1, y1 in self._frames
                ]
            )
        if self._chosen is not None:
            painter.setPen(theme.colour(theme.DARK.focus))
            x, y = self._chosen
            painter.drawRect(area.x() + x * zoom - 1, area.y() + y * zoom - 1, zoom + 1, zoom + 1)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Grow with the canvas; a press and a release in one place is a click on a pixel."""
        if event.type() == QEvent.Type.Resize:
            self.setGeometry(self._canvas.rect())
        elif isinstance(event, QMouseEvent) and not self.isHidden() and event.button() == Qt.MouseButton.LeftButton:
            if event.type() == QEvent.Type.MouseButtonPress:
                self._pressed = event.position()
            elif event.type() == QEvent.Type.MouseButtonRelease and self._pressed is not None:
                moved, self._pressed = event.position() - self._pressed, None
                pixel = self._canvas.pixel_at(event.position())
                has_tool = self._canvas.has_tool
                if pixel is not None and not has_tool and moved.manhattanLength() <= _STILL_PX:
                    self.pixel_clicked.emit(pixel.x(), pixel.y())
        return super().eventFilter(watched, event)


class HeatLegend(QWidget):
    """What the colours mean: the ramp between two words."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Heat: dark costs little, bright costs most")
        self.setToolTip("Dark pixels cost little of the score, bright ones most. Framed pixels are the worst.")
        self.setFixedHeight(4 * SPACE_PX)

    def sizeHint(self) -> QSize:
        """The ramp and its words."""
        metrics = self.fontMetrics()
        words = metrics.horizontalAdvance("little") + metrics.horizontalAdvance("most")
        return QSize(_LEGEND_PX + words + 2 * SPACE_PX, 4 * SPACE_PX)

    def minimumSizeHint(self) -> QSize:
        """As wide as it is."""
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Words and ramp."""
        tokens = theme.current()
        painter = QPainter(self)
        painter.setFont(theme.font("small"))
        painter.setPen(theme.colour(tokens.muted))
        area = self.rect()
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, "little")
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, "most")
        metrics = painter.fontMetrics()
        left = metrics.horizontalAdvance("little") + SPACE_PX
        right = area.width() - metrics.horizontalAdvance("most") - SPACE_PX
        bar = QRectF(left, SPACE_PX, max(1, right - left), area.height() - 2 * SPACE_PX)
        ramp = QLinearGradient(bar.topLeft(), bar.topRight())
        for place, (red, green, blue, alpha) in RAMP:
            colour = theme.colour(f"#{red:02x}{green:02x}{blue:02x}", max(alpha, 60) / 255)
            ramp.setColorAt(place, colour)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(theme.DARK.sunken))
        painter.drawRoundedRect(bar, RADIUS_PX / 2, RADIUS_PX / 2)
        painter.setBrush(ramp)
        painter.drawRoundedRect(bar, RADIUS_PX / 2, RADIUS_PX / 2)
