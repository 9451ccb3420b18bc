"""What the teacher thinks of a sprite, and what lint found in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class ExpertScore:
    """One expert's opinion.

    Attributes:
        name: What the expert judges, e.g. `outline`.
        gate: Its share in the whole score for this sprite, 0 to 1; gates sum to 1.
        value: Its own score, 0 to 100, on the percentile scale of the whole.
    """

    name: str
    gate: float
    value: float


@dataclass(frozen=True, slots=True)
class Score:
    """The teacher's judgement of one sprite.

    Attributes:
        value: 0 to 100: the percentile among real, unseen sprites of the model's own art.
        experts: One entry for each expert, in the model's order.
    """

    value: float
    experts: tuple[ExpertScore, ...] = ()


@dataclass(frozen=True, slots=True)
class LintFinding:
    """One thing a pixel artist would mend.

    Attributes:
        rule: Stable id, e.g. `orphan-pixel`, `half-transparent`, `phantom-pixel`.
        message: One sentence in the artist's words.
        severity: `warning` is worth mending; `note` is worth knowing.
        pixels: (x, y) of the pixels concerned; empty when it concerns the whole sprite.
        extent: How far it goes, 0 (barely) to 1 (throughout).
        fix: What mending it does, in a few words for a button; empty where no fix is safe.
    """

    rule: str
    message: str
    severity: Literal["warning", "note"]
    pixels: tuple[tuple[int, int], ...] = ()
    extent: float = 0.0
    fix: str = ""


@dataclass(frozen=True, slots=True)
class LintReport:
    """What lint found in one sprite, and what that comes to.

    Attributes:
        findings: Warnings first, each kind in the order of the rules.
        score: 0 to 100; 100 is a sprite without a warning (`pixels.lint` has the formula).
    """

    findings: tuple[LintFinding, ...] = ()
    score: float = 100.0

    @property
    def warnings(self) -> tuple[LintFinding, ...]:
        """Only what is worth mending."""
        return tuple(finding for finding in self.findings if finding.severity == "warning")
