"""The classifier test: blind on one source, sure of two, and never asked about what it has learnt."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lunar_studio.core.arrays import U8
from lunar_studio.evaluation.intervals import own_families
from lunar_studio.evaluation.two_sample import Labelled, auc, deal, told_apart, usual_steps
from tests.training.small_art import draw


def sprites(start: int, count: int = 48) -> U8:
    return np.stack([draw(index) for index in range(start, start + count)])


def labelled(real: U8, generated: U8) -> Labelled:
    return Labelled.of(real, own_families(len(real)), generated, own_families(len(generated)))


def test_two_draws_from_one_source_cannot_be_told_apart() -> None:
    found = told_apart(labelled(sprites(0), sprites(1000)), folds=2, steps=20)
    assert found.low < 0.5 < found.high
    assert 0.3 < found.value < 0.7


def test_what_differs_everywhere_is_told_apart_and_says_so_twice_alike() -> None:
    speckled = sprites(1000)
    speckled[:, 3::4, 3::4] = (255, 0, 255, 255)
    told: list[tuple[int, int]] = []
    pair = labelled(sprites(0), speckled)
    found = told_apart(pair, folds=2, steps=20, progress=lambda done, total: told.append((done, total)))
    assert found.value > 0.97
    assert told == [(step + 1, 40) for step in range(40)]
    assert found == told_apart(pair, folds=2, steps=20)


def test_a_family_that_stands_in_one_fold_teaches_nothing_about_itself() -> None:
    # Six pictures, twenty times each, three of them in either set: who had seen a picture would know its side.
    families = np.repeat(np.arange(3), 20)
    first, second = (np.repeat(sprites(start, 3), 20, axis=0) for start in (0, 50))
    leak_free = told_apart(Labelled.of(first, families, second, families), folds=2, steps=20)
    leaking = told_apart(labelled(first, second), folds=2, steps=20)
    assert leaking.value > 0.95
    assert leak_free.value < 0.95


@settings(max_examples=30)
@given(st.lists(st.integers(0, 12), min_size=1, max_size=60), st.lists(st.integers(0, 12), min_size=1, max_size=60))
def test_folds_keep_families_whole_and_have_both_sets(real: list[int], generated: list[int]) -> None:
    empty = np.zeros((len(real) + len(generated), 1, 1, 4), np.uint8)
    pair = Labelled.of(empty[: len(real)], np.array(real), empty[len(real) :], np.array(generated))
    assert not set(pair.families_N[pair.generated_N]) & set(pair.families_N[~pair.generated_N])
    if min(len(set(real)), len(set(generated))) < 3:
        with pytest.raises(ValueError, match="fewer than 3 families"):
            deal(pair, 3, 0)
        return
    fold_N = deal(pair, 3, 0)
    for family in np.unique(pair.families_N):
        assert len(np.unique(fold_N[pair.families_N == family])) == 1
    for side in (False, True):
        assert set(fold_N[pair.generated_N == side].tolist()) == {0, 1, 2}


def judged(generated: list[bool]) -> Labelled:
    return Labelled(
        np.zeros((len(generated), 1, 1, 4), np.uint8), own_families(len(generated)), np.array(generated, np.bool_)
    )


def test_the_auc_is_the_share_of_pairs_in_order_and_ties_count_half() -> None:
    pair = judged([False, False, True, True])
    one_fold = np.zeros(4, np.int64)
    assert auc(np.array([0.0, 1.0, 2.0, 3.0]), pair, one_fold).value == 1.0
    assert auc(np.array([0.0, 2.0, 1.0, 3.0]), pair, one_fold).value == 0.75
    assert auc(np.array([0.0, 1.0, 1.0, 3.0]), pair, one_fold).value == 0.875
    assert auc(np.zeros(4), pair, one_fold).value == 0.5


def test_scores_of_different_networks_are_never_compared() -> None:
    pair = judged([False, True, False, True])
    # The second network's scores are all higher; within each, the generated one is.
    assert auc(np.array([0.0, 1.0, 10.0, 11.0]), pair, np.array([0, 0, 1, 1])).value == 1.0
    assert auc(np.array([10.0, 11.0, 0.0, 1.0]), pair, np.array([0, 0, 1, 1])).value == 1.0


@given(st.integers(0, 2**31))
def test_the_auc_does_not_depend_on_order_or_on_the_scale_of_scores(seed: int) -> None:
    rng = np.random.default_rng(seed)
    generated = np.arange(30) % 2 == 1
    score, fold, order = rng.random(30), np.arange(30) // 10, rng.permutation(30)
    first = auc(score, judged(generated.tolist()), fold)
    second = auc(np.exp(score[order]), judged(generated[order].tolist()), fold[order])
    assert first.value == pytest.approx(second.value)
    assert first.low <= first.value <= first.high
    flipped = auc(-score, judged(generated.tolist()), fold)
    assert flipped.value == pytest.approx(1.0 - first.value)


def test_every_sprite_is_seen_about_as_often_within_limits() -> None:
    assert usual_steps(640) == 200
    assert [usual_steps(count) for count in (1, 10_000_000)] == [30, 300]


def test_large_art_is_thinned_out() -> None:
    large = sprites(0, 6).repeat(8, axis=1).repeat(8, axis=2)
    small = sprites(0, 6).repeat(4, axis=1).repeat(4, axis=2)
    halves = own_families(3)
    found = [told_apart(Labelled.of(x[:3], halves, x[3:], halves), folds=3, steps=2) for x in (large, small)]
    assert found[0] == found[1]
