"""`score`: what the teacher thinks of pictures, and what lint finds in them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from lunar_studio.cli import options
from lunar_studio.cli.answer import Answer, plain, table, warn
from lunar_studio.cli.art import Art, batches
from lunar_studio.cli.sample_command import scored

_BATCH = 64


def add_to(commands: options.Commands) -> None:
    """Add `score`."""
    parser = commands.add_parser("score", help="the teacher's judgement of pictures, with lint findings")
    parser.add_argument("sources", type=Path, nargs="+", metavar="SRC", help="pictures, folders, zips or data sets")
    options.add_model(parser)
    options.add_json(parser)
    parser.set_defaults(run=score)


def score(arguments: argparse.Namespace) -> Answer:
    """Judge every picture; those of another size than the model's are fitted first, and the answer says how.

    Raises:
        LunarError: The model cannot be used, or there is no picture to use.
    """
    engine = options.open_engine(arguments)
    from lunar_studio.pixels.lint import lint

    art = Art(arguments.sources)
    files: list[dict[str, Any]] = []
    for batch in batches(iter(art), _BATCH):
        fitted = [engine.fitted(picture.sprite) for picture in batch]
        judged = engine.score_many([found.sprite for found in fitted])
        for picture, found, judgement in zip(batch, fitted, judged, strict=True):
            # Lint looks at the picture as it is, not at what the model was shown.
            findings = [plain(finding) for finding in lint(picture.sprite)]
            files.append({"file": picture.path, **scored(judgement), "fitted": found.note, "lint": findings})
    art.require_some()
    if engine.bundle.teacher is None:
        warn("This model was trained without a teacher: it has no score. Lint needs none.")
    document = {"model": engine.info.digest, "count": len(files), "files": files, "refused": art.refused}
    return Answer(_text(files), document)


def _text(files: list[dict[str, Any]]) -> str:
    experts = [expert["name"] for expert in files[0]["experts"]]
    rows = [["score", *experts, "lint", "file"]]
    for entry in files:
        value = f"{entry['score']:.0f}" if experts else "-"
        bars = [f"{expert['score']:.0f} ({expert['gate']:.0%})" for expert in entry["experts"]]
        rules = sorted({finding["rule"] for finding in entry["lint"]})
        rows.append([value, *bars, ", ".join(rules) or "-", entry["file"]])
    return table(rows, right=frozenset(range(1 + len(experts))))
