"""Sprites onto the shelf, and back from it: bookmarks, their names and tags, and the way back to each."""

from __future__ import annotations

import math

from PySide6.QtCore import QObject, Slot

from lunar_studio.core.latent import Latent
from lunar_studio.core.overlay import NOTHING, Overlay
from lunar_studio.core.sprite import Sprite
from lunar_studio.gui.explore.controller import ExploreController
from lunar_studio.session.commands import AddBookmark, RemoveBookmark, RenameBookmark, TagBookmark
from lunar_studio.session.keeping import bookmark_of


class Shelving(QObject):
    """Does what is asked of the shelf.

    Args:
        controller: The way to the document.
        parent: Its owner.
    """

    def __init__(self, controller: ExploreController, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._controller = controller

    @Slot()
    def keep_shown(self) -> None:
        """Keep what is on the canvas."""
        current, document = self._controller.current, self._controller.document
        if current is None or current.latent != document.latent:
            return
        score = None if math.isnan(current.score.value) else current.score.value
        self.keep(current.latent, current.sprite, score, seed=document.seed, edits=document.edits)

    def keep(
        self, latent: Latent, sprite: Sprite, score: float | None, *, seed: int = 0, edits: Overlay = NOTHING
    ) -> None:
        """Keep a sprite on the shelf, whether it is the one on the canvas or not.

        Args:
            latent: Where it is.
            sprite: Its pixels.
            score: The teacher's judgement, 0 to 100.
            seed: What it grew from.
            edits: Which of its pixels were painted.
        """
        document = self._controller.document
        self._controller.do(AddBookmark(bookmark_of(document, latent, sprite, score, seed=seed, edits=edits)))

    @Slot(str)
    def go_to(self, bookmark_id: str) -> None:
        """Begin a new exploration at a kept sprite."""
        document = self._controller.document
        kept = document.bookmark(bookmark_id)
        if kept.model and kept.model != document.model:
            self._controller.take_sprite(kept.sprite)  # another model's latent means nothing here; its pixels do
        else:
            title = f"Go to {kept.name}"
            self._controller.begin(kept.latent, title, seed=kept.seed, prompt=kept.prompt, edits=kept.edits)

    @Slot(str)
    def remove(self, bookmark_id: str) -> None:
        """Take a sprite from the shelf; undo brings it back."""
        self._controller.do(RemoveBookmark(bookmark_id, self._controller.document.bookmark(bookmark_id).name))

    @Slot(str, str)
    def rename(self, bookmark_id: str, name: str) -> None:
        """Call a kept sprite something else."""
        self._controller.do(RenameBookmark(bookmark_id, name))

    @Slot(str, object)
    def tag(self, bookmark_id: str, tags: tuple[str, ...]) -> None:
        """Give a kept sprite other tags."""
        self._controller.do(TagBookmark(bookmark_id, tags, self._controller.document.bookmark(bookmark_id).name))
