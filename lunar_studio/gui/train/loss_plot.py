"""One loss over the steps: in training, on held-out sprites, and what the cursor points at."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtWidgets import QWidget

from lunar_studio.gui import theme
from lunar_studio.gui.train.figure_axis import figure_words
from lunar_studio.gui.train.followed_curve import FollowedCurve
from lunar_studio.gui.train.loss_history import LossHistory
from lunar_studio.gui.train.step_curve import StepCurve
from lunar_studio.gui.train.step_plot import StepPlot, nearest, value_at
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
        self._training = FollowedCurve(name, "training")
        self._validation = FollowedCurve(name, "validation")
        self._training_text = Label(size="small", role="accent")
        self._validation_text = Label(size="small", role="good")
        self._readouts.addWidget(self._training_text)
        self._readouts.addWidget(self._validation_text)
        self._raw_curve, self._smooth_curve, self._validation_curve = StepCurve(), StepCurve(), StepCurve(has_dots=True)
        for curve in (self._raw_curve, self._smooth_curve, self._validation_curve):
            self.widget.getPlotItem().addItem(curve)
        self._dress()

    def show_history(self, history: LossHistory, window: int) -> None:
        """Draw a run's curves; `window` is the smoothing, in points."""
        self._training.follow(history, window)
        self._validation.follow(history)
        self._raw_curve.show_series(self._training.raw)
        self._raw_curve.setVisible(window > 1)
        self._smooth_curve.show_series(self._training.smooth)
        self._validation_curve.show_series(self._validation.raw)
        self._read_out()

    @property
    def has_curve(self) -> bool:
        """Whether there is anything to see."""
        return len(self._training.raw) > 0

    @property
    def readout(self) -> tuple[str, str]:
        """What is written beside the title: training and held out."""
        return self._training_text.text(), self._validation_text.text()

    def _read_out(self) -> None:
        at = "" if self.cursor_step != self.cursor_step else f" at {self._nearest_step():,.0f}"
        trained = value_at(self._training.smooth, self.cursor_step)
        held_out = value_at(self._validation.raw, self.cursor_step)
        self._training_text.setText("" if trained is None else f"training {figure_words(trained)}{at}")
        self._validation_text.setText("" if held_out is None else f"held out {figure_words(held_out)}")

    def _nearest_step(self) -> float:
        steps = self._training.raw.steps
        return float(steps[nearest(steps, self.cursor_step)]) if len(steps) else self.cursor_step

    def _dress_curves(self, tokens: theme.Tokens) -> None:
        self._raw_curve.set_pen(pg.mkPen(theme.colour(tokens.accent, 0.3), width=1))
        self._smooth_curve.set_pen(pg.mkPen(theme.colour(tokens.accent), width=1))
        self._validation_curve.set_pen(pg.mkPen(theme.colour(tokens.good), width=1))
