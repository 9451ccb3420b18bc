"""Documents, histories and commands as plain JSON values, and back, trusting nothing.

Values that are large or come again and again stand in tables beside the JSON: latents by number, sprites by the name
of their file. Painted pixels are text (`overlay_text`). What a class holds is read from its own fields, so a new
command needs no line here but its name in `Command`.

Reading checks every value's type and range before anything is made of it; what is wrong is said with its path,
such as `history.steps[3].undo[0].seed`.
"""

from __future__ import annotations

import math
import re
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import lru_cache
from typing import Any, Literal, Protocol, Union, get_args, get_origin, get_type_hints

import numpy as np

from lunar_studio.core.arrays import F32
from lunar_studio.core.latent import Latent
from lunar_studio.core.overlay import Overlay
from lunar_studio.core.palette import Palette
from lunar_studio.core.sprite import Sprite
from lunar_studio.session.commands import Command
from lunar_studio.session.overlay_text import Unreadable, decode_overlay, encode_overlay

LARGEST_SEED = 2**31 - 1
LONGEST_TEXT = 2000
MOST_ENTRIES = 200_000

Json = Any
"""A JSON value: None, bool, int, float, str, list or dict of such."""

Hint = Any
"""A type, as annotations name it."""

Value = Any
"""What a document holds."""


class Sink(Protocol):
    """Where large values are put while a file is written."""

    def put_latent(self, latent: Latent) -> int:
        """The latent's number in the table."""

    def put_sprite(self, sprite: Sprite) -> str:
        """The name of the sprite's file."""


class Source(Protocol):
    """Where they are found again while it is read."""

    def latent(self, number: int) -> Latent:
        """The latent of that number.

        Raises:
            LookupError: There is none.
        """

    def sprite(self, name: str) -> Sprite:
        """The sprite in the file of that name.

        Raises:
            LookupError: There is none, or it is no sprite.
        """


# ---- writing ---------------------------------------------------------------------------------------------


def encode(value: object, sink: Sink) -> Json:
    """A value as JSON.

    Raises:
        TypeError: It is of a kind that no document holds.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    for kind, writer in _WRITERS.items():
        if isinstance(value, kind):
            return writer(value, sink)
    if is_dataclass(value) and not isinstance(value, type):
        return _encode_fields(value, sink)
    raise TypeError(f"a project cannot hold a {type(value).__name__}")


_WRITERS: Mapping[type, Callable[[Value, Sink], Json]] = {
    Latent: lambda value, sink: sink.put_latent(value),
    Sprite: lambda value, sink: sink.put_sprite(value),
    Overlay: lambda value, _: encode_overlay(value),
    Palette: lambda value, _: {"name": value.name, "colours": list(value.hex())},
    np.ndarray: lambda value, sink: sink.put_latent(Latent(value)),
    tuple: lambda value, sink: [encode(one, sink) for one in value],
    frozenset: lambda value, sink: sorted(encode(one, sink) for one in value),
    Mapping: lambda value, sink: {str(key): encode(one, sink) for key, one in value.items()},
}


def _encode_fields(value: Value, sink: Sink) -> Json:
    made: dict[str, Json] = {"do": command_name(type(value))} if isinstance(value, Command) else {}
    for field in fields(value):
        held = getattr(value, field.name)
        if not _is_default(field, held):
            made[field.name] = encode(held, sink)
    return made


def _is_default(field: Field[Any], held: object) -> bool:
    if field.default_factory is not MISSING:
        return bool(held == field.default_factory())
    return field.default is not MISSING and type(held) is type(field.default) and bool(held == field.default)


def command_name(kind: type) -> str:
    """A command's name in files: `PutLatent` is `put-latent`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower()


# ---- reading ---------------------------------------------------------------------------------------------


def decode(hint: Hint, value: Json, source: Source, path: str) -> Value:
    """A value of the kind that `hint` names, from JSON.

    Args:
        hint: A type, as in a class's annotations; `Command` takes any command.
        value: What the file says.
        source: Where latents and sprites are found.
        path: Where in the file this is.

    Raises:
        Unreadable: It is not such a value.
        TypeError: No document holds such a kind.
    """
    if hint == Command:
        return _decode_command(value, source, path)
    if hint in _READERS:
        return _READERS[hint](value, source, path)
    if is_dataclass(hint) and isinstance(hint, type):
        return _decode_fields(hint, value, source, path)
    return _decode_generic(hint, value, source, path)


def _decode_generic(hint: Hint, value: Json, source: Source, path: str) -> Value:
    """Of a kind that is made of others: `X | None`, `tuple[X, ...]`, `frozenset[X]`, `Mapping[str, X]`."""
    origin: object = get_origin(hint)
    arguments = get_args(hint)
    if origin in (Union, types.UnionType):
        return _decode_optional(arguments, value, source, path)
    if origin is tuple:
        return _decode_tuple(arguments, value, source, path)
    if origin is frozenset:
        listed = _list(value, path)
        return frozenset(decode(arguments[0], one, source, f"{path}[{i}]") for i, one in enumerate(listed))
    if origin is Literal:
        if value not in arguments:
            raise Unreadable(f"{path} is none of {', '.join(map(str, arguments))}")
        return value
    if origin is Mapping:
        return {_text(key, path): decode(arguments[1], one, source, f"{path}.{key}") for key, one in _dict(value, path)}
    raise TypeError(f"a project cannot hold a {hint}")


def _decode_optional(arguments: tuple[Hint, ...], value: Json, source: Source, path: str) -> Value:
    kinds = [kind for kind in arguments if kind is not types.NoneType]
    if value is None and len(kinds) < len(arguments):
        return None
    return decode(kinds[0], value, source, path)


def _decode_tuple(arguments: tuple[Hint, ...], value: Json, source: Source, path: str) -> tuple[Value, ...]:
    listed = _list(value, path)
    kinds = [arguments[0]] * len(listed) if arguments[-1] is Ellipsis else list(arguments)
    if len(kinds) != len(listed):
        raise Unreadable(f"{path} has {len(listed)} entries, not {len(kinds)}")
    return tuple(
        decode(kind, one, source, f"{path}[{i}]") for i, (kind, one) in enumerate(zip(kinds, listed, strict=True))
    )


@lru_cache(maxsize=1)
def _commands() -> dict[str, type]:
    return {command_name(kind): kind for kind in get_args(Command)}


@lru_cache(maxsize=64)
def _hints(kind: type) -> Mapping[str, Hint]:
    return get_type_hints(kind)


def _decode_command(value: Json, source: Source, path: str) -> Value:
    told = dict(_dict(value, path))
    name = _text(told.pop("do", ""), f"{path}.do")
    if name not in _commands():
        raise Unreadable(f"{path} is a command that this version does not know: {name!r:.60}")
    return _decode_fields(_commands()[name], told, source, path)


def _decode_fields(kind: type, value: Json, source: Source, path: str) -> Value:
    told, hints = dict(_dict(value, path)), _hints(kind)
    made: dict[str, Value] = {}
    for field in fields(kind):
        where = f"{path}.{field.name}"
        if field.name in told:
            made[field.name] = decode(hints[field.name], told.pop(field.name), source, where)
            if field.name in _CHECKS and not _CHECKS[field.name](made[field.name]):
                raise Unreadable(f"{where} is out of range")
        elif field.default is MISSING and field.default_factory is MISSING:
            raise Unreadable(f"{where} is missing")
    if told:
        raise Unreadable(f"{path} has something unknown: {min(told)!r:.60}")
    try:
        return kind(**made)
    except (ValueError, TypeError) as exc:
        raise Unreadable(f"{path} makes no sense: {exc}") from exc


_CHECKS: Mapping[str, Callable[[Value], bool]] = {
    "seed": lambda seed: 0 <= seed <= LARGEST_SEED,
    "temperature": lambda spread: 0.0 < spread <= 100.0,
    "score": lambda score: score is None or 0.0 <= score <= 100.0,
}
"""Ranges of fields by name, wherever they stand."""


def _read_latent(value: Json, source: Source, path: str) -> Latent:
    try:
        return source.latent(_number(value, source, path))
    except LookupError as exc:
        raise Unreadable(f"{path} is a latent that is not there") from exc


def _read_sprite(value: Json, source: Source, path: str) -> Sprite:
    try:
        return source.sprite(_text(value, path))
    except LookupError as exc:
        raise Unreadable(f"{path} is a sprite that is not there, or none") from exc


def _read_overlay(value: Json, _source: Source, path: str) -> Overlay:
    return decode_overlay(value, path)


def _read_palette(value: Json, _source: Source, path: str) -> Palette:
    told = dict(_dict(value, path))
    colours = _list(told.get("colours"), f"{path}.colours")
    if not all(isinstance(one, str) and re.fullmatch("#[0-9a-f]{6}", one) for one in colours):
        raise Unreadable(f"{path}.colours are not all of the form #rrggbb")
    rows = [[int(one[at : at + 2], 16) for at in (1, 3, 5)] for one in colours]
    return Palette(np.array(rows, np.uint8).reshape(-1, 3), _text(told.get("name", ""), f"{path}.name"))


def _read_text(value: Json, _source: Source, path: str) -> str:
    return _text(value, path)


def _read_flag(value: Json, _source: Source, path: str) -> bool:
    if not isinstance(value, bool):
        raise Unreadable(f"{path} is neither true nor false")
    return value


def _number(value: Json, _source: Source, path: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > 2**53:
        raise Unreadable(f"{path} is no whole number")
    return value


def _read_float(value: Json, _source: Source, path: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise Unreadable(f"{path} is no number")
    return float(value)


_READERS: Mapping[Hint, Callable[[Json, Source, str], Value]] = {
    Latent: _read_latent,
    F32: lambda value, source, path: _read_latent(value, source, path).values_L,
    Sprite: _read_sprite,
    Overlay: _read_overlay,
    Palette: _read_palette,
    str: _read_text,
    bool: _read_flag,
    int: _number,
    float: _read_float,
}


def _text(value: Json, path: str) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise Unreadable(f"{path} is no text, or far too long")
    return value


def _list(value: Json, path: str) -> Sequence[Json]:
    if not isinstance(value, list) or len(value) > MOST_ENTRIES:
        raise Unreadable(f"{path} is no list, or far too long")
    return value


def _dict(value: Json, path: str) -> Sequence[tuple[str, Json]]:
    if not isinstance(value, dict) or len(value) > MOST_ENTRIES:
        raise Unreadable(f"{path} has no named parts, or far too many")
    return tuple(value.items())
