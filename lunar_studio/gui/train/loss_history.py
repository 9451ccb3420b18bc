"""What a run has told so far, as columns of numbers: fast to plot, and written to a CSV as it came.

Qt-free. A run that goes back to an earlier step (after a resume, or when losses were not finite) takes
back what came after that step, so that a curve never runs backwards.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

import numpy as np

from lunar_studio.core.events import StepDone, TrainEvent, Validated
from lunar_studio.core.step_series import F64
from lunar_studio.errors import ExportError

_MOST_COLUMNS = 200
"""A file of somebody else's may name as many as it likes; what is beyond is not kept."""

Part = Literal["training", "validation"]

EXPERT = "expert_"
"""Columns of the experts' shares are called this and their number, from 1."""

MAX_ROWS = 500_000
"""Rows kept; beyond, every other one is dropped. 500,000 rows of 12 columns are 48 MB."""


class Table:
    """Growing columns of float64 over a growing column of steps; nan where a row has no such value.

    Attributes:
        revision: Counts what was done to rows that were there already: as long as it is the same, rows were only added.
    """

    def __init__(self, max_rows: int = MAX_ROWS) -> None:
        self.revision = 0
        self._max_rows = max_rows
        self._count = 0
        self._steps: F64 = np.empty(1024)
        self._columns: dict[str, F64] = {}

    def __len__(self) -> int:
        return self._count

    @property
    def names(self) -> tuple[str, ...]:
        """Columns besides the steps, in order of appearance."""
        return tuple(self._columns)

    @property
    def steps(self) -> F64:
        """The steps, rising; a view that is valid until the next `add`."""
        return self._steps[: self._count]

    def column(self, name: str) -> F64:
        """The values of `name` at `steps`, nan where there is none; a view, or new for an unknown name."""
        if name not in self._columns:
            return np.full(self._count, np.nan)
        return self._columns[name][: self._count]

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """Append a row; rows at this step or later are taken back first."""
        if self._count and step <= self._steps[self._count - 1]:
            self._count = int(np.searchsorted(self.steps, step))
            self.revision += 1
        if self._count == len(self._steps):
            self._make_room()
        row = self._count
        self._steps[row] = step
        for column in self._columns.values():
            column[row] = np.nan
        for name, value in values.items():
            if name not in self._columns:
                if len(self._columns) >= _MOST_COLUMNS:
                    continue
                self._columns[name] = np.full(len(self._steps), np.nan)
            self._columns[name][row] = value
        self._count += 1

    def _make_room(self) -> None:
        if self._count >= self._max_rows:
            keep = slice(0, self._count, 2)
            thinned = len(range(*keep.indices(self._count)))
            for column in (self._steps, *self._columns.values()):
                column[:thinned] = column[keep].copy()
            self._count = thinned
            self.revision += 1
            return
        room = min(2 * len(self._steps), max(self._max_rows, len(self._steps) + 1))
        self._steps = np.resize(self._steps, room)
        self._columns = {
            name: np.concatenate([column, np.full(room - len(column), np.nan)])
            for name, column in self._columns.items()
        }


class LossHistory:
    """The losses and schedules of one run, in training and on held-out sprites.

    Args:
        max_rows: As `MAX_ROWS`.
    """

    def __init__(self, max_rows: int = MAX_ROWS) -> None:
        self._tables: dict[Part, Table] = {"training": Table(max_rows), "validation": Table(max_rows)}

    def __len__(self) -> int:
        return sum(map(len, self._tables.values()))

    def table(self, part: Part) -> Table:
        """All rows of one part."""
        return self._tables[part]

    def add(self, events: Iterable[TrainEvent]) -> bool:
        """Take in what a run told; returns whether anything of it is plotted."""
        before = len(self)
        changed = False
        for event in events:
            if isinstance(event, StepDone):
                shares = {f"{EXPERT}{number}": share for number, share in enumerate(event.expert_shares, 1)}
                self._tables["training"].add(event.step, {**event.losses, **event.schedules, **shares})
                changed = True
            elif isinstance(event, Validated):
                self._tables["validation"].add(event.step, {**event.losses, **event.figures})
                changed = True
        return changed or len(self) != before

    def curve(self, name: str, part: Part) -> tuple[F64, F64]:
        """Steps and values of one loss, without the rows that have none."""
        table = self._tables[part]
        values = table.column(name)
        present = np.isfinite(values)
        return table.steps[present], values[present]

    def write_csv(self, path: Path) -> None:
        """Write every row, in order of step: `step,part,recon,kl,…`; empty where there is no value.

        Raises:
            ExportError: The file cannot be written.
        """
        names = list(dict.fromkeys(name for table in self._tables.values() for name in table.names))
        rows: list[tuple[float, str, list[str]]] = []
        for part, table in self._tables.items():
            columns = [table.column(name).tolist() for name in names]
            for row, step in enumerate(table.steps.tolist()):
                values = [column[row] for column in columns]
                rows.append((step, part, ["" if value != value else repr(value) for value in values]))  # noqa: PLR0124
        rows.sort(key=lambda row: row[0])
        try:
            with path.open("w", newline="", encoding="utf-8") as file:
                writer = csv.writer(file)
                writer.writerow(["step", "part", *names])
                writer.writerows([int(step), part, *values] for step, part, values in rows)
        except OSError as exc:
            raise ExportError(
                f"“{path.name}” cannot be written: {exc.strerror or exc}.", hint="Choose another folder."
            ) from exc


def smoothed(values: F64, window: int) -> F64:
    """Mean of each value and the `window` - 1 before it (fewer at the beginning); `window` 1 changes nothing.

    A trailing mean, so that the newest point never changes what was drawn before it.
    """
    if window <= 1 or len(values) == 0:
        return values
    # Sums are taken about the mean: a running sum of 100,000 equal signs would lose digits.
    centre = float(values.mean())
    sums = np.concatenate([[0.0], np.cumsum(values - centre)])
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(ends - window, 0)
    means: F64 = (sums[ends] - sums[starts]) / (ends - starts) + centre
    return means
