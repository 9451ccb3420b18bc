"""The plots show the history's numbers, point together, switch to log, and paint few of 100,000 points."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QSignalSpy
from PySide6.QtWidgets import QApplication, QMenu, QScrollArea
from pytestqt.qtbot import QtBot

from lunar_studio.core.events import PreviewReady, StepDone, Validated
from lunar_studio.gui import pictures, theme
from lunar_studio.gui.train.loss_history import LossHistory
from lunar_studio.gui.train.loss_plot import LossPlot
from lunar_studio.gui.train.loss_plots import CURVES, SMOOTHING, LossPlotsView
from lunar_studio.gui.train.preview_strip import PreviewStrip
from lunar_studio.gui.train.step_plot import SMALLEST_PX

# Without a window manager a window has nobody to tell its limits to, or to raise it.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)


def history_of(steps: int, *, quality: bool = True) -> LossHistory:
    history = LossHistory()
    for number in range(1, steps + 1):
        losses = {"recon": 1.0 / number, "kl": 10.0 + number % 3} | ({"quality": 0.5} if quality else {})
        history.add([StepDone(number, 0.1, 8, 80.0, losses, {})])
        if number % 10 == 0:
            history.add([Validated(number, {"recon": 1.5 / number}, {})])
    return history


@pytest.fixture
def view(qtbot: QtBot) -> LossPlotsView:
    view = LossPlotsView()
    qtbot.addWidget(view)
    view.resize(600, 400)
    view.show()
    return view


def test_curves_are_those_of_the_history(view: LossPlotsView) -> None:
    view.smoothing.setValue(0)
    view.show_history(history_of(30))
    recon = view.plots[0]
    assert isinstance(recon, LossPlot)
    trained, held_out = recon._smooth_curve.series, recon._validation_curve.series
    assert trained.steps.tolist() == list(range(1, 31))
    assert np.allclose(trained.values, 1.0 / np.arange(1, 31))
    assert held_out.steps.tolist() == [10, 20, 30]
    assert np.allclose(held_out.values, [0.15, 0.075, 0.05])
    assert recon.readout == ("training 0.03333", "held out 0.05")


def test_nothing_of_the_plotting_library_s_own_menus_is_seen(view: LossPlotsView) -> None:
    menus = view.findChildren(QMenu)
    assert len(menus) >= 3, "they die with the view"
    assert not [menu for menu in menus if menu.isVisible()]


def test_smoothing_averages_and_keeps_the_raw_curve_behind(view: LossPlotsView) -> None:
    view.show_history(history_of(30))
    view.smoothing.setValue(1)
    kl = view.plots[1]
    assert isinstance(kl, LossPlot)
    assert SMOOTHING[1] == 3
    assert np.allclose(kl._smooth_curve.series.values[2:], 11.0), "10, 11, 12 in turn"
    assert kl._raw_curve.isVisible()
    view.smoothing.setValue(0)
    assert not kl._raw_curve.isVisible()


def test_what_a_schedule_sets_is_never_smoothed(view: LossPlotsView) -> None:
    history = LossHistory()
    history.add([StepDone(n, 0.1, 8, 80.0, {"recon": float(n)}, {"learning_rate": float(n)}) for n in range(1, 20)])
    view.smoothing.setValue(4)
    view.choose("recon", "learning_rate")
    view.show_history(history)
    said = {plot.name: plot.readout[0] for plot in view.plots if plot.isVisible()}
    assert said == {"recon": f"training {sum(range(5, 20)) / SMOOTHING[4]:.4g}", "learning_rate": "training 19"}


def test_pointing_reads_all_three_plots_at_one_step(view: LossPlotsView) -> None:
    view.smoothing.setValue(0)
    view.show_history(history_of(30))
    view.plots[1].pointed.emit(19.6)
    assert view.plots[0].readout == ("training 0.05 at 20", "held out 0.075")
    assert view.plots[1].readout[0] == "training 12 at 20"
    view.plots[1].pointed.emit(float("nan"))
    assert view.plots[0].readout == ("training 0.03333", "held out 0.05")


def test_the_keyboard_points_zooms_and_shows_all(qtbot: QtBot, view: LossPlotsView) -> None:
    view.show_history(history_of(100))
    QApplication.processEvents()
    plot = view.plots[0]
    qtbot.keyClick(plot.widget, Qt.Key.Key_Left)
    assert " at " in view.plots[2].readout[0]
    box = plot.widget.getPlotItem().vb
    low, high = box.viewRange()[0]
    qtbot.keyClick(plot.widget, Qt.Key.Key_Plus)
    nearer = box.viewRange()[0]
    assert nearer[1] - nearer[0] < (high - low) * 0.9
    assert view.plots[2].widget.getPlotItem().vb.viewRange()[0] == pytest.approx(nearer), "steps are linked"
    qtbot.keyClick(plot.widget, Qt.Key.Key_Home)
    QApplication.processEvents()
    assert box.viewRange()[0] == pytest.approx([low, high], abs=2.0)
    qtbot.keyClick(plot.widget, Qt.Key.Key_Escape)
    assert " at " not in view.plots[2].readout[0]


def test_the_log_axis_is_a_switch_of_each_loss_that_can_have_it(view: LossPlotsView) -> None:
    view.show_history(history_of(100))
    recon, _, quality = view.plots[:3]
    assert not quality.log_button.isVisibleTo(view)
    recon.log_button.click()
    QApplication.processEvents()
    low, high = recon.widget.getPlotItem().vb.viewRange()[1]
    assert low == pytest.approx(-2.0, abs=0.3)
    assert high == pytest.approx(0.0, abs=0.3)
    recon.log_button.click()
    QApplication.processEvents()
    assert recon.widget.getPlotItem().vb.viewRange()[1][1] == pytest.approx(1.0, abs=0.2)


def test_every_number_of_a_run_can_be_plotted(view: LossPlotsView) -> None:
    history = LossHistory()
    schedules = {"learning_rate": 1e-3, "kl_weight": 0.5, "gradient_norm": 2.0}
    losses = {"recon": 1.0, "kl": 2.0, "quality": 0.5, "semantic": 0.25}
    history.add([StepDone(n, 0.1, 8, 80.0, losses, schedules, (0.75, 0.25)) for n in range(1, 20)])
    history.add([Validated(19, {"semantic": 0.3}, {})])
    assert view.shown == ("recon", "kl", "quality")
    view.choose("semantic", "learning_rate", "kl_weight", "gradient_norm", "expert_shares")
    view.show_history(history)
    said = {plot.name: plot.readout for plot in view.plots if plot.isVisible()}
    assert said == {
        "semantic": ("training 0.25", "held out 0.3"),
        "learning_rate": ("training 0.001", ""),
        "kl_weight": ("training 0.5", ""),
        "gradient_norm": ("training 2", ""),
        "expert_shares": ("1: 75%", "2: 25%"),
    }
    view.choose("kl")
    assert [plot.name for plot in view.plots if plot.isVisible()] == ["kl"]


def test_plots_that_do_not_fit_are_scrolled_to_not_squeezed(view: LossPlotsView) -> None:
    view.choose(*(curve.name for curve in CURVES))
    view.show_history(history_of(30))
    QApplication.processEvents()
    assert all(plot.height() >= SMALLEST_PX for plot in view.plots)
    area = view.findChild(QScrollArea)
    assert isinstance(area, QScrollArea)
    assert area.verticalScrollBar().maximum() > 0


def test_what_a_run_does_not_tell_is_said_in_its_place(view: LossPlotsView) -> None:
    view.choose("semantic", "expert_shares")
    view.show_history(history_of(5))
    assert "no captions" in view.plots[3]._note.text
    assert "No teacher" in view.plots[7]._note.text


def test_a_run_without_reward_says_why_the_plot_is_empty(view: LossPlotsView) -> None:
    view.show_history(history_of(5, quality=False))
    assert "does not guide" in view.plots[2]._note.text
    view.show_history(history_of(5))
    assert view.plots[2]._note.text == ""


def test_files_are_written_or_the_failure_is_told(view: LossPlotsView, tmp_path: Path) -> None:
    exported, failed = QSignalSpy(view.exported), QSignalSpy(view.failed)
    view.show_history(history_of(30))
    view.write_csv(tmp_path / "losses.csv")
    view.write_png(tmp_path / "losses.png")
    assert exported.count() == 2
    with (tmp_path / "losses.csv").open(newline="") as file:
        recon = [float(row["recon"]) for row in csv.DictReader(file) if row["part"] == "training"]
    assert recon == [1.0 / number for number in range(1, 31)]
    image = QImage(str(tmp_path / "losses.png"))
    assert image.width() == view.width()
    assert 300 < image.height() < 400
    view.write_csv(tmp_path / "no folder" / "losses.csv")
    view.write_png(tmp_path / "no folder" / "losses.png")
    assert failed.count() == 2


def test_of_100_000_points_only_what_can_be_told_apart_is_painted(view: LossPlotsView) -> None:
    history = LossHistory()
    rng = np.random.default_rng(0).random(100_000).tolist()
    history.add([StepDone(n + 1, 0.0, 8, 0.0, {"recon": v, "kl": v, "quality": v}, {}) for n, v in enumerate(rng)])
    view.show_history(history)
    view.grab()
    for plot in view.plots[:3]:
        assert isinstance(plot, LossPlot)
        for curve in (plot._smooth_curve, plot._raw_curve):
            steps, values = curve.points()
            assert len(steps) <= 2 * plot.widget.width()
            assert steps[-1] == 100_000
            if curve is plot._raw_curve:  # it keeps its lowest and highest points
                assert values.min() == min(rng)
                assert values.max() == max(rng)


def test_the_theme_dresses_the_curves(view: LossPlotsView, qapp: QApplication) -> None:
    view.show_history(history_of(30))
    theme.apply(qapp, theme.LIGHT)
    try:
        light = view.grab().toImage()
    finally:
        theme.apply(qapp, theme.DARK)
    dark = view.grab().toImage()

    def has(image: QImage, colour: str) -> bool:
        return bool((pictures.to_sprite(image).rgba_HWC[60:] == theme.colour(colour).getRgb()).all(axis=2).any())

    assert has(light, theme.LIGHT.good)
    assert has(dark, theme.DARK.good)
    assert not has(dark, theme.LIGHT.good)


def noise(count: int, side: int, seed: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    made = np.random.default_rng(seed).integers(0, 256, (count, side, side, 4), np.uint8)
    made[..., 3] = 255
    return made


def test_previews_are_exact_pixels_at_whole_zoom(qtbot: QtBot) -> None:
    strip = PreviewStrip()
    qtbot.addWidget(strip)
    strip.resize(700, 20 + 2 * 64 + 2)
    originals, copies, samples = noise(8, 32, 0), noise(8, 32, 1), noise(8, 32, 2)
    strip.show_preview(PreviewReady(300, originals, copies, samples))
    scale, columns = strip.scale_and_columns()
    assert (scale, columns) == (2, 10)
    image = strip.grab().toImage()
    for x, y in ((0, 0), (31, 31), (5, 17)):
        for dx, dy in ((0, 0), (1, 1)):
            shown = image.pixelColor(2 * x + dx, 20 + 2 * y + dy)
            assert [shown.red(), shown.green(), shown.blue()] == originals[0, y, x, :3].tolist()
            shown = image.pixelColor(2 * x + dx, 20 + 66 + 2 * y + dy)
            assert [shown.red(), shown.green(), shown.blue()] == copies[0, y, x, :3].tolist()


@pytest.mark.parametrize("side", [8, 16, 32, 64, 128])
def test_previews_of_every_size_fit(qtbot: QtBot, side: int) -> None:
    strip = PreviewStrip()
    qtbot.addWidget(strip)
    strip.resize(700, 160)
    strip.show_preview(PreviewReady(1, noise(3, side, 0), noise(3, side, 1), noise(5, side, 2)))
    scale, columns = strip.scale_and_columns()
    assert scale >= 1
    assert columns >= 1
    assert not strip.grab().isNull()
    strip.clear()
    assert strip.scale_and_columns() == (0, 0)
    assert not strip.grab().isNull()


def test_the_heading_over_a_few_sprites_is_whole_however_narrow_they_are(qtbot: QtBot) -> None:
    strip = PreviewStrip()
    qtbot.addWidget(strip)
    strip.show_preview(PreviewReady(1240, noise(2, 16, 0), noise(2, 16, 1), noise(2, 16, 2)))
    metrics = strip.fontMetrics()
    full = "Your sprites, and the model's copies below · step 1,240"
    assert strip.heading(metrics, metrics.horizontalAdvance(full)) == full
    shorter = strip.heading(metrics, metrics.horizontalAdvance(full) - 1)
    assert shorter == "Yours, copies below · step 1,240"
    assert strip.heading(metrics, metrics.horizontalAdvance(shorter) - 1) == "Yours, copies below"
    assert strip.heading(metrics, 40).endswith("…")
