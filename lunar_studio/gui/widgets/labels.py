"""Text in the three sizes, with figures of equal width; long text is shortened, never cut."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from lunar_studio.gui import theme
from lunar_studio.gui.theme import FontSize


def counted(number: int, thing: str) -> str:
    """`1 picture`, `2,000 pictures`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


class Label(QLabel):
    """A label dressed by role.

    Args:
        text: What it says; always plain text, so that a file's name cannot be markup.
        size: One of the three type sizes.
        role: `muted`, `accent`, `good`, `warn` or `bad`; plain text for none.
        bold: For headings.
        wrap: Whether long text goes on in the next line.
        parent: Its owner.
    """

    def __init__(
        self,
        text: str = "",
        parent: QWidget | None = None,
        *,
        size: FontSize = "body",
        role: str = "",
        bold: bool = False,
        wrap: bool = False,
    ) -> None:
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setFont(theme.font(size, bold=bold))
        self.setWordWrap(wrap)
        if role:
            self.setProperty("role", role)

    def set_role(self, role: str) -> None:
        """Change the colour's purpose."""
        if role != self.property("role"):
            self.setProperty("role", role)
            self.style().unpolish(self)
            self.style().polish(self)


class ElidedLabel(QWidget):
    """One line that ends in an ellipsis where there is no room; the tooltip has all of it."""

    def __init__(
        self, text: str = "", parent: QWidget | None = None, *, size: FontSize = "body", role: str = "text"
    ) -> None:
        super().__init__(parent)
        self._text = text
        self._role = role
        self.setFont(theme.font(size))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.set_text(text)

    @property
    def text(self) -> str:
        """The whole text."""
        return self._text

    def set_text(self, text: str) -> None:
        """Show `text`, shortened as needed."""
        self._text = text
        self.setAccessibleName(text)
        self.setToolTip(text)
        self.update()

    def sizeHint(self) -> QSize:
        """Room for all of it."""
        return QSize(self.fontMetrics().horizontalAdvance(self._text) + 2, self.fontMetrics().height())

    def minimumSizeHint(self) -> QSize:
        """Room for a few letters."""
        return QSize(self.fontMetrics().averageCharWidth() * 4, self.fontMetrics().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw what fits."""
        painter = QPainter(self)
        painter.setPen(theme.colour(getattr(theme.current(), self._role)))
        shown = self.fontMetrics().elidedText(self._text, Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)

    def changeEvent(self, event: QEvent) -> None:
        """Repaint in a new theme."""
        if event.type() == QEvent.Type.StyleChange:
            self.update()
        super().changeEvent(event)
