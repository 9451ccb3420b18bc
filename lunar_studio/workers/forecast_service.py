"""The GUI's side of a forecast: art is built into a data set if need be, then some steps are really taken."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from lunar_studio.core.config import RunConfig
from lunar_studio.core.events import Forecast
from lunar_studio.paths import is_file
from lunar_studio.session.ports import Forecaster
from lunar_studio.workers.one_at_a_time import OneAtATime
from lunar_studio.workers.thread_host import ThreadHost, Worker


@dataclass(frozen=True, slots=True)
class ForecastOrder:
    """What is asked.

    Attributes:
        source: Art, or a built data set.
        destination: Where a data set of that art is built; one that stands there already is taken.
        config: What the run would do.
    """

    source: Path
    destination: Path
    config: RunConfig


class ForecastWorker(Worker):
    """Builds and measures.

    Attributes:
        stated: Emitted with what is being done.
        done: Emitted with a `Forecast`; not when it was asked to stop.
    """

    stated = Signal(str)
    done = Signal(object)

    def __init__(self, forecaster: Forecaster, order: ForecastOrder) -> None:
        super().__init__("forecasting")
        self._forecaster = forecaster
        self._order = order

    def work(self) -> None:
        """Nothing but the data set is kept."""
        from lunar_studio.data import importing
        from lunar_studio.data.dataset import FACTS_FILE

        order = self._order
        dataset = order.source
        if not is_file(dataset / FACTS_FILE):
            self.stated.emit("Building the data set…")
            size = order.config.vae.image_size
            dataset = importing.build(order.source, order.destination, size=size, should_stop=self.should_stop).path
        if self.should_stop():
            return
        self.stated.emit("Taking some steps, to see how fast they are…")
        with tempfile.TemporaryDirectory(prefix="lunar-forecast-") as scratch:
            told = self._forecaster(dataset, Path(scratch), order.config, should_stop=self.should_stop)
        if not self.should_stop():
            self.done.emit(told)


class ForecastService(OneAtATime):
    """Asks for one forecast at a time; a new one stops the one before.

    Args:
        host: Runs and ends the threads.
        forecaster: Measures; called in the worker's thread.
        parent: The QObject that owns this one.

    Attributes:
        stated: Emitted with what is being done.
        told: Emitted with a `Forecast`.
    """

    stated = Signal(str)
    told = Signal(object)

    def __init__(self, host: ThreadHost, forecaster: Forecaster, parent: QObject | None = None) -> None:
        super().__init__(host, parent)
        self._forecaster = forecaster

    def ask(self, source: Path, destination: Path, config: RunConfig) -> None:
        """Measure; `told` or `failed` answers."""
        worker = ForecastWorker(self._forecaster, ForecastOrder(source, destination, config))
        worker.stated.connect(self._on_stated)
        worker.done.connect(self._on_done)
        self._start(worker)

    @Slot(str)
    def _on_stated(self, words: str) -> None:
        if self._is_wanted():
            self.stated.emit(words)

    @Slot(object)
    def _on_done(self, forecast: Forecast) -> None:
        if self._is_wanted():
            self.told.emit(forecast)
