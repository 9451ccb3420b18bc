"""A slider of numbers with fractions: Qt counts whole steps, a screen reader hears the number that is meant.

Qt hands out a QSlider's steps as they are: 137 where 1.37 is written beside it. Only an accessible interface of its own
says otherwise; screen readers, braille and voice control then read and set the number itself.
"""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAccessible, QAccessibleInterface, QAccessibleValueInterface
from PySide6.QtWidgets import QAccessibleWidget, QSlider, QWidget
from shiboken6 import VoidPtr

STEPS = 100
"""Steps for 1: numbers are written with two places."""


class ScaledSlider(QSlider):
    """A horizontal QSlider in hundredths.

    Args:
        parent: Its owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        _install()

    @property
    def number(self) -> float:
        """What is meant by where it stands."""
        return self.value() / STEPS

    def set_number(self, number: float) -> None:
        """Go as near to a number as it can, as the artist would."""
        self.setValue(round(number * STEPS))


class _Number(QAccessibleValueInterface):
    """The value of a slider, for whoever reads or sets it from outside.

    Args:
        interface: What is known of the slider; it outlives this.
    """

    def __init__(self, interface: QAccessibleInterface) -> None:
        super().__init__()
        self._interface = interface

    @property
    def _slider(self) -> ScaledSlider:
        slider = self._interface.object()
        assert isinstance(slider, ScaledSlider)
        return slider

    def currentValue(self) -> float:
        return self._slider.number

    def minimumValue(self) -> float:
        return self._slider.minimum() / STEPS

    def maximumValue(self) -> float:
        return self._slider.maximum() / STEPS

    def minimumStepSize(self) -> float:
        return self._slider.singleStep() / STEPS

    def setCurrentValue(self, value: object) -> None:
        if isinstance(value, int | float):
            self._slider.set_number(value)


class _Interface(QAccessibleWidget):
    def __init__(self, slider: ScaledSlider) -> None:
        super().__init__(slider, QAccessible.Role.Slider, "")
        self._number = _Number(self)

    def interface_cast(self, kind: QAccessible.InterfaceType) -> object:  # type: ignore[override]
        # The stubs call a pointer a whole number; Qt would take one for an address, and None ends the program.
        if kind is QAccessible.InterfaceType.ValueInterface:
            return self._number
        found: object = super().interface_cast(kind)
        return VoidPtr(0) if found is None else found


@cache
def _install() -> None:
    """Once: Qt asks every factory there is for every widget."""
    QAccessible.installFactory(_of_slider)


def _of_slider(_class_name: str, thing: QObject | None) -> QAccessibleInterface | None:
    """The accessible side of a scaled slider; Qt's own for every other widget."""
    return _Interface(thing) if isinstance(thing, ScaledSlider) else None
