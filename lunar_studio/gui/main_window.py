"""The window: header, pages, banner, status line, and what the actions of the table do."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import QByteArray, QEvent, QMimeData, QSize, Qt, Signal, Slot
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QFileDialog, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from lunar_studio import __version__, paths
from lunar_studio.core.events import Decoded, Failure
from lunar_studio.gui.action_runner import ActionRunner
from lunar_studio.gui.action_set import ActionSet
from lunar_studio.gui.command_palette import CommandPalette
from lunar_studio.gui.commentary import Commentary
from lunar_studio.gui.dropped import MODEL_SUFFIX, may_be_dropped, what_was_dropped
from lunar_studio.gui.explore.canvas_actions import CanvasActions
from lunar_studio.gui.explore.controller import ExploreController
from lunar_studio.gui.explore.groove_watch import GrooveSwitch
from lunar_studio.gui.explore.keyboard_ways import go_to_sliders, go_to_words
from lunar_studio.gui.explore.page import ExplorePage
from lunar_studio.gui.header import PAGES, Header
from lunar_studio.gui.help_dialog import TextDialog, page_help
from lunar_studio.gui.picture_actions import PictureActions
from lunar_studio.gui.preferences import Preferences
from lunar_studio.gui.status_line import StatusLine
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.theme_switch import ThemeSwitch
from lunar_studio.gui.widgets.banner import Banner
from lunar_studio.gui.widgets.speaker import Speaker
from lunar_studio.session.actions import action
from lunar_studio.session.document import Document
from lunar_studio.workers.explore_service import LoadedModel

_SMALLEST = QSize(1024, 640)
_FIRST_SIZE = QSize(1440, 880)

PageFactory = Callable[[ActionSet], QWidget]


class MainWindow(QMainWindow):
    """The studio's one window.

    Args:
        controller: Document and model.
        preferences: The user's settings.
        pages: Makes the pages other than Explore, each when it is first opened; a page that is missing is disabled.

    Attributes:
        actions_by_id: Every action of the table.
        runner: Runs what actions are bound to; its signals tell what went wrong.
        explore: The Explore page.
        pictures: Sprites in and out.
        banner: What went wrong, or is worth knowing.
        commentary: Tells a screen reader what is seen elsewhere.
        closing: Emitted once, when the window is about to close.
        project_dropped: Emitted with the `Path` of a project file that was dropped on the window.
    """

    closing = Signal()
    project_dropped = Signal(object)

    def __init__(
        self, controller: ExploreController, preferences: Preferences, pages: Mapping[str, PageFactory]
    ) -> None:
        super().__init__()
        self.setObjectName("main-window")
        self.setWindowTitle("Lunar Studio")
        self.setMinimumSize(_SMALLEST)
        self.setAcceptDrops(True)
        self._controller = controller
        self._preferences = preferences
        self._factories = dict(pages)
        self._pages: dict[str, QWidget] = {}
        self._page = "explore"
        self._project = ("", False)
        self._recent: list[Path] = []
        self._opening: Path | None = None
        self._may_close: Callable[[], bool] = _always
        self._conditions: frozenset[str] = frozenset()
        self._clipboard_has_picture = _clipboard_has_picture()
        self._shows_sprite = False
        self._is_warm = False
        self._model_complaint = ""
        self.runner = ActionRunner(self)
        self.actions_by_id = ActionSet(self.runner, self)
        self.header = Header(self.actions_by_id)
        self.banner = Banner()
        self.status = StatusLine()
        self.explore = ExplorePage(controller, self.actions_by_id, preferences.values.number("explore.slider_count"))
        self.pictures = PictureActions(controller, preferences, self)
        self._stack = QStackedWidget()
        self._pages["explore"] = self.explore
        self._stack.addWidget(self.explore)
        centre = self._lay_out()
        self.palette_popup = CommandPalette(self.actions_by_id, centre)
        self.commentary = Commentary(controller, Speaker(self), self)
        self._bind()
        self._connect()
        self._restore()
        self._update_conditions()
        # Else the first tab would get the keyboard, and look as if it were chosen on every page.
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setFocus()

    def _lay_out(self) -> QWidget:
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        banner_box = QWidget()
        around = QVBoxLayout(banner_box)
        around.setContentsMargins(SPACE_PX, 0, SPACE_PX, SPACE_PX)
        around.addWidget(self.banner)
        self._banner_box = banner_box
        banner_box.hide()
        column.addWidget(self.header)
        column.addWidget(banner_box)
        self._bars = QVBoxLayout()
        column.addLayout(self._bars)
        column.addWidget(self._stack, 1)
        column.addWidget(self.status)
        self.setCentralWidget(centre)
        return centre

    def _bind(self) -> None:
        bind, controller = self.actions_by_id.bind, self._controller
        for page in PAGES:
            if page == "explore" or page in self._factories:
                bind(f"page-{page}", _PageOpener(self, page))
        bind("open-model", self.ask_for_model)
        bind("open-bundled-model", self.open_bundled_model)
        bind("open-sprite", self.pictures.ask_for_sprite)
        bind("export-sheet", _PageOpener(self, "export"))
        bind("quit", self._quit)
        bind("undo", controller.session.undo)
        bind("redo", controller.session.redo)
        bind("copy-sprite", self.pictures.copy)
        bind("copy-command", self.pictures.copy_command)
        bind("paste-sprite", self.pictures.paste)
        bind("re-roll", self.explore.roll)
        bind("roll-colours", self.explore.roll_colours)
        bind("roll-shape", self.explore.roll_shape)
        bind("reset-all", controller.sliders.reset_all)
        bind("teach-slider", self.explore.teaching.open)
        bind("bookmark", self.explore.shelving.keep_shown)
        bind("set-before", controller.compare_with_this)
        bind("ask-words", self._ask_words)
        bind("find-slider", self._find_slider)
        bind("reset-layout", self.reset_layout)
        bind("command-palette", self.palette_popup.open)
        bind("help", self.show_help)
        bind("about", self.show_about)
        CanvasActions(self.actions_by_id, self.explore, self._preferences, self)
        GrooveSwitch(self.actions_by_id, self.explore.grooves, self._preferences, self)
        ThemeSwitch(self.actions_by_id, self._preferences, self)

    def _connect(self) -> None:
        controller = self._controller
        self.header.page_asked.connect(self.open_page)
        self.header.model_button.chosen.connect(self.open_model)
        self.header.model_button.open_asked.connect(self.ask_for_model)
        self.explore.open_asked.connect(self.ask_for_model)
        self.explore.canvas.hovered.connect(self.status.show_pixel)
        self.pictures.said.connect(self.status.say)
        self.pictures.begun.connect(self.banner.dismiss)
        page = self.explore
        tellers = (page.following, page.blaming, page.improving, page.mixing, page.wording, page.teaching)
        for teller in (*tellers, page.own_pixels):
            teller.said.connect(self.status.say)
        page.own_pixels.changed.connect(self._update_conditions)
        self.explore.mapping.said.connect(self.status.say)
        self.status.panel_toggled.connect(self._on_panel_toggled)
        self.status.training_clicked.connect(self._on_training_clicked)
        self.banner.closed.connect(self._banner_box.hide)
        self.runner.failed.connect(self.show_failure)
        self._preferences.failed.connect(self.show_failure)
        controller.failed.connect(self.show_failure)
        controller.noticed.connect(self.show_notice)
        controller.service.load_failed.connect(self._on_load_failed)
        controller.loading_changed.connect(self._on_loading)
        controller.model_changed.connect(self._on_model)
        controller.shown.connect(self._on_shown)
        controller.settled.connect(self._tell_speed)
        controller.document_changed.connect(self._on_document)
        QGuiApplication.clipboard().dataChanged.connect(self._on_clipboard)
        self.banner.told.connect(self.commentary.tell_message)
        self.status.said.connect(self.commentary.tell_event)
        self.explore.views.changed.connect(self.commentary.tell_view)
        self.actions_by_id.switched.connect(self.commentary.tell_switch)
        self.palette_popup.offered.connect(self.commentary.tell_offer)

    def _restore(self) -> None:
        values = self._preferences.values
        self.resize(_FIRST_SIZE)
        self.restoreGeometry(QByteArray.fromBase64(values.text("window.geometry").encode("ascii", "ignore")))
        self.explore.restore_layout(values.text("window.splitters"))
        self._show_panels()
        page = values.text("window.page")
        self.open_page(page if page in self._factories else "explore")
        if self._preferences.problems:
            first = self._preferences.problems[0]
            self.show_notice(first.message, "Other settings are kept. Nothing else is affected.", "warn")

    # ---- pages -------------------------------------------------------------------------------------

    @property
    def page(self) -> str:
        """The page that is open."""
        return self._page

    @Slot(str)
    def open_page(self, page: str) -> None:
        """Open a page, building it if it was never open."""
        if page not in self._pages:
            self._pages[page] = self._factories[page](self.actions_by_id)
            self._stack.addWidget(self._pages[page])
            for banner in self._pages[page].findChildren(Banner):
                banner.told.connect(self.commentary.tell_message)
        if page != self._page:
            self.commentary.tell_page(action(f"page-{page}").title)
        self._page = page
        self._stack.setCurrentWidget(self._pages[page])
        self.header.show_page(page)
        self._show_panels()
        self._preferences.set("window.page", page)

    def _ask_words(self) -> None:
        self.open_page("explore")
        go_to_words(self.explore)

    def _find_slider(self) -> None:
        self.open_page("explore")
        go_to_sliders(self.explore)
        self._show_panels()

    def page_widget(self, page: str) -> QWidget | None:
        """A page, or None if it was never open."""
        return self._pages.get(page)

    def _show_panels(self) -> None:
        shown = {name: self.explore.is_panel_visible(name) for name in self.status.panel_buttons}
        self.status.show_panels(shown, usable=self._page == "explore")

    @Slot(str, bool)
    def _on_panel_toggled(self, name: str, visible: bool) -> None:
        self.explore.set_panel_visible(name, visible)

    def reset_layout(self) -> None:
        """Every panel back where it was at first."""
        self.explore.reset_layout()
        self._show_panels()

    @Slot()
    def _on_training_clicked(self) -> None:
        if "train" in self._factories:
            self.open_page("train")

    def add_bar(self, bar: QWidget) -> None:
        """Put a bar above the pages; it shows and hides itself."""
        self._bars.addWidget(bar)

    def show_project(self, title: str, is_modified: bool) -> None:
        """Say in the title which project is open, and whether it has changed since it was saved."""
        self._project = (title, is_modified)
        model = self._controller.model
        words = (f"{title}[*]" if title else "", "" if model is None else model.info.name, "Lunar Studio")
        self.setWindowTitle(" – ".join(filter(None, words)))
        self.setWindowModified(is_modified)

    # ---- messages ----------------------------------------------------------------------------------

    @Slot(object)
    def show_failure(self, failure: Failure) -> None:
        """Say what happened and what to do, without stopping anything."""
        self.show_notice(failure.message, failure.hint, "bad")

    @Slot(str, str, str)
    def show_notice(self, message: str, hint: str = "", kind: str = "good") -> None:
        """Say something in the banner; `kind` is `good`, `warn` or `bad`."""
        self._banner_box.show()
        self.banner.tell(message, hint, "bad" if kind == "bad" else "warn" if kind == "warn" else "good")

    # ---- models ------------------------------------------------------------------------------------

    @Slot(object)
    def open_model(self, path: Path | None) -> None:
        """Open a model file, or the bundled model for None."""
        self._opening = path
        self._controller.open_model(path)

    def open_bundled_model(self) -> None:
        """Open the model that ships with the studio."""
        self.open_model(None)

    @Slot()
    def ask_for_model(self) -> None:
        """Let the artist choose a model file."""
        last = self._preferences.values.text("files.last_model")
        start = str(Path(last).parent) if last else str(paths.runs_dir())
        name, _ = QFileDialog.getOpenFileName(self, "Open Model", start, f"Models (*{MODEL_SUFFIX})")
        if name:
            self.open_model(Path(name))

    @Slot(bool)
    def _on_loading(self, loading: bool) -> None:
        self.status.show_state("Opening the model…" if loading else "Ready")

    @Slot(object)
    def _on_load_failed(self, failure: Failure) -> None:
        self._model_complaint = failure.message

    @Slot(object)
    def _on_model(self, model: LoadedModel) -> None:
        info = model.info
        if self._model_complaint and self.banner.message == self._model_complaint:
            self.banner.dismiss()  # it was of a model that nobody waits for any longer
        self._is_warm = False
        facts = f"{info.image_size} × {info.image_size} pixels, {info.parameters:,} parameters, preset {info.preset}"
        self.header.model_button.set_name(info.name, facts)
        self.show_project(*self._project)
        if self._opening is not None:
            self._recent = [self._opening, *(path for path in self._recent if path != self._opening)][:8]
        self._preferences.set("files.last_model", "" if self._opening is None else str(self._opening))
        runs = sorted(paths.runs_dir().glob(f"*/model{MODEL_SUFFIX}"), key=lambda path: path.parent.name)
        self.header.model_button.set_choices(self._recent, runs[-12:])
        self._update_conditions()

    # ---- sprites in and out --------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files and pictures may be dropped."""
        if may_be_dropped(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open a model or a project, or take a picture; say so where nothing can be done with it."""
        event.acceptProposedAction()
        data = event.mimeData()
        dropped = what_was_dropped(data)
        path = dropped.path
        if dropped.kind == "pixels":
            self.runner.run("Drop Sprite", lambda: self.pictures.take_pixels(data, "dropped sprite"))
        elif path is None:
            self.show_notice(
                "Nothing that can be opened was dropped here.",
                "Drop a picture, a project or a model file; save a picture from the web first.",
                "warn",
            )
        elif dropped.kind == "model":
            self.open_model(path)
        elif dropped.kind == "project":
            self.project_dropped.emit(path)
        elif dropped.kind == "folder":
            self.show_notice(
                f"“{path.name}” is a folder.",
                "Drop a folder of art on the Data page (Ctrl+3), or a single picture here.",
                "warn",
            )
        else:
            self.runner.run("Open Sprite", lambda: self.pictures.take_file(path))
        if dropped.left_out:
            self.status.say(f"Only the first was opened: {dropped.left_out + 1} files were dropped")

    # ---- what is shown -------------------------------------------------------------------------------

    @Slot()
    def _tell_speed(self) -> None:
        current = self._controller.current
        # The first one includes what a model does only once, hundreds of times longer than any sprite takes after it.
        self.status.show_speed(f"{current.elapsed_ms:.1f} ms a sprite" if current and self._is_warm else "")
        self._is_warm = current is not None

    @Slot(object)
    def _on_document(self, _document: Document) -> None:
        session, actions = self._controller.session, self.actions_by_id
        actions["undo"].setText(f"Undo {session.undo_title}".strip())
        actions["redo"].setText(f"Redo {session.redo_title}".strip())
        self._update_conditions()

    @Slot(object)
    def _on_shown(self, _decoded: Decoded) -> None:
        if not self._shows_sprite:  # every further one meets the same conditions
            self._update_conditions()

    @Slot()
    def _on_clipboard(self) -> None:
        self._clipboard_has_picture = _clipboard_has_picture()
        self._update_conditions()

    @Slot()
    def _update_conditions(self) -> None:
        session, model = self._controller.session, self._controller.model
        shown = self._shows_sprite = self._controller.current is not None
        met = {
            "model_loaded": model is not None,
            "sprite_shown": shown,
            "colours_apart": shown and model is not None and model.info.latent_parts.keeps_colours_apart,
            "picture_opened": shown and self.explore.own_pixels.picture is not None,
            "painted": shown and len(session.document.edits) > 0,
            "pinned": shown and bool(session.document.edits.pinned_N.any()),
            "can_undo": session.can_undo,
            "can_redo": session.can_redo,
            "clipboard_has_picture": model is not None and self._clipboard_has_picture,
            "exportable": "export" in self._factories and (shown or bool(session.document.bookmarks)),
        }
        self.actions_by_id.set_conditions({name for name, holds in met.items() if holds} | self._conditions)

    def set_training_conditions(self, *, can_train: bool, training: bool) -> None:
        """Tell which of the training actions can be used; the Train page knows."""
        names = (("can_train", can_train), ("training", training))
        self._conditions = frozenset(name for name, holds in names if holds)
        self._update_conditions()

    # ---- help --------------------------------------------------------------------------------------

    def show_help(self) -> None:
        """What the open page can do, and every key."""
        page_help(self._page, self).show()

    def show_about(self) -> None:
        """Version and where the user's files are."""
        rows = [
            ("Settings", str(paths.settings_file())),
            ("Training runs", str(paths.runs_dir())),
            ("Data sets", str(paths.datasets_dir())),
            ("Log", str(paths.cache_dir())),
            ("Python", sys.version.split()[0]),
        ]
        text = "Explore the latent space of pixel art, train on your own, export sheets."
        TextDialog(f"Lunar Studio {__version__}", text, rows, self).show()

    # ---- the window itself -----------------------------------------------------------------------------

    def _quit(self) -> None:
        self.close()

    def changeEvent(self, event: QEvent) -> None:
        """Tint the actions anew in a new theme."""
        if event.type() == QEvent.Type.StyleChange and hasattr(self, "actions_by_id"):
            self.actions_by_id.retint()
        super().changeEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The zoom may fit differently now."""
        super().resizeEvent(event)
        self.palette_popup.hide()
        self.explore.tools.show_zoom(self.explore.canvas.zoom)

    def set_closing_question(self, may_close: Callable[[], bool]) -> None:
        """Ask this before closing; where it says no, the window stays, and whoever answers closes it later."""
        self._may_close = may_close

    def closeEvent(self, event: QCloseEvent) -> None:
        """Remember place and panels, unless something speaks against closing."""
        if not self._may_close():
            event.ignore()
            return
        geometry = bytes(self.saveGeometry().toBase64().data()).decode()
        self._preferences.set("window.geometry", geometry)
        self._preferences.set("window.splitters", self.explore.layout_state())
        self._preferences.write()
        self.closing.emit()
        super().closeEvent(event)


class _PageOpener:
    """Opens one page; a callable with a name, so that a report can say which."""

    def __init__(self, window: MainWindow, page: str) -> None:
        self._window, self._page = window, page

    def __call__(self) -> None:
        self._window.open_page(self._page)


def _always() -> bool:
    return True


def _clipboard_has_picture() -> bool:
    data: QMimeData | None = QGuiApplication.clipboard().mimeData()  # None while nobody owns it
    return data is not None and data.hasImage()
