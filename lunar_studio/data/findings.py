"""What the doctor finds in a folder of art: kinds of findings, with the sprites concerned and what can be done.

A *problem* hurts a model, or is not what the artist meant; a *note* is harmless: the import deals with it already, or
it may be meant.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from lunar_studio.core.sprite import Sprite
from lunar_studio.data.report import Report

Severity = Literal["problem", "note"]
MAX_EXAMPLES = 6


@dataclass(frozen=True, slots=True)
class Kind:
    """One thing that the doctor looks for.

    Attributes:
        id: What `--only` and findings call it.
        severity: Whether it hurts.
        title: A few words for a list.
        lesson: Why it matters, in a sentence or two.
        fix: What the one click does; empty where there is nothing to click.
        is_safe: Whether the fix is ticked to begin with.
        leaves_out: Whether the fix leaves sprites out, rather than changing their pixels.
    """

    id: str
    severity: Severity
    title: str
    lesson: str
    fix: str = ""
    is_safe: bool = False
    leaves_out: bool = False


_ALL = (
    Kind(
        "refused",
        "problem",
        "Cannot be read",
        "These files are damaged, too large, no pictures, or not yours to read. They are never trained on.",
        "Leave them out",
        True,
        True,
    ),
    Kind(
        "enlarged",
        "problem",
        "Enlarged art",
        "Every pixel was drawn once and stands there several times. A model would learn fat pixels.",
        "Bring back to true size",
        True,
    ),
    Kind(
        "off-grid",
        "problem",
        "Off the grid",
        "Enlarged by a fraction, or enlarged and cropped or saved as JPEG since: pixels are not all of one size.",
        "Bring back to true pixels",
        True,
    ),
    Kind(
        "soft-edge",
        "problem",
        "Soft edges",
        "A rim of half-transparent pixels, as a smooth brush or resize leaves it, shows as a halo in a game.",
        "Harden the edges",
        True,
    ),
    Kind(
        "near-empty",
        "problem",
        "Nearly empty",
        "There is next to nothing on them; a model learns to draw nothing.",
        "Leave them out",
        True,
        True,
    ),
    Kind(
        "duplicate",
        "note",
        "There twice",
        "The same pixels as another file. Each is taken once, so nothing needs to be done.",
        "Leave the copies out",
        True,
        True,
    ),
    Kind(
        "moved",
        "note",
        "Moved copies",
        "The same drawing at another place. They stay together, in training or held out.",
        "Keep one of each",
        False,
        True,
    ),
    Kind(
        "mirrored",
        "note",
        "Mirrored copies",
        "The same drawing seen in a mirror. Training mirrors by itself.",
        "Keep one of each",
        False,
        True,
    ),
    Kind(
        "recoloured",
        "note",
        "Palette swaps",
        "The same drawing in other colours. They stay together, in training or held out, and teach a model colour.",
        "Keep one of each",
        False,
        True,
    ),
    Kind(
        "edited",
        "note",
        "Near copies",
        "Slightly changed drawings, such as steps of an animation. They stay together, in training or held out.",
    ),
    Kind(
        "phantom",
        "note",
        "Phantom pixels",
        "Colour under full transparency. The import clears it; some engines show it as a fringe.",
        "Clear it",
        True,
    ),
    Kind(
        "half-transparent",
        "note",
        "Half-transparent pixels",
        "Shadows, ghosts and glass are so on purpose.",
        "Make them all or nothing",
    ),
    Kind(
        "sizes",
        "note",
        "Mixed sizes",
        "Smaller sprites are padded and larger ones brought to size when the data set is built.",
        "Bring all to the commonest size",
    ),
    Kind(
        "outlier",
        "note",
        "Unlike the rest",
        "Far from the others in colours, lightness or how much of the picture they fill. Are they meant to be here?",
        "Leave them out",
        False,
        True,
    ),
)

KINDS = MappingProxyType({kind.id: kind for kind in _ALL})
"""Everything the doctor looks for, by id; problems first."""


@dataclass(frozen=True, slots=True)
class Example:
    """A sprite that shows a finding.

    Attributes:
        name: Of the sprite, safe to show.
        sprite: As it is.
        other: What it is a copy of, or what the fix would make of it; None where there is nothing beside it.
        words: A few words on this one.
    """

    name: str
    sprite: Sprite
    other: Sprite | None = None
    words: str = ""


@dataclass(slots=True)
class Finding:
    """All sprites of which one thing is to be said.

    Attributes:
        kind: What is to be said.
        names: Of the sprites, as in the source: the path, and `#n` for picture n of a file.
        examples: A few of them, with pictures.
        detail: A figure or two more; may be empty.
    """

    kind: Kind
    names: list[str] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)
    detail: str = ""

    def add(self, name: str, example: Example | None = None) -> None:
        """Count one more sprite; keep its picture while there is room."""
        self.names.append(name)
        if example is not None and len(self.examples) < MAX_EXAMPLES:
            self.examples.append(example)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What the doctor found.

    Attributes:
        report: The check of the same source.
        findings: Problems first; kinds without a sprite are left out.
    """

    report: Report
    findings: tuple[Finding, ...]

    def count(self, severity: Severity) -> int:
        """Sprites with a finding of that severity, counted once for each finding."""
        return sum(len(found.names) for found in self.findings if found.kind.severity == severity)

    def to_json(self) -> dict[str, Any]:
        """Plain values; without pictures."""
        return {
            "source": self.report.source,
            "sprites": self.report.sprites,
            "problems": self.count("problem"),
            "notes": self.count("note"),
            "findings": [
                {
                    "id": found.kind.id,
                    "severity": found.kind.severity,
                    "title": found.kind.title,
                    "fix": found.kind.fix,
                    "safe": found.kind.is_safe,
                    "detail": found.detail,
                    "sprites": [name.encode("utf-8", "backslashreplace").decode() for name in found.names],
                }
                for found in self.findings
            ],
        }
