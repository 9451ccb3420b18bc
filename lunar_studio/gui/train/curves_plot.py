"""Several named curves in one plot, told apart by colour: the shares of the experts, or two runs."""

from __future__ import annotations

from collections.abc import Sequence

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from lunar_studio.core.step_series import StepSeries
from lunar_studio.gui import theme
from lunar_studio.gui.train.figure_axis import figure_words
from lunar_studio.gui.train.followed_curve import FollowedCurve
from lunar_studio.gui.train.loss_history import EXPERT, LossHistory
from lunar_studio.gui.train.step_curve import StepCurve
from lunar_studio.gui.train.step_plot import StepPlot, value_at
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
        self._curves: list[StepCurve] = []
        self._texts: list[Label] = []
        self._dress()

    def show_curves(self, curves: Sequence[tuple[str, StepSeries]]) -> None:
        """Draw other curves, or the same that have grown: name and numbers of each."""
        self._names = tuple(name for name, _ in curves)
        while len(self._curves) < len(curves):
            self._curves.append(StepCurve())
            self.widget.getPlotItem().addItem(self._curves[-1])
            self._texts.append(Label(size="small"))
            self._readouts.addWidget(self._texts[-1])
            self._dress_curves(theme.current())
        for index, curve in enumerate(self._curves):
            is_used = index < len(curves)
            curve.show_series(curves[index][1] if is_used else StepSeries())
            self._texts[index].setVisible(is_used)
        self._read_out()

    @property
    def has_curve(self) -> bool:
        """Whether there is anything to see."""
        return any(len(curve.series) for curve in self._curves)

    @property
    def readout(self) -> tuple[str, ...]:
        """What is written beside the title, of each curve."""
        return tuple(text.text() for text in self._texts[: len(self._names)])

    def _read_out(self) -> None:
        for name, curve, text in zip(self._names, self._curves, self._texts, strict=False):
            value = value_at(curve.series, self.cursor_step)
            text.setText(name if value is None else f"{name} {self._words(value)}")

    def _words(self, value: float) -> str:
        return figure_words(value)

    def _dress_curves(self, tokens: theme.Tokens) -> None:
        for index, (curve, text) in enumerate(zip(self._curves, self._texts, strict=True)):
            colour = getattr(tokens, _TOKENS[index % len(_TOKENS)])
            # The second round of colours is dashed.
            style = Qt.PenStyle.SolidLine if index < len(_TOKENS) else Qt.PenStyle.DashLine
            curve.set_pen(pg.mkPen(theme.colour(colour), width=1, style=style))
            text.setStyleSheet(f"color: {colour};")


class SharesPlot(CurvesPlot):
    """The experts of a run: how much each of them has to say, on average over a batch."""

    def __init__(
        self, name: str, title: str, tip: str, parent: QWidget | None = None, *, can_log: bool = False
    ) -> None:
        super().__init__(name, title, tip, parent, can_log=can_log)
        self._followed: dict[str, FollowedCurve] = {}

    def show_history(self, history: LossHistory, window: int) -> None:
        """Draw a run's experts; `window` is the smoothing, in points."""
        names = [name for name in history.table("training").names if name.startswith(EXPERT)]
        self._followed = {name: self._followed.get(name) or FollowedCurve(name, "training") for name in names}
        for followed in self._followed.values():
            followed.follow(history, window)
        self.show_curves([(f"{name.removeprefix(EXPERT)}:", one.smooth) for name, one in self._followed.items()])

    def _words(self, value: float) -> str:
        return f"{value:.0%}"
