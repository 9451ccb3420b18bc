"""The bar that offers unsaved work: what it is and from when, to be brought back or discarded; it never blocks."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from lunar_studio.gui import icons, theme
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.buttons import TextButton
from lunar_studio.gui.widgets.labels import Label
from lunar_studio.workers.project_service import LostWork


class RecoveryBar(QWidget):
    """Offers one piece of unsaved work.

    Attributes:
        restore_asked: It shall be brought back.
        discard_asked: It shall be removed for good.
    """

    restore_asked = Signal()
    discard_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("recovery-bar")
        card = QFrame()
        card.setProperty("role", "card")
        self._icon = QLabel()
        self._words = Label(bold=True, wrap=True)
        self.restore = TextButton("Restore", role="primary", tip="Bring it back, with every step of its history")
        self.discard = TextButton("Discard", tip="Remove it for good")
        self.restore.setObjectName("restore-lost")
        self.discard.setObjectName("discard-lost")
        row = QHBoxLayout(card)
        row.setContentsMargins(3 * SPACE_PX, 2 * SPACE_PX, 2 * SPACE_PX, 2 * SPACE_PX)
        row.setSpacing(2 * SPACE_PX)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self._words, 1)
        row.addWidget(self.restore)
        row.addWidget(self.discard)
        around = QVBoxLayout(self)
        around.setContentsMargins(SPACE_PX, 0, SPACE_PX, SPACE_PX)
        around.addWidget(card)
        self.restore.clicked.connect(self.restore_asked)
        self.discard.clicked.connect(self.discard_asked)
        self._tint()
        self.hide()

    @property
    def message(self) -> str:
        """What it says."""
        return self._words.text()

    @Slot(object, int)
    def offer(self, lost: LostWork | None, others: int = 0) -> None:
        """Offer unsaved work; hide where there is none.

        Args:
            lost: What is offered.
            others: How many more wait behind it.
        """
        if lost is not None:
            self._words.setText(sentence(lost) + (f" {others} more behind it." if others else ""))
            self.setAccessibleName(self._words.text())
        self.setVisible(lost is not None)

    def _tint(self) -> None:
        self._icon.setPixmap(icons.pixmap("history", theme.current().accent, self.devicePixelRatioF()))

    def changeEvent(self, event: QEvent) -> None:
        """Tint anew in a new theme."""
        if event.type() == QEvent.Type.StyleChange:
            self._tint()
        super().changeEvent(event)


def sentence(lost: LostWork) -> str:
    """What is offered, in one or two sentences."""
    about = lost.about
    steps = f"{about.steps} step{'' if about.steps == 1 else 's'}"
    happened = "" if about.was_closed else "The studio ended before its time. "
    return f"{happened}“{about.title}” has unsaved changes{_when(about.saved_at)} ({steps})."


def _when(saved_at: str) -> str:
    """In local time, as an artist reads a clock; empty for a text that is no time."""
    try:
        then = datetime.fromisoformat(saved_at).astimezone()
    except ValueError:
        return ""
    if then.date() == datetime.now().astimezone().date():
        return f" from {then:%H:%M}"
    return f" from {then.day} {then:%B %Y}, {then:%H:%M}"
