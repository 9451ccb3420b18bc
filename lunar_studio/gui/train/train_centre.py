"""The middle of the Train page: what to do first, all settings, a run, or two runs side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QStackedWidget, QWidget

from lunar_studio.gui.train.run_list_model import state_words
from lunar_studio.gui.train.run_records import RunRecord, read_metrics
from lunar_studio.gui.train.settings_table import SettingsTablePanel
from lunar_studio.gui.widgets.empty_state import EmptyState

if TYPE_CHECKING:
    from lunar_studio.gui.train.compare_view import CompareView
    from lunar_studio.gui.train.run_header import Phase
    from lunar_studio.gui.train.run_view import RunView


class TrainCentre(QStackedWidget):
    """Shows one thing at a time.

    Args:
        parent: Its owner.

    Attributes:
        settings: The table of all settings.
        empty: What to do first.
        live: The run that trains; None before the first.
        browsed: A run that is looked at beside it; None before the first.
        pause_toggled: Emitted with whether the run shall rest.
        finish_requested: The run shall come to a good end soon.
        stop_requested: The run shall save and end.
        explore_requested: Emitted with the path of the model to explore.
        compare_closed: The two runs side by side shall give way to one.
        written: Emitted with the path of a file that was exported.
        failed: Emitted with a `LunarError`.
    """

    pause_toggled = Signal(bool)
    finish_requested = Signal()
    stop_requested = Signal()
    explore_requested = Signal(object)
    compare_closed = Signal()
    written = Signal(object)
    failed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.settings = SettingsTablePanel()
        self.empty = EmptyState(
            "train",
            "Teach a model your own art",
            "Choose a folder of your sprites, pick a look, and press Start. You can watch it learn, stop at any time, "
            "and play with what it has become.",
            "Choose a folder of sprites…",
        )
        # Built when first needed: the plots take a fifth of a second to load. The run that trains keeps its
        # view while another is looked at.
        self.live: RunView | None = None
        self.browsed: RunView | None = None
        self._compared: CompareView | None = None
        self.addWidget(self.empty)
        self.addWidget(self.settings)

    def begin_live(self, path: Path, status: str, phase: Phase, *, resumed: bool) -> None:
        """Show the run that begins to train."""
        self.live = self.live or self._new_view()
        self.live.begin(path, status, read_metrics(path) if resumed else None)
        self.live.header.set_phase(phase)
        self.setCurrentWidget(self.live)

    def show_run(self, record: RunRecord) -> None:
        """Show a run of the list: the one that trains as it goes, any other as it ended."""
        for view in (self.live, self.browsed):
            if view is not None and view.path == record.path:
                self.setCurrentWidget(view)
                return
        self.browsed = self.browsed or self._new_view()
        words = record.problem or f"{record.preset} · {state_words(record, is_active=False)}"
        self.browsed.begin(record.path, words, read_metrics(record.path))
        self.browsed.set_model(record.explore_path)
        self.setCurrentWidget(self.browsed)

    def show_last_run(self) -> None:
        """Show the run that trains or was looked at last, or what to do first."""
        self.setCurrentWidget(self.live or self.browsed or self.empty)

    def compare(self, first: RunRecord, second: RunRecord) -> None:
        """Show two runs side by side."""
        from lunar_studio.gui.train.compare_view import CompareView

        if self._compared is None:
            self._compared = CompareView()
            self._compared.closed.connect(self.compare_closed)
            self.addWidget(self._compared)
        self._compared.show_runs(first, second)
        self.setCurrentWidget(self._compared)

    @Slot()
    def toggle_settings(self) -> None:
        """Show the table of settings, or give the place back to what was there."""
        if self.currentWidget() is not self.settings:
            self.setCurrentWidget(self.settings)
            self.settings.search.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.show_last_run()

    def _new_view(self) -> RunView:
        from lunar_studio.gui.train.run_view import RunView

        view = RunView()
        self.addWidget(view)
        view.header.pause_toggled.connect(self.pause_toggled)
        view.header.finish_requested.connect(self.finish_requested)
        view.header.stop_requested.connect(self.stop_requested)
        view.header.explore_requested.connect(self._on_explore)
        view.failed.connect(self.failed)
        view.plots.failed.connect(self.failed)
        view.plots.exported.connect(self.written)
        return view

    @Slot()
    def _on_explore(self) -> None:
        view = self.currentWidget()
        for shown in (self.live, self.browsed):
            if shown is not None and shown is view and shown.model_path is not None:
                self.explore_requested.emit(shown.model_path)
