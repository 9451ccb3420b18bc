"""How quickly sets of any size are built and read, in what memory: `python -m tests.bench.cache [--million] [--write]`.

Sprites are drawn by code, 32 × 32 pixels, all different. Those of 4,096 and 102,400 stand in files of their own, as
artists keep them, and again on sheets of 1,024 that the import cuts; a million only on sheets, which are a thousand
files and not a million. Each step runs in a process of its own, whose peak of memory is its own. Reading is what a
training step does: a batch of 128 drawn by weight, fetched from the memory map, augmented; cold is a set of which
nothing is in memory, as of one that is larger than it. The need is what the small
network trains at on this machine, as `lunar-studio bench` measures it (`--need` names another).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Self

import numpy as np
from PIL import Image

from lunar_studio.data.batches import F64, I64, augment, batch_indices
from lunar_studio.data.dataset import Dataset
from tests.bench.checkpointing import peak_bytes
from tests.bench.drawn_art import drawn_art
from tests.bench.figures import machine_facts, machine_sentence, markdown, with_part
from tests.bench.train_page import PAGE

BEGIN, END = "<!-- cache: made by python -m tests.bench.cache -->", "<!-- end of cache -->"
_SIDE_PX, _ACROSS, _BATCH = 32, 32, 128
_READ_S, _LOOK_S = 5.0, 0.1


@dataclass(frozen=True, slots=True)
class Case:
    """One set to build.

    Attributes:
        sprites: How many.
        sheets: Whether they stand on sheets; else each is a file.
    """

    sprites: int
    sheets: bool

    @property
    def title(self) -> str:
        """The head of its row."""
        return f"{self.sprites:,} {'on sheets' if self.sheets else 'in files'}"


CASES = tuple(Case(sprites, sheets) for sheets in (False, True) for sprites in (4_096, 102_400))
MILLION = Case(1_024_000, True)


def write_art(folder: Path, case: Case) -> None:
    """Sprites that are all different, as PNGs; what is there already stays."""
    with ProcessPoolExecutor(min(2, os.cpu_count() or 1)) as processes:
        for _ in processes.map(partial(_write_batch, folder, case), range(-(-case.sprites // _ACROSS**2))):
            pass


def _write_batch(folder: Path, case: Case, number: int) -> None:
    # A name that is a number and nothing else makes no family.
    path = folder / f"{number:05d}{'.png' if case.sheets else ''}"
    if path.exists():
        return
    sprites = drawn_art(_ACROSS**2, seed=number)
    fresh = folder / f".{path.name}"
    if case.sheets:
        rows = sprites.reshape(_ACROSS, _ACROSS, _SIDE_PX, _SIDE_PX, 4).transpose(0, 2, 1, 3, 4)
        sheet = Image.fromarray(rows.reshape(_ACROSS * _SIDE_PX, _ACROSS * _SIDE_PX, 4))
        sheet.save(fresh, "png", compress_level=1)
    else:
        fresh.mkdir(exist_ok=True)
        for at, sprite in enumerate(sprites):
            Image.fromarray(sprite).save(fresh / f"{at:04d}.png", compress_level=1)
    fresh.rename(path)


def build(folder: Path, dataset: Path) -> dict[str, float]:
    """Build the set; seconds, sprites and peak memory."""
    from lunar_studio.data import importing

    sheets = any(child.suffix == ".png" for child in folder.iterdir())
    began_s, busy_s = time.perf_counter(), sum(os.times()[:4])
    with _Watch() as watch:
        built = importing.build(folder, dataset, slicing=f"{_SIDE_PX}x{_SIDE_PX}" if sheets else None)
        seconds, core_s = time.perf_counter() - began_s, sum(os.times()[:4]) - busy_s
    return {
        "seconds": seconds,
        "core_s": core_s,
        "sprites": len(built),
        "families": built.facts.families,
        "peak_bytes": peak_bytes(),
        "own_bytes": watch.most_bytes,
    }


def again(folder: Path, dataset: Path) -> dict[str, float]:
    """Ask for the set that is there already."""
    return build(folder, dataset)


class _Watch:
    """The most memory that this process and those that it started had of their own, looked at ten times a second."""

    def __init__(self) -> None:
        self.most_bytes = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while True:
            self.most_bytes = max(self.most_bytes, private_bytes() + sum(map(private_bytes, _children())))
            if self._over.wait(_LOOK_S):
                return


def _children() -> list[int]:
    found = []
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):
            found += [int(number) for number in (task / "children").read_text(encoding="ascii").split()]
    return found


def read(folder: Path, dataset: Path) -> dict[str, float]:
    """Read batches as training does."""
    del folder
    began_s = time.perf_counter()
    opened = Dataset.open(dataset)
    train = opened.indices("train")
    weights = opened.family_weights()[train]
    batch_indices(weights, seed=0, step=0, batch_size=_BATCH)
    opened_s = time.perf_counter() - began_s
    rates = {}
    with (dataset / "sprites.npy").open("rb") as file:
        # As if it had never been read: what a set that is larger than memory is most of the time.
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        for name, augments in (("cold", False), ("drawn", None), ("read", False), ("augmented", True)):
            if name == "drawn":
                while file.read(1 << 20):
                    pass
            rates[name] = _rate(opened, train, weights, augments)
    return {"open_s": opened_s, "peak_bytes": peak_bytes(), "private_bytes": private_bytes(), **rates}


def _rate(opened: Dataset, train: I64, weights: F64, augments: bool | None) -> float:
    """Sprites a second: only drawn by lot, or fetched too, or augmented as well."""
    began_s, step = time.perf_counter(), 0
    while time.perf_counter() - began_s < _READ_S:
        places = batch_indices(weights, seed=0, step=step, batch_size=_BATCH)
        if augments is not None:
            batch = opened.fetch(train[places])
            if augments:
                augment(batch, np.random.default_rng([0, step]), flip=True, shift_px=2, recolour=0.3)
        step += 1
    return step * _BATCH / (time.perf_counter() - began_s)


def private_bytes(process: int | str = "self") -> int:
    """Memory that is a process's own now; pages of the map are not, and go when somebody else needs the room."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    except OSError:  # it has ended
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon:")), 0)


def need() -> float:
    """Images a second that the small network trains at here."""
    from lunar_studio.cli.bench_measures import QUICK, measure

    results = measure({"sprite-32": QUICK["sprite-32"]}, rounds=3, say=lambda _text: None).results
    return max(result.ours_images_per_s for result in results if "training step" in result.name)


_STEPS = {"build": build, "again": again, "read": read}


def _apart(step: str, folder: Path, dataset: Path) -> dict[str, float]:
    """Run a step in a process of its own."""
    arguments = [sys.executable, "-m", "tests.bench.cache", "--step", step, str(folder), str(dataset)]
    finished = subprocess.run(arguments, check=True, stdout=subprocess.PIPE, text=True)
    measured: dict[str, float] = json.loads(finished.stdout)
    return measured


def measured_row(case: Case, needed: float, scratch: Path) -> list[str]:
    """Build and read one set, in a folder of its own that is taken away at the end."""
    place = scratch / case.title
    art, dataset = place / "art", place / "set"
    art.mkdir(parents=True, exist_ok=True)
    write_art(art, case)
    # A set that an earlier call had finished would be found ready; one that was only begun is gone on with.
    shutil.rmtree(dataset, ignore_errors=True)
    built, asked, found = (_apart(step, art, dataset) for step in ("build", "again", "read"))
    pixels_mib = (dataset / "sprites.npy").stat().st_size / 2**20
    shutil.rmtree(place)
    return [
        case.title,
        f"{built['sprites'] / built['seconds']:,.0f}",
        f"{built['seconds']:,.0f}",
        f"{built['core_s']:,.0f}",
        f"{built['own_bytes'] / 2**20:,.0f}",
        f"{built['peak_bytes'] / 2**20:,.0f}",
        f"{built['families']:,.0f}",
        f"{asked['seconds']:.1f}",
        f"{pixels_mib:,.0f}",
        f"{found['open_s']:.2f}",
        f"{found['cold']:,.0f}",
        f"{found['drawn']:,.0f}",
        f"{found['read']:,.0f}",
        f"{found['augmented']:,.0f}",
        f"{found['private_bytes'] / 2**20:,.0f}",
        f"{found['peak_bytes'] / 2**20:,.0f}",
        f"{found['augmented'] / needed:,.0f}",
    ]


HEADS = [
    "sprites",
    "built/s",
    "build s",
    "core s",
    "build's own MiB",
    "with the map",
    "families",
    "again s",
    "pixels MiB",
    "open s",
    "read cold/s",
    "drawn/s",
    "read/s",
    "augmented/s",
    "reading's own MiB",
    "with the map",
    "× the need",
]


def main() -> int:
    """Measure, and print or write."""
    parser = argparse.ArgumentParser(description="How quickly sets of any size are built and read.")
    parser.add_argument("--million", action="store_true", help="a million sprites as well; takes 15 GB of disk")
    parser.add_argument("--need", type=float, help="images a second that training needs (default: measured)")
    parser.add_argument("--scratch", type=Path, help="where the sets are made; begun ones are gone on with")
    parser.add_argument("--write", action="store_true", help="put the table into docs/training.md")
    parser.add_argument("--step", choices=sorted(_STEPS), help=argparse.SUPPRESS)
    parser.add_argument("places", type=Path, nargs="*", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step:
        print(json.dumps(_STEPS[arguments.step](*arguments.places)))
        return 0
    needed = arguments.need or need()
    about = (
        f"`python -m tests.bench.cache{' --million' if arguments.million else ''}`, {datetime.now(UTC):%d %B %Y}. "
        f"{machine_sentence(machine_facts())}. Training needs {needed:,.0f} images/s."
    )
    scratch = arguments.scratch or Path(tempfile.mkdtemp(prefix="lunar-studio-bench-"))
    rows: dict[Case, list[str]] = {}
    try:
        for case in (*([MILLION] if arguments.million else []), *CASES):
            rows[case] = measured_row(case, needed, scratch)
            made = f"{about}\n\n{markdown(HEADS, [rows[case] for case in (*CASES, MILLION) if case in rows])}"
            print(made, flush=True)
            if arguments.write:
                PAGE.write_text(with_part(PAGE.read_text(encoding="utf-8"), BEGIN, END, made), encoding="utf-8")
    finally:
        if not arguments.scratch:
            shutil.rmtree(scratch, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
