"""An artist's own sprite: fitted with the choice in sight, found in the model's world, and how near that comes.

The encoder's answer is shown at once; then the latent moves nearer, seen as it goes, until it is stopped or any other
edit comes. However long it takes, it is one step of the history.
"""

from __future__ import annotations

import math

from PySide6.QtCore import QObject, Signal, Slot

from lunar_studio.core.events import Refined
from lunar_studio.core.latent import Latent
from lunar_studio.core.sprite import Sprite
from lunar_studio.gui import pictures
from lunar_studio.gui.explore.controller import ExploreController
from lunar_studio.gui.explore.own_sprite_bar import MOST_WAYS, OwnSpriteBar
from lunar_studio.session.document import Document
from lunar_studio.workers.refine_service import RefineService


class OwnSprite(QObject):
    """Between the bar, the model and the document.

    Args:
        controller: The way to the document.
        bar: Where it is told.
        parent: Its owner.

    Attributes:
        fitted: Emitted with the `Sprite` at the model's size, whose place is being looked for.
    """

    fitted = Signal(object)

    def __init__(self, controller: ExploreController, bar: OwnSpriteBar, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self._bar = bar
        self._service = RefineService(controller.service, self)
        self._sprite: Sprite | None = None
        self._way = 0
        self._anchor: Latent | None = None
        self._is_followed = False
        self._shares: list[float] = []
        controller.own_taken.connect(self.take)
        controller.document_changed.connect(self._on_document)
        controller.model_changed.connect(self._on_model)
        bar.way_chosen.connect(self.choose_way)
        bar.stop_asked.connect(self.stop)
        bar.close_asked.connect(self.forget)
        self._service.refined.connect(self._on_refined)
        self._service.ended.connect(self._on_ended)

    @property
    def is_running(self) -> bool:
        """Whether it still comes nearer."""
        return self._service.is_busy

    @Slot(object)
    def take(self, sprite: Sprite) -> None:
        """Look for the place of a sprite of any size."""
        self._begin(sprite, 0)

    @Slot(int)
    def choose_way(self, number: int) -> None:
        """Fit the sprite another way, and look again."""
        if self._sprite is not None:
            self._begin(self._sprite, number)

    @Slot()
    def stop(self) -> None:
        """It is near enough."""
        self._service.stop()

    @Slot()
    def forget(self) -> None:
        """Take the bar away."""
        self._service.stop()
        self._sprite = self._anchor = None
        self._is_followed = False
        self._bar.hide()

    def _begin(self, sprite: Sprite, way: int) -> None:
        model = self._controller.model
        if model is None:
            return
        if sprite.is_empty:
            hint = "Every pixel of it is transparent: nothing could be found for it."
            self._controller.noticed.emit(f"{sprite.name or 'The picture'} is empty.", hint, "warn")
            return
        ways = pictures.fitted(sprite, model.info.image_size)[:MOST_WAYS]
        chosen = ways[way]
        self._sprite, self._way = sprite, way
        self._anchor, self._shares, self._is_followed = None, [], True
        self._controller.end_move()
        self._bar.show_sprite(chosen.sprite, chosen.note, [(one.way, one.note) for one in ways], way)
        self._bar.tell(f"Looking for {self._name} in the model's world…", is_running=True)
        self.fitted.emit(chosen.sprite)
        self._service.request(chosen.sprite)

    @property
    def _name(self) -> str:
        return "Your sprite" if self._sprite is None or not self._sprite.name else self._sprite.name

    @Slot(object)
    def _on_refined(self, found: Refined) -> None:
        if not self._is_followed:
            return
        self._shares.append(found.share)
        self._anchor = found.latent  # before the document changes: what follows of it is ours
        self._controller.put_own(found.latent, f"Open {'sprite' if self._sprite is None else self._name}")
        nearer = "" if found.share >= 1.0 else ", coming nearer…"  # nothing comes nearer than every pixel
        self._bar.tell(f"{self._told()}{nearer}", is_running=True)

    @Slot()
    def _on_ended(self) -> None:
        if not self._is_followed:
            return
        self._is_followed = False
        self._controller.end_move()
        first, last = (self._shares[0], self._shares[-1]) if self._shares else (math.nan, math.nan)
        better = "" if math.isnan(last) or last <= first else f"; at first it was {math.floor(100 * first)} %"
        self._bar.tell(f"{self._told()}{better}.", is_running=False)

    def _told(self) -> str:
        """How near it is, as the beginning of a sentence."""
        share = self._shares[-1] if self._shares else math.nan
        if math.isnan(share):
            return f"{self._name}: this is how the model draws it"
        if share >= 1.0:
            return f"{self._name}: the model draws every pixel of it"
        return f"{self._name}: the model draws {math.floor(100 * share)} % of its pixels exactly"

    @Slot(object)
    def _on_document(self, document: Document) -> None:
        """Another edit: the hand is always right. Another sprite: the bar speaks of nothing that is seen."""
        if self._sprite is None or self._anchor is None:
            return
        if self._is_followed and (document.latent != self._anchor or len(document.edits)):
            self._is_followed = False
            self._service.stop()
            self._bar.tell(f"{self._told()}. It comes no nearer: you have changed it.", is_running=False)
        if document.anchor != self._anchor:
            self.forget()

    @Slot(object)
    def _on_model(self, _model: object) -> None:
        self.forget()
