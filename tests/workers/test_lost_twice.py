"""Unsaved work that was opened or discarded already is asked for again: its offer had been on its way."""

from pathlib import Path

from lunar_studio.workers.project_worker import ProjectWorker


def test_work_that_is_gone_is_neither_opened_nor_discarded_again(tmp_path: Path) -> None:
    worker = ProjectWorker(tmp_path / "sessions", tmp_path / "bundled", lambda: ())
    crashes: list[object] = []
    told: list[object] = []
    for signal, into in ((worker.crashed, crashes), (worker.opened, told), (worker.failed, told)):
        signal.connect(into.append)
    worker.post_open_lost(7)
    worker.post_discard_lost(7)
    worker.ask_stop()
    worker.work()
    assert crashes == []
    assert told == []
