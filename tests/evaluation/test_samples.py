"""All figures together, on art drawn by code."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from lunar_studio.core.arrays import U8
from lunar_studio.evaluation import lite0
from lunar_studio.evaluation.intervals import own_families
from lunar_studio.evaluation.samples import Sides, evaluate_samples
from tests.training.small_art import draw


def drawings(start: int, count: int) -> U8:
    return np.stack([draw(index) for index in range(start, start + count)])


def sides(held_out: int = 12, training: int = 20) -> Sides:
    return Sides(
        drawings(0, held_out), own_families(held_out), drawings(500, training), own_families(training) + held_out
    )


def test_every_figure_is_there_and_the_same_twice() -> None:
    stages: dict[str, tuple[int, int]] = {}

    def note(title: str, done: int, total: int) -> None:
        stages[title] = (done, total)

    network = lite0.load() if lite0.is_installed() else None
    drawn = np.concatenate([drawings(900, 10), drawings(500, 5)])
    first = evaluate_samples(drawn, sides(), colours=4, network=network, progress=note)
    assert first == evaluate_samples(drawn, sides(), colours=4, network=network)
    assert first.compared == 12
    assert all(done == total for done, total in stages.values())
    assert len(stages) == (7 if network else 4)
    assert (first.seen is None) == (network is None)
    assert first.novelty.copies.value >= 5 / 15
    assert first.samples.colours.value == first.real.colours.value == 3.0
    for estimate in dataclasses.astuple(first.told_apart):
        value, low, high = estimate
        assert 0.0 <= low <= value <= high <= 1.0


def test_what_the_file_can_hold_is_not_held_against_the_drawing() -> None:
    soft = sides(20)
    soft.held_out_NHWC[..., 3] = np.where(soft.held_out_NHWC[..., 3] > 0, 180, 0)
    found = evaluate_samples(drawings(900, 20), soft, colours=4, network=None).told_apart
    assert found.as_files.value > 0.85
    assert found.hardened.value < found.as_files.value
    assert found.hardened.low < 0.6


def test_too_few_families_are_refused() -> None:
    with pytest.raises(ValueError, match="fewer than 5 families"):
        evaluate_samples(drawings(0, 8), sides(4), colours=4, network=None)
