"""Sprites for words: drawn from seeds in a row, each judged by how it fits the words, best first."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial

from PySide6.QtCore import QObject, Signal, Slot

from lunar_studio.core.latent import Latent
from lunar_studio.core.prompt_words import Candidate, ranking
from lunar_studio.session.ports import Explorer, KnowsWords
from lunar_studio.workers.explore_service import ExploreService
from lunar_studio.workers.grid_service import GridPart, drawn_in_parts


class WordsService(QObject):
    """Asks for candidates; a newer request replaces an older one.

    Args:
        explore: Owner of the model's thread.
        parent: The QObject that owns this one.

    Attributes:
        found: Emitted with the words and a tuple of `Candidate`, best first.
        ended: Emitted when the newest request is over, whatever ended it.
    """

    found = Signal(str, object)
    ended = Signal()

    def __init__(self, explore: ExploreService, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._explore = explore
        self._stop = threading.Event()
        self._number: int | None = None
        self._prompt = ""
        explore.answered.connect(self._on_answered)
        explore.task_ended.connect(self._on_ended)

    def request(self, prompt: str, *, seed: int, count: int, temperature: float) -> None:
        """Ask for the sprites of `count` seeds from `seed` on; `found` answers."""
        self._stop.set()
        self._stop = threading.Event()
        self._prompt = prompt
        task = partial(candidates, prompt, seed, count, temperature)
        self._number = self._explore.request_task("words", task, self._stop)

    @Slot(int, object)
    def _on_answered(self, number: int, answer: object) -> None:
        if number == self._number and isinstance(answer, tuple):
            self.found.emit(self._prompt, answer)

    @Slot(int)
    def _on_ended(self, number: int) -> None:
        if number == self._number:
            self._number = None
            self.ended.emit()


def candidates(prompt: str, seed: int, count: int, temperature: float, explorer: Explorer) -> Iterator[object]:
    """The task: pauses, then a tuple of `Candidate`, best first.

    Each has a seed of its own, so that the seed box draws it again.
    """
    latents: list[Latent] = []
    for number in range(count):
        latents += explorer.sample(1, seed=seed + number, prompt=prompt, temperature=temperature)
        yield None
    parts = []
    for step in drawn_in_parts(tuple(latents), explorer):
        if isinstance(step, GridPart):
            parts.append(step)
        yield None
    sprites = [sprite for part in parts for sprite in part.sprites]
    scores = [score for part in parts for score in part.scores]
    fits = explorer.fits(sprites, prompt) if isinstance(explorer, KnowsWords) else (float("nan"),) * count
    made = [
        Candidate(latent, sprite, score, fit, seed + number)
        for number, (latent, sprite, score, fit) in enumerate(zip(latents, sprites, scores, fits, strict=True))
    ]
    yield tuple(made[index] for index in ranking(fits, [score.value for score in scores]))
