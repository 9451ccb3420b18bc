"""The banner: something went wrong, or is worth knowing, said without stopping anybody's work."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from lunar_studio.gui import icons, theme
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.buttons import IconButton
from lunar_studio.gui.widgets.labels import Label

BannerKind = Literal["bad", "warn", "good"]
_ICONS: dict[BannerKind, str] = {"bad": "warning", "warn": "warning", "good": "check"}


class Banner(QFrame):
    """What happened, and what to do about it; closed by its button or Escape.

    Attributes:
        closed: It was dismissed.
        told: Emitted with what it says now.
    """

    closed = Signal()
    told = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self.setProperty("role", "card")
        self._kind: BannerKind = "bad"
        self._icon = QLabel()
        self._message = Label(bold=True, wrap=True)
        self._hint = Label(role="muted", wrap=True)
        close = IconButton("close", "Dismiss", tip="Dismiss this message (Esc)")
        close.clicked.connect(self.dismiss)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self._message)
        words.addWidget(self._hint)
        row = QHBoxLayout(self)
        row.setContentsMargins(3 * SPACE_PX, 2 * SPACE_PX, 2 * SPACE_PX, 2 * SPACE_PX)
        row.setSpacing(3 * SPACE_PX)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        row.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        self.hide()

    @property
    def message(self) -> str:
        """What happened."""
        return self._message.text()

    @property
    def hint(self) -> str:
        """What to do about it."""
        return self._hint.text()

    def tell(self, message: str, hint: str = "", kind: BannerKind = "bad") -> None:
        """Show a message."""
        self._kind = kind
        self._message.setText(message)
        self._hint.setText(hint)
        self._hint.setVisible(bool(hint))
        self.setAccessibleName(f"{message} {hint}".strip())
        self._tint()
        self.show()
        self.told.emit(self.accessibleName())

    def dismiss(self) -> None:
        """Hide it."""
        self.hide()
        self.closed.emit()

    def _tint(self) -> None:
        colour = getattr(theme.current(), self._kind)
        self._icon.setPixmap(icons.pixmap(_ICONS[self._kind], colour, self.devicePixelRatioF()))
        self._message.set_role(self._kind)

    def changeEvent(self, event: QEvent) -> None:
        """Tint anew in a new theme."""
        if event.type() == QEvent.Type.StyleChange:
            self._tint()
        super().changeEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape closes it."""
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        else:
            super().keyPressEvent(event)
