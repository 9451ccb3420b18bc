"""`score`: what the teacher thinks of pictures."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from lunar_studio.cli import options
from lunar_studio.cli.answer import Answer, table, warn
from lunar_studio.cli.art import Art, batches
from lunar_studio.cli.sample_command import scored

_BATCH = 64


def add_to(commands: options.Commands) -> None:
    """Add `score`."""
    parser = commands.add_parser("score", help="the teacher's judgement of pictures")
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
    art = Art(arguments.sources)
    files: list[dict[str, Any]] = []
    for batch in batches(iter(art), _BATCH):
        fitted = [engine.fitted(picture.sprite) for picture in batch]
        judged = engine.score_many([found.sprite for found in fitted])
        for picture, found, judgement in zip(batch, fitted, judged, strict=True):
            files.append({"file": picture.path, **scored(judgement), "fitted": found.note})
    art.require_some()
    if engine.bundle.teacher is None:
        warn("This model was trained without a teacher: it has no score.")
    document = {"model": engine.info.digest, "count": len(files), "files": files, "refused": art.refused}
    return Answer(_text(files), document)


def _text(files: list[dict[str, Any]]) -> str:
    experts = [expert["name"] for expert in files[0]["experts"]]
    rows = [["score", *experts, "file"]]
    for entry in files:
        value = f"{entry['score']:.0f}" if experts else "-"
        bars = [f"{expert['score']:.0f} ({expert['gate']:.0%})" for expert in entry["experts"]]
        rows.append([value, *bars, entry["file"]])
    return table(rows, right=frozenset(range(1 + len(experts))))
