"""`score`: what the teacher thinks of pictures, and what lint finds in them; with `--min-score`, an audit of a set."""

from __future__ import annotations

import argparse
import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lunar_studio.cli import options
from lunar_studio.cli.answer import Answer, WrongUsage, plain, table, warn
from lunar_studio.cli.art import Art, Picture, batches, make_folder, shown
from lunar_studio.cli.copies import told, warn_if_unknown, warn_of_copies
from lunar_studio.cli.sample_command import scored

if TYPE_CHECKING:
    from lunar_studio.cli.audit import Entry, Gathered
    from lunar_studio.core.neighbours import Neighbours
    from lunar_studio.core.score import LintReport, Score
    from lunar_studio.explore.engine import Engine
    from lunar_studio.pixels.fit import Fitted

REPORT_FILE = "audit.html"
"""What the audit's report is called, without `--report`."""

_BATCH = 64
_LISTED = 20
_LONGEST = 48
_FELL_SHORT = 1


def add_to(commands: options.Commands) -> None:
    """Add `score`."""
    parser = commands.add_parser(
        "score",
        help="the teacher's judgement of pictures, with lint findings; an audit of a whole set",
        description="Judge pictures. With --min-score, rank those that stand out with reasons, write a report with "
        "pictures, and exit with 1 when one falls short. With --harmonise, also propose versions nearer to the set.",
    )
    parser.add_argument("sources", type=Path, nargs="+", metavar="SRC", help="pictures, folders, zips or data sets")
    parser.add_argument(
        "--min-score",
        type=_percentile,
        metavar="N",
        help="audit: a picture with a score below N, 0 to 100, falls short",
    )
    parser.add_argument(
        "--report", type=Path, metavar="FILE", help=f"where the audit writes its HTML report (default: {REPORT_FILE})"
    )
    parser.add_argument(
        "--harmonise",
        type=Path,
        metavar="OUT",
        help="audit: write a version moved towards the set for each picture that stands out, as new files in OUT",
    )
    parser.add_argument(
        "--neighbours",
        action="store_true",
        help="also the nearest drawings of the model's training art, and near copies",
    )
    options.add_model(parser)
    options.add_json(parser)
    parser.set_defaults(run=score)


def _percentile(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r:.40} is not a number") from None
    if not 0.0 <= value <= 100.0:
        raise argparse.ArgumentTypeError(f"must be 0 to 100, not {text:.40}")
    return value


def score(arguments: argparse.Namespace) -> Answer:
    """Judge every picture; those of another size than the model's are fitted first, and the answer says how.

    Raises:
        WrongUsage: There is a place for a report, but nothing to report on.
        LunarError: The model cannot be used, there is no picture to use, or the report cannot be written.
    """
    _settle(arguments)
    engine = options.open_engine(arguments)
    from lunar_studio.pixels.lint import examine

    art = Art(arguments.sources)
    files: list[dict[str, Any]] = []
    is_audit = arguments.min_score is not None
    audited = _gathered() if is_audit else None
    found_near: list[Neighbours] = []
    if arguments.neighbours:
        warn_if_unknown(engine)
    for batch in batches(iter(art), _BATCH):
        fitted = [engine.fitted(picture.sprite) for picture in batch]
        judged = engine.score_many([found.sprite for found in fitted])
        for picture, found, judgement in zip(batch, fitted, judged, strict=True):
            # Lint looks at the picture as it is, not at what the model was shown.
            report = examine(picture.sprite)
            # The places of findings would be most of the memory, and only scripts read them.
            bare = replace(report, findings=tuple(replace(one, pixels=()) for one in report.findings))
            files.append(_file(picture, found, judgement, bare if is_audit and not arguments.json else report))
            if arguments.neighbours:
                found_near.append(engine.likeness(picture.sprite))
                files[-1] |= told(found_near[-1])
            if audited is not None:
                audited.add(_entry(picture, judgement, bare))
    art.require_some()
    if engine.bundle.teacher is None:
        warn("This model was trained without a teacher: it has no score. Lint needs none.")
    if arguments.neighbours:
        warn_of_copies([entry["file"] for entry in files], found_near)
    document = {"model": engine.info.digest, "count": len(files), "files": files, "refused": art.refused}
    if audited is None:
        return Answer(_text(files), document)
    return _audit(arguments, engine, art, audited.entries, document)


def _settle(arguments: argparse.Namespace) -> None:
    """Proposals are an audit in which, without a number, nothing falls short."""
    if arguments.harmonise is not None and arguments.min_score is None:
        arguments.min_score = 0.0
    if arguments.report is not None and arguments.min_score is None:
        raise WrongUsage("--report is for an audit.", hint="Give --min-score N too.")


def _file(picture: Picture, fitted: Fitted, judgement: Score, report: LintReport) -> dict[str, Any]:
    return {
        "file": picture.path,
        **scored(judgement),
        "fitted": fitted.note,
        "lint": [plain(finding) for finding in report.findings],
        "lint_score": round(report.score, 2),
    }


def _text(files: list[dict[str, Any]]) -> str:
    experts = [expert["name"] for expert in files[0]["experts"]]
    near = ["nearest art"] if "nearest" in files[0] else []
    rows = [["score", *experts, "lint", *near, "file"]]
    for entry in files:
        value = f"{entry['score']:.0f}" if experts else "-"
        bars = [f"{expert['score']:.0f} ({expert['gate']:.0%})" for expert in entry["experts"]]
        rules = sorted({finding["rule"] for finding in entry["lint"]})
        nearest = [_nearest(entry)] if near else []
        rows.append([value, *bars, ", ".join(rules) or "-", *nearest, entry["file"]])
    return table(rows, right=frozenset(range(1 + len(experts))))


def _nearest(entry: dict[str, Any]) -> str:
    if not entry["nearest"]:
        return "-"
    first = entry["nearest"][0]
    return f"{1 - first['distance']:.0%} {first['name']}{' (near copy)' if entry['near_copy'] else ''}"


# ---- the audit -----------------------------------------------------------------------------------


def _gathered() -> Gathered:
    from lunar_studio.cli.audit import Gathered

    return Gathered()


def _entry(picture: Picture, judgement: Score, report: LintReport) -> Entry:
    from lunar_studio.cli import audit

    measures = audit.Measures.of(picture.sprite)
    return audit.Entry(picture.path, measures, judgement, report, audit.picture(picture.sprite))


def _audit(
    arguments: argparse.Namespace, engine: Engine, art: Art, entries: list[Entry], document: dict[str, Any]
) -> Answer:
    from lunar_studio.cli import audit, audit_report
    from lunar_studio.pixels.files import write_atomically

    middles = audit.judge(entries, arguments.min_score)
    ranked = audit.ranked(entries)
    summary = audit.summary(entries)
    if arguments.harmonise is not None:
        from lunar_studio.cli.harmonise import propose

        made = propose(engine, art, entries, middles, arguments.min_score, arguments.harmonise)
        noun = "proposal" if made == 1 else "proposals"
        summary = f"{summary} {made:,} {noun} in {shown(arguments.harmonise)}." if made else f"{summary} No proposals."
    destination = arguments.report if arguments.report is not None else Path(REPORT_FILE)
    page = audit_report.html(
        ranked,
        title=", ".join(shown(source) for source in arguments.sources[:3]),
        summary=summary,
        model=engine.info.name,
        min_score=arguments.min_score,
        refused=[(entry["path"], entry["reason"]) for entry in art.refused],
    )
    make_folder(destination.parent)
    write_atomically(destination, page.encode("utf-8", "backslashreplace"))
    for said, entry in zip(document["files"], entries, strict=True):
        said |= {"concern": round(entry.concern, 2), "falls_short": entry.falls_short, "reasons": entry.reasons}
        if arguments.harmonise is not None:
            said["proposal"] = _proposal(entry)
    short = sum(entry.falls_short for entry in entries)
    document |= {
        "min_score": arguments.min_score,
        "short": short,
        "report": shown(destination),
        "set": {
            name: {"median": middle.median, "low": middle.low, "high": middle.high} for name, middle in middles.items()
        },
    }
    return Answer(_audit_text(ranked, summary, shown(destination)), document, _FELL_SHORT if short else 0)


def _short(path: str) -> str:
    """A path that leaves the table readable; its end says most."""
    return path if len(path) <= _LONGEST else f"…{path[1 - _LONGEST :]}"


def _proposal(entry: Entry) -> dict[str, Any] | None:
    made = entry.proposal
    if made is None:
        return None
    return {
        "file": made.path,
        "how": made.how,
        "score": None if math.isnan(made.score) else round(made.score, 2),
        "lint_score": round(made.lint_score, 2),
        "concern": round(made.concern, 2),
        "changed": round(made.changed, 4),
    }


def _audit_text(ranked: list[Entry], summary: str, destination: str) -> str:
    listed = [entry for entry in ranked if entry.reasons][:_LISTED]
    rows = [["concern", "score", "lint", "", "file", "why"]]
    for entry in listed:
        value = f"{entry.score.value:.0f}" if entry.score.experts else "-"
        short = "falls short" if entry.falls_short else ""
        # That it falls short, and of what, stands in the columns before.
        why = entry.reasons[1 if entry.falls_short and len(entry.reasons) > 1 else 0]
        rows.append([f"{entry.concern:.0f}", value, f"{entry.lint.score:.0f}", short, _short(entry.path), why])
    listing = f"{table(rows, right=frozenset(range(3)))}\n\n" if listed else ""
    return f"{listing}{summary}\nReport with pictures: {destination}"
