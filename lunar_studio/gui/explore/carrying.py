"""Sprites dragged from shelf and strip onto the Mix pad and into the bins of Teach."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot

from lunar_studio.gui.explore.bookmark_grid import BookmarkGrid
from lunar_studio.gui.explore.carried import carry
from lunar_studio.gui.explore.mixing import Mixing
from lunar_studio.gui.explore.strip_panel import StripPanel
from lunar_studio.gui.explore.teaching import Kind, Teaching
from lunar_studio.gui.widgets.sprite_thumb import SpriteThumb
from lunar_studio.session.history import Session

_SHELF, _STRIP = "shelf/", "strip"


class Carrying(QObject):
    """Names what is lifted, and knows what a name means where it is put down.

    Args:
        session: Has the kept sprites.
        shelf: Where they are lifted.
        strip: Where others are lifted.
        mixing: Takes what is dropped on the pad.
        teaching: Takes what is dropped into a bin.
        parent: Its owner.
    """

    def __init__(
        self,
        session: Session,
        shelf: BookmarkGrid,
        strip: StripPanel,
        mixing: Mixing,
        teaching: Teaching,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._strip = session, strip
        self._mixing, self._teaching = mixing, teaching
        shelf.carried.connect(self._on_shelf)
        strip.carried.connect(self._on_strip)

    @Slot(object, str)
    def _on_shelf(self, thumb: SpriteThumb, bookmark_id: str) -> None:
        carry(thumb, f"{_SHELF}{bookmark_id}")

    @Slot(object)
    def _on_strip(self, thumb: SpriteThumb) -> None:
        carry(thumb, _STRIP)

    def _kept(self, name: str) -> str:
        """The id of the kept sprite that a name means; empty if it means none."""
        wanted = name.removeprefix(_SHELF) if name.startswith(_SHELF) else ""
        return wanted if any(kept.id == wanted for kept in self._session.document.bookmarks) else ""

    @Slot(str)
    def mix(self, name: str) -> None:
        """Put what was dropped on the pad."""
        if kept := self._kept(name):
            self._mixing.add_bookmark(kept)
        elif name == _STRIP and self._strip.lifted is not None:
            self._mixing.add(*self._strip.lifted)

    @Slot(str)
    def teach_more(self, name: str) -> None:
        """Put what was dropped among the examples that have more."""
        self._teach("more", name)

    @Slot(str)
    def teach_less(self, name: str) -> None:
        """Put what was dropped among the examples that have less."""
        self._teach("less", name)

    def _teach(self, kind: Kind, name: str) -> None:
        if kept := self._kept(name):
            self._teaching.add_bookmark(kind, kept)
        elif name == _STRIP and self._strip.lifted is not None:
            self._teaching.add(kind, *self._strip.lifted)
