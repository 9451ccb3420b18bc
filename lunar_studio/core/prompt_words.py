"""Words of captions and prompts, and what becomes of a prompt in a model's own vocabulary."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from lunar_studio.core.latent import Latent
from lunar_studio.core.score import Score
from lunar_studio.core.sprite import Sprite

_WORD = re.compile(r"[^\W\d_]{2,}")
_STOP_WORDS = frozenset(
    ["a", "an", "and", "at", "by", "for", "from", "in", "is", "its", "of", "on", "or", "the", "to", "with"]
)
# No word of a caption is longer; a file name without spaces can be.
MAX_LETTERS = 64

# The most frequent words of a set stand in most captions, and ask for nothing.
_EXAMPLE_RANKS = (2, 4, 7)


def words_of(text: str) -> list[str]:
    """The words of a caption or prompt: lower case, letters only, two to 64, without stop words."""
    return [word for word in _WORD.findall(text.lower()) if len(word) <= MAX_LETTERS and word not in _STOP_WORDS]


def unknown_words(prompt: str, known: Collection[str]) -> tuple[str, ...]:
    """The words of a prompt that are not among the known ones, in order, each once."""
    return tuple(dict.fromkeys(word for word in words_of(prompt) if word not in known))


def examples(words: Sequence[str]) -> tuple[str, ...]:
    """A few words to try, of a vocabulary in order of frequency."""
    return tuple(words[rank] for rank in _EXAMPLE_RANKS if rank < len(words)) or tuple(words[:1])


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sprite drawn for words.

    Attributes:
        latent: Where it is.
        sprite: Its pixels.
        score: The teacher's judgement.
        fit: How near the teacher finds it to the words: the cosine of both embeddings, -1 to 1; NaN if unknown.
        seed: What it grew from.
    """

    latent: Latent
    sprite: Sprite
    score: Score
    fit: float
    seed: int


def ranking(fits: Sequence[float], scores: Sequence[float]) -> tuple[int, ...]:
    """Numbers of candidates, best first: by fit to the hundredth, then by score; what has neither comes last."""
    keys = [(_or_least(round(fit, 2)), _or_least(score)) for fit, score in zip(fits, scores, strict=True)]
    return tuple(sorted(range(len(keys)), key=keys.__getitem__, reverse=True))


def _or_least(value: float) -> float:
    return -math.inf if math.isnan(value) else value
