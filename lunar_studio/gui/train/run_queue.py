"""Runs that wait: in order, kept in a file so that they survive the studio's end.

Qt-free. The file is hostile: its size and the number of runs are bounded, and what cannot be read is put aside.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec

from lunar_studio.core.config import RunConfig
from lunar_studio.core.config_fields import validate
from lunar_studio.errors import ConfigError, TrainingError

FILE = ".queue.json"
MOST_RUNS = 50
_MOST_BYTES = 2**20

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=2000, pattern=r"^[^\x00]*$")]


class WaitingRun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One run that waits.

    Attributes:
        source: Art or a built data set.
        title: What the list calls it.
        config: What it is to do.
    """

    source: Text
    title: Text
    config: RunConfig


class _File(msgspec.Struct, frozen=True):
    version: int
    runs: Annotated[tuple[WaitingRun, ...], msgspec.Meta(max_length=MOST_RUNS)] = ()


class RunQueue:
    """The runs that wait, first to last.

    Args:
        folder: Where the file lies; made when something is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self.runs: tuple[WaitingRun, ...] = _read(self._path)

    def __len__(self) -> int:
        return len(self.runs)

    def add(self, run: WaitingRun) -> None:
        """Let a run wait behind all others.

        Raises:
            TrainingError: There are too many, or the file cannot be written.
        """
        if len(self.runs) >= MOST_RUNS:
            raise TrainingError(f"{MOST_RUNS} runs wait already.", hint="Remove some, or wait for them.")
        self._keep((*self.runs, run))

    def remove(self, row: int) -> None:
        """Let a run wait no longer; nothing where there is none.

        Raises:
            TrainingError: The file cannot be written.
        """
        if 0 <= row < len(self.runs):
            self._keep((*self.runs[:row], *self.runs[row + 1 :]))

    def move(self, row: int, to: int) -> None:
        """Put a run in another place; nothing where there is none.

        Raises:
            TrainingError: The file cannot be written.
        """
        if 0 <= row < len(self.runs) and 0 <= to < len(self.runs):
            left = list(self.runs)
            left.insert(to, left.pop(row))
            self._keep(tuple(left))

    def take(self) -> WaitingRun | None:
        """The first of them, which waits no longer; None where none does.

        A file that cannot be written is no reason not to start: the run would only be offered once more.
        """
        if not self.runs:
            return None
        first, rest = self.runs[0], self.runs[1:]
        try:
            self._keep(rest)
        except TrainingError:
            self.runs = rest
        return first

    def _keep(self, runs: tuple[WaitingRun, ...]) -> None:
        temporary = self._path.with_name(f"{FILE}.new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(msgspec.json.encode(_File(1, runs)))
            temporary.replace(self._path)
        except OSError as exc:
            raise TrainingError(
                f"The queue cannot be kept: {exc.strerror or exc}.", hint="Free some space on that disk."
            ) from exc
        self.runs = runs


def _read(path: Path) -> tuple[WaitingRun, ...]:
    try:
        if not path.is_file():  # opening a pipe would wait for ever
            return ()
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
    except OSError:
        return ()
    try:
        if len(raw) > _MOST_BYTES:
            raise ValueError("too large")
        runs = msgspec.json.decode(raw, type=_File).runs
        for run in runs:
            validate(run.config)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError, ConfigError):
        _put_aside(path)
        return ()
    return runs


def _put_aside(path: Path) -> None:
    """Keep a file that cannot be read under another name, rather than write over it."""
    try:
        path.replace(path.with_name(f"{FILE}.bad"))
    except OSError:
        return
