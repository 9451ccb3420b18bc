"""The Train page: run list, run, settings; joins its parts, and starts, queues and continues runs."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from lunar_studio.core.config_fields import with_overrides
from lunar_studio.errors import ConfigError, LunarError
from lunar_studio.gui.art_page import ArtPage
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.train.live_run import LiveRun
from lunar_studio.gui.train.queue_panel import QueuePanel
from lunar_studio.gui.train.run_list import RunListPanel
from lunar_studio.gui.train.run_queue import RunQueue, WaitingRun
from lunar_studio.gui.train.run_records import RunRecord, new_run_dir
from lunar_studio.gui.train.setup_panel import SetupPanel
from lunar_studio.gui.train.start_flow import RunPlan, StartFlow, dataset_dir
from lunar_studio.gui.train.train_centre import TrainCentre
from lunar_studio.gui.widgets.banner import Banner
from lunar_studio.workers.data_service import DataService
from lunar_studio.workers.forecast_service import ForecastService
from lunar_studio.workers.thread_host import ThreadHost
from lunar_studio.workers.train_service import TrainService

_LIST_PX = 52 * SPACE_PX
_SETUP_PX = 72 * SPACE_PX


class TrainPage(ArtPage):
    """Everything about training, in one page.

    Args:
        train: Trains; may be shared, e.g. with the status line.
        forecasts: Measures what a run would cost; for this page alone.
        host: Runs the threads that look through art and build data sets.
        runs_dir: Where runs are kept.
        datasets_dir: Where built data sets are kept.
        parent: Its owner.

    Attributes:
        explore_requested: A model shall be explored; emitted with its path.
        data_requested: Art shall be shown on the Data page; emitted with its path.
    """

    explore_requested = Signal(object)
    data_requested = Signal(object)

    def __init__(
        self,
        train: TrainService,
        forecasts: ForecastService,
        host: ThreadHost,
        runs_dir: Path,
        datasets_dir: Path,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("train-page")
        self._train = train
        self._runs_dir, self._datasets_dir = runs_dir, datasets_dir
        self._flow = StartFlow(train, DataService(host, self), datasets_dir, self)
        self.banner = Banner()
        self.runs = RunListPanel(runs_dir)
        self.queue = RunQueue(runs_dir)
        self.waiting = QueuePanel(self.queue)
        self.setup = SetupPanel(DataService(host, self), forecasts)
        self.centre = TrainCentre()
        self.settings = self.centre.settings
        self._run = LiveRun(train, self._flow, self.centre, self.runs, self.banner, self)
        # What ends a run is still being told when the next may begin.
        self._next = QTimer(self)
        self._next.setSingleShot(True)
        self._next.setInterval(0)
        self._build()
        self._connect()
        self._on_setup_changed()

    def _build(self) -> None:
        left = QVBoxLayout()
        left.setSpacing(2 * SPACE_PX)
        left.addWidget(self.runs, 1)
        left.addWidget(self.waiting)
        self.runs.setFixedWidth(_LIST_PX)
        self.waiting.setFixedWidth(_LIST_PX)
        self.setup.setFixedWidth(_SETUP_PX)
        row = QHBoxLayout()
        row.setSpacing(2 * SPACE_PX)
        row.addLayout(left)
        row.addWidget(self.centre, 1)
        row.addWidget(self.setup)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * SPACE_PX, 2 * SPACE_PX, 2 * SPACE_PX, 2 * SPACE_PX)
        column.setSpacing(2 * SPACE_PX)
        column.addWidget(self.banner)
        column.addLayout(row, 1)

    def _connect(self) -> None:
        if (button := self.centre.empty.button) is not None:
            button.setToolTip(self.setup.art.folder_button.toolTip())
            button.clicked.connect(self.setup.art.folder_button.click)
        self.centre.explore_requested.connect(self.explore_requested)
        self.centre.compare_closed.connect(self._on_compared)
        self.centre.written.connect(self._on_written)
        self.centre.failed.connect(self._on_error)
        self.runs.selected.connect(self._on_run_selected)
        self.runs.continue_requested.connect(self._on_continue)
        self.runs.explore_requested.connect(self.explore_requested)
        self.runs.compare_requested.connect(self._on_compare)
        self.runs.failed.connect(self._on_error)
        self.waiting.failed.connect(self._on_error)
        self.waiting.start_requested.connect(self.start_next)
        self.setup.changed.connect(self._on_setup_changed)
        self.setup.start_requested.connect(self.start)
        self.setup.forecast.asked.connect(self._on_forecast_asked)
        self.setup.settings_requested.connect(self.centre.toggle_settings)
        self.setup.art.problems_requested.connect(self.data_requested)
        self.settings.closed.connect(self.centre.toggle_settings)
        self.settings.model.overrides_changed.connect(self.setup.forecast.forget)
        self._flow.preparing.connect(self._on_preparing)
        self._flow.failed.connect(self._on_failed)
        self._flow.stopped.connect(self._on_preparation_stopped)
        self._train.failed.connect(self._on_failed)
        self._train.running_changed.connect(self._on_running_changed)
        self._next.timeout.connect(self.start_next)

    # ---- what the window may ask for -------------------------------------------------------------

    @property
    def can_start(self) -> bool:
        """Whether art is chosen and nothing trains."""
        return self.setup.start_button.isEnabled() and not self.setup.is_busy

    def set_source(self, source: Path) -> None:
        """Choose art or a built data set to train on."""
        self.setup.art.set_source(source)

    @Slot()
    def start(self) -> None:
        """Start a run on the chosen art, or let it wait behind the one that goes; says why not where it cannot."""
        source, facts = self.setup.art.source, self.setup.art.facts
        if source is None or not self.setup.start_button.isEnabled():
            return
        try:
            config = self.setup.config(self.settings.model.overrides)
            title = source.stem if facts is None else Path(facts.source).stem  # a built set's folder has a long name
            run = WaitingRun(str(source), title or "run", config)
            if self.setup.is_busy:
                self.queue.add(run)
                self.waiting.refresh()
                return
        except LunarError as error:
            self._on_error(error)
            return
        self.banner.dismiss()
        self._begin(run)

    @Slot()
    def _on_forecast_asked(self) -> None:
        if (source := self.setup.art.source) is None:
            return
        try:
            config = self.setup.config(self.settings.model.overrides)
        except LunarError as error:
            self._on_error(error)
            return
        self.setup.forecast.ask(source, dataset_dir(self._datasets_dir, source, config.vae.image_size), config)

    @Slot()
    def start_next(self) -> None:
        """Start the first run that waits, unless one goes, or the window is closing."""
        if self._train.is_running or self._flow.is_preparing or not self.window().isVisible():
            return
        run = self.queue.take()
        self.waiting.refresh()
        if run is not None:
            self._begin(run)

    def _begin(self, run: WaitingRun) -> None:
        self.setup.forecast.forget()  # the run makes one of its own
        source = Path(run.source)
        named = new_run_dir(self._runs_dir, Path(run.title), datetime.now().astimezone())
        self._flow.start(RunPlan(source, named, run.config))

    @Slot(bool)
    def set_paused(self, paused: bool) -> None:
        """Let the run rest, or go on."""
        self._run.set_paused(paused)

    @Slot()
    def finish(self) -> None:
        """Ask the run to come to a good end soon."""
        self._run.finish()

    @Slot()
    def stop(self) -> None:
        """Save and end the run, or give up preparing it."""
        self._run.stop()

    # ---- while one trains ------------------------------------------------------------------------

    @Slot()
    def _on_preparing(self) -> None:
        self.setup.set_busy(True)

    @Slot()
    def _on_preparation_stopped(self) -> None:
        self.setup.set_busy(False)

    @Slot(bool)
    def _on_running_changed(self, running: bool) -> None:
        self.setup.set_busy(running)
        self.waiting.set_busy(running)
        if not running:
            self._next.start()

    @Slot()
    def _on_failed(self) -> None:
        self.setup.set_busy(self._train.is_running)
        self._next.start()  # one that fails does not keep the others waiting

    @Slot(object)
    def _on_error(self, error: LunarError) -> None:
        self.banner.tell(error.message, error.hint)

    @Slot(object)
    def _on_written(self, path: Path) -> None:
        self.banner.tell(f"“{path.name}” is written.", str(path.parent), "good")

    # ---- older runs ------------------------------------------------------------------------------

    @Slot(object)
    def _on_run_selected(self, record: RunRecord) -> None:
        self.centre.show_run(record)

    @Slot(object, object)
    def _on_compare(self, first: RunRecord, second: RunRecord) -> None:
        self.centre.compare(first, second)

    @Slot()
    def _on_compared(self) -> None:
        if (record := self.runs.current) is not None:
            self.centre.show_run(record)
        else:
            self.centre.show_last_run()

    @Slot(object)
    def _on_continue(self, record: RunRecord) -> None:
        if record.config is None or record.dataset is None or self._train.is_running or self._flow.is_preparing:
            return
        try:
            config = with_overrides(record.config, _more(record, self.setup.length))
        except ConfigError as error:
            self._on_error(error)
            return
        self.banner.dismiss()
        self._flow.resume(record.dataset, record.path, config)

    # ---- settings --------------------------------------------------------------------------------

    @Slot()
    def _on_setup_changed(self) -> None:
        if self.centre.empty.button is not None:
            # From then on, Start is the one thing to do.
            self.centre.empty.button.setVisible(self.setup.art.source is None)
        try:
            self.setup.start_from.offer(self.runs.models)
            self.settings.model.set_base(self.setup.base())
        except ConfigError as error:
            self._on_error(error)

    def showEvent(self, event: QShowEvent) -> None:
        """Runs may have come and gone since the page was last seen."""
        super().showEvent(event)
        self.runs.refresh()
        self.setup.start_from.offer(self.runs.models)


def _more(record: RunRecord, length: dict[str, object]) -> dict[str, object]:
    """How far a continued run goes: to its planned end, or from there for the length set in the panel."""
    if record.max_steps > record.step:
        return {"training.max_minutes": 0.0}
    steps = length["training.max_steps"]
    if isinstance(steps, int) and steps > 0:
        return {"training.max_steps": record.step + steps, "training.max_minutes": 0.0}
    return {"training.max_steps": max(1, record.step * 2), "training.max_minutes": length["training.max_minutes"]}
