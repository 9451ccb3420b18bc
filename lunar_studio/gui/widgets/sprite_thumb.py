"""A sprite as a small square button: exact pixels, one badge, a ring when chosen."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QEnterEvent, QImage, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

from lunar_studio.core.sprite import Sprite
from lunar_studio.gui import pictures, theme
from lunar_studio.gui.theme import RADIUS_PX, SPACE_PX
from lunar_studio.gui.widgets.keys import takes_press


class SpriteThumb(QAbstractButton):
    """A clickable thumbnail, never smoothed; checked draws the accent ring.

    Args:
        name: What a screen reader says.
        side_px: Width and height, in logical pixels.
        parent: Its owner.

    Attributes:
        lifted: The hand pulls the sprite away, to carry it elsewhere; no click follows.
    """

    lifted = Signal()

    def __init__(self, name: str, side_px: int = 64, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._held_at: QPoint | None = None
        self._image: QImage | None = None
        self._badge = ""
        self.setAccessibleName(name)
        self.setToolTip("A sprite in miniature, its exact pixels. Click it to take it.")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.set_side(side_px)

    def set_side(self, side_px: int) -> None:
        """Change width and height, in logical pixels."""
        self._side_px = side_px
        self.setFixedSize(side_px, side_px)

    def set_sprite(self, sprite: Sprite | None) -> None:
        """Show a sprite, or an empty well for None."""
        self._image = None if sprite is None else pictures.to_image(sprite)
        self.update()

    def set_badge(self, badge: str) -> None:
        """A few letters in the lower right corner, such as a score."""
        self._badge = badge
        self.update()

    def sizeHint(self) -> QSize:
        """Its fixed side."""
        return QSize(self._side_px, self._side_px)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Well, sprite, badge, ring."""
        tokens = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(tokens.hover if self.underMouse() and self.isEnabled() else tokens.sunken))
        painter.drawRoundedRect(self.rect(), RADIUS_PX, RADIUS_PX)
        if self._image is not None:
            inset = SPACE_PX // 2
            area = self.rect().adjusted(inset, inset, -inset, -inset)
            pictures.paint_sprite(painter, area, self._image, self.devicePixelRatioF())
        if self._badge:
            self._paint_badge(painter)
        ring = tokens.focus if self.hasFocus() else tokens.accent if self.isChecked() else ""
        if ring:
            painter.setPen(theme.colour(ring))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(self.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_PX, RADIUS_PX)

    def _paint_badge(self, painter: QPainter) -> None:
        tokens = theme.current()
        painter.setFont(theme.font("small"))
        width = painter.fontMetrics().horizontalAdvance(self._badge) + SPACE_PX
        height = painter.fontMetrics().ascent() + 2
        area = QRect(self.width() - width - 1, self.height() - height - 1, width, height)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(tokens.sunken, 0.85))
        painter.drawRoundedRect(area, 2, 2)
        painter.setPen(theme.colour(tokens.text))
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, self._badge)

    def event(self, event: QEvent) -> bool:
        """Space and Enter press it while it has the keyboard."""
        return takes_press(self, event) or super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """The hand takes hold."""
        is_left = event.button() == Qt.MouseButton.LeftButton
        self._held_at = event.position().toPoint() if is_left and self._image is not None else None
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Far enough away, the sprite is lifted."""
        held = self._held_at
        way = 0 if held is None else (event.position().toPoint() - held).manhattanLength()
        if held is None or way < QApplication.startDragDistance():
            super().mouseMoveEvent(event)
            return
        self._held_at = None
        self.setDown(False)
        self.lifted.emit()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """The hand lets go."""
        self._held_at = None
        super().mouseReleaseEvent(event)

    def enterEvent(self, _event: QEnterEvent) -> None:
        """Light up under the mouse."""
        self.update()

    def leaveEvent(self, _event: QEvent) -> None:
        """Dim again."""
        self.update()
