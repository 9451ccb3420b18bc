"""Previews of a run: held-out sprites above their copies, and what the model invents, at whole zoom."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from lunar_studio.core.events import PreviewReady
from lunar_studio.gui import theme
from lunar_studio.gui.theme import SPACE_PX

_ROWS = 2
_GAP_PX = SPACE_PX // 2
_HEADING_PX = 5 * SPACE_PX
_BLOCK_GAP_PX = 4 * SPACE_PX
_SMALLEST_COLUMNS = 6


class PreviewStrip(QWidget):
    """Pairs of original and copy at the left, invented sprites at the right; as many as there is room for."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("preview-strip")
        self.setAccessibleName("Previews: your sprites, the model's copies, and invented sprites")
        self.setToolTip(
            "Above: sprites the model has never been shown. Below: its copies of them.\n"
            "Right: what it invents from the same random numbers each time."
        )
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._step = 0
        self._originals: list[QImage] = []
        self._copies: list[QImage] = []
        self._samples: list[QImage] = []

    @property
    def step(self) -> int:
        """After which step the pictures were made."""
        return self._step

    def show_preview(self, event: PreviewReady) -> None:
        """Show newer pictures."""
        self._step = event.step
        self._originals = _images(event.originals_NHWC)
        self._copies = _images(event.reconstructions_NHWC)
        self._samples = _images(event.samples_NHWC)
        self.setAccessibleDescription(f"After step {event.step:,}")
        self.update()

    def clear(self) -> None:
        """Forget the pictures."""
        self._originals, self._copies, self._samples = [], [], []
        self.update()

    def scale_and_columns(self) -> tuple[int, int]:
        """Zoom in device pixels for each sprite pixel, and columns that fit; (0, 0) without pictures."""
        side = max((image.width() for image in self._originals), default=0)
        if not side:
            return 0, 0
        ratio = self.devicePixelRatioF()
        height = (self.height() - _HEADING_PX - (_ROWS - 1) * _GAP_PX) * ratio
        width = (self.width() - _BLOCK_GAP_PX) * ratio
        by_height = int(height / _ROWS / side)
        by_width = int((width / _SMALLEST_COLUMNS - _GAP_PX * ratio) / side)
        scale = max(1, min(by_height, by_width))
        return scale, max(1, int(width / (side * scale + _GAP_PX * ratio)))

    def sizeHint(self) -> QSize:
        """Room for sprites of 32 pixels at twice their size."""
        return QSize(0, _HEADING_PX + _ROWS * 64 + _GAP_PX)

    def minimumSizeHint(self) -> QSize:
        """The same: a banner above takes its room from the plots, which bear it better."""
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Two blocks with their headings."""
        painter = QPainter(self)
        tokens = theme.current()
        painter.setFont(theme.font("small"))
        scale, columns = self.scale_and_columns()
        if not scale:
            painter.setPen(theme.colour(tokens.muted))
            words = "Previews appear here: your sprites, the model's copies of them, and what it invents."
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, words)
            return
        pairs = min(len(self._originals), max(1, round(columns * 2 / 3)))
        invented = min(-(-len(self._samples) // _ROWS), columns - pairs)
        side = self._originals[0].width() * scale / self.devicePixelRatioF() + _GAP_PX
        right = round(pairs * side + _BLOCK_GAP_PX)
        painter.setPen(theme.colour(tokens.muted))
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        wide = right - _BLOCK_GAP_PX
        painter.drawText(QRect(0, 0, wide, _HEADING_PX), flags, self.heading(painter.fontMetrics(), wide))
        if invented > 0:
            painter.drawText(QRect(right, 0, self.width() - right, _HEADING_PX), flags, "Invented")
        top = _HEADING_PX
        for column in range(pairs):
            self._paint_tile(painter, self._originals[column], column * side, top, scale)
            self._paint_tile(painter, self._copies[column], column * side, top + side, scale)
        for index, image in enumerate(self._samples[: max(0, invented) * _ROWS]):
            column, row = index % invented, index // invented
            self._paint_tile(painter, image, right + column * side, top + row * side, scale)

    def heading(self, metrics: QFontMetrics, width_px: int) -> str:
        """What the left block is called, as fully as there is room: few sprites are held out of a small set."""
        step = f" · step {self._step:,}"
        titles = [
            f"Your sprites, and the model's copies below{step}",
            f"Yours, copies below{step}",
            "Yours, copies below",
        ]
        fitting = (title for title in titles if metrics.horizontalAdvance(title) <= width_px)
        return next(fitting, metrics.elidedText(titles[-1], Qt.TextElideMode.ElideRight, width_px))

    def _paint_tile(self, painter: QPainter, image: QImage, x: float, y: float, scale: int) -> None:
        """One sprite on the quiet tone of the table, every pixel `scale` device pixels wide."""
        ratio = self.devicePixelRatioF()
        target = QRect(round(x * ratio), round(y * ratio), image.width() * scale, image.height() * scale)
        painter.save()
        painter.scale(1 / ratio, 1 / ratio)
        painter.fillRect(target, theme.colour(theme.current().sunken))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.drawImage(target, image)
        painter.restore()

    def changeEvent(self, event: QEvent) -> None:
        """Repaint in a new theme."""
        if event.type() == QEvent.Type.StyleChange:
            self.update()
        super().changeEvent(event)


def _images(pictures_NHWC: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> list[QImage]:
    """QImages of their own memory; straight alpha."""
    made = []
    for picture_HWC in np.ascontiguousarray(pictures_NHWC):
        height, width, _ = picture_HWC.shape
        image = QImage(picture_HWC.tobytes(), width, height, 4 * width, QImage.Format.Format_RGBA8888)
        made.append(image.copy())
    return made
