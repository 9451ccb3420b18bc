"""The head of a run: what it is doing, how fast, how long still, and the buttons that steer it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Literal

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QSizePolicy, QVBoxLayout, QWidget

from lunar_studio.core.events import (
    FinishBegun,
    Forecast,
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
from lunar_studio.gui.train.durations import duration
from lunar_studio.gui.train.load_label import LoadLabel
from lunar_studio.gui.train.refusal import status_words
from lunar_studio.gui.train.run_words import SAVING, ended_words, forecast_words, learnt_words
from lunar_studio.gui.widgets.buttons import TextButton
from lunar_studio.gui.widgets.labels import ElidedLabel, Label

Phase = Literal["idle", "preparing", "training", "paused", "finishing", "stopping", "refused", "making"]
"""`refused`: it was asked to end or has learned all, and cannot write what is left to be written.
`making`: nothing is learned any more and all is saved, but the model file is still being made."""

_PROGRESS_STEPS = 10_000
_STOP_TIP = "Save and end after the step it is in. The model can be used, and continued."
# What judge and inventor learn alone is cut to a quarter in a run that is asked to finish now.
_HURRY = 4.0
# What ends a run without saving appears where Stop was: a double click on Stop must not reach it.
_THINK_MS = 1500
# The time left is told from the pace of the last half minute: machines get busy, and quiet again.
_PACE_WINDOW_S = 30.0


class TimeLeft:
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


class RunHeader(QWidget):
    """Name, figures, progress, and the buttons.

    Attributes:
        phase: What the run is at, for the buttons.
        pause_toggled: Emitted with whether the run shall rest.
        finish_requested: The run shall come to a good end soon.
        stop_requested: The run shall save and end; where it `may_be_left`, it shall end without saving.
        explore_requested: The finished model shall be explored.
    """

    pause_toggled = Signal(bool)
    finish_requested = Signal()
    stop_requested = Signal()
    explore_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("run-header")
        self.phase: Phase = "idle"
        self._learnt: LearningEnded | None = None
        self._max_steps = 0
        self._last: StepDone | None = None
        self._time_left = TimeLeft()
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
        self.stop_button = TextButton("Stop", icon_name="stop", tip=_STOP_TIP)
        self.explore_button = TextButton(
            "Explore this model", role="primary", icon_name="explore", tip="Play with the model that this run made."
        )
        self._think = QTimer(self)
        self._think.setSingleShot(True)
        self._think.setInterval(_THINK_MS)
        self._think.timeout.connect(self._on_thought)
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
        self._learnt = None
        self._max_steps = 0
        self._time_left = TimeLeft()
        self.bar.setValue(0)
        for label in self.figures.values():
            label.clear()
        self.explore_button.hide()

    def set_status(self, status: str) -> None:
        """Say in one line what is going on."""
        self.status.set_text(status)

    def set_phase(self, phase: Phase) -> None:
        """Show the buttons that make sense now."""
        if phase != "refused":
            self._think.stop()
        elif self.phase != "refused":
            self._think.start()
        self.phase = phase
        goes = phase in ("training", "paused", "finishing", "stopping")
        self.load.setVisible(goes or phase == "refused")
        self.pause_button.setVisible(goes)
        self.pause_button.setEnabled(phase != "stopping")
        self.pause_button.setText("Resume" if phase == "paused" else "Pause")
        self.pause_button.set_icon_name("play" if phase == "paused" else "pause")
        self.finish_button.setVisible(goes)
        self.finish_button.setEnabled(phase in ("training", "paused"))
        self.finish_button.setText("Finishing…" if phase == "finishing" else "Finish now")
        self.stop_button.setVisible(goes or phase in ("preparing", "refused"))
        self.stop_button.setEnabled(phase != "stopping" and not self._think.isActive())
        if phase != "refused":  # which tells what it ends without
            self.stop_button.setText("Stopping…" if phase == "stopping" else "Stop")
            self.stop_button.setToolTip(_STOP_TIP)
        # Nothing is known of how long these take: the bar then moves without a measure.
        self.bar.setRange(0, 0 if phase in ("preparing", "making") else _PROGRESS_STEPS)
        self._show_figures()

    @property
    def may_be_left(self) -> bool:
        """Whether the artist has had the time to read what ending now would lose."""
        return self.phase == "refused" and self.stop_button.isEnabled()

    @Slot()
    def _on_thought(self) -> None:
        self.stop_button.setEnabled(True)

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
            case Forecast():
                self._after_s = event.alone_s + event.finish_s
            case StepDone():
                self._last = event
                self._time_left.add(event.elapsed_s, event.share_done)
            case FinishBegun():
                self._max_steps = event.max_steps
                self._time_left = TimeLeft()
                self._after_s /= _HURRY
            case PhaseStarted() if self._last is not None:
                self._time_left = TimeLeft()  # its pace was that of steps
            case LearningEnded():
                self._learnt = event
                self.set_phase("making")
            case Paused() if event.then == "end" or self.phase == "making":
                self.set_phase("refused")
                self._offer_to_leave(event)
            case WentOn() if self.phase == "refused":
                self.set_phase("stopping" if self._learnt is None else "making")

    def _offer_to_leave(self, event: Paused) -> None:
        if event.unsaved_steps:
            self.stop_button.setText("End without saving")
            self.stop_button.setToolTip("Give up what was learned since the last checkpoint; the rest is kept.")
        else:
            self.stop_button.setText("End without the file")
            self.stop_button.setToolTip("All it has learned is kept and can go on next time; no model file is made.")

    def _going_on(self, event: WentOn) -> str:
        if self._learnt is not None:
            return learnt_words(self._learnt)
        return SAVING if self.phase == "stopping" else f"Going on after {duration(event.paused_s)}."

    def _say(self, event: TrainEvent) -> None:
        """Tell in the status line what is going on, where that is new."""
        match event:
            case RunStarted():
                self.set_status(self._facts)
            case Forecast():
                self.set_status(f"{forecast_words(event)} · {self._facts}")
                self.status.setToolTip(f"{forecast_words(event, fully=True)}\n{event.precision_reason}")
            case Paused():
                self.set_status(status_words(event))
            case WentOn():
                self.set_status(self._going_on(event))
            case FinishBegun():
                self.set_status(f"Coming to a good end at step {event.max_steps:,}…")
            case PhaseStarted() if self.phase != "making":  # that it is saved counts more
                self.set_status(f"{event.title}…")
            case LearningEnded():
                self.set_status(learnt_words(event))
            case RunEnded():
                self.set_status(ended_words(event))

    def _show_figures(self) -> None:
        if (last := self._last) is None:
            return
        of_all = f" of {self._max_steps:,}" if self._max_steps else ""
        self.figures["step"].setText(f"step {last.step:,}{of_all}")
        self.figures["speed"].setText(f"{last.images_per_s:,.0f} images/s")
        self.figures["elapsed"].setText(f"elapsed {duration(last.elapsed_s)}")
        left_s = self._time_left.left_s
        is_told = left_s is not None and self.phase not in ("idle", "stopping", "refused", "making")
        self.figures["left"].setText(f"{duration((left_s or 0.0) + self._after_s)} left" if is_told else "")
        if self.bar.maximum() == _PROGRESS_STEPS:
            self.bar.setValue(round(last.share_done * _PROGRESS_STEPS))

    @Slot()
    def _on_pause(self) -> None:
        self.pause_toggled.emit(self.phase != "paused")
