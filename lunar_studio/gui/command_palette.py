"""The command palette (Ctrl+K): type a few letters of what you want to do."""

from __future__ import annotations

import shiboken6
from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QPoint, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence, QPainter
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from lunar_studio.gui import theme
from lunar_studio.gui.action_set import ActionSet
from lunar_studio.gui.fuzzy import fuzzy_score
from lunar_studio.gui.theme import RADIUS_PX, SPACE_PX
from lunar_studio.session.actions import ACTIONS, MENUS

_WIDTH_PX = 520
_ROW_PX = 9 * SPACE_PX
_ROWS = 9
_ID, _KEYS, _TIP = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1, Qt.ItemDataRole.UserRole + 2


class _RowDelegate(QStyledItemDelegate):
    """A command: title, its tip muted, its keys at the right."""

    def sizeHint(self, _option: QStyleOptionViewItem, _index: object) -> QSize:
        return QSize(_WIDTH_PX - 4 * SPACE_PX, _ROW_PX)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        tokens = theme.current()
        area: QRect = option.rect
        view = self.parent()
        chosen = isinstance(view, QListWidget) and view.currentIndex() == index
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if chosen:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour(tokens.hover))
            painter.drawRoundedRect(area, RADIUS_PX, RADIUS_PX)
        inner = area.adjusted(2 * SPACE_PX, 0, -2 * SPACE_PX, 0)
        vertical = Qt.AlignmentFlag.AlignVCenter
        painter.setFont(theme.font())
        painter.setPen(theme.colour(tokens.muted))
        keys = str(index.data(_KEYS))
        painter.drawText(inner, vertical | Qt.AlignmentFlag.AlignRight, keys)
        inner.setRight(inner.right() - painter.fontMetrics().horizontalAdvance(keys) - 2 * SPACE_PX)
        painter.setPen(theme.colour(tokens.accent if chosen else tokens.text))
        title = str(index.data(Qt.ItemDataRole.DisplayRole))
        painter.drawText(inner, vertical | Qt.AlignmentFlag.AlignLeft, title)
        inner.setLeft(inner.left() + painter.fontMetrics().horizontalAdvance(title) + 3 * SPACE_PX)
        painter.setFont(theme.font("small"))
        painter.setPen(theme.colour(tokens.muted))
        tip = painter.fontMetrics().elidedText(str(index.data(_TIP)), Qt.TextElideMode.ElideRight, inner.width())
        painter.drawText(inner, vertical | Qt.AlignmentFlag.AlignLeft, tip)
        painter.restore()


class CommandPalette(QFrame):
    """A list of every command that can be used now, over the window; Escape or a click elsewhere closes it.

    Args:
        actions: The window's.
        parent: The window's content, over which it floats.

    Attributes:
        offered: Emitted with what Enter would do now; the list never has the keyboard, so no screen reader reads it.
    """

    offered = Signal(str)

    def __init__(self, actions: ActionSet, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("command-palette")
        self.setAutoFillBackground(True)
        self._actions = actions
        self._over = parent
        self._before: QWidget | None = None
        self.search = QLineEdit()
        self.search.setObjectName("command-search")
        self.search.setPlaceholderText("What do you want to do?")
        self.search.setAccessibleName("Find a command")
        self.search.textChanged.connect(self._on_typed)
        self.search.installEventFilter(self)
        self.rows = QListWidget()
        self.rows.setAccessibleName("Commands")
        self.rows.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.rows.setItemDelegate(_RowDelegate(self.rows))
        self.rows.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.rows.itemClicked.connect(self._on_clicked)
        self.rows.currentRowChanged.connect(self._on_row)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * SPACE_PX, 2 * SPACE_PX, 2 * SPACE_PX, 2 * SPACE_PX)
        column.setSpacing(2 * SPACE_PX)
        column.addWidget(self.search)
        column.addWidget(self.rows)
        self.setFixedWidth(_WIDTH_PX)
        self.hide()

    @property
    def found(self) -> tuple[str, ...]:
        """Ids of the commands listed, best first."""
        return tuple(str(self.rows.item(row).data(_ID)) for row in range(self.rows.count()))

    def open(self) -> None:
        """Show it, empty, with the keyboard."""
        self._before = QApplication.focusWidget()
        self.search.clear()
        self.show()
        self._list("")
        self.move(QPoint((self._over.width() - self.width()) // 2, 12 * SPACE_PX))
        self.raise_()
        self.search.setFocus()

    def run_current(self) -> None:
        """Close it and do the chosen command."""
        item = self.rows.currentItem()
        self._close()
        if item is not None:
            self._actions[str(item.data(_ID))].trigger()

    def _close(self) -> None:
        """Hide, and give the keyboard back to where it was: Space shall go on re-rolling, not press what comes next."""
        before = self._before if self._before is not None and shiboken6.isValid(self._before) else None
        (before or self.window()).setFocus()
        self.hide()

    def _list(self, wanted: str) -> None:
        ranked: list[tuple[float, int, QAction]] = []
        for order, entry in enumerate(ACTIONS):
            action = self._actions[entry.id]
            if not action.isEnabled() or entry.id == "command-palette":
                continue
            text = f"{entry.title} {MENUS[entry.menu].replace('&', '')}"
            score = fuzzy_score(wanted, text)
            if score is not None:
                ranked.append((-score if wanted else 0.0, order, action))
        self.rows.clear()
        tips = {entry.id: entry.tip for entry in ACTIONS}
        for _, _, action in sorted(ranked, key=lambda row: row[:2]):
            item = QListWidgetItem(action.text().replace("…", ""))
            item.setData(_ID, action.objectName())
            item.setData(_KEYS, action.shortcut().toString(QKeySequence.SequenceFormat.NativeText))
            item.setData(_TIP, tips[action.objectName()])
            self.rows.addItem(item)
        self.rows.setCurrentRow(0)
        self.rows.setFixedHeight(min(_ROWS, max(1, self.rows.count())) * _ROW_PX)
        self.adjustSize()

    @Slot(str)
    def _on_typed(self, text: str) -> None:
        self._list(text.strip())

    @Slot(int)
    def _on_row(self, row: int) -> None:
        item = self.rows.item(row) if row >= 0 else None
        if item is not None and self.isVisible():
            keys = f", {item.data(_KEYS)}" if item.data(_KEYS) else ""
            self.offered.emit(f"{item.text()}{keys}, {row + 1} of {self.rows.count()}")

    @Slot()
    def _on_clicked(self) -> None:
        self.run_current()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Arrows choose, Enter does, Escape closes; losing the keyboard closes too."""
        if watched is self.search and event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            match event.key():
                case Qt.Key.Key_Down | Qt.Key.Key_Up:
                    step = 1 if event.key() == Qt.Key.Key_Down else -1
                    self.rows.setCurrentRow((self.rows.currentRow() + step) % max(1, self.rows.count()))
                    return True
                case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                    self.run_current()
                    return True
                case Qt.Key.Key_Escape:
                    self._close()
                    return True
        if watched is self.search and event.type() == QEvent.Type.FocusOut:
            self.hide()
        return super().eventFilter(watched, event)
