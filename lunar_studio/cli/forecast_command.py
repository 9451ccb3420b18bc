"""`forecast`: what a training run would cost on this machine, from a dry run of some seconds; nothing is kept."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from lunar_studio.cli import options, train_command
from lunar_studio.cli.answer import Answer, plain
from lunar_studio.cli.forecast_text import text_of


def add_to(commands: options.Commands) -> None:
    """Add `forecast`."""
    parser = commands.add_parser(
        "forecast",
        help="what training would cost on this machine",
        description="Take some steps on throw-away weights and tell how long the run would take, how much memory, and "
        "when its model would be worth exploring. Takes the same options as `train`.",
    )
    parser.add_argument("source", type=Path, metavar="DATASET", help="built data set, or art to build one from")
    train_command.add_settings(parser)
    options.add_json(parser)
    parser.set_defaults(run=forecast, resume=False)


def forecast(arguments: argparse.Namespace) -> Answer:
    """Measure and tell.

    Raises:
        WrongUsage: The preset, a field or its value does not exist.
        LunarError: The run could not start.
    """
    options.load_extensions(arguments)
    dataset, config = train_command.prepared(arguments)
    from lunar_studio.training.loop import forecast as measured

    with tempfile.TemporaryDirectory(prefix="lunar-forecast-") as scratch:
        told = measured(dataset, Path(scratch), config)
    return Answer(text_of(told), {**plain(told), "total_s": told.total_s})
