"""What a command answers: text for people, one JSON document for scripts."""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from lunar_studio.errors import LunarError


class WrongUsage(LunarError):
    """The command was asked for something that makes no sense; exit status 2."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command has to say when it is done.

    Attributes:
        text: For people; may be empty.
        document: For scripts; printed instead of the text with `--json`. None prints nothing.
        status: The exit status, when it is not 0 although the job itself went well.
    """

    text: str = ""
    document: Mapping[str, Any] | None = field(default_factory=dict)
    status: int = 0


def print_answer(answer: Answer, *, as_json: bool) -> None:
    """Print one or the other on stdout."""
    if not as_json:
        if answer.text:
            print(answer.text)
    elif answer.document is not None:
        print(to_json(answer.document, indent=2))


def to_json(value: object, indent: int | None = None) -> str:
    """JSON of plain values, dataclasses, paths and numpy numbers; NaN and infinities become null."""
    return json.dumps(plain(value), indent=indent, allow_nan=False)


def plain(value: object) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """The value in dictionaries, lists, strings, numbers, booleans and None.

    Raises:
        TypeError: There is no way to say it in JSON.
    """
    match value:
        case float():
            return value if math.isfinite(value) else None
        case None | bool() | int() | str():
            return value
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case Sequence() | AbstractSet():
            return [plain(item) for item in value]
    return _plain_object(value)


def _plain_object(value: object) -> Any:  # noqa: ANN401
    if isinstance(value, PurePath):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {entry.name: plain(getattr(value, entry.name)) for entry in dataclasses.fields(value)}
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:  # a numpy number
        return plain(value.item())
    raise TypeError(f"{type(value).__name__} cannot be said in JSON")


def warn(text: str) -> None:
    """Say something on stderr, which scripts do not read."""
    print(text, file=sys.stderr, flush=True)


def table(rows: Sequence[Sequence[str]], *, right: frozenset[int] = frozenset()) -> str:
    """Rows of text in aligned columns.

    Args:
        rows: The first is the heading; all are of one length.
        right: Columns that are numbers.
    """
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
