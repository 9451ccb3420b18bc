"""Improving a sprite of a tiny model: higher, not far, with what is held held, and the same every time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from lunar_studio.core.critic import WHOLE, Improvement, ImproveTask, value_of
from lunar_studio.core.latent import Latent
from lunar_studio.core.overlay import Overlay
from lunar_studio.explore.engine import Engine
from lunar_studio.explore.improve import RADIUS, improve, spread
from lunar_studio.models.model_file import describe
from lunar_studio.pixels.regions import differing
from tests.explore.tastes import engine_with_taste
from tests.explore.tiny_model import tiny_bundle

STEPS = 20


@pytest.fixture(scope="module")
def engine() -> Engine:
    return engine_with_taste(-5.0)


@pytest.fixture
def latent(engine: Engine) -> Latent:
    """A sprite that the teacher neither despises, beyond what its scale tells apart, nor thinks the world of."""
    return next(one for one in engine.sample(60, seed=3) if 10 < engine.score(engine.decode(one)).value < 70)


def climbed(engine: Engine, task: ImproveTask, **changes: float) -> list[Improvement]:
    wanted: dict[str, float] = {"steps": STEPS, "radius": 1.0, **changes}
    answers: Iterator[Improvement | None] = improve(engine, task, **wanted)  # type: ignore[arg-type]
    return [answer for answer in answers if answer is not None]


def free(latent: Latent, **changes: object) -> ImproveTask:
    return ImproveTask(latent, **{"holds_palette": False, "holds_silhouette": False, **changes})  # type: ignore[arg-type]


def test_the_score_rises_and_what_is_told_is_true(engine: Engine, latent: Latent) -> None:
    reports = climbed(engine, free(latent))
    assert [report.has_ended for report in reports] == [False] * (len(reports) - 1) + [True]
    values = [report.score.value for report in reports]
    assert values == sorted(values)
    first, last = reports[0], reports[-1]
    assert first.sprite == first.before == engine.decode(latent)
    assert last.score.value > first.score.value + 1
    assert last.score.value == pytest.approx(engine.score(last.sprite).value, abs=1e-3)
    assert last.sprite == last.drawn == engine.decode(last.latent), "nothing was held"


def test_it_stays_near_where_it_began(engine: Engine, latent: Latent) -> None:
    unit_L = spread(engine, engine.decode(latent)).numpy()
    for radius in (0.05, RADIUS):
        last = climbed(engine, free(latent), radius=radius)[-1]
        offset_L = (last.latent.values_L - latent.values_L) / unit_L
        assert np.sqrt(np.square(offset_L).mean()) <= radius * 1.001
        assert last.distance == pytest.approx(np.sqrt(np.square(offset_L).mean()), rel=1e-3)


def test_the_same_task_gives_the_same_reports(engine: Engine, latent: Latent) -> None:
    first, second = (climbed(engine, free(latent)) for _ in range(2))
    assert [report.sprite for report in first] == [report.sprite for report in second]
    assert first[-1].latent == second[-1].latent


def test_an_expert_can_be_pleased_alone(engine: Engine, latent: Latent) -> None:
    reports = climbed(engine, free(latent, expert=1))
    assert value_of(reports[-1].score, 1) > value_of(reports[0].score, 1)
    assert reports[-1].sprite.rgba_HWC[..., 3].sum() > reports[0].sprite.rgba_HWC[..., 3].sum()


def test_palette_and_silhouette_are_held(engine: Engine, latent: Latent) -> None:
    last = climbed(engine, ImproveTask(latent))[-1]
    before, after = last.before.rgba_HWC, last.sprite.rgba_HWC
    assert np.array_equal(before[..., 3] > 0, after[..., 3] > 0)
    colours = {tuple(one) for one in before[before[..., 3] > 0].tolist()}
    assert {tuple(one) for one in after[after[..., 3] > 0].tolist()} <= colours
    palette_dim = engine.bundle.vae.palette_dim
    assert palette_dim > 0
    assert np.array_equal(last.latent.values_L[:palette_dim], latent.values_L[:palette_dim])


@pytest.mark.parametrize("holds_pins", [True, False])
def test_pins_are_held_as_asked(engine: Engine, latent: Latent, holds_pins: bool) -> None:
    pins = Overlay.painted([(2, 2), (3, 2)], (255, 0, 255, 255))
    painted = Overlay.painted([(9, 9)], (0, 255, 0, 255), pinned=False)
    edits = pins.put(painted)
    task = free(latent, edits=edits, holds_pins=holds_pins)
    last = climbed(engine, task)[-1]
    assert last.before == edits.over(engine.decode(latent))
    pinned_stays = tuple(last.sprite.rgba_HWC[2, 2]) == (255, 0, 255, 255)
    painted_stays = tuple(last.sprite.rgba_HWC[9, 9]) == (0, 255, 0, 255)
    assert (pinned_stays, painted_stays) == (holds_pins, holds_pins)


def test_regions_are_the_whole_difference_and_each_is_judged(engine: Engine, latent: Latent) -> None:
    last = climbed(engine, free(latent))[-1]
    pixels = [pixel for region in last.regions for pixel in region.pixels]
    assert len(pixels) == len(set(pixels))
    assert {(x, y) for y, x in np.argwhere(differing(last.before, last.sprite)).tolist()} == set(pixels)
    gains = [region.gain for region in last.regions]
    assert gains == sorted(gains, reverse=True)
    best = last.regions[0]
    alone = Overlay.taken_from(last.sprite, best.pixels).over(last.before)
    assert best.gain == pytest.approx(engine.score(alone).value - last.score_before.value, abs=1e-2)


def test_it_stops_when_asked_and_says_what_it_has(engine: Engine, latent: Latent) -> None:
    asked = iter([False] * 7 + [True] * 99)
    reports = [
        answer
        for answer in improve(engine, free(latent), steps=500, should_stop=lambda: next(asked))
        if answer is not None
    ]
    assert reports[-1].has_ended
    assert reports[-1].step == 5


def test_without_a_teacher_it_ends_where_it_began() -> None:
    bundle = tiny_bundle(teacher=False)
    bare = Engine(bundle, describe(bundle, "0" * 64))
    start = bare.sample(1, seed=0)[0]
    last = climbed(bare, ImproveTask(start, expert=WHOLE))[-1]
    assert last.has_ended
    assert last.latent == start
    assert last.regions == ()
