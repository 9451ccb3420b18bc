"""One run on show: its head, its three plots, its previews."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLineEdit, QSplitter, QVBoxLayout, QWidget

from lunar_studio.core.events import MilestoneSaved, PreviewReady, TrainEvent
from lunar_studio.errors import TrainingError
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.train.loss_history import LossHistory
from lunar_studio.gui.train.loss_plots import LossPlotsView
from lunar_studio.gui.train.preview_timeline import PreviewTimeline
from lunar_studio.gui.train.run_header import RunHeader
from lunar_studio.gui.train.run_notes import MOST_CHARACTERS, read_note, write_note
from lunar_studio.gui.widgets.panel import Panel
from lunar_studio.paths import is_folder

# Previews get room for sprites of 32 pixels at twice their size where the window is as small as it may be.
# Nobody reads more than five figures a second; the machine is the trainer's, and the artist's.
_DRAW_INTERVAL_MS = 200
_PLOTS_PX = 360
_PREVIEWS_PX = 196


class RunView(QWidget):
    """What a run tells, drawn; what it told before is read from its folder bit by bit.

    Attributes:
        path: Folder of the run on show, or None.
        model_path: Its finished model, the newest of a run that goes, or None.
        failed: A note could not be kept; emitted with a `TrainingError`.
    """

    failed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("run-view")
        self.path: Path | None = None
        self.model_path: Path | None = None
        self._old: Iterator[list[TrainEvent]] | None = None
        self._waiting: list[TrainEvent] = []
        self._reader = QTimer(self)
        self._reader.setInterval(0)
        self._reader.timeout.connect(self._read_more)
        self.history = LossHistory()
        self.header = RunHeader()
        self.plots = LossPlotsView()
        self.timeline = PreviewTimeline()
        self.previews = self.timeline.strip
        self._is_stale = False
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_DRAW_INTERVAL_MS)
        self._rest.timeout.connect(self._draw_what_came)
        head = Panel()
        head.column.addWidget(self.header)
        self.note = QLineEdit()
        self.note.setAccessibleName("Note")
        self.note.setPlaceholderText("A note on this run…")
        self.note.setMaxLength(MOST_CHARACTERS)
        self.note.editingFinished.connect(self._on_note)
        head.column.addWidget(self.note)
        curves = Panel()
        curves.column.addWidget(self.plots)
        pictures = Panel()
        pictures.column.addWidget(self.timeline)
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.setHandleWidth(2 * SPACE_PX)
        split.addWidget(curves)
        split.addWidget(pictures)
        split.setSizes([_PLOTS_PX, _PREVIEWS_PX])
        split.setStretchFactor(0, 2)
        split.setStretchFactor(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2 * SPACE_PX)
        column.addWidget(head)
        column.addWidget(split, 1)

    def begin(self, path: Path, status: str, old: Iterator[list[TrainEvent]] | None = None) -> None:
        """Show another run.

        Args:
            path: Its folder.
            status: One line on how it is.
            old: What it told before, a few thousand events at a time.
        """
        self.path = path
        self.set_model(None)
        self.history = LossHistory()
        self.header.show_run(path.name, status)
        self.note.setText(read_note(path))
        self.timeline.open(path)
        self._is_stale = False
        self.plots.show_history(self.history)
        self.plots.fit()
        self._waiting = []
        self._old = old
        if old is not None:
            self._reader.start()

    def set_model(self, path: Path | None, *, is_finished: bool = True) -> None:
        """Offer the finished model, or a model of this moment; or none."""
        self.model_path = path
        self.header.offer_model(path is not None, is_finished=is_finished)

    def add(self, events: Iterable[TrainEvent]) -> None:
        """Take in what the run has just told."""
        told = tuple(events)
        self.header.add(told)
        previews = [event for event in told if isinstance(event, PreviewReady)]
        milestones = [event for event in told if isinstance(event, MilestoneSaved)]
        if milestones:
            self.set_model(milestones[-1].path, is_finished=False)
        if previews:
            self.timeline.add(previews[-1])
        if self._old is not None:
            self._waiting.extend(told)
        elif self.history.add(told):
            self._redraw()

    @Slot()
    def _read_more(self) -> None:
        """A part of what the run told before; what it tells now waits until all of that is read."""
        events = next(self._old, None) if self._old is not None else None
        if events is None:
            self._reader.stop()
            self._old = None
            events, self._waiting = self._waiting, []
        if self.history.add(events):
            self._redraw()

    @Slot()
    def _on_note(self) -> None:
        if self.path is None or not is_folder(self.path) or self.note.text() == read_note(self.path):
            return
        try:
            write_note(self.path, self.note.text())
        except TrainingError as error:
            self.failed.emit(error)

    def _redraw(self) -> None:
        """Draw the curves, but only where somebody sees them, and not too often."""
        self._is_stale = True
        if self.isVisible() and not self._rest.isActive():
            self._draw()

    def _draw(self) -> None:
        self._is_stale = False
        self.plots.show_history(self.history)
        self._rest.start()

    @Slot()
    def _draw_what_came(self) -> None:
        if self._is_stale and self.isVisible():
            self._draw()

    def showEvent(self, event: QShowEvent) -> None:
        """Draw what came while nobody looked."""
        super().showEvent(event)
        if self._is_stale:
            self._draw()
