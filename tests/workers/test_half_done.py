"""A task that is half done when the studio closes ends in its own thread, while there still is somebody to tell."""

import threading
from collections.abc import Iterator

from lunar_studio.session.ports import Explorer
from lunar_studio.workers.explore_worker import ExploreWorker
from lunar_studio.workers.task_request import TaskRequest
from tests.gui.fakes import TinyLoader


def test_what_is_half_done_tells_its_end_before_the_worker_is_gone() -> None:
    worker = ExploreWorker(TinyLoader())
    told: list[int] = []
    worker.task_ended.connect(told.append)

    def long(_explorer: Explorer) -> Iterator[None]:
        while True:
            yield

    def last(_explorer: Explorer) -> Iterator[None]:
        worker.ask_stop()
        yield

    worker.post_load(None)
    worker.post(TaskRequest("long", 1, long, threading.Event()))
    worker.post(TaskRequest("last", 2, last, threading.Event()))
    worker.work()
    assert sorted(told) == [1, 2]
