"""What the window costs a training: `python -m tests.bench.gui_on [--seconds 40] [--rounds 2]`.

The same run, from the same art with the same settings, is trained by turns in the window (on the Train page, its plots
and previews on show) and without one, as the command line does. Rates are of the steps themselves, by the run's own
clock, without the first quarter of each run, in which kernels are chosen. The goal is 0.95. Needs a screen,
or `xvfb-run`; each run has a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from statistics import median

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from lunar_studio.core.events import StepDone, TrainEvent
from tests.bench.figures import machine_facts, machine_sentence, markdown

GOAL = 0.95
_SKIPPED = 0.25
_FEW = 6


class Steps:
    """The steps of a run as they come, by the run's own clock."""

    def __init__(self) -> None:
        self.told: list[tuple[float, int]] = []

    def hear(self, events: Iterable[TrainEvent]) -> None:
        """Note the steps among some events."""
        self.told += [(event.elapsed_s, event.images) for event in events if isinstance(event, StepDone)]

    @property
    def lasted_s(self) -> float:
        """Seconds from the first step to the last."""
        return self.told[-1][0] - self.told[0][0] if self.told else 0.0

    def rate(self) -> float:
        """Images a second in the later part.

        Raises:
            ValueError: There are too few steps to tell.
        """
        begun_s = self.told[0][0] + _SKIPPED * self.lasted_s if self.told else 0.0
        later = [step for step in self.told if step[0] >= begun_s]
        if len(later) < _FEW:
            raise ValueError(f"only {len(later)} steps were made: measure for longer")
        return (later[-1][1] - later[0][1]) / (later[-1][0] - later[0][0])


def in_the_window(folder: Path, seconds: float) -> None:
    """Train in the real window for some seconds; prints the run's folder and its rate."""
    from PySide6.QtWidgets import QApplication

    from lunar_studio import app as composition
    from lunar_studio import paths
    from tests.bench.hand import Wait
    from tests.bench.window import open_studio, start_training

    os.environ[paths.HOME_VARIABLE] = str(folder / "home")
    sys.setswitchinterval(composition._SWITCH_INTERVAL_S)
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    studio, _ = open_studio(app)
    steps = Steps()
    studio.train_service.events_received.connect(steps.hear)
    page = start_training(studio, folder)
    while steps.lasted_s < seconds:
        Wait().for_ms(100)
    page.stop()  # what follows trains other parts, and makes no steps
    while studio.train_service.is_running:
        Wait().for_ms(50)
    studio.window.close()
    studio.shut_down()
    (run,) = (one.parent for one in paths.runs_dir().glob("*/config.json"))
    print(json.dumps({"run": str(run), "rate": steps.rate()}))


def without_a_window(run: Path, folder: Path, seconds: float) -> None:
    """Train the same from the same data set for some seconds, with nobody watching."""
    import msgspec

    from lunar_studio.core.config import RunConfig
    from lunar_studio.training.loop import train

    config = msgspec.json.decode((run / "config.json").read_bytes(), type=RunConfig)
    dataset = Path(json.loads((run / "run.json").read_text(encoding="utf-8"))["dataset"])
    steps = Steps()
    for event in train(dataset, folder, config, should_stop=lambda: steps.lasted_s >= seconds):
        steps.hear([event])
    print(json.dumps({"rate": steps.rate()}))


def measured(*words: str) -> dict[str, object]:
    """What a process of its own found."""
    command = [sys.executable, "-m", "tests.bench.gui_on", *words]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, object] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def main() -> int:
    """Measure and print; 0 always, for a busy machine is no failure."""
    parser = argparse.ArgumentParser(description="What the window costs a training.")
    parser.add_argument("--seconds", type=float, default=40.0, help="of each run")
    parser.add_argument("--rounds", type=int, default=2, help="runs of each kind, by turns")
    parser.add_argument("--window", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--alone", type=Path, nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.window is not None:
        in_the_window(arguments.window, arguments.seconds)
        return 0
    if arguments.alone is not None:
        run, out = arguments.alone
        without_a_window(run, out, arguments.seconds)
        return 0
    facts, pairs = machine_facts(), []
    for number in range(arguments.rounds):
        with tempfile.TemporaryDirectory(prefix="studio-bench-") as name:
            folder = Path(name)
            seconds = ("--seconds", str(arguments.seconds))
            shown = measured("--window", name, *seconds)
            alone = measured("--alone", str(shown["run"]), str(folder / "alone"), *seconds)
            pairs.append((float(str(shown["rate"])), float(str(alone["rate"]))))
        print(f"round {number + 1}: {pairs[-1][0]:.1f} and {pairs[-1][1]:.1f} images/s", file=sys.stderr, flush=True)
    rows = [
        [str(number + 1), f"{shown:.1f}", f"{alone:.1f}", f"{shown / alone:.2f}"]
        for number, (shown, alone) in enumerate(pairs)
    ]
    print(f"{machine_sentence(facts)}\n")
    print(markdown(["round", "in the window, images/s", "without, images/s", "ratio"], rows))
    print(f"\nMedian ratio {median(shown / alone for shown, alone in pairs):.2f} (goal {GOAL}).")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
