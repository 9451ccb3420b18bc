"""How long a grid of 64 variations takes, and which way of varying is worth most: `python -m tests.bench.breeding`.

Times are of the whole grid as the Breed view asks for it: children bred, drawn in parts of 16 and scored; busy is the
time of all cores together, waited is the clock, which other programs on the machine stretch.

`--ways` compares, at several strengths, random steps along the found directions with drawing near the parent from the
prior, by how much of the pixels changes and by what the teacher says.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch

from lunar_studio.core.latent import Latent
from lunar_studio.core.sprite import Sprite
from lunar_studio.explore.engine import Engine, load
from lunar_studio.session.breeding import Generation
from lunar_studio.session.offspring import another_child, children
from lunar_studio.workers.grid_service import GridPart, drawn_in_parts
from tests.bench.figures import SPREAD_HEADS, Spread, machine_facts, machine_sentence, markdown

_PARENTS = 8
_NEAR = (0.1, 0.2, 0.35)
_ALONG = (0.15, 0.3, 0.45)


def grid_times(engine: Engine, rounds: int, count: int) -> tuple[Spread, Spread]:
    """Milliseconds of a grid: busy, and waited."""
    (parent,) = engine.sample(1, seed=87)
    busy, waited = [], []
    for seed in range(rounds + 1):
        bred = Generation("g", (parent,), seed, 0.4, count=count)
        began_s, began_busy_s = time.perf_counter(), time.process_time()
        latents = children(bred, engine.directions, engine.info.latent_parts)
        another = partial(another_child, bred, engine.directions, engine.info.latent_parts)
        parts = [part for part in drawn_in_parts(latents, another, engine) if isinstance(part, GridPart)]
        if sum(len(part.sprites) for part in parts) != count:
            raise RuntimeError("the grid is not whole")
        waited.append((time.perf_counter() - began_s) * 1000)
        busy.append((time.process_time() - began_busy_s) * 1000)
    return Spread.of(busy[1:]), Spread.of(waited[1:])  # the first one warms up


def ways(engine: Engine) -> str:
    """A table of two ways to vary."""
    parents = engine.sample(_PARENTS, seed=3)
    drawn = engine.decode_many(parents)

    def along(parent: Latent, strength: float) -> Sequence[Latent]:
        bred = Generation("g", (parent,), 5, strength, count=8)
        return children(bred, engine.directions, engine.info.latent_parts)

    def near(parent: Latent, strength: float) -> Sequence[Latent]:
        with engine.computing(8):
            near_L = torch.from_numpy(parent.values_L.copy())
            rows = engine.bundle.prior.sample(8, seed=5, near_L=near_L, strength=strength)
        return [Latent(row) for row in rows.numpy()]

    rows = [_row(engine, parents, drawn, "along directions", along, strength) for strength in _ALONG]
    rows += [_row(engine, parents, drawn, "near, from the prior", near, strength) for strength in _NEAR]
    return markdown(["way", "strength", "change of pixels", "mean score", "ms each"], rows)


def _row(
    engine: Engine,
    parents: Sequence[Latent],
    drawn: Sequence[Sprite],
    title: str,
    way: Callable[[Latent, float], Sequence[Latent]],
    strength: float,
) -> list[str]:
    changes, scores, invented_s = [], [], 0.0
    for parent, before in zip(parents, drawn, strict=True):
        began_s = time.perf_counter()
        latents = way(parent, strength)
        invented_s += time.perf_counter() - began_s
        sprites = engine.decode_many(latents)
        changes += [_change(before, after) for after in sprites]
        scores += [score.value for score in engine.score_many(sprites)]
    each_ms = 1000 * invented_s / len(changes)
    return [title, f"{strength:.2f}", f"{np.mean(changes):.3f}", f"{np.mean(scores):.1f}", f"{each_ms:.2f}"]


def _change(before: Sprite, after: Sprite) -> float:
    return float(np.abs(before.rgba_HWC.astype(np.int16) - after.rgba_HWC.astype(np.int16)).mean() / 255)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20, help="grids to measure (default: 20)")
    parser.add_argument("--count", type=int, default=64, help="variations in a grid (default: 64)")
    parser.add_argument("--ways", action="store_true", help="also compare two ways to vary")
    parsed = parser.parse_args(arguments)
    engine = load(None)
    busy, waited = grid_times(engine, parsed.rounds, parsed.count)
    print(machine_sentence(machine_facts()))
    rows = [[f"{parsed.count} variations, busy", *busy.row], [f"{parsed.count} variations, waited", *waited.row]]
    print(markdown(["grid", *SPREAD_HEADS], rows))
    if parsed.ways:
        print(ways(engine))
    return 0


if __name__ == "__main__":
    sys.exit(main())
