"""An artist's own sprite into the model's world: the encoder's answer, then nearer and nearer, until it is stopped."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from functools import partial

from PySide6.QtCore import QObject, Signal, Slot

from lunar_studio.core.events import Refined
from lunar_studio.core.sprite import Sprite
from lunar_studio.session.ports import Explorer, SpriteRefiner
from lunar_studio.workers.explore_service import ExploreService


class RefineService(QObject):
    """Asks for the place of one sprite at a time; a newer request replaces an older one, even one half done.

    Args:
        explore: Owner of the model's thread.
        parent: The QObject that owns this one.

    Attributes:
        refined: Emitted with a `Refined`, first the encoder's answer.
        ended: Emitted when nothing more of the newest request comes.
    """

    refined = Signal(object)
    ended = Signal()

    def __init__(self, explore: ExploreService, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._explore = explore
        self._stop = threading.Event()
        self._number: int | None = None
        explore.answered.connect(self._on_answered)
        explore.task_ended.connect(self._on_ended)

    @property
    def is_busy(self) -> bool:
        """Whether more is to come."""
        return self._number is not None

    def request(self, sprite: Sprite) -> None:
        """Look for the place of a sprite of the model's size."""
        self._stop.set()
        self._stop = threading.Event()
        task = partial(refining, sprite, self._explore.refiner, self._stop)
        self._number = self._explore.request_task("own sprite", task, self._stop)

    def stop(self) -> None:
        """It is near enough: `ended` comes soon."""
        self._stop.set()

    @Slot(int, object)
    def _on_answered(self, number: int, answer: object) -> None:
        if number == self._number and isinstance(answer, Refined):
            self.refined.emit(answer)

    @Slot(int)
    def _on_ended(self, number: int) -> None:
        if number == self._number:
            self._number = None
            self.ended.emit()


def refining(
    sprite: Sprite, refiner: SpriteRefiner | None, stop: threading.Event, explorer: Explorer
) -> Iterator[object]:
    """The task: `Refined` after every few steps."""
    if refiner is None:
        yield Refined(explorer.encode(sprite), math.nan, 0)
    else:
        yield from refiner(explorer, sprite, should_stop=stop.is_set)
