"""The Train page in a window: art to run, stop, pause, failure, continue, settings; with real threads."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QSignalSpy
from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QApplication, QComboBox
from pytestqt.qtbot import QtBot

from lunar_studio import paths
from lunar_studio.core import events as events_of
from lunar_studio.core.config import RunConfig, SpriteVaeConfig
from lunar_studio.core.config_fields import fields, format_value, to_json, validate
from lunar_studio.core.events import StepDone, TrainEvent, Warned
from lunar_studio.core.presets import preset
from lunar_studio.errors import ConfigError, LunarError, TrainingDiverged
from lunar_studio.gui import theme
from lunar_studio.gui.train.durations import duration
from lunar_studio.gui.train.looks import LOOKS, base_for, nearest_size
from lunar_studio.gui.train.run_header import RunHeader, TimeLeft
from lunar_studio.gui.train.settings_table import SettingsTablePanel, short_range
from lunar_studio.gui.train.train_page import TrainPage
from lunar_studio.workers.forecast_service import ForecastService
from lunar_studio.workers.thread_host import ThreadHost
from lunar_studio.workers.train_service import TrainService
from tests.conftest import PATIENCE_MS
from tests.workers.fakes import FakeTrainer

# Without a window manager a window has nobody to tell its limits to, or to raise it.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)


@dataclass
class RecordingTrainer:
    """A trainer that writes its run's folder as the real one does, and remembers what it was asked for."""

    inner: FakeTrainer
    asked: list[tuple[Path, Path, RunConfig, bool]]
    warn: bool = False

    def __call__(
        self,
        dataset: Path,
        run_dir: Path,
        config: RunConfig,
        *,
        resume: bool,
        should_stop: Callable[[], bool],
        should_pause: Callable[[], bool],
        should_finish: Callable[[], bool],
        should_leave: Callable[[], bool],
    ) -> Iterator[TrainEvent]:
        self.asked.append((dataset, run_dir, config, resume))
        run_dir.mkdir(parents=True, exist_ok=True)
        (run_dir / "config.json").write_bytes(to_json(config))
        last = 0
        if self.warn:
            yield Warned(0, "A loss was not finite.", "The rate was halved.")
        for event in self.inner(
            dataset,
            run_dir,
            config,
            resume=resume,
            should_stop=should_stop,
            should_pause=should_pause,
            should_finish=should_finish,
            should_leave=should_leave,
        ):
            if isinstance(event, StepDone):
                last = event.step
            facts = {"state": "stopped", "step": last, "preset": config.preset, "dataset": str(dataset)}
            (run_dir / "run.json").write_text(json.dumps(facts))
            (run_dir / "model.safetensors").write_bytes(b"weights")
            yield event


@dataclass
class RecordingForecaster:
    """A forecaster that remembers what it was asked, and may be slow or unable."""

    asked: list[tuple[Path, RunConfig]]
    is_slow: bool = False
    failure: LunarError | None = None
    stopped: int = 0

    def __call__(
        self, dataset: Path, scratch: Path, config: RunConfig, *, should_stop: Callable[[], bool]
    ) -> events_of.Forecast:
        self.asked.append((dataset, config))
        assert not list(scratch.iterdir())
        if self.failure is not None:
            raise self.failure
        while self.is_slow and not should_stop():
            time.sleep(0.002)
        self.stopped += should_stop()
        return events_of.Forecast(
            "cpu", "bf16", "bf16 was fastest", 1, 0, 100, 0.1, 1.0, 600.0, 20.0, 30.0, 10.0, 90.0, 1 << 30
        )


@pytest.fixture
def forecaster() -> RecordingForecaster:
    return RecordingForecaster([])


@pytest.fixture
def art(tmp_path: Path) -> Path:
    folder = tmp_path / "My Art"
    folder.mkdir()
    for index in range(12):
        pixels = np.random.default_rng(index).integers(0, 256, (16, 16, 4), np.uint8)
        pixels[..., 3] = 255
        Image.fromarray(pixels).save(folder / f"{index}.png")
    (folder / "broken.png").write_bytes(b"no picture")
    return folder


@pytest.fixture
def trainer() -> RecordingTrainer:
    return RecordingTrainer(FakeTrainer(steps=10**6, step_s=0.002), [])


@pytest.fixture
def page(
    qtbot: QtBot, qapp: QApplication, trainer: RecordingTrainer, forecaster: RecordingForecaster
) -> Iterator[TrainPage]:
    host = ThreadHost(qapp)
    forecasts = ForecastService(host, forecaster)
    page = TrainPage(TrainService(host, trainer), forecasts, host, paths.runs_dir(), paths.datasets_dir())
    qtbot.addWidget(page)
    page.resize(1280, 656)
    page.show()
    yield page
    assert host.shut_down(limit_ms=PATIENCE_MS) == ()
    qtbot.waitUntil(lambda: not page._train.is_running)
    host.deleteLater()


def start(qtbot: QtBot, page: TrainPage, art: Path) -> None:
    page.set_source(art)
    qtbot.waitUntil(lambda: page.can_start)
    qtbot.mouseClick(page.setup.start_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.centre.live is not None and not page._flow.is_preparing)


def test_nothing_can_be_started_before_art_is_chosen(page: TrainPage, trainer: RecordingTrainer) -> None:
    assert not page.can_start
    assert page.setup.start_button.toolTip() == "Choose your art first."
    page.start()
    assert trainer.asked == []


def test_from_a_folder_to_a_stopped_model(
    qtbot: QtBot, page: TrainPage, trainer: RecordingTrainer, art: Path, tmp_path: Path
) -> None:
    explored = QSignalSpy(page.explore_requested)
    start(qtbot, page, art)
    qtbot.waitUntil(lambda: bool(trainer.asked))
    dataset, run_dir, config, resume = trainer.asked[0]
    assert dataset.parent == paths.datasets_dir()
    assert (dataset / "dataset.json").is_file()
    assert run_dir.parent == paths.runs_dir()
    assert run_dir.name.startswith("my-art-")
    assert (config.preset, config.vae.image_size, resume) == ("sprite-16", 16, False)
    assert config.training.max_minutes == LOOKS[0].minutes
    assert not page.can_start
    view = page.centre.live
    assert view is not None
    qtbot.waitUntil(lambda: len(view.history.table("training")) > 20)
    assert "step" in view.header.figures["step"].text()
    qtbot.mouseClick(view.header.pause_button, Qt.MouseButton.LeftButton)
    assert view.header.pause_button.text() == "Resume"
    qtbot.waitUntil(lambda: trainer.inner.rested > 0)
    qtbot.mouseClick(view.header.pause_button, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(view.header.stop_button, Qt.MouseButton.LeftButton)
    assert view.header.stop_button.text() == "Stopping…"
    qtbot.waitUntil(lambda: not page._train.is_running)
    assert "stopped and saved" in page.banner.message
    steps = view.history.table("training").steps
    assert steps.tolist() == list(range(1, len(steps) + 1)), "no step is lost between trainer and plot"
    qtbot.mouseClick(view.header.explore_button, Qt.MouseButton.LeftButton)
    assert explored.at(0)[0] == run_dir / "model.safetensors"
    assert page.can_start
    assert page.runs.model.rowCount() == 1
    assert not (tmp_path / "studio-home" / "runs" / ".bin").exists()


def test_the_problems_of_the_art_are_told_and_lead_to_the_data_page(qtbot: QtBot, page: TrainPage, art: Path) -> None:
    asked = QSignalSpy(page.data_requested)
    page.set_source(art)
    qtbot.waitUntil(lambda: page.can_start)
    assert "12 sprites" in page.setup.art._words.text()
    assert "1 refused" in page.setup.art._words.text()
    page.setup.art.problems_button.click()
    assert asked.at(0)[0] == art


def test_a_folder_without_art_cannot_be_trained_on(qtbot: QtBot, page: TrainPage, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    page.set_source(tmp_path / "empty")
    qtbot.waitUntil(lambda: "no sprite" in page.setup.art._words.text())
    assert not page.can_start
    for name in ("nowhere", "long" * 100):  # the second cannot even be asked about
        page.set_source(tmp_path / "empty")
        qtbot.waitUntil(lambda: "no sprite" in page.setup.art._words.text())
        page.set_source(tmp_path / name)
        qtbot.waitUntil(lambda: "not there" in page.setup.art._words.text())
        assert not page.can_start


def test_stop_while_the_art_is_being_built(qtbot: QtBot, page: TrainPage, trainer: RecordingTrainer, art: Path) -> None:
    page.set_source(art)
    qtbot.waitUntil(lambda: page.can_start)
    page.start()
    assert page._flow.is_preparing
    page.stop()
    qtbot.waitUntil(lambda: not page._flow.is_preparing)
    assert trainer.asked == []
    assert page.can_start


def test_a_failure_is_shown_with_what_to_do(
    qtbot: QtBot, page: TrainPage, trainer: RecordingTrainer, art: Path
) -> None:
    trainer.inner.fail_at = 5
    trainer.inner.failure = TrainingDiverged("The losses became infinite.", hint="Use a lower learning rate.")
    start(qtbot, page, art)
    qtbot.waitUntil(lambda: not page._train.is_running)
    assert (page.banner.message, page.banner.hint) == ("The losses became infinite.", "Use a lower learning rate.")
    assert page.banner.isVisible()
    assert page.can_start


def test_a_crash_of_the_trainer_leaves_the_page_alive(
    qtbot: QtBot, page: TrainPage, trainer: RecordingTrainer, art: Path
) -> None:
    trainer.inner.fail_at = 5
    trainer.inner.failure = ZeroDivisionError("ours")
    start(qtbot, page, art)
    qtbot.waitUntil(lambda: not page._train.is_running)
    assert "broke" in page.banner.message
    trainer.inner.failure = None
    page.start()
    qtbot.waitUntil(lambda: page._train.is_running)


def ask_forecast(qtbot: QtBot, page: TrainPage, art: Path) -> None:
    page.set_source(art)
    qtbot.waitUntil(lambda: page.can_start)
    qtbot.mouseClick(page.setup.forecast.button, Qt.MouseButton.LeftButton)


def test_what_a_run_would_cost_is_told_before_it_is_started(
    qtbot: QtBot, page: TrainPage, forecaster: RecordingForecaster, trainer: RecordingTrainer, art: Path
) -> None:
    row = page.setup.forecast
    assert not row.button.isEnabled(), "nothing to measure yet"
    ask_forecast(qtbot, page, art)
    qtbot.waitUntil(lambda: "11 min in all" in row.words.text())
    assert "memory: 1,024 MB" in row.words.toolTip()
    qtbot.waitUntil(lambda: row.button.text() == "How long will it take?")  # the answer comes before the thread's end
    (dataset, config), *rest = forecaster.asked
    assert not rest
    assert config == page.setup.config({})
    page.setup.choose_look("quick")
    assert row.words.isHidden(), "that was another look's"
    start(qtbot, page, art)
    qtbot.waitUntil(lambda: bool(trainer.asked))
    assert trainer.asked[0][0] == dataset, "the set that was built for the forecast is trained on"
    assert not row.button.isEnabled(), "beside a run it would measure that, too"


def test_a_forecast_can_be_cancelled_and_is_given_up_for_other_settings(
    qtbot: QtBot, page: TrainPage, forecaster: RecordingForecaster, art: Path
) -> None:
    forecaster.is_slow = True
    row = page.setup.forecast
    ask_forecast(qtbot, page, art)
    qtbot.waitUntil(lambda: len(forecaster.asked) == 1)
    assert row.button.text() == "Cancel"
    qtbot.mouseClick(row.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: row.button.text() != "Cancel")
    assert row.words.isHidden()
    ask_forecast(qtbot, page, art)
    qtbot.waitUntil(lambda: len(forecaster.asked) == 2)
    page.setup.duration.setValue(page.setup.duration.value() + 5)
    qtbot.waitUntil(lambda: forecaster.stopped == 2)
    qtbot.waitUntil(lambda: row.button.text() != "Cancel")
    assert row.words.isHidden()


def test_art_can_be_dropped_anywhere_on_the_page_and_a_model_goes_to_the_window(
    qtbot: QtBot, page: TrainPage, art: Path, tmp_path: Path
) -> None:
    def drop(*paths: Path) -> bool:
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        kind = Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        enter = QDragEnterEvent(QPoint(5, 5), *kind)
        enter.ignore()
        page.dragEnterEvent(enter)
        if enter.isAccepted():
            page.dropEvent(QDropEvent(QPointF(5, 5), *kind))
        return enter.isAccepted()

    assert not drop(tmp_path / "model.safetensors")
    assert not drop(art / "0.png", art / "1.png"), "a folder holds what belongs together"
    assert page.setup.art.source is None
    assert drop(art)
    qtbot.waitUntil(lambda: page.setup.art.is_ready)
    assert page.setup.art.source == art


def test_a_setting_changed_in_the_table_takes_the_forecast_away(qtbot: QtBot, page: TrainPage, art: Path) -> None:
    row = page.setup.forecast
    ask_forecast(qtbot, page, art)
    qtbot.waitUntil(lambda: row.words.text().startswith("Forecast: "))
    assert page.settings.edit("training.batch_size", "12")
    assert not row.words.text()


def test_a_forecast_that_cannot_be_made_says_why(
    qtbot: QtBot, page: TrainPage, forecaster: RecordingForecaster, art: Path
) -> None:
    forecaster.failure = ConfigError("This machine has no such device.", hint="Choose auto.")
    ask_forecast(qtbot, page, art)
    qtbot.waitUntil(lambda: "no such device. Choose auto." in page.setup.forecast.words.text())


def test_a_run_can_be_asked_to_finish_now(qtbot: QtBot, page: TrainPage, trainer: RecordingTrainer, art: Path) -> None:
    start(qtbot, page, art)
    assert page.centre.live is not None
    header = page.centre.live.header
    qtbot.waitUntil(lambda: header.figures["step"].text().startswith("step"))
    page.set_paused(True)
    qtbot.mouseClick(header.finish_button, Qt.MouseButton.LeftButton)
    assert (header.finish_button.text(), header.finish_button.isEnabled()) == ("Finishing…", False)
    assert header.pause_button.text() == "Pause", "it goes on"
    qtbot.waitUntil(lambda: not page._train.is_running)
    assert trainer.inner.reached < trainer.inner.steps
    assert "finished" in page.banner.message
    assert header.finish_button.isHidden()


def test_a_run_whose_time_was_up_is_named_so(
    qtbot: QtBot, page: TrainPage, trainer: RecordingTrainer, art: Path
) -> None:
    trainer.inner.steps, trainer.inner.ends = 20, "time-up"
    start(qtbot, page, art)
    qtbot.waitUntil(lambda: bool(page.banner.message))
    assert page.banner.message == f"The time of “{trainer.asked[0][1].name}” was up at step 20; it is saved."
    assert "continue it" in page.banner.hint
    qtbot.waitUntil(lambda: page.can_start)


def test_a_warning_is_shown_and_training_goes_on(
    qtbot: QtBot, page: TrainPage, trainer: RecordingTrainer, art: Path
) -> None:
    trainer.warn = True
    start(qtbot, page, art)
    qtbot.waitUntil(lambda: page.banner.message == "A loss was not finite.")
    assert page._train.is_running


def test_a_stopped_run_is_continued_with_its_own_settings_and_curves(
    qtbot: QtBot, page: TrainPage, trainer: RecordingTrainer, tmp_path: Path
) -> None:
    run = paths.runs_dir() / "old"
    run.mkdir(parents=True)
    (run / "config.json").write_bytes(to_json(preset("tiny")))
    (run / "run.json").write_text(json.dumps({"state": "stopped", "step": 5, "dataset": str(tmp_path)}))
    lines = [{"event": "StepDone", "step": n, "losses": {"recon": float(n)}} for n in range(1, 6)]
    (run / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    page.runs.refresh()
    page.runs.choose(run)
    browsed = page.centre.browsed
    assert browsed is not None
    qtbot.waitUntil(lambda: len(browsed.history) == 5)
    page.runs.continue_button.click()
    qtbot.waitUntil(lambda: bool(trainer.asked))
    assert trainer.asked[0][0] == tmp_path
    assert trainer.asked[0][1] == run
    assert trainer.asked[0][2].training.max_steps == 20, "to its planned end"
    assert trainer.asked[0][3] is True
    live = page.centre.live
    assert live is not None
    qtbot.waitUntil(lambda: len(live.history.table("training")) > 8)
    steps, recon = live.history.curve("recon", "training")
    assert steps[:7].tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert recon[:5].tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]


def test_other_runs_can_be_looked_at_while_one_trains(
    qtbot: QtBot, page: TrainPage, art: Path, trainer: RecordingTrainer
) -> None:
    old = paths.runs_dir() / "old"
    old.mkdir(parents=True)
    (old / "config.json").write_bytes(to_json(preset("tiny")))
    start(qtbot, page, art)
    live = page.centre.live
    assert live is not None
    qtbot.waitUntil(lambda: len(live.history) > 5)
    page.runs.refresh()
    page.runs.choose(old)
    assert page.centre.currentWidget() is page.centre.browsed
    before = len(live.history)
    qtbot.waitUntil(lambda: len(live.history) > before + 20)
    page.runs.choose(trainer.asked[0][1])
    assert page.centre.currentWidget() is live


def test_settings_by_hand_reach_the_trainer(
    qtbot: QtBot, page: TrainPage, art: Path, trainer: RecordingTrainer
) -> None:
    page.setup.settings_button.click()
    assert page.centre.currentWidget() is page.settings
    assert page.settings.edit("training.batch_size", "4")
    page.setup.choose_look("quick")
    page.setup.unit.setCurrentText("steps")
    page.setup.duration.setValue(1234)
    start(qtbot, page, art)
    qtbot.waitUntil(lambda: bool(trainer.asked))
    training = trainer.asked[0][2].training
    assert (training.batch_size, training.max_steps, training.max_minutes) == (4, 1234, 0.0)
    assert isinstance(trainer.asked[0][2].vae, SpriteVaeConfig)
    assert trainer.asked[0][2].vae.decoder_blocks == 1


def test_settings_that_do_not_fit_together_are_refused_before_the_start(
    qtbot: QtBot, page: TrainPage, art: Path, trainer: RecordingTrainer
) -> None:
    page.set_source(art)
    qtbot.waitUntil(lambda: page.can_start)
    page.settings.edit("training.accumulate", "512")
    page.start()
    assert "cannot be cut" in page.banner.message
    assert trainer.asked == []


# ---- the table ------------------------------------------------------------------------------------


@pytest.fixture
def table(qtbot: QtBot) -> SettingsTablePanel:
    panel = SettingsTablePanel()
    qtbot.addWidget(panel)
    panel.model.set_base(preset("sprite-32"))
    panel.resize(900, 500)
    panel.show()
    return panel


def rows(panel: SettingsTablePanel) -> list[str]:
    model = panel.table.model()
    return [str(model.index(row, 1).data()) for row in range(model.rowCount())]


def test_every_field_of_the_configuration_has_a_row(table: SettingsTablePanel) -> None:
    expected = [(field.title, format_value(field.value)) for field in fields(preset("sprite-32"))]
    model = table.table.model()
    assert [(model.index(r, 1).data(), model.index(r, 2).data()) for r in range(model.rowCount())] == expected


def test_search_finds_by_any_word(table: SettingsTablePanel) -> None:
    table.search.setText("batch sprites")
    assert rows(table) == ["Batch size"]
    table.search.setText("no such thing")
    assert rows(table) == []
    table.search.clear()
    assert len(rows(table)) == len(fields(preset("sprite-32")))


def test_an_edit_is_marked_counted_and_reset(qtbot: QtBot, table: SettingsTablePanel) -> None:
    model = table.table.model()
    table.search.setText("batch size")
    index = model.index(0, 2)
    assert model.setData(index, "128")
    assert table.model.overrides == {"training.batch_size": 128}
    assert rows(table)[0] == "Batch size ●"
    table.search.clear()
    table.only_changed.click()
    assert rows(table) == ["Batch size ●"]
    table.table.setCurrentIndex(model.index(0, 0))
    assert table.reset_button.isEnabled()
    qtbot.keyClick(table.table, Qt.Key.Key_Delete)
    assert table.model.overrides == {}
    assert rows(table) == []


def test_the_same_value_again_is_no_difference(table: SettingsTablePanel) -> None:
    assert table.edit("training.batch_size", "64")
    assert table.edit("vae.widths", "64, 192")
    assert table.model.overrides == {}
    assert table.edit("vae.widths", "32, 64")
    assert format_value(table.model.overrides["vae.widths"]) == "32, 64"


def test_a_refused_value_changes_nothing_and_says_why(table: SettingsTablePanel) -> None:
    assert not table.edit("vae.colours", "900")
    assert "vae.colours" in table.message.text()
    assert table.model.overrides == {}
    assert table.edit("vae.colours", "8")
    assert table.message.text() == ""


def test_another_look_keeps_what_was_set_by_hand_where_it_exists(table: SettingsTablePanel) -> None:
    table.edit("training.batch_size", 100)
    table.edit("vae.colours", 8)
    table.model.set_base(preset("classic-128"))
    assert table.model.overrides == {"training.batch_size": 100}
    table.model.reset_all()
    assert table.model.overrides == {}


def test_choices_are_chosen_from_a_box(qtbot: QtBot, table: SettingsTablePanel) -> None:
    table.search.setText("training.kl_form")
    assert rows(table) == ["KL form"]
    table.table.setCurrentIndex(table.table.model().index(0, 2))
    qtbot.keyClick(table.table, Qt.Key.Key_F2)
    (box,) = table.table.findChildren(QComboBox)
    assert [box.itemText(index) for index in range(box.count())] == ["mean", "sum"]
    assert box.currentText() == "sum"
    box.setCurrentText("mean")
    box.activated.emit(0)
    assert table.table.model().index(0, 2).data() == "mean"
    assert table.model.overrides == {"training.kl_form": "mean"}


def test_ranges_are_short() -> None:
    words = {field.key: short_range(field) for field in fields(preset("sprite-32"))}
    assert words["vae.colours"] == "2 to 64"
    assert words["training.kl_form"] == "mean, sum"
    assert words["training.quality_target"] == "above 0, below 1"
    assert words["training.kl_weight"] == "0 or more"
    assert words["training.flip"] == "true or false"


# ---- looks and header -----------------------------------------------------------------------------


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.id)
@pytest.mark.parametrize("size", [8, 16, 24, 32, 50, 64, 100, 128, 200])
def test_every_look_suits_art_of_every_size(size: int, look: object) -> None:
    chosen = next(one for one in LOOKS if one is look)
    fitted = nearest_size(chosen, size)
    config = base_for(chosen, fitted)
    validate(config)
    assert config.vae.image_size == fitted
    assert fitted >= size or fitted == max(chosen.by_size)


def test_a_data_set_of_an_odd_size_gets_a_network_of_that_size() -> None:
    assert base_for(LOOKS[0], 24).vae.image_size == 24
    with pytest.raises(ConfigError, match="halved"):
        validate(base_for(LOOKS[0], 30))


def test_the_time_left_is_told_by_the_pace_of_late() -> None:
    time_left = TimeLeft()
    assert time_left.left_s is None
    for second in range(100):
        time_left.add(float(second), second / 1000 if second < 60 else 0.06 + (second - 60) / 100)
    assert time_left.left_s == pytest.approx((1 - 0.45) * 100, rel=0.05)
    time_left.add(0.0, 0.5)
    assert time_left.left_s is None, "a new leg starts over"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59.4, "59 s"), (59.6, "1 min"), (61, "1 min"), (3599, "1 h 00 min"), (11_100, "3 h 05 min")],
)
def test_durations_read_at_a_glance(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_the_header_shows_what_can_be_done(qtbot: QtBot) -> None:
    header = RunHeader()
    qtbot.addWidget(header)
    header.show()
    assert not header.pause_button.isVisible()
    header.set_phase("training")
    header.add([StepDone(5, 1.0, 40, 80.0, {}, {}, (), 0.1), StepDone(10, 3.0, 80, 80.0, {}, {}, (), 0.2)])
    assert header.figures["left"].text() == "16 s left"
    assert header.bar.value() == header.bar.maximum() // 5
    header.set_phase("idle")
    assert header.figures["left"].text() == ""
    assert not header.stop_button.isVisible()


@pytest.mark.parametrize("tokens", [theme.DARK, theme.LIGHT], ids=["dark", "light"])
def test_the_page_fits_the_smallest_window(
    qtbot: QtBot, qapp: QApplication, page: TrainPage, art: Path, tokens: theme.Tokens
) -> None:
    theme.apply(qapp, tokens)
    try:
        start(qtbot, page, art)
        view = page.centre.live
        assert view is not None
        qtbot.waitUntil(lambda: len(view.history) > 5)
        assert page.minimumSizeHint().width() <= 1280
        assert page.minimumSizeHint().height() <= 640
        page.setup.settings_button.click()
        assert page.minimumSizeHint().height() <= 640
    finally:
        theme.apply(qapp, theme.DARK)


def test_every_control_has_a_name_and_a_tooltip(page: TrainPage) -> None:
    seen = 0
    for kind in (QAbstractButton, QAbstractSpinBox, QComboBox):
        for control in page.findChildren(kind):
            if not control.isVisibleTo(page) or control.objectName().startswith("qt_"):
                continue
            seen += 1
            words = control.text() if isinstance(control, QAbstractButton) else ""
            assert control.accessibleName() or words, control
            assert control.toolTip(), f"{control} {words}"
    assert seen > 8
