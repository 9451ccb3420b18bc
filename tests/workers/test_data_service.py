"""Checking and building in a thread, on real files; a new request replaces the old, a stop is a stop."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QCoreApplication
from PySide6.QtTest import QSignalSpy
from pytestqt.qtbot import QtBot

from lunar_studio.core.events import Failure
from lunar_studio.core.sprite import Sprite
from lunar_studio.workers.data_service import DataService, DataWorker, Report
from lunar_studio.workers.thread_host import ThreadHost
from lunar_studio.workers.thumbnail_service import LONGEST_SIDE_PX, ThumbnailService
from tests.conftest import PATIENCE_MS


def draw_art(folder: Path, count: int, side: int = 16) -> Path:
    """A folder of `count` different little pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        rng = np.random.default_rng(index)
        pixels = np.zeros((side, side, 4), np.uint8)
        pixels[2:-2, 2:-2, :3] = rng.integers(0, 256, (side - 4, side - 4, 3))
        pixels[2:-2, 2:-2, 3] = 255
        Image.fromarray(pixels).save(folder / f"sprite_{index:03d}.png")
    return folder


@pytest.fixture
def host(qapp: QCoreApplication) -> Iterator[ThreadHost]:
    host = ThreadHost(qapp)
    yield host
    assert host.shut_down(limit_ms=PATIENCE_MS) == ()
    host.deleteLater()


def test_a_check_reports_every_file(qtbot: QtBot, host: ThreadHost, tmp_path: Path) -> None:
    art = draw_art(tmp_path / "art", 5)
    (art / "broken.png").write_bytes(b"no picture")
    service = DataService(host)
    progress, running = QSignalSpy(service.progressed), QSignalSpy(service.running_changed)
    with qtbot.waitSignal(service.checked) as answer:
        service.check(art)
    (report,) = answer.args or []
    assert isinstance(report, Report)
    assert (report.sprites, report.size, report.count("refused")) == (5, 16, 1)
    assert progress.at(progress.count() - 1) == [6, 6]
    qtbot.waitUntil(lambda: not service.is_running)
    assert [running.at(index)[0] for index in range(running.count())] == [True, False]


def test_a_build_makes_a_set_that_says_what_it_is(qtbot: QtBot, host: ThreadHost, tmp_path: Path) -> None:
    art, destination = draw_art(tmp_path / "art", 12), tmp_path / "sets" / "art"
    destination.parent.mkdir()
    service = DataService(host)
    assert service.facts(art) is None
    with qtbot.waitSignal(service.built) as answer:
        service.build(art, destination, size=16)
    assert answer.args == [destination]
    facts = service.facts(destination)
    assert facts is not None
    assert (facts.size, facts.sprites, facts.source) == (16, 12, "art")


def test_a_missing_source_is_a_failure(qtbot: QtBot, host: ThreadHost, tmp_path: Path) -> None:
    service = DataService(host)
    with qtbot.waitSignal(service.failed) as answer:
        service.check(tmp_path / "nowhere")
    (failure,) = answer.args or []
    assert isinstance(failure, Failure)
    assert "nowhere" in failure.message


def test_a_stop_writes_nothing_and_is_no_failure(qtbot: QtBot, host: ThreadHost, tmp_path: Path) -> None:
    art, destination = draw_art(tmp_path / "art", 60), tmp_path / "set"
    service = DataService(host)
    failed, built = QSignalSpy(service.failed), QSignalSpy(service.built)
    with qtbot.waitSignal(service.stopped):
        service.build(art, destination, size=16)
        service.request_stop()
    assert (failed.count(), built.count()) == (0, 0)
    assert not destination.exists()


def test_a_new_request_replaces_the_old(qtbot: QtBot, host: ThreadHost, tmp_path: Path) -> None:
    many, few = draw_art(tmp_path / "many", 60), draw_art(tmp_path / "few", 3)
    service = DataService(host)
    checked, running = QSignalSpy(service.checked), QSignalSpy(service.running_changed)
    service.check(many)
    service.check(few)
    qtbot.waitUntil(lambda: not service.is_running)
    qtbot.waitUntil(lambda: not host.names)
    assert [checked.at(index)[0].sprites for index in range(checked.count())] == [3]
    assert [running.at(index)[0] for index in range(running.count())] == [True, False]


def test_progress_is_told_at_most_twenty_times_a_second(qtbot: QtBot, host: ThreadHost) -> None:
    def job(worker: DataWorker) -> object:
        for done in range(1, 10_001):
            worker.tell_progress(done, 10_000)
        return None

    worker = DataWorker("counting", job)
    spy = QSignalSpy(worker.progressed)
    begun_s = time.monotonic()
    host.start(worker)
    qtbot.waitUntil(lambda: not host.names)
    took_s = time.monotonic() - begun_s
    assert spy.at(spy.count() - 1) == [10_000, 10_000]
    assert spy.count() <= took_s * 20 + 2


def test_thumbnails_come_for_what_is_wanted_only(qtbot: QtBot, host: ThreadHost, tmp_path: Path) -> None:
    art = draw_art(tmp_path / "art", 6)
    (art / "broken.png").write_bytes(b"no picture")
    service = ThumbnailService(host)
    spy = QSignalSpy(service.drawn)
    service.open(art)
    service.want(["sprite_003.png", "broken.png", "sprite_001.png", "not there.png"])

    def drawn() -> dict[str, Sprite | None]:
        return {path: sprite for index in range(spy.count()) for path, sprite in spy.at(index)[0].items()}

    qtbot.waitUntil(lambda: len(drawn()) == 4)
    assert drawn()["broken.png"] is None
    assert drawn()["not there.png"] is None
    sprite = drawn()["sprite_003.png"]
    assert sprite is not None
    assert np.array_equal(sprite.rgba_HWC, np.array(Image.open(art / "sprite_003.png")))
    service.close()
    qtbot.waitUntil(lambda: not host.names)


def test_thumbnails_of_a_zip_and_of_large_pictures(qtbot: QtBot, host: ThreadHost, tmp_path: Path) -> None:
    art = draw_art(tmp_path / "art", 1, side=300)
    with zipfile.ZipFile(tmp_path / "art.zip", "w") as archive:
        archive.write(art / "sprite_000.png", "inner/big.png")
    service = ThumbnailService(host)
    service.open(tmp_path / "art.zip")
    with qtbot.waitSignal(service.drawn) as answer:
        service.want(["inner/big.png"])
    (drawn,) = answer.args or []
    sprite = drawn["inner/big.png"]
    assert max(sprite.width, sprite.height) <= LONGEST_SIDE_PX
    original = np.array(Image.open(art / "sprite_000.png"))
    assert np.array_equal(sprite.rgba_HWC, original[::3, ::3]), "every third pixel, never a mixture"


def test_another_source_silences_the_one_before(qtbot: QtBot, host: ThreadHost, tmp_path: Path) -> None:
    first, second = draw_art(tmp_path / "first", 40), draw_art(tmp_path / "second", 2, side=8)
    service = ThumbnailService(host)
    spy = QSignalSpy(service.drawn)
    service.open(first)
    service.want([f"sprite_{index:03d}.png" for index in range(40)])
    service.open(second)
    service.want(["sprite_000.png"])
    qtbot.waitUntil(lambda: spy.count() > 0)
    qtbot.waitUntil(lambda: len(host.names) == 1)
    drawn = [spy.at(index)[0] for index in range(spy.count())]
    assert [sprite.width for batch in drawn for sprite in batch.values()] == [8]


def test_a_source_that_cannot_be_opened_draws_nothing(qtbot: QtBot, host: ThreadHost, tmp_path: Path) -> None:
    service = ThumbnailService(host)
    crashed = QSignalSpy(host.crashed)
    service.open(tmp_path / "nowhere")
    service.want(["a.png"])
    qtbot.waitUntil(lambda: not host.names)
    assert crashed.count() == 0
