"""The row of brushes under the canvas: tools, the colour in hand, the colours to choose from, pins."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QColorDialog, QHBoxLayout, QWidget

from lunar_studio.core.overlay import Overlay, Rgba
from lunar_studio.gui import pictures, theme
from lunar_studio.gui.action_set import ActionSet
from lunar_studio.gui.explore.palette_strip import PaletteStrip
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.buttons import ActionButton
from lunar_studio.gui.widgets.labels import Label

_TOOLS = ("tool-hand", "tool-pencil", "tool-eraser", "tool-picker", "tool-bucket", "tool-pin")


class ColourWell(QAbstractButton):
    """The colour that is painted with; a click opens the mixer."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("colour-well")
        self.setFixedSize(7 * SPACE_PX, 6 * SPACE_PX)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._colour: Rgba = (0, 0, 0, 255)
        self.show_colour(self._colour)

    @property
    def colour(self) -> Rgba:
        """The colour shown."""
        return self._colour

    def show_colour(self, colour: Rgba) -> None:
        """Show a colour."""
        self._colour = colour
        name = "#{:02x}{:02x}{:02x}".format(*colour[:3])
        self.setAccessibleName(f"Colour {name}")
        self.setToolTip(f"You paint with {name}. Click to mix another.")
        self.update()

    def sizeHint(self) -> QSize:
        """A little wider than a swatch."""
        return QSize(7 * SPACE_PX, 6 * SPACE_PX)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The colour, over a checkerboard where it is half transparent."""
        painter = QPainter(self)
        tokens = theme.current()
        area = self.rect().adjusted(1, 1, -1, -1)
        pictures.paint_checkerboard(painter, area, SPACE_PX, tokens)
        painter.fillRect(area, QColor(*self._colour))
        painter.setPen(QColor(tokens.focus if self.hasFocus() else tokens.muted))
        painter.drawRect(QRect(0, 0, self.width() - 1, self.height() - 1))


class ToolStrip(QWidget):
    """Tools and colours.

    Args:
        actions: The window's.
        parent: Its owner.

    Attributes:
        mixed: Emitted with (red, green, blue) of a colour from the mixer.
        well: The colour in hand.
        palette_strip: The colours to choose from.
    """

    mixed = Signal(object)

    def __init__(self, actions: ActionSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("tool-strip")
        self._dialog: QColorDialog | None = None
        self.well = ColourWell()
        self.palette_strip = PaletteStrip()
        self._pins = Label("", role="muted")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE_PX // 2)
        for action_id in _TOOLS:
            row.addWidget(ActionButton(actions[action_id]))
        row.addSpacing(2 * SPACE_PX)
        row.addWidget(self.well)
        row.addSpacing(2 * SPACE_PX)
        row.addWidget(self.palette_strip, 1)
        row.addSpacing(2 * SPACE_PX)
        row.addWidget(self._pins)
        for action_id in ("pin-painted", "follow-pins", "clear-edits"):
            row.addWidget(ActionButton(actions[action_id]))
        self.well.clicked.connect(self.open_mixer)

    def show_edits(self, edits: Overlay) -> None:
        """Say how many pixels are painted and pinned."""
        pinned = len(edits.pinned)
        self._pins.setText(f"{pinned} pinned" if pinned else f"{len(edits)} painted" if len(edits) else "")
        self._pins.setToolTip(f"{len(edits)} painted pixels, {pinned} of them pinned" if len(edits) else "")

    def show_colour(self, colour: Rgba) -> None:
        """Show the colour in hand."""
        self.well.show_colour(colour)
        self.palette_strip.show_chosen(colour[:3])

    def open_mixer(self) -> None:
        """Open the mixer beside the canvas; painting goes on while it is open."""
        if self._dialog is None:
            self._dialog = QColorDialog(self.window())
            self._dialog.setObjectName("colour-mixer")
            self._dialog.setOption(QColorDialog.ColorDialogOption.DontUseNativeDialog)
            self._dialog.setModal(False)
            self._dialog.colorSelected.connect(self._on_selected)
        self._dialog.setCurrentColor(QColor(*self.well.colour))
        self._dialog.show()

    def _on_selected(self, colour: QColor) -> None:
        self.mixed.emit((colour.red(), colour.green(), colour.blue()))
