"""Reading pictures: exact where it can be, a reason where it cannot, whatever the file holds."""

from __future__ import annotations

import contextlib
import io
import os
import socket
import struct
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from lunar_studio.core.arrays import U8
from lunar_studio.core.sprite import Sprite
from lunar_studio.errors import DatasetError, ExportError
from lunar_studio.pixels.files import encode_png, read_bytes, read_sprites, shown_name, write_png
from tests.pixels.drawn import blob
from tests.pixels.made_files import SIGNATURE, bomb, chunk, header, png

ANY_SPRITE = arrays.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(4)))


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _frames(count: int = 3) -> list[Image.Image]:
    return [Image.fromarray(blob(seed, 16).rgba_HWC) for seed in range(count)]


def _reason(data: bytes | Path) -> str:
    with pytest.raises(DatasetError) as caught:
        read_sprites(data)
    assert caught.value.hint
    return caught.value.message


# ---- what is read exactly ------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(ANY_SPRITE)
def test_a_written_png_reads_back_exactly(pixels: U8) -> None:
    (again,) = read_sprites(encode_png(Sprite(pixels)))
    assert np.array_equal(again.rgba_HWC, pixels)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "WEBP"])
def test_lossless_formats_are_exact(kind: str) -> None:
    sprite = blob(3)
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    (again,) = read_sprites(_saved(Image.fromarray(sprite.rgba_HWC), kind, **options))
    visible = sprite.rgba_HWC[..., 3] > 0
    assert np.array_equal(again.rgba_HWC[visible], sprite.rgba_HWC[visible])


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {"save_all": True, "disposal": 1, "blend": 0}),
        ("WEBP", {"save_all": True, "lossless": True, "exact": True}),
        ("GIF", {"save_all": True, "disposal": 2}),
    ],
)
def test_every_frame_of_an_animation_is_read(kind: str, options: dict[str, object]) -> None:
    frames = _frames()
    data = _saved(frames[0], kind, append_images=frames[1:], duration=100, loop=0, **options)
    sprites = read_sprites(data, name="blob")
    assert [sprite.name for sprite in sprites] == ["blob_1", "blob_2", "blob_3"]
    for sprite, frame in zip(sprites, frames, strict=True):
        wanted = Sprite(np.asarray(frame))
        assert np.array_equal(sprite.rgba_HWC[..., 3], wanted.rgba_HWC[..., 3])
        visible = wanted.rgba_HWC[..., 3] > 0
        assert np.array_equal(sprite.rgba_HWC[visible], wanted.rgba_HWC[visible])


def test_an_animated_png_without_alpha_keeps_its_frames() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "green", "blue")]
    sprites = read_sprites(_saved(frames[0], "PNG", save_all=True, append_images=frames[1:]))
    assert [tuple(sprite.rgba_HWC[4, 4]) for sprite in sprites] == [
        (255, 0, 0, 255),
        (0, 128, 0, 255),
        (0, 0, 255, 255),
    ]


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_palettes_of_every_depth(depth: int) -> None:
    entries = 2**depth if depth < 8 else 200
    palette = np.random.default_rng(depth).integers(0, 256, (entries, 3), dtype=np.uint8)
    width = 8 // depth
    numbers = [(number * 7) % entries for number in range(width)]
    packed = sum(number << (8 - depth * (place + 1)) for place, number in enumerate(numbers))
    data = png(width, 1, depth, 3, [bytes([packed])], [(b"PLTE", palette.tobytes()), (b"tRNS", b"\x00\x80")])
    (sprite,) = read_sprites(data)
    assert np.array_equal(sprite.rgba_HWC[0, :, :3], palette[numbers])
    alpha = {0: 0, 1: 128}
    assert sprite.rgba_HWC[0, :, 3].tolist() == [alpha.get(number, 255) for number in numbers]


@pytest.mark.parametrize(("depth", "key"), [(1, 1), (2, 2), (4, 9), (8, 77), (16, 40000)])
def test_grey_of_every_depth_and_its_transparent_shade(depth: int, key: int) -> None:
    row = struct.pack(">HH", 40000, 65535) if depth == 16 else bytes([key << (8 - depth)])
    width = 2 if depth == 16 else 1
    (sprite,) = read_sprites(png(width, 1, depth, 0, [row], [(b"tRNS", struct.pack(">H", key))]))
    assert sprite.rgba_HWC[0, 0, 3] == 0
    (plain,) = read_sprites(png(width, 1, depth, 0, [row]))
    expected = round(40000 / 65535 * 255) if depth == 16 else round(key / (2**depth - 1) * 255)
    assert plain.rgba_HWC[0, 0].tolist() == [expected, expected, expected, 255]


def test_sixteen_bit_grey_does_not_turn_white() -> None:
    shades = [0, 1000, 30000, 65535]
    (sprite,) = read_sprites(png(4, 1, 16, 0, [struct.pack(">4H", *shades)]))
    assert sprite.rgba_HWC[0, :, 0].tolist() == [round(shade / 257) for shade in shades]


def test_a_transparent_rgb_colour() -> None:
    data = png(2, 1, 8, 2, [bytes([1, 2, 3, 4, 5, 6])], [(b"tRNS", struct.pack(">HHH", 4, 5, 6))])
    (sprite,) = read_sprites(data)
    assert sprite.rgba_HWC[0, :, 3].tolist() == [255, 0]


def test_gamma_and_profiles_change_nothing() -> None:
    row = bytes([10, 20, 30])
    (plain,) = read_sprites(png(1, 1, 8, 2, [row]))
    (marked,) = read_sprites(png(1, 1, 8, 2, [row], [(b"gAMA", struct.pack(">I", 20000)), (b"sRGB", b"\0")]))
    assert plain == marked


def test_one_pixel_and_a_long_thin_sheet() -> None:
    assert read_sprites(png(1, 1, 8, 0, [b"\x07"]))[0].width == 1
    assert read_sprites(png(1, 4096, 8, 0, [b"\x07"] * 4096))[0].height == 4096


# ---- what is refused, and why --------------------------------------------------------------------


def test_damage_that_pillow_loads_without_a_word_is_refused() -> None:
    rows = [bytes(range(32))] * 32
    good = png(32, 32, 8, 0, rows)
    assert "rows are missing" in _reason(png(32, 32, 8, 0, rows[:10]))
    assert "palette" in _reason(png(32, 32, 8, 3, rows))
    wrong_sum = bytearray(good)
    wrong_sum[-20] ^= 1
    assert "checksum" in _reason(bytes(wrong_sum))
    assert "cut short" in _reason(good[:-12])
    beyond = png(2, 1, 8, 3, [b"\x00\x09"], [(b"PLTE", bytes(9))])
    assert "palette ends before" in _reason(beyond)


@pytest.mark.parametrize("size", [(1, 20000), (20000, 1), (30000, 30000), (5000, 16)])
def test_too_large_is_refused_before_memory_is_reserved(size: tuple[int, int]) -> None:
    start = time.process_time()
    message = _reason(bomb(*size))
    assert f"{size[0]} × {size[1]}" in message
    assert time.process_time() - start < 5.0


def test_an_animation_of_too_many_pixels_is_refused() -> None:
    frame = struct.pack(">IIIIIHHBB", 0, 4096, 4096, 0, 0, 1, 10, 0, 0)
    data = SIGNATURE + header(4096, 4096, 8, 0) + chunk(b"fcTL", frame) * 5
    assert "too many pixels" in _reason(data + chunk(b"IEND", b""))


def test_other_formats_are_named() -> None:
    grey = Image.new("L", (8, 8))
    assert "JPEG" in _reason(_saved(Image.new("CMYK", (8, 8)), "JPEG"))
    assert "TIFF" in _reason(_saved(grey, "TIFF"))
    assert "whatever its name says" in _reason(b"I am a text, not a picture\n")
    assert "empty" in _reason(b"")


def test_things_that_are_no_files(tmp_path: Path) -> None:
    """Opening a pipe that nobody writes to would hang: it is never opened."""
    folder = tmp_path / "x.png"
    folder.mkdir()
    assert "a folder" in _reason(folder)
    os.mkfifo(tmp_path / "pipe.png")
    assert "a pipe" in _reason(tmp_path / "pipe.png")
    assert "a device" in _reason(Path(os.devnull))
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(tmp_path / "s.png"))
        assert "a socket" in _reason(tmp_path / "s.png")
    (tmp_path / "loop.png").symlink_to("loop.png")
    assert "“loop.png” cannot be used" in _reason(tmp_path / "loop.png")
    assert "not there" in _reason(tmp_path / "missing.png")
    assert "cannot be used" in _reason(tmp_path / "nul\0byte.png")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_an_unreadable_file(tmp_path: Path) -> None:
    path = tmp_path / "secret.png"
    write_png(blob(1), path)
    path.chmod(0)
    assert "may not read it" in _reason(path)


def test_a_large_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    with path.open("wb") as file:
        file.truncate(2**31)
    assert "MB" in _reason(path)
    with pytest.raises(DatasetError, match="MB"):
        read_bytes(path, limit=10)


def _originals() -> list[bytes]:
    frames = _frames()
    return [
        encode_png(blob(1, 16)),
        _saved(frames[0], "PNG", save_all=True, append_images=frames[1:]),
        _saved(frames[0], "GIF", save_all=True, append_images=frames[1:], disposal=2),
        _saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True),
        _saved(frames[0], "BMP"),
        _saved(frames[0].convert("P"), "BMP"),
        _saved(frames[0].convert("P"), "PNG"),
    ]


@pytest.mark.parametrize("original", _originals())
def test_no_truncated_file_is_taken(original: bytes) -> None:
    for length in range(0, len(original) - 1, max(1, len(original) // 90)):
        with pytest.raises(DatasetError):
            read_sprites(original[:length])


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(_originals()), st.data())
def test_damaged_bytes_give_sprites_or_a_reason(original: bytes, data: st.DataObject) -> None:
    broken = bytearray(original)
    for _ in range(data.draw(st.integers(1, 6))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    # Anything but sprites or a DatasetError fails the test.
    with contextlib.suppress(DatasetError):
        assert read_sprites(bytes(broken))


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([b"", SIGNATURE, b"GIF89a", b"BM", b"RIFF\x40\0\0\0WEBPVP8L"]), st.binary(max_size=200))
def test_rubbish_gives_a_reason(start: bytes, rest: bytes) -> None:
    with pytest.raises(DatasetError):
        read_sprites(start + rest)


# ---- names and writing ---------------------------------------------------------------------------


def test_names_are_safe_to_show() -> None:
    nasty = "a\nb\u202egnp.exe" + "x" * 300 + "\udcff.png"
    shown = shown_name(nasty)
    assert len(shown) <= 120
    assert shown.isprintable()
    assert "\u202e" not in shown
    shown.encode()
    assert shown_name("größe 1.png") == "größe 1.png"


def test_writing_is_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "sprite.png"
    write_png(blob(1), path, {"Title": "Mönch", "seed": "7"})
    with Image.open(path) as image:
        assert image.info == {"Title": "Mönch", "seed": "7"}
    first = path.read_bytes()
    write_png(blob(1), path, {"Title": "Mönch", "seed": "7"})
    assert path.read_bytes() == first
    with pytest.raises(ExportError):
        write_png(blob(1), tmp_path / "none" / "sprite.png")
    taken = tmp_path / "taken.png"
    taken.mkdir()
    with pytest.raises(ExportError):
        write_png(blob(1), taken)
    assert sorted(child.name for child in tmp_path.iterdir()) == ["sprite.png", "taken.png"]
    with pytest.raises(ValueError, match="keyword"):
        encode_png(blob(1), {"": "x"})
