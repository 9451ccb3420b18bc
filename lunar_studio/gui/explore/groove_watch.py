"""When grooves are looked for: while nothing else is to do, the slider nearest to the pointer first.

The rules, so that a drag is never held up: nothing is asked for while a hand is on a slider, nor before the newest
decode was answered and 150 ms have passed; one slider at a time; and the moment the document changes, whatever is
under way is dropped.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QApplication

from lunar_studio.core.groove import Groove
from lunar_studio.core.latent import Latent
from lunar_studio.core.overlay import NOTHING, Overlay
from lunar_studio.gui.action_set import ActionSet
from lunar_studio.gui.explore.controller import ExploreController
from lunar_studio.gui.explore.latent_panel import LatentPanel
from lunar_studio.gui.explore.latent_slider import LatentSlider
from lunar_studio.gui.preferences import Preferences
from lunar_studio.session.document import Document
from lunar_studio.workers.groove_service import GrooveService

QUIET_MS = 150
"""Nothing has changed for so long: the hand rests."""


class GrooveWatch(QObject):
    """Keeps the grooves of the sliders in view true.

    Args:
        controller: The way to document and model.
        latents: The sliders.
        parent: Its owner.

    Attributes:
        service: Who looks.
    """

    def __init__(self, controller: ExploreController, latents: LatentPanel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self._latents = latents
        self._is_on = True
        self._seen: tuple[Latent | None, Overlay] = (None, NOTHING)
        self.service = GrooveService(controller.service, self)
        self._quiet = _timer(self, QUIET_MS)
        self._next = _timer(self, 0)
        self._quiet.timeout.connect(self._look)
        self._next.timeout.connect(self._look)
        self.service.found.connect(self._on_found)
        self.service.ended.connect(self._on_ended)
        controller.document_changed.connect(self._on_document)
        controller.settled.connect(self._rest)
        controller.model_changed.connect(self._rest)
        latents.move_ended.connect(self._rest)
        latents.rearranged.connect(self._rest)
        latents.pointed.connect(self._on_pointed)

    @property
    def is_on(self) -> bool:
        """Whether grooves are painted at all."""
        return self._is_on

    def set_on(self, is_on: bool) -> None:
        """Paint grooves, or leave the tracks bare."""
        self._is_on = is_on
        self._latents.strip.setVisible(is_on)
        if is_on:
            self._rest()
            return
        self.service.drop()
        for slider in self._latents.sliders:
            slider.show_groove(None)
        self._latents.strip.follow()

    @Slot()
    def _rest(self) -> None:
        self._quiet.start()

    @Slot(object)
    def _on_document(self, document: Document) -> None:
        now = (document.latent, document.edits)
        if now == self._seen:
            return
        self._seen = now
        self._rest()  # before the drop, so that nothing else begins at once
        self.service.drop()
        for slider in self._latents.sliders:
            # Along its own track everything is as it was; it is the others that have another sprite to start from.
            in_hand = slider.isSliderDown() or slider is self._latents.strip.slider
            if slider.is_groove_true and not (in_hand and self._is_true(slider, document)):
                slider.show_groove(slider.groove, is_true=False)

    @Slot(object)
    def _on_pointed(self, _slider: LatentSlider) -> None:
        if not self._quiet.isActive() and not self.service.is_looking:
            self._next.start()

    @Slot()
    def _on_ended(self) -> None:
        if not self._quiet.isActive():
            self._next.start()

    @Slot(object)
    def _on_found(self, found: Groove) -> None:
        document = self._controller.document
        if not self._is_on or document.latent is None or not found.holds(document.latent, document.edits):
            return
        for slider in self._latents.sliders:
            if slider.direction.id == found.direction.id:
                slider.show_groove(found)
        self._latents.strip.follow()

    @Slot()
    def _look(self) -> None:
        """Ask for the next slider, if now is the time."""
        document, current = self._controller.document, self._controller.current
        if not self._is_on or document.latent is None or current is None or self._quiet.isActive():
            return
        is_answered = (current.latent, current.edits) == (document.latent, document.edits)
        if not is_answered or self._latents.is_held or self.service.is_looking:
            return  # what is missing comes, and begins the rest anew
        wanted = [slider for slider in self._latents.sliders_in_view if not self._is_true(slider, document)]
        self._latents.strip.follow()
        if wanted:
            first = min(wanted, key=self._distance)
            self.service.request(first.direction, document.latent, document.edits)

    def _is_true(self, slider: LatentSlider, document: Document) -> bool:
        """Whether a slider shows what lies along it; one that was looked at from another place of its track does."""
        found = slider.groove
        is_true = found is not None and document.latent is not None and found.holds(document.latent, document.edits)
        slider.show_groove(found, is_true=is_true)
        return is_true

    def _distance(self, slider: LatentSlider) -> tuple[bool, float]:
        """How far a slider is from where the artist looks: the one she pointed at first, then by rows."""
        panel, focused = self._latents, QApplication.focusWidget()
        pointer = panel.mapFromGlobal(QCursor.pos())
        centre = slider.mapTo(panel, slider.rect().center()).y()
        if panel.rect().contains(pointer):
            at = pointer.y()
        elif isinstance(focused, LatentSlider) and panel.isAncestorOf(focused):
            at = focused.mapTo(panel, focused.rect().center()).y()
        else:
            at = 0
        return slider is not panel.strip.slider, abs(centre - at)


class GrooveSwitch(QObject):
    """Binds the action that switches the ribbons on and off, and remembers it.

    Args:
        actions: The window's.
        watch: What is switched.
        preferences: The user's settings.
        parent: Its owner.
    """

    def __init__(
        self, actions: ActionSet, watch: GrooveWatch, preferences: Preferences, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._action, self._watch, self._preferences = actions["score-ribbons"], watch, preferences
        is_on = preferences.values.flag("explore.score_ribbon")
        self._action.setChecked(is_on)
        watch.set_on(is_on)
        actions.bind("score-ribbons", self._switch)

    def _switch(self) -> None:
        self._watch.set_on(self._action.isChecked())
        self._preferences.set("explore.score_ribbon", self._action.isChecked())


def _timer(parent: QObject, interval_ms: int) -> QTimer:
    made = QTimer(parent)
    made.setSingleShot(True)
    made.setInterval(interval_ms)
    return made
