"""A line of few points that shows all: nothing is higher or lower than it, whatever part of a run is looked at."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.core.step_series import BLOCK, StepSeries

_seeds = st.integers(0, 2**32 - 1)


def series_of(count: int, seed: int, pieces: int = 1) -> StepSeries:
    """Noise at uneven steps, taken in so many pieces."""
    rng = np.random.default_rng(seed)
    steps, values = np.cumsum(rng.integers(1, 5, count)).astype(float), rng.normal(size=count)
    cuts = [0, *sorted(rng.integers(0, count + 1, pieces - 1).tolist()), count]
    series = StepSeries()
    for begin, end in pairwise(cuts):
        series.extend(steps[begin:end], values[begin:end])
    assert series.steps.tolist() == steps.tolist()
    assert series.values.tolist() == values.tolist()
    return series


@given(st.integers(1, 6000), _seeds, st.integers(1, 12), st.integers(1, 60), st.floats(0, 1), st.floats(0, 1))
def test_a_line_reaches_as_far_as_all_its_numbers(
    count: int, seed: int, pieces: int, columns: int, one: float, other: float
) -> None:
    """In every part of a run the few points have its lowest and highest number, within a block of where they are."""
    series = series_of(count, seed, pieces)
    low, high = sorted((one * series.steps[-1], other * series.steps[-1]))
    steps, values = series.drawn(low, high, columns)
    assert len(steps) == len(values) <= 2 * columns + 4
    assert np.all(np.diff(steps) >= 0)
    inside = (series.steps >= low) & (series.steps <= high)
    if inside.any():
        assert values.min() <= series.values[inside].min()
        assert values.max() >= series.values[inside].max()
    assert set(values.tolist()) <= set(series.values.tolist()), "nothing is made up"


@given(st.integers(1, 6000), _seeds, st.integers(1, 12))
def test_bounds_are_those_of_all_numbers(count: int, seed: int, pieces: int) -> None:
    series = series_of(count, seed, pieces)
    above = series.values[series.values > 0]
    assert series.bounds == (
        series.steps[0],
        series.steps[-1],
        series.values.min(),
        series.values.max(),
        above.min() if len(above) else np.inf,
    )


@pytest.mark.parametrize("count", [1000, 100_000])
@pytest.mark.parametrize("place", [0.0, 0.1234, 0.5, 0.999, 1.0])
def test_one_spike_in_a_long_run_is_drawn_where_it_is(count: int, place: float) -> None:
    steps, values = np.arange(count, dtype=float), np.zeros(count)
    at = round(place * (count - 1))
    values[at] = 7.0
    drawn_steps, drawn = StepSeries(steps, values).drawn(0, count, 200)
    assert drawn.max() == 7.0
    column = count / 200
    assert abs(drawn_steps[drawn.argmax()] - at) <= column + BLOCK


def test_a_short_line_is_drawn_as_it_is_with_what_lies_beyond_both_ends() -> None:
    series = StepSeries(np.arange(10.0), np.arange(10.0) ** 2)
    steps, values = series.drawn(2.5, 5.5, 100)
    assert steps.tolist() == [2, 3, 4, 5, 6]
    assert values.tolist() == [4, 9, 16, 25, 36]


def test_the_last_number_is_always_drawn() -> None:
    series = StepSeries(np.arange(10_001.0), np.linspace(1, 0, 10_001))
    steps, values = series.drawn(0, 10_000, 50)
    assert (steps[-1], values[-1]) == (10_000, 0)
    assert steps[0] == 0


def test_nothing_is_drawn_of_nothing() -> None:
    series = StepSeries()
    series.extend(np.empty(0), np.empty(0))
    assert series.bounds is None
    assert [len(column) for column in series.drawn(0, 100, 10)] == [0, 0]


def test_numbers_that_never_rise_above_nothing_have_no_least_positive() -> None:
    bounds = StepSeries(np.arange(3.0), np.array([-1.0, 0.0, -2.0])).bounds
    assert bounds is not None
    assert bounds.positive == np.inf
