"""The head of a run: what it is doing, how fast, how long still, and the buttons that steer it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Literal

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QSizePolicy, QVBoxLayout, QWidget

from lunar_studio.core import events as events_of
from lunar_studio.core.events import (
    FinishBegun,
    LearningEnded,
    Paused,
    PhaseStarted,
    RunEnded,
    RunStarted,
    StepDone,
    TrainEvent,
    WentOn,
)
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.train.load_label import LoadLabel
from lunar_studio.gui.widgets.buttons import TextButton
from lunar_studio.gui.widgets.labels import ElidedLabel, Label

Phase = Literal["idle", "preparing", "training", "paused", "finishing", "stopping", "making"]
"""`making`: nothing is learned any more and all is saved, but the model file is still being made."""

_PROGRESS_STEPS = 10_000
# What judge and inventor learn alone is cut to a quarter in a run that is asked to finish now.
_HURRY = 4.0
_LEARNT: Mapping[events_of.EndReason, str] = {
    "finished": "It has learned all it was to learn, and is saved.",
    "stopped": "Stopped, and all it has learned is saved.",
    "time-up": "Its time was up, and all it has learned is saved.",
}
_ENDED: Mapping[events_of.EndReason, str] = {
    "finished": "Finished",
    "stopped": "Stopped and saved",
    "time-up": "Its time was up, and it is saved",
}
# The time left is told from the pace of the last half minute: machines get busy, and quiet again.
_PACE_WINDOW_S = 30.0


class Forecast:
    """How long a run still takes, from how fast its share of work done has grown of late."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque()

    def add(self, elapsed_s: float, share_done: float) -> None:
        """Note how far the run is."""
        if self._seen and elapsed_s < self._seen[-1][0]:
            self._seen.clear()
        self._seen.append((elapsed_s, share_done))
        while elapsed_s - self._seen[0][0] > _PACE_WINDOW_S:
            self._seen.popleft()

    @property
    def left_s(self) -> float | None:
        """Seconds still to go, or None when it is too early to tell."""
        if len(self._seen) < 2:
            return None
        (begun_s, begun), (now_s, now) = self._seen[0], self._seen[-1]
        if now_s - begun_s < 1.0 or now <= begun:
            return None
        return (1.0 - now) * (now_s - begun_s) / (now - begun)


def duration(seconds: float) -> str:
    """A duration at a glance: `45 s`, `12 min`, `3 h 05 min`."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def forecast_words(told: events_of.Forecast, *, fully: bool = False) -> str:
    """What a run will cost: `Forecast: 65 min in all, give or take 10%; worth exploring after 6 min`; or all of it."""
    doubt = f", give or take {told.spread:.0%}" if told.spread else ""
    words = f"Forecast: {duration(told.total_s)} in all{doubt}; worth exploring after {duration(told.usable_s)}"
    if not fully:
        return words
    parts = (
        ("learning", told.learning_s),
        ("previews and saving", told.beside_s),
        ("judge and prior alone", told.alone_s),
        ("finishing the model", told.finish_s),
    )
    listed = "\n".join(f"{title}: {duration(seconds)}" for title, seconds in parts)
    memory = f"memory: {told.memory_bytes / 2**20:,.0f} MB"
    return f"{words}\n{listed}\nonce through your art: {duration(told.epoch_s)}\n{memory}"


def ended_words(event: RunEnded) -> str:
    """How it ended, and how near the forecast was."""
    if event.model_path is None:
        return "Stopped before its first step; nothing was written."
    words = _ENDED[event.reason]
    if event.took_s <= 0:
        return f"{words}."
    compared = f"; the forecast said {duration(event.forecast_s)}" if event.forecast_s > 0 else ""
    return f"{words} after {duration(event.took_s)}{compared}."


class RunHeader(QWidget):
    """Name, figures, progress, and the buttons.

    Attributes:
        pause_toggled: Emitted with whether the run shall rest.
        finish_requested: The run shall come to a good end soon.
        stop_requested: The run shall save and end.
        explore_requested: The finished model shall be explored.
    """

    pause_toggled = Signal(bool)
    finish_requested = Signal()
    stop_requested = Signal()
    explore_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("run-header")
        self._phase: Phase = "idle"
        self._max_steps = 0
        self._last: StepDone | None = None
        self._forecast = Forecast()
        self._after_s = 0.0
        self._facts = ""
        self.title = ElidedLabel(size="title")
        self.status = ElidedLabel(size="small", role="muted")
        self.bar = QProgressBar()
        self.figures = {name: Label(size="small", role="muted") for name in ("step", "speed", "elapsed", "left")}
        self.load = LoadLabel()
        self.pause_button = TextButton(
            "Pause", icon_name="pause", tip="Rest after the step it is in; the cores are free then."
        )
        self.finish_button = TextButton(
            "Finish now",
            icon_name="check",
            tip="Come to a good end soon: the rest of the run is gone through in a tenth of the time it took so far, "
            "and the model is made with everything. Stop is quicker, but leaves the model rougher.",
        )
        self.stop_button = TextButton(
            "Stop", icon_name="stop", tip="Save and end after the step it is in. The model can be used, and continued."
        )
        self.explore_button = TextButton(
            "Explore this model", role="primary", icon_name="explore", tip="Play with the model that this run made."
        )
        self._build()
        self.set_phase("idle")

    def _build(self) -> None:
        self.bar.setRange(0, _PROGRESS_STEPS)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the run")
        self.pause_button.clicked.connect(self._on_pause)
        self.finish_button.clicked.connect(self.finish_requested)
        self.stop_button.clicked.connect(self.stop_requested)
        self.explore_button.clicked.connect(self.explore_requested)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self.title)
        words.addWidget(self.status)
        top = QHBoxLayout()
        top.setSpacing(2 * SPACE_PX)
        top.addLayout(words, 1)
        for button in (self.pause_button, self.finish_button, self.stop_button, self.explore_button):
            button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
            top.addWidget(button)
        row = QHBoxLayout()
        row.setSpacing(4 * SPACE_PX)
        for label in self.figures.values():
            row.addWidget(label)
        row.insertStretch(1, 1)
        row.insertWidget(2, self.load)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_PX)
        column.addLayout(top)
        column.addWidget(self.bar)
        column.addLayout(row)

    def show_run(self, name: str, status: str) -> None:
        """Begin with another run, whose figures are not known yet."""
        self.title.set_text(name)
        self.status.set_text(status)
        self._last = None
        self._max_steps = 0
        self._forecast = Forecast()
        self.bar.setValue(0)
        for label in self.figures.values():
            label.clear()
        self.explore_button.hide()

    def set_status(self, status: str) -> None:
        """Say in one line what is going on."""
        self.status.set_text(status)

    def set_phase(self, phase: Phase) -> None:
        """Show the buttons that make sense now."""
        self._phase = phase
        goes = phase in ("training", "paused", "finishing", "stopping")
        self.load.setVisible(goes)
        self.pause_button.setVisible(goes)
        self.pause_button.setEnabled(phase != "stopping")
        self.pause_button.setText("Resume" if phase == "paused" else "Pause")
        self.pause_button.set_icon_name("play" if phase == "paused" else "pause")
        self.finish_button.setVisible(goes)
        self.finish_button.setEnabled(phase in ("training", "paused"))
        self.finish_button.setText("Finishing…" if phase == "finishing" else "Finish now")
        self.stop_button.setVisible(goes or phase == "preparing")
        self.stop_button.setEnabled(phase != "stopping")
        self.stop_button.setText("Stopping…" if phase == "stopping" else "Stop")
        # Nothing is known of how long these take: the bar then moves without a measure.
        self.bar.setRange(0, 0 if phase in ("preparing", "making") else _PROGRESS_STEPS)
        self._show_figures()

    def offer_model(self, offered: bool, *, is_finished: bool = True) -> None:
        """Show the button that leads to the finished model, or to what a run that goes has learned so far."""
        self.explore_button.setVisible(offered)
        self.explore_button.setText("Explore this model" if is_finished else "Explore it now")
        self.explore_button.setToolTip(
            "Play with the model that this run made."
            if is_finished
            else "Play with a copy of what it has learned so far, while it goes on. It has no named sliders yet."
        )

    def set_progress(self, done: int, total: int) -> None:
        """How far the preparation is."""
        self.bar.setRange(0, max(total, 1))
        self.bar.setValue(done)

    def add(self, events: Iterable[TrainEvent]) -> None:
        """Take in what a run told."""
        for event in events:
            self._take(event)
            self._say(event)
        self._show_figures()

    def _take(self, event: TrainEvent) -> None:
        """Note what figures and buttons depend on."""
        match event:
            case RunStarted():
                self._max_steps = event.max_steps
                self._facts = (
                    f"{event.preset} · {event.train_count:,} sprites, {event.validation_count:,} held out · "
                    f"{event.device} {event.precision} · about {event.memory_bytes / 2**20:,.0f} MB"
                )
                self.load.set_device(event.device)
                self.status.setToolTip(event.precision_reason)
            case events_of.Forecast():
                self._after_s = event.alone_s + event.finish_s
            case StepDone():
                self._last = event
                self._forecast.add(event.elapsed_s, event.share_done)
            case FinishBegun():
                self._max_steps = event.max_steps
                self._forecast = Forecast()
                self._after_s /= _HURRY
            case PhaseStarted() if self._last is not None:
                self._forecast = Forecast()  # its pace was that of steps
            case LearningEnded():
                self.set_phase("making")

    def _say(self, event: TrainEvent) -> None:
        """Tell in the status line what is going on, where that is new."""
        match event:
            case RunStarted():
                self.set_status(self._facts)
            case events_of.Forecast():
                self.set_status(f"{forecast_words(event)} · {self._facts}")
                self.status.setToolTip(f"{forecast_words(event, fully=True)}\n{event.precision_reason}")
            case Paused():
                self.set_status(f"Resting: {event.message} {event.hint}")
            case WentOn():
                self.set_status(f"Going on after {duration(event.paused_s)}.")
            case FinishBegun():
                self.set_status(f"Coming to a good end at step {event.max_steps:,}…")
            case PhaseStarted() if self._phase != "making":  # that it is saved counts more
                self.set_status(f"{event.title}…")
            case LearningEnded():
                self.set_status(f"{_LEARNT[event.reason]} Its sliders and scores are still being made…")
            case RunEnded():
                self.set_status(ended_words(event))

    def _show_figures(self) -> None:
        if (last := self._last) is None:
            return
        of_all = f" of {self._max_steps:,}" if self._max_steps else ""
        self.figures["step"].setText(f"step {last.step:,}{of_all}")
        self.figures["speed"].setText(f"{last.images_per_s:,.0f} images/s")
        self.figures["elapsed"].setText(f"elapsed {duration(last.elapsed_s)}")
        left_s = self._forecast.left_s
        is_told = left_s is not None and self._phase not in ("idle", "making")
        self.figures["left"].setText(f"{duration((left_s or 0.0) + self._after_s)} left" if is_told else "")
        if self.bar.maximum() == _PROGRESS_STEPS:
            self.bar.setValue(round(last.share_done * _PROGRESS_STEPS))

    @Slot()
    def _on_pause(self) -> None:
        self.pause_toggled.emit(self._phase != "paused")
