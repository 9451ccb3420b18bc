"""`dataset check`, `dataset doctor` and `dataset build`: from a folder of art to a training set."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lunar_studio.cli import options
from lunar_studio.cli.answer import Answer, WrongUsage
from lunar_studio.cli.progress import Progress

if TYPE_CHECKING:
    from lunar_studio.data.findings import Diagnosis
    from lunar_studio.data.report import Report

_SHOWN = 20
_EXAMPLES = 3


def add_to(commands: options.Commands) -> None:
    """Add `dataset check`, `dataset doctor` and `dataset build`."""
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
    examining = actions.add_parser(
        "doctor", help="what would spoil a training set, and a mended copy of the art; never touches the art itself"
    )
    examining.add_argument(
        "--fix", type=Path, metavar="OUT", help="write a mended copy of the art into this new folder"
    )
    examining.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="KIND",
        help="with --fix: put only this kind right, may be repeated (default: all that is safe)",
    )
    examining.set_defaults(run=doctor)
    for action in (looking, building, examining):
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


def doctor(arguments: argparse.Namespace) -> Answer:
    """Look for what would spoil a training set; with `--fix`, write a mended copy.

    Raises:
        DatasetError: The source cannot be opened, or the copy cannot be written.
        WrongUsage: `--only` names no fix, or stands without `--fix`.
    """
    from lunar_studio.data.doctor import examine
    from lunar_studio.data.findings import KINDS
    from lunar_studio.data.mending import mend, safe_fixes

    fixable = [id_ for id_, kind in KINDS.items() if kind.fix]
    if arguments.only and arguments.fix is None:
        raise WrongUsage("--only says what to put right, but not where.", hint="Add --fix OUT.")
    if unknown := [name for name in arguments.only if name not in fixable]:
        raise WrongUsage(f"There is no fix called {unknown[0]!r:.60}.", hint=f"Choose from: {', '.join(fixable)}.")
    choices: dict[str, Any] = {"skip": _skipped(arguments.skip), "slicing": arguments.slice}
    with Progress("examining art") as progress:
        diagnosis = examine(arguments.source, **choices, progress=progress)
    text, document = diagnosis_text(diagnosis), diagnosis.to_json()
    if arguments.fix is not None:
        fixes = frozenset(arguments.only) or safe_fixes(diagnosis)
        with Progress("writing the mended copy") as progress:
            mended = mend(arguments.source, arguments.fix, diagnosis, fixes, **choices, progress=progress)
        document["mended"] = {
            "folder": mended.folder,
            "fixes": sorted(fixes),
            "copied": mended.copied,
            "changed": mended.changed,
            "left_out": mended.left_out,
        }
        text += (
            f"\nMended copy in {mended.folder}: {mended.copied:,} files as they were, {mended.changed:,} sprites "
            f"changed, {mended.left_out:,} left out. Your own files are untouched."
        )
    return Answer(text, document)


def diagnosis_text(diagnosis: Diagnosis) -> str:
    """A diagnosis for people: problems, then notes, each with the sprites concerned."""
    report = diagnosis.report
    lines = [f"{report.source}: {report.sprites:,} sprites"]
    for severity, heading in (("problem", "Problems"), ("note", "Notes (harmless)")):
        found = [one for one in diagnosis.findings if one.kind.severity == severity]
        if not found:
            lines.append(f"{heading}: none")
            continue
        lines.append(f"{heading}:")
        for one in found:
            fix = f"; fix: {one.kind.fix.lower()} (--only {one.kind.id})" if one.kind.fix else ""
            lines.append(f"  {one.kind.title}: {len(one.names):,}{fix}")
            lines.append(f"    {one.kind.lesson}" + (f" {one.detail}." if one.detail else ""))
            words = {example.name: example.words for example in one.examples}
            for name in one.names[:_EXAMPLES]:
                shown = name.encode("utf-8", "backslashreplace").decode()
                lines.append(f"      {shown}" + (f": {words[name]}" if words.get(name) else ""))
            if len(one.names) > _EXAMPLES:
                lines.append(f"      ... and {len(one.names) - _EXAMPLES:,} more; --json lists them all")
    return "\n".join(lines)


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
