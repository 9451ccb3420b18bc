"""The colours to paint with: those of the sprite, the most used first, then those the artist has mixed."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from lunar_studio.core.palette import Palette
from lunar_studio.core.sprite import Sprite
from lunar_studio.gui import theme
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.labels import counted

_SWATCH_PX = 5 * SPACE_PX
_GAP_PX = 2 * SPACE_PX

Rgb = tuple[int, int, int]


class PaletteStrip(QWidget):
    """Swatches; a click picks one to paint with.

    Attributes:
        picked: Emitted with (red, green, blue).
    """

    picked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("palette-strip")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(_SWATCH_PX)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleDescription("Colours to paint with. Arrow keys go from one to the next.")
        self._colours: list[Rgb] = []
        self._mixed: list[Rgb] = []
        self._chosen: Rgb | None = None
        self.show_sprite(None)

    @property
    def colours(self) -> tuple[Rgb, ...]:
        """The sprite's colours, as (red, green, blue), the most used first."""
        return tuple(self._colours)

    @property
    def mixed(self) -> tuple[Rgb, ...]:
        """The artist's own colours."""
        return tuple(self._mixed)

    def show_sprite(self, sprite: Sprite | None) -> None:
        """Show a sprite's colours."""
        found: list[Rgb] = []
        if sprite is not None:
            opaque = sprite.rgba_HWC[sprite.rgba_HWC[..., 3] > 0]
            # Sorting one number for each pixel is ten times faster than sorting rows of three.
            packed = opaque[:, 0].astype(np.int32) << 16 | opaque[:, 1].astype(np.int32) << 8 | opaque[:, 2]
            values, counts = np.unique(packed, return_counts=True)
            ordered = values[np.argsort(-counts, kind="stable")].tolist()
            found = [(value >> 16, value >> 8 & 255, value & 255) for value in ordered]
        if found != self._colours or sprite is None:
            self._colours = found
            self.setAccessibleName(counted(len(self._colours), "colour"))
            self.update()

    def show_mixed(self, palette: Palette) -> None:
        """Show the artist's own colours."""
        mixed = [(int(r), int(g), int(b)) for r, g, b in palette.rgb_NC.tolist()]
        if mixed != self._mixed:
            self._mixed = mixed
            self.update()

    def show_chosen(self, rgb: Rgb | None) -> None:
        """Frame the colour that is painted with."""
        self._chosen = rgb
        self.update()

    def sizeHint(self) -> QSize:
        """Room for sixteen."""
        return QSize(16 * _SWATCH_PX, _SWATCH_PX)

    def minimumSizeHint(self) -> QSize:
        """Room for a few."""
        return QSize(4 * _SWATCH_PX, _SWATCH_PX)

    def swatches(self) -> list[tuple[QRect, Rgb]]:
        """Every swatch that there is room for, with its place; the artist's own come first where room is scarce."""
        room = self.width()
        own = self._mixed[-max(0, (room - _GAP_PX) // _SWATCH_PX // 2) :] if self._mixed else []
        gap = _GAP_PX if own else 0
        most = max(0, (room - len(own) * _SWATCH_PX - gap) // _SWATCH_PX)
        drawn = self._colours[:most]
        placed = [(QRect(index * _SWATCH_PX, 0, _SWATCH_PX, _SWATCH_PX), rgb) for index, rgb in enumerate(drawn)]
        left = len(drawn) * _SWATCH_PX + gap
        placed += [(QRect(left + i * _SWATCH_PX, 0, _SWATCH_PX, _SWATCH_PX), rgb) for i, rgb in enumerate(own)]
        return placed

    def colour_at(self, point: QPoint) -> Rgb | None:
        """The colour of the swatch at a point."""
        return next((rgb for area, rgb in self.swatches() if area.contains(point)), None)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Swatches from the left, the chosen one framed."""
        painter = QPainter(self)
        tokens = theme.current()
        for area, rgb in self.swatches():
            painter.fillRect(area, QColor(*rgb))
            # A hairline, or the palette's lightest colour would be lost on a light panel.
            painter.setPen(theme.colour(tokens.muted, 0.35))
            painter.drawRect(area.adjusted(0, 0, -1, -1))
        for area, rgb in self.swatches():
            if rgb == self._chosen:
                painter.setPen(QColor(tokens.background))
                painter.drawRect(area.adjusted(1, 1, -2, -2))
                painter.setPen(QColor(tokens.accent))
                painter.drawRect(area.adjusted(0, 0, -1, -1))
                break
        if self.hasFocus():
            painter.setPen(QColor(tokens.focus))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Pick."""
        rgb = self.colour_at(event.position().toPoint())
        if rgb is not None:
            self.picked.emit(rgb)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows pick the next colour."""
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        colours = [rgb for _, rgb in self.swatches()]
        if step is None or not colours:
            super().keyPressEvent(event)
            return
        now = colours.index(self._chosen) if self._chosen in colours else -1 if step > 0 else len(colours)
        self.picked.emit(colours[min(len(colours) - 1, max(0, now + step))])

    def event(self, event: QEvent) -> bool:
        """Say the colour under the mouse."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            rgb = self.colour_at(event.pos())
            if rgb is not None:
                QToolTip.showText(event.globalPos(), "#{:02x}{:02x}{:02x}: click to paint with it".format(*rgb), self)
                return True
        return super().event(event)
