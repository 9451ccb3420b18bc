"""PySide6 and the interpreter get along: some versions drop references of None until Python aborts."""

import sys

import pytest
from PySide6.QtCore import QObject, Signal, Slot

CALLS = 2000
SLACK = 50


class Echo(QObject):
    """Says and hears something."""

    said = Signal(object)
    nodded = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.heard = 0

    @Slot(object)
    def hear(self, _: object) -> None:
        """Count."""
        self.heard += 1

    @Slot(bool)
    def see(self, _: bool) -> None:
        """Count."""
        self.heard += 1


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None, True and False are immortal there")
@pytest.mark.usefixtures("qapp")
def test_signals_keep_the_reference_counts_of_singletons() -> None:
    echo = Echo()
    echo.said.connect(echo.hear)
    echo.nodded.connect(echo.see)
    before = [sys.getrefcount(value) for value in (None, True, False)]
    for number in range(CALLS):
        echo.setObjectName("x")
        echo.said.emit(None)
        echo.nodded.emit(number % 2 == 0)
    after = [sys.getrefcount(value) for value in (None, True, False)]
    assert echo.heard == 2 * CALLS
    assert all(abs(b - a) < SLACK for a, b in zip(before, after, strict=True)), (before, after)
