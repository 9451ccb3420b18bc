"""The composition root: builds every part once, joins them, runs the event loop. No logic of its own.

Boot order, and why it is this:

1. The display is looked for. Without one Qt would abort the process; we say so and return 1.
2. `QApplication`, then the crash reporter: from here on nothing can end the studio silently.
3. Settings, then the theme: the first frame has the right colours.
4. `ThreadHost`, services, `Session`, controller, window; it is shown with the Explore page and painted.
5. Only then the project or model, given or last open, begins to load in the worker's thread: importing torch there
   holds the interpreter's lock so often that a window built meanwhile takes twice as long (measured).
   What a worker needs of the engine is imported inside its functions: this thread never imports torch.
6. The event loop. Model, sliders and first sprite arrive as signals. Other pages, their services and
   pyqtgraph are built when they are first opened.
7. After the loop: a run that trains is stopped and saved, threads are asked to end, settings are
   written, hooks are given back.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QGuiApplication, QIcon
from PySide6.QtWidgets import QApplication, QWidget

from lunar_studio import __version__, paths
from lunar_studio.core.config import RunConfig
from lunar_studio.core.events import Followed, Forecast, Refined, StepDone, TrainEvent
from lunar_studio.core.latent import Latent
from lunar_studio.core.overlay import Overlay
from lunar_studio.core.sprite import Sprite
from lunar_studio.gui import icons, theme, theme_switch, ui_map
from lunar_studio.gui.action_set import ActionSet
from lunar_studio.gui.crash import CrashReporter
from lunar_studio.gui.explore.controller import ExploreController
from lunar_studio.gui.export.onnx_saving import OnnxSaving
from lunar_studio.gui.main_window import MainWindow, PageFactory
from lunar_studio.gui.preferences import Preferences
from lunar_studio.gui.project_actions import ProjectActions
from lunar_studio.gui.project_controller import ProjectController
from lunar_studio.gui.tour import Tour
from lunar_studio.gui.train.closing_guard import ClosingGuard
from lunar_studio.paths import is_file
from lunar_studio.session.history import Session
from lunar_studio.session.ports import Explorer
from lunar_studio.workers.engine_critic import EngineCritic
from lunar_studio.workers.explore_service import ExploreService
from lunar_studio.workers.export_service import ExportService
from lunar_studio.workers.forecast_service import ForecastService
from lunar_studio.workers.onnx_service import OnnxService
from lunar_studio.workers.project_service import ProjectService
from lunar_studio.workers.thread_host import STOP_LIMIT_MS, ThreadHost
from lunar_studio.workers.train_service import TrainService

if TYPE_CHECKING:
    from lunar_studio.gui.data.data_page import DataPage
    from lunar_studio.gui.train.train_page import TrainPage

NO_DISPLAY = """Lunar Studio needs a screen, and there is none here (DISPLAY and WAYLAND_DISPLAY are not set).
On a server, use the command line: `lunar-studio sample --count 16 --out ./out` draws without a window."""

_SWITCH_INTERVAL_S = 0.0005
_SAVED_LIMIT_MS = 1500
_OWN_CLIPBOARDS = ("offscreen", "minimal", "minimalegl", "vnc", "linuxfb", "eglfs")
_REFINE_S = 6.0

_log = logging.getLogger(__name__)


def load_explorer(path: Path | None) -> Explorer:
    """Open a model, or the bundled one for None; the engine is imported here, in the worker's thread.

    Raises:
        ModelFileError: The file is damaged, hostile, not ours or too new.
    """
    from lunar_studio.explore.engine import load

    return load(path)


def follow_pins(
    explorer: Explorer, latent: Latent, pins: Overlay, *, should_stop: Callable[[], bool]
) -> Iterator[Followed]:
    """Follow, as `session.ports.PinFollower` says; imported here, in the worker's thread.

    Raises:
        TypeError: The explorer is not the engine: it is always what `load_explorer` gave.
    """
    from lunar_studio.explore.engine import Engine
    from lunar_studio.explore.refine import follow

    if not isinstance(explorer, Engine):
        raise TypeError(f"pins are followed by an Engine, not by {type(explorer).__name__}")
    for found in follow(explorer, latent, pins, should_stop=should_stop):
        yield Followed(found.latent, found.exact_pixel, found.step)


def refine_sprite(explorer: Explorer, sprite: Sprite, *, should_stop: Callable[[], bool]) -> Iterator[Refined]:
    """Refine, as `session.ports.SpriteRefiner` says; imported here, in the worker's thread.

    Raises:
        TypeError: The explorer is not the engine: it is always what `load_explorer` gave.
    """
    from lunar_studio.explore.engine import Engine
    from lunar_studio.explore.refine import refine

    if not isinstance(explorer, Engine):
        raise TypeError(f"sprites are refined by an Engine, not by {type(explorer).__name__}")
    for found in refine(explorer, sprite, seconds=_REFINE_S, should_stop=should_stop):
        yield Refined(found.latent, found.exact_pixel, found.step)


def train(
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
    """Train, as `session.ports.Trainer` says; the loop is imported here, in the worker's thread.

    Raises:
        LunarError: It cannot start or go on.
    """
    from lunar_studio.training import loop

    yield from loop.train(
        dataset,
        run_dir,
        config,
        resume=resume,
        should_stop=should_stop,
        should_pause=should_pause,
        should_finish=should_finish,
        should_leave=should_leave,
    )


def forecast(dataset: Path, scratch: Path, config: RunConfig, *, should_stop: Callable[[], bool]) -> Forecast:
    """Measure, as `session.ports.Forecaster` says; the loop is imported here, in the worker's thread.

    Raises:
        LunarError: The run could not start.
    """
    from lunar_studio.training import loop

    return loop.forecast(dataset, scratch, config, should_stop=should_stop)


def write_sheet(
    sprites: Sequence[Sprite],
    destination: Path,
    *,
    format_id: str,
    columns: int,
    own_texts: Sequence[Mapping[str, str]] = (),
    credit: str = "",
) -> tuple[Path, ...]:
    """Write a sheet, as `session.ports.SheetWriter` says; imported here, in the worker's thread.

    Raises:
        ExportError: It cannot be written, or reads back differently.
    """
    from lunar_studio.export.formats import write

    return write(sprites, destination, format_id=format_id, columns=columns, own_texts=own_texts, credit=credit)


def model_places() -> Iterable[Path]:
    """Where models of the user's may be: the newest of her training runs first."""
    found = paths.runs_dir().glob("*/model.safetensors")
    return sorted(found, key=lambda path: path.parent.name, reverse=True)


class Studio(QObject):
    """Every part, joined.

    Args:
        app: The application.
        reporter: Receives what breaks.

    Attributes:
        window: The window.
        controller: Document and model.
        projects: The project's file.
        closing: Asks before the window closes over a run.
        host: Owner of the threads.
    """

    def __init__(self, app: QApplication, reporter: CrashReporter) -> None:
        super().__init__()
        self._app = app
        self.preferences = Preferences(paths.settings_file(), self)
        theme.set_colours(app, theme_switch.wanted(self.preferences))
        app.setWindowIcon(QIcon(icons.pixmap("moon", theme.DARK.accent, 1.0, 4 * icons.GRID_PX)))
        self.host = ThreadHost(self)
        self.explore_service = ExploreService(
            self.host, load_explorer, self, follower=follow_pins, critic=EngineCritic(), refiner=refine_sprite
        )
        self.train_service = TrainService(self.host, train, self)
        self.project_service = ProjectService(
            self.host, paths.sessions_dir(), paths.bundled_model(), model_places, self
        )
        self.session = Session()
        self.controller = ExploreController(self.session, self.explore_service, self)
        self._reporter = reporter
        self.host.crashed.connect(reporter.report)
        self.train_service.events_received.connect(self._on_training)
        self.train_service.running_changed.connect(self._on_running)
        self.window: MainWindow
        self.projects: ProjectController
        self.closing: ClosingGuard
        self._first_model: Path | None = None
        self._train_page: TrainPage | None = None
        self._data_page: DataPage | None = None

    def open_window(self) -> None:
        """Build the window and show it."""
        factories: dict[str, PageFactory] = {
            "train": self._make_train_page,
            "data": self._make_data_page,
            "export": self._make_export_page,
        }
        self.window = MainWindow(self.controller, self.preferences, factories)
        # After the window, so that a project is put in place when the window knows its model.
        self.projects = ProjectController(self.controller, self.project_service, self.preferences, self)
        self.projects.nothing_opened.connect(self._open_first_model)
        ProjectActions(self.window, self.projects, self.preferences)
        self.closing = ClosingGuard(self.window, self.train_service, self._waiting_runs)
        self.window.set_closing_question(self.closing.may_close)
        self.window.runner.crashed.connect(self._reporter.report)
        self._reporter.set_window(self.window)
        service = OnnxService(self.host, self)
        saving = OnnxSaving(service, self.window, self._opened_model, paths.exports_dir())
        saving.said.connect(self.window.show_notice)
        saving.stated.connect(self.window.status.show_state)
        self.window.actions_by_id.bind("save-onnx", saving.ask)
        Tour(self.window, self.preferences)
        theme.apply(self._app, theme.current())  # once, over everything: `theme.set_colours` tells why
        self.controller.settled.connect(self.host.lull)  # behind everything else that follows a frame
        self.window.show()

    def _opened_model(self) -> Path | None:
        """The file of the model on show, or None for the bundled one; the window notes it when it has opened."""
        name = self.preferences.values.text("files.last_model")
        return Path(name) if name else None

    def begin(self, model: Path | None, project: Path | None) -> None:
        """Open what was asked for, or else what was open the last time; offer what was not saved then."""
        values = self.preferences.values
        if model is None and project is None and values.flag("files.reopen"):
            model, project = (_existing(values.text(f"files.last_{kind}")) for kind in ("model", "project"))
        self._first_model = model
        if project is not None:
            self.projects.open(project)
        else:
            self.window.open_model(model)
        self.project_service.find_lost()

    @Slot()
    def _open_first_model(self) -> None:
        """The project cannot be opened: without any model the window would be empty."""
        if self.controller.model is None:
            self.window.open_model(self._first_model)

    def _make_train_page(self, actions: ActionSet) -> QWidget:
        from lunar_studio.gui.train.train_page import TrainPage  # brings pyqtgraph

        forecasts = ForecastService(self.host, forecast, self)
        page = TrainPage(self.train_service, forecasts, self.host, paths.runs_dir(), paths.datasets_dir())
        page.explore_requested.connect(self._on_explore_asked)
        page.data_requested.connect(self._on_data_asked)
        page.setup.changed.connect(self._update_training)
        actions.bind("train-start", page.start)
        actions.bind("train-stop", page.stop)
        actions.bind("train-pause", self._toggle_pause)
        actions.bind("train-finish", page.finish)
        self._train_page = page
        return page

    def _make_data_page(self, _actions: ActionSet) -> QWidget:
        from lunar_studio.gui.data.data_page import DataPage

        page = DataPage(self.host, paths.datasets_dir())
        page.train_requested.connect(self._on_train_asked)
        self._data_page = page
        return page

    def _make_export_page(self, _actions: ActionSet) -> QWidget:
        from lunar_studio.export.formats import FORMATS
        from lunar_studio.gui.export.export_page import ExportPage

        service = ExportService(self.host, write_sheet, self)
        formats = [(one.id, one.title, one.suffix, one.description) for one in FORMATS]
        page = ExportPage(service, self.explore_service, self.session, formats, paths.exports_dir())
        page.explore_requested.connect(self._on_sprites_asked)
        return page

    @Slot()
    def _on_sprites_asked(self) -> None:
        self.window.open_page("explore")

    @Slot(object)
    def _on_explore_asked(self, model: Path) -> None:
        self.window.open_model(model)
        self.window.open_page("explore")

    @Slot(object)
    def _on_data_asked(self, source: Path) -> None:
        self.window.open_page("data")
        if self._data_page is not None:
            self._data_page.set_source(source)

    @Slot(object)
    def _on_train_asked(self, dataset: Path) -> None:
        self.window.open_page("train")
        if self._train_page is not None:
            self._train_page.set_source(dataset)

    def _waiting_runs(self) -> int:
        return 0 if self._train_page is None else len(self._train_page.queue)

    def _toggle_pause(self) -> None:
        self.train_service.set_paused(not self.train_service.is_paused)

    @Slot()
    def _update_training(self) -> None:
        page = self._train_page
        self.window.set_training_conditions(
            can_train=page is not None and page.can_start, training=self.train_service.is_running
        )

    @Slot(object)
    def _on_training(self, events: tuple[TrainEvent, ...]) -> None:
        for event in reversed(events):
            if isinstance(event, StepDone):
                self.window.status.show_training(f"training: step {event.step:,}", event.share_done)
                return

    @Slot(bool)
    def _on_running(self, running: bool) -> None:
        self.window.status.show_training("training: getting ready" if running else "", None)
        self._update_training()

    def shut_down(self) -> tuple[str, ...]:
        """Stop what trains, end every thread; returns the names of those that did not end."""
        self.train_service.request_leave()  # nobody is there any more who could make room on the disk
        # Where the artist would not wait any longer, nothing is left to be saved.
        stalled = self.host.shut_down(limit_ms=_SAVED_LIMIT_MS if self.closing.plan == "now" else STOP_LIMIT_MS)
        self.controller.close()
        empty_own_clipboard()
        return stalled


def run(model: Path | None = None, project: Path | None = None) -> int:
    """Open the studio; returns its exit status when the window has closed.

    Args:
        model: Model file to open; the last one, or else the bundled one, for None.
        project: Project file to open; the last one for None, unless a model is given.

    Returns:
        0 after a normal end, 1 where there is no display.
    """
    if not _has_display():
        print(NO_DISPLAY, file=sys.stderr)
        return 1
    # The worker hands the interpreter over ten times as often as by default: a slider's move then reaches
    # the canvas a fifth sooner (measured, 200 moves, busy machine of two cores).
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    app = _application()
    reporter = CrashReporter(paths.cache_dir())
    reporter.install()
    try:
        studio = Studio(app, reporter)
        studio.open_window()
        app.processEvents()  # the first frame is on the screen before the model is asked for
        ui_map.install(studio.window.explore.canvas, studio.window)
        studio.begin(model, project)
        status = app.exec()
        stalled = studio.shut_down()
    finally:
        reporter.uninstall()
    if stalled:
        # Everything of the user's is on disk; Qt would abort when it destroys a running thread.
        _log.warning("threads that did not end: %s", ", ".join(stalled))
        os._exit(status)
    return status


def empty_own_clipboard() -> None:
    """Empty the clipboard of platforms whose clipboard is the process's own.

    There (unlike on a desktop, whose clipboard ends with the application) Qt keeps what was copied in a static of
    C++'s, which is destroyed after the interpreter; destroying then what was made in Python is a segmentation fault.
    """
    if QGuiApplication.platformName() in _OWN_CLIPBOARDS:
        QGuiApplication.clipboard().clear()


def _existing(text: str) -> Path | None:
    """The file of that path; None where there is none."""
    path = Path(text) if text else None
    return path if path is not None and is_file(path) else None


def _has_display() -> bool:
    """Whether Qt could open a window: on Linux it aborts the process where it cannot."""
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM", "").startswith(
        ("offscreen", "minimal", "vnc", "linuxfb", "eglfs")
    ):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _application() -> QApplication:
    """The one application; fractional display scales are passed through, for the canvas handles them itself."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    QGuiApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    app = QApplication(sys.argv[:1])
    app.setApplicationName("Lunar Studio")
    app.setApplicationVersion(__version__)
    app.setDesktopFileName("lunar-studio")
    return app
