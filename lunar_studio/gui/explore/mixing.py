"""Mixing in the window: between the pad, the document and the strip.

What is mixed is no part of the document; what comes of it is: a drag of the handle is one step, and undo takes it back.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass, field

from PySide6.QtCore import QObject, Signal, Slot

from lunar_studio.core.blending import MOST_MIXED, LatentParts, blended, in_betweens
from lunar_studio.core.events import Decoded
from lunar_studio.core.latent import Latent
from lunar_studio.core.sprite import Sprite
from lunar_studio.gui.explore.controller import ExploreController
from lunar_studio.gui.explore.mix_view import MixView
from lunar_studio.session.commands import PutLatent
from lunar_studio.session.document import Document, with_locks
from lunar_studio.workers.explore_service import LoadedModel

_MERGE = "mix"
_REMEMBERED = 256


@dataclass(slots=True)
class _Sources:
    """What is mixed."""

    latents: list[Latent] = field(default_factory=list)
    sprites: list[Sprite] = field(default_factory=list)


class Mixing(QObject):
    """What the Mix view does.

    Args:
        controller: The way to document and model.
        view: Where it is seen.
        parent: Its owner.

    Attributes:
        added: A sprite came to the pad: the view should be seen.
        offered: Emitted with a title and the latents of in-betweens, for the strip.
        said: Emitted with a sentence for the status line.
    """

    added = Signal()
    offered = Signal(str, object)
    said = Signal(str)

    def __init__(self, controller: ExploreController, view: MixView, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self._view = view
        self._sources = _Sources()
        self._places: OrderedDict[Latent, tuple[float, float]] = OrderedDict()
        view.add_asked.connect(self.add_current)
        view.clear_asked.connect(self.clear)
        view.sources_changed.connect(self._on_sources)
        view.steps_asked.connect(self.offer_steps)
        view.pad.moved.connect(self._on_moved)
        view.pad.move_ended.connect(controller.end_move)
        view.pad.remove_asked.connect(self.remove)
        controller.settled.connect(self._on_settled)
        controller.document_changed.connect(self._on_document)
        controller.model_replaced.connect(self._on_replaced)

    @property
    def latents(self) -> tuple[Latent, ...]:
        """What is mixed, in the order of the corners."""
        return tuple(self._sources.latents)

    # ---- what is mixed -----------------------------------------------------------------------------

    def add(self, latent: Latent, sprite: Sprite) -> None:
        """Put a sprite on the pad; one that is there already stays where it is."""
        sources = self._sources
        model = self._controller.model
        if model is None or len(latent) != model.info.latent_dim:
            self.said.emit("This sprite is of another model: go to it first, then add it")
            return
        if latent in sources.latents:
            self.said.emit("This sprite is on the pad already")
        elif len(sources.latents) == MOST_MIXED:
            self.said.emit(f"The pad holds {MOST_MIXED} sprites: right-click one there to take it out")
        else:
            sources.latents.append(latent)
            sources.sprites.append(sprite)
            self._show()
            self._on_sources()  # the pad says what part each has of what is seen
        self.added.emit()

    @Slot()
    def add_current(self) -> None:
        """Put the sprite on the canvas on the pad."""
        current, latent = self._controller.current, self._controller.document.latent
        if current is not None and latent is not None and current.latent == latent:
            self.add(latent, current.sprite)

    def add_bookmark(self, bookmark_id: str) -> None:
        """Put a kept sprite on the pad."""
        kept = self._controller.document.bookmark(bookmark_id)
        if kept.model and kept.model != self._controller.document.model:
            self.said.emit(f"{kept.name} is of another model: go to it first, then add it")
        else:
            self.add(kept.latent, Sprite(kept.sprite.rgba_HWC, kept.name))

    @Slot(int)
    def remove(self, index: int) -> None:
        """Take a sprite off the pad."""
        if 0 <= index < len(self._sources.latents):
            del self._sources.latents[index], self._sources.sprites[index]
            self._show()

    @Slot()
    def clear(self) -> None:
        """Take every sprite off the pad."""
        self._sources = _Sources()
        self._show()

    def _show(self) -> None:
        self._places.clear()
        self._view.show_sprites(tuple(self._sources.sprites), keeps_colours_apart=self._parts().keeps_colours_apart)

    def _parts(self) -> LatentParts:
        model = self._controller.model
        return LatentParts(0, 0) if model is None else model.info.latent_parts

    # ---- mixing ------------------------------------------------------------------------------------

    @Slot(object)
    def _on_moved(self, weights: tuple[float, ...]) -> None:
        self._mix(weights)

    @Slot()
    def _on_sources(self) -> None:
        if self._view.pad.count > 1:
            self._controller.end_move()
            self._mix(self._view.pad.weights)
            self._controller.end_move()

    def _mix(self, weights: tuple[float, ...]) -> None:
        now, view = self._controller.document.latent, self._view
        if now is None:
            return
        shape, colours = (self._alone(weights, view.chosen(box)) for box in (view.shape, view.colours))
        mixed = blended(self._sources.latents, shape, self._parts(), colours)
        mixed = with_locks(mixed, now, self._controller.sliders.locked)
        self._places[mixed] = view.pad.place
        while len(self._places) > _REMEMBERED:
            self._places.popitem(last=False)
        self._controller.session.do(PutLatent(mixed, "Mix"), merge=_MERGE)

    @staticmethod
    def _alone(weights: tuple[float, ...], index: int) -> tuple[float, ...]:
        return weights if index < 0 else tuple(float(at == index) for at in range(len(weights)))

    @Slot(int)
    def offer_steps(self, count: int) -> None:
        """Show the way from sprite to sprite in the strip."""
        if len(self._sources.latents) > 1:
            self.offered.emit("In-betweens", in_betweens(self._sources.latents, count, self._parts()))

    # ---- what follows ------------------------------------------------------------------------------

    @Slot(object)
    def _on_settled(self, decoded: Decoded) -> None:
        self._view.preview.show_sprite(decoded.sprite)
        score = decoded.score.value
        self._view.preview.setAccessibleDescription("" if math.isnan(score) else f"Score {score:.0f}")

    @Slot(object)
    def _on_document(self, document: Document) -> None:
        """Undo and redo take the handle along."""
        place = None if document.latent is None else self._places.get(document.latent)
        self._view.tell_mixed(is_mixed=place is not None)
        if place is not None and place != self._view.pad.place:
            self._view.pad.set_place(place)

    @Slot(object)
    def _on_replaced(self, _model: LoadedModel) -> None:
        self._sources = _Sources()
        self._places.clear()
        self._view.show_sprites((), keeps_colours_apart=False)
