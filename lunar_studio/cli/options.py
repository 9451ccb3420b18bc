"""Options that several commands share, and what their values may be."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from lunar_studio.explore.engine import Engine

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""Where a group of commands adds itself."""

MAX_SEED = 2**63 - 1


def add_model(parser: argparse.ArgumentParser) -> None:
    """`--model` and `--extension`."""
    parser.add_argument(
        "--model", type=Path, metavar="MODEL", help="model file (default: the one that ships with the studio)"
    )
    add_extensions(parser)


def add_extensions(parser: argparse.ArgumentParser) -> None:
    """`--extension`, for models and runs that need code of the user's own."""
    parser.add_argument(
        "--extension",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="Python file that registers networks or losses of your own; it can do whatever you can, so trust it",
    )


def add_json(parser: argparse.ArgumentParser, what: str = "one JSON document") -> None:
    """`--json`."""
    parser.add_argument("--json", action="store_true", help=f"print {what} instead of text")


def load_extensions(arguments: argparse.Namespace) -> None:
    """Run the user's extension files.

    Raises:
        ConfigError: One of them fails or registers nothing.
    """
    if arguments.extension:
        from lunar_studio.models.extensions import load_extension

        for path in arguments.extension:
            load_extension(path)


def open_engine(arguments: argparse.Namespace) -> Engine:
    """The model that `--model` names, after the extensions that it may need.

    Raises:
        ModelFileError: The file is missing, damaged, hostile, not ours or too new.
    """
    load_extensions(arguments)
    from lunar_studio.explore.engine import load

    return load(arguments.model)


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """A type for argparse: a whole number from `low` to `high`."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r:.40} is not a whole number") from None
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"must be {low} to {high}, not {value}")
        return value

    return read


def positive_number(text: str) -> float:
    """A type for argparse: a finite number above 0."""
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r:.40} is not a number") from None
    if not 0.0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"must be above 0, not {text:.40}")
    return value
