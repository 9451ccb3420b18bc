"""Dead windows are collected in the GUI thread, never in a worker's."""

from __future__ import annotations

import gc
import weakref

import pytest
from PySide6.QtCore import QCoreApplication, QObject, QThread
from pytestqt.qtbot import QtBot

from lunar_studio.workers import gui_garbage
from lunar_studio.workers.gui_garbage import GuiGarbage
from lunar_studio.workers.thread_host import ThreadHost, Worker
from tests.conftest import PATIENCE_MS


class Knot(QObject):
    """A QObject in a reference cycle, as dialogs are; it remembers in which thread it was collected."""

    def __init__(self, deaths: list[bool]) -> None:
        super().__init__()
        self.myself = self
        application = QCoreApplication.instance()
        assert application is not None
        gui_thread = application.thread()
        weakref.finalize(self, lambda: deaths.append(QThread.currentThread() is gui_thread))


class Litterer(Worker):
    """Makes so many objects that the interpreter would collect, in this thread."""

    def work(self) -> None:
        self.litter: list[list[object]] = []
        while not self.should_stop():
            self.litter = [[] for _ in range(20_000)]


def test_a_knot_dies_in_the_gui_thread_while_a_worker_litters(qtbot: QtBot) -> None:
    deaths: list[bool] = []
    host = ThreadHost()
    host.start(Litterer("littering"))
    assert not gc.isenabled()
    for _ in range(20):
        Knot(deaths)
    qtbot.waitUntil(lambda: len(deaths) >= 20)
    assert host.shut_down(limit_ms=PATIENCE_MS) == ()
    assert all(deaths)
    assert gc.isenabled()


@pytest.mark.usefixtures("qapp")
def test_it_collects_by_the_interpreters_thresholds() -> None:
    garbage = GuiGarbage()
    garbage.begin()
    try:
        gc.collect()
        deaths: list[bool] = []
        Knot(deaths)
        garbage.collect_due()
        assert deaths == [], "one object is not worth a collection"
        keep: list[list[object]] = [[] for _ in range(5000)]
        garbage.collect_due()
        assert deaths == [True]
        assert len(keep) == 5000
    finally:
        garbage.end()
    assert gc.isenabled()
    assert not garbage.is_active
    garbage.end()
    assert gc.isenabled()


def test_a_lull_shortly_before_a_collection_is_when_it_happens(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gui_garbage, "CHECK_INTERVAL_MS", 2000)
    monkeypatch.setattr(gui_garbage, "_SOON_MS", 1800)
    garbage = GuiGarbage()
    garbage.lull()  # not begun: the interpreter collects, and nothing is in our hands
    garbage.begin()
    try:
        gc.collect()
        deaths: list[bool] = []
        Knot(deaths)
        keep: list[list[object]] = [[] for _ in range(5000)]
        garbage.lull()
        assert deaths == [], "it has only just begun"
        qtbot.wait(500)
        garbage.lull()
        assert deaths == [True]
        Knot(deaths)
        keep += [[] for _ in range(5000)]
        garbage.lull()
        assert deaths == [True], "the time until the next one begins anew"
    finally:
        garbage.end()
