"""`dataset check` and `dataset build`: from a folder of art to a training set."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lunar_studio.cli import options
from lunar_studio.cli.answer import Answer, WrongUsage
from lunar_studio.cli.progress import Progress

if TYPE_CHECKING:
    from lunar_studio.data.report import Report

_SHOWN = 20


def add_to(commands: options.Commands) -> None:
    """Add `dataset check` and `dataset build`."""
    parser = commands.add_parser("dataset", help="look at art, or build a training set from it")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    looking = actions.add_parser("check", help="verdict for each file, duplicates, statistics; writes nothing")
    looking.set_defaults(run=check)
    building = actions.add_parser("build", help="write the data set that training reads")
    building.add_argument("--out", type=Path, required=True, metavar="DATASET", help="folder to make")
    building.add_argument(
        "--size",
        type=options.whole_number(1, 512),
        metavar="N",
        help="width and height in pixels (default: the most frequent)",
    )
    building.set_defaults(run=build)
    for action in (looking, building):
        action.add_argument("source", type=Path, metavar="SRC", help="picture, folder or zip")
        action.add_argument(
            "--slice",
            metavar="auto|WxH",
            help="cut sheets into sprites of this size (also WxH,margin=M,spacing=S), or find it in each",
        )
        action.add_argument(
            "--skip",
            action="append",
            default=[],
            metavar="COLUMN=VALUE",
            help="leave out files whose row in the art's own table says so",
        )
        options.add_json(action)


def check(arguments: argparse.Namespace) -> Answer:
    """Look at a source without keeping anything.

    Raises:
        DatasetError: The source cannot be opened.
    """
    from lunar_studio.data import importing

    with Progress("looking at art") as progress:
        report = importing.check(
            arguments.source, skip=_skipped(arguments.skip), slicing=arguments.slice, progress=progress
        )
    return Answer(report_text(report), report.to_json())


def build(arguments: argparse.Namespace) -> Answer:
    """Make a data set; at once when the same one stands there already.

    Raises:
        DatasetError: The source cannot be opened or holds no sprite, or the folder cannot be written.
    """
    from lunar_studio.data import importing

    with Progress("building the data set") as progress:
        dataset = importing.build(
            arguments.source,
            arguments.out,
            size=arguments.size,
            skip=_skipped(arguments.skip),
            slicing=arguments.slice,
            progress=progress,
        )
    facts = dataset.facts
    document = {
        "dataset": dataset.path,
        "size": facts.size,
        "sprites": facts.sprites,
        "validation": facts.validation,
        "families": facts.families,
        "refused": facts.refused,
        "duplicates": facts.duplicates,
        "left_out": facts.left_out,
        "digest": facts.digest,
    }
    text = (
        f"{facts.sprites:,} sprites of {facts.size} × {facts.size} px in {facts.families:,} families, "
        f"{facts.validation:,} of them held out for validation.\n"
        f"Left out: {facts.refused:,} refused, {facts.duplicates:,} duplicates, {facts.left_out:,} by the table.\n"
        f"The data set is in {dataset.path}"
    )
    return Answer(text, document)


def report_text(report: Report) -> str:
    """A report for people: counts, figures, and what is wrong with which file."""
    statistics = report.statistics
    sizes = ", ".join(f"{size} ({count:,})" for size, count in list(statistics.sizes.items())[:5])
    count = report.count
    files = f"{count('ok'):,} fine, {count('duplicate'):,} duplicates, {count('refused'):,} refused"
    files += f", {count('skipped'):,} left out by the table, {report.other_files:,} no pictures"
    to_know = f"{statistics.phantom_files:,} files with colour under transparent pixels"
    to_know += f", {statistics.upscaled_files:,} enlarged"
    lines = [
        f"{report.source}: {report.sprites:,} sprites to train on",
        f"  files       {files}",
        f"  sizes       {sizes or 'none'}",
        f"  colours     {statistics.colours_median} in a typical file, {statistics.colours_most} at most",
        f"  alpha       {', '.join(f'{kind} {number:,}' for kind, number in statistics.alpha.items()) or 'none'}",
        f"  to know     {to_know}",
        f"  near copies {len(report.near_copies):,} groups (mirrored, shifted or recoloured)",
    ]
    refused = [verdict for verdict in report.verdicts if verdict.verdict == "refused"]
    lines += [f"  refused: {verdict.path}: {verdict.reason}" for verdict in refused[:_SHOWN]]
    if len(refused) > _SHOWN:
        lines.append(f"  ... and {len(refused) - _SHOWN:,} more; --json lists them all")
    return "\n".join(lines)


def _skipped(texts: list[str]) -> Mapping[str, Any] | None:
    found: dict[str, set[str]] = {}
    for text in texts:
        column, equals, value = text.partition("=")
        if not (column and equals):
            raise WrongUsage(f"--skip {text!r:.60} names no column and value.", hint="Write it as --skip use=skip.")
        found.setdefault(column, set()).add(value)
    return found or None
