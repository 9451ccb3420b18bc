"""Three colours that would stand better in a pixel's place, beside the pixel; a click or 1, 2, 3 takes one."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QIcon, QKeyEvent, QPainter, QPixmap
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from lunar_studio.core.critic import Replacement, Replacements
from lunar_studio.core.overlay import Pixel
from lunar_studio.gui import pictures, theme
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.buttons import IconButton, TextButton
from lunar_studio.gui.widgets.labels import Label

_SWATCH_PX = 5 * SPACE_PX
_GAP_PX = 2 * SPACE_PX
_KEYS = (Qt.Key.Key_Escape, Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_3)


def points(gain: float) -> str:
    """A gain in points, as it is written everywhere: `+3.2`, `−0.4`, `±0`."""
    shown = round(gain, 1)
    return "±0" if shown == 0 else f"{'+' if shown > 0 else '−'}{abs(shown):.1f}"


def colour_name(rgba: tuple[int, int, int, int]) -> str:
    """A colour in letters."""
    return "nothing" if rgba[3] == 0 else "#{:02x}{:02x}{:02x}".format(*rgba[:3])


class ReplacementPopover(QFrame):
    """Floats over the canvas.

    Args:
        parent: What it floats over.

    Attributes:
        chosen: Emitted with the `Replacement` to take.
        next_asked: Emitted when the next worst pixel is asked for.
        closed: Emitted when it was closed by hand.
    """

    chosen = Signal(object)
    next_asked = Signal()
    closed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("replacement-popover")
        self.setProperty("role", "card")
        self.setAccessibleName("Replacements for this pixel")
        self._over = parent
        self._choices: tuple[Replacement, ...] = ()
        self._title = Label("", bold=True)
        self._said = Label("", size="small", role="muted", wrap=True)
        self._buttons: list[TextButton] = []
        self._next = TextButton(
            "Next worst", role="quiet", tip="Go to the next pixel that costs most (Tab reaches it)."
        )
        close = IconButton("close", "Close", tip="Close (Escape)")
        close.clicked.connect(self.close_by_hand)
        self._next.clicked.connect(self.next_asked)
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * SPACE_PX, SPACE_PX, 2 * SPACE_PX, 2 * SPACE_PX)
        column.setSpacing(SPACE_PX)
        column.addLayout(head)
        column.addWidget(self._said)
        for number in range(3):
            button = TextButton("", tip="Put this colour in the pixel's place; undo takes it back.")
            button.setAccessibleName(f"Replacement {number + 1}")
            button.setObjectName(f"replacement-{number}")
            button.setIconSize(QSize(_SWATCH_PX, _SWATCH_PX))
            button.setProperty("number", number)
            button.clicked.connect(self._on_clicked)
            self._buttons.append(button)
            column.addWidget(button)
        column.addWidget(self._next)
        self.setFixedWidth(52 * SPACE_PX)
        self.hide()

    @property
    def choices(self) -> tuple[Replacement, ...]:
        """What is offered."""
        return self._choices

    def wait_for(self, pixel: Pixel, cell: QRect) -> None:
        """Open beside a pixel whose replacements are on the way."""
        self._choices = ()
        self._title.setText(f"Pixel {pixel[0]}, {pixel[1]}")
        self._said.setText("Trying the sprite's colours…")
        self._said.show()
        for button in self._buttons:
            button.hide()
        self._place(cell)

    def offer(self, found: Replacements, cell: QRect) -> None:
        """Show what was found."""
        self._choices = found.choices[: len(self._buttons)]
        best = self._choices[0].gain if self._choices else 0.0
        self._said.setText(
            "Points of 100 that the score moves by:"
            if best > 0.05
            else "No colour of this sprite would do better here."
        )
        for button, choice in zip(self._buttons, self._choices, strict=False):
            name = colour_name(choice.rgba)
            button.setText(f"{points(choice.gain)}   {name}")
            button.setIcon(_swatch(choice.rgba))
            button.setAccessibleName(f"{points(choice.gain)} points with {name}")
            button.setToolTip("Take this colour; undo brings the old one back (Ctrl+Z).")
            button.show()
        for button in self._buttons[len(self._choices) :]:
            button.hide()
        self._place(cell)
        if self._choices:
            self._buttons[0].setFocus()

    def _place(self, cell: QRect) -> None:
        """Beside the pixel, where there is room."""
        self.adjustSize()
        over = self._over.rect()
        left = cell.right() + _GAP_PX
        if left + self.width() > over.right():
            left = cell.left() - _GAP_PX - self.width()
        top = min(max(_GAP_PX, cell.top() - self.height() // 3), over.height() - self.height() - _GAP_PX)
        self.move(QPoint(min(max(_GAP_PX, left), max(0, over.width() - self.width())), max(0, top)))
        self.show()
        self.raise_()

    @Slot()
    def _on_clicked(self) -> None:
        number = self.sender().property("number")
        if isinstance(number, int) and number < len(self._choices):
            self.chosen.emit(self._choices[number])

    @Slot()
    def close_by_hand(self) -> None:
        """Hide it, and say so."""
        self.hide()
        self.closed.emit()

    def event(self, event: QEvent) -> bool:
        """Its keys are its own before they are anybody's shortcut."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and event.key() in _KEYS:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape closes, arrows go from one to the next, digits take one."""
        number = event.key() - Qt.Key.Key_1
        if event.key() == Qt.Key.Key_Escape:
            self.close_by_hand()
        elif event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            self.focusNextPrevChild(event.key() == Qt.Key.Key_Down)
        elif 0 <= number < len(self._choices):
            self.chosen.emit(self._choices[number])
        else:
            super().keyPressEvent(event)


def _swatch(rgba: tuple[int, int, int, int]) -> QIcon:
    made = QPixmap(_SWATCH_PX, _SWATCH_PX)
    painter = QPainter(made)
    pictures.paint_checkerboard(painter, made.rect(), SPACE_PX, theme.current())
    painter.fillRect(made.rect(), QColor(*rgba))
    painter.end()
    return QIcon(made)
