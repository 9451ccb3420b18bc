"""What is kept while somebody works, so that a crash costs seconds: one folder for each running studio.

    <state>/sessions/<uuid>/lock             held by the studio as long as it runs
                            /autosave.lunar  the project as it was a moment ago
                            /about.json      its name, where it belongs, when it was written

Whether the owner of a folder still runs is told by the lock alone. The system lets go of a lock with the process that
held it, however that ended; a process number may belong to another program by then.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from lunar_studio.errors import ProjectError
from lunar_studio.session.project import Project, read, write

_AUTOSAVE, _ABOUT, _LOCK = "autosave.lunar", "about.json", "lock"
_MAX_ABOUT_BYTES = 100_000
_MOST_FOLDERS = 1000

if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)


@dataclass(frozen=True, slots=True)
class About:
    """What is known of unsaved work without opening it.

    Attributes:
        title: The project's name.
        path: Its file; empty if it was never saved.
        steps: Length of its history.
        saved_at: When it was written, ISO 8601 in UTC, to the second.
        was_closed: Whether the studio was closed in good order, rather than struck down.
    """

    title: str = "Untitled"
    path: str = ""
    steps: int = 0
    saved_at: str = ""
    was_closed: bool = False


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Workplace:
    """The folder of a running studio; nobody else touches it.

    Args:
        root: Where the folders of all studios are.
        now: The clock; tests stand another in its place.

    Raises:
        ProjectError: No folder can be made there.
    """

    def __init__(self, root: Path, *, now: Callable[[], datetime] = _utc_now) -> None:
        self._now = now
        self._lock_file: IO[bytes] | None = None
        self.folder = root / str(uuid.uuid4())
        try:
            self.folder.mkdir(parents=True, mode=0o700)
            self._lock_file = (self.folder / _LOCK).open("wb")
            _lock(self._lock_file)
        except OSError as exc:
            self._let_go()
            raise ProjectError(
                f"Nothing can be kept against a crash in {root}: {exc.strerror or exc}.",
                hint="Check that you may write there and that the disk is not full. Save your project now and then.",
            ) from exc

    @property
    def has_autosave(self) -> bool:
        """Whether something is kept."""
        return (self.folder / _AUTOSAVE).exists()

    def keep(self, project: Project, *, title: str, path: Path | None, was_closed: bool = False) -> None:
        """Keep a project in place of what was kept before.

        Raises:
            ProjectError: It cannot be written; what was kept before is unchanged.
        """
        write(project, self.folder / _AUTOSAVE)
        about = {
            "title": title,
            "path": "" if path is None else str(path),
            "steps": len(project.session.steps),
            "saved_at": self._now().isoformat(timespec="seconds"),
            "was_closed": was_closed,
        }
        # Only words for a message: should it be cut off, the project beside it is still whole.
        with contextlib.suppress(OSError):
            (self.folder / _ABOUT).write_text(json.dumps(about), encoding="utf-8")

    def forget(self) -> None:
        """Nothing needs to be kept: all is saved."""
        for name in (_AUTOSAVE, _ABOUT):
            with contextlib.suppress(OSError):
                (self.folder / name).unlink(missing_ok=True)

    def close(self) -> None:
        """Leave; the folder goes too unless something is kept in it."""
        kept = self.has_autosave
        self._let_go()
        if not kept:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _let_go(self) -> None:
        if self._lock_file is not None:
            self._lock_file.close()
            self._lock_file = None


class Lost:
    """Unsaved work that a studio has left behind; held so that no other studio offers it too.

    Args:
        folder: Its folder.
        lock_file: Held open as long as it is offered.

    Attributes:
        about: What is known of it.
    """

    def __init__(self, folder: Path, lock_file: IO[bytes]) -> None:
        self._folder = folder
        self._lock_file = lock_file
        self.about = _read_about(folder / _ABOUT)

    def open(self) -> tuple[Project, str]:
        """The project, and what of it could not be used.

        Raises:
            ProjectError: It cannot be read.
        """
        return read(self._folder / _AUTOSAVE)

    def discard(self) -> None:
        """Remove it for good."""
        self._lock_file.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def release(self) -> None:
        """Leave it for another time."""
        self._lock_file.close()


def find_lost(root: Path) -> tuple[Lost, ...]:
    """Unsaved work of studios that run no more, newest first; folders without any are removed."""
    found = [lost for folder in _folders(root) if (lost := _taken_over(folder)) is not None]
    return tuple(sorted(found, key=lambda lost: lost.about.saved_at, reverse=True))


def _folders(root: Path) -> Iterator[Path]:
    try:
        entries = sorted(root.iterdir())[:_MOST_FOLDERS]
    except OSError:
        return
    for folder in entries:
        with contextlib.suppress(ValueError):
            if str(uuid.UUID(folder.name)) == folder.name and folder.is_dir() and not folder.is_symlink():
                yield folder


def _taken_over(folder: Path) -> Lost | None:
    """The work in a folder whose owner runs no more; None if it runs, or has left nothing."""
    try:
        # Not made where it is missing: a studio that is just starting has not come that far.
        lock_file = (folder / _LOCK).open("r+b")
    except OSError:
        return None
    try:
        _lock(lock_file)
    except OSError:
        lock_file.close()
        return None
    lost = Lost(folder, lock_file)
    if not (folder / _AUTOSAVE).is_file():
        lost.discard()
        return None
    return lost


def _read_about(path: Path) -> About:
    """What the file says, as far as it makes sense."""
    try:
        with path.open("rb") as file:
            told = json.loads(file.read(_MAX_ABOUT_BYTES))
    except (OSError, ValueError, RecursionError):
        return About()
    if not isinstance(told, dict):
        return About()
    texts = {key: told[key][:4096] for key in ("title", "path", "saved_at") if isinstance(told.get(key), str)}
    steps = told["steps"] if type(told.get("steps")) is int else 0
    return About(**texts, steps=steps, was_closed=told.get("was_closed") is True)
