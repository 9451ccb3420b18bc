"""The Train page: run list, run, settings; wires them to the services."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from lunar_studio.core.config_fields import with_overrides
from lunar_studio.core.events import CheckpointSaved, Failure, Paused, RunEnded, RunStarted, TrainEvent, Warned, WentOn
from lunar_studio.errors import ConfigError, LunarError
from lunar_studio.gui.art_page import ArtPage
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.train.queue_panel import QueuePanel
from lunar_studio.gui.train.run_header import duration
from lunar_studio.gui.train.run_list import RunListPanel
from lunar_studio.gui.train.run_list_model import state_words
from lunar_studio.gui.train.run_queue import RunQueue, WaitingRun
from lunar_studio.gui.train.run_records import RunRecord, new_run_dir, read_metrics
from lunar_studio.gui.train.settings_table import SettingsTablePanel
from lunar_studio.gui.train.setup_panel import SetupPanel
from lunar_studio.gui.train.start_flow import RunPlan, StartFlow, dataset_dir
from lunar_studio.gui.widgets.banner import Banner
from lunar_studio.gui.widgets.empty_state import EmptyState
from lunar_studio.paths import is_taken
from lunar_studio.workers.data_service import DataService
from lunar_studio.workers.forecast_service import ForecastService
from lunar_studio.workers.thread_host import ThreadHost
from lunar_studio.workers.train_service import TrainService

if TYPE_CHECKING:
    from lunar_studio.gui.train.compare_view import CompareView
    from lunar_studio.gui.train.run_header import Phase
    from lunar_studio.gui.train.run_view import RunView

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
        self.settings = SettingsTablePanel()
        self.centre = QStackedWidget()
        self._empty = EmptyState(
            "train",
            "Teach a model your own art",
            "Choose a folder of your sprites, pick a look, and press Start. You can watch it learn, stop at any time, "
            "and play with what it has become.",
            "Choose a folder of sprites…",
        )
        # Built when first needed: the plots take a fifth of a second to load. The run that trains keeps its
        # view while another is looked at.
        self._live: RunView | None = None
        self._browsed: RunView | None = None
        self._compared: CompareView | None = None
        # What ends a run is still being told when the next may begin.
        self._next = QTimer(self)
        self._next.setSingleShot(True)
        self._next.setInterval(0)
        self._build()
        self._connect()
        self._on_setup_changed()

    def _build(self) -> None:
        self.centre.addWidget(self._empty)
        self.centre.addWidget(self.settings)
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
        if self._empty.button is not None:
            self._empty.button.setToolTip(self.setup.art.folder_button.toolTip())
            self._empty.button.clicked.connect(self.setup.art.folder_button.click)
        self.runs.selected.connect(self._on_run_selected)
        self.runs.continue_requested.connect(self._on_continue)
        self.runs.explore_requested.connect(self.explore_requested)
        self.runs.compare_requested.connect(self.compare)
        self.runs.failed.connect(self._on_error)
        self.waiting.failed.connect(self._on_error)
        self.waiting.start_requested.connect(self.start_next)
        self.setup.changed.connect(self._on_setup_changed)
        self.setup.start_requested.connect(self.start)
        self.setup.forecast.asked.connect(self._on_forecast_asked)
        self.setup.settings_requested.connect(self._toggle_settings)
        self.setup.art.problems_requested.connect(self.data_requested)
        self.settings.closed.connect(self._toggle_settings)
        self.settings.model.overrides_changed.connect(self.setup.forecast.forget)
        self._flow.preparing.connect(self._on_preparing)
        self._flow.progressed.connect(self._on_progressed)
        self._flow.begun.connect(self._on_begun)
        self._flow.failed.connect(self._on_failed)
        self._flow.stopped.connect(self._on_preparation_stopped)
        self._train.events_received.connect(self._on_events)
        self._train.failed.connect(self._on_failed)
        self._train.running_changed.connect(self._on_running_changed)
        self._train.paused_changed.connect(self._on_paused_changed)
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
        """Rest, or go on."""
        self._train.set_paused(paused)

    @Slot()
    def finish(self) -> None:
        """Ask the run to come to a good end soon."""
        self._train.request_finish()
        if self._train.is_running and self._live is not None:
            self._live.header.set_phase("finishing")
            self._live.header.set_status("Looking for the shortest way to a good end…")

    @Slot()
    def stop(self) -> None:
        """Save and end the run, or give up preparing it."""
        self._flow.request_stop()
        if self._train.is_running and self._live is not None:
            self._live.header.set_phase("stopping")
            self._live.header.set_status("Saving what it has learned…")

    # ---- the run that trains ---------------------------------------------------------------------

    def _new_view(self) -> RunView:
        from lunar_studio.gui.train.run_view import RunView

        view = RunView()
        self.centre.addWidget(view)
        view.header.pause_toggled.connect(self.set_paused)
        view.header.finish_requested.connect(self.finish)
        view.header.stop_requested.connect(self.stop)
        view.header.explore_requested.connect(self._on_explore)
        view.failed.connect(self._on_error)
        view.plots.failed.connect(self._on_error)
        view.plots.exported.connect(self._on_written)
        return view

    def _begin_live(self, path: Path, status: str, phase: Phase, *, resumed: bool) -> None:
        self._live = self._live or self._new_view()
        self._live.begin(path, status, read_metrics(path) if resumed else None)
        self._live.header.set_phase(phase)
        self.centre.setCurrentWidget(self._live)

    @Slot(object)
    def _on_preparing(self, plan: RunPlan) -> None:
        words = f"Looking through “{plan.source.name}” and building a data set…"
        self._begin_live(plan.run_dir, words, "preparing", resumed=False)
        self.setup.set_busy(True)

    @Slot(int, int)
    def _on_progressed(self, done: int, total: int) -> None:
        if self._live is not None and self._flow.is_preparing:
            self._live.header.set_progress(done, total)

    @Slot(object)
    def _on_begun(self, plan: RunPlan) -> None:
        self._begin_live(plan.run_dir, "Getting ready…", "training", resumed=is_taken(plan.run_dir))
        self.runs.set_active(plan.run_dir, is_training=True)
        self.runs.choose(plan.run_dir)

    @Slot()
    def _on_preparation_stopped(self) -> None:
        self.setup.set_busy(False)
        if self._live is not None:
            self._live.header.set_phase("idle")
            self._live.header.set_status("Stopped; nothing was written.")

    @Slot(object)
    def _on_events(self, events: tuple[TrainEvent, ...]) -> None:
        if self._live is not None:
            self._live.add(events)
        for event in events:
            match event:
                case Warned() | Paused():
                    self.banner.tell(event.message, event.hint, "warn")
                case WentOn():
                    self.banner.tell("The run goes on.", f"It rested for {duration(event.paused_s)}.", "good")
                case RunStarted():
                    self.runs.refresh()
                    self.runs.choose(event.run_dir)
                case CheckpointSaved():
                    self.runs.refresh()
                case RunEnded():
                    self._on_ended(event)

    def _on_ended(self, event: RunEnded) -> None:
        if self._live is not None:
            self._live.set_model(event.model_path)
        window = self.window()
        if not window.isActiveWindow():
            QApplication.alert(window)
        if event.model_path is None:
            self.centre.setCurrentWidget(self._empty)
            self.runs.refresh()
            self.banner.tell("The run was stopped before its first step.", "Nothing was written.", "good")
            return
        words = "finished" if event.reason == "finished" else "stopped and saved"
        name = event.model_path.parent.name  # the next of the queue may be on show by the time it is read
        self.banner.tell(f"“{name}” is {words} at step {event.step:,}.", "Explore its model to play with it.", "good")

    @Slot(bool)
    def _on_running_changed(self, running: bool) -> None:
        self.setup.set_busy(running)
        self.waiting.set_busy(running)
        if not running:
            self._next.start()
            if self._live is not None:
                self._live.header.set_phase("idle")
            self.runs.set_active(None, is_training=False)

    @Slot(bool)
    def _on_paused_changed(self, paused: bool) -> None:
        if self._live is not None and self._train.is_running:
            goes: Phase = "finishing" if self._train.is_finishing else "training"
            self._live.header.set_phase("paused" if paused else goes)

    @Slot(object)
    def _on_failed(self, failure: Failure) -> None:
        self.banner.tell(failure.message, failure.hint)
        self.setup.set_busy(self._train.is_running)
        self._next.start()  # one that fails does not keep the others waiting
        if self._live is not None:
            self._live.header.set_phase("idle")
            self._live.header.set_status("This run could not go on.")

    @Slot(object)
    def _on_error(self, error: LunarError) -> None:
        self.banner.tell(error.message, error.hint)

    @Slot(object)
    def _on_written(self, path: Path) -> None:
        self.banner.tell(f"“{path.name}” is written.", str(path.parent), "good")

    # ---- older runs ------------------------------------------------------------------------------

    @Slot(object)
    def _on_run_selected(self, record: RunRecord) -> None:
        for view in (self._live, self._browsed):
            if view is not None and view.path == record.path:
                self.centre.setCurrentWidget(view)
                return
        self._browsed = self._browsed or self._new_view()
        words = record.problem or f"{record.preset} · {state_words(record, is_active=False)}"
        self._browsed.begin(record.path, words, read_metrics(record.path))
        self._browsed.set_model(record.explore_path)
        self.centre.setCurrentWidget(self._browsed)

    @Slot(object, object)
    def compare(self, first: RunRecord, second: RunRecord) -> None:
        """Show two runs side by side."""
        from lunar_studio.gui.train.compare_view import CompareView

        if self._compared is None:
            self._compared = CompareView()
            self._compared.closed.connect(self._on_compared)
            self.centre.addWidget(self._compared)
        self._compared.show_runs(first, second)
        self.centre.setCurrentWidget(self._compared)

    @Slot()
    def _on_compared(self) -> None:
        if (record := self.runs.current) is not None:
            self._on_run_selected(record)
        else:
            self.centre.setCurrentWidget(self._live or self._browsed or self._empty)

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

    @Slot()
    def _on_explore(self) -> None:
        view = self.centre.currentWidget()
        for shown in (self._live, self._browsed):
            if shown is not None and shown is view and shown.model_path is not None:
                self.explore_requested.emit(shown.model_path)

    # ---- settings --------------------------------------------------------------------------------

    @Slot()
    def _on_setup_changed(self) -> None:
        if self._empty.button is not None:
            self._empty.button.setVisible(self.setup.art.source is None)  # from then on, Start is the one thing to do
        try:
            self.setup.start_from.offer(self.runs.models)
            self.settings.model.set_base(self.setup.base())
        except ConfigError as error:
            self._on_error(error)

    @Slot()
    def _toggle_settings(self) -> None:
        if self.centre.currentWidget() is not self.settings:
            self.centre.setCurrentWidget(self.settings)
            self.settings.search.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.centre.setCurrentWidget(self._live or self._browsed or self._empty)

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
