"""Many sprites at once, in parts as they come: grids of variations, in-betweens, candidates for words.

Sixteen sprites go through the networks together, which takes half the time of one by one. The worker pauses between
drawing and judging of each part, so that a slider waits for one of them at most.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
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
        latents: Those asked for, or what stands in for those that nobody could see.
        sprites: One for each.
        scores: One for each.
    """

    start: int
    latents: tuple[Latent, ...]
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

    def request(self, latents: Sequence[Latent], another: Callable[[int, int], Latent] | None = None) -> None:
        """Ask for the sprites of latents; `arrived` answers in parts, from the first to the last.

        Args:
            latents: What to draw.
            another: Gives what to draw in place of one that nobody could see (`explore.inventing.Another`); called in
                the worker's thread. None leaves them empty.
        """
        self.stop()
        self._stop = threading.Event()
        task = partial(drawn_in_parts, tuple(latents), another)
        self._number = self._explore.request_task(self._topic, task, self._stop)

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


def drawn_in_parts(
    latents: tuple[Latent, ...], another: Callable[[int, int], Latent] | None, explorer: Explorer
) -> Iterator[object]:
    """The task: a `GridPart` for every few latents, with pauses; nothing for latents of another model."""
    from lunar_studio.explore.inventing import unless_empty

    if any(len(latent) != explorer.info.latent_dim for latent in latents):
        return
    for start in range(0, len(latents), PART):
        part = list(latents[start : start + PART])
        many = explorer if isinstance(explorer, DrawsMany) else None
        sprites = list(many.decode_many(part) if many else map(explorer.decode, part))
        yield None
        for index, sprite in enumerate(sprites):
            if another is not None and sprite.is_empty:
                part[index], sprites[index] = unless_empty(explorer.decode, another, start + index, part[index], sprite)
                yield None
        scores = many.score_many(sprites) if many else tuple(map(explorer.score, sprites))
        yield GridPart(start, tuple(part), tuple(sprites), scores)
