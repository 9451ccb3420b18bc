"""The audit of a folder: which pictures stand out from the set, why, and which fall short.

Three things speak: the teacher's score, lint, and how far a picture lies from its own set. A picture's *concern* is
100 × (1 − ∏ kept): a score s keeps ½ + s/200, lint keeps its own score, and each odd measure keeps what `ODD_KEEPS`
says. So 0 is a sprite that nothing speaks against, and reasons add up without ever passing 100.

Distances within the set are robust: from the median, in units of the median distance from it, so that outliers do
not hide each other.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from lunar_studio.core.score import LintReport, Score
from lunar_studio.core.sprite import Sprite
from lunar_studio.pixels.files import encode_png
from lunar_studio.pixels.oklab import to_oklab

SMALLEST_SET = 8
"""With fewer pictures there is no set to stand out from."""

FAR = 3.5
"""So many robust deviations from the median are odd (Iglewicz and Hoaglin, 1993)."""

ODD_KEEPS = 0.8
"""What a measure that is odd leaves of a picture's standing."""

MOST_PICTURES_BYTES = 64 * 2**20
"""Of pictures kept for the report."""

_SAME_SIZE_SHARE = 0.6
_WEAK_EXPERT = 10.0
_HEARD_GATE = 0.15
_PICTURE_PX = 256
# Median distance to standard deviation, for a normal distribution.
_TO_SIGMA = 1.4826


@dataclass(frozen=True, slots=True)
class Measures:
    """What is compared within the set.

    Attributes:
        width: In pixels.
        height: In pixels.
        colours: Distinct colours of visible pixels.
        visible: Share of the picture that is visible, 0 to 1.
        lightness: Mean OKLab lightness of visible pixels, 0 to 1; 0.5 where there are none.
    """

    width: int
    height: int
    colours: int
    visible: float
    lightness: float

    @classmethod
    def of(cls, sprite: Sprite) -> Measures:
        """Those of one picture."""
        visible_HW = sprite.rgba_HWC[..., 3] > 0
        shown = sprite.rgba_HWC[visible_HW][:, :3]
        lightness = float(to_oklab(shown)[:, 0].mean()) if len(shown) else 0.5
        return cls(sprite.width, sprite.height, sprite.colour_count(), float(visible_HW.mean()), lightness)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A version of a picture that is nearer to its set.

    Attributes:
        path: The new file, safe to show.
        how: What was done.
        score: The teacher's, NaN for a model without one.
        lint_score: 0 to 100.
        concern: 0 to 100, less than the picture's own.
        png: The version.
        difference_png: What changed in full, the rest faint; magenta where a pixel was taken away.
        changed: Share of pixels that changed.
    """

    path: str
    how: str
    score: float
    lint_score: float
    concern: float
    png: bytes
    difference_png: bytes
    changed: float


@dataclass(slots=True)
class Entry:
    """One picture of the audit.

    Attributes:
        path: As the user would name the file; safe to show, hostile as HTML.
        measures: What is compared within the set.
        score: The teacher's, NaN for a model without one.
        lint: What lint found; without pixels, which nobody reads here.
        png: The picture, or nothing where the report has no room for it.
        falls_short: Whether it is below what was asked for.
        reasons: Sentences, the weightiest first.
        concern: 0 to 100.
        proposal: A version nearer to the set, where one was asked for and found.
    """

    path: str
    measures: Measures
    score: Score
    lint: LintReport
    png: bytes = b""
    falls_short: bool = False
    reasons: list[str] = field(default_factory=list)
    concern: float = 0.0
    proposal: Proposal | None = None

    @property
    def standing(self) -> float:
        """What `--min-score` is held against: the teacher's score, or without a teacher that of lint."""
        return self.lint.score if math.isnan(self.score.value) else self.score.value


@dataclass(frozen=True, slots=True)
class Middle:
    """Where the set lies in one measure.

    Attributes:
        median: Half of the pictures lie below.
        low: The least that is not odd.
        high: The most that is not odd.
    """

    median: float
    low: float
    high: float


def picture(sprite: Sprite) -> bytes:
    """The picture as PNG for the report, a large one thinned out to every n-th pixel."""
    step = -(-max(sprite.width, sprite.height) // _PICTURE_PX)
    return encode_png(sprite if step == 1 else Sprite(sprite.rgba_HWC[::step, ::step]))


@dataclass(slots=True)
class Gathered:
    """The entries of an audit while they come in, with no more pictures than memory has room for.

    Attributes:
        entries: In the order they came.
        held_bytes: What their pictures take.
    """

    entries: list[Entry] = field(default_factory=list)
    held_bytes: int = 0

    def add(self, entry: Entry) -> None:
        """Take one in; once there are too many pictures, the half that least needs be seen is given up."""
        self.entries.append(entry)
        self.held_bytes += len(entry.png)
        if self.held_bytes <= MOST_PICTURES_BYTES:
            return
        with_picture = sorted((one for one in self.entries if one.png), key=lambda one: _kept(one, 0))
        for one in with_picture[len(with_picture) // 2 :]:
            self.held_bytes -= len(one.png)
            one.png = b""


def judge(entries: Sequence[Entry], min_score: float) -> dict[str, Middle]:
    """Fill in reasons, concern and what falls short, for pictures that are all there.

    Returns:
        Where the set lies, by measure; nothing for a set too small.
    """
    middles = _middles(entries)
    common = _common_size(entries)
    for entry in entries:
        _judge(entry, middles, common, len(entries), min_score)
    return middles


def judge_in(entry: Entry, entries: Sequence[Entry], middles: dict[str, Middle], min_score: float) -> None:
    """Fill in the same for one more picture, as if it stood in a set that it did not help to form; its size is free."""
    _judge(entry, middles, None, len(entries), min_score)


def _judge(
    entry: Entry, middles: dict[str, Middle], common: tuple[int, int] | None, count: int, min_score: float
) -> None:
    odd = _odd(entry.measures, middles, common, count)
    entry.falls_short = entry.standing < min_score
    entry.reasons = [*_short(entry, min_score), *_experts(entry), *_lint(entry), *odd]
    entry.concern = 100.0 * (1.0 - _kept(entry, len(odd)))


def ranked(entries: Sequence[Entry]) -> list[Entry]:
    """Most concerning first; equals in the order of their paths."""
    return sorted(entries, key=lambda entry: (-entry.concern, entry.path))


def _kept(entry: Entry, odd: int) -> float:
    judged = 1.0 if math.isnan(entry.score.value) else 0.5 + entry.score.value / 200.0
    return float(judged * entry.lint.score / 100.0 * ODD_KEEPS**odd)


# ---- the set -------------------------------------------------------------------------------------


def _values(measures: Measures) -> dict[str, float]:
    return {
        "colours": math.log2(max(1, measures.colours)),
        "visible": measures.visible,
        "lightness": measures.lightness,
    }


# What no set is more alike than: in log2, share, OKLab.
_FLOORS = {"colours": 0.35, "visible": 0.05, "lightness": 0.04}


def _middles(entries: Sequence[Entry]) -> dict[str, Middle]:
    if len(entries) < SMALLEST_SET:
        return {}
    values = {name: np.array([_values(entry.measures)[name] for entry in entries]) for name in _FLOORS}
    found = {}
    for name, values_N in values.items():
        median = float(np.median(values_N))
        reach = FAR * max(_FLOORS[name], _TO_SIGMA * float(np.median(np.abs(values_N - median))))
        found[name] = Middle(median, median - reach, median + reach)
    return found


def _common_size(entries: Sequence[Entry]) -> tuple[int, int] | None:
    """The size of most pictures, if there is one."""
    if len(entries) < SMALLEST_SET:
        return None
    sizes = Counter((entry.measures.width, entry.measures.height) for entry in entries)
    size, count = sizes.most_common(1)[0]
    return size if count >= _SAME_SIZE_SHARE * len(entries) else None


def _odd(measures: Measures, middles: dict[str, Middle], common: tuple[int, int] | None, count: int) -> list[str]:
    """A sentence for each measure in which a picture stands out."""
    reasons = []
    if common is not None and (measures.width, measures.height) != common:
        reasons.append(
            f"It is {measures.width} × {measures.height}; most of the {count:,} pictures are {common[0]} × {common[1]}."
        )
    values = _values(measures)
    for name, middle in middles.items():
        if middle.low <= values[name] <= middle.high:
            continue
        is_more = values[name] > middle.high
        if name == "colours":
            usual = f"{round(2**middle.median)}"
            reasons.append(f"{measures.colours:,} colours; the middle of the set has {usual}.")
        elif name == "visible":
            fills = "more" if is_more else "less"
            reasons.append(
                f"It fills {measures.visible:.0%} of its picture, far {fills} than the set ({middle.median:.0%})."
            )
        else:
            shade = "lighter" if is_more else "darker"
            reasons.append(f"It is much {shade} than the set.")
    return reasons


# ---- one picture ---------------------------------------------------------------------------------


def _short(entry: Entry, min_score: float) -> list[str]:
    if not entry.falls_short:
        return []
    if math.isnan(entry.score.value):
        return [f"Its lint score is {entry.lint.score:.0f}, below {min_score:g}."]
    better = 100 - entry.score.value
    return [f"It scores {entry.score.value:.0f}, below {min_score:g}: {better:.0f} of 100 real sprites do better."]


def _experts(entry: Entry) -> list[str]:
    weak = [one for one in entry.score.experts if one.value < _WEAK_EXPERT and one.gate >= _HEARD_GATE]
    weak.sort(key=lambda one: one.value)
    return [f"Unlike real art to the expert for {one.name} ({one.value:.0f} of 100)." for one in weak]


def _lint(entry: Entry) -> list[str]:
    return [finding.message for finding in entry.lint.warnings]


def summary(entries: Sequence[Entry]) -> str:
    """One sentence about the whole set."""
    scores = [entry.standing for entry in entries]
    short = sum(entry.falls_short for entry in entries)
    said = "1 falls short" if short == 1 else f"{short:,} fall short" if short else "none falls short"
    what = "lint score" if math.isnan(entries[0].score.value) else "score"
    return f"{len(entries):,} pictures, median {what} {statistics.median(scores):.0f}; {said}."
