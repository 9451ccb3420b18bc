"""Many sprites at once, in parts as they come: grids of variations, in-betweens, candidates for words.

Sixteen sprites go through the networks together, which takes half the time of one by one. The worker pauses between
drawing and judging of each part, so that a slider waits for one of them at most.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QObject, Signal, Slot

from lunar_studio.core.latent import Latent
from lunar_studio.core.score import Score
from lunar_studio.core.sprite import Sprite
from lunar_studio.session.ports import DrawsMany, Explorer
from lunar_studio.workers.explore_service import ExploreService

PART = 16
"""Sprites that are drawn together."""


@dataclass(frozen=True, slots=True)
class GridPart:
    """Some of the sprites that were asked for.

    Attributes:
        start: Number of the first of them, from 0.
        sprites: In the order asked for.
        scores: One for each.
    """

    start: int
    sprites: tuple[Sprite, ...]
    scores: tuple[Score, ...]


class GridService(QObject):
    """Draws and scores many latents; a newer request replaces an older one, even one half done.

    Args:
        explore: Owner of the model's thread.
        topic: Tells this grid's requests from those of other grids.
        parent: The QObject that owns this one.

    Attributes:
        arrived: Emitted with a `GridPart` of the newest request.
        ended: Emitted when nothing more of the newest request comes.
    """

    arrived = Signal(object)
    ended = Signal()

    def __init__(self, explore: ExploreService, topic: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._explore = explore
        self._topic = f"grid/{topic}"
        self._stop = threading.Event()
        self._number: int | None = None
        explore.answered.connect(self._on_answered)
        explore.task_ended.connect(self._on_ended)

    @property
    def is_busy(self) -> bool:
        """Whether more is to come."""
        return self._number is not None

    def request(self, latents: Sequence[Latent]) -> None:
        """Ask for the sprites of latents; `arrived` answers in parts, from the first to the last."""
        self.stop()
        self._stop = threading.Event()
        self._number = self._explore.request_task(self._topic, partial(drawn_in_parts, tuple(latents)), self._stop)

    def stop(self) -> None:
        """It is enough: nothing more of the newest request arrives."""
        self._stop.set()
        self._number = None

    @Slot(int, object)
    def _on_answered(self, number: int, answer: object) -> None:
        if number == self._number and isinstance(answer, GridPart):
            self.arrived.emit(answer)

    @Slot(int)
    def _on_ended(self, number: int) -> None:
        if number == self._number:
            self._number = None
            self.ended.emit()


def drawn_in_parts(latents: tuple[Latent, ...], explorer: Explorer) -> Iterator[object]:
    """The task: a `GridPart` for every few latents, with pauses; nothing for latents of another model."""
    if any(len(latent) != explorer.info.latent_dim for latent in latents):
        return
    for start in range(0, len(latents), PART):
        part = latents[start : start + PART]
        if isinstance(explorer, DrawsMany):
            sprites = explorer.decode_many(part)
            yield None
            scores = explorer.score_many(sprites)
        else:
            sprites = tuple(explorer.decode(latent) for latent in part)
            yield None
            scores = tuple(explorer.score(sprite) for sprite in sprites)
        yield GridPart(start, sprites, scores)
