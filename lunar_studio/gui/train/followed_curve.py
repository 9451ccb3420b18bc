"""A loss of a run that is plotted while it grows: what is new is taken in, what was there stays as it is. Qt-free."""

from __future__ import annotations

import numpy as np

from lunar_studio.core.step_series import F64, StepSeries
from lunar_studio.gui.train.loss_history import LossHistory, Part, Table, smoothed


class FollowedCurve:
    """One column of a run's history, as it came and smoothed.

    Args:
        name: The column.
        part: Of training or of held-out sprites.

    Attributes:
        raw: As it came, without the rows that have no such number.
        smooth: The mean of each number and those before it; `raw` itself where nothing is smoothed.
    """

    def __init__(self, name: str, part: Part) -> None:
        self.name = name
        self._part: Part = part
        self.raw = StepSeries()
        self.smooth = self.raw
        self._table: Table | None = None
        self._revision = 0
        self._rows = 0
        self._window = 1

    def follow(self, history: LossHistory, window: int = 1) -> None:
        """Be as the history is now; quick where it has only grown since.

        Args:
            history: Of the run.
            window: Numbers averaged; 1 smooths nothing.
        """
        table = history.table(self._part)
        if table is not self._table or table.revision != self._revision:
            self._table, self._revision, self._rows = table, table.revision, 0
            self.raw = StepSeries()
        elif window == self._window:
            self._smooth_new(self._take_new(table))
            return
        self._take_new(table)
        self._window = window
        self.smooth = self.raw if window == 1 else StepSeries(self.raw.steps, smoothed(self.raw.values, window))

    def _take_new(self, table: Table) -> int:
        """Take in the rows that were not there before; returns how many of them have a number."""
        first, self._rows = self._rows, len(table)
        if self.name not in table.names:
            return 0
        values = table.column(self.name)[first:]
        present = np.isfinite(values)
        self.raw.extend(table.steps[first:][present], values[present])
        return int(present.sum())

    def _smooth_new(self, count: int) -> None:
        if self.smooth is self.raw or not count:
            return
        # A trailing mean is made of the last numbers alone.
        tail: F64 = self.raw.values[-(count + self._window - 1) :]
        self.smooth.extend(self.raw.steps[-count:], smoothed(tail, self._window)[-count:])
