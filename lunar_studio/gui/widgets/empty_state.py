"""What a page shows when there is nothing to show: what to do here, with one button."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from lunar_studio.gui import icons, theme
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.buttons import TextButton
from lunar_studio.gui.widgets.labels import Label

_PICTURE_PX = 48
_WIDTH_PX = 360


class EmptyState(QWidget):
    """A picture, a sentence, a reason and one button, centred.

    Args:
        icon_name: File stem in `resources/icons`, drawn at three times its size.
        title: What this place is for.
        text: What to do, in a sentence or two.
        button: The button's words; no button for none.
        parent: Its owner.

    Attributes:
        acted: The button was pressed.
        button: The button, or None.
    """

    acted = Signal()

    def __init__(self, icon_name: str, title: str, text: str, button: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon_name = icon_name
        self._picture = QLabel(self)
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        heading = Label(title, size="title", bold=True, wrap=True)
        heading.setAlignment(Qt.AlignmentFlag.AlignCenter)
        words = Label(text, role="muted", wrap=True)
        words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        for label in (heading, words):
            # A layout that centres a wrapped label does not ask it how high it gets.
            label.setFixedWidth(_WIDTH_PX)
            label.setMinimumHeight(label.heightForWidth(_WIDTH_PX))
        column = QVBoxLayout(self)
        column.setSpacing(2 * SPACE_PX)
        column.addStretch(2)
        column.addWidget(self._picture)
        column.addSpacing(SPACE_PX)
        column.addWidget(heading, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(words, 0, Qt.AlignmentFlag.AlignHCenter)
        self.button = TextButton(button, role="primary", tip=text) if button else None
        if self.button is not None:
            column.addSpacing(SPACE_PX)
            column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignHCenter)
            self.button.clicked.connect(self.acted)
        column.addStretch(3)
        self._tint()

    def _tint(self) -> None:
        tokens = theme.current()
        self._picture.setPixmap(icons.pixmap(self._icon_name, tokens.muted, self.devicePixelRatioF(), _PICTURE_PX))

    def changeEvent(self, event: QEvent) -> None:
        """Tint anew in a new theme."""
        if event.type() == QEvent.Type.StyleChange:
            self._tint()
        super().changeEvent(event)
