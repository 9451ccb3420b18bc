"""Figures about a teacher: right for judges whose taste is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.core.arrays import F32, U8
from lunar_studio.core.presets import preset
from lunar_studio.evaluation.critic import (
    SEVERITIES,
    CriticFigures,
    auroc,
    auroc_of_families,
    calibration_error,
    evaluate_critic,
    harmed,
)
from lunar_studio.evaluation.intervals import own_families
from lunar_studio.evaluation.judging import Judged, judge_all
from lunar_studio.models.bundle import build_networks
from lunar_studio.pixels import damage
from tests.training.small_art import draw

COUNT = 12
CAPTIONS = [f"caption {index % 6}" for index in range(COUNT)]


def art() -> U8:
    return np.stack([draw(index) for index in range(COUNT)])


def likeness() -> F32:
    """Each sprite is like those captions that are its own."""
    return np.equal.outer(np.arange(COUNT) % 6, np.arange(COUNT) % 6).astype(np.float32)


def judged(logit_N: F32) -> Judged:
    count = len(logit_N)
    gate_NE = np.tile(np.array([[0.25, 0.75]], np.float32), (count, 1))
    experts_NE = np.stack([logit_N, np.linspace(-1, 1, count, dtype=np.float32)], axis=1)
    return Judged(logit_N, experts_NE, gate_NE, np.zeros((count, 6), np.float32))


class Knower:
    """Knows every sprite as it should be: the more of its pixels differ, the lower it scores."""

    def __init__(self, sprites_NHWC: U8) -> None:
        self._sprites_NHWC = sprites_NHWC

    def __call__(self, pictures_NHWC: U8) -> Judged:
        if len(pictures_NHWC) != COUNT:
            return judged(np.zeros(len(pictures_NHWC), np.float32))
        apart = np.abs(pictures_NHWC.astype(np.float32) - self._sprites_NHWC).sum(axis=(1, 2, 3))
        return judged(-apart)


def figures(judge: object, drawn: dict[str, U8] | None = None) -> CriticFigures:
    sprites = art()
    return evaluate_critic(
        judge,  # type: ignore[arg-type]
        lambda logit: 50.0 + 0.01 * logit,
        sprites,
        own_families(COUNT),
        CAPTIONS,
        likeness(),
        drawn or {},
    )


def test_who_knows_every_sprite_tells_every_damage_and_its_severity() -> None:
    found = figures(Knower(art()), {"noise": np.random.default_rng(0).integers(0, 256, art().shape, np.uint8)})
    assert set(found.against) == set(damage.FAMILIES)
    for family, against in found.against.items():
        assert against.auroc_by_severity[-1].value == pytest.approx(1.0), family
        assert against.spearman.value > 0.5, family
        assert against.falls_E[1] == pytest.approx(0.0), family
    assert np.mean([against.spearman.value for against in found.against.values()]) > 0.85
    assert found.against_drawn["noise"].value == pytest.approx(1.0)
    assert found.shares_E == pytest.approx((0.25, 0.75))
    assert found.recall is not None
    assert (found.recall.words_to_sprite.value, found.recall.sprite_to_words.value) == (1.0, 1.0)
    assert found.recall.captions == 6
    assert found.steadiness.flip > 0.0
    assert found.sprites == COUNT


def test_who_sees_nothing_is_at_chance() -> None:
    found = figures(lambda pictures: judged(np.zeros(len(pictures), np.float32)))
    for against in found.against.values():
        assert [estimate.value for estimate in against.auroc_by_severity] == [0.5] * len(SEVERITIES)
        assert against.spearman.value == pytest.approx(0.0)
    assert (found.steadiness.flip, found.steadiness.shift) == (0.0, 0.0)


def test_damage_grows_in_the_same_places_and_is_the_same_twice() -> None:
    sprites = art()
    mild, bad = (harmed(sprites, "orphans", severity) for severity in (0.5, 1.0))
    np.testing.assert_array_equal(mild, harmed(sprites, "orphans", 0.5))
    touched_mildly, touched_badly = ((harm != sprites).any(axis=3) for harm in (mild, bad))
    assert touched_mildly.sum() < touched_badly.sum()


@given(st.lists(st.integers(-5, 5), min_size=2, max_size=12), st.lists(st.integers(-5, 5), min_size=2, max_size=12))
def test_auroc_of_a_set_and_another_adds_up_to_one_the_other_way_round(better: list[int], worse: list[int]) -> None:
    one = auroc(better, worse, own_families(len(better)), own_families(len(worse)))
    other = auroc(worse, better, own_families(len(worse)), own_families(len(better)))
    assert one.value + other.value == pytest.approx(1.0)
    assert one.low - 1e-9 <= one.value <= one.high + 1e-9
    wins = sum((b > w) + 0.5 * (b == w) for b in better for w in worse)
    assert one.value == pytest.approx(wins / (len(better) * len(worse)))


def test_a_large_family_counts_as_much_as_a_small_one() -> None:
    families = np.array([0] * 9 + [1])
    better, worse = np.array([0.0] * 9 + [5.0]), np.full(10, 1.0)
    assert auroc(better, worse, families, families).value == pytest.approx(0.1)
    assert auroc_of_families(better, worse, families) == pytest.approx(0.5)
    each_its_own = auroc_of_families(better, worse, own_families(10))
    assert each_its_own == pytest.approx(auroc(better, worse, families, families).value)


def test_calibration_holds_for_one_kind_of_art_and_not_for_families_that_differ() -> None:
    rng = np.random.default_rng(3)
    alike = calibration_error(rng.normal(size=400), own_families(400))
    assert alike < 2.0
    assert np.isnan(calibration_error(np.zeros(4), np.zeros(4, np.int64)))


def test_many_pictures_are_judged_as_each_alone() -> None:
    networks = build_networks(preset("tiny"))
    vae, teacher = networks["vae"].eval(), networks["teacher"].eval()
    sprites = np.stack([draw(index) for index in range(70)])
    together = judge_all(teacher, vae, sprites)  # type: ignore[arg-type]
    alone = judge_all(teacher, vae, sprites[66:67])  # type: ignore[arg-type]
    assert together.logit_N.shape == (70,)
    assert together.logit_N[66] == pytest.approx(alone.logit_N[0], abs=1e-4)
    np.testing.assert_allclose(together.gate_NE.sum(axis=1), 1.0, atol=1e-5)
