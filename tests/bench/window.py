"""How long a slider move takes to become a picture with its score, in the real window; and whether it ever stalls.

Run as `python -m tests.bench.window`: the studio itself, its services and the bundled model, on the screen there
is (`xvfb-run` makes one) or offscreen. Three questions:

* paced: a move every 33 ms, as by a hand. From the move to the end of the frame that shows its picture and score.
* streaming: a move every 4 ms, faster than any model. From the last move of a burst to the frame that shows it.
* with `--train`: gaps in the window's event loop, and paced moves, while a real training runs and its plots move.

Beside them stands decode and score called in a plain loop without any window, so that a figure is a ratio too:
on a busy machine both are slow, and the ratio still tells what the window adds.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PIL import Image
from PySide6.QtWidgets import QApplication

from lunar_studio import app as composition
from lunar_studio import paths
from lunar_studio.app import Studio
from lunar_studio.gui.crash import CrashReporter
from lunar_studio.gui.train.train_page import TrainPage
from tests.bench.figures import SPREAD_HEADS, Spread, machine_facts, machine_sentence, markdown, plain
from tests.bench.hand import MOVES_OF_ONE_SLIDER, GapWatch, Hand, Wait
from tests.pixels.drawn import blob, texture

HAND_MS = 33
BURST = 60
_LOAD_LIMIT_MS = 120_000
_ART = 80


def open_studio(app: QApplication) -> tuple[Studio, int]:
    """The studio as `app.run` opens it, with its first sprite shown; returns the sprite's generation too."""
    studio = Studio(app, CrashReporter(paths.cache_dir()))
    studio.preferences.set("help.tour_seen", True)  # it would stand over what is measured
    studio.open_window()
    app.processEvents()
    shown: list[int] = []
    studio.window.explore.presented.connect(shown.append)
    studio.window.open_model(None)
    Wait().until(studio.window.explore.presented, _LOAD_LIMIT_MS)
    Wait().for_ms(1500)  # the strip is drawn, and whatever else follows the first sprite
    studio.window.explore.presented.disconnect(shown.append)
    return studio, shown[-1]


def without_a_window(moves: int, *, rest_s: float = 0.0) -> Spread:
    """Decode and score called one after the other, in a plain loop; with a rest before each, the caches are cold."""
    from lunar_studio.explore.engine import load

    engine = load(None)
    latents = engine.sample(16, seed=1)
    times_ms = []
    for number in range(moves + 10):
        time.sleep(rest_s)
        begun_s = time.perf_counter()
        engine.score(engine.decode(latents[number % len(latents)]))
        times_ms.append((time.perf_counter() - begun_s) * 1000)
    return Spread.of(times_ms[10:])  # the first ones choose kernels


def start_training(studio: Studio, folder: Path) -> TrainPage:
    """Draw some art, build it, and start a training on the Train page as an artist would."""
    art = folder / "drawn art"
    art.mkdir()
    for number in range(_ART):
        sprite = blob(number) if number % 3 else texture(number)
        Image.fromarray(sprite.rgba_HWC).save(art / f"{'blob' if number % 3 else 'wall'} {number}.png")
    studio.window.open_page("train")
    page = studio.window.page_widget("train")
    assert isinstance(page, TrainPage)
    page.setup.choose_look("sprites")
    page.set_source(art)
    while not page.can_start:
        Wait().for_ms(50)
    page.start()
    while not studio.train_service.is_running:
        Wait().for_ms(50)
    Wait().until(studio.train_service.events_received, _LOAD_LIMIT_MS)
    return page


def while_training(studio: Studio, hand: Hand, folder: Path, seconds: int) -> dict[str, object]:
    """Gaps of the event loop with the plots on show, then with the sliders moving; warm-up goes before."""
    page = start_training(studio, folder)
    Wait().for_ms(10_000)
    watch = GapWatch()
    watch.start()
    Wait().for_ms(seconds * 1000)
    plots = watch.stop()
    studio.window.open_page("explore")
    Wait().for_ms(500)
    watch.start()
    moved, _ = hand.move(seconds * 1000 // HAND_MS, HAND_MS)
    sliding = watch.stop()
    page.stop()
    while studio.train_service.is_running:
        Wait().for_ms(50)
    return {"gaps_plots_ms": plots, "gaps_sliding_ms": sliding, "paced_ms": moved}


def measure(moves: int, *, train: bool, seconds: int) -> dict[str, object]:
    """Everything, as one document."""
    facts = machine_facts()
    with tempfile.TemporaryDirectory(prefix="studio-bench-") as name:
        os.environ[paths.HOME_VARIABLE] = name
        sys.setswitchinterval(composition._SWITCH_INTERVAL_S)  # as `run` does
        app = QApplication.instance() or QApplication(sys.argv[:1])
        assert isinstance(app, QApplication)
        studio, generation = open_studio(app)
        hand = Hand(studio, generation)
        hand.move(2 * MOVES_OF_ONE_SLIDER, HAND_MS)
        before = without_a_window(max(100, moves // 4))
        paced, _ = hand.move(moves, HAND_MS)
        meter, groups = hand.meter_share, hand.by_group
        streaming, frames = hand.burst(BURST, max(3, moves // 100))
        training = while_training(studio, hand, Path(name), seconds) if train else {}
        hand.let_go()
        studio.window.close()
        studio.shut_down()
        baseline = without_a_window(max(100, moves // 4))
        rested = without_a_window(max(100, moves // 10), rest_s=HAND_MS / 1000)
        result: dict[str, object] = {
            "machine": facts,
            "platform": app.platformName(),
            "window_px": [studio.window.width(), studio.window.height()],
            "paced_ms": paced,
            "paced_by_group_ms": groups,
            "meter_in_the_same_frame": round(meter, 4),
            "streaming_last_move_ms": streaming,
            "streaming_shown_share": round(frames / (BURST * streaming.count), 3),
            "without_window_ms": min(before, baseline, key=lambda spread: spread.p50),
            "after_a_rest_ms": rested,
            "training": training,
        }
        gc.collect()
    drawn = groups.get("shape", paced)  # the loop draws each sprite anew; a colour slider draws nothing anew
    result["ratio_p50"] = round(drawn.p50 / min(before.p50, baseline.p50), 2)
    result["ratio_p95"] = round(drawn.p95 / min(before.p95, baseline.p95), 2)
    return result


def tables(result: dict[str, object]) -> str:
    """The document as Markdown."""
    groups = result["paced_by_group_ms"]
    assert isinstance(groups, dict)
    rows = [
        ("a move every 33 ms: to its picture and score", result["paced_ms"]),
        *((f"of these, {group} sliders", spread) for group, spread in groups.items()),
        ("a move every 4 ms: from the last to its picture", result["streaming_last_move_ms"]),
        ("decode and score in a plain loop, no window", result["without_window_ms"]),
        ("the same every 33 ms, so with cold caches", result["after_a_rest_ms"]),
    ]
    training = result["training"]
    assert isinstance(training, dict)
    if training:
        rows += [
            ("while training, plots on show: gaps of the event loop", training["gaps_plots_ms"]),
            ("while training, sliders moving: gaps of the event loop", training["gaps_sliding_ms"]),
            ("while training: a move every 33 ms, to its picture", training["paced_ms"]),
        ]
    facts, size = result["machine"], result["window_px"]
    assert isinstance(facts, dict)
    assert isinstance(size, list)
    where = f"{machine_sentence(facts)}; {result['platform']}, window {size[0]} × {size[1]}."
    ratios = f"Window over plain loop, shape alone: {result['ratio_p50']} at p50, {result['ratio_p95']} at p95."
    meter = f"In {result['meter_in_the_same_frame']:.1%} of frames the meter was painted with its picture."
    shown = f"{result['streaming_shown_share']:.0%} of streamed moves got a frame of their own."
    table = markdown(["in the window", *SPREAD_HEADS], [[name, *_row(spread)] for name, spread in rows])
    return f"{where}\n\n{table}\n\n{ratios} {meter} {shown}"


def _row(spread: object) -> list[str]:
    assert isinstance(spread, Spread)
    return spread.row


def main() -> int:
    """Measure and print; 0 always, for a busy machine is no failure."""
    parser = argparse.ArgumentParser(description="Slider to picture, in the real window.")
    parser.add_argument("--moves", type=int, default=2000, help="paced moves")
    parser.add_argument("--train", action="store_true", help="also measure while a training runs")
    parser.add_argument("--seconds", type=int, default=30, help="of each measurement while training")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of tables")
    arguments = parser.parse_args()
    result = measure(arguments.moves, train=arguments.train, seconds=arguments.seconds)
    print(json.dumps(result, default=plain, indent=2) if arguments.json else tables(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
