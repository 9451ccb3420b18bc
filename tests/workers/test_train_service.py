"""Training: ten batches a second, ends told without a timer, stop and pause that are heard, failures that say why."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QObject, QTimer, Slot
from PySide6.QtTest import QSignalSpy
from pytestqt.qtbot import QtBot

from lunar_studio.core.config import RunConfig
from lunar_studio.core.events import Failure, FinishBegun, Paused, RunEnded, RunStarted, StepDone, TrainEvent
from lunar_studio.core.presets import preset
from lunar_studio.errors import TrainingDiverged
from lunar_studio.session.ports import Trainer
from lunar_studio.workers.thread_host import ThreadHost
from lunar_studio.workers.train_service import TrainService
from tests.conftest import PATIENCE_MS
from tests.workers.fakes import FakeTrainer

TINY = preset("tiny")


class Batches(QObject):
    """What the page would hear."""

    def __init__(self, service: TrainService) -> None:
        super().__init__()
        self.batches: list[tuple[TrainEvent, ...]] = []
        service.events_received.connect(self.hear)

    @Slot(object)
    def hear(self, events: tuple[TrainEvent, ...]) -> None:
        self.batches.append(events)

    @property
    def events(self) -> list[TrainEvent]:
        return [event for events in self.batches for event in events]

    @property
    def steps(self) -> list[int]:
        return [event.step for event in self.events if isinstance(event, StepDone)]


@pytest.fixture
def host(qapp: QCoreApplication) -> Iterator[ThreadHost]:
    host = ThreadHost(qapp)
    yield host
    assert host.shut_down(limit_ms=PATIENCE_MS) == ()
    host.deleteLater()


def run_to_end(qtbot: QtBot, service: TrainService, run_dir: Path, *, resume: bool = False) -> None:
    service.start(Path("set"), run_dir, TINY, resume=resume)
    qtbot.waitUntil(lambda: not service.is_running)


def test_every_event_arrives_once_and_in_order(qtbot: QtBot, host: ThreadHost, tmp_path: Path) -> None:
    service = TrainService(host, FakeTrainer(steps=40))
    batches, running = Batches(service), QSignalSpy(service.running_changed)
    run_to_end(qtbot, service, tmp_path / "run")
    assert isinstance(batches.events[0], RunStarted)
    assert batches.events[-1] == RunEnded(40, "finished", tmp_path / "run" / "model.safetensors")
    assert batches.steps == list(range(1, 41))
    assert [running.at(index)[0] for index in range(running.count())] == [True, False]


def test_5000_events_arrive_in_ten_batches_a_second(qtbot: QtBot, host: ThreadHost, tmp_path: Path) -> None:
    service = TrainService(host, FakeTrainer(steps=5000, step_s=0.0001, validate_every=10**9, preview_every=10**9))
    batches = Batches(service)
    begun_s = time.monotonic()
    run_to_end(qtbot, service, tmp_path / "run")
    took_s = time.monotonic() - begun_s
    assert batches.steps == list(range(1, 5001))
    # One batch each 100 ms (Qt may be 5 % early), and one at the end.
    assert len(batches.batches) <= took_s / 0.095 + 2


def test_the_end_is_told_without_waiting_for_the_timer(qtbot: QtBot, host: ThreadHost, tmp_path: Path) -> None:
    service = TrainService(host, FakeTrainer(steps=3))
    service._timer.setInterval(3_600_000)
    batches = Batches(service)
    run_to_end(qtbot, service, tmp_path / "run")
    assert batches.steps == [1, 2, 3]
    assert isinstance(batches.events[-1], RunEnded)


def test_stop_ends_the_run_mid_way_with_its_model(qtbot: QtBot, host: ThreadHost, tmp_path: Path) -> None:
    service = TrainService(host, FakeTrainer(steps=10**6, step_s=0.002))
    batches = Batches(service)
    service.start(Path("set"), tmp_path / "run", TINY)
    qtbot.waitUntil(lambda: len(batches.steps) > 5)
    service.request_stop()
    qtbot.waitUntil(lambda: not service.is_running)
    last = batches.events[-1]
    assert isinstance(last, RunEnded)
    assert last.reason == "stopped"
    assert last.step == batches.steps[-1]


def test_pause_rests_the_trainer_and_resume_goes_on(qtbot: QtBot, host: ThreadHost, tmp_path: Path) -> None:
    trainer = FakeTrainer(steps=10**6, step_s=0.002)
    service = TrainService(host, trainer)
    batches, paused = Batches(service), QSignalSpy(service.paused_changed)
    service.start(Path("set"), tmp_path / "run", TINY)
    qtbot.waitUntil(lambda: len(batches.steps) > 5)
    service.set_paused(True)
    assert (service.is_paused, service.is_running) == (True, True)
    qtbot.waitUntil(lambda: trainer.rested > 0)
    resting_at = trainer.reached
    qtbot.waitUntil(lambda: batches.steps[-1] == resting_at)
    qtbot.wait(150)
    assert trainer.reached == batches.steps[-1] == resting_at
    service.set_paused(False)
    qtbot.waitUntil(lambda: batches.steps[-1] > resting_at + 5)
    service.set_paused(True)
    service.request_stop()
    qtbot.waitUntil(lambda: not service.is_running)
    assert (service.is_paused, service.is_running) == (False, False)
    assert [paused.at(index)[0] for index in range(paused.count())] == [True, False, True, False]


def test_resume_is_passed_on(qtbot: QtBot, host: ThreadHost, tmp_path: Path) -> None:
    service = TrainService(host, FakeTrainer(steps=10))
    batches = Batches(service)
    run_to_end(qtbot, service, tmp_path / "run", resume=True)
    assert batches.steps == [6, 7, 8, 9, 10]


def test_a_failure_comes_after_the_last_events_and_ends_the_run(qtbot: QtBot, host: ThreadHost, tmp_path: Path) -> None:
    error = TrainingDiverged("The losses became infinite.", hint="Use a lower learning rate.")
    service = TrainService(host, FakeTrainer(steps=50, fail_at=20, failure=error))
    batches, failed = Batches(service), QSignalSpy(service.failed)
    run_to_end(qtbot, service, tmp_path / "run")
    assert batches.steps == list(range(1, 20))
    assert failed.count() == 1
    assert failed.at(0)[0] == Failure("The losses became infinite.", "Use a lower learning rate.")


def test_a_mistake_of_ours_is_a_crash_and_a_failure(qtbot: QtBot, host: ThreadHost, tmp_path: Path) -> None:
    service = TrainService(host, FakeTrainer(steps=50, fail_at=3, failure=AssertionError("shape")))
    crashed, failed = QSignalSpy(host.crashed), QSignalSpy(service.failed)
    run_to_end(qtbot, service, tmp_path / "run")
    assert crashed.count() == failed.count() == 1
    assert "AssertionError: shape" in crashed.at(0)[0].details
    run_to_end(qtbot, service, tmp_path / "again", resume=False)


def test_a_trainer_that_cannot_even_start_is_a_failure(qtbot: QtBot, host: ThreadHost, tmp_path: Path) -> None:
    class Refuser:
        """Raises when called, before any generator is there."""

        def __call__(
            self,
            dataset: Path,
            run_dir: Path,
            config: RunConfig,
            *,
            resume: bool,
            should_stop: Callable[[], bool],
            should_pause: Callable[[], bool],
            should_finish: Callable[[], bool],
            should_leave: Callable[[], bool],
        ) -> Iterator[TrainEvent]:
            wishes = f"{should_stop()} {should_pause()} {should_finish()} {should_leave()}"
            raise TrainingDiverged(f"{dataset} {run_dir} {config.preset} {resume} {wishes}", hint="Choose another.")

    trainer: Trainer = Refuser()
    service = TrainService(host, trainer)
    failed = QSignalSpy(service.failed)
    run_to_end(qtbot, service, tmp_path / "run")
    assert failed.count() == 1
    assert failed.at(0)[0].message == f"set {tmp_path / 'run'} tiny False False False False False"


def test_a_run_that_rests_goes_on_to_its_end_when_asked_to_finish(
    qtbot: QtBot, host: ThreadHost, tmp_path: Path
) -> None:
    service = TrainService(host, FakeTrainer(steps=10**6, step_s=0.002))
    told: list[TrainEvent] = []
    service.events_received.connect(told.extend)
    paused = QSignalSpy(service.paused_changed)
    service.request_finish()  # nothing goes: nothing happens
    service.start(Path("set"), tmp_path / "run", TINY)
    service.set_paused(True)
    service.request_finish()
    assert (service.is_finishing, service.is_paused) == (True, False)
    assert [paused.at(row)[0] for row in range(paused.count())] == [True, False]
    qtbot.waitUntil(lambda: not service.is_running)
    assert not service.is_finishing
    begun = next(event for event in told if isinstance(event, FinishBegun))
    ended = told[-1]
    assert isinstance(ended, RunEnded)
    assert (ended.reason, ended.step) == ("finished", begun.max_steps)


def test_a_run_that_cannot_save_is_stopped_only_by_leaving_it(qtbot: QtBot, host: ThreadHost, tmp_path: Path) -> None:
    service = TrainService(host, FakeTrainer(steps=10**6, step_s=0.002, refuses=True))
    batches, failed, asked = Batches(service), QSignalSpy(service.failed), QSignalSpy(service.stop_wished)
    service.request_stop()  # nothing goes: nothing happens
    service.request_leave()
    assert (asked.count(), service.is_stopping, service.is_leaving) == (0, False, False)
    service.start(Path("set"), tmp_path / "run", TINY)
    service.request_stop()
    assert (asked.count(), service.is_stopping, service.is_leaving) == (1, True, False)
    qtbot.waitUntil(lambda: any(isinstance(event, Paused) and event.then == "end" for event in batches.events))
    assert service.is_running
    service.request_leave()
    assert service.is_leaving
    qtbot.waitUntil(lambda: not service.is_running)
    assert failed.count() == 1
    assert "are not kept" in failed.at(0)[0].hint


def test_only_one_run_goes_at_a_time(qtbot: QtBot, host: ThreadHost, tmp_path: Path) -> None:
    service = TrainService(host, FakeTrainer(steps=10**6, step_s=0.002))
    service.start(Path("set"), tmp_path / "run", TINY)
    with pytest.raises(RuntimeError, match="going already"):
        service.start(Path("set"), tmp_path / "other", TINY)
    assert service.stop_and_wait(limit_ms=PATIENCE_MS)
    qtbot.waitUntil(lambda: not service.is_running)


def test_closing_waits_for_the_run_to_save(qtbot: QtBot, host: ThreadHost, tmp_path: Path) -> None:
    service = TrainService(host, FakeTrainer(steps=10**6, step_s=0.01))
    batches = Batches(service)
    service.start(Path("set"), tmp_path / "run", TINY)
    qtbot.waitUntil(lambda: len(batches.steps) > 2)
    assert service.stop_and_wait(limit_ms=PATIENCE_MS)
    assert host.names == ()
    qtbot.waitUntil(lambda: not service.is_running)
    assert isinstance(batches.events[-1], RunEnded)


def test_requests_without_a_run_do_nothing(host: ThreadHost) -> None:
    service = TrainService(host, FakeTrainer())
    service.request_stop()
    service.set_paused(True)
    assert not service.is_paused
    assert service.stop_and_wait()


class Heartbeat(QObject):
    """Counts ticks of a 5 ms timer in the GUI thread."""

    def __init__(self) -> None:
        super().__init__()
        self.beats = 0
        self.timer = QTimer(self)
        self.timer.setInterval(5)
        self.timer.timeout.connect(self.beat)

    @Slot()
    def beat(self) -> None:
        self.beats += 1


def test_the_window_breathes_while_a_trainer_burns_a_core(qtbot: QtBot, host: ThreadHost, tmp_path: Path) -> None:
    """How evenly is a figure of `tests.bench.pieces`; here, that training never keeps the event loop."""
    trainer = FakeTrainer(steps=10**6, burn=4)
    service = TrainService(host, trainer)
    heart = Heartbeat()
    service.start(Path("set"), tmp_path / "run", TINY)
    heart.timer.start()
    qtbot.waitUntil(lambda: heart.beats > 50 and trainer.reached > 5)
    heart.timer.stop()
    assert service.is_running
    service.request_stop()
    qtbot.waitUntil(lambda: not service.is_running)


def test_no_python_thread_is_left(qtbot: QtBot, host: ThreadHost, tmp_path: Path) -> None:
    before = threading.active_count()
    service = TrainService(host, FakeTrainer(steps=5))
    for index in range(3):
        run_to_end(qtbot, service, tmp_path / str(index))
    qtbot.waitUntil(lambda: host.names == ())
    assert threading.active_count() <= before + 1
