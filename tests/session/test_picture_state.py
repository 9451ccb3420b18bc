"""The state of a saved picture: there and back as text and as a word, and nothing hostile gets through."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.core.latent import Latent
from lunar_studio.core.overlay import Overlay
from lunar_studio.core.sprite import Sprite
from lunar_studio.session.document import Document
from lunar_studio.session.overlay_text import Unreadable
from lunar_studio.session.picture_state import (
    SpriteState,
    from_line,
    from_text,
    is_line,
    of_bookmark,
    of_document,
    to_line,
    to_text,
)
from tests.session.edits import bookmark, latents, overlays

HERE, BEGAN = Latent([1, 2, 3, 4]), Latent([0, 0, 0, 0])
STATE = SpriteState(
    "abc", "Dungeon", HERE, BEGAN, 48, "red dragon “x”", 0.8, Overlay.painted([(1, 2)], (1, 2, 3, 4)), "ff"
)

states = st.builds(
    SpriteState,
    st.text("0123456789abcdef", max_size=64),
    st.text(max_size=40),
    latents,
    latents,
    st.integers(0, 2**31 - 1),
    st.text(max_size=100),
    st.floats(0.01, 2.0),
    overlays,
    st.text("0123456789abcdef", max_size=32),
)


@given(states)
def test_there_and_back(state: SpriteState) -> None:
    assert from_text(to_text(state)) == state
    assert from_line(to_line(state)) == state


def test_a_text_is_plain_ascii_and_a_word_needs_no_quotes() -> None:
    assert to_text(STATE).isascii()
    assert "\n" not in to_text(STATE)
    assert set(to_line(STATE)) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_=")
    assert is_line(to_line(STATE))
    assert not is_line("sprite.png")


def test_what_is_shown_and_what_is_kept_have_states() -> None:
    sprite = Sprite(np.full((2, 2, 4), 9, np.uint8))
    document = Document(latent=HERE, anchor=BEGAN, seed=7, prompt="slime", model="m", edits=STATE.edits)
    shown = of_document(document, "Dungeon", sprite)
    assert shown == SpriteState("m", "Dungeon", HERE, BEGAN, 7, "slime", 1.0, STATE.edits, sprite.digest)
    assert of_document(Document(), "Dungeon", sprite) is None
    kept = bookmark("a", HERE)
    assert of_bookmark(kept, "Dungeon").pixels == kept.sprite.digest


def told(**changes: object) -> str:
    """A good text with other values; None takes one away."""
    words: dict[str, Any] = json.loads(to_text(STATE)) | changes
    return json.dumps({key: value for key, value in words.items() if value is not None})


def numbers(*values: float) -> str:
    """Numbers as a text has them."""
    return base64.b64encode(np.array(values, "<f4").tobytes()).decode()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("[]", "does not say"),
        ('{"seed": NaN}', "no JSON"),
        ("x" * (2**20 + 1), "far too long"),
        (told(format="zip"), "does not say"),
        (told(version=True), "does not say"),
        (told(version=2), "newer version"),
        (told(latent=None), "latent is no text"),
        (told(latent=[1.0]), "latent is no text"),
        (told(latent="…"), "latent is no base64"),
        (told(latent=""), "no whole numbers"),
        (told(latent="AAA="), "no whole numbers"),
        (told(latent=numbers(1, np.nan, 2, 3)), "numbers that no model has"),
        (told(latent=numbers(1, np.inf, 2, 3)), "numbers that no model has"),
        (told(latent=numbers(1, 1e30, 2, 3)), "numbers that no model has"),
        (told(latent="A" * 500_000), "far too long"),
        (told(anchor=numbers(1, 2)), "different lengths"),
        (told(seed=-1), "seed is out of range"),
        (told(seed=2**31), "seed is out of range"),
        (told(seed="7"), "seed is out of range"),
        (told(seed=True), "seed is out of range"),
        (told(temperature=0), "temperature is out of range"),
        (told(temperature=True), "temperature is out of range"),
        (told(temperature=1e9), "temperature is out of range"),
        (told(prompt=7), "prompt is no text"),
        (told(prompt="x" * 5000), "prompt is no text, or far too long"),
        (told(model=["evil"]), "model is no text"),
        (told(edits="AAAA"), "no whole pixels"),
        (told(edits={"at": 1}), "no text"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        from_text(text)


@pytest.mark.parametrize("line", ["", "lunar1:", "lunar1:!!!!", "lunar1:AAAA", "x" * 100, "lunar1:" + "A" * 2**20])
def test_a_word_that_is_none_is_refused(line: str) -> None:
    with pytest.raises(Unreadable):
        from_line(line)


def test_a_word_that_is_a_bomb_is_refused() -> None:
    bomb = base64.urlsafe_b64encode(zlib.compress(bytes(50_000_000), 9)).decode()
    with pytest.raises(Unreadable):
        from_line("lunar1:" + bomb)


@given(st.binary(max_size=60))
def test_any_bytes_are_refused(noise: bytes) -> None:
    with pytest.raises(Unreadable):
        from_line("lunar1:" + base64.urlsafe_b64encode(noise).decode())
    with pytest.raises(Unreadable):
        from_text(noise.decode("latin-1"))
