"""Look inside PNG, GIF, BMP, WebP and .aseprite files before a decoder does: size, completeness, checksums.

Pillow loads some broken files without a word (a PNG with 10 of 32 rows, with no palette, with a wrong
checksum) and reserves memory for whatever size a header claims. This module reads the containers
itself and says, in an artist's words, why a file cannot be trusted. Formats: the PNG specification
(third edition), GIF89a, the WebP container specification, BMP's DIB headers.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Format = Literal["PNG", "GIF", "BMP", "WEBP", "ASEPRITE"]

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MAX_CHUNKS = 100_000
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
# Adam7: first column, first row, column step, row step of each pass.
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


class BrokenPicture(ValueError):
    """A picture file is damaged, cut short or not a picture; the text is the reason, without the file's name."""


@dataclass(frozen=True, slots=True)
class PictureHeader:
    """What a file says about itself before anything is decoded.

    Attributes:
        format: Name of the format, as Pillow calls it.
        width: Columns of the whole picture, in pixels.
        height: Rows of the whole picture, in pixels.
        bit_depth: PNG only: bits of each sample; else 8.
        colour_type: PNG only: colour type of the specification; else -1.
        transparent: PNG only: the raw tRNS chunk of a grey or RGB picture; else empty.
        palette_colours: PNG only: entries of the palette; else 0.
    """

    format: Format
    width: int
    height: int
    bit_depth: int = 8
    colour_type: int = -1
    transparent: bytes = b""
    palette_colours: int = 0


def sniff(data: bytes) -> Format:
    """The format that the first bytes announce, whatever the file is called.

    Raises:
        BrokenPicture: It is none of the five formats; the text names the format where it is a known one.
    """
    if data.startswith(_PNG_SIGNATURE):
        return "PNG"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if data.startswith(b"BM"):
        return "BMP"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:6] == b"\xe0\xa5":
        return "ASEPRITE"
    raise BrokenPicture(_what_else(data))


def _what_else(data: bytes) -> str:
    if not data:
        return "the file is empty"
    for start, name in (
        (b"\xff\xd8\xff", "a JPEG photograph, whose pixels are not exact"),
        (b"8BPS", "a Photoshop document"),
        (b"II*\0", "a TIFF picture"),
        (b"MM\0*", "a TIFF picture"),
        (b"%PDF", "a PDF document"),
        (b"PK\x03\x04", "a zip archive"),
        (b"<svg", "an SVG drawing"),
    ):
        if data.startswith(start):
            return f"it is {name}; save it as PNG"
    return "it is not a PNG, GIF, WebP, BMP or Aseprite picture, whatever its name says"


def inspect(data: bytes, *, max_pixels: int) -> PictureHeader:
    """Read the size and, for a PNG, check every chunk and every row.

    Args:
        data: The whole file.
        max_pixels: A PNG of more pixels is not unpacked (its header is returned, for the caller to refuse).

    Raises:
        BrokenPicture: The file is damaged, cut short or not one of the five formats.
    """
    kind = sniff(data)
    try:
        if kind == "PNG":
            return _inspect_png(data, max_pixels)
        if kind == "GIF":
            return _inspect_gif(data)
        if kind == "BMP":
            return _inspect_bmp(data)
        if kind == "ASEPRITE":
            return _inspect_aseprite(data)
        return _inspect_webp(data)
    except (struct.error, IndexError) as exc:
        raise BrokenPicture("the file is cut short") from exc


# ---- PNG -----------------------------------------------------------------------------------------


def _chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    view = memoryview(data)
    position = len(_PNG_SIGNATURE)
    for _ in range(_MAX_CHUNKS):
        if position + 12 > len(data):
            raise BrokenPicture("the file is cut short")
        (length,) = struct.unpack_from(">I", data, position)
        end = position + 12 + length
        if length > 0x7FFFFFFF or end > len(data):
            raise BrokenPicture("the file is cut short")
        name = bytes(view[position + 4 : position + 8])
        (stated,) = struct.unpack_from(">I", data, end - 4)
        if zlib.crc32(view[position + 4 : end - 4]) != stated:
            raise BrokenPicture("a checksum is wrong: the file was damaged")
        yield name, view[position + 8 : end - 4]
        if name == b"IEND":
            return
        position = end
    raise BrokenPicture("it has far too many parts")


def _inspect_png(data: bytes, max_pixels: int) -> PictureHeader:
    chunks = _chunks(data)
    name, body = next(chunks)
    if name != b"IHDR" or len(body) != 13:
        raise BrokenPicture("it does not begin with a PNG header")
    check = _PngCheck(bytes(body), max_pixels)
    for name, body in chunks:
        check.take(name, body)
    return check.finish()


class _PngCheck:
    """Goes through a PNG chunk by chunk: palette, rows of the picture, rows of each frame."""

    def __init__(self, header: bytes, max_pixels: int) -> None:
        self._width, self._height, self._depth, self._colour, method, filtering, self._interlace = struct.unpack(
            ">IIBBBBB", header
        )
        legal = self._depth in _DEPTHS.get(self._colour, ()) and not method and not filtering and self._interlace <= 1
        if not legal or not self._width or not self._height:
            raise BrokenPicture("its PNG header makes no sense")
        self._too_large = self._width * self._height > max_pixels
        self._frame_pixels_left = 4 * max_pixels
        self._rows = _RowCounter(self._packed_bytes(self._width, self._height))
        self._frame: _RowCounter | None = None
        self._transparent = b""
        self._palette_colours = 0

    def take(self, name: bytes, body: memoryview) -> None:
        """Check one chunk.

        Raises:
            BrokenPicture: It cannot be right.
        """
        if name == b"PLTE":
            self._palette_colours = len(body) // 3
        elif name == b"tRNS" and self._colour in (0, 2):
            self._transparent = bytes(body)
        elif name == b"fcTL":
            self._end_frame()
            self._begin_frame(body)
        elif self._too_large:
            return
        elif name == b"IDAT":
            self._rows.feed(body)
        elif name == b"fdAT" and self._frame is not None:
            self._frame.feed(body[4:])

    def finish(self) -> PictureHeader:
        """Check what can only be known at the end.

        Raises:
            BrokenPicture: Rows or the palette are missing.
        """
        if self._colour == 3 and not self._palette_colours:
            raise BrokenPicture("it needs a palette and has none")
        if not self._too_large:
            self._rows.check()
        self._end_frame()
        return PictureHeader(
            "PNG", self._width, self._height, self._depth, self._colour, self._transparent, self._palette_colours
        )

    def _begin_frame(self, body: memoryview) -> None:
        _, width, height, left, top = struct.unpack_from(">IIIII", body)
        if not width or not height or left + width > self._width or top + height > self._height:
            raise BrokenPicture("a frame of the animation lies outside the picture")
        self._frame_pixels_left -= width * height
        if self._frame_pixels_left < 0 and not self._too_large:
            raise BrokenPicture("its animation holds far too many pixels")
        self._frame = _RowCounter(self._packed_bytes(width, height))

    def _end_frame(self) -> None:
        # The first frame may live in IDAT; its counter is never fed then.
        if self._frame is not None and self._frame.touched:
            self._frame.check()

    def _packed_bytes(self, width: int, height: int) -> int:
        return _packed_bytes(width, height, self._depth * _CHANNELS[self._colour], self._interlace)


def _packed_bytes(width: int, height: int, bits: int, interlace: int) -> int:
    """Bytes of all rows, each with its filter byte, before compression."""
    if not interlace:
        return height * (1 + (width * bits + 7) // 8)
    total = 0
    for left, top, across, down in _ADAM7:
        columns, lines = -(-(width - left) // across), -(-(height - top) // down)
        if columns > 0 and lines > 0:
            total += lines * (1 + (columns * bits + 7) // 8)
    return total


class _RowCounter:
    """Unpacks a zlib stream only to count its bytes: memory stays small whatever the stream holds."""

    def __init__(self, expected_bytes: int) -> None:
        self._left = expected_bytes
        self._stream = zlib.decompressobj()
        self.touched = False

    def feed(self, body: memoryview) -> None:
        """Count the rows in one chunk's data.

        Raises:
            BrokenPicture: The stream is not a zlib stream.
        """
        self.touched = True
        pending = bytes(body)
        try:
            while pending and self._left > 0 and not self._stream.eof:
                self._left -= len(self._stream.decompress(pending, 1 << 20))
                pending = self._stream.unconsumed_tail
        except zlib.error as exc:
            raise BrokenPicture("its pixels are damaged") from exc

    def check(self) -> None:
        """Raise if rows are missing.

        Raises:
            BrokenPicture: Fewer bytes came than the picture's size needs.
        """
        if self._left > 0:
            raise BrokenPicture("some of its rows are missing")


# ---- GIF, BMP, WebP, Aseprite --------------------------------------------------------------------


def _inspect_gif(data: bytes) -> PictureHeader:
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    position = 13 + (3 << ((flags & 7) + 1) if flags & 0x80 else 0)
    frames = 0
    while data[position] != 0x3B:
        if data[position] == 0x21:
            position = _after_blocks(data, position + 2)
        elif data[position] == 0x2C:
            local = data[position + 9]
            position = _after_blocks(data, position + 10 + (3 << ((local & 7) + 1) if local & 0x80 else 0) + 1)
            frames += 1
        else:
            raise BrokenPicture("its parts do not follow each other as in a GIF: it was damaged")
    if not frames:
        raise BrokenPicture("it holds no picture")
    return PictureHeader("GIF", width, height)


def _after_blocks(data: bytes, position: int) -> int:
    while data[position]:
        position += 1 + data[position]
    return position + 1


def _inspect_bmp(data: bytes) -> PictureHeader:
    (header_size,) = struct.unpack_from("<I", data, 14)
    width, height = struct.unpack_from("<HH" if header_size == 12 else "<ii", data, 18)
    return PictureHeader("BMP", width, abs(height))


def _inspect_webp(data: bytes) -> PictureHeader:
    (size,) = struct.unpack_from("<I", data, 4)
    if len(data) < size + 8:
        raise BrokenPicture("the file is cut short")
    kind = data[12:16]
    if kind == b"VP8X":
        width = int.from_bytes(data[24:27], "little") + 1
        height = int.from_bytes(data[27:30], "little") + 1
    elif kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8 ":
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
    else:
        raise BrokenPicture("it does not begin as a WebP picture does")
    return PictureHeader("WEBP", width, height)


def _inspect_aseprite(data: bytes) -> PictureHeader:
    size, frames, width, height, depth = struct.unpack_from("<IxxHHHH", data, 0)
    if depth not in (8, 16, 32) or not frames or not width or not height:
        raise BrokenPicture("its Aseprite header makes no sense")
    if len(data) < max(size, 128):
        raise BrokenPicture("the file is cut short")
    return PictureHeader("ASEPRITE", width, height)
