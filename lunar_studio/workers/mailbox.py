"""A mailbox of one: whoever works takes the newest request, older ones were never worth doing.

360 slider moves against a 30 ms job settle one job after the last move; a queue would take ten seconds.
"""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """Holds the newest value posted, with its generation number. Safe to use from any thread.

    Args:
        condition: Notified at every post; pass one to wait for several mailboxes at once.
    """

    def __init__(self, condition: threading.Condition | None = None) -> None:
        self._condition = condition if condition is not None else threading.Condition()
        self._generation = 0
        self._waiting: tuple[int, T] | None = None
        self._closed = False

    @property
    def generation(self) -> int:
        """Number of the newest post; 0 before the first."""
        with self._condition:
            return self._generation

    @property
    def is_waiting(self) -> bool:
        """Whether there is a value that nobody has taken."""
        with self._condition:
            return self._waiting is not None

    def post(self, value: T) -> int:
        """Replace whatever waits by `value`.

        Returns:
            Its generation: one more than the last post's.
        """
        with self._condition:
            self._generation += 1
            self._waiting = (self._generation, value)
            self._condition.notify_all()
            return self._generation

    def take(self) -> tuple[int, T] | None:
        """The newest (generation, value) nobody has taken, or None; never waits."""
        with self._condition:
            waiting, self._waiting = self._waiting, None
            return waiting

    def wait(self, timeout_s: float | None = None) -> tuple[int, T] | None:
        """Like `take`, but waits for a post; None when closed or after `timeout_s`."""
        with self._condition:
            self._condition.wait_for(lambda: self._closed or self._waiting is not None, timeout_s)
            if self._closed:
                return None
            waiting, self._waiting = self._waiting, None
            return waiting

    def clear(self) -> None:
        """Forget what waits; generations go on from where they were."""
        with self._condition:
            self._waiting = None

    def close(self) -> None:
        """Wake whoever waits; from now on `wait` returns None."""
        with self._condition:
            self._closed = True
            self._waiting = None
            self._condition.notify_all()
