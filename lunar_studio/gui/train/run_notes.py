"""What an artist says of a run, and what she calls it; kept in the run's own folder.

Qt-free.
"""

from __future__ import annotations

import re
from pathlib import Path

from lunar_studio.errors import TrainingError

NOTE = "note.txt"
MOST_CHARACTERS = 400
_MOST_NAME = 80
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')


def read_note(run: Path) -> str:
    """The note of a run, one line; empty where there is none that can be read."""
    path = run / NOTE
    try:
        if not path.is_file():  # opening a pipe would wait for ever
            return ""
        with path.open("rb") as file:
            raw = file.read(4 * MOST_CHARACTERS)
    except OSError:
        return ""
    words = "".join(one if one.isprintable() else " " for one in raw.decode("utf-8", errors="replace"))
    return " ".join(words.split())[:MOST_CHARACTERS]


def write_note(run: Path, note: str) -> None:
    """Keep a note; an empty one removes it.

    Raises:
        TrainingError: It cannot be written.
    """
    path, temporary = run / NOTE, run / f".{NOTE}"
    try:
        if note.strip():
            temporary.write_text(note.strip()[:MOST_CHARACTERS], encoding="utf-8", errors="replace")
            temporary.replace(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as exc:
        raise TrainingError(
            f"The note of “{run.name}” cannot be kept: {exc.strerror or exc}.", hint="Is its folder still there?"
        ) from exc


def rename_run(run: Path, name: str) -> Path:
    """Give a run's folder another name; returns where it is now.

    Raises:
        TrainingError: The name cannot be a folder's, is taken, or the folder cannot be moved.
    """
    tame = " ".join(_FORBIDDEN.sub(" ", name).split())[:_MOST_NAME].strip(". ")
    if not tame:
        raise TrainingError("A run needs a name.", hint="Use letters and numbers.")
    target = run.with_name(tame)
    if target == run:
        return run
    try:
        if target.exists() and not target.samefile(run):
            raise TrainingError(f"There is a run called “{tame}” already.", hint="Choose another name.")
        run.rename(target)
    except OSError as exc:
        raise TrainingError(
            f"“{run.name}” cannot be renamed: {exc.strerror or exc}.",
            hint="Close what uses the folder, then try again.",
        ) from exc
    return target
