"""From art to a run: builds a data set when the art is none yet, then starts the trainer on it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from lunar_studio.core.config import RunConfig
from lunar_studio.core.events import Failure
from lunar_studio.workers.data_service import DataService
from lunar_studio.workers.train_service import TrainService


@dataclass(frozen=True, slots=True)
class RunPlan:
    """A run that is about to be started."""

    source: Path
    run_dir: Path
    config: RunConfig


class StartFlow(QObject):
    """Starts runs, one at a time.

    Args:
        train: Trains.
        data: Builds data sets; for this flow alone.
        datasets_dir: Where built data sets are kept.
        parent: The QObject that owns this one.

    Attributes:
        preparing: The art is being built; emitted with the plan.
        progressed: Emitted with (done, total) files.
        begun: Training begins; emitted with the plan.
        failed: Emitted with a `Failure`: there will be no run.
        stopped: The preparation was stopped; there will be no run.
    """

    preparing = Signal(object)
    progressed = Signal(int, int)
    begun = Signal(object)
    failed = Signal(object)
    stopped = Signal()

    def __init__(
        self, train: TrainService, data: DataService, datasets_dir: Path, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._train = train
        self._data = data
        self._datasets_dir = datasets_dir
        self._plan: RunPlan | None = None
        data.progressed.connect(self._on_progressed)
        data.built.connect(self._on_built)
        data.failed.connect(self._on_failed)
        data.stopped.connect(self._on_stopped)

    @property
    def is_preparing(self) -> bool:
        """Whether a data set is being built."""
        return self._plan is not None

    def start(self, plan: RunPlan) -> None:
        """Begin: at once on a built data set, else after building one.

        Raises:
            RuntimeError: A run is going or being prepared already.
        """
        if self._plan is not None or self._train.is_running:
            raise RuntimeError("a run is going already")
        if self._data.facts(plan.source) is not None:
            self._begin(plan, plan.source)
            return
        self._plan = plan
        self.preparing.emit(plan)
        size = plan.config.vae.image_size
        self._data.build(plan.source, dataset_dir(self._datasets_dir, plan.source, size), size=size)

    def resume(self, dataset: Path, run_dir: Path, config: RunConfig) -> None:
        """Go on with the run in `run_dir`.

        Raises:
            RuntimeError: A run is going or being prepared already.
        """
        if self._plan is not None:
            raise RuntimeError("a run is going already")
        plan = RunPlan(dataset, run_dir, config)
        self._train.start(dataset, run_dir, config, resume=True)
        self.begun.emit(plan)

    def request_stop(self) -> None:
        """Stop the preparation, or ask the run to save and end."""
        if self._plan is not None:
            self._data.request_stop()
        else:
            self._train.request_stop()

    def _begin(self, plan: RunPlan, dataset: Path) -> None:
        self._train.start(dataset, plan.run_dir, plan.config)
        self.begun.emit(plan)

    @Slot(int, int)
    def _on_progressed(self, done: int, total: int) -> None:
        self.progressed.emit(done, total)

    @Slot(object)
    def _on_built(self, dataset: Path) -> None:
        plan, self._plan = self._plan, None
        if plan is not None:
            self._begin(plan, dataset)

    @Slot(object)
    def _on_failed(self, failure: Failure) -> None:
        self._plan = None
        self.failed.emit(failure)

    @Slot()
    def _on_stopped(self) -> None:
        self._plan = None
        self.stopped.emit()


def dataset_dir(folder: Path, source: Path, size_px: int) -> Path:
    """Where the data set built from `source` is kept: the same art and size always give the same folder."""
    words = re.sub(r"[^a-z0-9]+", "-", source.stem.lower()).strip("-")[:40] or "art"
    digest = hashlib.blake2b(str(source.absolute()).encode(errors="surrogatepass"), digest_size=4).hexdigest()
    return folder / f"{words}-{size_px}px-{digest}"
