"""One loss over the steps: in training, on held-out sprites, and what the cursor points at."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from lunar_studio.gui import theme
from lunar_studio.gui.theme import SPACE_PX
from lunar_studio.gui.train.loss_history import F64, LossHistory, smoothed
from lunar_studio.gui.widgets.labels import Label

_AXIS_PX = 12 * SPACE_PX
_ZOOM = 0.8


class LossPlot(QWidget):
    """A titled plot with a log switch and a readout of training and held-out values.

    Zoom with the wheel, pan by dragging; with the keyboard: arrows move the cursor, plus and minus zoom, Home
    shows everything.

    Args:
        name: The loss's name in events, e.g. `recon`.
        title: The same in words.
        tip: What it means, and which way is better.
        can_log: Whether it offers a logarithmic axis.
        parent: Its owner.

    Attributes:
        pointed: The cursor moved: emitted with the step, or nan when it left.
    """

    pointed = Signal(float)

    def __init__(
        self, name: str, title: str, tip: str, parent: QWidget | None = None, *, can_log: bool = False
    ) -> None:
        super().__init__(parent)
        self.name = name
        self.setObjectName(f"loss-plot-{name}")
        self._title = title
        self._training: tuple[F64, F64] = (np.empty(0), np.empty(0))
        self._validation: tuple[F64, F64] = (np.empty(0), np.empty(0))
        self._smooth: F64 = np.empty(0)
        self._cursor = float("nan")
        self.widget = pg.PlotWidget(self, background=None, viewBox=pg.ViewBox(enableMenu=False))
        self.widget.setAccessibleName(f"{title} over steps")
        self.widget.setToolTip(f"{tip}\nWheel zooms, dragging moves, Home shows everything.")
        self.widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.widget.installEventFilter(self)
        self.widget.scene().sigMouseMoved.connect(self._on_mouse_moved)
        self._heading = Label(title, bold=True)
        self._heading.setToolTip(tip)
        self._training_text = Label(size="small", role="accent")
        self._validation_text = Label(size="small", role="good")
        self._note = Label(size="small", role="muted")
        self.log_button = QPushButton("log")
        self._build(can_log=can_log)
        self._dress()

    def _build(self, *, can_log: bool) -> None:
        self.log_button.setCheckable(True)
        self.log_button.setProperty("role", "quiet")
        self.log_button.setAccessibleName(f"Logarithmic axis for {self._title}")
        self.log_button.setToolTip("Logarithmic axis: small changes late in a run become visible.")
        self.log_button.setVisible(can_log)
        self.log_button.toggled.connect(self.set_log)
        row = QHBoxLayout()
        row.setSpacing(3 * SPACE_PX)
        row.addWidget(self._heading)
        row.addWidget(self._training_text)
        row.addWidget(self._validation_text)
        row.addWidget(self._note)
        row.addStretch(1)
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
        item.setDownsampling(auto=True, mode="peak")
        item.setClipToView(True)
        item.showGrid(x=False, y=True, alpha=0.15)
        item.getAxis("left").setWidth(_AXIS_PX)
        item.getAxis("left").enableAutoSIPrefix(False)
        item.getAxis("bottom").enableAutoSIPrefix(False)
        item.vb.setMouseEnabled(x=True, y=False)
        item.vb.setLimits(xMin=0.0)
        self._raw_curve = item.plot()
        self._smooth_curve = item.plot()
        self._validation_curve = item.plot(symbol="o", symbolSize=5)
        self._line = pg.InfiniteLine(angle=90)
        self._line.hide()
        item.addItem(self._line, ignoreBounds=True)

    # ---- what is shown ---------------------------------------------------------------------------

    def show_history(self, history: LossHistory, window: int) -> None:
        """Draw a run's curves; `window` is the smoothing, in points."""
        steps, values = history.curve(self.name, "training")
        self._training = (steps, values)
        self._validation = history.curve(self.name, "validation")
        self._smooth = smoothed(values, window)
        self._raw_curve.setData(steps, values)
        self._raw_curve.setVisible(window > 1)
        self._smooth_curve.setData(steps, self._smooth)
        self._validation_curve.setData(*self._validation)
        self._read_out()

    def set_note(self, note: str) -> None:
        """Say why there is no curve; empty to say nothing."""
        self._note.setText(note)

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
        axis.setHeight(5 * SPACE_PX if is_last else SPACE_PX)

    def fit(self) -> None:
        """Show everything, and follow what comes."""
        self.widget.getPlotItem().vb.enableAutoRange()

    def set_cursor(self, step: float) -> None:
        """Point at a step, or nowhere for nan."""
        self._cursor = step
        self._line.setVisible(step == step)  # noqa: PLR0124 - false for nan alone
        if step == step:  # noqa: PLR0124
            self._line.setValue(step)
        self._read_out()

    @property
    def readout(self) -> tuple[str, str]:
        """What is written beside the title: training and held out."""
        return self._training_text.text(), self._validation_text.text()

    def _read_out(self) -> None:
        at = "" if self._cursor != self._cursor else f" at {self._nearest_step():,.0f}"
        trained = _value_at(self._training[0], self._smooth, self._cursor)
        held_out = _value_at(*self._validation, self._cursor)
        self._training_text.setText("" if trained is None else f"training {_figure(trained)}{at}")
        self._validation_text.setText("" if held_out is None else f"held out {_figure(held_out)}")

    def _nearest_step(self) -> float:
        steps = self._training[0]
        return float(steps[_nearest(steps, self._cursor)]) if len(steps) else self._cursor

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
                step = self._cursor if self._cursor == self._cursor else high
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
        self._raw_curve.setPen(pg.mkPen(theme.colour(tokens.accent, 0.3), width=1))
        self._smooth_curve.setPen(pg.mkPen(theme.colour(tokens.accent), width=1))
        self._validation_curve.setPen(pg.mkPen(theme.colour(tokens.good), width=1))
        self._validation_curve.setSymbolBrush(theme.colour(tokens.good))
        self._validation_curve.setSymbolPen(None)
        self._line.setPen(pg.mkPen(theme.colour(tokens.muted), width=1))

    def changeEvent(self, event: QEvent) -> None:
        """Take on the colours of a new theme."""
        if event.type() == QEvent.Type.StyleChange:
            self._dress()
        super().changeEvent(event)


def _nearest(steps: F64, step: float) -> int:
    right = int(np.searchsorted(steps, step))
    if right == 0:
        return 0
    if right == len(steps) or step - steps[right - 1] <= steps[right] - step:
        return right - 1
    return right


def _value_at(steps: F64, values: F64, step: float) -> float | None:
    """The value nearest to `step`, the last for nan, None where there is no curve."""
    if not len(values):
        return None
    return float(values[-1] if step != step else values[_nearest(steps, step)])  # noqa: PLR0124


def _figure(value: float) -> str:
    """Four digits, and thousands in full: `25,040` and not `2.504e+04`."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
