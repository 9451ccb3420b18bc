"""Two runs side by side: their curves in the same plots, what was set differently, and what they draw."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QHeaderView, QTableWidget, QTableWidgetItem, QVBoxLayout, QWidget

from lunar_studio.core.config_fields import differences, format_value
from lunar_studio.core.events import TrainEvent
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.train.curves_plot import CurvesPlot
from lunar_studio.gui.train.followed_curve import FollowedCurve
from lunar_studio.gui.train.loss_history import LossHistory
from lunar_studio.gui.train.loss_plots import CURVES
from lunar_studio.gui.train.preview_strip import PreviewStrip
from lunar_studio.gui.train.run_records import RunRecord, read_metrics
from lunar_studio.gui.widgets.buttons import TextButton
from lunar_studio.gui.widgets.labels import ElidedLabel, Label
from lunar_studio.gui.widgets.panel import Panel
from lunar_studio.workers.preview_store import list_previews, read_preview

_COMPARED = ("recon", "kl", "quality")
_WINDOW = 9
_TABLE_PX = 34 * SPACE_PX
_PREVIEW_PX = 36 * SPACE_PX


class CompareView(QWidget):
    """An overlay of two runs.

    Args:
        parent: Its owner.

    Attributes:
        closed: The artist has seen enough.
        plots: Reconstruction, KL and quality, each with a curve of both runs.
        table: Settings in which they differ: name, first run, second run.
    """

    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("compare-view")
        self.records: tuple[RunRecord, ...] = ()
        self._histories: list[LossHistory] = []
        self._unread: list[tuple[LossHistory, Iterator[list[TrainEvent]]]] = []
        self._reader = QTimer(self)
        self._reader.setInterval(0)
        self._reader.timeout.connect(self._read_more)
        shown = [curve for curve in CURVES if curve.name in _COMPARED]
        self.plots = tuple(CurvesPlot(one.name, one.title, one.tip, can_log=one.can_log) for one in shown)
        self.table = QTableWidget(0, 3)
        self.strips = (PreviewStrip(), PreviewStrip())
        self._title = ElidedLabel(size="title")
        self._names = (ElidedLabel(size="small", role="accent"), ElidedLabel(size="small", role="good"))
        self.done_button = TextButton("Done", icon_name="close", tip="Back to the run that is chosen in the list.")
        self._same = Label(role="muted", wrap=True)
        self._build()

    def _build(self) -> None:
        self.done_button.clicked.connect(self.closed)
        head = Panel()
        top = QHBoxLayout()
        top.addWidget(self._title, 1)
        top.addWidget(self.done_button)
        head.column.addLayout(top)
        curves = Panel()
        for plot in self.plots:
            curves.column.addWidget(plot, 1)
            plot.pointed.connect(self._on_pointed)
            plot.set_last(plot is self.plots[-1])
            if plot is not self.plots[0]:
                plot.widget.getPlotItem().setXLink(self.plots[0].widget)
        self.table.setHorizontalHeaderLabels(["Setting", "", ""])
        self.table.setAccessibleName("Settings in which the runs differ")
        self.table.verticalHeader().hide()
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.table.setShowGrid(False)
        settings = Panel()
        settings.column.addWidget(Label("Set differently", bold=True))
        settings.column.addWidget(self._same)
        settings.column.addWidget(self.table, 1)
        settings.setMinimumHeight(_TABLE_PX)
        pictures = QHBoxLayout()
        pictures.setSpacing(2 * SPACE_PX)
        for name, strip in zip(self._names, self.strips, strict=True):
            panel = Panel()
            panel.column.addWidget(name)
            panel.column.addWidget(strip, 1)
            panel.setFixedHeight(_PREVIEW_PX + 8 * SPACE_PX)
            pictures.addWidget(panel, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2 * SPACE_PX)
        column.addWidget(head)
        column.addWidget(curves, 2)
        column.addWidget(settings, 1)
        column.addLayout(pictures)

    def show_runs(self, first: RunRecord, second: RunRecord) -> None:
        """Compare two runs; their curves are read bit by bit."""
        self.records = (first, second)
        self._title.set_text(f"{first.name}  and  {second.name}")
        self._histories = [LossHistory(), LossHistory()]
        self._unread = [
            (history, read_metrics(record.path)) for history, record in zip(self._histories, self.records, strict=True)
        ]
        for record, strip, name in zip(self.records, self.strips, self._names, strict=True):
            name.set_text(record.name)
            strip.clear()
            steps = list_previews(record.path)
            if steps and (kept := read_preview(record.path, steps[-1])) is not None:
                strip.show_preview(kept)
        self._show_settings(first, second)
        self._draw()
        self._reader.start()

    def _show_settings(self, first: RunRecord, second: RunRecord) -> None:
        self.table.setHorizontalHeaderLabels(["Setting", first.name, second.name])
        self.table.setRowCount(0)
        if first.config is None or second.config is None:
            self._same.setText("The settings of one of them cannot be read.")
            self.table.hide()
            return
        found = differences(second.config, first.config)
        self._same.setText("" if found else "Nothing: both were set alike.")
        self._same.setVisible(not found)
        self.table.setVisible(bool(found))
        self.table.setRowCount(len(found))
        for row, one in enumerate(found):
            for column, words in enumerate((one.title, format_value(one.base), format_value(one.value))):
                item = QTableWidgetItem(words)
                item.setToolTip(words)
                self.table.setItem(row, column, item)

    @Slot()
    def _read_more(self) -> None:
        if not self._unread:
            self._reader.stop()
            self._draw()
            return
        history, events = self._unread[0]
        if (told := next(events, None)) is None:
            self._unread.pop(0)
        else:
            history.add(told)

    def _draw(self) -> None:
        for plot in self.plots:
            curves = []
            for history, record in zip(self._histories, self.records, strict=True):
                followed = FollowedCurve(plot.name, "training")
                followed.follow(history, _WINDOW)
                curves.append((_short(record.name), followed.smooth))
            plot.show_curves(curves)
            plot.set_note("" if plot.has_curve else "Neither of them has such numbers.")
            plot.fit()

    @Slot(float)
    def _on_pointed(self, step: float) -> None:
        for plot in self.plots:
            plot.set_cursor(step)


def _short(name: str) -> str:
    return name if len(name) <= 24 else f"{name[:11]}…{name[-12:]}"
