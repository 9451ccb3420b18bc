"""How long something takes, at a glance.

Qt-free.
"""

from __future__ import annotations


def duration(seconds: float) -> str:
    """A duration at a glance: `45 s`, `12 min`, `3 h 05 min`."""
    if round(seconds) < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
