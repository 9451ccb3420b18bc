"""How long a stop takes: `python -m tests.bench.stopping [DATASET] [--presets sprite-16 sprite-32] [--stops 5]`.

Each run is asked to stop at moments drawn by chance: in the middle of steps, and while it still measures the machine.
Told are the seconds until no step is taken any more and everything is on disk, until something can be explored, and
until the model file is whole. Without a data set, drawn art is built into one.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from tests.bench.figures import machine_facts, machine_sentence, markdown

PRESETS = ("sprite-16", "sprite-32")
_READY_S, _STEPS_S = (0.2, 3.0), (1.0, 6.0)


@dataclass(frozen=True)
class Stop:
    """Seconds from the wish.

    Attributes:
        saved_s: Until all is on disk and no step is taken; of a run that had not begun, until it ended.
        explorable_s: Until a model of this moment could be opened.
        model_s: Until the finished model was there.
    """

    saved_s: float
    explorable_s: float
    model_s: float


def stop(dataset: Path, preset: str, *, after_s: float, in_steps: bool) -> Stop | None:
    """One run, asked to stop so many seconds after it was begun, or after its first step; None if it came too late."""
    from lunar_studio.core.config_fields import with_overrides
    from lunar_studio.core.events import LearningEnded, MilestoneSaved, RunEnded, StepDone
    from lunar_studio.core.presets import PRESETS as KNOWN
    from lunar_studio.training.loop import train

    config = with_overrides(KNOWN[preset], {"training.max_steps": 100_000, "training.max_minutes": 0.0})
    wish = threading.Event()
    asked = 0.0

    def ask() -> None:
        nonlocal asked
        asked = time.perf_counter()
        wish.set()

    timer = threading.Timer(after_s, ask)
    moments: dict[type, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        if not in_steps:
            timer.start()
        for event in train(dataset, Path(folder) / "run", config, should_stop=wish.is_set):
            if isinstance(event, StepDone) and event.step == 1:
                if not in_steps:
                    timer.cancel()
                    return None
                timer.start()
            if wish.is_set() and isinstance(event, LearningEnded | MilestoneSaved | RunEnded):
                moments[type(event)] = time.perf_counter() - asked
    end_s = moments[RunEnded]
    return Stop(moments.get(LearningEnded, end_s), moments.get(MilestoneSaved, end_s), end_s)


def main() -> int:
    """Every preset, some stops each."""
    parser = argparse.ArgumentParser(description="How long a stop takes.")
    parser.add_argument("dataset", type=Path, nargs="?")
    parser.add_argument("--presets", nargs="*", default=list(PRESETS))
    parser.add_argument("--stops", type=int, default=5)
    given = parser.parse_args()
    chance = random.Random(0)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        dataset = given.dataset or _drawn(Path(folder))
        for preset in given.presets:
            for in_steps, span in ((True, _STEPS_S), (False, _READY_S)):
                tried = [
                    stop(dataset, preset, after_s=chance.uniform(*span), in_steps=in_steps) for _ in range(given.stops)
                ]
                stops = [one for one in tried if one is not None]
                if stops:
                    rows.append([preset, "in a step" if in_steps else "getting ready", str(len(stops)), *_words(stops)])
                    print(rows[-1], file=sys.stderr, flush=True)
    print(f"{machine_sentence(machine_facts())}\n")
    print(markdown(["", "asked", "stops", "saved s", "explorable s", "model s"], rows))
    return 0


def _words(stops: list[Stop]) -> list[str]:
    """Median and longest of each."""
    columns = ([one.saved_s for one in stops], [one.explorable_s for one in stops], [one.model_s for one in stops])
    return [f"{statistics.median(column):.1f} (at most {max(column):.1f})" for column in columns]


def _drawn(folder: Path) -> Path:
    from tests.training.small_art import small_dataset

    return small_dataset(folder, 100)


if __name__ == "__main__":
    sys.exit(main())
