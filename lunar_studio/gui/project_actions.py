"""What the actions of project files do: dialogs, the list of recent ones, the title, the bar with unsaved work."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog

from lunar_studio import paths
from lunar_studio.core.events import Failure
from lunar_studio.gui.dropped import PROJECT_SUFFIX
from lunar_studio.gui.main_window import MainWindow
from lunar_studio.gui.preferences import Preferences
from lunar_studio.gui.project_controller import UNTITLED, ProjectController, suggested_folder
from lunar_studio.gui.recovery_bar import RecoveryBar

_FILTER = f"Lunar Studio projects (*{PROJECT_SUFFIX})"


class ProjectActions(QObject):
    """Binds the actions of project files, and shows what becomes of them in the window.

    Args:
        window: The window; owns this.
        projects: Does the work.
        preferences: Says where dialogs begin.

    Attributes:
        bar: Offers unsaved work.
    """

    def __init__(self, window: MainWindow, projects: ProjectController, preferences: Preferences) -> None:
        super().__init__(window)
        self._window = window
        self._projects = projects
        self._preferences = preferences
        self._complaint = ""
        self.bar = RecoveryBar()
        window.add_bar(self.bar)
        actions = window.actions_by_id
        actions.bind("new-project", projects.new)
        actions.bind("open-project", self.ask_what_to_open)
        actions.bind("save-project", self.save)
        actions.bind("save-project-as", self.ask_where_to_save)
        actions.bind("save-picture", self.ask_where_to_put_the_picture)
        window.project_dropped.connect(projects.open)
        window.closing.connect(projects.close)
        window.header.recent_menu.aboutToShow.connect(self._fill_recent)
        window.header.recent_menu.triggered.connect(self._on_recent)
        self.bar.restore_asked.connect(projects.restore_lost)
        self.bar.discard_asked.connect(projects.discard_lost)
        projects.lost_changed.connect(self.bar.offer)
        projects.changed.connect(self._on_changed)
        projects.failed.connect(self._on_failed)
        projects.adopted.connect(self._on_adopted)
        projects.noticed.connect(window.show_notice)
        projects.said.connect(window.status.say)
        projects.model_wanted.connect(window.open_model)
        self._fill_recent()
        self._on_changed()

    def save(self) -> None:
        """Write to the project's file, or ask for one."""
        if self._projects.path is None:
            self.ask_where_to_save()
        else:
            self._projects.save(self._projects.path)

    def ask_what_to_open(self) -> None:
        """Let the artist choose a project file."""
        folder = str(suggested_folder(self._preferences))
        name, _ = QFileDialog.getOpenFileName(self._window, "Open Project", folder, _FILTER)
        if name:
            self._projects.open(Path(name))

    def ask_where_to_save(self) -> None:
        """Let the artist choose where to write; the suffix is added where it is missing."""
        path = self._projects.path
        start = (
            suggested_folder(self._preferences) / f"{self._projects.title}{PROJECT_SUFFIX}" if path is None else path
        )
        name, _ = QFileDialog.getSaveFileName(self._window, "Save Project", str(start), _FILTER)
        if name:
            chosen = Path(name)
            has_suffix = chosen.suffix.lower() == PROJECT_SUFFIX
            self._projects.save(chosen if has_suffix else chosen.with_name(chosen.name + PROJECT_SUFFIX))

    def ask_where_to_put_the_picture(self) -> None:
        """Let the artist choose where the sprite is written as a PNG that leads back to it."""
        current, state = self._window.explore.controller.current, self._window.pictures.state()
        if current is None:
            return
        folder = self._preferences.values.text("files.last_sprite_folder") or str(paths.exports_dir())
        start = Path(folder) / f"{current.sprite.name or 'sprite'}.png"
        name, _ = QFileDialog.getSaveFileName(self._window, "Save Picture", str(start), "Pictures (*.png)")
        if name:
            path = Path(name) if name.lower().endswith(".png") else Path(f"{name}.png")
            self._preferences.set("files.last_sprite_folder", str(path.parent))
            self._projects.save_picture(current.sprite, path, state)

    @Slot()
    def _fill_recent(self) -> None:
        menu = self._window.header.recent_menu
        menu.clear()
        for path in self._projects.recent:
            entry = menu.addAction(path.stem)
            entry.setData(str(path))
            entry.setToolTip(str(path))
        menu.setToolTipsVisible(True)
        menu.menuAction().setEnabled(bool(self._projects.recent))

    @Slot(QAction)
    def _on_recent(self, entry: QAction) -> None:
        self._projects.open(Path(entry.data()))

    @Slot(object)
    def _on_failed(self, failure: Failure) -> None:
        self._complaint = failure.message
        self._window.show_failure(failure)

    @Slot()
    def _on_adopted(self) -> None:
        """A project is open: that one could not be is no news any longer."""
        if self._complaint and self._window.banner.message == self._complaint:
            self._window.banner.dismiss()
        self._complaint = ""

    @Slot()
    def _on_changed(self) -> None:
        title, is_modified = self._projects.title, self._projects.is_modified
        # A studio just opened has nothing to name yet.
        is_named = self._projects.path is not None or is_modified or title != UNTITLED
        self._window.show_project(title if is_named else "", is_modified)
        self._window.header.recent_menu.menuAction().setEnabled(bool(self._projects.recent))
