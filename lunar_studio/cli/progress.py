"""How far long work is, on stderr, for people only."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

_PACE_S = 0.2


class Progress:
    """A count on stderr that rewrites its own line, where stderr is a terminal; silent elsewhere."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._is_shown = sys.stderr.isatty()
        self._next_s = 0.0

    def __enter__(self) -> Callable[[int, int], None]:
        return self._show

    def __exit__(self, *_: object) -> None:
        if self._is_shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def _show(self, done: int, total: int) -> None:
        if self._is_shown and time.monotonic() >= self._next_s:
            self._next_s = time.monotonic() + _PACE_S
            print(f"\r\x1b[K{self._title}: {done:,} of {total:,}", end="", file=sys.stderr, flush=True)
