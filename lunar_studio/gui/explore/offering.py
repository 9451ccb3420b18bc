"""What other views have found, in the strip: in-betweens of a mix."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot

from lunar_studio.core.latent import Latent
from lunar_studio.gui.explore.controller import ExploreController
from lunar_studio.gui.explore.strip_panel import StripPanel
from lunar_studio.workers.grid_service import GridPart, GridService


class Offering(QObject):
    """Draws latents for the strip.

    Args:
        controller: The way to the model.
        strip: Where they are seen.
        parent: Its owner.
    """

    def __init__(self, controller: ExploreController, strip: StripPanel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._strip = strip
        self._grid = GridService(controller.service, "offered", self)
        self._latents: tuple[Latent, ...] = ()
        self._grid.arrived.connect(self._on_part)
        strip.wanted.connect(self._on_wanted)

    @Slot(str, object)
    def offer(self, title: str, latents: tuple[Latent, ...]) -> None:
        """Show the sprites of latents under a title."""
        self._latents = latents
        self._strip.offer(title, latents)
        self._grid.request(latents)

    @Slot(str, float)
    def _on_wanted(self, mode: str, _strength: float) -> None:
        if mode == "offered":
            self._strip.offer(self._strip.offered_title, self._latents)
            self._grid.request(self._latents)
        else:
            self._grid.stop()

    @Slot(object)
    def _on_part(self, part: GridPart) -> None:
        self._strip.put_offered(part.start, part.sprites, part.scores)
