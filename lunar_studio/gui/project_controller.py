"""The project in the window: its file, whether it has changed, what is kept of it against a crash.

Nothing is asked when something is replaced: unsaved changes are set aside, and can be brought back.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QElapsedTimer, QObject, QTimer, Signal, Slot

from lunar_studio import paths
from lunar_studio.core.events import Failure
from lunar_studio.core.sprite import Sprite
from lunar_studio.gui.explore.controller import FIRST_SEED, ExploreController
from lunar_studio.gui.preferences import Preferences
from lunar_studio.session.document import Document
from lunar_studio.session.picture_state import SpriteState
from lunar_studio.session.project import ModelReference, Project
from lunar_studio.workers.explore_service import LoadedModel
from lunar_studio.workers.project_service import LostWork, Opened, ProjectService

UNTITLED = "Untitled"
_KEEP_AFTER_MS = 700
_MOST_RECENT = 8
_LONGEST_PATH = 120


class ProjectController(QObject):
    """The window's one way to project files.

    Args:
        controller: Document and model.
        service: Reads and writes.
        preferences: Remembers the projects opened lately.
        parent: Its owner.

    Attributes:
        changed: The title, the file, or whether it is modified has changed.
        lost_changed: Emitted with the `LostWork` to offer, or None, and how many more there are.
        model_wanted: Emitted with the path of the model that a project needs, None for the bundled one.
        nothing_opened: A project that was to be opened cannot be.
        adopted: A project is open.
        failed: Emitted with a `Failure`.
        noticed: Emitted with a message, a hint and its kind, for the banner.
        said: Emitted with a sentence for the status line.
    """

    changed = Signal()
    lost_changed = Signal(object, int)
    model_wanted = Signal(object)
    nothing_opened = Signal()
    adopted = Signal()
    failed = Signal(object)
    noticed = Signal(str, str, str)
    said = Signal(str)

    def __init__(
        self,
        controller: ExploreController,
        service: ProjectService,
        preferences: Preferences,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._controller = controller
        self._service = service
        self._preferences = preferences
        self._path: Path | None = None
        self._title = UNTITLED
        self._clean: Document | None = None
        self._is_recovered = False
        self._waiting: Opened | None = None
        self._lost: tuple[LostWork, ...] = ()
        self._told: tuple[object, ...] = ()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.keep)
        self._keeping = QElapsedTimer()
        self._keep_ms = 0
        self._unsubscribe: Callable[[], None] = controller.session.subscribe(self._on_document)
        controller.model_changed.connect(self._on_model)
        controller.model_replaced.connect(self._on_model_replaced)
        service.saved.connect(self._on_saved)
        service.opened.connect(self._on_opened)
        service.kept.connect(self._on_kept)
        service.picture_saved.connect(self._on_picture_saved)
        service.lost_found.connect(self._on_lost_found)
        service.failed.connect(self._on_failed)

    # ---- what it is ----------------------------------------------------------------------------------

    @property
    def path(self) -> Path | None:
        """Its file; None before it is saved for the first time."""
        return self._path

    @property
    def title(self) -> str:
        """What it is called."""
        return self._title

    @property
    def is_modified(self) -> bool:
        """Whether there is something that is in no file."""
        session = self._controller.session
        if self._is_recovered:
            return True
        if self._clean is not None:
            return session.document != self._clean
        return session.can_undo or session.can_redo or bool(session.document.bookmarks)

    @property
    def recent(self) -> tuple[Path, ...]:
        """Projects opened or saved lately, the last one first."""
        try:
            listed = json.loads(self._preferences.values.text("files.recent_projects") or "[]")
        except (ValueError, RecursionError):
            return ()
        texts = [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
        return tuple(Path(one) for one in texts[:_MOST_RECENT])

    def project(self) -> Project:
        """Everything, as it would be written now."""
        model = self._controller.model
        info = None if model is None else model.info
        reference = (
            ModelReference()
            if info is None
            else ModelReference(
                info.digest,
                info.name,
                self._preferences.values.text("files.last_model"),
                info.latent_dim,
                info.image_size,
            )
        )
        return Project(self._controller.session.snapshot(), reference)

    # ---- files ---------------------------------------------------------------------------------------

    def new(self) -> None:
        """Begin with an empty shelf and history."""
        model = self._controller.model
        if model is not None:
            self._set_aside()
            self._become(None, UNTITLED)
            self._controller.session.start(Document(model=model.info.digest))
            self._controller.roll(FIRST_SEED)

    def open(self, path: Path) -> None:
        """Open a project file."""
        self._waiting = None
        self._service.open(path)

    def save(self, path: Path) -> None:
        """Write everything to a file, and go on with that one."""
        self._service.save(self.project(), path)

    def save_picture(self, sprite: Sprite, path: Path, state: SpriteState | None) -> None:
        """Write a sprite as a picture that carries its state."""
        self._service.save_picture(sprite, path, state)

    @Slot()
    def keep(self) -> None:
        """Keep the newest state against a crash, now; forget the old one where all is saved."""
        self._timer.stop()
        self._keeping.start()
        if self.is_modified and self._controller.model is not None:
            self._service.keep(self.project(), title=self._title, path=self._path)
        else:
            self._service.forget()

    def close(self) -> None:
        """The window closes: what is unsaved is kept until next time."""
        self._unsubscribe()
        self._timer.stop()
        if self.is_modified and self._controller.model is not None:
            self._service.keep(self.project(), title=self._title, path=self._path, was_closed=True)
        else:
            self._service.forget()

    # ---- unsaved work --------------------------------------------------------------------------------

    @property
    def lost(self) -> LostWork | None:
        """The unsaved work that is offered."""
        return self._lost[0] if self._lost else None

    def restore_lost(self) -> None:
        """Bring the offered work back; what is in the window now is set aside if it is unsaved."""
        if self._lost:
            number = self._lost[0].number
            self._set_aside()
            self._service.open_lost(number)
            self._drop_lost(number)

    def discard_lost(self) -> None:
        """Remove the offered work for good."""
        if self._lost:
            number = self._lost[0].number
            self._service.discard_lost(number)
            self._drop_lost(number)

    def _drop_lost(self, number: int) -> None:
        self._lost = tuple(one for one in self._lost if one.number != number)
        self.lost_changed.emit(self.lost, max(0, len(self._lost) - 1))

    def _set_aside(self) -> None:
        if self.is_modified and self._controller.model is not None:
            self._timer.stop()
            self._service.set_aside(self.project(), title=self._title, path=self._path)

    # ---- what is told --------------------------------------------------------------------------------

    @Slot(object)
    def _on_opened(self, opened: Opened) -> None:
        wanted, model = opened.project.model, self._controller.model
        if model is not None and model.info.digest == wanted.digest:
            self._adopt(opened)
        elif opened.has_model and wanted.digest:
            self._waiting = opened
            self.model_wanted.emit(opened.model)
        elif wanted.digest:
            self._waiting = opened
            place = f" It was {_shortened(wanted.path)}." if wanted.path else ""
            hint = f"Open that model (Ctrl+M), and the project opens with it.{place}"
            # Another file may stand in its place by now: what decides is what is in it.
            self.failed.emit(Failure(f"“{opened.title}” needs the model “{wanted.name}”, which is not here.", hint))
            self.nothing_opened.emit()
        else:
            self.failed.emit(Failure(f"“{opened.title}” is an empty project.", "Save it again with a model open."))
            self.nothing_opened.emit()

    @Slot(object)
    def _on_model(self, model: LoadedModel) -> None:
        waiting = self._waiting
        if waiting is not None and waiting.project.model.digest == model.info.digest:
            self._adopt(waiting, sets_aside=False)  # that has been done before the model was replaced

    @Slot(object)
    def _on_model_replaced(self, model: LoadedModel) -> None:
        awaited = self._waiting is not None and self._waiting.project.model.digest == model.info.digest
        if self._path is not None or awaited:
            self._set_aside()
        if self._path is not None:
            self._become(None, UNTITLED)

    def _adopt(self, opened: Opened, *, sets_aside: bool = True) -> None:
        """Put a project in the place of what is in the window."""
        self._waiting = None
        if sets_aside and not opened.is_recovered:
            self._set_aside()
        try:
            self._controller.go_on(opened.project.session)
        except ValueError as exc:
            self.failed.emit(Failure(f"“{opened.title}” cannot be opened: {exc}.", "Choose another project."))
            self.nothing_opened.emit()
            return
        self._become(opened.path, opened.title, recovered=opened.is_recovered)
        self.adopted.emit()
        if opened.note:
            self.noticed.emit(opened.note, "Sprite and shelf are all there.", "warn")

    def _become(self, path: Path | None, title: str, *, recovered: bool = False) -> None:
        self._path, self._title, self._is_recovered = path, title, recovered
        self._clean = self._controller.document if path is not None else None
        self._remember(path)
        self._tell()

    def _remember(self, path: Path | None) -> None:
        self._preferences.set("files.last_project", "" if path is None else str(path))
        if path is not None:
            listed = [str(path), *(str(one) for one in self.recent if one != path)][:_MOST_RECENT]
            self._preferences.set("files.recent_projects", json.dumps(listed))

    @Slot(object, object)
    def _on_saved(self, path: Path, project: Project) -> None:
        self._path, self._title, self._is_recovered = path, path.stem, False
        self._clean = project.session.document
        self._remember(path)
        self._tell()
        self.said.emit(f"{path.name} is saved")
        self.keep()

    @Slot(object)
    def _on_picture_saved(self, path: Path) -> None:
        self.said.emit(f"{path.name} is saved: drop it on the window at any time to go on from there")

    @Slot()
    def _on_kept(self) -> None:
        self._keep_ms = self._keeping.elapsed()

    @Slot(object)
    def _on_lost_found(self, lost: tuple[LostWork, ...]) -> None:
        self._lost = lost
        self.lost_changed.emit(self.lost, max(0, len(self._lost) - 1))

    @Slot(object)
    def _on_failed(self, failure: Failure) -> None:
        self.failed.emit(failure)
        if self._controller.model is None:
            self.nothing_opened.emit()

    def _on_document(self, _document: Document) -> None:
        # Not put off by the next change: a drag may last long, and a crash may come in the middle of it. A history
        # that takes long to write is written less often.
        if not self._timer.isActive():
            self._timer.start(max(_KEEP_AFTER_MS, min(5000, 2 * self._keep_ms)))
        self._tell()

    def _tell(self) -> None:
        told = (self._path, self._title, self.is_modified)
        if told != self._told:
            self._told = told
            self.changed.emit()


def _shortened(path: str) -> str:
    """A path as it may stand in a sentence; it comes from a file that anybody may have written."""
    shown = path if len(path) <= _LONGEST_PATH else f"…{path[-_LONGEST_PATH:]}"
    return "".join(character for character in shown if character.isprintable())


def suggested_folder(preferences: Preferences) -> Path:
    """Where a dialog for project files begins."""
    last = preferences.values.text("files.last_project")
    return Path(last).parent if last else paths.projects_dir()
