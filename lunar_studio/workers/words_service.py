"""Sprites for words: drawn from seeds in a row, each judged by how it fits the words, best first, told as they come."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QObject, Signal, Slot

from lunar_studio.core.prompt_words import Candidate, ranking
from lunar_studio.session.ports import Explorer, KnowsWords
from lunar_studio.workers.explore_service import ExploreService


@dataclass(frozen=True, slots=True)
class Ranked:
    """The candidates there are so far.

    Attributes:
        candidates: Best first.
        wanted: How many there will be.
    """

    candidates: tuple[Candidate, ...]
    wanted: int

    @property
    def is_whole(self) -> bool:
        """Whether no more will come."""
        return len(self.candidates) == self.wanted


class WordsService(QObject):
    """Asks for candidates; a newer request replaces an older one.

    Args:
        explore: Owner of the model's thread.
        parent: The QObject that owns this one.

    Attributes:
        found: Emitted with the words and a `Ranked` for every candidate that has come.
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
        """Ask for the sprites of `count` seeds from `seed` on; `found` answers with each."""
        self._stop.set()
        self._stop = threading.Event()
        self._prompt = prompt
        task = partial(candidates, prompt, seed, count, temperature)
        self._number = self._explore.request_task("words", task, self._stop)

    @Slot(int, object)
    def _on_answered(self, number: int, answer: object) -> None:
        if number == self._number and isinstance(answer, Ranked):
            self.found.emit(self._prompt, answer)

    @Slot(int)
    def _on_ended(self, number: int) -> None:
        if number == self._number:
            self._number = None
            self.ended.emit()


def candidates(prompt: str, seed: int, count: int, temperature: float, explorer: Explorer) -> Iterator[object]:
    """The task: pauses, and a `Ranked` whenever another candidate has come.

    Each has a seed of its own, so that the seed box draws it again.
    """
    from lunar_studio.explore.inventing import sampled_again, unless_empty

    made: list[Candidate] = []
    for number in range(count):
        (latent,) = explorer.sample(1, seed=seed + number, prompt=prompt, temperature=temperature)
        yield None
        sprite = explorer.decode(latent)
        yield None
        another = sampled_again(explorer, seed + number, prompt, temperature)
        latent, sprite = unless_empty(explorer.decode, another, 0, latent, sprite)
        score = explorer.score(sprite)
        yield None
        (fit,) = explorer.fits([sprite], prompt) if isinstance(explorer, KnowsWords) else (float("nan"),)
        made.append(Candidate(latent, sprite, score, fit, seed + number))
        order = ranking([one.fit for one in made], [one.score.value for one in made])
        yield Ranked(tuple(made[index] for index in order), count)
