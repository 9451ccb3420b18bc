"""The GUI's side of projects: requests go in, signals come out, all in the GUI thread."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from lunar_studio.core.events import Failure
from lunar_studio.core.sprite import Sprite
from lunar_studio.session.picture_state import SpriteState
from lunar_studio.session.project import Project
from lunar_studio.workers.project_worker import Keep, LostWork, ModelPlaces, Opened, ProjectWorker
from lunar_studio.workers.thread_host import Crash, ThreadHost

__all__ = ["LostWork", "Opened", "ProjectService"]


class ProjectService(QObject):
    """Reads, writes and keeps projects in a thread of its own, started with the service.

    Args:
        host: Runs and ends the thread.
        sessions: Folder of what running studios keep.
        bundled: The model that ships with the studio.
        places: Where models of the user's may be; asked in the thread.
        parent: The QObject that owns this one.

    Attributes:
        saved: Emitted with the `Path` and the `Project` written there.
        opened: Emitted with an `Opened`.
        kept: Emitted when the newest state is kept against a crash.
        lost_found: Emitted with a tuple of `LostWork`, newest first.
        picture_saved: Emitted with the `Path` of a picture.
        failed: Emitted with a `Failure` of any request.
    """

    saved = Signal(object, object)
    opened = Signal(object)
    kept = Signal()
    lost_found = Signal(object)
    picture_saved = Signal(object)
    failed = Signal(object)

    def __init__(
        self, host: ThreadHost, sessions: Path, bundled: Path, places: ModelPlaces, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._has_complained = False
        self._worker = ProjectWorker(sessions, bundled, places)
        self._worker.saved.connect(self._on_saved)
        self._worker.opened.connect(self._on_opened)
        self._worker.kept.connect(self._on_kept)
        self._worker.lost_found.connect(self._on_lost_found)
        self._worker.picture_saved.connect(self._on_picture_saved)
        self._worker.keep_failed.connect(self._on_keep_failed)
        self._worker.failed.connect(self._on_failed)
        self._worker.crashed.connect(self._on_crashed)
        host.start(self._worker)

    def save(self, project: Project, path: Path) -> None:
        """Write a project to its file; `saved` or `failed` answers."""
        self._worker.post_save(project, path)

    def save_picture(self, sprite: Sprite, path: Path, state: SpriteState | None) -> None:
        """Write a sprite as a picture that carries its state; `picture_saved` or `failed` answers."""
        self._worker.post_save_picture(sprite, path, state)

    def open(self, path: Path) -> None:
        """Read a project file; `opened` or `failed` answers."""
        self._worker.post_open(path)

    def keep(self, project: Project, *, title: str, path: Path | None, was_closed: bool = False) -> None:
        """Keep a state against a crash, in place of the one before."""
        self._worker.post_keep(Keep(project, title, path, was_closed))

    def forget(self) -> None:
        """Nothing needs to be kept: all is saved."""
        self._worker.post_keep(None)

    def set_aside(self, project: Project, *, title: str, path: Path | None) -> None:
        """Leave a state as unsaved work that can be brought back; `lost_found` offers it."""
        self._worker.post_set_aside(Keep(project, title, path))

    def find_lost(self) -> None:
        """Look for unsaved work; `lost_found` answers."""
        self._worker.post_find_lost()

    def open_lost(self, number: int) -> None:
        """Bring unsaved work back; `opened` or `failed` answers."""
        self._worker.post_open_lost(number)

    def discard_lost(self, number: int) -> None:
        """Remove unsaved work for good."""
        self._worker.post_discard_lost(number)

    @Slot(object, object)
    def _on_saved(self, path: Path, project: Project) -> None:
        self.saved.emit(path, project)

    @Slot(object)
    def _on_opened(self, opened: Opened) -> None:
        self.opened.emit(opened)

    @Slot()
    def _on_kept(self) -> None:
        self.kept.emit()

    @Slot(object)
    def _on_lost_found(self, lost: tuple[LostWork, ...]) -> None:
        self.lost_found.emit(lost)

    @Slot(object)
    def _on_picture_saved(self, path: Path) -> None:
        self.picture_saved.emit(path)

    @Slot(object)
    def _on_keep_failed(self, failure: Failure) -> None:
        if not self._has_complained:  # it is tried again every second; to say so once is enough
            self._has_complained = True
            self.failed.emit(failure)

    @Slot(object)
    def _on_failed(self, failure: Failure) -> None:
        self.failed.emit(failure)

    @Slot(object)
    def _on_crashed(self, crash: Crash) -> None:
        self.failed.emit(crash.as_failure())
