"""The state that a saved picture carries, so that dropping it on the window leads back to it.

Compact JSON in one iTXt chunk (docs/formats.md); the same text, packed, stands on a command line. A picture may come
from anybody and may have been painted on since: the text is checked to the last number, and it carries the digest of
the pixels it was saved with.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from lunar_studio.core.latent import Latent
from lunar_studio.core.overlay import NOTHING, Overlay
from lunar_studio.core.sprite import Sprite
from lunar_studio.session.codec import LARGEST_SEED
from lunar_studio.session.commands import SetLatent
from lunar_studio.session.document import Bookmark, Document
from lunar_studio.session.overlay_text import Unreadable, decode_overlay, encode_overlay

KEYWORD = "Lunar Studio"
FORMAT = "lunar-studio sprite"
VERSION = 1
MAX_TEXT_BYTES = 2**20
LARGEST_LATENT = 65_536
LARGEST_NUMBER = 1e4
"""No model has a latent beyond; a network would answer with numbers that are none."""

_LINE_PREFIX = "lunar1:"
_LONGEST_PROMPT = 2000


@dataclass(frozen=True, slots=True)
class SpriteState:
    """All it takes to get back to a sprite.

    Attributes:
        model: Digest of its model.
        model_name: What the model is called.
        latent: Where it is.
        anchor: Where its exploration began.
        seed: What that grew from.
        prompt: The words it followed.
        temperature: Spread it was drawn with.
        edits: Painted pixels, pins among them.
        pixels: Digest of the sprite (`Sprite.digest`); empty if unknown.
    """

    model: str
    model_name: str
    latent: Latent
    anchor: Latent
    seed: int = 0
    prompt: str = ""
    temperature: float = 1.0
    edits: Overlay = NOTHING
    pixels: str = ""


def of_document(document: Document, model_name: str, sprite: Sprite) -> SpriteState | None:
    """The state of what a document shows; None where it shows nothing."""
    if document.latent is None or document.anchor is None:
        return None
    return SpriteState(
        document.model,
        model_name,
        document.latent,
        document.anchor,
        document.seed,
        document.prompt,
        document.temperature,
        document.edits,
        sprite.digest,
    )


def of_bookmark(bookmark: Bookmark, model_name: str) -> SpriteState:
    """The state of a kept sprite."""
    return SpriteState(
        bookmark.model,
        model_name,
        bookmark.latent,
        bookmark.latent,
        bookmark.seed,
        bookmark.prompt,
        edits=bookmark.edits,
        pixels=bookmark.sprite.digest,
    )


# ---- as text ---------------------------------------------------------------------------------------------


def way_back(state: SpriteState, title: str) -> SetLatent:
    """The command that goes there exactly: locks and pins of before do not count."""
    is_painted_only = len(state.edits) and state.anchor == state.latent
    return SetLatent(
        state.latent,
        state.anchor,
        state.seed,
        state.prompt,
        state.temperature,
        state.latent if is_painted_only else None,  # else before/after would show it without its painted pixels
        title,
        state.edits,
        state.edits if is_painted_only else NOTHING,
    )


def to_text(state: SpriteState) -> str:
    """The state as ASCII JSON on one line; the same state gives the same text."""
    told: dict[str, object] = {
        "format": FORMAT,
        "version": VERSION,
        "model": state.model,
        "model_name": state.model_name,
        "seed": state.seed,
        "prompt": state.prompt,
        "temperature": state.temperature,
        "latent": _packed_latent(state.latent),
    }
    if state.anchor != state.latent:
        told["anchor"] = _packed_latent(state.anchor)
    if len(state.edits):
        told["edits"] = encode_overlay(state.edits)
    if state.pixels:
        told["pixels"] = state.pixels
    return json.dumps(told, allow_nan=False, separators=(",", ":"))


def from_text(text: str) -> SpriteState:
    """The state that a text tells.

    Raises:
        Unreadable: It makes no sense; the text says why.
    """
    if len(text) > MAX_TEXT_BYTES:
        raise Unreadable("it is far too long")
    try:
        told = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as exc:
        raise Unreadable("it is no JSON") from exc
    if not isinstance(told, dict) or told.get("format") != FORMAT or type(told.get("version")) is not int:
        raise Unreadable("it does not say that it is a sprite's state")
    if told["version"] > VERSION:
        raise Unreadable("a newer version of the studio wrote it")
    latent = _unpacked_latent(told.get("latent"), "latent")
    anchor = _unpacked_latent(told["anchor"], "anchor") if "anchor" in told else latent
    if len(anchor) != len(latent):
        raise Unreadable("its two latents are of different lengths")
    seed, temperature = told.get("seed", 0), told.get("temperature", 1.0)
    if type(seed) is not int or not 0 <= seed <= LARGEST_SEED:
        raise Unreadable("its seed is out of range")
    if isinstance(temperature, bool) or not isinstance(temperature, int | float) or not 0 < temperature <= 100:
        raise Unreadable("its temperature is out of range")
    return SpriteState(
        _word(told, "model"),
        _word(told, "model_name"),
        latent,
        anchor,
        seed,
        _word(told, "prompt"),
        float(temperature),
        decode_overlay(told["edits"], "edits") if "edits" in told else NOTHING,
        _word(told, "pixels"),
    )


def to_line(state: SpriteState) -> str:
    """The state as one word for a command line: letters, digits, `-`, `_`, `:` and `=`."""
    packed = zlib.compress(to_text(state).encode(), 9)
    return _LINE_PREFIX + base64.urlsafe_b64encode(packed).decode("ascii")


def is_line(text: str) -> bool:
    """Whether a word announces a state, rather than a file."""
    return text.startswith(_LINE_PREFIX)


def from_line(line: str) -> SpriteState:
    """The state that such a word tells.

    Raises:
        Unreadable: It makes no sense.
    """
    if not is_line(line) or len(line) > MAX_TEXT_BYTES:
        raise Unreadable("it is no state, or far too long")
    stream = zlib.decompressobj()
    try:
        text = stream.decompress(base64.b64decode(line[len(_LINE_PREFIX) :], b"-_", validate=True), MAX_TEXT_BYTES + 1)
    except (binascii.Error, ValueError, zlib.error) as exc:
        raise Unreadable("it is damaged") from exc
    try:
        return from_text(text.decode("ascii"))
    except UnicodeDecodeError as exc:
        raise Unreadable("it is damaged") from exc


def _packed_latent(latent: Latent) -> str:
    return base64.b64encode(latent.values_L.astype("<f4").tobytes()).decode("ascii")


def _unpacked_latent(value: object, name: str) -> Latent:
    if not isinstance(value, str) or len(value) > 6 * LARGEST_LATENT:
        raise Unreadable(f"its {name} is no text, or far too long")
    try:
        packed = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise Unreadable(f"its {name} is no base64") from exc
    if not packed or len(packed) % 4:
        raise Unreadable(f"its {name} holds no whole numbers of four bytes")
    return checked(np.frombuffer(packed, "<f4"), name)


def checked(values_L: np.ndarray[Any, np.dtype[np.float32]], name: str) -> Latent:
    """A latent of numbers from outside.

    Raises:
        Unreadable: Some are none, or larger than any model has.
    """
    with np.errstate(invalid="ignore"):
        if not (np.abs(values_L) <= LARGEST_NUMBER).all():
            raise Unreadable(f"its {name} holds numbers that no model has")
    return Latent(values_L)


def _word(told: dict[str, object], key: str) -> str:
    value = told.get(key, "")
    if not isinstance(value, str) or len(value) > _LONGEST_PROMPT:
        raise Unreadable(f"its {key} is no text, or far too long")
    return value


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number")
