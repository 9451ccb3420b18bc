"""What an expert of the teacher says, in one plain sentence: what it looks at, and how the sprite does there."""

from __future__ import annotations

from collections.abc import Mapping

from lunar_studio.core.score import ExpertScore

ABOUT: Mapping[str, str] = {
    "sharpness": "Hard edges on the pixel grid",
    "colours": "Few colours, flat areas",
    "structure": "Parts that belong together",
    "silhouette": "One whole outline",
    "crispness": "Hard edges, no blur",
    "pixel grid": "Pixels of one size",
    "edges": "Hard edges, no soft rim",
    "compression": "Clean areas, no JPEG",
    "noise": "Clean areas, no noise",
    "stray pixels": "Nothing loose",
    "flat colour": "Flat areas of one colour",
    "palette size": "Few colours",
    "colour harmony": "Colours that go together",
    "shading": "Even steps of shading",
    "outline": "An outline without gaps",
    "unity": "Parts of one and the same thing",
    "line work": "Lines that run on",
}
"""What an expert looks at, by the name that training gives it (`training.finish`), as an artist would say it."""

_VERDICTS = ((90, "among the best"), (60, "better than most"), (40, "about average"), (10, "worse than most"))
_WORST = "among the worst"


def sentence(expert: ExpertScore) -> str:
    """What one expert says of a sprite."""
    verdict = next((said for least, said in _VERDICTS if expert.value >= least), _WORST)
    about = ABOUT.get(expert.name, expert.name.capitalize())
    return f"{about}: {verdict}"


def loudest(experts: tuple[ExpertScore, ...]) -> int:
    """The row of the expert that takes most from the verdict: the weakest, weighed by its share; -1 for none."""
    if not experts:
        return -1
    return max(range(len(experts)), key=lambda row: experts[row].gate * (100 - experts[row].value))
