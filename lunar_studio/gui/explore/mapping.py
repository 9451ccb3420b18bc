"""Between the Map view and the document: what a click does, where the sprite lies, what is asked of the model.

A map is made when somebody first looks at the view, and not again until another model is open.
"""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from lunar_studio.core.sprite_map import MapRoute, SpriteMap
from lunar_studio.gui.explore.controller import ExploreController
from lunar_studio.gui.explore.map_panel import MapPanel
from lunar_studio.gui.explore.route_bar import words_of
from lunar_studio.gui.explore.shelving import Shelving
from lunar_studio.session.document import Document
from lunar_studio.workers.atlas_service import AtlasService, MapThumbs


class Mapping(QObject):
    """What the Map view does.

    Args:
        controller: The way to document and model.
        panel: Where it is seen.
        shelving: Keeps sprites of a route.
        parent: Its owner.

    Attributes:
        said: Emitted with a sentence for the status line.
        offered: Emitted with a title and the latents of a route, for the strip.
        service: What is asked of the model.
    """

    said = Signal(str)
    offered = Signal(str, object)

    def __init__(
        self, controller: ExploreController, panel: MapPanel, shelving: Shelving, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._controller = controller
        self._shelving = shelving
        self._panel = panel
        self.service = AtlasService(controller.service, self)
        self._is_asked = False
        self._route: MapRoute | None = None
        self._kept: tuple[str, ...] | None = None
        panel.opened.connect(self._on_opened)
        panel.view.taken.connect(self.take)
        panel.view.route_asked.connect(self.route_to)
        panel.view.route_dropped.connect(self.drop_route)
        panel.view.thumbs_wanted.connect(self._on_thumbs_wanted)
        panel.view.pointed.connect(self._on_pointed)
        panel.route.taken.connect(self.take_step)
        panel.route.keep_asked.connect(self.keep_route)
        panel.route.strip_asked.connect(self.offer_route)
        panel.route.close_asked.connect(self.drop_route)
        self.service.progressed.connect(panel.show_progress)
        self.service.charted.connect(self._on_charted)
        self.service.chart_ended.connect(self._on_chart_ended)
        self.service.pictured.connect(self._on_pictured)
        self.service.routed.connect(self._on_routed)
        controller.model_changed.connect(self._on_model)
        controller.document_changed.connect(self._on_document)

    @property
    def sprite_map(self) -> SpriteMap | None:
        """The map of the open model, once it is made."""
        return self._panel.view.sprite_map

    @property
    def route(self) -> MapRoute | None:
        """The route that is shown."""
        return self._route

    # ---- what the artist asks ------------------------------------------------------------------------

    @Slot(int)
    def take(self, index: int) -> None:
        """Make a point of the map the sprite."""
        if (sprite_map := self.sprite_map) is not None and 0 <= index < len(sprite_map):
            name = sprite_map.names[index].rsplit("/", 1)[-1].removesuffix(".png").replace("_", " ")
            self._controller.begin(sprite_map.latent(index), f"Go to {name or 'a place'} on the map")

    @Slot(int)
    def route_to(self, index: int) -> None:
        """Look for a route from the sprite to a point."""
        sprite_map, latent = self.sprite_map, self._controller.document.latent
        if sprite_map is not None and latent is not None and 0 <= index < len(sprite_map):
            self.said.emit("Looking for a way that avoids low scores… (Esc stops)")
            self._panel.view.awaits_route = True
            self.service.request_route(sprite_map, latent, sprite_map.latent(index))

    @Slot(int)
    def take_step(self, number: int) -> None:
        """Make a sprite of the route the sprite."""
        if self._route is not None and number < len(self._route.latents):
            self._controller.begin(self._route.latents[number], f"Take step {number + 1} of the route")

    @Slot()
    def keep_route(self) -> None:
        """Put all of the route on the shelf."""
        if self._route is None:
            return
        for latent, sprite, score in zip(self._route.latents, self._route.sprites, self._route.scores, strict=True):
            self._shelving.keep(latent, sprite, None if math.isnan(score) else score)
        self.said.emit(f"{len(self._route.latents)} sprites of the route are on the shelf")

    @Slot()
    def offer_route(self) -> None:
        """Put all of the route into the strip."""
        if self._route is not None:
            self.offered.emit("Route", self._route.latents)

    @Slot()
    def drop_route(self) -> None:
        """Take the route away, or look for it no longer."""
        if self._panel.view.awaits_route:
            self.service.stop_route()
            self._panel.view.awaits_route = False
            self.said.emit("Stopped looking for a way")
        self._route = None
        self._panel.route.hide()
        self._panel.view.set_route(np.zeros((0, 2), np.float32))

    # ---- what comes back -------------------------------------------------------------------------------

    @Slot()
    def _on_opened(self) -> None:
        if self.sprite_map is None and not self._is_asked and self._controller.model is not None:
            self._is_asked = True
            self.service.request_chart()

    @Slot(object)
    def _on_charted(self, sprite_map: SpriteMap) -> None:
        model = self._controller.model
        if model is not None and sprite_map.latent_dim == model.info.latent_dim:
            self._panel.show_map(sprite_map)
            self._kept = None
            self._on_document(self._controller.document)

    @Slot()
    def _on_chart_ended(self) -> None:
        self._is_asked = False

    @Slot(object)
    def _on_pictured(self, thumbs: MapThumbs) -> None:
        if thumbs.sprite_map is not self.sprite_map:
            return
        view = self._panel.view
        for index, sprite in zip(thumbs.indices, thumbs.sprites, strict=True):
            view.thumbs.add(index, sprite)
        if view.pointed_at in thumbs.indices:
            self._panel.card.show_picture(view.pointed_at)
        view.update()

    @Slot(object)
    def _on_routed(self, route: MapRoute) -> None:
        self._panel.view.awaits_route = False
        self._route = route
        self._panel.view.set_route(route.places_R2)
        self._panel.route.show_route(route)
        self.said.emit(words_of(route))

    @Slot(object)
    def _on_thumbs_wanted(self, indices: list[int]) -> None:
        if (sprite_map := self.sprite_map) is not None:
            self.service.request_thumbs(sprite_map, indices)

    @Slot(int)
    def _on_pointed(self, index: int) -> None:
        if index >= 0 and self.sprite_map is not None and not self._panel.view.thumbs.known_N[index]:
            self.service.request_one(self.sprite_map, index)

    @Slot(object)
    def _on_model(self, _model: object) -> None:
        self.service.stop()
        self._is_asked = False
        self._kept = None
        self.drop_route()
        self._panel.show_map(None)
        if self._panel.isVisible():
            self._on_opened()

    @Slot(object)
    def _on_document(self, document: Document) -> None:
        sprite_map = self.sprite_map
        if sprite_map is None:
            return
        fits = document.latent is not None and len(document.latent) == sprite_map.latent_dim
        self._panel.view.set_marker(sprite_map.place(document.latent) if fits and document.latent else None)
        kept = tuple(one.id for one in document.bookmarks)
        if kept != self._kept:
            self._kept = kept
            own = [one.latent for one in document.bookmarks if len(one.latent) == sprite_map.latent_dim]
            places = [sprite_map.place(latent) for latent in own]
            self._panel.view.set_kept(np.array(places, np.float32).reshape(-1, 2))
