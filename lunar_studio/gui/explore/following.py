"""Make the rest follow: the latent moves until the model draws the pinned pixels of its own, seen as it goes.

One step of the history however long it takes. Any other edit ends it: the hand on a slider is always right.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from lunar_studio.core.events import Followed
from lunar_studio.core.latent import Latent
from lunar_studio.core.overlay import Overlay
from lunar_studio.gui.explore.controller import ExploreController
from lunar_studio.session.commands import PutLatent
from lunar_studio.session.document import Document
from lunar_studio.workers.explore_service import ExploreService

_TITLE = "Make the rest follow"
_DRAG = "follow"


class Following(QObject):
    """Starts and stops it, and puts what is found into the document.

    Args:
        controller: The way to the document.
        service: The model.
        parent: Its owner.

    Attributes:
        running_changed: Emitted with whether it is under way.
        said: Emitted with a sentence for the status line: how far it is, and how it ended.
    """

    running_changed = Signal(bool)
    said = Signal(str)

    def __init__(self, controller: ExploreController, service: ExploreService, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self._service = service
        self._number: int | None = None
        self._put: tuple[Latent | None, Overlay] | None = None
        self._shares: list[float] = []
        service.followed.connect(self._on_followed)
        service.follow_ended.connect(self._on_ended)
        controller.document_changed.connect(self._on_document)

    @property
    def is_running(self) -> bool:
        """Whether it is under way."""
        return self._number is not None

    def toggle(self) -> None:
        """Begin, or stop."""
        if self.is_running:
            self._service.stop_following()
        else:
            self.start()

    def start(self) -> None:
        """Begin with what is shown; nothing happens without pinned pixels."""
        document = self._controller.document
        pins = document.edits.pinned
        if document.latent is None or not len(pins):
            self.running_changed.emit(False)
            return
        self._shares = []
        self._put = (document.latent, document.edits)
        self._number = self._service.request_follow(document.latent, pins)
        self.running_changed.emit(True)
        self.said.emit("Making the rest follow…")

    @Slot(int, object)
    def _on_followed(self, number: int, found: Followed) -> None:
        if number != self._number or self._put is None:
            return
        self._shares.append(found.share)
        self._put = (found.latent, self._controller.document.edits)
        self._controller.session.do(PutLatent(found.latent, _TITLE), merge=_DRAG)
        self.said.emit(f"Making the rest follow: {found.share:.0%} of your pins, step {found.step} (F stops)")

    @Slot(int)
    def _on_ended(self, number: int) -> None:
        if number != self._number:
            return
        self._number = None
        self._controller.end_move()
        self.running_changed.emit(False)
        if self._put is None:
            self.said.emit("The rest follows no longer: something else was changed")
            return
        first, last = (self._shares[0], self._shares[-1]) if self._shares else (0.0, 0.0)
        if first >= 1.0:
            self.said.emit("The model draws your pinned pixels of its own already")
        else:
            self.said.emit(f"The model now draws {last:.0%} of your pins of its own; it was {first:.0%}")

    @Slot(object)
    def _on_document(self, document: Document) -> None:
        if self.is_running and self._put is not None:
            latent, edits = self._put
            if document.latent != latent or document.edits is not edits:
                self._put = None  # what is on its way to us was meant for the document before
                self._service.stop_following()
