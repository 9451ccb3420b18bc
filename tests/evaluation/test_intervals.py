"""Intervals hold what they should as often as they say, and families count as one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.evaluation import intervals


def test_the_mean_is_the_mean_and_its_interval_that_of_the_textbook() -> None:
    values = np.random.default_rng(0).standard_normal(400)
    found = intervals.mean(values)
    assert found.value == pytest.approx(values.mean())
    assert found.half_width == pytest.approx(1.96 * values.std(ddof=1) / np.sqrt(400), rel=0.1)
    assert found.low < found.value < found.high


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(200):
        # Thirty families of four that agree among themselves: one hundred and twenty sprites are worth thirty.
        families = np.repeat(np.arange(30), 4)
        found = intervals.mean(rng.standard_normal(30)[families] + 0.1 * rng.standard_normal(120), families)
        held += found.low <= 0.0 <= found.high
    assert 0.88 <= held / 200 <= 0.99


def test_families_that_agree_widen_the_interval() -> None:
    families = np.repeat(np.arange(50), 4)
    values = np.random.default_rng(2).standard_normal(50)[families]
    assert intervals.mean(values, families).half_width > 1.6 * intervals.mean(values).half_width


def test_the_same_figures_give_the_same_interval() -> None:
    values = np.random.default_rng(3).random(60)
    assert intervals.mean(values) == intervals.mean(values)


def test_a_ratio_weighs_each_sprite_by_what_it_has() -> None:
    found = intervals.ratio([1, 9], [2, 90])
    assert found.value == pytest.approx(10 / 92)
    assert found.low == pytest.approx(0.1)
    assert found.high == pytest.approx(0.5)


def test_a_share_is_unsure_even_of_what_it_never_saw() -> None:
    none = intervals.share(np.zeros(100))
    assert (none.value, none.low) == (0.0, 0.0)
    assert none.high == pytest.approx(0.037, abs=0.001)  # the rule of three says 3 in 100
    always = intervals.share(np.ones(100))
    assert (always.low, always.high) == pytest.approx((1.0 - none.high, 1.0))
    # The textbook's example for Wilson's interval: 0.5 of 100.
    half = intervals.share(np.arange(100) < 50)
    assert (half.low, half.high) == pytest.approx((0.4038, 0.5962), abs=1e-4)
    assert intervals.share([]) == intervals.Estimate(0.0, 0.0, 0.0)


def test_nothing_gives_nothing() -> None:
    assert intervals.mean([]) == intervals.Estimate(0.0, 0.0, 0.0)
    assert intervals.ratio([0, 0], [0, 0]) == intervals.Estimate(0.0, 0.0, 0.0)
    assert intervals.jackknifed(3.0, [1.0]) == intervals.Estimate(3.0, 3.0, 3.0)


def test_more_families_than_are_drawn_one_by_one_are_drawn_in_bundles() -> None:
    values = np.random.default_rng(4).standard_normal(9000)
    assert intervals.mean(values).half_width == pytest.approx(1.96 / np.sqrt(9000), rel=0.15)


def test_the_jackknife_of_a_mean_is_the_textbooks() -> None:
    values = np.random.default_rng(5).standard_normal(50)
    without = [float(np.delete(values, index).mean()) for index in range(50)]
    found = intervals.jackknifed(float(values.mean()), without)
    assert found.half_width == pytest.approx(1.96 * values.std(ddof=1) / np.sqrt(50))
    both = intervals.jackknifed(float(values.mean()), without, without)
    assert both.half_width == pytest.approx(found.half_width * np.sqrt(2))


@given(st.lists(st.integers(0, 30), min_size=1, max_size=80), st.integers(1, 12))
def test_groups_keep_families_whole_and_are_about_equal(families: list[int], groups: int) -> None:
    family_N = np.array(families)
    group_N = intervals.grouped(family_N, groups=groups)
    assert len(group_N) == len(families)
    for family in set(families):
        assert len(set(group_N[family_N == family].tolist())) == 1
    sizes = np.bincount(group_N)
    assert len(sizes) == min(groups, len(set(families)))
    assert sizes.max() - sizes.min() <= np.bincount(family_N).max()


@given(st.lists(st.integers(0, 9), min_size=1, max_size=40))
def test_weights_draw_families_whole_and_as_many_as_there_are(families: list[int]) -> None:
    family_N = np.array(families)
    weights_RN = intervals.resampled_weights(family_N, resamples=20)
    found, first = np.unique(family_N, return_index=True)
    assert (weights_RN[:, first].sum(axis=1) == len(found)).all()
    for family in found:
        assert (np.ptp(weights_RN[:, family_N == family], axis=1) == 0).all()
