"""The three plots of a run, one above the other on one axis of steps, with their tools."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QSlider, QVBoxLayout, QWidget

from lunar_studio.errors import ExportError
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.train.loss_history import LossHistory
from lunar_studio.gui.train.loss_plot import LossPlot
from lunar_studio.gui.widgets.buttons import TextButton
from lunar_studio.gui.widgets.labels import Label

# Slider notch to points averaged: each notch about half as much again.
SMOOTHING = (1, 3, 5, 9, 15, 25, 50, 100, 200, 500, 1000)
_DEFAULT_NOTCH = 3

_PLOTS = (
    ("recon", "Reconstruction", "How far the model's copies of your sprites are from them. Lower is better.", True),
    ("kl", "KL", "How tidy the latent space is: lower means smoother sliders, too low means blurred sprites.", True),
    ("quality", "Quality", "What the teacher's judgement adds to the loss. Lower means better-judged sprites.", False),
)


class LossPlotsView(QWidget):
    """Reconstruction, KL and quality of one run.

    Attributes:
        failed: A file could not be written; emitted with an `ExportError`.
        exported: A file was written; emitted with its path.
    """

    failed = Signal(object)
    exported = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("loss-plots")
        self._history = LossHistory()
        self.plots = tuple(LossPlot(name, title, tip, can_log=can_log) for name, title, tip, can_log in _PLOTS)
        self.smoothing = QSlider(Qt.Orientation.Horizontal)
        self._smoothing_text = Label(size="small", role="muted")
        self._build()

    def _build(self) -> None:
        self.smoothing.setRange(0, len(SMOOTHING) - 1)
        self.smoothing.setValue(_DEFAULT_NOTCH)
        self.smoothing.setFixedWidth(24 * SPACE_PX)
        self.smoothing.setAccessibleName("Smoothing")
        self.smoothing.setToolTip(
            "Smoothing: the bold curve is the mean of this many steps; the faint one is as it came."
        )
        self.smoothing.valueChanged.connect(self._on_smoothing_changed)
        self._smoothing_text.setMinimumWidth(20 * SPACE_PX)
        fit = TextButton("Fit", role="quiet", icon_name="fit", tip="Show the whole run and follow it (Home).")
        fit.clicked.connect(self.fit)
        as_csv = TextButton("CSV", role="quiet", icon_name="export", tip="Save every number as a table.")
        as_csv.setAccessibleName("Save the numbers as CSV")
        as_csv.clicked.connect(self._ask_csv)
        as_png = TextButton("PNG", role="quiet", icon_name="image", tip="Save the plots as they are shown.")
        as_png.setAccessibleName("Save the plots as PNG")
        as_png.clicked.connect(self._ask_png)
        row = QHBoxLayout()
        row.setSpacing(2 * SPACE_PX)
        row.addWidget(Label("Smoothing", size="small", role="muted"))
        row.addWidget(self.smoothing)
        row.addWidget(self._smoothing_text)
        row.addStretch(1)
        for button in (fit, as_csv, as_png):
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_PX)
        column.addLayout(row)
        for plot in self.plots:
            column.addWidget(plot, 1)
            plot.pointed.connect(self._on_pointed)
            plot.set_last(plot is self.plots[-1])
            if plot is not self.plots[0]:
                plot.widget.getPlotItem().setXLink(self.plots[0].widget)
        self._name_smoothing()

    def show_history(self, history: LossHistory) -> None:
        """Draw a run; call again when it has grown."""
        self._history = history
        self._redraw()

    def _redraw(self) -> None:
        for plot in self.plots:
            plot.show_history(self._history, self._points_averaged())
        quality = self.plots[-1]
        has_quality = len(self._history.curve(quality.name, "training")[0]) > 0
        waits = len(self._history) > 0 and not has_quality
        quality.set_note("The teacher does not guide the model in this run yet." if waits else "")

    def _points_averaged(self) -> int:
        return SMOOTHING[self.smoothing.value()]

    @Slot()
    def fit(self) -> None:
        """Show the whole run, and follow it."""
        for plot in self.plots:
            plot.fit()

    @Slot(float)
    def _on_pointed(self, step: float) -> None:
        for plot in self.plots:
            plot.set_cursor(step)

    @Slot(int)
    def _on_smoothing_changed(self, notch: int) -> None:
        del notch
        self._name_smoothing()
        self._redraw()

    def _name_smoothing(self) -> None:
        points = self._points_averaged()
        self._smoothing_text.setText("off" if points == 1 else f"{points} steps")

    # ---- files -----------------------------------------------------------------------------------

    @Slot()
    def _ask_csv(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Save the numbers", "losses.csv", "Table (*.csv)")
        if name:
            self.write_csv(Path(name))

    @Slot()
    def _ask_png(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Save the plots", "losses.png", "Picture (*.png)")
        if name:
            self.write_png(Path(name))

    def write_csv(self, path: Path) -> None:
        """Write every number of the run; `exported` or `failed` answers."""
        try:
            self._history.write_csv(path)
        except ExportError as error:
            self.failed.emit(error)
        else:
            self.exported.emit(path)

    def write_png(self, path: Path) -> None:
        """Write the plots as they are shown; `exported` or `failed` answers."""
        if self.grab().save(str(path), "PNG"):
            self.exported.emit(path)
        else:
            self.failed.emit(ExportError(f"“{path.name}” cannot be written.", hint="Choose another folder."))
