"""`bench`: how fast this machine trains, draws and judges, beside a plain baseline in the same run."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from lunar_studio.cli import options
from lunar_studio.cli.answer import Answer, plain, table

if TYPE_CHECKING:
    from lunar_studio.cli.bench_measures import Measured


def add_to(commands: options.Commands) -> None:
    """Add `bench`."""
    parser = commands.add_parser("bench", help="speed of training, drawing and judging beside a plain baseline")
    parser.add_argument("--quick", action="store_true", help="smaller batches and fewer rounds: rougher figures")
    options.add_json(parser)
    parser.set_defaults(run=bench)


def bench(arguments: argparse.Namespace) -> Answer:
    """Measure; ratios above 1 mean that ours is faster."""
    from lunar_studio.cli.bench_measures import QUICK, THOROUGH, measure

    def say(text: str) -> None:
        if sys.stderr.isatty():
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)

    measured = measure(QUICK if arguments.quick else THOROUGH, rounds=3 if arguments.quick else 5, say=say)
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    return Answer(text_of(measured), plain(measured))


def text_of(measured: Measured) -> str:
    """The measurements as a table for people."""
    rows = [["", "images", "ours", "plain", "times faster", "ours, images/s", "plain", "of matrix rate: ours", "plain"]]
    rows += [
        [
            f"{result.name} ({result.precision})",
            str(result.images),
            f"{result.ours_ms:.1f} ms",
            f"{result.plain_ms:.1f} ms",
            f"{result.ratio:.2f}",
            f"{result.ours_images_per_s:.1f}",
            f"{result.plain_images_per_s:.1f}",
            f"{result.ours_share:.0%}",
            f"{result.plain_share:.0%}",
        ]
        for result in measured.results
    ]
    rates = ", ".join(f"{rate:,.0f} GFLOP/s in {precision}" for precision, rate in measured.product_gflops.items())
    return (
        table(rows, right=frozenset(range(1, 9)))
        + f"\nMatrix products on this machine: {rates}."
        + f"\nMedians of {measured.rounds} rounds in turn, {measured.threads} threads; plain is float32 PyTorch."
    )
