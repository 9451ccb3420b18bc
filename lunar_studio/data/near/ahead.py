"""Work in several threads whose results are taken in order, with only a few of them waiting."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import TypeVar

_WAITING = 4
Given = TypeVar("Given")
Found = TypeVar("Found")


def in_order(threads: Executor, work: Callable[[Given], Found], given: Iterable[Given]) -> Iterator[Found]:
    """What `work` makes of each, in the order given; a few are begun before they are asked for."""
    begun: deque[Future[Found]] = deque()
    try:
        for one in given:
            begun.append(threads.submit(work, one))
            if len(begun) > _WAITING:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
    finally:
        for waiting in begun:
            waiting.cancel()
