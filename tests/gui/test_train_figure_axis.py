"""Ticks of a logarithmic axis are round figures that do not run into each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.gui.train.figure_axis import FigureAxis, figure_words, log_ticks


@given(st.floats(-12, 12), st.floats(1e-6, 20), st.floats(30, 1000))
def test_ticks_have_room_and_are_in_sight(low: float, span: float, size_px: float) -> None:
    ticks = log_ticks(low, low + span, size_px)
    assert all(low <= tick <= low + span for tick in ticks)
    assert all(apart * size_px / span >= 13.9 for apart in np.diff(ticks))


@pytest.mark.parametrize(
    ("low", "high", "size_px", "words"),
    [
        (0.15, 12, 100, ["0.2", "0.5", "1", "2", "5", "10"]),
        (0.15, 12, 60, ["1", "10"]),
        (1e-6, 1e-3, 60, ["1e-06", "1e-05", "0.0001", "0.001"]),
        (500, 30_000, 300, ["500", "1,000", "2,000", "5,000", "10,000", "20,000"]),
        (4.1, 4.9, 80, ["4.2", "4.4", "4.6", "4.8"]),
    ],
)
def test_figures_are_round(low: float, high: float, size_px: float, words: list[str]) -> None:
    ticks = log_ticks(float(np.log10(low)), float(np.log10(high)), size_px)
    assert [figure_words(10.0**tick) for tick in ticks][: len(words)] == words


def test_an_axis_without_extent_has_no_ticks() -> None:
    assert log_ticks(1.0, 1.0, 100) == []
    assert log_ticks(1.0, float("nan"), 100) == []


@pytest.mark.usefixtures("qapp")
def test_figures_of_an_even_axis_are_the_library_s() -> None:
    axis = FigureAxis("left")
    assert axis.tickStrings([0.5, 1.0], 1.0, 0.5) == ["0.5", "1.0"]
    axis.logMode = True
    assert axis.tickStrings([0.0, 4.0], 1.0, 1.0) == ["1", "10,000"]
