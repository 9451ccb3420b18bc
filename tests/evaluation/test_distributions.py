"""Figures of feature clouds against clouds whose relation is known."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from lunar_studio.evaluation.distributions import Drawn, compare, squared_distances
from lunar_studio.evaluation.intervals import I64, own_families

DIMENSIONS = 8


def cloud(seed: int, count: int = 200, *, centre: float = 0.0, spread: float = 1.0) -> Drawn:
    values = np.random.default_rng(seed).normal(centre, spread, (count, DIMENSIONS)).astype(np.float32)
    return Drawn(values, own_families(count))


def test_two_draws_from_one_source_differ_by_nothing_that_counts() -> None:
    found = compare(cloud(0), cloud(1))
    assert found.kid.low < 0.0 < found.kid.high
    assert found.precision.value == pytest.approx(found.recall.value, abs=0.12)
    assert found.density.value == pytest.approx(1.0, abs=0.2)
    assert found.coverage.value > 0.9
    assert found.kid_spread > 0.0


def test_far_apart_clouds_share_nothing() -> None:
    found = compare(cloud(0), cloud(1, centre=20.0))
    assert found.kid.low > 1.0
    assert [found.precision.value, found.recall.value, found.density.value, found.coverage.value] == [0.0] * 4


def test_one_mode_of_two_is_precise_but_covers_half() -> None:
    both = np.concatenate([cloud(0, 100).features_ND, cloud(1, 100, centre=20.0).features_ND])
    found = compare(Drawn(both, own_families(200)), cloud(2))
    assert found.precision.value > 0.8
    assert 0.35 < found.recall.value <= 0.5
    assert 0.4 < found.coverage.value <= 0.5
    turned = compare(cloud(2), Drawn(both, own_families(200)))
    assert turned.precision.value <= 0.5
    assert turned.recall.value > 0.8


def test_a_set_with_itself_is_all_there() -> None:
    found = compare(cloud(0), cloud(0))
    assert [found.precision.value, found.recall.value, found.coverage.value] == [1.0] * 3
    # The pairs of twins across the sets pull the estimate below the 0 of independent draws.
    assert -1.0 < found.kid.value < 0.0


def test_the_kid_is_that_of_the_textbook() -> None:
    real, generated = cloud(0, 30), cloud(1, 40, centre=0.5)
    x, y = real.features_ND.astype(np.float64), generated.features_ND.astype(np.float64)

    def kernel(a: np.ndarray, b: np.ndarray) -> float:
        return float((a @ b / DIMENSIONS + 1.0) ** 3)

    def within(rows: np.ndarray) -> float:
        return float(np.mean([kernel(a, b) for i, a in enumerate(rows) for j, b in enumerate(rows) if i != j]))

    across = np.mean([kernel(a, b) for a in x for b in y])
    assert compare(real, generated).kid.value == pytest.approx(within(x) + within(y) - 2 * across)


def test_the_kid_grows_with_the_distance() -> None:
    values = [compare(cloud(0), cloud(1, centre=centre)).kid.value for centre in (0.0, 0.3, 0.6, 1.2)]
    assert values == sorted(values)


def test_order_and_numbers_of_families_do_not_matter() -> None:
    real, generated = cloud(0, 60), cloud(1, 50, centre=0.3)
    shuffle = np.random.default_rng(2).permutation(60)
    turned = Drawn(real.features_ND[shuffle], shuffle.astype(np.int64) + 1000)
    first, second = compare(real, generated), compare(turned, generated)
    for field in ("kid", "precision", "recall", "density", "coverage"):
        assert getattr(first, field).value == pytest.approx(getattr(second, field).value)


def test_siblings_do_not_make_a_set_look_unlike_its_own_source() -> None:
    # Each of forty sprites five times over with small changes: pairs of siblings are far more alike than any pair
    # across the sets, and would raise the estimate if they counted.
    rng = np.random.default_rng(3)
    families: I64 = np.repeat(np.arange(40), 5)
    sibling = cloud(4, 40).features_ND[families] + rng.normal(0, 0.01, (200, DIMENSIONS)).astype(np.float32)
    kept = compare(Drawn(sibling, families), cloud(5)).kid
    ignored = compare(Drawn(sibling, own_families(200)), cloud(5)).kid
    assert kept.low < 0.0 < kept.high
    assert ignored.value > kept.value
    assert kept.half_width > ignored.half_width


def test_intervals_contain_their_figures() -> None:
    found = compare(cloud(0), cloud(1, centre=0.5, spread=0.8))
    for estimate in dataclasses.astuple(found):
        if isinstance(estimate, tuple):
            value, low, high = estimate
            assert low <= value <= high


def test_one_family_is_not_enough() -> None:
    single = dataclasses.replace(cloud(0, 10), families_N=np.zeros(10, np.int64))
    with pytest.raises(ValueError, match="two families"):
        compare(single, cloud(1))


def test_distances_are_squared_and_euclidean() -> None:
    first, second = cloud(0, 5).features_ND, cloud(1, 7).features_ND
    plain = ((first[:, None] - second[None]) ** 2).sum(axis=2)
    assert np.allclose(squared_distances(first, second), plain, atol=1e-4)
