"""The shelf: kept sprites above, the history below."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPoint, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QInputDialog,
    QListView,
    QMenu,
    QScrollArea,
    QSizePolicy,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from lunar_studio.gui.explore.history_model import HistoryModel
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.labels import Label
from lunar_studio.gui.widgets.panel import Panel
from lunar_studio.gui.widgets.section_header import SectionHeader
from lunar_studio.gui.widgets.sprite_thumb import SpriteThumb
from lunar_studio.session.document import Bookmark, Document
from lunar_studio.session.history import Session

_THUMB_PX = 17 * SPACE_PX
_GAP_PX = SPACE_PX


class BookmarkGrid(QWidget):
    """Kept sprites as thumbnails in as many columns as there is room for.

    Attributes:
        chosen: Emitted with a bookmark's id.
        remove_asked: Emitted with a bookmark's id.
        rename_asked: Emitted with a bookmark's id and the new name.
        mix_asked: Emitted with a bookmark's id.
        teach_asked: Emitted with `more` or `less` and a bookmark's id.
        carried: Emitted with the thumbnail that the hand has lifted and its bookmark's id.
    """

    carried = Signal(object, str)
    teach_asked = Signal(str, str)
    mix_asked = Signal(str)
    chosen = Signal(str)
    remove_asked = Signal(str)
    rename_asked = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bookmarks: tuple[Bookmark, ...] = ()
        self._thumbs: list[SpriteThumb] = []
        self._columns = 0
        # Its width is the shelf's: else the columns it has would keep it from shrinking when a scroll bar appears.
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(_GAP_PX)
        self._grid.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)

    @property
    def thumbs(self) -> tuple[SpriteThumb, ...]:
        """The thumbnails, in the order of the shelf."""
        return tuple(self._thumbs)

    def set_bookmarks(self, bookmarks: tuple[Bookmark, ...]) -> None:
        """Show other bookmarks; thumbnails are reused."""
        if bookmarks == self._bookmarks:
            return
        self._bookmarks = bookmarks
        while len(self._thumbs) > len(bookmarks):
            thumb = self._thumbs.pop()
            self._grid.removeWidget(thumb)
            thumb.deleteLater()
        while len(self._thumbs) < len(bookmarks):
            self._thumbs.append(self._make_thumb())
        for thumb, kept in zip(self._thumbs, bookmarks, strict=True):
            thumb.setProperty("bookmark", kept.id)
            thumb.setAccessibleName(kept.name)
            score = "" if kept.score is None else f", score {kept.score:.0f}"
            thumb.setToolTip(f"{kept.name}{score}. Click to go there; drag it to Mix or Teach; right-click for more.")
            thumb.set_sprite(kept.sprite)
            thumb.set_badge("" if kept.score is None else f"{kept.score:.0f}")
        self._lay_out(force=True)

    def _make_thumb(self) -> SpriteThumb:
        thumb = SpriteThumb("", _THUMB_PX, self)
        thumb.clicked.connect(self._on_clicked)
        thumb.lifted.connect(self._on_lifted)
        thumb.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        thumb.customContextMenuRequested.connect(self._on_menu)
        return thumb

    def _lay_out(self, *, force: bool = False) -> None:
        columns = max(1, (self.width() + _GAP_PX) // (_THUMB_PX + _GAP_PX))
        if columns == self._columns and not force:
            return
        self._columns = columns
        for index, thumb in enumerate(self._thumbs):
            self._grid.addWidget(thumb, index // columns, index % columns)
            thumb.show()

    @Slot()
    def _on_clicked(self) -> None:
        self.chosen.emit(str(self.sender().property("bookmark")))

    @Slot()
    def _on_lifted(self) -> None:
        self.carried.emit(self.sender(), str(self.sender().property("bookmark")))

    @Slot(QPoint)
    def _on_menu(self, point: QPoint) -> None:
        thumb = self.sender()
        if not isinstance(thumb, SpriteThumb):
            return
        bookmark_id = str(thumb.property("bookmark"))
        menu = QMenu(thumb)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        go, mix = menu.addAction("Go There"), menu.addAction("Add to Mix")
        more, less = menu.addAction("Teach: Has More"), menu.addAction("Teach: Has Less")
        rename, remove = menu.addAction("Rename…"), menu.addAction("Remove")
        picked = menu.exec(thumb.mapToGlobal(point))
        if all(kept.id != bookmark_id for kept in self._bookmarks):
            return  # another project has been opened while the menu was
        if picked is go:
            self.chosen.emit(bookmark_id)
        elif picked is mix:
            self.mix_asked.emit(bookmark_id)
        elif picked in (more, less):
            self.teach_asked.emit("more" if picked is more else "less", bookmark_id)
        elif picked is remove:
            self.remove_asked.emit(bookmark_id)
        elif picked is rename:
            name, agreed = QInputDialog.getText(self, "Rename", "Name of this sprite:", text=thumb.accessibleName())
            if agreed and name.strip():
                self.rename_asked.emit(bookmark_id, name.strip()[:100])

    def resizeEvent(self, event: QResizeEvent) -> None:
        """As many columns as there is room for."""
        super().resizeEvent(event)
        self._lay_out()


class ShelfPanel(Panel):
    """Bookmarks and history.

    Args:
        session: Whose history.
        parent: Its owner.

    Attributes:
        step_chosen: Emitted with a position of the history.
        grid: The bookmarks.
    """

    step_chosen = Signal(int)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("shelf-panel")
        self._model = HistoryModel(session, self)
        self._shown: tuple[Bookmark, ...] | None = None
        self.grid = BookmarkGrid()
        self._empty = Label(
            "Press K to keep a sprite here, with the way back to it.", size="small", role="muted", wrap=True
        )
        self._kept = SectionHeader("Kept", folds=False)
        shelf = QWidget()
        kept = QVBoxLayout(shelf)
        kept.setContentsMargins(0, 0, 0, 0)
        kept.setSpacing(SPACE_PX)
        kept.addWidget(self._empty)
        kept.addWidget(self.grid)
        kept.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(shelf)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidgetResizable(True)
        shelf.setAutoFillBackground(False)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.history = QListView()
        self.history.setObjectName("history")
        self.history.setAccessibleName("History")
        self.history.setAccessibleDescription("Every step; Enter or a click goes back to one, and forward again.")
        self.history.setModel(self._model)
        self.history.setUniformItemSizes(True)
        self.history.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.history.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.history.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.history.clicked.connect(self._on_row)
        self.history.activated.connect(self._on_row)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.setObjectName("shelf-splitter")
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(_with_header(self._kept, scroll))
        splitter.addWidget(_with_header(SectionHeader("History", folds=False), self.history))
        splitter.setSizes([260, 300])
        self.column.addWidget(splitter)
        self.setMinimumWidth(152)

    def show_document(self, document: Document) -> None:
        """Show its bookmarks, and where in the history it stands."""
        if document.bookmarks is not self._shown:  # called for every step of a drag
            self._shown = document.bookmarks
            self.grid.set_bookmarks(document.bookmarks)
            self._empty.setVisible(not document.bookmarks)
            self._kept.set_note(str(len(document.bookmarks) or ""))
        self._model.refresh()
        row = self._model.current_row()
        if self.history.currentIndex().row() != row:
            self.history.setCurrentIndex(self._model.index(row))

    @Slot(QModelIndex)
    def _on_row(self, index: QModelIndex) -> None:
        self.step_chosen.emit(self._model.position_of(index.row()))


def _with_header(header: SectionHeader, body: QWidget) -> QWidget:
    box = QWidget()
    column = QVBoxLayout(box)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(SPACE_PX)
    column.addWidget(header)
    column.addWidget(body, 1)
    return box
