"""Ctrl-C and `kill` as a wish to stop soon, for work that can end well."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from lunar_studio.cli.answer import warn


class StopWish:
    """Whether somebody wants the work to end.

    Attributes:
        said: What to tell at the first Ctrl-C.
    """

    def __init__(self, said: str) -> None:
        self.said = said
        self._event = threading.Event()
        self._again = threading.Event()

    def __call__(self) -> bool:
        """Whether to stop; what work asks as `should_stop`."""
        return self._event.is_set()

    def wish(self) -> None:
        """Ask to stop."""
        if self._event.is_set():
            self._again.set()
        self._event.set()

    def insists(self) -> bool:
        """Whether it was asked for more than once: what work asks that waits for something before it stops."""
        return self._again.is_set()


@contextmanager
def stoppable(said: str) -> Iterator[StopWish]:
    """A stop wish that Ctrl-C and SIGTERM make; a second Ctrl-C interrupts at once, a second SIGTERM insists.

    Args:
        said: What to tell at the first one.
    """
    wish = StopWish(said)
    if threading.current_thread() is not threading.main_thread():  # only the main thread hears signals
        yield wish
        return

    def hear(number: int, frame: FrameType | None) -> None:
        del frame
        if wish() and number == signal.SIGINT:
            raise KeyboardInterrupt
        wish.wish()
        warn(wish.said)

    kept = {number: signal.signal(number, hear) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield wish
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
