"""A coach mark: a card beside a real widget with a ring round that widget; everything stays usable under it."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QPoint, QRect, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from lunar_studio.gui import theme
from lunar_studio.gui.theme import RADIUS_PX, SPACE_PX
from lunar_studio.gui.widgets.buttons import TextButton
from lunar_studio.gui.widgets.labels import Label

_WIDTH_PX = 72 * SPACE_PX
_GAP_PX = 3 * SPACE_PX
_RING_PX = SPACE_PX

Side = Literal["left", "right", "below", "above"]
"""Where a card stands beside what it speaks of."""


class Ring(QWidget):
    """An accent ring round what is spoken of; the mouse goes through it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("tour-ring")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def surround(self, area: QRect) -> None:
        """Go round `area`, in the parent's coordinates."""
        self.setGeometry(area.adjusted(-_RING_PX, -_RING_PX, _RING_PX, _RING_PX).intersected(self._room()))
        self.show()
        self.raise_()

    def _room(self) -> QRect:
        parent = self.parentWidget()
        return self.rect() if parent is None else parent.rect()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The ring."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.colour(theme.current().accent), 2))
        painter.drawRoundedRect(self.rect().toRectF().adjusted(1, 1, -1, -1), RADIUS_PX, RADIUS_PX)


class CoachMark(QFrame):
    """What to do at one place of the window.

    Args:
        parent: The window's content; the card floats over it.

    Attributes:
        next_asked: On to the next step, or the end.
        skip_asked: No more of this.
        go_on: The button of the former.
        skip: The button of the latter.
        told: Emitted with what a step says.
    """

    next_asked = Signal()
    skip_asked = Signal()
    told = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("tour-mark")
        self.setProperty("role", "tour")
        self._title = Label(size="body", bold=True)
        self._words = Label(wrap=True)
        self._count = Label(size="small", role="muted")
        self.go_on = TextButton("Next", role="primary", tip="On to the next step (Enter)")
        self.skip = TextButton("Skip", role="quiet", tip="End the tour (Esc); it is in the Help menu.")
        self.go_on.setObjectName("tour-next")
        self.skip.setObjectName("tour-skip")
        self.go_on.setAutoDefault(True)
        self.go_on.clicked.connect(self.next_asked)
        self.skip.clicked.connect(self.skip_asked)
        row = QHBoxLayout()
        row.addWidget(self._count, 1)
        row.addWidget(self.skip)
        row.addWidget(self.go_on)
        column = QVBoxLayout(self)
        column.setContentsMargins(4 * SPACE_PX, 3 * SPACE_PX, 3 * SPACE_PX, 3 * SPACE_PX)
        column.setSpacing(SPACE_PX)
        column.addWidget(self._title)
        column.addWidget(self._words)
        column.addSpacing(SPACE_PX)
        column.addLayout(row)
        self.setFixedWidth(_WIDTH_PX)
        self.hide()

    @property
    def title(self) -> str:
        """What the step is about."""
        return self._title.text()

    def tell(self, title: str, words: str, number: int, count: int) -> None:
        """Show a step.

        Args:
            title: A few words.
            words: A sentence or two.
            number: Which step, from 1.
            count: How many there are.
        """
        self._title.setText(title)
        self._words.setText(words)
        inner = _WIDTH_PX - 7 * SPACE_PX
        self._words.setMinimumHeight(self._words.heightForWidth(inner))
        self._count.setText(f"{number} of {count}")
        self.go_on.setText("Next" if number < count else "Done")
        self.setAccessibleName(f"Tour, step {number} of {count}: {title}")
        self.setAccessibleDescription(words)
        self.adjustSize()
        self.told.emit(f"{self.accessibleName()}. {words}")

    def stand_beside(self, area: QRect | None, room: QRect, first: Side = "left") -> None:
        """Show beside `area` inside `room`, both in the parent's coordinates; in the room's middle for None.

        Args:
            area: What the card speaks of.
            room: What the card may cover.
            first: The side that is tried first.
        """
        self.move(place_beside(area, self.width(), self.height(), room, first))
        self.show()
        self.raise_()


def place_beside(area: QRect | None, width: int, height: int, room: QRect, first: Side = "left") -> QPoint:
    """Where a card does not cover `area`: on the first side, left of it, right, below, above; else mid-`room`."""
    middle = QPoint(room.center().x() - width // 2, room.center().y() - height // 2)
    if area is None:
        return middle
    x = min(max(room.left() + _GAP_PX, area.center().x() - width // 2), room.right() - width - _GAP_PX)
    y = min(max(room.top() + _GAP_PX, area.center().y() - height // 2), room.bottom() - height - _GAP_PX)
    places: dict[Side, QPoint] = {
        "left": QPoint(area.left() - width - _GAP_PX, y),
        "right": QPoint(area.right() + _GAP_PX, y),
        "below": QPoint(x, area.bottom() + _GAP_PX),
        "above": QPoint(x, area.top() - height - _GAP_PX),
    }
    for place in (places[first], *places.values()):
        if room.contains(QRect(place.x(), place.y(), width, height)):
            return place
    return middle
