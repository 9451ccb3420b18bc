"""What other views have found, in the strip: in-betweens of a mix, candidates for words."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal, Slot

from lunar_studio.core.latent import Latent
from lunar_studio.core.prompt_words import Candidate
from lunar_studio.core.score import Score
from lunar_studio.core.sprite import Sprite
from lunar_studio.gui.explore.controller import ExploreController
from lunar_studio.gui.explore.strip_panel import COUNT, StripPanel
from lunar_studio.workers.grid_service import GridPart, GridService


class Offering(QObject):
    """Draws latents for the strip, or shows what has been drawn; it is kept while the strip shows something else.

    Args:
        controller: The way to the model.
        strip: Where they are seen.
        parent: Its owner.

    Attributes:
        renew_asked: Emitted with the kind of what the strip offers: others shall be found.
    """

    renew_asked = Signal(str)

    def __init__(self, controller: ExploreController, strip: StripPanel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._strip = strip
        self._grid = GridService(controller.service, "offered", self)
        self._latents: tuple[Latent, ...] = ()
        self._sprites: list[Sprite] = []
        self._scores: list[Score] = []
        self._notes: tuple[str, ...] = ()
        self._badges: tuple[str, ...] = ()
        self._kind = ""
        self._grid.arrived.connect(self._on_part)
        strip.wanted.connect(self._on_wanted)
        strip.again_asked.connect(self._on_again)

    @Slot(str, object)
    def offer(self, title: str, latents: tuple[Latent, ...]) -> None:
        """Show the sprites of latents under a title."""
        self._latents, self._sprites, self._scores = latents[:COUNT], [], []
        self._notes, self._badges, self._kind = (), (), ""
        self._show(title)

    def offer_drawn(
        self,
        title: str,
        found: Sequence[Candidate],
        notes: tuple[str, ...],
        badges: tuple[str, ...],
        kind: str = "",
        *,
        is_more: bool = False,
    ) -> None:
        """Show sprites that are known already.

        Args:
            title: What they are called.
            found: The sprites.
            notes: A line for the tooltip of each.
            badges: A few letters for the corner of each.
            kind: What `renew_asked` says when others are wanted; empty if there are no others.
            is_more: Whether they are those of the last call and some more: a strip that shows something else by now
                goes on doing so, and what was offered since is not replaced.
        """
        if is_more and self._strip.offered_title != title:
            return
        self._kind = kind
        self._latents = tuple(one.latent for one in found[:COUNT])
        self._sprites = [one.sprite for one in found[:COUNT]]
        self._scores = [one.score for one in found[:COUNT]]
        self._notes, self._badges = notes, badges
        if is_more:
            self._strip.offer_again(self._latents, self._sprites, self._scores, notes, badges)
        else:
            self._show(title)

    def _show(self, title: str) -> None:
        self._strip.offer(title, self._latents, can_renew=bool(self._kind))
        self._strip.put_offered(0, self._sprites, self._scores, self._notes, self._badges)
        missing = self._latents[len(self._sprites) :]
        if missing:
            self._grid.request(missing)
        else:
            self._grid.stop()

    @Slot(str, float)
    def _on_wanted(self, mode: str, _strength: float) -> None:
        if mode == "offered":
            self._show(self._strip.offered_title)
        else:
            self._grid.stop()

    @Slot()
    def _on_again(self) -> None:
        if self._kind:
            self.renew_asked.emit(self._kind)

    @Slot(object)
    def _on_part(self, part: GridPart) -> None:
        self._strip.put_offered(len(self._sprites), part.sprites, part.scores)
        self._sprites += part.sprites
        self._scores += part.scores
