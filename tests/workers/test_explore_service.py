"""Exploring: newest-only decodes, the other requests in turn, failures that end nothing."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication
from PySide6.QtTest import QSignalSpy
from pytestqt.qtbot import QtBot

from lunar_studio.core.events import Decoded, Failure, Followed, Refined, Sampled
from lunar_studio.core.latent import Latent
from lunar_studio.core.overlay import NOTHING, Overlay
from lunar_studio.core.sprite import Sprite
from lunar_studio.session.ports import Explorer, PinFollower
from lunar_studio.workers import explore_worker
from lunar_studio.workers.explore_service import Drawn, ExploreService, LoadedModel
from lunar_studio.workers.refine_service import RefineService
from lunar_studio.workers.thread_host import ThreadHost
from tests.conftest import PATIENCE_MS
from tests.workers.fakes import LATENT_DIM, FakeExplorer, FakeLoader


def latent(first: float, dim: int = LATENT_DIM) -> Latent:
    return Latent([first, *([0.0] * (dim - 1))])


def heard(spy: QSignalSpy) -> list[object]:
    return [spy.at(index)[0] for index in range(spy.count())]


@pytest.fixture
def host(qapp: QCoreApplication) -> Iterator[ThreadHost]:
    host = ThreadHost(qapp)
    yield host
    assert host.shut_down(limit_ms=PATIENCE_MS) == ()
    host.deleteLater()


@pytest.fixture
def loader() -> FakeLoader:
    return FakeLoader()


@pytest.fixture
def service(qtbot: QtBot, host: ThreadHost, loader: FakeLoader) -> ExploreService:
    """A service with its model loaded."""
    service = ExploreService(host, loader)
    with qtbot.waitSignals([service.loading, service.loaded]):
        service.load(None)
    return service


def test_loading_tells_what_the_window_needs(qtbot: QtBot, host: ThreadHost) -> None:
    service = ExploreService(host, FakeLoader(FakeExplorer("moon")))
    with qtbot.waitSignal(service.loaded) as answer:
        service.load(Path("moon.safetensors"))
    (model,) = answer.args or []
    assert isinstance(model, LoadedModel)
    assert model.info.name == "moon"
    assert len(model.directions) == LATENT_DIM


def test_a_damaged_model_is_a_failure_and_the_old_one_stays(qtbot: QtBot, service: ExploreService) -> None:
    with qtbot.waitSignal(service.load_failed) as answer:
        service.load(Path("broken"))
    assert answer.args == [Failure("The model file is damaged.", "Choose another file.")]
    with qtbot.waitSignal(service.decoded):
        service.request_decode(latent(3.0))


def test_a_mistake_of_ours_while_loading_is_answered_too(
    qtbot: QtBot, host: ThreadHost, service: ExploreService
) -> None:
    with qtbot.waitSignals([service.load_failed, host.crashed]):
        service.load(Path("bug"))
    with qtbot.waitSignal(service.decoded):
        service.request_decode(latent(3.0))


def test_a_decode_comes_back_with_sprite_score_and_time(
    qtbot: QtBot, service: ExploreService, loader: FakeLoader
) -> None:
    loader.explorer.job_s = 0.02
    with qtbot.waitSignal(service.decoded) as answer:
        generation = service.request_decode(latent(42.0))
    (event,) = answer.args or []
    assert isinstance(event, Decoded)
    assert event.generation == generation
    assert event.latent == latent(42.0)
    assert event.sprite.rgba_HWC[0, 0].tolist() == [42, 0, 0, 255]
    assert event.score.value == 42.0
    assert event.elapsed_ms >= 20.0


def test_a_drag_is_served_newest_only(qtbot: QtBot, service: ExploreService, loader: FakeLoader) -> None:
    """However many moves come while one decode is under way, only the last of them is decoded after it."""
    loader.explorer.turns = threading.Semaphore(0)
    spy = QSignalSpy(service.decoded)
    service.request_decode(latent(1000.0))
    qtbot.waitUntil(lambda: loader.explorer.begun == 1)
    for move in range(360):
        newest = service.request_decode(latent(float(move)))
    loader.explorer.turns.release(1000)
    qtbot.waitUntil(lambda: spy.count() > 0 and spy.at(spy.count() - 1)[0].generation == newest)
    assert loader.explorer.decoded == [1000.0, 359.0]
    generations = [event.generation for event in heard(spy) if isinstance(event, Decoded)]
    assert generations == [newest - 360, newest]


def test_other_requests_are_neither_starved_by_a_drag_nor_hold_it_up(
    qtbot: QtBot, service: ExploreService, loader: FakeLoader
) -> None:
    """While a slider moves all the time, a grid of 20 gets done; and no decode waits for more than one of them."""
    loader.explorer.turns = threading.Semaphore(0)
    drawn, decoded, sampled = QSignalSpy(service.drawn), QSignalSpy(service.decoded), QSignalSpy(service.sampled)
    service.request_draw([latent(1000.0 + index) for index in range(20)], topic="grid")
    service.request_sample(seed=1)

    def has_decoded(count: int) -> bool:
        return len(loader.explorer.decoded) == count

    move = 0
    while loader.explorer.decoded.count(1019.0) == 0:
        move += 1
        assert move < 100, "the grid starved"
        service.request_decode(latent(float(move)))
        loader.explorer.turns.release()
        qtbot.waitUntil(partial(has_decoded, move))
    loader.explorer.turns.release(1000)
    qtbot.waitUntil(lambda: drawn.count() == 1)
    assert sampled.count() == 1
    assert decoded.count() >= 15
    of_grid = [value >= 1000.0 for value in loader.explorer.decoded]
    longest = max(len(run) for run in "".join("g" if grid else "." for grid in of_grid).split("."))
    assert longest <= 2, "the slider waited for several sprites of the grid"


def test_a_grid_comes_back_in_order_with_scores(qtbot: QtBot, service: ExploreService) -> None:
    wanted = [latent(float(value)) for value in (5, 3, 9)]
    with qtbot.waitSignal(service.drawn) as answer:
        service.request_draw(wanted, topic="grid")
    (drawn,) = answer.args or []
    assert isinstance(drawn, Drawn)
    assert drawn.topic == "grid"
    assert list(drawn.latents) == wanted
    assert [int(sprite.rgba_HWC[0, 0, 0]) for sprite in drawn.sprites] == [5, 3, 9]
    assert [score.value for score in drawn.scores] == [5.0, 3.0, 9.0]


def test_a_newer_grid_of_the_topic_replaces_the_older(
    qtbot: QtBot, service: ExploreService, loader: FakeLoader
) -> None:
    loader.explorer.turns = threading.Semaphore(1)
    spy = QSignalSpy(service.drawn)
    service.request_draw([latent(1.0)] * 50, topic="grid")
    qtbot.waitUntil(lambda: loader.explorer.begun == 2)
    service.request_draw([latent(2.0)], topic="grid")
    service.request_draw([latent(3.0)], topic="export")
    loader.explorer.turns.release(1000)
    qtbot.waitUntil(lambda: spy.count() == 2)
    qtbot.wait(60)
    topics = {event.topic: len(event.latents) for event in heard(spy) if isinstance(event, Drawn)}
    assert topics == {"grid": 1, "export": 1}
    assert loader.explorer.decoded.count(1.0) == 2, "it goes on with neither half"


def test_random_draws_are_the_samples_of_their_seed(qtbot: QtBot, service: ExploreService, loader: FakeLoader) -> None:
    with qtbot.waitSignal(service.drawn) as answer:
        service.request_random_draw(topic="export", seed=7, count=3, prompt="blue")
    (drawn,) = answer.args or []
    assert isinstance(drawn, Drawn)
    assert drawn.latents == loader.explorer.sample(3, seed=7, prompt="blue")


def test_samples_carry_seed_and_prompt(qtbot: QtBot, service: ExploreService, loader: FakeLoader) -> None:
    with qtbot.waitSignal(service.sampled) as answer:
        service.request_sample(seed=11, prompt="potion", count=2, temperature=0.5)
    latents = loader.explorer.sample(2, seed=11, prompt="potion", temperature=0.5)
    assert answer.args == [Sampled(11, "potion", latents)]


def test_what_a_roll_has_looked_at_is_not_drawn_again(
    qtbot: QtBot, service: ExploreService, loader: FakeLoader
) -> None:
    loader.explorer.job_s = 0.02
    with qtbot.waitSignal(service.sampled) as sampled:
        service.request_sample(seed=11)
    (rolled,) = (sampled.args or [])[0].latents
    with qtbot.waitSignal(service.decoded) as answer:
        service.request_decode(rolled)
    assert loader.explorer.begun == 1
    (shown,) = answer.args or []
    assert shown.sprite == FakeExplorer().decode(rolled)
    assert shown.elapsed_ms >= 20.0, "as long as it took to draw, whenever that was"


def test_a_held_re_roll_key_is_served_newest_only(qtbot: QtBot, service: ExploreService, loader: FakeLoader) -> None:
    loader.explorer.turns = threading.Semaphore(0)
    spy = QSignalSpy(service.sampled)
    service.request_decode(latent(1.0))
    qtbot.waitUntil(lambda: loader.explorer.begun == 1)
    for seed in range(30):
        service.request_sample(seed=seed)
    service.request_sample(seed=99, count=14)
    loader.explorer.turns.release(1000)
    qtbot.waitUntil(lambda: spy.count() == 2)
    qtbot.wait(30)
    assert sorted(event.seed for event in heard(spy) if isinstance(event, Sampled)) == [29, 99]


def test_a_sprite_finds_its_latent(qtbot: QtBot, service: ExploreService) -> None:
    sprite, answers = Sprite(np.full((4, 4, 4), 9, np.uint8)), list[Refined]()
    refining = RefineService(service)
    with qtbot.waitSignals([refining.refined, refining.ended]):
        refining.refined.connect(answers.append)
        refining.request(sprite)
    (found,) = answers
    assert (found.latent, found.step) == (Latent(np.full(LATENT_DIM, 9.0)), 0)
    assert math.isnan(found.share), "without a refiner nobody knows how near it is"
    assert not refining.is_busy


def test_failures_and_crashes_end_one_request_not_the_thread(
    qtbot: QtBot, host: ThreadHost, service: ExploreService
) -> None:
    with qtbot.waitSignal(service.failed) as answer:
        service.request_decode(latent(404.0))
    assert answer.args == [Failure("The model went away.", "Open it again.")]
    with qtbot.waitSignals([host.crashed, service.failed]):
        service.request_draw([latent(1.0), latent(666.0), latent(2.0)], topic="grid")
    with qtbot.waitSignal(service.decoded):
        service.request_decode(latent(5.0))


def test_latents_of_another_model_are_dropped(qtbot: QtBot, service: ExploreService, loader: FakeLoader) -> None:
    service.request_decode(latent(1.0, dim=LATENT_DIM + 1))
    with qtbot.waitSignal(service.drawn):
        service.request_draw([], topic="after")
    assert loader.explorer.decoded == []


def test_nothing_is_answered_before_a_model_is_there(qtbot: QtBot, host: ThreadHost, loader: FakeLoader) -> None:
    service = ExploreService(host, loader)
    crashed = QSignalSpy(host.crashed)
    service.request_decode(latent(1.0))
    service.request_sample(seed=0)
    qtbot.wait(50)
    with qtbot.waitSignal(service.loaded):
        service.load(None)
    assert loader.explorer.decoded == []
    assert crashed.count() == 0


def test_closing_does_not_wait_for_a_long_grid(
    qtbot: QtBot, host: ThreadHost, service: ExploreService, loader: FakeLoader
) -> None:
    loader.explorer.job_s = 0.02
    service.request_draw([latent(1.0)] * 100_000, topic="grid")
    qtbot.waitUntil(lambda: len(loader.explorer.decoded) > 1)
    assert host.shut_down(limit_ms=PATIENCE_MS) == ()
    assert len(loader.explorer.decoded) < 100_000


# ---- the rest follows ----------------------------------------------------------------------------------


class Follower:
    """Adds one to the first number with every report; what happens when it is asked to stop is up to it."""

    def __init__(self, reports: int) -> None:
        self.reports = reports
        self.given = 0

    def __call__(
        self, explorer: Explorer, latent: Latent, pins: Overlay, *, should_stop: Callable[[], bool]
    ) -> Iterator[Followed]:
        del explorer
        assert len(pins) == 1
        for step in range(self.reports):
            if should_stop():
                return
            self.given += 1
            time.sleep(0.002)
            yield Followed(Latent(latent.values_L + step), step / self.reports, step)


PINS = Overlay.painted([(1, 1)], (255, 0, 0, 255))


def following(qtbot: QtBot, host: ThreadHost, follower: PinFollower | None) -> ExploreService:
    """A service that can follow, its model loaded."""
    service = ExploreService(host, FakeLoader(), follower=follower)
    with qtbot.waitSignal(service.loaded):
        service.load(None)
    return service


def test_following_reports_in_order_and_says_when_it_is_over(qtbot: QtBot, host: ThreadHost) -> None:
    service = following(qtbot, host, Follower(5))
    spy = QSignalSpy(service.followed)
    with qtbot.waitSignal(service.follow_ended) as ended:
        number = service.request_follow(latent(3.0), PINS)
    assert ended.args == [number]
    assert [spy.at(i)[0] for i in range(spy.count())] == [number] * 5
    assert [float(spy.at(i)[1].latent.values_L[0]) for i in range(spy.count())] == [3.0, 4.0, 5.0, 6.0, 7.0]


def test_a_slider_is_served_while_something_follows(qtbot: QtBot, host: ThreadHost) -> None:
    follower = Follower(100_000)
    service = following(qtbot, host, follower)
    service.request_follow(latent(0.0), PINS)
    for value in (1.0, 2.0, 3.0):
        with qtbot.waitSignal(service.decoded) as answer:
            service.request_decode(latent(value))
        assert answer.args is not None
        assert answer.args[0].latent == latent(value)
    with qtbot.waitSignal(service.follow_ended):
        service.stop_following()
    given = follower.given
    qtbot.wait(30)
    assert follower.given == given < 100_000


def test_a_newer_wish_replaces_the_one_under_way(qtbot: QtBot, host: ThreadHost) -> None:
    service = following(qtbot, host, Follower(50))
    ended = QSignalSpy(service.follow_ended)
    first = service.request_follow(latent(0.0), PINS)
    second = service.request_follow(latent(100.0), PINS)
    qtbot.waitUntil(lambda: ended.count() > 0 and ended.at(ended.count() - 1)[0] == second)
    assert second == first + 1


def test_who_cannot_follow_says_so_at_once(qtbot: QtBot, host: ThreadHost) -> None:
    service = following(qtbot, host, None)
    with qtbot.waitSignal(service.follow_ended):
        service.request_follow(latent(0.0), PINS)


def test_following_that_breaks_ends_too(qtbot: QtBot, host: ThreadHost) -> None:
    service = following(qtbot, host, Follower(5))
    two_pins = PINS.put(Overlay.painted([(2, 2)], (0, 0, 0, 255)))
    with qtbot.waitSignals([service.follow_ended, service.failed]):
        service.request_follow(latent(0.0), two_pins)  # the fake asserts that there is one


def test_painted_pixels_lie_on_what_is_decoded_and_are_judged(qtbot: QtBot, service: ExploreService) -> None:
    place = latent(3.0)
    for edits in (NOTHING, PINS):
        with qtbot.waitSignal(service.decoded) as answer:
            service.request_decode(place, edits)
        (event,) = answer.args or []
        assert event.edits == edits
        assert event.sprite == edits.over(event.drawn)
        assert event.drawn == FakeExplorer().decode(place)
        assert event.score == FakeExplorer().score(event.sprite)


def test_a_rest_gives_memory_back_once_and_the_next_decode_is_served(
    qtbot: QtBot, host: ThreadHost, loader: FakeLoader, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[float] = []

    def give_back() -> bool:
        given.append(time.monotonic())
        return True

    monkeypatch.setattr(explore_worker, "_REST_S", 0.05)
    monkeypatch.setattr(explore_worker, "give_back", give_back)
    service = ExploreService(host, loader)
    with qtbot.waitSignal(service.loaded):
        service.load(None)
    qtbot.waitUntil(lambda: len(given) == 1)
    qtbot.wait(200)
    assert len(given) == 1, "nothing was done since"
    with qtbot.waitSignal(service.decoded):
        service.request_decode(latent(1.0), NOTHING)
    qtbot.waitUntil(lambda: len(given) == 2)
