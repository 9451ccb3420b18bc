"""The history as a list: newest first, undone steps faint, the beginning last."""

from __future__ import annotations

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from lunar_studio.gui import theme
from lunar_studio.session.history import Entry, Session

Index = QModelIndex | QPersistentModelIndex


class HistoryModel(QAbstractListModel):
    """Rows for the entries of a session; the last row is the beginning.

    Args:
        session: Whose history.
        parent: Its owner.
    """

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._entries: tuple[Entry, ...] = ()
        self._position = 0
        self.refresh()

    def refresh(self) -> None:
        """Read the session again; rows are added or removed only where their number changed."""
        entries, position = self._session.entries, self._session.position
        if len(entries) != len(self._entries):
            self.beginResetModel()
            self._entries, self._position = entries, position
            self.endResetModel()
        elif position != self._position:
            self._entries, self._position = entries, position
            self.dataChanged.emit(self.index(0), self.index(self.rowCount() - 1))
        elif entries[-1:] and entries[-1].title != self._entries[-1].title:
            self._entries = entries
            self.dataChanged.emit(self.index(0), self.index(0))

    def position_of(self, row: int) -> int:
        """The history's position that a row stands for."""
        return len(self._entries) - row

    def current_row(self) -> int:
        """The row of where the document stands."""
        return len(self._entries) - self._position

    def rowCount(self, parent: Index | None = None) -> int:
        """Entries and the beginning."""
        return 0 if parent is not None and parent.isValid() else len(self._entries) + 1

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Title, time and colour of a row."""
        position = self.position_of(index.row())
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return "Beginning" if position == 0 else self._entries[position - 1].title
        if role == Qt.ItemDataRole.ToolTipRole:
            return "Click to go back to here" if position <= self._position else "Click to do this again"
        if role == Qt.ItemDataRole.ForegroundRole:
            tokens = theme.current()
            if position == self._position:
                return theme.colour(tokens.accent)
            return theme.colour(tokens.text if position < self._position else tokens.faint)
        return None
