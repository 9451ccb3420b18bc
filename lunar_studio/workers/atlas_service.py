"""The map's questions for the model, asked in its thread between decodes; answers come back as signals."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QObject, Signal, Slot

from lunar_studio.core.latent import Latent
from lunar_studio.core.sprite import Sprite
from lunar_studio.core.sprite_map import MapRoute, SpriteMap
from lunar_studio.session.ports import Explorer
from lunar_studio.workers.explore_service import ExploreService
from lunar_studio.workers.task_request import Task

_THUMBS_AT_ONCE = 6


@dataclass(frozen=True, slots=True)
class _Progress:
    share: float


@dataclass(frozen=True, slots=True)
class MapThumbs:
    """Sprites of some points.

    Attributes:
        sprite_map: The map they are on.
        indices: Which points.
        sprites: One for each.
    """

    sprite_map: SpriteMap
    indices: tuple[int, ...]
    sprites: tuple[Sprite, ...]


class AtlasService(QObject):
    """Asks for maps, pictures of their points, and routes; newer questions replace older ones of their kind.

    Args:
        explore: Owner of the model's thread.
        parent: The QObject that owns this one.

    Attributes:
        progressed: Emitted with the share of a map that is done, 0 to 1.
        charted: Emitted with a `SpriteMap`.
        pictured: Emitted with a `MapThumbs`, some at a time.
        routed: Emitted with a `MapRoute`.
        invented: Sprites on the map of a model that does not carry its art.
        chart_ended: Emitted when no more comes of a map that was asked for, whatever ended it.
    """

    progressed = Signal(float)
    charted = Signal(object)
    pictured = Signal(object)
    routed = Signal(object)
    chart_ended = Signal()

    def __init__(self, explore: ExploreService, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._explore = explore
        self.invented = 1000
        self._newest: dict[str, int] = {}
        self._stops: dict[str, threading.Event] = {}
        explore.answered.connect(self._on_answered)
        explore.task_ended.connect(self._on_ended)

    def request_chart(self) -> None:
        """Ask for the map of the model that is open; `charted` answers."""
        self._ask("map", partial(_chart, self.invented))

    def request_thumbs(self, sprite_map: SpriteMap, indices: Sequence[int]) -> None:
        """Ask for pictures of points; `pictured` answers, the first ones first."""
        self._ask("map-thumbs", partial(_thumbs, sprite_map, tuple(indices)))

    def request_one(self, sprite_map: SpriteMap, index: int) -> None:
        """Ask for the picture of the point that is looked at, without giving up the others."""
        self._ask("map-point", partial(_thumbs, sprite_map, (index,)))

    def request_route(self, sprite_map: SpriteMap, start: Latent, end: Latent) -> None:
        """Ask for a way between two latents; `routed` answers."""
        self._ask("map-route", partial(_route, sprite_map, start, end))

    def stop_route(self) -> None:
        """No way is wanted any more."""
        if (stop := self._stops.get("map-route")) is not None:
            stop.set()
        self._newest.pop("map-route", None)

    def stop(self) -> None:
        """Nothing that was asked for is wanted any more."""
        for stop in self._stops.values():
            stop.set()
        self._newest.clear()

    def _ask(self, topic: str, task: Task) -> None:
        if (before := self._stops.get(topic)) is not None:
            before.set()
        self._stops[topic] = threading.Event()
        self._newest[topic] = self._explore.request_task(topic, task, self._stops[topic])

    @Slot(int, object)
    def _on_answered(self, number: int, answer: object) -> None:
        if number not in self._newest.values():
            return
        match answer:
            case _Progress():
                self.progressed.emit(answer.share)
            case SpriteMap():
                self.charted.emit(answer)
            case MapThumbs():
                self.pictured.emit(answer)
            case MapRoute():
                self.routed.emit(answer)

    @Slot(int)
    def _on_ended(self, number: int) -> None:
        if number == self._newest.get("map"):
            self._newest.pop("map")
            self.chart_ended.emit()


def _chart(invented: int, explorer: Explorer) -> Iterator[object]:
    from lunar_studio.explore.atlas import chart

    told = -1.0
    for found in chart(explorer, invented):
        if isinstance(found, SpriteMap):
            yield found
        elif found - told >= 0.01:
            told = found
            yield _Progress(found)
        else:
            yield None


def _thumbs(sprite_map: SpriteMap, indices: tuple[int, ...], explorer: Explorer) -> Iterator[object]:
    waiting: list[tuple[int, Sprite]] = []
    for index in indices:
        waiting.append((index, explorer.decode(sprite_map.latent(index))))
        if len(waiting) == _THUMBS_AT_ONCE or index == indices[-1]:
            yield MapThumbs(sprite_map, tuple(at for at, _ in waiting), tuple(drawn for _, drawn in waiting))
            waiting = []
        else:
            yield None


def _route(sprite_map: SpriteMap, start: Latent, end: Latent, explorer: Explorer) -> Iterator[object]:
    from lunar_studio.explore.atlas_route import route

    yield from route(explorer, sprite_map, start, end)
