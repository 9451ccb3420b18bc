"""How long the groove of one slider takes, in turn and as a batch, and how long a drag could wait for a step of it.

Run as `python -m tests.bench.grooves [--model FILE] [--sliders N]` on a quiet machine; beside the times stands one
decode with its score, so that on a busy one the ratio still tells. The aim is 60 ms for a groove on two quiet cores.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from lunar_studio.core.groove import latents_along
from lunar_studio.core.latent import Direction, Latent
from lunar_studio.core.track import STOPS, stops
from lunar_studio.explore.engine import Engine, load
from lunar_studio.explore.grooves import along
from tests.bench.figures import SPREAD_HEADS, Spread, machine_facts, machine_sentence, markdown


def timed(work: Callable[[], object]) -> float:
    """How long it takes, in milliseconds."""
    begun_s = time.perf_counter()
    work()
    return (time.perf_counter() - begun_s) * 1000


def steps_ms(engine: Engine, latent: Latent, direction: Direction) -> list[float]:
    """How long each step of a groove takes."""
    steps = along(engine, latent, direction)
    return [timed(lambda: next(steps)) for _ in range(2 * STOPS)]


def measure(engine: Engine, sliders: int) -> dict[str, Spread]:
    """Times of grooves of as many sliders, of sprites as many."""
    one: list[float] = []
    in_turn: list[float] = []
    longest: list[float] = []
    batch: list[float] = []
    latents = engine.sample(sliders, seed=5)
    for number, latent in enumerate(latents):
        direction = engine.directions[number % len(engine.directions)]
        one.append(timed(lambda at=latent: engine.score(engine.decode(at))))  # type: ignore[misc]
        steps = steps_ms(engine, latent, direction)
        in_turn.append(sum(steps))
        longest.append(max(steps))
        places = latents_along(latent, direction, stops())
        batch.append(timed(lambda at=places: engine.score_many(engine.decode_many(at))))  # type: ignore[misc]
    return {
        "one sprite, decoded and scored": Spread.of(one),
        f"a groove of {STOPS} stops, in turn (as the studio does)": Spread.of(in_turn),
        "the longest step of it: what a drag could wait": Spread.of(longest),
        f"the same {STOPS} sprites as a batch": Spread.of(batch),
    }


def main() -> int:
    """Measure and print; 0 always."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", type=Path, help="default: the one that ships with the studio")
    parser.add_argument("--sliders", type=int, default=40, help="grooves to measure")
    arguments = parser.parse_args()
    engine = load(arguments.model)
    measure(engine, 3)  # the first calls are slower
    spreads = measure(engine, arguments.sliders)
    print(machine_sentence(machine_facts()))
    print(markdown(["", *SPREAD_HEADS], [[what, *spread.row] for what, spread in spreads.items()]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
