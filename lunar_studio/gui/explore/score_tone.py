"""The colour that a score is drawn in, the same everywhere."""

from __future__ import annotations


def tone(value: float) -> str:
    """The token that a score from 0 to 100 is drawn in."""
    return "good" if value >= 60 else "accent" if value >= 30 else "warn" if value >= 10 else "bad"
