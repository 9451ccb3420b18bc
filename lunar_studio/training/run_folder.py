"""A run's folder: `config.json`, `run.json`, `metrics.jsonl`, `checkpoints/`, `milestones/`, `model.safetensors`.

A run that began from a model also keeps a copy of it, `start.safetensors`, so that it can go on without it.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import Literal

import msgspec

from lunar_studio.core.config import RunConfig
from lunar_studio.core.events import EndReason, StepDone, Validated
from lunar_studio.errors import TrainingError
from lunar_studio.paths import is_taken

CONFIG, FACTS, METRICS, CHECKPOINTS, MILESTONES, MODEL, START = (
    "config.json",
    "run.json",
    "metrics.jsonl",
    "checkpoints",
    "milestones",
    "model.safetensors",
    "start.safetensors",
)
# Every step would make metrics larger than the model; plots need no more.
LOG_EVERY = 10


RunState = Literal["running", "failed"] | EndReason


class RunFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What `run.json` says, for run lists.

    Attributes:
        state: How the last leg ended; `running` also after a crash.
        step: The last step known.
        preset: Where it started from.
        dataset: The data set's folder.
        dataset_digest: What it was trained on.
        device: Where.
        precision: How.
        threads: With how many threads; resuming is bit-exact only with as many.
        torch: Version of torch.
        processes: How many shared the work.
        took_s: Seconds of the last leg, without rests; 0 until it has ended.
        forecast_s: What its forecast said for what was done; 0 until it has ended.
    """

    state: RunState
    step: int
    preset: str
    dataset: str
    dataset_digest: str
    device: str
    precision: str
    threads: int
    torch: str
    processes: int = 1
    took_s: float = 0.0
    forecast_s: float = 0.0


class RunFolder:
    """Writes a run's folder.

    Args:
        path: The folder; made when missing.
        resume: Whether an earlier run in it goes on.

    Raises:
        TrainingError: It cannot be written, holds another run, or holds none to resume.
    """

    def __init__(self, path: Path, *, resume: bool) -> None:
        self.path = path
        has_run = is_taken(path / CONFIG)
        if has_run and not resume:
            raise TrainingError(f"{path} already holds a run.", hint="Resume it (--resume), or choose another folder.")
        if resume and not has_run:
            raise TrainingError(f"{path} holds no run to resume.", hint="Leave out --resume to start one there.")
        self._was_there = is_taken(path)
        try:
            (path / CHECKPOINTS).mkdir(parents=True, exist_ok=True)
            self._metrics = self._open_metrics()
        except OSError as exc:
            raise self._unwritable(exc) from exc

    @property
    def checkpoints(self) -> Path:
        """Where checkpoints lie."""
        return self.path / CHECKPOINTS

    @property
    def milestones(self) -> Path:
        """Where small models of the way lie."""
        return self.path / MILESTONES

    @property
    def start_path(self) -> Path:
        """Where a copy of the model lies that the run began from; a run from nothing has none."""
        return self.path / START

    @property
    def model_path(self) -> Path:
        """Where the finished model goes."""
        return self.path / MODEL

    def write(self, name: str, value: RunConfig | RunFacts) -> None:
        """Replace one of the JSON files."""
        temporary = self.path / f".{name}"
        try:
            temporary.write_bytes(msgspec.json.format(msgspec.json.encode(value), indent=2))
            temporary.replace(self.path / name)
        except OSError as exc:
            raise self._unwritable(exc) from exc

    def heal(self, config: RunConfig) -> None:
        """Make an emptied folder a run's again, before something is written to it.

        Raises:
            TrainingError: It is gone, or cannot be written.
        """
        try:
            if not self.path.is_dir():
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self.path))
            if (self.path / CONFIG).exists() and (self.path / METRICS).exists():
                return
            self.write(CONFIG, config)
            (self.path / CHECKPOINTS).mkdir(exist_ok=True)
            self._metrics.close()
            self._metrics = self._open_metrics()
        except FileNotFoundError as exc:
            raise TrainingError(
                f"The run's folder {self.path} is gone.",
                hint="Put it back, or make an empty folder of that name: nothing is lost, it is all in memory.",
            ) from exc
        except OSError as exc:
            raise self._unwritable(exc) from exc

    def read_config(self) -> RunConfig:
        """The configuration the run was started with."""
        try:
            return msgspec.json.decode((self.path / CONFIG).read_bytes(), type=RunConfig)
        except (OSError, msgspec.DecodeError, msgspec.ValidationError) as exc:
            raise TrainingError(
                f"The configuration in {self.path} cannot be read: {exc}.", hint="Start a new run in another folder."
            ) from exc

    def forget_after(self, step: int) -> None:
        """Drop metrics of steps after a checkpoint: they will be done again."""
        self._metrics.close()
        path, kept = self.path / METRICS, self.path / f".{METRICS}"
        try:
            with path.open("rb") as old, kept.open("wb") as new:
                for line in old:
                    try:
                        fine = msgspec.json.decode(line, type=dict[str, object]).get("step", 0)
                    except msgspec.DecodeError:  # the last line before a power cut may be torn
                        continue
                    if isinstance(fine, int) and fine <= step:
                        new.write(line)
            kept.replace(path)
            self._metrics = self._open_metrics()
        except OSError as exc:
            raise self._unwritable(exc) from exc

    def log(self, event: StepDone | Validated) -> None:
        """Append one line of metrics; steps only every tenth and the first."""
        if isinstance(event, StepDone) and event.step % LOG_EVERY and event.step != 1:
            return
        self._append({"event": type(event).__name__, **msgspec.to_builtins(event)})

    def log_alone(self, part: str, step: int, loss: float) -> None:
        """Append the loss of a part that learns alone; `alone_step` counts its own steps."""
        self._append({"event": "LearntAlone", "part": part, "alone_step": step, "loss": loss})

    def _append(self, record: Mapping[str, object]) -> None:
        line = msgspec.json.encode(record) + b"\n"
        try:
            self._metrics.seek(0, 2)
            whole = self._metrics.tell()
            try:
                if self._metrics.write(line) != len(line):  # a full disk takes a part
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            except OSError:
                with suppress(OSError):
                    self._metrics.truncate(whole)
                raise
        except OSError as exc:
            raise self._unwritable(exc) from exc

    def _open_metrics(self) -> FileIO:
        return FileIO(self.path / METRICS, "a")

    def abandon(self) -> None:
        """Take away what was made for a run that did not begin, as far as the disk lets us."""
        self._metrics.close()
        with suppress(OSError):
            for name in (METRICS, START):
                (self.path / name).unlink(missing_ok=True)
            (self.path / CHECKPOINTS).rmdir()
            if not self._was_there:
                self.path.rmdir()

    def close(self) -> None:
        """Let go of the metrics file."""
        self._metrics.close()

    def _unwritable(self, exc: OSError) -> TrainingError:
        return TrainingError(
            f"The run's folder {self.path} cannot be written: {exc.strerror or exc}.",
            hint="Free some space or make it writable; checkpoints so far are kept.",
        )
