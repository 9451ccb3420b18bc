"""Fuzzy matching for the command palette: letters in order, best where words begin."""

from __future__ import annotations


def fuzzy_score(wanted: str, text: str) -> float | None:
    """How well `text` answers to `wanted`: larger is better, None if its letters are not all there in order.

    Letters that follow each other or begin a word count more; a match near the start of a short text wins.
    """
    needle, haystack = wanted.casefold().replace(" ", ""), text.casefold()
    score, at, streak = 0.0, -1, 0
    for letter in needle:
        found = haystack.find(letter, at + 1)
        begins = _word_start(haystack, letter, at + 1)
        if found < 0:
            return None
        if found != at + 1 and begins is not None:
            found = begins
        streak = streak + 1 if found == at + 1 else 0
        score += 1.0 + streak + (2.0 if found == 0 or not haystack[found - 1].isalnum() else 0.0)
        at = found
    return score - 0.01 * len(haystack)


def _word_start(text: str, letter: str, start: int) -> int | None:
    for index in range(start, len(text)):
        if text[index] == letter and (index == 0 or not text[index - 1].isalnum()):
            return index
    return None
