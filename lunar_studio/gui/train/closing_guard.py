"""Closing the window while a model learns: asks first, saves, and closes when that is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from PySide6.QtCore import QEvent, QObject, Qt, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from lunar_studio.core.events import (
    CheckpointSaved,
    Failure,
    FinishBegun,
    Paused,
    RunStarted,
    StepDone,
    TrainEvent,
    WentOn,
)
from lunar_studio.gui.train.closing_dialog import ClosingDialog
from lunar_studio.gui.train.refusal import closing_words, unsaved_words
from lunar_studio.workers.train_service import TrainService

Plan = Literal["stay", "when-saved", "when-ended", "now"]


class ClosingGuard(QObject):
    """Says whether the window may close, and closes it later where it was asked to.

    Args:
        window: The window; owns this.
        train: What may be running.
        waiting: Says how many runs wait behind it.

    Attributes:
        dialog: The question, while it is open.
        plan: What will happen: `when-saved` and `when-ended` close the window when the run is over.
    """

    def __init__(self, window: QWidget, train: TrainService, waiting: Callable[[], int] = lambda: 0) -> None:
        super().__init__(window)
        self._window = window
        self._train = train
        self._waiting = waiting
        self._status = ""
        self._max_steps = 0
        self._step = self._kept_step = 0
        self._refusal: Paused | None = None
        self.dialog: ClosingDialog | None = None
        self.plan: Plan = "stay"
        train.events_received.connect(self._on_events)
        train.failed.connect(self._on_failed)
        train.running_changed.connect(self._on_running_changed)
        window.installEventFilter(self)

    def may_close(self) -> bool:
        """Whether the window may close at once; if not, the question is on the screen when this returns."""
        app = QGuiApplication.instance()
        # Whoever logs out is not asked: the run is stopped and saved as on any other end.
        leaves_session = isinstance(app, QGuiApplication) and app.isSavingSession()
        if not self._train.is_running or self.plan == "now" or leaves_session:
            return True
        if self.dialog is None:
            self.plan = "stay"
            self._ask()
        return False

    def _ask(self) -> None:
        unsaved = "" if self._refusal is None else unsaved_words(self._refusal)
        self.dialog = ClosingDialog(self._status, self._waiting(), self._window, unsaved=unsaved)
        self.dialog.answered.connect(self._on_answered)
        self.dialog.rejected.connect(self._on_rejected)
        self.dialog.finished.connect(self._on_finished)
        self.dialog.open()

    @Slot(str)
    def _on_answered(self, answer: str) -> None:
        if answer == "save":
            self.plan = "when-saved"
            self._train.request_stop()
            self._show_saving()
        elif answer == "keep":
            self.plan = "when-ended"
            self._window.showMinimized()
        else:
            self._train.request_leave()
            self._close_now()

    def _show_saving(self) -> None:
        if self.dialog is not None:
            steps = self._step - self._kept_step
            self.dialog.show_saving("step" if steps == 1 else f"{steps:,} steps" if steps > 0 else "")

    @Slot()
    def _on_rejected(self) -> None:
        self.plan = "stay"

    @Slot()
    def _on_finished(self) -> None:
        self.dialog = None

    def _close_now(self) -> None:
        self.plan = "now"
        if self.dialog is not None:
            self.dialog.accept()
        self._window.close()

    @Slot(object)
    def _on_events(self, events: tuple[TrainEvent, ...]) -> None:
        for event in events:
            match event:
                case RunStarted():
                    self._max_steps, self._step, self._kept_step = event.max_steps, event.first_step, event.first_step
                case FinishBegun():
                    self._max_steps = event.max_steps
                case StepDone():
                    of_all = f" of {self._max_steps:,}" if self._max_steps else ""
                    self._step, self._status = event.step, f"step {event.step:,}{of_all}"
                case CheckpointSaved():
                    self._kept_step = event.step
                case Paused():
                    self._refusal = event
                case WentOn():
                    self._refusal = None
            if self.plan == "when-saved" and self.dialog is not None:
                self._show_how_saving_goes(event, self.dialog)

    def _show_how_saving_goes(self, event: TrainEvent, dialog: ClosingDialog) -> None:
        match event:
            case CheckpointSaved():
                dialog.show_saved()
            case Paused():
                dialog.show_refused(*closing_words(event))
            case WentOn():
                self._show_saving()

    @Slot(object)
    def _on_failed(self, failure: Failure) -> None:
        """The artist must see what went wrong: the window stays."""
        del failure
        self.plan = "stay"

    @Slot(bool)
    def _on_running_changed(self, running: bool) -> None:
        if running:
            self._status, self._max_steps, self._refusal = "", 0, None
            self._step = self._kept_step = 0
            return
        if self.plan in ("when-saved", "when-ended") and not (self.plan == "when-ended" and self._waiting()):
            self._close_now()
        elif self.dialog is not None:
            self.dialog.reject()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Bringing the window back calls off that it closes when the run has ended."""
        is_window = watched is self._window and event.type() == QEvent.Type.WindowStateChange
        if is_window and self.plan == "when-ended" and not self._window.windowState() & Qt.WindowState.WindowMinimized:
            self.plan = "stay"
        return False
