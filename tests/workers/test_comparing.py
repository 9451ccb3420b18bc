"""Comparing with the training art: newest only for a topic, between decodes, honest about what is not known."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication
from PySide6.QtTest import QSignalSpy
from pytestqt.qtbot import QtBot

from lunar_studio.core.latent import Latent
from lunar_studio.core.neighbours import UNKNOWN_ART, Compared, Neighbour, Neighbours
from lunar_studio.core.sprite import Sprite
from lunar_studio.session.ports import Explorer, KnowsItsArt
from lunar_studio.workers.explore_service import ExploreService
from lunar_studio.workers.thread_host import ThreadHost
from tests.conftest import PATIENCE_MS
from tests.workers.fakes import LATENT_DIM, FakeExplorer, FakeLoader


@dataclass
class KnowingExplorer(FakeExplorer):
    """Says that everything is like `art`, after taking a turn."""

    art_turns: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(1000))
    compared: list[int] = field(default_factory=list)

    def likeness(self, sprite: Sprite, count: int = 3) -> Neighbours:
        if not self.art_turns.acquire(timeout=60.0):
            raise TimeoutError("nobody gave a turn")
        value = int(sprite.rgba_HWC[0, 0, 0])
        self.compared.append(value)
        return Neighbours((Neighbour("art", 0, value / 255),) * count, 0.5)


def sprite(value: int) -> Sprite:
    return Sprite(np.full((4, 4, 4), value, np.uint8))


@pytest.fixture
def host(qapp: QCoreApplication) -> Iterator[ThreadHost]:
    host = ThreadHost(qapp)
    yield host
    assert host.shut_down(limit_ms=PATIENCE_MS) == ()
    host.deleteLater()


def started(qtbot: QtBot, host: ThreadHost, explorer: FakeExplorer) -> ExploreService:
    service = ExploreService(host, FakeLoader(explorer))
    with qtbot.waitSignal(service.loaded):
        service.load(None)
    return service


def test_every_sprite_gets_its_neighbours_in_order(qtbot: QtBot, host: ThreadHost) -> None:
    explorer = KnowingExplorer()
    knowing: Explorer = explorer
    assert isinstance(knowing, KnowsItsArt)
    service = started(qtbot, host, explorer)
    with qtbot.waitSignal(service.compared) as answer:
        service.request_compare([sprite(0), sprite(255)], topic="canvas")
    (event,) = answer.args or []
    assert isinstance(event, Compared)
    assert event.topic == "canvas"
    assert event.sprites == (sprite(0), sprite(255))
    assert [one.is_near_copy for one in event.neighbours] == [True, False]


def test_a_newer_request_of_the_topic_replaces_one_half_done(qtbot: QtBot, host: ThreadHost) -> None:
    explorer = KnowingExplorer(art_turns=threading.Semaphore(0))
    service = started(qtbot, host, explorer)
    answers = QSignalSpy(service.compared)
    service.request_compare([sprite(1), sprite(2), sprite(3)], topic="canvas")
    service.request_compare([sprite(7)], topic="export")
    explorer.art_turns.release(1)
    qtbot.waitUntil(lambda: bool(explorer.compared))
    service.request_compare([sprite(9)], topic="canvas")
    explorer.art_turns.release(1000)
    qtbot.waitUntil(lambda: answers.count() == 2)
    told = {event.topic: event.sprites for event in (answers.at(index)[0] for index in range(2))}
    assert told == {"canvas": (sprite(9),), "export": (sprite(7),)}


def test_a_decode_waits_for_one_sprite_at_most(qtbot: QtBot, host: ThreadHost) -> None:
    explorer = KnowingExplorer(art_turns=threading.Semaphore(0))
    service = started(qtbot, host, explorer)
    service.request_compare([sprite(value) for value in range(10)], topic="canvas")
    with qtbot.waitSignal(service.decoded):
        service.request_decode(Latent([3.0] * LATENT_DIM))
        explorer.art_turns.release(1)
    # The first sprite may have begun before the decode came in, and no second one before it was done.
    assert len(explorer.compared) <= 2
    explorer.art_turns.release(1000)


def test_an_explorer_that_knows_no_art_says_so(qtbot: QtBot, host: ThreadHost) -> None:
    service = started(qtbot, host, FakeExplorer())
    with qtbot.waitSignal(service.compared) as answer:
        service.request_compare([sprite(5)], topic="canvas")
    (event,) = answer.args or []
    assert event.neighbours == (UNKNOWN_ART,)
