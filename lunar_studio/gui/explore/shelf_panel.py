"""The shelf: kept sprites above, with a search, and the history below."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt, Signal, Slot
from PySide6.QtWidgets import QListView, QScrollArea, QSplitter, QVBoxLayout, QWidget

from lunar_studio.gui.explore.bookmark_grid import BookmarkGrid
from lunar_studio.gui.explore.history_model import HistoryModel
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.labels import Label
from lunar_studio.gui.widgets.panel import Panel
from lunar_studio.gui.widgets.search_field import SearchField
from lunar_studio.gui.widgets.section_header import SectionHeader
from lunar_studio.gui.widgets.tab_order import follow_each_other
from lunar_studio.session.document import Bookmark, Document
from lunar_studio.session.history import Session


class ShelfPanel(Panel):
    """Bookmarks and history.

    Args:
        session: Whose history.
        parent: Its owner.

    Attributes:
        step_chosen: Emitted with a position of the history.
        grid: The bookmarks, or those that are looked for.
        search: Words to find some of them by.
    """

    step_chosen = Signal(int)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("shelf-panel")
        self._model = HistoryModel(session, self)
        self._shown: tuple[Bookmark, ...] = ()
        self.grid = BookmarkGrid()
        self._empty = Label(
            "Press K to keep a sprite here, with the way back to it.", size="small", role="muted", wrap=True
        )
        self._kept = SectionHeader("Kept", folds=False)
        self.search = SearchField("Find by name or tag")
        self.search.setObjectName("shelf-search")
        self.search.setAccessibleName("Find a kept sprite")
        self.search.setToolTip("Words of a name, of tags, or of the words a sprite was drawn for")
        self.search.textChanged.connect(self._show_found)
        self.search.hide()
        self._none = Label("Nothing kept is called or tagged so.", size="small", role="muted", wrap=True)
        self._none.hide()
        shelf = QWidget()
        kept = QVBoxLayout(shelf)
        kept.setContentsMargins(0, 0, 0, 0)
        kept.setSpacing(SPACE_PX)
        kept.addWidget(self._empty)
        kept.addWidget(self._none)
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
        splitter.addWidget(_with_header(self._kept, self.search, scroll))
        splitter.addWidget(_with_header(SectionHeader("History", folds=False), self.history))
        splitter.setSizes([260, 300])
        self.column.addWidget(splitter)
        self.setMinimumWidth(152)

    def show_document(self, document: Document) -> None:
        """Show its bookmarks, and where in the history it stands."""
        if document.bookmarks is not self._shown:  # called for every step of a drag
            known, self._shown = {one.id for one in self._shown}, document.bookmarks
            new = [one for one in self._shown if one.id not in known]
            if not all(one.is_found_by(self.search.text()) for one in new):
                self.search.clear()  # what was just kept must be seen
            self._show_found()
        self._model.refresh()
        row = self._model.current_row()
        if self.history.currentIndex().row() != row:
            self.history.setCurrentIndex(self._model.index(row))

    @Slot()
    def _show_found(self) -> None:
        """The kept sprites that the words in the search find; all of them for none."""
        words, kept = self.search.text(), self._shown
        found = tuple(one for one in kept if one.is_found_by(words))
        self.grid.set_bookmarks(found)
        follow_each_other((self.search, *self.grid.thumbs))  # made last, they would come after everything else
        self._empty.setVisible(not kept)
        self.search.setVisible(bool(kept))
        self._none.setVisible(bool(kept) and not found)
        all_of_them = str(len(kept) or "")
        self._kept.set_note(all_of_them if len(found) == len(kept) else f"{len(found)} of {len(kept)}")

    @Slot(QModelIndex)
    def _on_row(self, index: QModelIndex) -> None:
        self.step_chosen.emit(self._model.position_of(index.row()))


def _with_header(header: SectionHeader, *bodies: QWidget) -> QWidget:
    box = QWidget()
    column = QVBoxLayout(box)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(SPACE_PX)
    column.addWidget(header)
    for body in bodies[:-1]:
        column.addWidget(body)
    column.addWidget(bodies[-1], 1)
    return box
