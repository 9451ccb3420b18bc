"""The GUI's side of grooves: one slider is asked for at a time, and dropped the moment a hand moves something.

The model's thread does it in steps of one drawing or one judgement, after any decode that waits: the first move of a
drag waits for one such step at most, and the moves after it for none.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial

from PySide6.QtCore import QObject, Signal, Slot

from lunar_studio.core.groove import Groove
from lunar_studio.core.latent import Direction, Latent
from lunar_studio.core.overlay import Overlay
from lunar_studio.session.ports import Explorer
from lunar_studio.workers.explore_service import ExploreService


class GrooveService(QObject):
    """Asks for grooves.

    Args:
        explore: Owner of the model's thread.
        parent: The QObject that owns this one.

    Attributes:
        found: Emitted with the `Groove` that was asked for last.
        ended: Emitted when nothing is under way any more, found or dropped.
    """

    found = Signal(object)
    ended = Signal()

    def __init__(self, explore: ExploreService, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._explore = explore
        self._stop = threading.Event()
        self._number: int | None = None
        explore.answered.connect(self._on_answered)
        explore.task_ended.connect(self._on_ended)
        explore.loading.connect(self.drop)

    @property
    def is_looking(self) -> bool:
        """Whether one is under way."""
        return self._number is not None

    def request(self, direction: Direction, latent: Latent, edits: Overlay) -> None:
        """Ask for the groove of a slider; ends what is under way."""
        self._stop.set()
        self._stop = threading.Event()
        self._number = self._explore.request_task(
            "groove", partial(_look, latent=latent, direction=direction, edits=edits), self._stop
        )

    @Slot()
    def drop(self) -> None:
        """Nobody wants it any more: it ends after the step it is in, and `ended` is emitted now."""
        self._stop.set()
        if self._number is not None:
            self._number = None
            self.ended.emit()

    @Slot(int, object)
    def _on_answered(self, number: int, answer: object) -> None:
        if number == self._number and isinstance(answer, Groove):
            self.found.emit(answer)

    @Slot(int)
    def _on_ended(self, number: int) -> None:
        if number == self._number:
            self._number = None
            self.ended.emit()


def _look(explorer: Explorer, *, latent: Latent, direction: Direction, edits: Overlay) -> Iterator[Groove | None]:
    from lunar_studio.explore.grooves import along

    if len(latent) == explorer.info.latent_dim:  # else it was asked of the model before
        yield from along(explorer, latent, direction, edits)
