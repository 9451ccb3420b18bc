"""One text of a PNG: exactly as it was written, and nothing bad from a stranger's."""

from __future__ import annotations

import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.core.sprite import Sprite
from lunar_studio.pixels.files import encode_png, read_sprites
from lunar_studio.pixels.png_text import BrokenText, read_text, without_texts

SPRITE = Sprite(np.full((3, 3, 4), 200, np.uint8))
PLAIN = encode_png(SPRITE)


def with_chunk(body: bytes, name: bytes = b"iTXt", *, checksum: int | None = None) -> bytes:
    """A picture with one more chunk after its header."""
    crc = zlib.crc32(name + body) if checksum is None else checksum
    return PLAIN[:33] + struct.pack(">I", len(body)) + name + body + struct.pack(">I", crc) + PLAIN[33:]


def packed(text: bytes) -> bytes:
    """A packed text under the keyword `Key`."""
    return b"Key\0\1\0\0\0" + zlib.compress(text, 9)


@given(st.text(max_size=200).filter(lambda text: "\0" not in text))
def test_a_text_comes_back_plain_or_packed(text: str) -> None:
    written = encode_png(SPRITE, {"Other": "x", "Key": text, "Key ": "no"})
    assert read_text(written, "Key", limit=1000) == text
    assert read_text(with_chunk(packed(text.encode())), "Key", limit=1000) == text


def test_there_may_be_none() -> None:
    assert read_text(PLAIN, "Key", limit=10) is None
    assert read_text(with_chunk(b"Key\0text", b"tEXt"), "Key", limit=10) is None
    assert read_text(b"GIF89a", "Key", limit=10) is None
    assert read_text(b"", "Key", limit=10) is None


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (with_chunk(b"Key\0"), "make no sense"),
        (with_chunk(b"Key\0\2\0\0\0text"), "make no sense"),
        (with_chunk(b"Key\0\1\7\0\0text"), "make no sense"),
        (with_chunk(b"Key\0\0\0en"), "make no sense"),
        (with_chunk(b"Key\0\0\0\0\0\xff\xfe"), "no UTF-8"),
        (with_chunk(b"Key\0\0\0\0\0" + b"x" * 1001), "longer than 1,000"),
        (with_chunk(b"Key\0\1\0\0\0nonsense"), "cannot be unpacked"),
        (with_chunk(packed(b"text")[:-5]), "cut off"),
        (with_chunk(b"Key\0\0\0\0\0text", checksum=7), "checksum"),
    ],
)
def test_what_is_wrong_with_it_is_said(data: bytes, reason: str) -> None:
    with pytest.raises(BrokenText, match=reason):
        read_text(data, "Key", limit=1000)


def test_a_bomb_is_unpacked_no_further_than_the_limit() -> None:
    data = with_chunk(packed(bytes(200_000_000)))
    assert len(data) < 400_000
    tracemalloc.start()
    with pytest.raises(BrokenText, match="longer"):
        read_text(data, "Key", limit=100_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000


@given(st.binary(max_size=80), st.integers(0, 200))
def test_damage_never_breaks_us(noise: bytes, at: int) -> None:
    good = encode_png(SPRITE, {"Key": "text"})
    for data in (good[:at], good[:at] + noise, good[:at] + noise + good[at + len(noise) :]):
        try:
            assert read_text(data, "Key", limit=100) in (None, "text") or noise
        except BrokenText:
            continue


def test_the_picture_beside_a_bad_text_can_still_be_read() -> None:
    for body in (b"Key\0\2\0\0\0text", b"Key\0\1\0\0\0nonsense", packed(bytes(100_000_000))):
        assert read_sprites(with_chunk(body))[0] == SPRITE
    assert read_sprites(with_chunk(b"Key\0\0" + zlib.compress(bytes(100_000_000)), b"zTXt"))[0] == SPRITE


@given(st.binary(max_size=60), st.integers(0, 200))
def test_texts_are_left_out_and_nothing_else(noise: bytes, at: int) -> None:
    told = encode_png(SPRITE, {"Key": "text"})
    assert without_texts(told) == PLAIN
    assert without_texts(PLAIN) == PLAIN
    assert without_texts(noise) == noise
    damaged = told[:at] + noise
    assert len(without_texts(damaged)) <= len(damaged)
