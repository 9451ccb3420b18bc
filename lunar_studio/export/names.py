"""Names of frames: safe as file names on every system, safe as JSON keys, and unique."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

MAX_CHARACTERS = 60
"""Four bytes each at most, so that a name with suffix and number stays under 255 bytes."""

_RESERVED = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in "0123456789¹²³")}
)


def safe_name(name: str) -> str:
    """The name with everything that a file system or an engine could trip over replaced by `-`.

    Letters of every script stay. Names that Windows keeps for devices get a `-` in front; names of
    digits alone get `sprite-`, as JavaScript would sort them before all other keys of an object.
    """
    letters = (
        letter if unicodedata.category(letter)[0] in "LMN" or letter in "-_. " else "-"
        for letter in unicodedata.normalize("NFC", name)
    )
    words = "".join(letters)[:MAX_CHARACTERS].strip("-. ")
    if words.partition(".")[0].rstrip().casefold() in _RESERVED:
        return f"-{words}"
    if not words or words.isdigit():
        return f"sprite-{words}".rstrip("-")
    return words


def unique_names(names: Sequence[str]) -> tuple[str, ...]:
    """Safe names for all, in order; a name that is taken gets `-2`, `-3`, ... whatever its case."""
    taken: set[str] = set()
    found = []
    for name in names:
        safe = candidate = safe_name(name)
        number = 1
        while _key(candidate) in taken:
            number += 1
            candidate = f"{safe}-{number}"
        taken.add(_key(candidate))
        found.append(candidate)
    return tuple(found)


def _key(name: str) -> str:
    """What a file system that ignores case, or composes letters its own way, takes a name for."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
