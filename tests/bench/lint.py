"""How often lint speaks up on finished art, and what it finds of faults put in on purpose.

Run as `python -m tests.bench.lint ART-OR-DATASET`. Every firing on finished art is counted, by family, so that
twenty recolours of one drawing count as one. For a rule of craft each is taken as a false alarm, the harshest
reading: some of that art really has the fault. For a fact (half-transparent, phantom, enlarged) a finding cannot be
false; how often the art has it is told instead.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lunar_studio.core.sprite import Sprite
from lunar_studio.pixels.lint import RULES, examine
from lunar_studio.pixels.lint.subject import Subject
from tests.bench.figures import Spread, markdown, with_part
from tests.bench.lint_faults import FAULTS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "lint.md"
BEGIN, END = "<!-- figures: made by python -m tests.bench.lint -->", "<!-- end of figures -->"
_FAULTED = 400
F64 = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Found:
    """What one rule does on finished art.

    Attributes:
        rule: Its id.
        severity: `warning` or `note`.
        sprites: Share of sprites with a finding.
        families: The same, with every family counting once.
    """

    rule: str
    severity: str
    sprites: float
    families: float


@dataclass(frozen=True, slots=True)
class Detected:
    """What one rule finds of a fault.

    Attributes:
        rule: Its id.
        fault: What was done to the sprites.
        sprites: How many the fault could be put into, among those in which the rule found nothing before.
        found: Of these, the share in which the rule finds something after.
        warned: The share in which that is a warning.
    """

    rule: str
    fault: str
    sprites: int
    found: float
    warned: float


def read_art(source: Path) -> tuple[list[Sprite], npt.NDArray[np.int64]]:
    """Sprites and the number of each one's family; pictures without a data set are families of their own."""
    from lunar_studio.cli.art import Art
    from lunar_studio.data.dataset import FACTS_FILE, Dataset

    if (source / FACTS_FILE).is_file():
        dataset = Dataset.open(source)
        return [Sprite(rgba) for rgba in dataset.sprites_NHWC], dataset.families
    art = Art([source])
    sprites = [picture.sprite for picture in art]
    art.require_some()
    return sprites, np.arange(len(sprites))


def by_family(hits_N: F64, families_N: npt.NDArray[np.int64]) -> float:
    """The mean over families of each one's mean."""
    _, inverse = np.unique(families_N, return_inverse=True)
    return float((np.bincount(inverse, hits_N) / np.bincount(inverse)).mean())


def on_finished_art(
    sprites: Sequence[Sprite], families_N: npt.NDArray[np.int64]
) -> tuple[list[Found], list[float], list[float]]:
    """What every rule does, the lint score of each sprite, and the milliseconds that each took."""
    hits = {(rule, severity): np.zeros(len(sprites)) for rule in RULES for severity in ("warning", "note")}
    scores, times_ms = [], []
    for at, sprite in enumerate(sprites):
        begun_s = time.process_time()
        report = examine(sprite)
        times_ms.append((time.process_time() - begun_s) * 1000)
        scores.append(report.score)
        for finding in report.findings:
            hits[finding.rule, finding.severity][at] = 1.0
    found = [
        Found(rule, severity, float(hits_N.mean()), by_family(hits_N, families_N))
        for (rule, severity), hits_N in hits.items()
        if hits_N.any() or severity == "warning"
    ]
    return found, scores, times_ms


def on_faults(sprites: Sequence[Sprite], seed: int = 0) -> list[Detected]:
    """What every rule finds of the faults that it is for."""
    detected = []
    for rule, faults in FAULTS.items():
        for fault, put in faults.items():
            rng = np.random.default_rng(seed)
            tried = hits = warned = 0
            for at in rng.permutation(len(sprites))[: 3 * _FAULTED].tolist():
                if tried == _FAULTED:
                    break
                harmed_HWC = put(sprites[at].rgba_HWC, rng)
                if harmed_HWC is None or any(RULES[rule].look(Subject(sprites[at]))):
                    continue
                tried += 1
                kinds = {finding.severity for finding in RULES[rule].look(Subject(Sprite(harmed_HWC)))}
                hits += bool(kinds)
                warned += "warning" in kinds
            detected.append(Detected(rule, fault, tried, hits / max(1, tried), warned / max(1, tried)))
    return detected


def tables(found: Sequence[Found], detected: Sequence[Detected], scores: Sequence[float], times: Spread) -> str:
    """Everything as Markdown."""
    facts = {("half-transparent", "note"), ("phantom-pixel", "note"), ("off-grid", "note")}
    first = [
        [
            f"`{one.rule}`",
            one.severity,
            f"{one.sprites:.1%}",
            f"{one.families:.1%}",
            "a fact" if (one.rule, one.severity) in facts else f"≤ {one.families:.1%}",
        ]
        for one in found
        if one.severity == "warning" or (one.rule, one.severity) in facts
        if not (one.severity == "warning" and one.rule == "phantom-pixel")
    ]
    second = [
        [f"`{one.rule}`", one.fault, f"{one.sprites:,}", f"{one.found:.0%}", f"{one.warned:.0%}"] for one in detected
    ]
    ordered = np.percentile(scores, [1, 5, 25])
    scored = (
        f"Lint score of finished art: 100 for {np.mean(np.array(scores) == 100):.0%} of sprites; "
        f"5 % lie below {ordered[1]:.0f}, 1 % below {ordered[0]:.0f}."
    )
    timed = (
        f"Time for one sprite, on one core: median {times.p50} ms, 95 % within {times.p95} ms, "
        f"longest {times.longest} ms ({times.count:,} sprites)."
    )
    rules = markdown(["rule", "kind", "sprites", "by family", "false alarms"], first)
    return "\n\n".join(
        (rules, markdown(["rule", "fault put in", "sprites", "found", "as a warning"], second), scored, timed)
    )


def main() -> int:
    """Measure, and print or write the tables."""
    parser = argparse.ArgumentParser(description="False alarms and finds of lint, and its time.")
    parser.add_argument("source", type=Path, help="a data set, or a folder of finished art")
    parser.add_argument("--json", action="store_true", help="print a document instead of tables")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/lint.md")
    arguments = parser.parse_args()
    sprites, families_N = read_art(arguments.source)
    found, scores, times_ms = on_finished_art(sprites, families_N)
    detected = on_faults(sprites)
    made = tables(found, detected, scores, Spread.of(times_ms))
    if arguments.json:
        print(json.dumps({"found": [asdict(one) for one in found], "detected": [asdict(one) for one in detected]}))
    elif arguments.write:
        PAGE.write_text(with_part(PAGE.read_text(encoding="utf-8"), BEGIN, END, made), encoding="utf-8")
    else:
        print(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
