"""What the pieces that must not keep anyone waiting take, each alone.

Run as `python -m tests.bench.pieces`; names as arguments choose some, `--json` prints a document. Times are
processor time of this process, so that others on the machine hardly matter; where the piece is a wait, they
are times by the clock. `aim` is what we want of the median on a quiet machine of two cores. Tests do not ask
for any of this: they count what is done, and leave to this table how long it takes.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lunar_studio.core.events import StepDone
from tests.bench.figures import Spread, machine_facts, machine_sentence, markdown, plain
from tests.pixels.drawn import blob, texture

_ROUNDS = 5
_JOB_S = 0.03


@dataclass(frozen=True, slots=True)
class Piece:
    """Something measured.

    Attributes:
        name: What it is.
        aim_ms: What its median should be at most.
        measure: Measures it; a time in milliseconds for each round.
    """

    name: str
    aim_ms: float
    measure: Callable[[], list[float]]


def timed(
    work: Callable[[], object], rounds: int = _ROUNDS, clock: Callable[[], float] = time.process_time
) -> list[float]:
    """Milliseconds of each of some rounds, after one that does not count."""
    work()
    times_ms = []
    for _ in range(rounds):
        begun_s = clock()
        work()
        times_ms.append((clock() - begun_s) * 1000)
    return times_ms


# ---- pixels and data -----------------------------------------------------------------------------


def damage_of_a_sprite() -> list[float]:
    """Mean over families of damage and over sprites of 32 pixels."""
    from lunar_studio.pixels.damage import FAMILIES, damage

    sprites = [blob(seed).rgba_HWC for seed in range(12)] + [texture(seed).rgba_HWC for seed in range(4)]
    rng = np.random.default_rng(0)

    def all_of_them() -> None:
        for family in sorted(FAMILIES):
            for at, sprite in enumerate(sprites):
                damage(sprite, family, 0.5, rng, sprites[at - 1])

    return [total / (len(FAMILIES) * len(sprites)) for total in timed(all_of_them, 20)]


def augmented_batch() -> list[float]:
    """64 sprites of 32 pixels, as a training step asks for them."""
    from lunar_studio.data.batches import augment

    sprites = np.stack([blob(seed).rgba_HWC for seed in range(64)])
    rng = np.random.default_rng(0)
    return timed(lambda: augment(sprites, rng, flip=True, shift_px=2, recolour=0.2), 50)


def near_copies() -> list[float]:
    """Among 1,000 sprites, in families of 25 recolourings with noise."""
    from lunar_studio.data.duplicates import near_pairs

    originals = np.stack([blob(seed, 32, 3 + seed % 4).rgba_HWC for seed in range(40)])
    noise = np.random.default_rng(0).integers(0, 60, (25, *originals.shape), dtype=np.uint8)
    many = (originals[None] ^ (noise * (originals[None, ..., 3:] > 0))).reshape(-1, 32, 32, 4)
    return timed(lambda: near_pairs(many), 3)


def listed_files() -> list[float]:
    """3,000 names in six folders, with what the system spends on them."""
    from lunar_studio.data.sources import open_source

    def walk() -> None:
        with open_source(Path(name)) as source:
            assert sum(1 for _ in source.entries()) == 3_000

    with tempfile.TemporaryDirectory(prefix="studio-bench-") as name:
        for folder in range(6):
            (Path(name) / f"{folder}").mkdir()
            for number in range(500):
                (Path(name) / f"{folder}" / f"{number}.png").touch()
        return timed(walk)


# ---- model and command ---------------------------------------------------------------------------


def loaded_model() -> list[float]:
    """A `sprite-32` model from its file, checks included."""
    from lunar_studio.core.presets import preset
    from lunar_studio.models.model_file import load_model
    from tests.explore.tiny_model import write_tiny_model

    with tempfile.TemporaryDirectory(prefix="studio-bench-") as name:
        path = Path(name) / "model.safetensors"
        write_tiny_model(path, config=preset("sprite-32"))
        return timed(lambda: load_model(path))


def helped() -> list[float]:
    """`lunar-studio --help` as a process, Python's own start included."""

    def children_s() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    command = [sys.executable, "-m", "lunar_studio", "--help"]
    return timed(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL), clock=children_s)


# ---- plots and grid ------------------------------------------------------------------------------


def _long_run() -> list[StepDone]:
    values = np.random.default_rng(0).random(100_000).tolist()
    return [StepDone(n + 1, 0.0, 8, 0.0, {"recon": v, "kl": v, "quality": v}, {}) for n, v in enumerate(values)]


def history_taken_in() -> list[float]:
    """100,000 steps, as when an old run is opened."""
    from lunar_studio.gui.train.loss_history import LossHistory

    events = _long_run()
    return timed(lambda: LossHistory().add(events), 3)


def history_smoothed() -> list[float]:
    """A curve of 100,000 points, over 100 of them."""
    from lunar_studio.gui.train.loss_history import LossHistory, smoothed

    history = LossHistory()
    history.add(_long_run())
    return timed(lambda: smoothed(history.curve("recon", "training")[1], 100))


def plots_redrawn() -> list[float]:
    """Three plots of 100,000 points: smoothing and painting."""
    from lunar_studio.gui.train.loss_history import LossHistory
    from lunar_studio.gui.train.loss_plots import LossPlotsView

    history = LossHistory()
    history.add(_long_run())
    view = LossPlotsView()
    view.resize(600, 400)
    view.show()

    def redraw() -> None:
        view.show_history(history)
        view.grab()

    times_ms = timed(redraw)
    view.close()
    return times_ms


def grid_scrolled() -> list[float]:
    """A frame of 5,000 thumbnails at another place, its pictures made."""
    from PySide6.QtWidgets import QApplication

    from lunar_studio.core.sprite import Sprite
    from lunar_studio.gui.data.thumb_model import ThumbGrid, ThumbModel
    from lunar_studio.workers.data_service import FileVerdict

    model = ThumbModel()
    grid = ThumbGrid(model)
    grid.resize(900, 500)
    grid.show()
    model.set_verdicts(tuple(FileVerdict(f"{n:05d}.png", "ok", width=32, height=32, frames=1) for n in range(5000)))
    bar = grid.verticalScrollBar()
    while bar.maximum() < 25_000:  # it is laid out in portions
        QApplication.processEvents()
    sprite = Sprite(np.full((32, 32, 4), 200, np.uint8))
    places = iter(range(0, bar.maximum(), bar.maximum() // 30))

    def scroll() -> None:
        bar.setValue(next(places))
        model.add(dict.fromkeys(model.missing(*grid.rows_in_sight()), sprite))
        grid.grab()

    times_ms = timed(scroll, 20)
    grid.close()
    return times_ms


# ---- threads, by the clock -----------------------------------------------------------------------


def newest_move_served() -> list[float]:
    """From the last of 360 moves, one a millisecond, to the end of its job of 30 ms; at best one job, at most two."""
    from lunar_studio.workers.mailbox import Mailbox

    times_ms = []
    for _ in range(3):
        mailbox: Mailbox[int] = Mailbox()
        done_s: list[float] = []

        def work(mailbox: Mailbox[int] = mailbox, done_s: list[float] = done_s) -> None:
            while mailbox.wait() is not None:
                time.sleep(_JOB_S)
                done_s.append(time.perf_counter())

        worker = threading.Thread(target=work)
        worker.start()
        for move in range(360):
            mailbox.post(move)
            time.sleep(0.001)
        posted_s = time.perf_counter()
        time.sleep(3 * _JOB_S)
        mailbox.close()
        worker.join()
        times_ms.append((done_s[-1] - posted_s) * 1000)
    return times_ms


def end_of_a_run_told() -> list[float]:
    """From the start of a run of three empty steps to its `RunEnded` in the window: no timer is waited for."""
    from PySide6.QtCore import QEventLoop
    from PySide6.QtWidgets import QApplication

    from lunar_studio.core.presets import preset
    from lunar_studio.workers.thread_host import ThreadHost
    from lunar_studio.workers.train_service import TrainService
    from tests.workers.fakes import FakeTrainer

    host = ThreadHost()
    service = TrainService(host, FakeTrainer(steps=3))

    def run() -> None:
        service.start(Path("set"), Path(name) / "run", preset("tiny"))
        while service.is_running:
            QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)

    with tempfile.TemporaryDirectory(prefix="studio-bench-") as name:
        times_ms = timed(run, 20, time.perf_counter)
    host.shut_down()
    return times_ms


def event_loop_beside_training() -> list[float]:
    """Turns of the event loop that a timer of 5 ms sees while a trainer keeps a core busy."""
    from lunar_studio.core.presets import preset
    from lunar_studio.workers.thread_host import ThreadHost
    from lunar_studio.workers.train_service import TrainService
    from tests.bench.hand import GapWatch, Wait
    from tests.workers.fakes import FakeTrainer

    host = ThreadHost()
    service = TrainService(host, FakeTrainer(steps=10**6, burn=4))
    watch = GapWatch()
    with tempfile.TemporaryDirectory(prefix="studio-bench-") as name:
        service.start(Path("set"), Path(name) / "run", preset("tiny"))
        Wait().for_ms(200)
        watch.start()
        Wait().for_ms(2000)
        watch.stop()
        service.stop_and_wait()
        host.shut_down()
    return watch.gaps_ms


PIECES = {
    "damage": Piece("damage of a sprite", 0.15, damage_of_a_sprite),
    "augment": Piece("augmenting a batch of 64", 2.0, augmented_batch),
    "copies": Piece("near copies among 1,000 sprites", 3000.0, near_copies),
    "names": Piece("listing 3,000 files", 300.0, listed_files),
    "load": Piece("loading a model", 500.0, loaded_model),
    "help": Piece("--help as a process", 150.0, helped),
    "history": Piece("taking in 100,000 steps", 1000.0, history_taken_in),
    "smooth": Piece("smoothing 100,000 points", 10.0, history_smoothed),
    "plots": Piece("redrawing plots of 100,000 points", 100.0, plots_redrawn),
    "grid": Piece("a frame of the grid of 5,000 files", 50.0, grid_scrolled),
    "mailbox": Piece("newest of 360 moves served (by the clock)", 60.0, newest_move_served),
    "end": Piece("a run of no length, told (by the clock)", 50.0, end_of_a_run_told),
    "loop": Piece("event loop beside training (by the clock)", 30.0, event_loop_beside_training),
}


def main() -> int:
    """Measure what is asked for, and print it."""
    parser = argparse.ArgumentParser(description="Times of single pieces.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"which: {', '.join(PIECES)}; without any, all")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(PIECES):
        parser.error(f"there is no piece called {', '.join(sorted(unknown))}")
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    from lunar_studio.gui import theme

    application = QApplication([])
    theme.apply(application, theme.DARK)
    facts = machine_facts()
    found = {name: Spread.of(PIECES[name].measure()) for name in arguments.names or PIECES}
    if arguments.json:
        print(json.dumps({"machine": facts, "pieces": found}, default=plain, indent=2))
        return 0
    rows = [
        [
            PIECES[name].name,
            f"{spread.count:,}",
            *(f"{value:.2f}" for value in (spread.p50, spread.p95, spread.longest, PIECES[name].aim_ms)),
        ]
        for name, spread in found.items()
    ]
    print(f"{machine_sentence(facts)}.\n\n{markdown(['piece', 'n', 'p50 ms', 'p95 ms', 'longest ms', 'aim ms'], rows)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
