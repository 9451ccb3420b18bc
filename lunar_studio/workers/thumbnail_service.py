"""Thumbnails of art that has not been imported: decoded in a thread, only those the window can see.

The window says what it sees; whatever was asked for before and is out of sight is forgotten.
"""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from lunar_studio.core.sprite import Sprite
from lunar_studio.errors import LunarError
from lunar_studio.workers.thread_host import ThreadHost, Worker

if TYPE_CHECKING:
    from lunar_studio.data.sources import Entry, Source

LONGEST_SIDE_PX = 128
_TELL_INTERVAL_S = 0.05


class ThumbnailWorker(Worker):
    """Decodes pictures of one source in the order they are wanted.

    Attributes:
        drawn: Emitted with a dict of shown path to `Sprite`, or None for a picture that cannot be read.
    """

    drawn = Signal(object)

    def __init__(self, source: Path) -> None:
        super().__init__("drawing thumbnails")
        self._source = source
        self._condition = threading.Condition()
        self._wanted: list[str] = []
        self._done: dict[str, Sprite | None] = {}
        self._told_s = 0.0

    def want(self, paths: list[str]) -> None:
        """Decode these next, first to last, and nothing else. Any thread."""
        with self._condition:
            self._wanted = list(reversed(paths))
            self._condition.notify_all()

    def ask_stop(self) -> None:
        """Ask for the end, and wake the thread to hear it."""
        with self._condition:
            super().ask_stop()
            self._condition.notify_all()

    def work(self) -> None:
        """Serve until asked to stop."""
        from lunar_studio.data.sources import open_source

        with ExitStack() as stack:
            source = stack.enter_context(open_source(self._source))
            entries: dict[str, Entry] = {}
            for entry in source.entries():
                entries[entry.shown] = entry
                if self.should_stop():
                    return
            while (path := self._next()) is not None:
                self._done[path] = _thumbnail(source, entries.get(path))
                self._tell()

    def _next(self) -> str | None:
        with self._condition:
            if not self._wanted:
                self._tell(at_once=True)
            self._condition.wait_for(lambda: self.should_stop() or self._wanted)
            return None if self.should_stop() else self._wanted.pop()

    def _tell(self, *, at_once: bool = False) -> None:
        now_s = time.monotonic()
        if self._done and (at_once or now_s - self._told_s > _TELL_INTERVAL_S):
            self._told_s = now_s
            done, self._done = self._done, {}
            self.drawn.emit(done)


class ThumbnailService(QObject):
    """Thumbnails of one source at a time.

    Args:
        host: Runs and ends the threads.
        parent: The QObject that owns this one.

    Attributes:
        drawn: Emitted with a dict of shown path to `Sprite`, or None for a picture that cannot be read.
    """

    drawn = Signal(object)

    def __init__(self, host: ThreadHost, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._host = host
        self._worker: ThumbnailWorker | None = None

    def open(self, source: Path) -> None:
        """Draw thumbnails of another source from now on."""
        self.close()
        worker = ThumbnailWorker(source)
        worker.drawn.connect(self._on_drawn)
        self._worker = worker
        self._host.start(worker)

    def close(self) -> None:
        """Draw nothing any more."""
        if self._worker is not None:
            self._worker.ask_stop()
            self._worker = None

    def want(self, paths: list[str]) -> None:
        """Draw these, as named in the report; what was wanted before and is not among them is forgotten."""
        if self._worker is not None:
            self._worker.want(paths)

    @Slot(object)
    def _on_drawn(self, thumbnails: dict[str, Sprite | None]) -> None:
        if self._worker is not None and self.sender() is self._worker:
            self.drawn.emit(thumbnails)


def _thumbnail(source: Source, entry: Entry | None) -> Sprite | None:
    """The first frame, every n-th pixel of a large one; None when it cannot be read."""
    from lunar_studio.pixels.files import read_sprites

    if entry is None or entry.refusal:
        return None
    try:
        sprite = read_sprites(source.read(entry), name=entry.shown)[0]
    except LunarError:
        return None
    stride = -(-max(sprite.width, sprite.height) // LONGEST_SIDE_PX)
    return sprite if stride == 1 else Sprite(sprite.rgba_HWC[::stride, ::stride], sprite.name)
