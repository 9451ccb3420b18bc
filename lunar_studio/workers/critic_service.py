"""The GUI's side of the critic: questions go in, answers come out; only the newest question of a kind counts.

The work is done by the model's own thread in steps of some ten milliseconds, between decodes: a slider never waits
for more than one of them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial

from PySide6.QtCore import QObject, Signal, Slot

from lunar_studio.core.critic import WHOLE, BlameMap, Improvement, ImproveTask, Replacements
from lunar_studio.core.overlay import Pixel
from lunar_studio.core.score import Score
from lunar_studio.core.sprite import Sprite
from lunar_studio.session.ports import Critic, Explorer
from lunar_studio.workers.explore_service import ExploreService
from lunar_studio.workers.task_request import Task


class CriticService(QObject):
    """Asks the critic.

    Args:
        explore: Owner of the model's thread, and of the critic who answers; without one, nothing is answered.
        parent: The QObject that owns this one.

    Attributes:
        blamed: Emitted with a `BlameMap`.
        replaced: Emitted with a `Replacements`.
        improved: Emitted with an `Improvement`: the best so far.
        improve_ended: Emitted when improving is over, whatever ended it.
        scored: Emitted with a `Sprite` and its `Score`.
    """

    blamed = Signal(object)
    replaced = Signal(object)
    improved = Signal(object)
    improve_ended = Signal()
    scored = Signal(object, object)

    def __init__(self, explore: ExploreService, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._explore = explore
        self._stop = threading.Event()
        self._improving: int | None = None
        self._newest: dict[str, int] = {}
        explore.answered.connect(self._on_answered)
        explore.task_ended.connect(self._on_ended)

    @property
    def is_improving(self) -> bool:
        """Whether improving is under way."""
        return self._improving is not None

    def request_blame(self, sprite: Sprite, expert: int = WHOLE) -> None:
        """Ask which pixels cost the score; `blamed` answers."""
        if (critic := self._explore.critic) is not None:
            self._newest["blame"] = self._explore.request_task("blame", _blame(critic, sprite, expert))

    def request_replacements(self, sprite: Sprite, pixel: Pixel, expert: int = WHOLE) -> None:
        """Ask what would stand better in a pixel's place; `replaced` answers."""
        if (critic := self._explore.critic) is not None:
            self._newest["replace"] = self._explore.request_task("replace", _replace(critic, sprite, pixel, expert))

    def request_score(self, sprite: Sprite) -> None:
        """Ask for the score of any sprite; `scored` answers."""
        self._newest["judge"] = self._explore.request_task("judge", partial(_judge, sprite))

    def improve(self, task: ImproveTask) -> None:
        """Begin to improve; ends what is under way."""
        self.stop_improving()
        if (critic := self._explore.critic) is None:
            self.improve_ended.emit()
            return
        self._stop = threading.Event()
        work = _improve(critic, task, self._stop)
        self._improving = self._explore.request_task("improve", work)
        self._newest["improve"] = self._improving

    @Slot()
    def stop_improving(self) -> None:
        """It is enough: the last `improved` comes soon, then `improve_ended`."""
        self._stop.set()

    def forget_improving(self) -> None:
        """Stop, and send nothing more of it."""
        self.stop_improving()
        self._newest.pop("improve", None)

    @Slot(int, object)
    def _on_answered(self, number: int, answer: object) -> None:
        if number not in self._newest.values():
            return
        match answer:
            case BlameMap():
                self.blamed.emit(answer)
            case Replacements():
                self.replaced.emit(answer)
            case Improvement():
                self.improved.emit(answer)
            case (Sprite() as sprite, Score() as score):
                self.scored.emit(sprite, score)

    @Slot(int)
    def _on_ended(self, number: int) -> None:
        if number == self._improving:
            self._improving = None
            self.improve_ended.emit()


def _blame(critic: Critic, sprite: Sprite, expert: int) -> Task:
    return partial(critic.blame, sprite=sprite, expert=expert)


def _replace(critic: Critic, sprite: Sprite, pixel: Pixel, expert: int) -> Task:
    return partial(critic.replace, sprite=sprite, pixel=pixel, expert=expert)


def _improve(critic: Critic, task: ImproveTask, stop: threading.Event) -> Task:
    return partial(critic.improve, task=task, should_stop=stop.is_set)


def _judge(sprite: Sprite, explorer: Explorer) -> Iterator[object]:
    yield sprite, explorer.score(sprite)
