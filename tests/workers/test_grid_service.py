"""Grids in parts, and candidates for words: in order, many together where the explorer can, the newest request only."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication
from pytestqt.qtbot import QtBot

from lunar_studio.core.latent import Latent
from lunar_studio.core.score import Score
from lunar_studio.core.sprite import Sprite
from lunar_studio.explore.inventing import TRIES
from lunar_studio.session.ports import DrawsMany, KnowsWords
from lunar_studio.workers.explore_service import ExploreService
from lunar_studio.workers.grid_service import PART, GridPart, GridService, drawn_in_parts
from lunar_studio.workers.thread_host import ThreadHost
from lunar_studio.workers.words_service import Ranked, WordsService, candidates
from tests.conftest import PATIENCE_MS
from tests.workers.fakes import LATENT_DIM, FakeExplorer, FakeLoader


def latents(count: int, start: int = 0) -> tuple[Latent, ...]:
    return tuple(Latent([start + index, *([0.0] * (LATENT_DIM - 1))]) for index in range(count))


@dataclass
class ManyExplorer(FakeExplorer):
    """Draws many at once, and knows a word."""

    together: list[int] = field(default_factory=list)

    def decode_many(self, latents: Sequence[Latent]) -> tuple[Sprite, ...]:
        self.together.append(len(latents))
        return tuple(self.decode(latent) for latent in latents)

    def score_many(self, sprites: Sequence[Sprite]) -> tuple[Score, ...]:
        return tuple(self.score(sprite) for sprite in sprites)

    @property
    def words(self) -> tuple[str, ...]:
        return ("moon",)

    def fits(self, sprites: Sequence[Sprite], prompt: str) -> tuple[float, ...]:
        assert prompt == "moon"
        return tuple(float(sprite.rgba_HWC[0, 0, 0]) / 255 for sprite in sprites)


@pytest.fixture
def host(qapp: QCoreApplication) -> Iterator[ThreadHost]:
    host = ThreadHost(qapp)
    yield host
    assert host.shut_down(limit_ms=PATIENCE_MS) == ()
    host.deleteLater()


def loaded(qtbot: QtBot, host: ThreadHost, explorer: FakeExplorer) -> ExploreService:
    service = ExploreService(host, FakeLoader(explorer))
    with qtbot.waitSignal(service.loaded):
        service.load(None)
    return service


@pytest.mark.parametrize("explorer", [FakeExplorer(), ManyExplorer()])
def test_every_sprite_comes_once_and_in_order(explorer: FakeExplorer) -> None:
    wanted = latents(2 * PART + 3)
    parts = [part for part in drawn_in_parts(wanted, None, explorer) if isinstance(part, GridPart)]
    assert [part.start for part in parts] == [0, PART, 2 * PART]
    sprites = [sprite for part in parts for sprite in part.sprites]
    assert sprites == [FakeExplorer().decode(latent) for latent in wanted]
    assert [score for part in parts for score in part.scores] == [explorer.score(sprite) for sprite in sprites]
    if isinstance(explorer, ManyExplorer):
        assert isinstance(explorer, DrawsMany)
        assert explorer.together == [PART, PART, 3]


def test_there_is_a_pause_in_every_part() -> None:
    assert [step is None for step in drawn_in_parts(latents(PART + 1), None, FakeExplorer())] == [
        True,
        False,
        True,
        False,
    ]


class SometimesEmpty(FakeExplorer):
    """Draws nothing where the first number of a latent is below zero."""

    def decode(self, latent: Latent) -> Sprite:
        drawn = super().decode(latent)
        return drawn if latent.values_L[0] >= 0 else Sprite(np.zeros_like(drawn.rgba_HWC))


def test_others_stand_in_for_what_nobody_could_see() -> None:
    asked: list[tuple[int, int]] = []

    def another(place: int, attempt: int) -> Latent:
        asked.append((place, attempt))
        (found,) = latents(1, start=100 + place if attempt == 1 else -1)
        return found

    wanted = list(latents(PART + 3))
    wanted[4], wanted[PART + 1] = latents(2, start=-9)
    parts = [one for one in drawn_in_parts(tuple(wanted), another, SometimesEmpty()) if isinstance(one, GridPart)]
    drawn = [latent for part in parts for latent in part.latents]
    assert asked == [(4, 0), (4, 1), (PART + 1, 0), (PART + 1, 1)]
    assert (drawn[4], drawn[PART + 1]) == (latents(1, 104)[0], latents(1, 101 + PART)[0])
    for part in parts:
        for latent, sprite, score in zip(part.latents, part.sprites, part.scores, strict=True):
            assert sprite == FakeExplorer().decode(latent)
            assert score == FakeExplorer().score(sprite)


def test_what_stays_empty_is_shown_so_and_left_alone_where_nothing_stands_in() -> None:
    (never,) = latents(1, start=-1)
    (part,) = [one for one in drawn_in_parts((never,), None, SometimesEmpty()) if isinstance(one, GridPart)]
    assert part.latents == (never,)
    assert part.sprites[0].is_empty
    explorer = SometimesEmpty()
    (part,) = [one for one in drawn_in_parts((never,), lambda *_: never, explorer) if isinstance(one, GridPart)]
    assert part.sprites[0].is_empty
    assert explorer.begun == 1 + TRIES


def test_latents_of_another_model_draw_nothing() -> None:
    explorer = FakeExplorer()
    assert list(drawn_in_parts((*latents(1), Latent([1.0])), None, explorer)) == []
    assert explorer.begun == 0


def test_the_newest_request_replaces_the_one_before(qtbot: QtBot, host: ThreadHost) -> None:
    grid = GridService(loaded(qtbot, host, FakeExplorer(job_s=0.002)), "test")
    arrived: list[GridPart] = []
    grid.arrived.connect(arrived.append)
    grid.request(latents(60))
    assert grid.is_busy
    with qtbot.waitSignal(grid.ended):
        grid.request(latents(PART + 2, start=100))
    assert not grid.is_busy
    reds = [int(sprite.rgba_HWC[0, 0, 0]) for part in arrived for sprite in part.sprites]
    assert reds == list(range(100, 100 + PART + 2))


def test_stopped_is_silent(qtbot: QtBot, host: ThreadHost) -> None:
    service = loaded(qtbot, host, FakeExplorer(job_s=0.002))
    grid, other = GridService(service, "test"), GridService(service, "other")
    arrived: list[GridPart] = []
    grid.arrived.connect(arrived.append)
    grid.request(latents(40))
    grid.stop()
    with qtbot.waitSignal(other.ended):
        other.request(latents(3))
    assert arrived == []


def test_candidates_are_ranked_and_their_seeds_lead_back(qtbot: QtBot, host: ThreadHost) -> None:
    explorer = ManyExplorer()
    assert isinstance(explorer, KnowsWords)
    words = WordsService(loaded(qtbot, host, explorer))
    answers: list[tuple[str, Ranked]] = []
    words.found.connect(lambda prompt, ranked: answers.append((prompt, ranked)))
    with qtbot.waitSignal(words.ended):
        words.request("moon", seed=40, count=9, temperature=50.0)
    assert [prompt for prompt, _ in answers] == ["moon"] * 9
    assert [len(ranked.candidates) for _, ranked in answers] == list(range(1, 10)), "each is told as it comes"
    assert [ranked.is_whole for _, ranked in answers] == [False] * 8 + [True]
    for _, ranked in answers:
        fits = [round(one.fit, 2) for one in ranked.candidates]
        assert fits == sorted(fits, reverse=True)
    found = answers[-1][1].candidates
    assert sorted(one.seed for one in found) == list(range(40, 49))
    for one in found:
        (again,) = explorer.sample(1, seed=one.seed, prompt="moon", temperature=50.0)
        assert again == one.latent
        assert explorer.decode(again) == one.sprite


def test_without_a_vocabulary_the_score_ranks() -> None:
    *_, ranked = [step for step in candidates("moon", 1, 6, 50.0, FakeExplorer()) if step is not None]
    assert isinstance(ranked, Ranked)
    assert ranked.is_whole
    found = ranked.candidates
    assert all(math.isnan(one.fit) for one in found)
    scores = [one.score.value for one in found]
    assert scores == sorted(scores, reverse=True)
