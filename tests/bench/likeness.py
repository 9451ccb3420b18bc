"""How quickly and how surely near copies are found: `python -m tests.bench.likeness [DATASET] [--write]`.

The index (`pixels.likeness.index`) is filled with sprites drawn by code, in families of ten as frames and recolourings
are, and asked for disguised copies of what it holds, and for drawings that it has nothing like. Recall is the share of
the truly nearest, by comparing with every sprite, that the index finds too; a sprite as near as the last of them
counts as found. Among strangers it is chance who is tenth, so recall is told of those that are alike at all as well
(nearer than 0.3), and excess: by how much what it finds is further on average than the truly nearest. With a data set
its training sprites are indexed as well and asked for with those held out. On one thread; says most on a machine that
does nothing else. Comparing with every sprite takes some seconds for each query.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch

from lunar_studio.core.arrays import F32, U8
from lunar_studio.pixels.likeness.distance import distances
from lunar_studio.pixels.likeness.families import nearest_families
from lunar_studio.pixels.likeness.fingerprints import I8, FingerprintScan, fingerprints
from lunar_studio.pixels.likeness.index import LikenessIndex
from lunar_studio.pixels.likeness.maps import I64, structure_maps
from tests.bench.drawn_art import copies, drawn_art, families
from tests.bench.figures import Spread, machine_facts, machine_sentence, markdown, with_part
from tests.bench.performance import PAGE

BEGIN = "<!-- figures: made by python -m tests.bench.likeness -->"
END = "<!-- end of figures of likeness -->"
_TOP = 10
_ALIKE = 0.3
_SAME = 1e-6


@dataclass(frozen=True, slots=True)
class Searched:
    """What searching a library took, and found.

    Attributes:
        title: What was looked for, in what.
        sprites: Sprites in the library.
        build_s: Seconds to make it ready.
        busy: Milliseconds of one core for a query.
        waited: Milliseconds on the clock for a query.
        recall_1: Share of nearest sprites that were found.
        recall_10: Share of the ten nearest that were found.
        alike: Share of those among the ten nearest that are nearer than 0.3 that were found; NaN where there are none.
        excess: Mean distance of the ten that were found above that of the ten nearest.
    """

    title: str
    sprites: int
    build_s: float
    busy: Spread
    waited: Spread
    recall_1: float
    recall_10: float
    alike: float
    excess: float


class Guard:
    """What stands beside every result in the window: fingerprints alone, as a model file carries them."""

    def __init__(self, codes_ND: I8) -> None:
        self._scan = FingerprintScan.of(codes_ND)

    @classmethod
    def of(cls, sprites_NHWC: U8) -> Guard:
        """Take the fingerprints of sprites."""
        return cls(fingerprints(sprites_NHWC))

    def nearest(self, sprite_HWC: U8, k: int) -> tuple[I64, F32]:
        """Positions of the `k` nearest, and their distances as the blur lets them be seen."""
        apart_N = self._scan.distances(fingerprints(sprite_HWC[None])[0])
        found_N = nearest_families(apart_N, np.arange(len(apart_N), dtype=np.int32), k)
        return found_N, apart_N[found_N]


def searched(
    title: str, library_NHWC: U8, queries_NHWC: U8, timed_NHWC: U8, way: type[LikenessIndex | Guard] = LikenessIndex
) -> Searched:
    """Search a library for each of some sprites, and compare with searching it exhaustively."""
    begun_s = time.process_time()
    index = way.of(library_NHWC)
    build_s = time.process_time() - begun_s
    maps = index.maps if isinstance(index, LikenessIndex) else structure_maps(library_NHWC)
    index.nearest(queries_NHWC[0], _TOP)
    busy_ms, waited_ms = [], []
    for sprite in np.concatenate([queries_NHWC, timed_NHWC]):
        began = time.process_time(), time.perf_counter()
        index.nearest(sprite, _TOP)
        busy_ms.append((time.process_time() - began[0]) * 1000)
        waited_ms.append((time.perf_counter() - began[1]) * 1000)
    first, all_ten, alike, excess = [], [], [], []
    for sprite in queries_NHWC:
        # One at a time: the distances of all queries to a large library do not fit into a small machine.
        apart_N = distances(structure_maps(sprite[None], maps.side), maps)[0]
        true_N = np.sort(apart_N)[:_TOP]
        found_N = np.sort(apart_N[index.nearest(sprite, _TOP)[0]])
        first.append(found_N[0] <= true_N[0] + _SAME)
        all_ten.append((found_N <= true_N[-1] + _SAME).mean())
        alike += [bool((found_N <= value + _SAME).sum() > rank) for rank, value in enumerate(true_N) if value < _ALIKE]
        excess.append((found_N - true_N).mean())
    return Searched(
        title,
        len(library_NHWC),
        build_s,
        Spread.of(busy_ms),
        Spread.of(waited_ms),
        float(np.mean(first)),
        float(np.mean(all_ten)),
        float(np.mean(alike)) if alike else float("nan"),
        float(np.mean(excess)),
    )


def table(measured: list[Searched]) -> str:
    """The figures in Markdown."""
    heads = [
        "searched for",
        "sprites",
        "ready s",
        "core ms p50",
        "p95",
        "clock ms p50",
        "p95",
        "recall@1",
        "recall@10",
        "of alike",
        "excess",
    ]
    rows = [
        [
            one.title,
            f"{one.sprites:,}",
            f"{one.build_s:.1f}",
            f"{one.busy.p50:.1f}",
            f"{one.busy.p95:.1f}",
            f"{one.waited.p50:.1f}",
            f"{one.waited.p95:.1f}",
            f"{one.recall_1:.3f}",
            f"{one.recall_10:.3f}",
            f"{one.alike:.3f}",
            f"{one.excess:.4f}",
        ]
        for one in measured
    ]
    return markdown(heads, rows)


def main() -> int:
    """Measure, and print or write."""
    parser = argparse.ArgumentParser(description="How quickly and how surely near copies are found.")
    parser.add_argument("dataset", type=Path, nargs="?", help="a built data set to search as well")
    parser.add_argument("--sprites", type=int, default=100_000, help="sprites drawn by code")
    parser.add_argument("--queries", type=int, default=50, help="queries of each kind that are checked exhaustively")
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    count, queries = arguments.sprites, arguments.queries
    drawn = families(count, seed=1)
    chosen = np.random.default_rng(2).choice(count, 2 * queries, replace=False)
    new, disguised = drawn_art(2 * queries, seed=3), copies(drawn[chosen], seed=4)
    measured = [
        searched("disguised copies, among drawings by code", drawn, disguised[:queries], disguised[queries:]),
        searched("strangers, among drawings by code", drawn, new[:queries], new[queries:]),
        searched("disguised copies, by fingerprints alone", drawn, disguised[:queries], disguised[queries:], Guard),
    ]
    if arguments.dataset is not None:
        measured.append(_of_dataset(arguments.dataset, queries))
    made = (
        f"Measured on {datetime.now(UTC):%d %B %Y} with `python -m tests.bench.likeness"
        f"{' DATASET' if arguments.dataset is not None else ''} --queries {queries}`: "
        f"{machine_sentence(machine_facts())}.\n\n{table(measured)}"
    )
    if arguments.write:
        PAGE.write_text(with_part(PAGE.read_text(encoding="utf-8"), BEGIN, END, made), encoding="utf-8")
    else:
        print(made)
    return 0


def _of_dataset(path: Path, queries: int) -> Searched:
    from lunar_studio.data.dataset import Dataset

    dataset = Dataset.open(path)
    held_out = np.random.default_rng(5).permutation(dataset.indices("validation"))
    sprites = np.asarray(dataset.sprites_NHWC)
    return searched(
        f"held-out sprites, among the training sprites of {dataset.facts.source or path.name}",
        sprites[dataset.indices("train")],
        sprites[held_out[:queries]],
        sprites[held_out[queries : 2 * queries]],
    )


if __name__ == "__main__":
    sys.exit(main())
