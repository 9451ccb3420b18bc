"""When we made a mistake: write it down, say so, keep running.

`install` sets the hooks of Python for the main thread and for others, and has faulthandler write a
native crash to a file beside the log. It is one of the four places that may catch everything.
"""

from __future__ import annotations

import faulthandler
import logging
import sys
import threading
import traceback
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QApplication, QDialog, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.widgets.buttons import TextButton
from lunar_studio.gui.widgets.labels import Label
from lunar_studio.workers.thread_host import Crash

LOG_NAME = "studio.log"
FAULT_NAME = "fault.log"
_LARGEST_LOG_BYTES = 2_000_000

_log = logging.getLogger(__name__)


class CrashDialog(QDialog):
    """What happened, where the log is, the report to copy; not modal, the studio goes on.

    Args:
        crash: What happened.
        log: The log file.
        parent: The window.
    """

    def __init__(self, crash: Crash, log: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("crash-dialog")
        self.setWindowTitle("Something broke")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._report = f"{crash.where}: {crash.summary}\n\n{crash.details}"
        title = Label("Something inside the studio broke", size="title", bold=True)
        text = Label(
            f"It happened in {crash.where}. Your sprites and your training are untouched, and you can go on working. "
            f"If it comes back, restart the studio and send us the report below; it is also in {log}.",
            role="muted",
            wrap=True,
        )
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        report = QPlainTextEdit(self._report)
        report.setReadOnly(True)
        report.setAccessibleName("Report")
        copy = TextButton("Copy Report", icon_name="copy")
        copy.clicked.connect(self._on_copy)
        close = TextButton("Go On", role="primary")
        close.clicked.connect(self.close)
        close.setDefault(True)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(copy)
        row.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(4 * SPACE_PX, 4 * SPACE_PX, 4 * SPACE_PX, 4 * SPACE_PX)
        column.setSpacing(3 * SPACE_PX)
        column.addWidget(title)
        column.addWidget(text)
        column.addWidget(report, 1)
        column.addLayout(row)
        self.resize(640, 400)

    @Slot()
    def _on_copy(self) -> None:
        QApplication.clipboard().setText(self._report)


class CrashReporter(QObject):
    """Receives mistakes from any thread and reports them in the window's.

    Args:
        log_dir: Folder of the log files; made when needed.
        parent: Its owner.

    Attributes:
        crashed: Emitted with a `Crash`, in the thread that met it; connected to a slot it arrives in the window's.
    """

    crashed = Signal(object)

    def __init__(self, log_dir: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.log = log_dir / LOG_NAME
        self._handler: logging.Handler | None = None
        self._dialog: CrashDialog | None = None
        self._window: QWidget | None = None
        self.crashed.connect(self.show_crash)

    def set_window(self, window: QWidget) -> None:
        """The window over which dialogs open."""
        self._window = window

    def install(self) -> None:
        """Write logs to files and catch what nobody caught, until `uninstall`."""
        try:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            if self.log.exists() and self.log.stat().st_size > _LARGEST_LOG_BYTES:
                self.log.replace(self.log.with_suffix(".old.log"))
            self._handler = logging.FileHandler(self.log, encoding="utf-8")
            self._handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
            logging.getLogger().addHandler(self._handler)
            self._fault = (self.log.parent / FAULT_NAME).open("a", encoding="utf-8")
            faulthandler.enable(self._fault)
        except OSError:
            _log.warning("no log can be written to %s", self.log.parent)
        sys.excepthook = self._on_exception
        threading.excepthook = self._on_thread_exception

    def uninstall(self) -> None:
        """Give the hooks back."""
        sys.excepthook = sys.__excepthook__
        threading.excepthook = threading.__excepthook__
        faulthandler.disable()
        if self._handler is not None:
            logging.getLogger().removeHandler(self._handler)
            self._handler.close()
            self._handler = None
            self._fault.close()

    @Slot(object)
    def report(self, crash: Crash) -> None:
        """Write a mistake down and tell the window. Any thread."""
        try:
            _log.error("%s: %s\n%s", crash.where, crash.summary, crash.details)
            self.crashed.emit(crash)
        except Exception:  # noqa: BLE001 - one of the four places that may; the last resort is the terminal
            traceback.print_exc()

    def _on_exception(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QApplication.quit()
            return
        self.report(_crash_of("the window", kind, error, trace))

    def _on_thread_exception(self, happened: threading.ExceptHookArgs) -> None:
        error = happened.exc_value if happened.exc_value is not None else happened.exc_type()
        where = happened.thread.name if happened.thread is not None else "a thread"
        self.report(_crash_of(where, happened.exc_type, error, happened.exc_traceback))

    @Slot(object)
    def show_crash(self, crash: Crash) -> None:
        """Open the dialog; while one is open, further mistakes only go to the log."""
        if self._dialog is None:
            self._dialog = CrashDialog(crash, self.log, self._window)
            self._dialog.destroyed.connect(self._on_closed)
            self._dialog.show()

    @Slot()
    def _on_closed(self) -> None:
        self._dialog = None


def _crash_of(where: str, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> Crash:
    summary = f"{kind.__name__}: {error}".splitlines()[0]
    return Crash(where, summary, "".join(traceback.format_exception(kind, error, trace)))
