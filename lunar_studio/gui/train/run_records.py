"""Runs on disk, as the run list shows them: whatever lies in their folders, nothing here fails on it.

Qt-free. A folder may be half written, damaged or deleted while it is read; it is then a run that cannot
be read, with the reason, or no run at all.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from lunar_studio.core.config import RunConfig
from lunar_studio.core.config_fields import from_json
from lunar_studio.core.events import END_WORDS, EndReason, StepDone, TrainEvent, Validated
from lunar_studio.errors import ConfigError, TrainingError
from lunar_studio.paths import is_file, is_folder

RunState = Literal["running", "failed", "unreadable"] | EndReason

MAX_RUNS = 2000
MAX_METRICS_BYTES = 64 * 2**20
BIN_NAME = ".bin"
_MAX_JSON_BYTES = 1_000_000
_CHUNK_LINES = 2000
_MOST_EXPERTS = 64
_MILESTONES = "step-" + "[0-9]" * 9 + ".safetensors"
_STATES: tuple[RunState, ...] = ("running", "failed", *END_WORDS)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run's folder.

    Attributes:
        path: The folder.
        preset: Where it started from; empty when unreadable.
        step: The last step known.
        max_steps: The step it was to end at; 0 when only minutes were given.
        state: How its last leg ended; `running` also after a crash; `unreadable` with a `problem`.
        dataset: What it was trained on, or None when unknown.
        model_path: Its finished model, or None.
        snapshot_path: The newest of the small models that were kept on its way, or None.
        changed_s: When something was last written, in seconds since 1970.
        config: What it was asked for, or None when unreadable.
        problem: Why it cannot be read.
    """

    path: Path
    preset: str
    step: int
    max_steps: int
    state: RunState
    dataset: Path | None
    model_path: Path | None
    snapshot_path: Path | None
    changed_s: float
    config: RunConfig | None
    problem: str = ""

    @property
    def name(self) -> str:
        """What the list calls it."""
        return self.path.name

    @property
    def explore_path(self) -> Path | None:
        """What can be explored of it: its finished model, else the newest snapshot."""
        return self.model_path or self.snapshot_path

    @property
    def can_continue(self) -> bool:
        """Whether its configuration and data set are still there."""
        return self.config is not None and self.dataset is not None and is_folder(self.dataset)


def read_runs(folder: Path) -> tuple[RunRecord, ...]:
    """Every run in `folder`, the newest first; empty when there is no such folder."""
    try:
        with os.scandir(folder) as found:
            names = [one.name for one in found if not one.name.startswith(".") and one.is_dir(follow_symlinks=False)]
    except OSError:
        return ()
    records = [record for name in names[:MAX_RUNS] if (record := read_run(folder / name)) is not None]
    return tuple(sorted(records, key=lambda record: (-record.changed_s, record.name)))


def read_run(path: Path) -> RunRecord | None:
    """The run in the folder `path`, or None when there is none."""
    try:
        changed_s = max(path.stat().st_mtime, (path / "config.json").stat().st_mtime)
        raw = _read_small(path / "config.json")
    except OSError:
        return None
    try:
        config = from_json(raw)
    except ConfigError as error:
        return RunRecord(path, "", 0, 0, "unreadable", None, None, None, changed_s, None, error.message)
    facts = _facts(path / "run.json")
    step, dataset, state = facts.get("step"), facts.get("dataset"), facts.get("state")
    model = path / "model.safetensors"
    return RunRecord(
        path=path,
        preset=config.preset,
        step=step if isinstance(step, int) and step >= 0 else 0,
        max_steps=config.training.max_steps,
        state=next((known for known in _STATES if known == state), "stopped"),
        dataset=Path(dataset) if isinstance(dataset, str) and dataset and "\0" not in dataset else None,
        model_path=model if is_file(model) else None,
        snapshot_path=_newest_snapshot(path),
        changed_s=changed_s,
        config=config,
    )


def read_metrics(path: Path) -> Iterator[list[TrainEvent]]:
    """The events in a run's `metrics.jsonl`, a few thousand at a time; lines that are none are passed over.

    Of a file over 64 MB, the last 64 MB.
    """
    try:
        _check_plain(path / "metrics.jsonl")
        with (path / "metrics.jsonl").open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - MAX_METRICS_BYTES))
            while lines := file.readlines(_CHUNK_LINES * 256):
                yield [event for line in lines if (event := _event(line)) is not None]
    except OSError:
        return


def new_run_dir(folder: Path, source: Path, now: datetime) -> Path:
    """A folder name for a new run that is not taken, e.g. `dungeon-2025-06-01`, `dungeon-2025-06-01-2`."""
    words = re.sub(r"[^a-z0-9]+", "-", source.stem.lower()).strip("-")[:40] or "run"
    name = f"{words}-{now:%Y-%m-%d}"
    number = 1
    while (folder / (name if number == 1 else f"{name}-{number}")).exists():
        number += 1
    return folder / (name if number == 1 else f"{name}-{number}")


def move_to_bin(run: Path, now: datetime) -> Path:
    """Move a run's folder into the bin beside it; returns where it is now.

    Raises:
        TrainingError: It cannot be moved.
    """
    target = run.parent / BIN_NAME / f"{run.name}--{now:%Y%m%d-%H%M%S-%f}"
    try:
        target.parent.mkdir(exist_ok=True)
        run.rename(target)
    except OSError as exc:
        raise TrainingError(
            f"“{run.name}” cannot be moved to the bin: {exc.strerror or exc}.",
            hint="Close what uses the folder, then try again.",
        ) from exc
    return target


def restore(binned: Path, run: Path) -> None:
    """Take a run back out of the bin.

    Raises:
        TrainingError: It cannot be moved.
    """
    try:
        if run.exists():
            raise TrainingError(f"There is another run called “{run.name}” now.", hint="Rename that folder first.")
        binned.rename(run)
    except OSError as exc:
        raise TrainingError(
            f"“{run.name}” cannot be taken out of the bin: {exc.strerror or exc}.", hint=f"It may still be in {binned}."
        ) from exc


def _newest_snapshot(run: Path) -> Path | None:
    with suppress(OSError):
        return max((run / "milestones").glob(_MILESTONES), key=lambda path: path.name, default=None)
    return None


def _read_small(path: Path) -> bytes:
    _check_plain(path)
    with path.open("rb") as file:
        return file.read(_MAX_JSON_BYTES + 1)


def _check_plain(path: Path) -> None:
    """Refuse what is no plain file: opening a pipe waits for its writer, for ever."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise FileNotFoundError(path)


def _facts(path: Path) -> dict[str, Any]:
    try:
        return msgspec.json.decode(_read_small(path), type=dict[str, Any])
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}


class _Line(msgspec.Struct):
    event: str
    step: int
    losses: dict[str, float]
    schedules: dict[str, float] = {}
    figures: dict[str, float] = {}
    elapsed_s: float = 0.0
    images: int = 0
    images_per_s: float = 0.0
    expert_shares: Annotated[tuple[float, ...], msgspec.Meta(max_length=_MOST_EXPERTS)] = ()
    share_done: float = 0.0


_decoder = msgspec.json.Decoder(_Line)


def _event(line: bytes) -> StepDone | Validated | None:
    try:
        read = _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not 0 <= read.step < 2**53:
        return None
    if read.event == "Validated":
        return Validated(read.step, read.losses, read.figures)
    if read.event != "StepDone":
        return None
    return StepDone(
        read.step,
        read.elapsed_s,
        read.images,
        read.images_per_s,
        read.losses,
        read.schedules,
        read.expert_shares,
        read.share_done,
    )
