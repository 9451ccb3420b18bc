"""Keeps Python's cycle collector out of the worker threads.

The collector runs in whichever thread happens to allocate next. When a trainer's thread collects a dead
dialog, Qt destroys its timers and windows from the wrong thread: at best a warning, at worst a crash. So
while workers run, automatic collection is off and the GUI thread collects on a timer instead, or somewhat sooner, where
nobody waits for it: a collection may take longer than a slider's move.
"""

from __future__ import annotations

import gc
import time

from PySide6.QtCore import QObject, QTimer, Slot

CHECK_INTERVAL_MS = 200
_LONG_MS = 20.0
_SOON_MS = CHECK_INTERVAL_MS // 2


class GuiGarbage(QObject):
    """Collects in the GUI thread between `begin` and `end`, by the interpreter's own thresholds."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.setInterval(CHECK_INTERVAL_MS)
        self._timer.timeout.connect(self.collect_due)

    @property
    def is_active(self) -> bool:
        """Whether collection is in our hands."""
        return self._timer.isActive()

    def begin(self) -> None:
        """Take collection over; nothing if that is done."""
        if not self.is_active:
            gc.disable()
            self._timer.start()

    def end(self) -> None:
        """Give collection back to the interpreter; nothing if that is done."""
        if self.is_active:
            self._timer.stop()
            gc.enable()

    @Slot()
    def lull(self) -> None:
        """A moment when nobody waits for the GUI thread: collect, if the timer would soon."""
        if self.is_active and self._timer.remainingTime() <= _SOON_MS:
            self.collect_due()
            self._timer.start()

    @Slot()
    def collect_due(self) -> None:
        """Collect the oldest generation whose threshold is passed, if any."""
        due = [
            generation
            for generation, (count, threshold) in enumerate(zip(gc.get_count(), gc.get_threshold(), strict=True))
            if count > threshold
        ]
        if not due:
            return
        begun_s = time.perf_counter()
        gc.collect(due[-1])
        if (time.perf_counter() - begun_s) * 1000 > _LONG_MS:
            # What survived is here to stay (torch alone brings 200,000 objects): not looked at again.
            gc.freeze()
