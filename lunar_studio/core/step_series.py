"""Numbers over rising steps that grow at the end, and the few points of them that a plot can show.

A run of 100,000 steps has a hundred numbers for each column of pixels. A plot shows them as a line from the lowest to
the highest, so that the two are all it has to be given. Lowest and highest of every `BLOCK` numbers are kept as they
come; what a plot asks for is made of those, whatever part of the run it shows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]

BLOCK = 32
"""Numbers in a block; 500,000 numbers are 16,000 blocks, which are looked through in some 20 microseconds."""


class Bounds(NamedTuple):
    """What a series reaches over; `positive` is its least number above nothing, infinite where there is none."""

    first_step: float
    last_step: float
    lowest: float
    highest: float
    positive: float


class StepSeries:
    """Finite numbers over rising steps.

    Args:
        steps: The steps to begin with, rising; (N,).
        values: The number at each; (N,), finite.

    Attributes:
        bounds: What it reaches over; None while it is empty.
    """

    def __init__(self, steps: F64 | None = None, values: F64 | None = None) -> None:
        self._count = 0
        self._steps: F64 = np.empty(0)
        self._values: F64 = np.empty(0)
        self._lowest: F64 = np.empty(0)
        self._highest: F64 = np.empty(0)
        self.bounds: Bounds | None = None
        if steps is not None and values is not None:
            self.extend(steps, values)

    def __len__(self) -> int:
        return self._count

    @property
    def steps(self) -> F64:
        """All steps, (N,); a view that is valid until the next `extend`."""
        return self._steps[: self._count]

    @property
    def values(self) -> F64:
        """All numbers, (N,); a view that is valid until the next `extend`."""
        return self._values[: self._count]

    def extend(self, steps: F64, values: F64) -> None:
        """Append numbers at later steps; both (M,)."""
        if not len(steps):
            return
        old, self._count = self._count, self._count + len(steps)
        blocks = -(-self._count // BLOCK)
        self._steps, self._values = _roomy(self._steps, self._count), _roomy(self._values, self._count)
        self._lowest, self._highest = _roomy(self._lowest, blocks), _roomy(self._highest, blocks)
        self._steps[old : self._count] = steps
        self._values[old : self._count] = values
        changed = old // BLOCK  # the last block may not have been full
        grown = self._values[changed * BLOCK : self._count]
        places = np.arange(0, len(grown), BLOCK)
        self._lowest[changed:blocks] = np.minimum.reduceat(grown, places)
        self._highest[changed:blocks] = np.maximum.reduceat(grown, places)
        self._reach_over(steps, values)

    def _reach_over(self, steps: F64, values: F64) -> None:
        positive = float(np.min(values, initial=np.inf, where=values > 0))
        new = Bounds(float(steps[0]), float(steps[-1]), float(values.min()), float(values.max()), positive)
        old = self.bounds or new
        self.bounds = Bounds(
            old.first_step,
            new.last_step,
            min(old.lowest, new.lowest),
            max(old.highest, new.highest),
            min(old.positive, new.positive),
        )

    def drawn(self, low: float, high: float, columns: int) -> tuple[F64, F64]:
        """The points of a line that looks as all of them would, between two steps and on so many columns of pixels.

        Where there are more than two numbers to a column it is the lowest and the highest of each, in turn one first
        and then the other, so that the line has no longer way than it must. The numbers beyond both ends belong to
        it, since the line leads there.

        Returns:
            Steps and numbers, at most 2 * `columns` + 4 of them.
        """
        begin = max(int(np.searchsorted(self.steps, low, side="right")) - 1, 0)
        end = min(int(np.searchsorted(self.steps, high)) + 1, self._count)
        if end - begin <= 2 * columns:
            return self._steps[begin:end], self._values[begin:end]
        in_blocks = end - begin > 2 * BLOCK * columns
        size = BLOCK if in_blocks else 1
        first, last = begin // size, -(-end // size)
        steps = self._steps[first * size : end : size]
        lowest, highest = (self._lowest, self._highest) if in_blocks else (self._values, self._values)
        edges = np.linspace(steps[0], steps[-1], columns, endpoint=False)
        starts = np.searchsorted(steps, edges)
        starts = starts[np.append(True, starts[1:] > starts[:-1])]  # a column may have nothing
        lows = np.minimum.reduceat(lowest[first:last], starts)
        highs = np.maximum.reduceat(highest[first:last], starts)
        is_even = np.arange(len(starts)) % 2 == 0
        points = np.empty(2 * len(starts) + 1)
        points[0:-1:2], points[1::2] = np.where(is_even, lows, highs), np.where(is_even, highs, lows)
        points[-1] = self._values[end - 1]
        return np.append(np.repeat(steps[starts], 2), self._steps[end - 1]), points


def _roomy(column: F64, count: int) -> F64:
    """A column with room for so many numbers: itself, or a copy that is twice as long as it must be."""
    if count <= len(column):
        return column
    grown: F64 = np.empty(2 * count)
    grown[: len(column)] = column
    return grown
