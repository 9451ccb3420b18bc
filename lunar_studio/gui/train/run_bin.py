"""Where deleted runs go: the system's bin, or a folder of our own where the system has none; both give them back.

A run is a folder of up to some gigabytes: it is moved, never copied.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QFile, QStandardPaths

from lunar_studio.errors import TrainingError
from lunar_studio.gui.train.run_records import move_to_bin, restore
from lunar_studio.paths import is_folder

_TRASH_INFO = ".trashinfo"


@dataclass(frozen=True, slots=True)
class Binned:
    """A run that was deleted.

    Attributes:
        run: Where it was.
        now: Where it is; None where the system does not tell.
        is_ours: Whether that is our own folder and not the system's bin.
    """

    run: Path
    now: Path | None
    is_ours: bool

    @property
    def words(self) -> str:
        """What to tell."""
        bin_name = "studio's own bin: the system has none here" if self.is_ours else "bin"
        return f"“{self.run.name}” is in the {bin_name}."


def throw_away(run: Path, now: datetime) -> Binned:
    """Move a run's folder into the system's bin, else into our own.

    Raises:
        TrainingError: Neither takes it.
    """
    if is_folder(run):
        with suppress(OSError):  # Qt makes the bin, but not the user's folder that it lies in on Linux
            home = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericDataLocation)
            Path(home).mkdir(parents=True, exist_ok=True)
        file = QFile(str(run))
        if file.moveToTrash():
            # The file then goes by the name that it has in the bin, where the system tells it.
            place = Path(file.fileName())
            return Binned(run, None if place == run or not file.fileName() else place, is_ours=False)
    return Binned(run, move_to_bin(run, now), is_ours=True)


def take_back(binned: Binned) -> None:
    """Take a run back out of either bin.

    Raises:
        TrainingError: It is not there any more, or the system does not tell where it is.
    """
    if binned.now is None:
        raise TrainingError(
            f"This system does not tell where its bin keeps “{binned.run.name}”.",
            hint="Restore it from the bin itself.",
        )
    restore(binned.now, binned.run)
    if not binned.is_ours:  # what the bin notes of it (freedesktop.org); elsewhere there is no such file
        with suppress(OSError):
            (binned.now.parent.parent / "info" / f"{binned.now.name}{_TRASH_INFO}").unlink()
