"""Two parts of a page with a handle between them."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QWidget

from lunar_studio.gui.theme import SPACE_PX


def splitter(name: str, orientation: Qt.Orientation, first: QWidget, second: QWidget, *, stretch: int) -> QSplitter:
    """Both parts, neither of which can be dragged away.

    Args:
        name: The objectName.
        orientation: How they lie.
        first: Left or above; owned from now on, as the other.
        second: Right or below.
        stretch: 0 or 1: which of them takes the room that a larger window brings.
    """
    made = QSplitter(orientation)
    made.setObjectName(name)
    made.setHandleWidth(SPACE_PX)
    made.setChildrenCollapsible(False)
    made.addWidget(first)
    made.addWidget(second)
    made.setStretchFactor(stretch, 1)
    made.setStretchFactor(1 - stretch, 0)
    return made
