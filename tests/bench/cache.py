"""How quickly sets of any size are built and read, and in what memory: `python -m tests.bench.cache [--million]`.

Sprites are drawn by code, 32 × 32 pixels, on sheets of 1,024 that the import cuts; so a million of them are a thousand
files and not a million. Each step runs in a process of its own, whose peak of memory is its own. Reading is what a
training step does: a batch of 128 drawn by weight, fetched from the memory map, augmented. The need is what the small
network trains at on this machine, as `lunar-studio bench` measures it (`--need` names another).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from lunar_studio.core.sprite import Sprite
from tests.bench.checkpointing import peak_bytes
from tests.bench.drawn_art import drawn_art
from tests.bench.figures import machine_facts, machine_sentence, markdown

SIZES = (4_096, 102_400)
MILLION = 1_024_000
_SIDE_PX, _ACROSS, _BATCH = 32, 32, 128
_READ_S = 5.0


def write_sheets(folder: Path, count: int) -> None:
    """Sprites that are all different, on PNG sheets of 1,024."""
    from lunar_studio.pixels.files import write_png

    for number in range(-(-count // _ACROSS**2)):
        sprites = drawn_art(_ACROSS**2, seed=number)
        rows = sprites.reshape(_ACROSS, _ACROSS, _SIDE_PX, _SIDE_PX, 4).transpose(0, 2, 1, 3, 4)
        write_png(Sprite(rows.reshape(_ACROSS * _SIDE_PX, _ACROSS * _SIDE_PX, 4)), folder / f"sheet {number:05d}.png")


def build(folder: Path, dataset: Path) -> dict[str, float]:
    """Build the set; seconds, sprites and peak memory."""
    from lunar_studio.data import importing

    began_s = time.perf_counter()
    built = importing.build(folder, dataset, slicing=f"{_SIDE_PX}x{_SIDE_PX}")
    return {"seconds": time.perf_counter() - began_s, "sprites": len(built), "peak_bytes": peak_bytes()}


def again(folder: Path, dataset: Path) -> dict[str, float]:
    """Ask for the set that is there already."""
    return build(folder, dataset)


def read(folder: Path, dataset: Path) -> dict[str, float]:
    """Read batches as training does."""
    del folder
    from lunar_studio.data.batches import augment, batch_indices
    from lunar_studio.data.dataset import Dataset

    began_s = time.perf_counter()
    opened = Dataset.open(dataset)
    train = opened.indices("train")
    weights = opened.family_weights()[train]
    batch_indices(weights, seed=0, step=0, batch_size=_BATCH)
    opened_s = time.perf_counter() - began_s
    rates = {}
    for name, augments in (("drawn", None), ("read", False), ("augmented", True)):
        began_s, step = time.perf_counter(), 0
        while time.perf_counter() - began_s < _READ_S:
            places = batch_indices(weights, seed=0, step=step, batch_size=_BATCH)
            if augments is not None:
                batch = opened.sprites_NHWC[train[places]]
                if augments:
                    augment(batch, np.random.default_rng([0, step]), flip=True, shift_px=2, recolour=0.3)
            step += 1
        rates[name] = step * _BATCH / (time.perf_counter() - began_s)
    return {"open_s": opened_s, "peak_bytes": peak_bytes(), "private_bytes": private_bytes(), **rates}


def private_bytes() -> int:
    """Memory that is this process's own now; pages of the map are not, and go when somebody else needs the room."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon:"))


def need() -> float:
    """Images a second that the small network trains at here."""
    from lunar_studio.cli.bench_measures import QUICK, measure

    results = measure({"sprite-32": QUICK["sprite-32"]}, rounds=3, say=lambda _text: None).results
    return max(result.ours_images_per_s for result in results if "training step" in result.name)


_STEPS = {"build": build, "again": again, "read": read}


def _apart(step: str, folder: Path, dataset: Path) -> dict[str, float]:
    """Run a step in a process of its own."""
    arguments = [sys.executable, "-m", "tests.bench.cache", "--step", step, str(folder), str(dataset)]
    finished = subprocess.run(arguments, check=True, capture_output=True, text=True)
    measured: dict[str, float] = json.loads(finished.stdout)
    return measured


def measured_row(count: int, needed: float) -> list[str]:
    """Build and read one size, in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="lunar-studio-bench-") as place:
        art, dataset = Path(place) / "art", Path(place) / "set"
        art.mkdir()
        write_sheets(art, count)
        built, asked, found = (_apart(step, art, dataset) for step in ("build", "again", "read"))
        pixels_mib = (dataset / "sprites.npy").stat().st_size / 2**20
    return [
        f"{built['sprites']:,.0f}",
        f"{built['sprites'] / built['seconds']:,.0f}",
        f"{built['peak_bytes'] / 2**20:,.0f}",
        f"{asked['seconds']:.1f}",
        f"{pixels_mib:,.0f}",
        f"{found['open_s']:.2f}",
        f"{found['drawn']:,.0f}",
        f"{found['read']:,.0f}",
        f"{found['augmented']:,.0f}",
        f"{found['peak_bytes'] / 2**20:,.0f}",
        f"{found['private_bytes'] / 2**20:,.0f}",
        f"{found['augmented'] / needed:,.0f}",
    ]


HEADS = [
    "sprites",
    "built/s",
    "build peak MiB",
    "again s",
    "pixels MiB",
    "open s",
    "drawn/s",
    "read/s",
    "augmented/s",
    "read peak MiB",
    "of it its own MiB",
    "× the need",
]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="How quickly sets of any size are built and read.")
    parser.add_argument("--million", action="store_true", help="a million sprites as well; takes 5 GB of disk")
    parser.add_argument("--need", type=float, help="images a second that training needs (default: measured)")
    parser.add_argument("--step", choices=sorted(_STEPS), help=argparse.SUPPRESS)
    parser.add_argument("places", type=Path, nargs="*", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step:
        print(json.dumps(_STEPS[arguments.step](*arguments.places)))
        return 0
    needed = arguments.need or need()
    print(
        f"Measured on {datetime.now(UTC):%d %B %Y} with `python -m tests.bench.cache"
        f"{' --million' if arguments.million else ''}`: {machine_sentence(machine_facts())}. "
        f"Training needs {needed:,.0f} images/s.\n"
    )
    for number, count in enumerate((*SIZES, *([MILLION] if arguments.million else []))):
        lines = markdown(HEADS, [measured_row(count, needed)]).splitlines()
        print("\n".join(lines[2 if number else 0 :]), flush=True)  # the largest takes long
    return 0


if __name__ == "__main__":
    sys.exit(main())
