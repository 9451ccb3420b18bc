"""What a run would cost, asked before it is started: one button, then the answer in its place."""

from __future__ import annotations

import time
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from lunar_studio.core.config import RunConfig
from lunar_studio.core.events import Failure, Forecast
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.train.run_words import forecast_words
from lunar_studio.gui.widgets.buttons import TextButton
from lunar_studio.gui.widgets.labels import Label
from lunar_studio.workers.forecast_service import ForecastService

_TIP = "Take some steps on throw-away networks, to tell how long a run like this takes here; nothing is kept."


class ForecastRow(QWidget):
    """A button that asks, and what was answered; an answer to an older question is taken away.

    Args:
        service: Answers; for this widget alone.
        parent: Its owner.

    Attributes:
        asked: The artist wants to know; whoever knows the settings calls `ask`.
    """

    asked = Signal()

    def __init__(self, service: ForecastService, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("forecast-row")
        self._service = service
        self._can_ask = False
        self._doing, self._since_s = "", 0.0
        self._clock = QTimer(self)
        self._clock.setInterval(1000)
        self._clock.timeout.connect(self._show_seconds)
        self.words = Label(size="small", role="muted", wrap=True)
        self.button = TextButton("How long will it take?", role="quiet", icon_name="history", tip=_TIP)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_PX)
        column.addWidget(self.words)
        column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)
        self.button.clicked.connect(self._on_clicked)
        service.stated.connect(self._on_stated)
        service.told.connect(self._on_told)
        service.failed.connect(self._on_failed)
        service.running_changed.connect(self._show)
        self.words.hide()
        self._show()

    def ask(self, source: Path, destination: Path, config: RunConfig) -> None:
        """Measure what this run would cost."""
        self._service.ask(source, destination, config)

    def forget(self) -> None:
        """The settings are others now: give up what is being measured, and say nothing."""
        self._service.request_stop()
        self._clock.stop()
        self._tell("", "muted")

    def set_can_ask(self, can_ask: bool) -> None:
        """Whether there is something to measure, on a machine that trains nothing meanwhile."""
        self._can_ask = can_ask
        self._show()

    def _tell(self, words: str, role: str, tip: str = "") -> None:
        self.words.setText(words)
        self.words.set_role(role)
        self.words.setToolTip(tip)
        self.words.setVisible(bool(words))

    @Slot()
    def _show(self) -> None:
        measures = self._service.is_running
        if not measures:
            self._clock.stop()
        self.button.setText("Cancel" if measures else "How long will it take?")
        self.button.set_icon_name("stop" if measures else "history")
        self.button.setToolTip("Stop measuring." if measures else _TIP)
        self.button.setEnabled(measures or self._can_ask)

    @Slot()
    def _on_clicked(self) -> None:
        if self._service.is_running:
            self.forget()
        else:
            self.asked.emit()

    @Slot(str)
    def _on_stated(self, words: str) -> None:
        self._doing, self._since_s = words, time.monotonic()
        self._clock.start()
        self._tell(words, "muted")

    @Slot()
    def _show_seconds(self) -> None:
        self._tell(f"{self._doing} {time.monotonic() - self._since_s:.0f} s", "muted")

    @Slot(object)
    def _on_told(self, forecast: Forecast) -> None:
        self._clock.stop()
        self._tell(
            forecast_words(forecast), "text", f"{forecast_words(forecast, fully=True)}\n{forecast.precision_reason}"
        )

    @Slot(object)
    def _on_failed(self, failure: Failure) -> None:
        self._clock.stop()
        self._tell(f"{failure.message} {failure.hint}", "bad")
