"""A small card over a kept sprite: its name and its tags. Enter or a click elsewhere keeps them, Escape does not."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, Signal, Slot
from PySide6.QtGui import QHideEvent, QKeyEvent
from PySide6.QtWidgets import QFormLayout, QFrame, QLineEdit, QWidget

from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.session.document import Bookmark, tags_of

_FIELD_PX = 52 * SPACE_PX
_LONGEST_NAME, _LONGEST_LINE = 100, 400


class BookmarkEditor(QFrame):
    """Two fields.

    Attributes:
        named: Emitted with a bookmark's id and its new name.
        tagged: Emitted with a bookmark's id and its new tags.
        name: The field for the name.
        tags: The field for the tags, with commas between them.
    """

    named = Signal(str, str)
    tagged = Signal(str, object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("bookmark-editor")
        self.setAccessibleName("Name and tags of a kept sprite")
        self.setProperty("role", "card")
        self._kept: Bookmark | None = None
        self.name, self.tags = QLineEdit(), QLineEdit()
        for field, name, tip, longest in (
            (self.name, "Name", "What you call this sprite", _LONGEST_NAME),
            (self.tags, "Tags", "Words to find it by, with commas between them", _LONGEST_LINE),
        ):
            field.setObjectName(f"bookmark-{name.lower()}")
            field.setAccessibleName(name)
            field.setToolTip(f"{tip}. Enter keeps it, Esc leaves it as it was.")
            field.setMaxLength(longest)
            field.setFixedWidth(_FIELD_PX)
            field.returnPressed.connect(self.hide)
        self.tags.setPlaceholderText("boss, cave, to do")
        rows = QFormLayout(self)
        rows.setContentsMargins(3 * SPACE_PX, 3 * SPACE_PX, 3 * SPACE_PX, 3 * SPACE_PX)
        rows.setSpacing(2 * SPACE_PX)
        rows.addRow("Name", self.name)
        rows.addRow("Tags", self.tags)

    def edit(self, kept: Bookmark, place: QPoint, *, tags: bool = False) -> None:
        """Show the card.

        Args:
            kept: Whose name and tags.
            place: The card's upper left corner on the screen, or near it.
            tags: Whether the keyboard goes to the tags first.
        """
        self._kept = kept
        self.name.setText(kept.name)
        self.tags.setText(", ".join(kept.tags))
        self.adjustSize()
        room = self.screen().availableGeometry()
        self.move(
            max(room.left(), min(place.x(), room.right() - self.width())),
            max(room.top(), min(place.y(), room.bottom() - self.height())),
        )
        self.show()
        field = self.tags if tags else self.name
        field.setFocus()
        field.selectAll()

    @Slot()
    def forget(self) -> None:
        """Close without a change."""
        self._kept = None
        self.hide()

    def hideEvent(self, event: QHideEvent) -> None:
        """Tell what has changed."""
        super().hideEvent(event)
        kept, self._kept = self._kept, None
        if kept is None:
            return
        name, tags = self.name.text().strip(), tags_of(self.tags.text())
        if name and name != kept.name:
            self.named.emit(kept.id, name)
        if tags != kept.tags:
            self.tagged.emit(kept.id, tags)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape forgets."""
        if event.key() == Qt.Key.Key_Escape:
            self.forget()
        else:
            super().keyPressEvent(event)
