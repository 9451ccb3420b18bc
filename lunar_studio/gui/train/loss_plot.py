"""One loss over the steps: in training, on held-out sprites, and what the cursor points at."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtWidgets import QWidget

from lunar_studio.gui import theme
from lunar_studio.gui.train.loss_history import F64, LossHistory, smoothed
from lunar_studio.gui.train.step_plot import StepPlot, figure_words, nearest, value_at
from lunar_studio.gui.widgets.labels import Label


class LossPlot(StepPlot):
    """A loss in training, faint as it came and bold as smoothed, and on held-out sprites.

    Args:
        name: The loss's name in events, e.g. `recon`.
        title: The same in words.
        tip: What it means, and which way is better.
        can_log: Whether it offers a logarithmic axis.
        parent: Its owner.
    """

    def __init__(
        self, name: str, title: str, tip: str, parent: QWidget | None = None, *, can_log: bool = False
    ) -> None:
        super().__init__(name, title, tip, parent, can_log=can_log)
        self._training: tuple[F64, F64] = (np.empty(0), np.empty(0))
        self._validation: tuple[F64, F64] = (np.empty(0), np.empty(0))
        self._smooth: F64 = np.empty(0)
        self._training_text = Label(size="small", role="accent")
        self._validation_text = Label(size="small", role="good")
        self._readouts.addWidget(self._training_text)
        self._readouts.addWidget(self._validation_text)
        item = self.widget.getPlotItem()
        self._raw_curve = item.plot()
        self._smooth_curve = item.plot()
        self._validation_curve = item.plot(symbol="o", symbolSize=5)
        self._dress()

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

    @property
    def has_curve(self) -> bool:
        """Whether there is anything to see."""
        return len(self._training[0]) > 0

    @property
    def readout(self) -> tuple[str, str]:
        """What is written beside the title: training and held out."""
        return self._training_text.text(), self._validation_text.text()

    def _read_out(self) -> None:
        at = "" if self.cursor_step != self.cursor_step else f" at {self._nearest_step():,.0f}"
        trained = value_at(self._training[0], self._smooth, self.cursor_step)
        held_out = value_at(*self._validation, self.cursor_step)
        self._training_text.setText("" if trained is None else f"training {figure_words(trained)}{at}")
        self._validation_text.setText("" if held_out is None else f"held out {figure_words(held_out)}")

    def _nearest_step(self) -> float:
        steps = self._training[0]
        return float(steps[nearest(steps, self.cursor_step)]) if len(steps) else self.cursor_step

    def _dress_curves(self, tokens: theme.Tokens) -> None:
        self._raw_curve.setPen(pg.mkPen(theme.colour(tokens.accent, 0.3), width=1))
        self._smooth_curve.setPen(pg.mkPen(theme.colour(tokens.accent), width=1))
        self._validation_curve.setPen(pg.mkPen(theme.colour(tokens.good), width=1))
        self._validation_curve.setSymbolBrush(theme.colour(tokens.good))
        self._validation_curve.setSymbolPen(None)
