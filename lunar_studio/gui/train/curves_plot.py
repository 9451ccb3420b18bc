"""Several named curves in one plot, told apart by colour: the shares of the experts, or two runs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from lunar_studio.gui import theme
from lunar_studio.gui.train.loss_history import EXPERT, F64, LossHistory, smoothed
from lunar_studio.gui.train.step_plot import StepPlot, figure_words, value_at
from lunar_studio.gui.widgets.labels import Label

_TOKENS = ("accent", "good", "focus", "bad", "text", "warn", "muted")


class CurvesPlot(StepPlot):
    """Curves by name; each has its value beside the title, in its colour.

    Args:
        name: What is plotted.
        title: The same in words.
        tip: What it means.
        can_log: Whether it offers a logarithmic axis.
        parent: Its owner.
    """

    def __init__(
        self, name: str, title: str, tip: str, parent: QWidget | None = None, *, can_log: bool = False
    ) -> None:
        super().__init__(name, title, tip, parent, can_log=can_log)
        self._names: tuple[str, ...] = ()
        self._data: list[tuple[F64, F64]] = []
        self._curves: list[pg.PlotDataItem] = []
        self._texts: list[Label] = []
        self._dress()

    def show_curves(self, curves: Sequence[tuple[str, F64, F64]]) -> None:
        """Draw other curves: name, steps and values of each."""
        self._names = tuple(name for name, _, _ in curves)
        self._data = [(steps, values) for _, steps, values in curves]
        while len(self._curves) < len(curves):
            self._curves.append(self.widget.getPlotItem().plot())
            self._texts.append(Label(size="small"))
            self._readouts.addWidget(self._texts[-1])
            self._dress_curves(theme.current())
        for index, curve in enumerate(self._curves):
            is_used = index < len(curves)
            curve.setData(*(self._data[index] if is_used else (np.empty(0), np.empty(0))))
            self._texts[index].setVisible(is_used)
        self._read_out()

    @property
    def has_curve(self) -> bool:
        """Whether there is anything to see."""
        return any(len(steps) for steps, _ in self._data)

    @property
    def readout(self) -> tuple[str, ...]:
        """What is written beside the title, of each curve."""
        return tuple(text.text() for text in self._texts[: len(self._names)])

    def _read_out(self) -> None:
        for name, (steps, values), text in zip(self._names, self._data, self._texts, strict=False):
            value = value_at(steps, values, self.cursor_step)
            text.setText(name if value is None else f"{name} {self._words(value)}")

    def _words(self, value: float) -> str:
        return figure_words(value)

    def _dress_curves(self, tokens: theme.Tokens) -> None:
        for index, (curve, text) in enumerate(zip(self._curves, self._texts, strict=True)):
            colour = getattr(tokens, _TOKENS[index % len(_TOKENS)])
            # The second round of colours is dashed.
            style = Qt.PenStyle.SolidLine if index < len(_TOKENS) else Qt.PenStyle.DashLine
            curve.setPen(pg.mkPen(theme.colour(colour), width=1, style=style))
            text.setStyleSheet(f"color: {colour};")


class SharesPlot(CurvesPlot):
    """The experts of a run: how much each of them has to say, on average over a batch."""

    def show_history(self, history: LossHistory, window: int) -> None:
        """Draw a run's experts; `window` is the smoothing, in points."""
        curves = []
        for name in history.table("training").names:
            if name.startswith(EXPERT):
                steps, values = history.curve(name, "training")
                curves.append((f"{name.removeprefix(EXPERT)}:", steps, smoothed(values, window)))
        self.show_curves(curves)

    def _words(self, value: float) -> str:
        return f"{value:.0%}"
