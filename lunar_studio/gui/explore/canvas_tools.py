"""The row under the canvas: zoom, views, before and after, bookmark; and the sprite's colours."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolTip, QWidget

from lunar_studio.core.sprite import Sprite
from lunar_studio.gui import theme
from lunar_studio.gui.action_set import ActionSet
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.buttons import ActionButton
from lunar_studio.gui.widgets.labels import Label

_SWATCH_PX = 4 * SPACE_PX


class PaletteStrip(QWidget):
    """The colours of the sprite shown, the most used first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("palette-strip")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(_SWATCH_PX)
        self._colours: list[tuple[int, int, int]] = []
        self.show_sprite(None)

    @property
    def colours(self) -> tuple[tuple[int, int, int], ...]:
        """The colours, as (red, green, blue)."""
        return tuple(self._colours)

    def show_sprite(self, sprite: Sprite | None) -> None:
        """Show a sprite's colours."""
        self._colours = []
        if sprite is not None:
            opaque = sprite.rgba_HWC[sprite.rgba_HWC[..., 3] > 0][:, :3]
            found, counts = np.unique(opaque, axis=0, return_counts=True)
            self._colours = [(int(r), int(g), int(b)) for r, g, b in found[np.argsort(-counts, kind="stable")]]
        self.setAccessibleName(f"{len(self._colours)} colours")
        self.update()

    def sizeHint(self) -> QSize:
        """Room for sixteen."""
        return QSize(16 * _SWATCH_PX, _SWATCH_PX)

    def minimumSizeHint(self) -> QSize:
        """Room for a few."""
        return QSize(4 * _SWATCH_PX, _SWATCH_PX)

    def _shown(self) -> int:
        return min(len(self._colours), self.width() // _SWATCH_PX)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Swatches from the right."""
        painter = QPainter(self)
        left = self.width() - self._shown() * _SWATCH_PX
        for index, colour in enumerate(self._colours[: self._shown()]):
            area = QRect(left + index * _SWATCH_PX, 0, _SWATCH_PX, _SWATCH_PX)
            painter.fillRect(area, QColor(*colour))
            # A hairline, or the palette's lightest colour would be lost on a light panel.
            painter.setPen(theme.colour(theme.current().muted, 0.35))
            painter.drawRect(area.adjusted(0, 0, -1, -1))

    def event(self, event: QEvent) -> bool:
        """Say the colour under the mouse."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            left = self.width() - self._shown() * _SWATCH_PX
            index = (event.pos().x() - left) // _SWATCH_PX
            if 0 <= index < self._shown():
                QToolTip.showText(event.globalPos(), "#{:02x}{:02x}{:02x}".format(*self._colours[index]), self)
                return True
        return super().event(event)


class CanvasTools(QWidget):
    """Buttons for what the canvas can do.

    Args:
        actions: The window's.
        parent: Its owner.

    Attributes:
        palette_strip: The sprite's colours.
    """

    def __init__(self, actions: ActionSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE_PX // 2)
        for index, group in enumerate(
            (
                ("undo", "redo"),
                ("before-after", "reset-all", "bookmark"),
                ("zoom-fit", "pixel-grid", "checkerboard", "tile-preview"),
            )
        ):
            if index:
                row.addSpacing(3 * SPACE_PX)
            for action_id in group:
                row.addWidget(ActionButton(actions[action_id]))
        self._zoom = Label("", role="muted")
        self._zoom.setMinimumWidth(9 * SPACE_PX)
        self._zoom.setAlignment(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
        self._zoom.setToolTip("Screen pixels for each pixel of the sprite: keys 1 to 9, 0 fits, the wheel steps")
        self._count = Label("", role="muted")
        self.palette_strip = PaletteStrip()
        row.addSpacing(SPACE_PX)
        row.addWidget(self._zoom)
        row.addWidget(self.palette_strip, 1)
        row.addSpacing(SPACE_PX)
        row.addWidget(self._count)

    def show_zoom(self, zoom: int) -> None:
        """Say how many screen pixels a pixel has."""
        self._zoom.setText(f"{zoom}×")

    def show_sprite(self, sprite: Sprite | None) -> None:
        """Show its colours and their number."""
        self.palette_strip.show_sprite(sprite)
        count = len(self.palette_strip.colours)
        self._count.setText(f"{count} colours" if count else "")
        self._count.setToolTip("Distinct colours in this sprite")
