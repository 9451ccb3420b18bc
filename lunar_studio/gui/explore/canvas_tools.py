"""The row under the canvas: steps back, views, zoom, and how many colours the sprite has."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from lunar_studio.gui.action_set import ActionSet
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.buttons import ActionButton
from lunar_studio.gui.widgets.labels import Label, counted


class CanvasTools(QWidget):
    """Buttons for what the canvas can do.

    Args:
        actions: The window's.
        parent: Its owner.
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
                ("zoom-fit", "pixel-grid", "checkerboard", "tile-preview", "onion"),
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
        row.addSpacing(SPACE_PX)
        row.addWidget(self._zoom)
        row.addStretch(1)
        row.addWidget(self._count)

    def show_zoom(self, zoom: int) -> None:
        """Say how many screen pixels a pixel has."""
        self._zoom.setText(f"{zoom}×")

    def show_count(self, count: int) -> None:
        """Say how many colours the sprite has."""
        self._count.setText(counted(count, "colour") if count else "")
        self._count.setToolTip("Distinct colours in this sprite")
