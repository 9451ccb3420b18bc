"""Forecasts held against what runs really took: `python -m tests.bench.forecast [DATASET] [--seconds 60]`.

Without a data set, drawn art is built into one. Each preset is trained for about so many seconds in a
process of its own; the error is of the time from the first step to the model, as a share of what it took.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.figures import machine_facts, machine_sentence, markdown

PRESETS = ("tiny", "sprite-16", "sprite-32")


def measure(dataset: Path, preset: str, seconds: float) -> dict[str, float]:
    """One run of about so many seconds, which ends where its forecast says and not where a clock does."""
    import msgspec

    from lunar_studio.core.events import Forecast, RunEnded
    from lunar_studio.core.presets import PRESETS as KNOWN
    from lunar_studio.training.loop import forecast, train

    config = KNOWN[preset]
    training = msgspec.structs.replace(config.training, max_steps=0, max_minutes=seconds / 60.0, threads=1)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder) / "scratch"
        scratch.mkdir()
        steps = forecast(dataset, scratch, msgspec.structs.replace(config, training=training)).max_steps
        training = msgspec.structs.replace(training, max_steps=steps, max_minutes=0.0)
        events = list(train(dataset, Path(folder) / "run", msgspec.structs.replace(config, training=training)))
    told = next(event for event in events if isinstance(event, Forecast))
    ended = events[-1]
    assert isinstance(ended, RunEnded)
    return {
        "forecast_s": ended.forecast_s,
        "took_s": ended.took_s,
        "steps": float(ended.step),
        "dry_run_s": told.dry_run_s,
    }


def main() -> int:
    """Every preset in a process of its own."""
    parser = argparse.ArgumentParser(description="Forecasts against what runs took.")
    parser.add_argument("dataset", type=Path, nargs="?")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--presets", nargs="*", default=list(PRESETS))
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure(given.dataset, given.one, given.seconds)))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        dataset = given.dataset or _drawn(Path(folder))
        rows = []
        for preset in given.presets:
            command = [sys.executable, "-m", "tests.bench.forecast", str(dataset), "--one", preset]
            command += ["--seconds", str(given.seconds)]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            found = json.loads(done.stdout.splitlines()[-1])
            error = found["forecast_s"] / found["took_s"] - 1.0
            rows.append(
                [
                    preset,
                    f"{found['steps']:,.0f}",
                    f"{found['dry_run_s']:.1f}",
                    f"{found['forecast_s']:.1f}",
                    f"{found['took_s']:.1f}",
                    f"{error:+.0%}",
                ]
            )
            print(rows[-1], file=sys.stderr, flush=True)
    print(f"{machine_sentence(machine_facts())}\n")
    print(markdown(["", "steps", "dry run s", "forecast s", "took s", "error"], rows))
    return 0


def _drawn(folder: Path) -> Path:
    from tests.training.small_art import small_dataset

    return small_dataset(folder, 100)


if __name__ == "__main__":
    sys.exit(main())
