"""Reading, writing and keeping projects in one thread, so that the window never waits for a disk.

What is kept against a crash goes through a place of one: only the newest state is worth writing. When the thread is
asked to stop, what still waits there is written first.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import Signal

from lunar_studio.core.events import Failure
from lunar_studio.core.sprite import Sprite
from lunar_studio.errors import ProjectError
from lunar_studio.session.picture_state import KEYWORD, SpriteState, to_text
from lunar_studio.session.project import ModelReference, Project, read, write
from lunar_studio.session.recovery import About, Lost, Workplace, find_lost
from lunar_studio.workers.thread_host import Worker

_MOST_MODELS = 64
_LARGEST_MODEL_BYTES = 2**31
_PORTION_BYTES = 2**20

ModelPlaces = Callable[[], Iterable[Path]]
"""Where models of the user's may be; asked in the worker's thread."""


@dataclass(frozen=True, slots=True)
class Keep:
    """The state to be kept against a crash."""

    project: Project
    title: str
    path: Path | None
    was_closed: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """A project has been read.

    Attributes:
        project: What it holds.
        path: Its file; None for work that was never saved.
        title: What it is called.
        note: What of it could not be used; empty if all could.
        has_model: Whether its model was found on this machine.
        model: Where; None where it was not found, or is the one that ships with the studio.
        is_recovered: Whether it is unsaved work that was brought back.
    """

    project: Project
    path: Path | None
    title: str
    note: str
    has_model: bool
    model: Path | None
    is_recovered: bool = False


@dataclass(frozen=True, slots=True)
class LostWork:
    """Unsaved work that can be brought back.

    Attributes:
        number: Names it to the service.
        about: What is known of it.
    """

    number: int
    about: About


class ProjectWorker(Worker):
    """Serves one request after another.

    Args:
        sessions: Folder of what running studios keep.
        bundled: The model that ships with the studio.
        places: Where models of the user's may be.

    Attributes:
        saved: Emitted with the `Path` and the `Project` written there.
        opened: Emitted with an `Opened`.
        kept: Emitted when the newest state is on the disk.
        keep_failed: Emitted with a `Failure`: nothing can be kept.
        lost_found: Emitted with a tuple of `LostWork`, newest first.
        picture_saved: Emitted with the `Path` of a picture.
    """

    saved = Signal(object, object)
    opened = Signal(object)
    kept = Signal()
    keep_failed = Signal(object)
    lost_found = Signal(object)
    picture_saved = Signal(object)

    def __init__(self, sessions: Path, bundled: Path, places: ModelPlaces) -> None:
        super().__init__("keeping projects")
        self._sessions = sessions
        self._bundled = bundled
        self._places = places
        self._condition = threading.Condition()
        self._jobs: deque[Callable[[], None]] = deque()
        self._upkeep: list[Keep | None] = []
        self._workplace: Workplace | None = None
        self._lost: dict[int, Lost] = {}

    # ---- any thread ------------------------------------------------------------------------------

    def post_keep(self, keep: Keep | None) -> None:
        """Keep a state in place of the one before; None where all is saved."""
        with self._condition:
            self._upkeep = [keep]
            self._condition.notify_all()

    def post_save(self, project: Project, path: Path) -> None:
        """Write a project to its file."""
        self._post(partial(self._save, project, path))

    def post_open(self, path: Path) -> None:
        """Read a project file."""
        self._post(partial(self._open, path))

    def post_save_picture(self, sprite: Sprite, path: Path, state: SpriteState | None) -> None:
        """Write a sprite as a picture that carries its state."""
        self._post(partial(self._save_picture, sprite, path, state))

    def post_set_aside(self, keep: Keep) -> None:
        """Leave a state behind as unsaved work, which `lost_found` then offers."""
        self._post(partial(self._set_aside, keep))

    def post_find_lost(self) -> None:
        """Look for unsaved work."""
        self._post(self._find_lost)

    def post_open_lost(self, number: int) -> None:
        """Bring unsaved work back."""
        self._post(partial(self._open_lost, number))

    def post_discard_lost(self, number: int) -> None:
        """Remove unsaved work for good."""
        self._post(partial(self._discard_lost, number))

    def _post(self, job: Callable[[], None]) -> None:
        with self._condition:
            self._jobs.append(job)
            self._condition.notify_all()

    def ask_stop(self) -> None:
        """Ask for the end, and wake the thread to hear it."""
        with self._condition:
            super().ask_stop()
            self._condition.notify_all()

    # ---- the worker's thread ---------------------------------------------------------------------

    def work(self) -> None:
        """Serve until asked to stop; then write what waits, and leave."""
        self.guard(self._settle_in, failed=self.keep_failed)
        while not self.should_stop() or self._jobs or self._upkeep:
            with self._condition:
                self._condition.wait_for(lambda: self._jobs or self._upkeep or self.should_stop())
                jobs, self._jobs = self._jobs, deque()
                upkeep, self._upkeep = self._upkeep, []
            # First what was posted of the state that a job may be about to replace.
            for keep in upkeep:
                self.guard(partial(self._keep, keep), failed=self.keep_failed)
            for job in jobs:
                self.guard(job)
        for lost in self._lost.values():
            lost.release()
        if self._workplace is not None:
            self._workplace.close()

    def _settle_in(self) -> None:
        self._workplace = Workplace(self._sessions)

    def _keep(self, keep: Keep | None) -> None:
        if self._workplace is None:
            return
        if keep is None:
            self._workplace.forget()
        else:
            self._workplace.keep(keep.project, title=keep.title, path=keep.path, was_closed=keep.was_closed)
        self.kept.emit()

    def _save(self, project: Project, path: Path) -> None:
        with contextlib.suppress(OSError):  # where it cannot be made, writing says so
            path.parent.mkdir(parents=True, exist_ok=True)
        write(project, path)
        self.saved.emit(path, project)

    def _save_picture(self, sprite: Sprite, path: Path, state: SpriteState | None) -> None:
        from lunar_studio.export.formats import picture_texts
        from lunar_studio.pixels.files import write_png

        texts = {} if state is None else {KEYWORD: to_text(state)}
        write_png(sprite, path, picture_texts(texts, seed=None if state is None else state.seed))
        self.picture_saved.emit(path)

    def _open(self, path: Path) -> None:
        project, note = read(path)
        self._tell(project, path, path.stem, note, is_recovered=False)

    def _tell(self, project: Project, path: Path | None, title: str, note: str, *, is_recovered: bool) -> None:
        has_model, model = self._find_model(project.model)
        self.opened.emit(Opened(project, path, title, note, has_model, model, is_recovered))

    def _find_model(self, wanted: ModelReference) -> tuple[bool, Path | None]:
        """Whether the model is here, and where; None for the one that ships with the studio."""
        if not wanted.digest or _digest(self._bundled) == wanted.digest:
            return True, None
        hint = [Path(wanted.path)] if wanted.path else []
        for path in [*hint, *list(self._places())[:_MOST_MODELS]]:
            if _digest(path) == wanted.digest:
                return True, path
        return False, None

    def _set_aside(self, keep: Keep) -> None:
        if self._workplace is None:
            return
        self._workplace.keep(keep.project, title=keep.title, path=keep.path, was_closed=True)
        self._workplace.close()
        self._settle_in()
        self._find_lost()

    def _find_lost(self) -> None:
        for lost in find_lost(self._sessions):
            self._lost[max(self._lost, default=0) + 1] = lost
        self._tell_lost()

    def _tell_lost(self) -> None:
        told = [LostWork(number, lost.about) for number, lost in self._lost.items()]
        self.lost_found.emit(tuple(sorted(told, key=lambda one: one.about.saved_at, reverse=True)))

    def _open_lost(self, number: int) -> None:
        lost = self._lost.get(number)
        if lost is None:
            return  # asked for twice: `lost_found` had been on its way when it was opened or discarded
        try:
            project, note = lost.open()
        except ProjectError as exc:
            self.failed.emit(Failure(f"The unsaved work cannot be brought back. {exc.message}", "It can be discarded."))
            return
        # It stays on the disk until the state that now is in the window has been kept in its place.
        path = Path(lost.about.path) if lost.about.path else None
        if self._workplace is not None:
            self._workplace.keep(project, title=lost.about.title, path=path)
        self._discard_lost(number)
        self._tell(project, path, lost.about.title, note, is_recovered=True)

    def _discard_lost(self, number: int) -> None:
        lost = self._lost.pop(number, None)
        if lost is not None:
            lost.discard()
            self._tell_lost()  # what was told before may still offer it


def _digest(path: Path) -> str:
    """SHA-256 of a plain file as hex; empty where it cannot be read or is too large to be a model."""
    hasher = hashlib.sha256()
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST_MODEL_BYTES:
            return ""
        with path.open("rb") as file:
            while portion := file.read(_PORTION_BYTES):
                hasher.update(portion)
    except (OSError, ValueError):
        return ""
    return hasher.hexdigest()
