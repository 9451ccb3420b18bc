"""A titled plot over the steps of a run: pointing, zoom, a log switch; subclasses draw the curves."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGraphicsItem, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from lunar_studio.core.step_series import F64, StepSeries
from lunar_studio.gui import theme
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.train.figure_axis import FigureAxis
from lunar_studio.gui.widgets.labels import ElidedLabel, Label

_AXIS_PX = 12 * SPACE_PX
_ZOOM = 0.8
SMALLEST_PX = 22 * SPACE_PX


class StepPlot(QWidget):
    """A titled plot over steps, with a log switch and room for readouts beside the title.

    Zoom with the wheel, pan by dragging; with the keyboard: arrows move the cursor, plus and minus zoom, Home
    shows everything.

    Args:
        name: What is plotted, as events call it, e.g. `recon`.
        title: The same in words.
        tip: What it means, and which way is better.
        can_log: Whether it offers a logarithmic axis.
        parent: Its owner.

    Attributes:
        pointed: The cursor moved: emitted with the step, or nan when it left.
        cursor_step: What it points at; nan for nowhere.
    """

    pointed = Signal(float)

    def __init__(
        self, name: str, title: str, tip: str, parent: QWidget | None = None, *, can_log: bool = False
    ) -> None:
        super().__init__(parent)
        self.name = name
        self.setObjectName(f"loss-plot-{name}")
        self._title = title
        self.cursor_step = float("nan")
        self.widget = pg.PlotWidget(
            self, background=None, viewBox=pg.ViewBox(enableMenu=False), axisItems={"left": FigureAxis("left")}
        )
        self.widget.setAccessibleName(f"{title} over steps")
        self.widget.setToolTip(f"{tip}\nWheel zooms, dragging moves, Home shows everything.")
        self.widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.widget.installEventFilter(self)
        self.widget.scene().sigMouseMoved.connect(self._on_mouse_moved)
        self._heading = Label(title, bold=True)
        self._heading.setToolTip(tip)
        self._readouts = QHBoxLayout()
        self._note = ElidedLabel(size="small", role="muted")
        self.log_button = QPushButton("log")
        self.setMinimumHeight(SMALLEST_PX)
        self._build_frame(can_log=can_log)

    def _build_frame(self, *, can_log: bool) -> None:
        self.log_button.setCheckable(True)
        self.log_button.setProperty("role", "quiet")
        self.log_button.setAccessibleName(f"Logarithmic axis for {self._title}")
        self.log_button.setToolTip("Logarithmic axis: small changes late in a run become visible.")
        self.log_button.setVisible(can_log)
        self.log_button.toggled.connect(self.set_log)
        row = QHBoxLayout()
        row.setSpacing(3 * SPACE_PX)
        row.addWidget(self._heading)
        self._readouts.setSpacing(3 * SPACE_PX)
        row.addLayout(self._readouts)
        row.addWidget(self._note, 1)
        row.addWidget(self.log_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row)
        column.addWidget(self.widget, 1)
        item = self.widget.getPlotItem()
        item.setMenuEnabled(False)
        # Never shown; without a parent it would outlive the plot, and as a plain child it would cover it.
        item.ctrlMenu.setParent(self, Qt.WindowType.Popup)
        item.hideButtons()
        item.showGrid(x=False, y=True, alpha=0.15)
        for side in ("left", "bottom"):
            # An axis changes rarely, but would be painted with every step: a third of the time of a redraw (measured).
            item.getAxis(side).setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
        item.getAxis("left").setWidth(_AXIS_PX)
        item.getAxis("left").enableAutoSIPrefix(False)
        item.getAxis("bottom").enableAutoSIPrefix(False)
        item.vb.setMouseEnabled(x=True, y=False)
        item.vb.setLimits(xMin=0.0)
        self._line = pg.InfiniteLine(angle=90)
        self._line.hide()
        item.addItem(self._line, ignoreBounds=True)

    # ---- what subclasses say ---------------------------------------------------------------------

    @property
    @abstractmethod
    def has_curve(self) -> bool:
        """Whether there is anything to see."""

    @abstractmethod
    def _read_out(self) -> None:
        """Write the values at the cursor, or the last, beside the title."""

    @abstractmethod
    def _dress_curves(self, tokens: theme.Tokens) -> None:
        """Colour the curves."""

    # ---- what is shown ---------------------------------------------------------------------------

    def set_note(self, note: str) -> None:
        """Say why there is no curve; empty to say nothing."""
        self._note.set_text(note)

    @Slot(bool)
    def set_log(self, log: bool) -> None:
        """Switch the logarithmic axis."""
        self.log_button.setChecked(log)
        self.widget.getPlotItem().setLogMode(y=log)
        self.widget.getPlotItem().vb.enableAutoRange(pg.ViewBox.YAxis)

    def set_last(self, is_last: bool) -> None:
        """Whether it is the lowest of several that share their axis of steps, and so writes its numbers."""
        axis = self.widget.getPlotItem().getAxis("bottom")
        axis.setStyle(showValues=is_last)
        axis.setTicks(None if is_last else [])
        axis.setHeight(5 * SPACE_PX if is_last else SPACE_PX)

    def fit(self) -> None:
        """Show everything, and follow what comes."""
        self.widget.getPlotItem().vb.enableAutoRange()

    def settle(self) -> None:
        """Take on the range of what is drawn now; when painting is about to begin, linked plots are painted twice."""
        self.widget.getPlotItem().vb.updateAutoRange()

    def set_cursor(self, step: float) -> None:
        """Point at a step, or nowhere for nan."""
        self.cursor_step = step
        self._line.setVisible(step == step)  # noqa: PLR0124 - false for nan alone
        if step == step:  # noqa: PLR0124
            self._line.setValue(step)
        self._read_out()

    # ---- pointing --------------------------------------------------------------------------------

    @Slot(QPointF)
    def _on_mouse_moved(self, position: QPointF) -> None:
        item = self.widget.getPlotItem()
        inside = item.vb.sceneBoundingRect().contains(position)
        self.pointed.emit(item.vb.mapSceneToView(position).x() if inside else float("nan"))

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        """Keys of the plot, and the mouse leaving it."""
        if watched is not self.widget:
            return False
        if event.type() == QEvent.Type.Leave:
            self.pointed.emit(float("nan"))
        elif event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._on_key(Qt.Key(event.key()))
        return False

    def _on_key(self, key: Qt.Key) -> bool:
        box = self.widget.getPlotItem().vb
        low, high = box.viewRange()[0]
        match key:
            case Qt.Key.Key_Left | Qt.Key.Key_Right:
                step = self.cursor_step if self.cursor_step == self.cursor_step else high
                move = (high - low) / 100 * (1 if key == Qt.Key.Key_Right else -1)
                self.pointed.emit(min(max(step + move, low), high))
            case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
                box.scaleBy(x=_ZOOM)
            case Qt.Key.Key_Minus:
                box.scaleBy(x=1 / _ZOOM)
            case Qt.Key.Key_Home | Qt.Key.Key_0:
                self.fit()
            case Qt.Key.Key_Escape:
                self.pointed.emit(float("nan"))
            case _:
                return False
        return True

    # ---- looks -----------------------------------------------------------------------------------

    def _dress(self) -> None:
        tokens = theme.current()
        item = self.widget.getPlotItem()
        for name in ("left", "bottom"):
            axis = item.getAxis(name)
            axis.setPen(pg.mkPen(theme.colour(tokens.line)))
            axis.setTextPen(pg.mkPen(theme.colour(tokens.muted)))
            axis.setTickFont(theme.font("small"))
        self._line.setPen(pg.mkPen(theme.colour(tokens.muted), width=1))
        self._dress_curves(tokens)

    def changeEvent(self, event: QEvent) -> None:
        """Take on the colours of a new theme."""
        if event.type() == QEvent.Type.StyleChange:
            self._dress()
        super().changeEvent(event)


def nearest(steps: F64, step: float) -> int:
    """Row of the step nearest to `step`, of at least one."""
    right = int(np.searchsorted(steps, step))
    if right == 0:
        return 0
    if right == len(steps) or step - steps[right - 1] <= steps[right] - step:
        return right - 1
    return right


def value_at(series: StepSeries, step: float) -> float | None:
    """The number nearest to `step`, the last for nan, None where there is no curve."""
    if not len(series):
        return None
    return float(series.values[-1 if step != step else nearest(series.steps, step)])  # noqa: PLR0124
