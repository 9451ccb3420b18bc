"""How fast training is: `python -m tests.bench.training [--rounds 3] [--batch 32]`.

The combined step of `classic-128` and of the small preset, each beside what anybody would write first (float32,
plain layout) in the same run, and as a share of the machine's rate of matrix products in the same precision. Goals:
five times the plain step and half of the rate for `classic-128`. How near the stated memory comes is told by
`python -m tests.bench.memory`, how the cache's reading compares with the need by `python -m tests.bench.cache`, and
how right forecasts are by `python -m tests.bench.forecast`.
"""

from __future__ import annotations

import argparse
import sys

from lunar_studio.cli.bench_measures import Result, measure
from tests.bench.figures import machine_facts, machine_sentence, markdown

GOAL_RATIO, GOAL_SHARE = 5.0, 0.5
HEADS = ["", "precision", "images", "ours, images/s", "plain, images/s", "times faster", "of matrix rate", "plain's"]


def row(result: Result) -> list[str]:
    """A result as cells."""
    return [
        result.name,
        result.precision,
        str(result.images),
        f"{result.ours_images_per_s:.1f}",
        f"{result.plain_images_per_s:.1f}",
        f"{result.ratio:.2f}",
        f"{result.ours_share:.0%}",
        f"{result.plain_share:.0%}",
    ]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="How fast training is.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch", type=int, default=32, help="sprites in a step of classic-128")
    parser.add_argument("--small-batch", type=int, default=64, help="sprites in a step of the small preset")
    given = parser.parse_args()
    batches = {"classic-128": given.batch, "sprite-32": given.small_batch}
    measured = measure(batches, rounds=given.rounds, say=lambda text: print(text, file=sys.stderr, flush=True))
    rates = ", ".join(f"{rate:,.0f} GFLOP/s in {name}" for name, rate in measured.product_gflops.items())
    print(f"{machine_sentence(machine_facts())}; {measured.threads} threads; {rates}\n")
    print(markdown(HEADS, [row(result) for result in measured.results if "step" in result.name]))
    print(f"\nGoals for classic-128: {GOAL_RATIO:g} times faster, {GOAL_SHARE:.0%} of the matrix rate.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
