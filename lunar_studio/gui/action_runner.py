"""Runs what an action is bound to, and turns whatever goes wrong into a signal.

One of the four places that may catch everything: a click must never end the studio.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from lunar_studio.core.events import Failure
from lunar_studio.errors import LunarError
from lunar_studio.workers.thread_host import Crash


class ActionRunner(QObject):
    """Runs handlers.

    Attributes:
        failed: Emitted with a `Failure` when the world made a mistake.
        crashed: Emitted with a `Crash` when we made one.
    """

    failed = Signal(object)
    crashed = Signal(object)

    def run(self, name: str, handler: Callable[[], None]) -> bool:
        """Run `handler`; returns whether it went well.

        Args:
            name: What was asked for, for the report.
            handler: Does it.
        """
        try:
            handler()
        except LunarError as error:
            self.failed.emit(Failure(error.message, error.hint))
        except Exception as error:  # noqa: BLE001 - one of the four places that may
            summary = f"{type(error).__name__}: {error}".splitlines()[0]
            self.crashed.emit(Crash(f"“{name}”", summary, traceback.format_exc()))
        else:
            return True
        return False
