"""A number that is typed, wheeled or stepped: a spin box without its arrows."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QAbstractSpinBox, QDoubleSpinBox, QSpinBox, QWidget

from lunar_studio.gui import theme


class NumberField(QDoubleSpinBox):
    """A real number.

    Args:
        name: What a screen reader says.
        minimum: Smallest value.
        maximum: Largest value.
        step: What an arrow key or a wheel notch adds.
        decimals: Figures after the point.
        parent: Its owner.
    """

    def __init__(
        self,
        name: str,
        minimum: float,
        maximum: float,
        parent: QWidget | None = None,
        *,
        step: float = 0.1,
        decimals: int = 2,
        tip: str = "",
    ) -> None:
        super().__init__(parent)
        _prepare(self, name, tip)
        self.setDecimals(decimals)
        self.setRange(minimum, maximum)
        self.setSingleStep(step)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The wheel changes it only while it has the keyboard, so that scrolling past is harmless."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class WholeNumberField(QSpinBox):
    """A whole number; arguments as for `NumberField`."""

    def __init__(
        self, name: str, minimum: int, maximum: int, parent: QWidget | None = None, *, step: int = 1, tip: str = ""
    ) -> None:
        super().__init__(parent)
        _prepare(self, name, tip)
        self.setRange(minimum, maximum)
        self.setSingleStep(step)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The wheel changes it only while it has the keyboard, so that scrolling past is harmless."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


def _prepare(field: QAbstractSpinBox, name: str, tip: str) -> None:
    field.setAccessibleName(name)
    field.setToolTip(tip or name)
    # The stylesheet gives the arrows no width: with `NoButtons` a styled spin box has a text field 1 px wide.
    field.setAlignment(Qt.AlignmentFlag.AlignRight)
    field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    field.setKeyboardTracking(False)
    field.setFont(theme.font())
