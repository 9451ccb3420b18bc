"""Blame and replacements on a tiny model whose teacher is taught, by construction, to dislike one colour."""

from __future__ import annotations

import numpy as np
import pytest

from lunar_studio.core.critic import WHOLE, BlameMap
from lunar_studio.core.sprite import Sprite
from lunar_studio.explore.blame import METHODS, blame, blamed, neighbours_say
from lunar_studio.explore.engine import Engine
from lunar_studio.explore.replacements import COUNT, MOST_TRIED, candidates, replacements
from lunar_studio.models.model_file import describe
from tests.explore.tastes import engine_with_taste
from tests.explore.tiny_model import tiny_bundle

SIDE = 16
RED, GREY = (255, 0, 0, 255), (90, 90, 90, 255)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return engine_with_taste()


def square(*spots: tuple[int, int]) -> Sprite:
    """A grey square with red spots."""
    rgba = np.zeros((SIDE, SIDE, 4), np.uint8)
    rgba[3:13, 3:13] = GREY
    for x, y in spots:
        rgba[y, x] = RED
    return Sprite(rgba)


@pytest.mark.parametrize("method", sorted(METHODS))
def test_what_costs_the_score_is_hottest(engine: Engine, method: str) -> None:
    found = blame(engine, square((5, 6), (9, 10)), method=method)
    assert found.heat_HW.dtype == np.float32
    assert found.heat_HW.min() >= 0.0
    assert found.heat_HW.max() == pytest.approx(1.0)
    hottest = {divmod(int(at), SIDE) for at in np.argsort(-found.heat_HW.ravel())[:2]}
    assert hottest == {(6, 5), (10, 9)}


@pytest.mark.parametrize("method", sorted(METHODS))
def test_the_same_sprite_gives_the_same_map(engine: Engine, method: str) -> None:
    sprite = square((5, 6))
    assert np.array_equal(
        blame(engine, sprite, method=method).heat_HW, blame(engine, Sprite(sprite.rgba_HWC), method=method).heat_HW
    )


def test_each_expert_blames_what_it_looks_at(engine: Engine) -> None:
    whole, first = blame(engine, square((5, 6))), blame(engine, square((5, 6)), 0)
    assert np.array_equal(whole.heat_HW, first.heat_HW)
    presence = blame(engine, square((5, 6)), 1, method="occlusion").heat_HW
    assert presence[6, 5] == 0.0, "it does not care for colour"
    assert presence[2, 7] > 0.0, "a pixel at the rim could be there"


def test_nothing_to_blame_is_cold_and_noise_is_not_made_large(engine: Engine) -> None:
    assert blame(engine, square(), method="occlusion").heat_HW.max() == 0.0


def test_it_comes_in_steps_with_the_map_last(engine: Engine) -> None:
    answers = list(blamed(engine, square((5, 6))))
    assert len(answers) >= 2
    assert answers[:-1] == [None] * (len(answers) - 1)
    assert isinstance(answers[-1], BlameMap)


def test_without_a_teacher_nothing_is_blamed() -> None:
    bundle = tiny_bundle(teacher=False)
    bare = Engine(bundle, describe(bundle, "0" * 64))
    assert not blame(bare, square((5, 6))).heat_HW.any()
    assert replacements(bare, square((5, 6)), (5, 6)).choices == ()


def test_mistakes_are_refused(engine: Engine) -> None:
    with pytest.raises(ValueError, match="8 by 8 in a model of 16"):
        blame(engine, Sprite(np.zeros((8, 8, 4), np.uint8)))
    with pytest.raises(ValueError, match="no expert 2"):
        blame(engine, square(), 2)
    with pytest.raises(KeyError):
        blame(engine, square(), method="guess")
    with pytest.raises(ValueError, match="no pixel"):
        replacements(engine, square(), (SIDE, 0))
    with pytest.raises(ValueError, match="does not fit"):
        BlameMap(square(), WHOLE, np.zeros((2, 2)))


def test_neighbours_elect_another_colour() -> None:
    rgba = square((5, 6)).rgba_HWC
    other_HWC, places = neighbours_say(rgba)
    assert tuple(other_HWC[6, 5]) == GREY
    assert tuple(other_HWC[6, 4]) == RED, "not its own, though seven of eight are"
    assert tuple(other_HWC[2, 2]) == GREY
    assert len(places) == 12 * 12


def test_the_best_replacement_of_a_red_pixel_is_not_red(engine: Engine) -> None:
    found = replacements(engine, square((5, 6), (9, 10)), (5, 6))
    assert len(found.choices) == 2, "grey, or nothing"
    assert {choice.rgba for choice in found.choices} == {GREY, (0, 0, 0, 0)}
    before = engine.score(square((5, 6), (9, 10))).value
    for choice in found.choices:
        rgba = square((5, 6), (9, 10)).rgba_HWC.copy()
        rgba[6, 5] = choice.rgba
        assert choice.gain == pytest.approx(engine.score(Sprite(rgba)).value - before, abs=1e-3)
        assert choice.gain > 5


def test_replacements_are_ranked_and_few(engine: Engine) -> None:
    rgba = np.zeros((SIDE, SIDE, 4), np.uint8)
    rgba[..., 3] = 255
    rgba[..., 0] = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
    busy = Sprite(rgba)
    tried = candidates(busy, (7, 7))
    assert len(tried) == MOST_TRIED
    assert tried[0] == (0, 0, 0, 0)
    assert len(set(tried)) == len(tried)
    assert tuple(rgba[7, 7].tolist()) not in tried
    assert tuple(rgba[6, 6].tolist()) in tried
    found = replacements(engine, busy, (7, 7))
    gains = [choice.gain for choice in found.choices]
    assert len(gains) == COUNT
    assert gains == sorted(gains, reverse=True)
