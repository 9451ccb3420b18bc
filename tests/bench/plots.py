"""What a redraw of the training plots costs the window: `python -m tests.bench.plots`.

A history of so many steps, in all eight plots and in the three that are shown at first, at the window's size. A redraw
is what ten batches a second bring: one step more, the curves smoothed anew, everything painted. Sixty frames a second
leave 16.7 ms, and ten redraws a second must leave most of each second to the artist. What is measured is processor
time of the window's thread, which says the same on a machine that is busy.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time

if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtWidgets import QApplication

from lunar_studio.core.events import StepDone, Validated
from lunar_studio.gui import theme
from lunar_studio.gui.train.loss_history import LossHistory
from lunar_studio.gui.train.loss_plots import CURVES, LossPlotsView
from tests.bench.figures import SPREAD_HEADS, Spread, machine_facts, machine_sentence, markdown, plain

STEPS = (1_000, 100_000)
_SIZE_PX = (1100, 620)
_REDRAWS = 10
_EXPERTS = 4


def history_of(steps: int) -> LossHistory:
    """A run with noise on every curve."""
    history, rng = LossHistory(), np.random.default_rng(0)
    noise = rng.random((steps, 7 + _EXPERTS))
    for number in range(steps):
        history.add([_step(number + 1, noise[number])])
        if number % 500 == 0:
            history.add([Validated(number + 1, {"recon": 0.5, "kl": 0.4, "quality": 0.3}, {})])
    return history


def _step(number: int, row: np.ndarray[tuple[int], np.dtype[np.float64]]) -> StepDone:
    values = [float(value) for value in row]
    losses = dict(zip(("recon", "kl", "quality", "semantic"), values, strict=False))
    schedules = dict(zip(("learning_rate", "kl_weight", "gradient_norm"), values[4:], strict=False))
    shares = np.asarray(values[7:]) / sum(values[7:])
    return StepDone(number, number * 0.1, number * 8, 80.0, losses, schedules, tuple(shares.tolist()), 0.5)


def redraws(view: LossPlotsView, history: LossHistory) -> Spread:
    """Milliseconds of redraws with one step more each."""
    rng, taken_ms = np.random.default_rng(1), []
    first = int(history.table("training").steps[-1]) + 1
    for number in range(_REDRAWS):
        history.add([_step(first + number, rng.random(7 + _EXPERTS))])
        begun_s = time.thread_time()
        view.show_history(history)
        QApplication.processEvents()
        taken_ms.append((time.thread_time() - begun_s) * 1000)
    return Spread.of(taken_ms)


def measure(steps: int) -> dict[str, Spread]:
    """Spreads by what is shown."""
    history, view = history_of(steps), LossPlotsView()
    view.resize(*_SIZE_PX)
    view.show()
    found = {}
    for title, names in (("three plots", view.shown), ("all eight", tuple(curve.name for curve in CURVES))):
        view.choose(*names)
        view.show_history(history)
        QApplication.processEvents()
        found[f"{steps:,} steps, {title}"] = redraws(view, history)
    view.close()
    return found


def main() -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description="Milliseconds of a redraw of the training plots.")
    parser.add_argument("--json", action="store_true", help="print a document")
    parser.add_argument("--steps", type=int, nargs="*", default=STEPS, help="how long the runs are")
    asked = parser.parse_args()
    app = QApplication.instance()
    app = app if isinstance(app, QApplication) else QApplication(sys.argv[:1])
    theme.apply(app, theme.DARK)
    found: dict[str, Spread] = {}
    for steps in asked.steps:
        found |= measure(steps)
    facts = machine_facts()
    if asked.json:
        print(json.dumps({"machine": facts, "redraw_ms": found}, default=plain, indent=2))
    else:
        rows = [[name, *spread.row] for name, spread in found.items()]
        print(f"{machine_sentence(facts)}\n\n{markdown(['a redraw', *SPREAD_HEADS], rows)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
