"""Curves follow a run as it grows, goes back and is thinned, and paint what all its numbers would."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lunar_studio.core.events import StepDone
from lunar_studio.core.step_series import StepSeries
from lunar_studio.gui import pictures
from lunar_studio.gui.train.followed_curve import FollowedCurve
from lunar_studio.gui.train.loss_history import LossHistory, smoothed
from lunar_studio.gui.train.step_curve import StepCurve

_told = st.lists(st.tuples(st.integers(1, 40), st.one_of(st.none(), st.floats(-100, 100))), max_size=12)


@given(st.lists(st.tuples(_told, st.sampled_from([1, 3, 9])), max_size=8), st.sampled_from([8, 1000]))
def test_a_followed_curve_is_as_one_that_is_made_anew(
    batches: list[tuple[list[tuple[int, float | None]], int]], rows: int
) -> None:
    """Whatever a run tells, goes back to or leaves out, and however it is smoothed meanwhile."""
    history, followed = LossHistory(rows), FollowedCurve("recon", "training")
    for told, window in batches:
        for number, value in told:
            history.add([StepDone(number, 0.0, 8, 0.0, {} if value is None else {"recon": value}, {"rate": 1.0})])
        followed.follow(history, window)
        steps, values = history.curve("recon", "training")
        assert followed.raw.steps.tolist() == steps.tolist()
        assert followed.raw.values.tolist() == values.tolist()
        assert followed.smooth.steps.tolist() == steps.tolist()
        assert followed.smooth.values == pytest.approx(smoothed(values, window), abs=1e-9)


def test_another_run_is_followed_from_its_beginning() -> None:
    followed = FollowedCurve("recon", "training")
    for value in (1.0, 2.0):
        history = LossHistory()
        history.add([StepDone(1, 0.0, 8, 0.0, {"recon": value}, {})])
        followed.follow(history, 3)
        assert followed.smooth.values.tolist() == [value]


def painted(
    qtbot: QtBot, series: StepSeries, *, low: float, high: float, all_points: bool
) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Which pixels a curve covers."""
    widget = pg.PlotWidget(None, background="black", viewBox=pg.ViewBox(enableMenu=False))
    qtbot.addWidget(widget)
    item = widget.getPlotItem()
    item.ctrlMenu.setParent(widget)
    item.hideButtons()
    for side in ("left", "bottom"):
        item.getAxis(side).hide()
    curve = StepCurve()
    if all_points:
        curve.points = lambda: (series.steps, series.values)  # type: ignore[method-assign]
    item.addItem(curve)
    curve.show_series(series)
    widget.resize(500, 120)
    widget.show()
    item.vb.setXRange(low, high, padding=0)
    QApplication.processEvents()
    seen: np.ndarray[tuple[int, ...], np.dtype[np.bool_]] = (
        pictures.to_sprite(widget.grab().toImage()).rgba_HWC[..., :3].max(axis=2) > 128
    )
    return seen


@pytest.mark.parametrize(("low", "high"), [(0, 30_000), (1000, 9000), (29_000, 30_000), (500, 700)])
def test_few_points_paint_what_all_would(qtbot: QtBot, low: float, high: float) -> None:
    rng = np.random.default_rng(0)
    values = np.exp(-np.arange(30_000) / 8000) * (1 + 0.2 * rng.random(30_000))
    values[[3000, 29_500]] = 2.0
    series = StepSeries(np.arange(30_000.0), values)
    few, every = (painted(qtbot, series, low=low, high=high, all_points=flag) for flag in (False, True))
    assert every.any()
    beside = np.zeros_like(every)  # the pixels that all points cover, and their neighbours
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            beside |= np.roll(every, (down, right), (0, 1))
    assert not (few & ~beside).any(), "nothing is painted where no number is"
    columns = every.any(axis=0)
    assert (few.any(axis=0) == columns).mean() > 0.99
    heights = [np.where(seen.any(axis=0), seen.argmax(axis=0), 0) for seen in (few, every)]
    assert np.mean(np.abs(heights[0] - heights[1]) <= 1) > 0.9


def test_a_growing_run_lays_its_axis_out_anew_only_now_and_then(qtbot: QtBot) -> None:
    widget = pg.PlotWidget(None, background="black", viewBox=pg.ViewBox(enableMenu=False))
    qtbot.addWidget(widget)
    widget.getPlotItem().ctrlMenu.setParent(widget)
    curve, series = StepCurve(), StepSeries(np.arange(1.0, 1001.0), np.zeros(1000))
    widget.getPlotItem().addItem(curve)
    reached = []
    for step in range(1001, 1201):
        series.extend(np.array([float(step)]), np.zeros(1))
        curve.show_series(series)
        left, right = curve.dataBounds(0)
        assert left == 1
        assert right is not None
        assert step * 0.98 < right <= step, "what is newer is in sight beside it"
        reached.append(right)
    assert len(set(reached)) < 20


def test_numbers_of_nothing_and_less_have_no_place_on_a_logarithmic_axis(qtbot: QtBot) -> None:
    widget = pg.PlotWidget(None, background="black", viewBox=pg.ViewBox(enableMenu=False))
    qtbot.addWidget(widget)
    item = widget.getPlotItem()
    item.ctrlMenu.setParent(widget)
    curve = StepCurve()
    item.addItem(curve)
    curve.show_series(StepSeries(np.arange(4.0), np.array([0.0, 0.01, -1.0, 100.0])))
    item.setLogMode(y=True)
    assert curve.dataBounds(1) == pytest.approx((-2, 2))
    widget.show()
    QApplication.processEvents()
    steps, values = curve.points()
    assert steps.tolist() == [1, 3]
    assert values == pytest.approx([-2, 2])
    curve.show_series(StepSeries(np.arange(2.0), np.zeros(2)))
    assert curve.dataBounds(1) == (None, None)
