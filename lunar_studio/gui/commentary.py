"""What a screen reader is told beyond the widget that has the keyboard: steps, scores, pages, messages."""

from __future__ import annotations

import math

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QApplication

from lunar_studio.core.events import Decoded
from lunar_studio.gui.explore.controller import ExploreController
from lunar_studio.gui.explore.latent_slider import LatentSlider
from lunar_studio.gui.widgets.speaker import Speaker
from lunar_studio.session.actions import action
from lunar_studio.session.document import Document


class Commentary(QObject):
    """Says each step of the history, the score that it led to, and what else only the eye would notice.

    Args:
        controller: Document and model.
        speaker: Says it.
        parent: Its owner.
    """

    def __init__(self, controller: ExploreController, speaker: Speaker, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._speaker = controller.session, speaker
        self._position = self._session.position
        controller.document_changed.connect(self._on_document)
        controller.settled.connect(self._on_settled)

    @Slot(str)
    def tell_message(self, text: str) -> None:
        """The banner says this."""
        self._speaker.say("message", text)

    @Slot(str)
    def tell_event(self, text: str) -> None:
        """The status line says this."""
        self._speaker.say("event", text)

    @Slot(str)
    def tell_tour(self, text: str) -> None:
        """A step of the tour says this."""
        self._speaker.say("tour", text)

    @Slot(str)
    def tell_offer(self, text: str) -> None:
        """The command palette would do this."""
        self._speaker.say("offer", text)

    @Slot(str, bool)
    def tell_switch(self, action_id: str, is_on: bool) -> None:
        """Something was switched on or off; a view says so itself."""
        if not action_id.startswith("view-"):
            self._speaker.say("switch", f"{action(action_id).title} {'on' if is_on else 'off'}")

    @Slot(str)
    def tell_page(self, title: str) -> None:
        """A page is open."""
        self._speaker.say("page", f"{title} page")

    @Slot(str)
    def tell_view(self, view_id: str) -> None:
        """The middle of the Explore page shows something else."""
        self._speaker.say("view", f"{view_id.capitalize()} view")

    @Slot(object)
    def _on_document(self, _document: Document) -> None:
        before, self._position = self._position, self._session.position
        if self._position < before:
            self._speaker.say("step", f"Undone: {self._session.redo_title}")
        elif self._position > 0:
            self._speaker.say("step", _with_place(self._session.undo_title))

    @Slot(object)
    def _on_settled(self, decoded: Decoded) -> None:
        value = decoded.score.value
        self._speaker.say("score", "" if math.isnan(value) else f"Score {value:.0f}")


def _with_place(title: str) -> str:
    """The title of a step; of the slider under the fingers also where it stands now."""
    slider = QApplication.focusWidget()
    if isinstance(slider, LatentSlider) and title == f"Move {slider.name}":
        return f"{slider.name} {slider.shown_value}"
    return title
