"""Kept sprites as thumbnails, with all that can be done to each."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QGridLayout, QMenu, QSizePolicy, QWidget

from lunar_studio.gui.explore.bookmark_editor import BookmarkEditor
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.sprite_thumb import SpriteThumb
from lunar_studio.session.document import Bookmark

_THUMB_PX = 17 * SPACE_PX
_GAP_PX = SPACE_PX


class BookmarkGrid(QWidget):
    """Kept sprites as thumbnails in as many columns as there is room for.

    Attributes:
        chosen: Emitted with a bookmark's id.
        remove_asked: Emitted with a bookmark's id.
        rename_asked: Emitted with a bookmark's id and the new name.
        tags_asked: Emitted with a bookmark's id and its new tags.
        mix_asked: Emitted with a bookmark's id.
        teach_asked: Emitted with `more` or `less` and a bookmark's id.
        carried: Emitted with the thumbnail that the hand has lifted and its bookmark's id.
        editor: Where a name and tags are typed.
    """

    carried = Signal(object, str)
    teach_asked = Signal(str, str)
    mix_asked = Signal(str)
    chosen = Signal(str)
    remove_asked = Signal(str)
    rename_asked = Signal(str, str)
    tags_asked = Signal(str, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bookmarks: tuple[Bookmark, ...] = ()
        self._thumbs: list[SpriteThumb] = []
        self._columns = 0
        self._pointed: SpriteThumb | None = None
        self._edit_key = QShortcut(QKeySequence(Qt.Key.Key_F2), self)
        self._edit_key.setEnabled(False)
        self._edit_key.activated.connect(self._edit_pointed)
        self.editor = BookmarkEditor(self)
        self.editor.named.connect(self.rename_asked)
        self.editor.tagged.connect(self.tags_asked)
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
            if thumb is self._pointed:
                self._pointed = None
                self._edit_key.setEnabled(False)
            self._grid.removeWidget(thumb)
            thumb.deleteLater()
        while len(self._thumbs) < len(bookmarks):
            self._thumbs.append(self._make_thumb())
        for thumb, kept in zip(self._thumbs, bookmarks, strict=True):
            thumb.setProperty("bookmark", kept.id)
            thumb.setAccessibleName(kept.name)
            score = "" if kept.score is None else f", score {kept.score:.0f}"
            tags = f" ({', '.join(kept.tags)})" if kept.tags else ""
            thumb.setToolTip(
                f"{kept.name}{tags}{score}. Click to go there; drag it to Mix or Teach; F2 names and tags it; "
                "right-click for more."
            )
            thumb.set_sprite(kept.sprite)
            thumb.set_badge("" if kept.score is None else f"{kept.score:.0f}")
        self._lay_out(force=True)

    def _make_thumb(self) -> SpriteThumb:
        thumb = SpriteThumb("", _THUMB_PX, self)
        thumb.clicked.connect(self._on_clicked)
        thumb.lifted.connect(self._on_lifted)
        thumb.installEventFilter(self)
        thumb.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        thumb.customContextMenuRequested.connect(self._on_menu)
        return thumb

    @Slot()
    def _edit_pointed(self) -> None:
        if self._pointed is not None:
            self._edit(self._pointed, tags=False)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """F2 is for the sprite under the mouse, wherever the keyboard is: a click on it leaves the keyboard there."""
        if event.type() in (QEvent.Type.Enter, QEvent.Type.Leave) and isinstance(watched, SpriteThumb):
            self._pointed = watched if event.type() == QEvent.Type.Enter else None
            self._edit_key.setEnabled(self._pointed is not None)
        return super().eventFilter(watched, event)

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
        rename, tag = menu.addAction("Rename…"), menu.addAction("Tags…")
        remove = menu.addAction("Remove")
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
        elif picked in (rename, tag):
            self._edit(thumb, tags=picked is tag)

    def _edit(self, thumb: SpriteThumb, *, tags: bool) -> None:
        bookmark_id = str(thumb.property("bookmark"))
        kept = next((one for one in self._bookmarks if one.id == bookmark_id), None)
        if kept is not None:
            self.editor.edit(kept, thumb.mapToGlobal(QPoint(0, thumb.height())), tags=tags)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """F2 names and tags the sprite that has the keyboard; Delete takes it from the shelf."""
        thumb = self.focusWidget()
        if not isinstance(thumb, SpriteThumb) or not thumb.hasFocus():
            super().keyPressEvent(event)
        elif event.key() == Qt.Key.Key_F2:
            self._edit(thumb, tags=False)
        elif event.key() == Qt.Key.Key_Delete and not event.modifiers():
            self.remove_asked.emit(str(thumb.property("bookmark")))
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """As many columns as there is room for."""
        super().resizeEvent(event)
        self._lay_out()
