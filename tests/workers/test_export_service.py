"""Exporting in a thread: files come back, failures and crashes are told, one at a time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QObject, Slot
from PySide6.QtTest import QSignalSpy
from pytestqt.qtbot import QtBot

from lunar_studio.core.events import Failure
from lunar_studio.core.sprite import Sprite
from lunar_studio.errors import ExportError
from lunar_studio.workers.export_service import ExportService
from lunar_studio.workers.thread_host import ThreadHost
from tests.conftest import PATIENCE_MS


def write_count(
    sprites: Sequence[Sprite],
    destination: Path,
    *,
    format_id: str,
    columns: int,
    own_texts: Sequence[Mapping[str, str]] = (),
    credit: str = "",
) -> tuple[Path, ...]:
    """A writer of one real file; `format_id` chooses how it goes wrong."""
    del own_texts
    if format_id == "full":
        raise ExportError("The disk is full.", hint="Make room.")
    if format_id == "bug":
        raise TypeError("a mistake of ours")
    if format_id == "slow":
        time.sleep(0.1)
    destination.write_text(f"{len(sprites)} {format_id} {columns}{credit}")
    return (destination,)


@pytest.fixture
def host(qapp: QCoreApplication) -> Iterator[ThreadHost]:
    host = ThreadHost(qapp)
    yield host
    assert host.shut_down(limit_ms=PATIENCE_MS) == ()
    host.deleteLater()


SPRITES = [Sprite(np.zeros((4, 4, 4), np.uint8))] * 3


def test_the_files_written_come_back(qtbot: QtBot, host: ThreadHost, tmp_path: Path) -> None:
    service = ExportService(host, write_count)
    with qtbot.waitSignal(service.exported) as answer:
        service.export(SPRITES, tmp_path / "sheet", format_id="aseprite", columns=2)
        assert service.is_running
    assert answer.args == [(tmp_path / "sheet",)]
    assert (tmp_path / "sheet").read_text() == "3 aseprite 2"
    qtbot.waitUntil(lambda: not service.is_running)


class Again(QObject):
    """Exports again as soon as it hears the answer."""

    def __init__(self, service: ExportService, destination: Path, format_id: str) -> None:
        super().__init__()
        self._service, self._destination, self._format_id = service, destination, format_id
        self.heard = 0
        service.exported.connect(self.hear)
        service.failed.connect(self.hear)

    @Slot()
    def hear(self) -> None:
        self.heard += 1
        if self.heard == 1:
            self._service.export(SPRITES, self._destination, format_id=self._format_id, columns=2)


@pytest.mark.parametrize("format_id", ["aseprite", "full"])
def test_whoever_hears_the_answer_may_export_again_at_once(
    qtbot: QtBot, host: ThreadHost, tmp_path: Path, format_id: str
) -> None:
    service = ExportService(host, write_count)
    again = Again(service, tmp_path / "second", "aseprite")
    service.export(SPRITES, tmp_path / "first", format_id=format_id, columns=2)
    qtbot.waitUntil(lambda: again.heard == 2)
    assert (tmp_path / "second").is_file()


def test_credits_reach_the_writer(qtbot: QtBot, host: ThreadHost, tmp_path: Path) -> None:
    service = ExportService(host, write_count)
    with qtbot.waitSignal(service.exported):
        service.export(SPRITES, tmp_path / "sheet", format_id="aseprite", columns=2, credit=" by Anna")
    assert (tmp_path / "sheet").read_text() == "3 aseprite 2 by Anna"
    qtbot.waitUntil(lambda: not service.is_running)


@pytest.mark.parametrize(("format_id", "crashes"), [("full", 0), ("bug", 1)])
def test_what_goes_wrong_is_told_once(
    qtbot: QtBot, host: ThreadHost, tmp_path: Path, format_id: str, crashes: int
) -> None:
    service = ExportService(host, write_count)
    failed, crashed = QSignalSpy(service.failed), QSignalSpy(host.crashed)
    service.export(SPRITES, tmp_path / "sheet", format_id=format_id, columns=2)
    qtbot.waitUntil(lambda: not service.is_running)
    assert (failed.count(), crashed.count()) == (1, crashes)
    assert isinstance(failed.at(0)[0], Failure)
    assert not (tmp_path / "sheet").exists()


def test_one_export_at_a_time(qtbot: QtBot, host: ThreadHost, tmp_path: Path) -> None:
    service = ExportService(host, write_count)
    running = QSignalSpy(service.running_changed)
    service.export(SPRITES, tmp_path / "a", format_id="slow", columns=2)
    with pytest.raises(RuntimeError, match="going already"):
        service.export(SPRITES, tmp_path / "b", format_id="slow", columns=2)
    qtbot.waitUntil(lambda: not service.is_running)
    assert [running.at(index)[0] for index in range(running.count())] == [True, False]
