"""Read sprites from picture files and write them as PNG, trusting nothing that comes from outside.

`read_sprites` takes PNG (also animated), GIF, WebP, BMP and .aseprite by content, never by name. It looks before it
opens (a pipe is never touched), checks the container itself (`pixels.containers`), holds sizes to limits
before memory is reserved, and says in an artist's words what is wrong. Colour-profile and gamma chunks are
not applied: a sprite's numbers are its colours.
"""

from __future__ import annotations

import io
import os
import stat
import struct
import tempfile
import unicodedata
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from PIL import Image, ImageSequence, PngImagePlugin

from lunar_studio.core.arrays import U8
from lunar_studio.core.sprite import Sprite
from lunar_studio.errors import DatasetError, ExportError
from lunar_studio.pixels import aseprite_file
from lunar_studio.pixels.containers import BrokenPicture, PictureHeader, inspect
from lunar_studio.pixels.png_text import without_texts

PICTURE_SUFFIXES = frozenset({".png", ".apng", ".gif", ".webp", ".bmp", ".aseprite", ".ase"})
"""Suffixes of the formats that can be read, lower case."""

MAX_SIDE_PX = 4096
MAX_PIXELS = MAX_SIDE_PX * MAX_SIDE_PX
MAX_FRAMES = 1024
MAX_TOTAL_PIXELS = 2 * MAX_PIXELS
MAX_FILE_BYTES = 64 * 2**20

_HINT_FILE = "Open it in your drawing program and save it again as PNG, or leave it out."
_HINT_SIZE = f"Sprites and sheets may be up to {MAX_SIDE_PX} pixels wide and high; cut it into smaller pictures."

# What Pillow's decoders raise on damaged input, found by feeding them 20,000 damaged files and reading its source.
_DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    ArithmeticError,
    AttributeError,
    AssertionError,
    RuntimeError,
    MemoryError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


class PictureRefused(DatasetError):
    """A picture file cannot be used.

    Args:
        name: The file's name, safe to show.
        reason: Why, as a part of a sentence: `it is a folder, not a file`.
        hint: What the user can do about it.
    """

    def __init__(self, name: str, reason: str, *, hint: str) -> None:
        super().__init__(f"“{name}” cannot be used: {reason}.", hint=hint)
        self.reason = reason


def shown_name(name: str, limit: int = 120) -> str:
    """A file name that is safe to show: control and direction marks escaped, the middle of a long one cut out.

    Bytes that are no UTF-8 (surrogates in Python's names) are escaped too, so the result always encodes.
    """
    if len(name) <= limit and name.isascii() and name.isprintable():
        return name
    safe = "".join(
        character if unicodedata.category(character)[0] != "C" else character.encode("unicode_escape").decode("ascii")
        for character in name
    )
    if len(safe) <= limit:
        return safe
    half = (limit - 1) // 2
    return f"{safe[:half]}…{safe[-half:]}"


def read_bytes(path: Path, *, limit: int = MAX_FILE_BYTES) -> bytes:
    """The content of a plain file of at most `limit` bytes; anything else on disk is never opened.

    Raises:
        DatasetError: It is missing, unreadable, too large, or not a plain file (a folder, pipe, device, broken link).
    """
    name = shown_name(path.name)
    try:
        state = path.stat()
        if not stat.S_ISREG(state.st_mode):
            raise _refusal(name, f"it is {_kind_of(state.st_mode)}, not a file", "Choose a picture file.")
        if state.st_size > limit:
            reason = f"it has {state.st_size / 2**20:,.0f} MB, more than any sprite or sheet needs"
            raise _refusal(name, reason, _HINT_SIZE)
        # O_NONBLOCK: should a pipe take the file's place between the look and the opening, it cannot hold us up.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise _refusal(name, "it changed while it was being read", "Try again.")
            data = file.read(limit + 1)
    except PermissionError as exc:
        raise _refusal(name, "you may not read it", "Change its permissions, or copy it somewhere else.") from exc
    except (OSError, ValueError) as exc:
        raise _refusal(name, _os_reason(exc), "Check that it is there and that links lead somewhere.") from exc
    if len(data) > limit:
        raise _refusal(name, "it grew while it was being read", "Try again.")
    return data


def _kind_of(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    if stat.S_ISFIFO(mode):
        return "a pipe"
    if stat.S_ISSOCK(mode):
        return "a socket"
    return "a device"


def _os_reason(exc: OSError | ValueError) -> str:
    if isinstance(exc, FileNotFoundError):
        return "it is not there, or is a link that leads nowhere"
    if isinstance(exc, OSError) and exc.strerror:
        return f"the system says: {exc.strerror.lower()}"
    return "its name cannot be used on this system"


def _refusal(name: str, reason: str, hint: str = _HINT_FILE) -> PictureRefused:
    return PictureRefused(name, reason, hint=hint)


def read_sprites(source: Path | bytes, *, name: str = "") -> tuple[Sprite, ...]:
    """Every frame of a picture: one sprite for a still, several for an animation, in order of play.

    Args:
        source: A path, or a file's content.
        name: What the sprites are called; the file's stem by default. Frames get a number after it.

    Returns:
        At least one sprite; straight alpha, colours exactly as stored (16-bit samples rounded to 8 bits).

    Raises:
        DatasetError: It cannot be read; the message says why in an artist's words.
    """
    if isinstance(source, bytes):
        data, title = source, shown_name(name or "picture")
    else:
        data, title = read_bytes(source), shown_name(source.name)
        name = name or source.stem
    try:
        header = inspect(data, max_pixels=MAX_PIXELS)
        _check_size(title, header.width, header.height)
        frames = tuple(_frames(data, header, title))
    except BrokenPicture as exc:
        raise _refusal(title, str(exc)) from exc
    except _DECODER_ERRORS as exc:
        raise _refusal(title, "its pixels are damaged") from exc
    if len(frames) == 1:
        return (Sprite(frames[0], name),)
    return tuple(Sprite(rgba_HWC, f"{name}_{number}") for number, rgba_HWC in enumerate(frames, start=1))


def _check_size(title: str, width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise _refusal(title, "it has no pixels")
    if width > MAX_SIDE_PX or height > MAX_SIDE_PX:
        raise _refusal(title, f"it is {width} × {height} pixels, too large for a sprite or a sheet", _HINT_SIZE)


def _frames(data: bytes, header: PictureHeader, title: str) -> Iterator[U8]:
    if header.format == "ASEPRITE":
        (count,) = struct.unpack_from("<H", data, 6)
        if count > MAX_FRAMES:
            raise BrokenPicture(f"its animation is too long (at most {MAX_FRAMES} frames)")
        yield from aseprite_file.frames(data, max_pixels=MAX_TOTAL_PIXELS)
        return
    total = 0
    with Image.open(io.BytesIO(without_texts(data)), formats=(header.format,)) as image:
        for count, frame in enumerate(ImageSequence.Iterator(image), start=1):
            # A GIF frame can reach beyond the size in the header; Pillow then grows the picture.
            _check_size(title, frame.width, frame.height)
            total += frame.width * frame.height
            if count > MAX_FRAMES or total > MAX_TOTAL_PIXELS:
                raise BrokenPicture(f"its animation is too long (at most {MAX_FRAMES} frames)")
            yield _rgba(frame, header)


def _rgba(frame: Image.Image, header: PictureHeader) -> U8:
    """One frame as uint8 (H, W, 4)."""
    if header.colour_type == 0 and header.bit_depth == 16:
        # Pillow's own conversion cuts 16-bit grey off at 255, which turns nearly everything white.
        samples_HW = np.asarray(frame).astype(np.uint32)
        grey_HW = ((samples_HW * 255 + 32767) // 65535).astype(np.uint8)
        rgba = np.stack([grey_HW, grey_HW, grey_HW, np.full_like(grey_HW, 255)], axis=2)
        if len(header.transparent) >= 2:
            rgba[samples_HW == int.from_bytes(header.transparent[:2], "big"), 3] = 0
        return rgba
    if frame.mode == "P" and header.palette_colours:
        largest = int(np.asarray(frame).max())
        if largest >= header.palette_colours:
            raise BrokenPicture(f"it uses colour {largest}, but its palette ends before that")
    if header.colour_type in (0, 2):
        return _keyed(np.asarray(frame.convert("RGB")), header)
    return np.asarray(frame.convert("RGBA"))


def _keyed(rgb_HWC: U8, header: PictureHeader) -> U8:
    """Grey and RGB PNGs: the one colour of tRNS is transparent (Pillow compares it before it scales)."""
    alpha_HW = np.full(rgb_HWC.shape[:2], 255, np.uint8)
    values = [int.from_bytes(header.transparent[at : at + 2], "big") for at in range(0, len(header.transparent), 2)]
    if values:
        if header.bit_depth == 16:
            key = [value >> 8 for value in values]
        else:
            key = [value * 255 // (2**header.bit_depth - 1) for value in values]
        alpha_HW[(rgb_HWC == np.array(key)).all(axis=2)] = 0
    return np.dstack([rgb_HWC, alpha_HW])


def encode_png(sprite: Sprite, metadata: Mapping[str, str] | None = None) -> bytes:
    """The sprite as an RGBA PNG; the same sprite and metadata give the same bytes.

    Args:
        sprite: The pixels, kept exactly, colour under alpha 0 included.
        metadata: Keyword to text, written as iTXt chunks in the given order.

    Raises:
        ValueError: A keyword is empty, longer than 79 characters or not Latin-1.
    """
    information = PngImagePlugin.PngInfo()
    for keyword, text in (metadata or {}).items():
        if not 0 < len(keyword) < 80 or not keyword.isprintable() or any(ord(letter) > 255 for letter in keyword):
            raise ValueError(f"{keyword!r} cannot be a PNG keyword")
        information.add_itxt(keyword, text)
    buffer = io.BytesIO()
    Image.fromarray(sprite.rgba_HWC, "RGBA").save(buffer, format="PNG", pnginfo=information, optimize=True)
    return buffer.getvalue()


def write_png(sprite: Sprite, path: Path, metadata: Mapping[str, str] | None = None) -> None:
    """Write a PNG so that `path` holds either the whole new file or what was there before.

    Raises:
        ExportError: The folder is missing, full or read-only.
        ValueError: As `encode_png`.
    """
    write_atomically(path, encode_png(sprite, metadata))


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: a temporary file beside it, flushed to disk, then renamed.

    Raises:
        ExportError: The folder is missing, full or read-only.
    """
    temporary: Path | None = None
    try:
        handle, name = tempfile.mkstemp(prefix=".writing-", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(handle)
        # mkstemp makes files that only their owner may read; give what an ordinary save would give.
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as exc:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise ExportError(
            f"“{shown_name(path.name)}” could not be written: {exc.strerror or exc}.",
            hint="Check that the folder is there, that you may write to it and that the disk is not full.",
        ) from exc
