"""Pixel-art lint: what a practised eye would mend, rule by rule, with the pixels concerned.

`lint` finds, `examine` also sums up, `mended` applies the safe fix of a rule. Rules about craft are tuned so that each
warns on at most one in twenty finished sprites of a large public set; docs/lint.md has every rule with its definition
and the figures. Facts that may be meant (half-transparent pixels, colour under alpha 0, enlarged art) are notes.

The lint score of a sprite is 100 × ∏ (1 − weight × (½ + ½ × extent)) over its warnings, with the weights of `RULES`:
it does not care about order, each further warning lowers it, and notes do not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lunar_studio.core.score import LintFinding, LintReport
from lunar_studio.core.sprite import Sprite
from lunar_studio.pixels.lint import alpha, colours, jaggies, resolution, shading, specks
from lunar_studio.pixels.lint.subject import Subject

__all__ = ["RULES", "Rule", "examine", "lint", "mended"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that lint looks for.

    Attributes:
        id: What its findings carry.
        title: Its name for a list.
        lesson: What an artist should know of it, in two sentences.
        weight: The most that one warning takes from the lint score, 0 to 1.
        look: Finds it.
        mend: The sprite without it; None where no fix is safe.
    """

    id: str
    title: str
    lesson: str
    weight: float
    look: Callable[[Subject], Iterator[LintFinding]]
    mend: Callable[[Sprite], Sprite] | None = None


_ALL = (
    Rule(
        specks.RULE,
        "Orphan pixels",
        "A single pixel that belongs to no cluster reads as dirt. Give it company, or take it away; glints and eyes "
        "are the exception.",
        0.15,
        specks.orphans,
        specks.without_orphans,
    ),
    Rule(
        jaggies.RULE,
        "Jaggies",
        "Along a curve, runs of pixels grow or shrink steadily: 4-3-2-1. A run that breaks the order makes a dent that "
        "the eye stumbles over.",
        0.1,
        jaggies.jaggies,
    ),
    Rule(
        shading.BANDING,
        "Banding",
        "When bands of neighbouring shades run edge to edge, the eye joins them into fat pixels. Let one shade be "
        "wider, narrower, or absent in places.",
        0.1,
        shading.banding,
    ),
    Rule(
        shading.PILLOW,
        "Pillow shading",
        "Light that grows from the outline inwards on every side makes everything a cushion. Choose a side for the "
        "light and shade the volume.",
        0.15,
        shading.pillow_shading,
    ),
    Rule(
        resolution.RULE,
        "Off the grid",
        "All pixels of a picture should be of one size. Draw at the true size, and enlarge by whole factors at the "
        "end.",
        0.4,
        resolution.off_grid,
    ),
    Rule(
        colours.TOO_MANY,
        "Too many colours",
        "A small palette, used again and again, holds a sprite together. Hundreds of colours come from filters, "
        "gradients and JPEG, not from a hand.",
        0.25,
        colours.too_many_colours,
        colours.with_fewer_colours,
    ),
    Rule(
        colours.NEAR,
        "Near-duplicate colours",
        "Colours that nobody can tell apart only make a palette harder to change. One of each pair would do.",
        0.1,
        colours.near_duplicates,
        colours.with_duplicates_merged,
    ),
    Rule(
        alpha.HALF,
        "Half-transparent pixels",
        "Soft edges show a halo on other grounds than the one they were made for. Shadows, ghosts and glass are the "
        "exception.",
        0.25,
        alpha.half_transparent,
        alpha.hardened,
    ),
    Rule(
        alpha.PHANTOM,
        "Phantom pixels",
        "Colour under full transparency cannot be seen here, but filtering in an engine can bring it back as a fringe.",
        0.05,
        alpha.phantoms,
        Sprite.cleaned,
    ),
)

RULES: Mapping[str, Rule] = MappingProxyType({rule.id: rule for rule in _ALL})
"""Every rule by its id, in the order of findings."""


def lint(sprite: Sprite) -> tuple[LintFinding, ...]:
    """Everything the rules find, warnings first, else in the order of `RULES`."""
    subject = Subject(sprite)
    findings = [finding for rule in _ALL for finding in rule.look(subject)]
    return tuple(sorted(findings, key=lambda finding: finding.severity != "warning"))


def examine(sprite: Sprite) -> LintReport:
    """The findings with the lint score, 0 to 100, that they come to."""
    findings = lint(sprite)
    shares = (
        1.0 - RULES[finding.rule].weight * (0.5 + 0.5 * finding.extent)
        for finding in findings
        if finding.severity == "warning"
    )
    return LintReport(findings, 100.0 * math.prod(shares))


def mended(sprite: Sprite, rule: str) -> Sprite:
    """The sprite without what a rule finds, by its safe fix; of the same size, and with no pixel visible that was not.

    Ask only where a finding's `fix` says that it is safe for this sprite.

    Raises:
        KeyError: There is no such rule.
        ValueError: The rule has no safe fix.
    """
    mend = RULES[rule].mend
    if mend is None:
        raise ValueError(f"there is no safe fix for {rule}")
    return mend(sprite)
