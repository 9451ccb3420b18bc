"""The order in which Tab goes from control to control, where it is not the order in which they were made."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from PySide6.QtWidgets import QWidget


def follow_each_other(widgets: Sequence[QWidget]) -> None:
    """Let Tab go through widgets of one window in this order; what comes before and after them stays."""
    for one, other in pairwise(widgets):
        QWidget.setTabOrder(one, other)
