"""The heading of a section that folds: an arrow, a name, a count."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from lunar_studio.gui import icons, theme
from lunar_studio.gui.theme import RADIUS_PX, SPACE_PX
from lunar_studio.gui.widgets.keys import takes_press

_HEIGHT_PX = 6 * SPACE_PX


class SectionHeader(QAbstractButton):
    """A heading; checked means unfolded. Click, Enter or Space folds it.

    Args:
        title: What stands under it.
        note: A count or a hint at its right end, muted.
        folds: Whether it can be folded.
        parent: Its owner.
    """

    def __init__(self, title: str, parent: QWidget | None = None, *, note: str = "", folds: bool = True) -> None:
        super().__init__(parent)
        self._note = note
        self._folds = folds
        self.setText(title)
        self.setFont(theme.font("small", bold=True))
        self.setAccessibleName(title)
        self.setCheckable(folds)
        self.setChecked(folds)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus if folds else Qt.FocusPolicy.NoFocus)
        if folds:
            self.setToolTip(f"Show or hide: {title}")

    def set_note(self, note: str) -> None:
        """Change the words at the right end."""
        self._note = note
        self.update()

    def sizeHint(self) -> QSize:
        """One line high."""
        metrics = self.fontMetrics()
        words = metrics.horizontalAdvance(self.text()) + metrics.horizontalAdvance(self._note)
        return QSize(words + 12 * SPACE_PX, _HEIGHT_PX)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Arrow, title, note; a ring when it has the keyboard."""
        tokens = theme.current()
        painter = QPainter(self)
        left = 0
        if self._folds:
            shown = "chevron-down" if self.isChecked() else "chevron-right"
            top = (self.height() - icons.GRID_PX) // 2
            painter.drawPixmap(0, top, icons.pixmap(shown, tokens.muted, self.devicePixelRatioF()))
            left = icons.GRID_PX + SPACE_PX
        painter.setPen(theme.colour(tokens.text))
        area = self.rect().adjusted(left, 0, -SPACE_PX, 0)
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.text())
        painter.setFont(theme.font("small"))
        painter.setPen(theme.colour(tokens.muted))
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, self._note)
        if self.hasFocus():
            paint_focus_ring(painter, self)

    def event(self, event: QEvent) -> bool:
        """Space and Enter press it while it has the keyboard."""
        return takes_press(self, event) or super().event(event)

    def changeEvent(self, event: QEvent) -> None:
        """Repaint in a new theme."""
        if event.type() == QEvent.Type.StyleChange:
            self.update()
        super().changeEvent(event)


def paint_focus_ring(painter: QPainter, widget: QWidget) -> None:
    """The ring round what has the keyboard, just inside the widget's edge."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(theme.colour(theme.current().focus))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(widget.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5), RADIUS_PX, RADIUS_PX)
    painter.restore()
