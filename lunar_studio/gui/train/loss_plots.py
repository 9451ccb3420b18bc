"""The plots of a run, one above the other on one axis of steps, with their tools; which are shown is chosen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QMenu, QScrollArea, QSlider, QVBoxLayout, QWidget

from lunar_studio.errors import ExportError
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.train.curves_plot import SharesPlot
from lunar_studio.gui.train.loss_history import LossHistory
from lunar_studio.gui.train.loss_plot import LossPlot
from lunar_studio.gui.widgets.buttons import TextButton
from lunar_studio.gui.widgets.labels import Label

# Slider notch to points averaged: each notch about half as much again.
SMOOTHING = (1, 3, 5, 9, 15, 25, 50, 100, 200, 500, 1000)
_DEFAULT_NOTCH = 3


@dataclass(frozen=True, slots=True)
class Curve:
    """One entry of the table of plots.

    Attributes:
        name: As in events.
        title: In words.
        tip: What it means, and which way is better.
        can_log: Whether a logarithmic axis makes sense.
        is_shown: Whether it is on the screen until something else is chosen.
        is_set: Whether it is set by a schedule, and so drawn as it is and never smoothed.
        missing: Said in its place where a run has no such numbers.
    """

    name: str
    title: str
    tip: str
    can_log: bool = False
    is_shown: bool = False
    is_set: bool = False
    missing: str = "This run has no such numbers yet."


EXPERT_SHARES = "expert_shares"
CURVES = (
    Curve(
        "recon",
        "Reconstruction",
        "How far the model's copies of your sprites are from them. Lower is better.",
        can_log=True,
        is_shown=True,
    ),
    Curve(
        "kl",
        "KL",
        "How tidy the latent space is: lower means smoother sliders, too low means blurred sprites.",
        can_log=True,
        is_shown=True,
    ),
    Curve(
        "quality",
        "Quality",
        "What the teacher's judgement adds to the loss. Lower means better-judged sprites.",
        is_shown=True,
        missing="The teacher does not guide the model in this run yet.",
    ),
    Curve(
        "semantic",
        "Semantic",
        "How far a copy's meaning, as the teacher sees it, is from the original's. Lower is better.",
        missing="This run has no captions to learn meaning from.",
    ),
    Curve(
        "learning_rate",
        "Learning rate",
        "How large the steps are in which the model changes. It rises at first, then falls to the end.",
        can_log=True,
        is_set=True,
    ),
    Curve(
        "kl_weight",
        "KL weight",
        "How much KL counts beside reconstruction; it grows from nothing at first.",
        is_set=True,
    ),
    Curve(
        "gradient_norm",
        "Gradient norm",
        "How hard a batch pulls at the model. High spikes are cut; if they never end, lower the learning rate.",
        can_log=True,
    ),
    Curve(
        EXPERT_SHARES,
        "Experts",
        "How much each of the teacher's experts has to say. One alone near 100 % is a bad sign.",
        missing="No teacher learns in this run yet.",
    ),
)


class LossPlotsView(QWidget):
    """Curves of one run; reconstruction, KL and quality to begin with.

    Attributes:
        plots: Every plot, in the order of `CURVES`; those that are not chosen are hidden, and not drawn.
        failed: A file could not be written; emitted with an `ExportError`.
        exported: A file was written; emitted with its path.
    """

    failed = Signal(object)
    exported = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("loss-plots")
        self._history = LossHistory()
        self.plots = tuple(_plot(curve) for curve in CURVES)
        self.curves_button = TextButton(
            "Curves", role="quiet", icon_name="train", tip="Choose what is plotted: rates, weights, gradients, experts."
        )
        self._choices: dict[str, QAction] = {}
        self._stack = QWidget()
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
        self.curves_button.setMenu(self._menu())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_PX)
        column.addLayout(self._tools())
        column.addWidget(self._scrolled(), 1)
        self._name_smoothing()
        self._show_chosen()

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        for curve in CURVES:
            choice = menu.addAction(curve.title)
            choice.setObjectName(f"curve/{curve.name}")
            choice.setCheckable(True)
            choice.setChecked(curve.is_shown)
            choice.setToolTip(curve.tip)
            choice.toggled.connect(self._on_chosen)
            self._choices[curve.name] = choice
        return menu

    def _tools(self) -> QHBoxLayout:
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
        for button in (self.curves_button, fit, as_csv, as_png):
            row.addWidget(button)
        return row

    def _scrolled(self) -> QScrollArea:
        """The plots; they share the height there is, and scroll where that would make them too low."""
        stacked = QVBoxLayout(self._stack)
        stacked.setContentsMargins(0, 0, 0, 0)
        stacked.setSpacing(SPACE_PX)
        for plot in self.plots:
            stacked.addWidget(plot, 1)
            plot.pointed.connect(self._on_pointed)
            if plot is not self.plots[0]:
                plot.widget.getPlotItem().setXLink(self.plots[0].widget)
        area = QScrollArea()
        area.setWidget(self._stack)
        area.setAccessibleName("Plots")
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.viewport().setAutoFillBackground(False)
        self._stack.setAutoFillBackground(False)
        return area

    @property
    def shown(self) -> tuple[str, ...]:
        """Names of the plots that are on the screen."""
        return tuple(name for name, choice in self._choices.items() if choice.isChecked())

    def choose(self, *names: str) -> None:
        """Show these plots, and no others."""
        for name, choice in self._choices.items():
            choice.setChecked(name in names)

    @Slot()
    def _on_chosen(self) -> None:
        self._show_chosen()
        self._redraw()

    def _show_chosen(self) -> None:
        shown = self.shown
        for plot in self.plots:
            plot.setVisible(plot.name in shown)
            plot.set_last(bool(shown) and plot.name == shown[-1])

    def show_history(self, history: LossHistory) -> None:
        """Draw a run; call again when it has grown."""
        self._history = history
        self._redraw()

    def _redraw(self) -> None:
        shown = self.shown
        for plot, curve in zip(self.plots, CURVES, strict=True):
            if plot.name in shown:
                plot.show_history(self._history, 1 if curve.is_set else self._points_averaged())
                is_missing = len(self._history) > 0 and not plot.has_curve
                plot.set_note(curve.missing if is_missing else "")
        for plot in self.plots:
            if plot.name in shown:
                plot.settle()

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
        """Write all chosen plots, also those out of sight; `exported` or `failed` answers."""
        if self._stack.grab().save(str(path), "PNG"):
            self.exported.emit(path)
        else:
            self.failed.emit(ExportError(f"“{path.name}” cannot be written.", hint="Choose another folder."))


def _plot(curve: Curve) -> LossPlot | SharesPlot:
    kind = SharesPlot if curve.name == EXPERT_SHARES else LossPlot
    return kind(curve.name, curve.title, curve.tip, can_log=curve.can_log)
