"""An axis of figures whose logarithmic ticks never run into each other."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg

_APART_PX = 14
"""A line of small text."""

_DIGITS = (tuple(range(1, 10)), (1, 2, 5), (1,))
"""Digits that have a tick in every power of ten, from many to few."""


class FigureAxis(pg.AxisItem):
    """As pyqtgraph's, but on a logarithmic axis it has as many ticks as have room, in figures and not in powers."""

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:
        """Ticks between two values (logarithms on a logarithmic axis) on so many pixels, by level."""
        if not self.logMode:
            return super().tickValues(minVal, maxVal, size)
        return [(1.0, log_ticks(minVal, maxVal, size))]

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        """Words of ticks."""
        if not self.logMode:
            return super().tickStrings(values, scale, spacing)
        return [figure_words(10.0**value) for value in values]


def log_ticks(low: float, high: float, size_px: float) -> list[float]:
    """Logarithms of the round figures that have room on a logarithmic axis.

    Args:
        low: Logarithm of the least figure in sight.
        high: Of the greatest.
        size_px: Length of the axis.
    """
    if not high > low:
        return []
    apart = _APART_PX * (high - low) / max(size_px, 1.0)
    powers = np.arange(math.floor(low), math.floor(high) + 1)
    # A narrow range has no round figures of these; what is round in it is, seen so near, almost evenly spaced.
    sets = [(powers[:, None] + np.log10(digits)).ravel() for digits in _DIGITS]
    step = 10.0 ** math.floor(math.log10(10.0**high - 10.0**low)) if high < 300 else 10.0**high
    for part in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0):
        evenly = np.arange(math.ceil(10.0**low / step / part), math.floor(10.0**high / step / part) + 1)
        sets.append(np.log10(evenly[evenly > 0] * step * part))
    best: list[float] = []
    for ticks in sets:
        seen = ticks[(ticks >= low) & (ticks <= high)]
        if len(seen) > len(best) and (len(seen) < 2 or np.diff(seen).min() >= apart):
            best = seen.tolist()
    return best


def figure_words(value: float) -> str:
    """Four digits, and thousands in full: `25,040` and not `2.504e+04`."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
