"""The run that trains, followed and steered.

What it tells goes to its view, the run list and the banner; what is wished of it goes to the service.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QApplication

from lunar_studio.core.events import (
    CheckpointSaved,
    EndReason,
    Failure,
    Paused,
    RunEnded,
    RunStarted,
    TrainEvent,
    Warned,
    WentOn,
)
from lunar_studio.gui.train.durations import duration
from lunar_studio.gui.train.refusal import banner_words
from lunar_studio.gui.train.run_list import RunListPanel
from lunar_studio.gui.train.run_words import SAVING
from lunar_studio.gui.train.start_flow import RunPlan, StartFlow
from lunar_studio.gui.train.train_centre import TrainCentre
from lunar_studio.gui.widgets.banner import Banner
from lunar_studio.paths import is_taken
from lunar_studio.workers.train_service import TrainService

if TYPE_CHECKING:
    from lunar_studio.gui.train.run_header import Phase


_ENDED: Mapping[EndReason, tuple[str, str]] = {
    "finished": ("{name} is finished at step {step}.", "Explore its model to play with it."),
    "stopped": ("{name} is stopped and saved at step {step}.", "Explore its model to play with it."),
    "time-up": (
        "The time of {name} was up at step {step}; it is saved.",
        "Explore its model to play with it; continue it, and it learns the rest of what was planned.",
    ),
}


class LiveRun(QObject):
    """Follows the run from its preparation to its end, and steers it.

    Args:
        train: Trains.
        flow: Prepares and starts runs.
        centre: Shows the run.
        runs: Marks it in the list.
        banner: Says what the artist should know.
        parent: The QObject that owns this one.
    """

    def __init__(
        self,
        train: TrainService,
        flow: StartFlow,
        centre: TrainCentre,
        runs: RunListPanel,
        banner: Banner,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._train, self._flow = train, flow
        self._centre, self._runs, self._banner = centre, runs, banner
        flow.preparing.connect(self._on_preparing)
        flow.progressed.connect(self._on_progressed)
        flow.begun.connect(self._on_begun)
        flow.failed.connect(self._on_failed)
        flow.stopped.connect(self._on_preparation_stopped)
        train.events_received.connect(self._on_events)
        train.failed.connect(self._on_failed)
        train.running_changed.connect(self._on_running_changed)
        train.paused_changed.connect(self._on_paused_changed)
        train.stop_wished.connect(self._on_stop_wished)
        centre.pause_toggled.connect(self.set_paused)
        centre.finish_requested.connect(self.finish)
        centre.stop_requested.connect(self.stop)

    # ---- what is wished of it --------------------------------------------------------------------

    @Slot(bool)
    def set_paused(self, paused: bool) -> None:
        """Rest, or go on."""
        self._train.set_paused(paused)

    @Slot()
    def finish(self) -> None:
        """Ask the run to come to a good end soon."""
        self._train.request_finish()
        live = self._centre.live
        if self._train.is_running and live is not None and live.header.phase in ("training", "paused"):
            live.header.set_phase("finishing")
            live.header.set_status("Looking for the shortest way to a good end…")

    @Slot()
    def stop(self) -> None:
        """Save and end the run, or give up preparing it; where it cannot save and has said so, end without."""
        live = self._centre.live
        if live is None or live.header.phase != "refused":
            self._flow.request_stop()
        elif live.header.may_be_left:
            self._train.request_leave()
            live.header.set_phase("stopping")
            live.header.set_status("Ending without saving…")

    @Slot()
    def _on_stop_wished(self) -> None:
        live = self._centre.live
        if live is not None and live.header.phase in ("training", "paused", "finishing"):
            live.header.set_phase("stopping")
            live.header.set_status(SAVING)

    # ---- how it goes -----------------------------------------------------------------------------

    @Slot(object)
    def _on_preparing(self, plan: RunPlan) -> None:
        words = f"Looking through “{plan.source.name}” and building a data set…"
        self._centre.begin_live(plan.run_dir, words, "preparing", resumed=False)

    @Slot(int, int)
    def _on_progressed(self, done: int, total: int) -> None:
        if self._centre.live is not None and self._flow.is_preparing:
            self._centre.live.header.set_progress(done, total)

    @Slot(object)
    def _on_begun(self, plan: RunPlan) -> None:
        self._centre.begin_live(plan.run_dir, "Getting ready…", "training", resumed=is_taken(plan.run_dir))
        self._runs.set_active(plan.run_dir, is_training=True)
        self._runs.choose(plan.run_dir)

    @Slot()
    def _on_preparation_stopped(self) -> None:
        if self._centre.live is not None:
            self._centre.live.header.set_phase("idle")
            self._centre.live.header.set_status("Stopped; nothing was written.")

    @Slot(object)
    def _on_events(self, events: tuple[TrainEvent, ...]) -> None:
        if self._centre.live is not None:
            self._centre.live.add(events)
        for event in events:
            match event:
                case Warned():
                    self._banner.tell(event.message, event.hint, "warn")
                case Paused():
                    self._banner.tell(*banner_words(event), "warn")
                    if event.attempt == 1:
                        self._call()
                case WentOn():
                    rested = f"It rested for {duration(event.paused_s)}."
                    ends = self._train.is_stopping
                    self._banner.tell("It can write again, and ends." if ends else "The run goes on.", rested, "good")
                case RunStarted():
                    self._runs.refresh()
                    self._runs.choose(event.run_dir)
                case CheckpointSaved():
                    self._runs.refresh()
                case RunEnded():
                    self._on_ended(event)

    def _on_ended(self, event: RunEnded) -> None:
        if self._centre.live is not None:
            self._centre.live.set_model(event.model_path)
        self._call()
        if event.model_path is None:
            self._centre.setCurrentWidget(self._centre.empty)
            self._runs.refresh()
            self._banner.tell("The run was stopped before its first step.", "Nothing was written.", "good")
            return
        name = event.model_path.parent.name  # the next of the queue may be on show by the time it is read
        words, hint = _ENDED[event.reason]
        self._banner.tell(words.format(name=f"“{name}”", step=f"{event.step:,}"), hint, "good")

    def _call(self) -> None:
        """Ask for the artist's attention, where she works in another window."""
        window = self._centre.window()
        if not window.isActiveWindow():
            QApplication.alert(window)

    @Slot(bool)
    def _on_running_changed(self, running: bool) -> None:
        if not running:
            if self._centre.live is not None:
                self._centre.live.header.set_phase("idle")
            self._runs.set_active(None, is_training=False)

    @Slot(bool)
    def _on_paused_changed(self, paused: bool) -> None:
        live = self._centre.live
        if live is not None and live.header.phase in ("training", "paused", "finishing") and self._train.is_running:
            goes: Phase = "finishing" if self._train.is_finishing else "training"
            live.header.set_phase("paused" if paused else goes)

    @Slot(object)
    def _on_failed(self, failure: Failure) -> None:
        was_left = self._train.is_leaving
        self._banner.tell(failure.message, failure.hint, "warn" if was_left else "bad")
        if self._centre.live is not None:
            self._centre.live.header.set_phase("idle")
            self._centre.live.header.set_status(
                "Ended without saving; its last checkpoint is kept." if was_left else "This run could not go on."
            )
