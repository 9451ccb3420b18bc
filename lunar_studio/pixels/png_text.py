"""One text out of a PNG's iTXt chunks (PNG specification, third edition, 11.3.3.4), whoever wrote the file.

Pillow reads all texts of a file, and gives up on the whole picture when one of them unpacks to too much. Here only the
chunk that is asked for is looked at, unpacked no further than a limit, and whatever is wrong with it is told apart from
whatever is wrong with the picture.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MOST_CHUNKS = 10_000
_LEFT_OUT = (b"iTXt", b"zTXt", b"tEXt", b"iCCP", b"eXIf")


class BrokenText(ValueError):
    """The text is there, but damaged or larger than it may be."""


def read_text(data: bytes, keyword: str, *, limit: int) -> str | None:
    """The first iTXt text of that keyword; None where there is none, or the data is no PNG.

    Args:
        data: The file's content.
        keyword: Latin-1, 1 to 79 characters.
        limit: Most bytes of UTF-8 that the text may have, unpacked.

    Raises:
        BrokenText: It is damaged, or larger than `limit`.
    """
    begin = keyword.encode("latin-1") + b"\0"
    for name, body, is_sound in _chunks(data):
        if name == b"iTXt" and body[: len(begin)] == begin:
            if not is_sound:
                raise BrokenText("its checksum is wrong")
            return _decoded(body[len(begin) :], limit)
    return None


def without_texts(data: bytes) -> bytes:
    """A PNG without its texts and colour profiles, which no sprite needs; anything else is returned as it is.

    A decoder that unpacks them gives up on the whole picture when one of them is a bomb.
    """
    if not data.startswith(_SIGNATURE):
        return data
    kept, position = [_SIGNATURE], len(_SIGNATURE)
    while position + 12 <= len(data) and len(kept) < _MOST_CHUNKS:
        length, name = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        if name not in _LEFT_OUT:
            kept.append(data[position:end])
        position = end
    return b"".join(kept) + data[position:]


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bool]]:
    """Name, content and soundness of each chunk, as far as the file goes."""
    if not data.startswith(_SIGNATURE):
        return
    position = len(_SIGNATURE)
    for _ in range(_MOST_CHUNKS):
        if position + 12 > len(data):
            return
        length, name = struct.unpack_from(">I4s", data, position)
        end = position + 8 + length
        if end + 4 > len(data):
            return
        # Only texts are copied: a sheet's pixels may be many megabytes.
        if name == b"iTXt":
            (stated,) = struct.unpack_from(">I", data, end)
            yield name, data[position + 8 : end], zlib.crc32(data[position + 4 : end]) == stated
        if name == b"IEND":
            return
        position = end + 4


def _decoded(rest: bytes, limit: int) -> str:
    """The text of a chunk after its keyword: flag, method, language, translated keyword, text."""
    parts = rest[2:].split(b"\0", 2)
    if len(rest) < 2 or rest[0] > 1 or rest[1] != 0 or len(parts) != 3:
        raise BrokenText("its parts make no sense")
    text = _unpacked(parts[2], limit) if rest[0] else parts[2]
    if len(text) > limit:
        raise BrokenText(f"it is longer than {limit:,} bytes")
    try:
        return text.decode()
    except UnicodeDecodeError as exc:
        raise BrokenText("it is no UTF-8") from exc


def _unpacked(packed: bytes, limit: int) -> bytes:
    stream = zlib.decompressobj()
    try:
        text = stream.decompress(packed, limit + 1)
    except zlib.error as exc:
        raise BrokenText("it cannot be unpacked") from exc
    if len(text) <= limit and not stream.eof:
        raise BrokenText("it is cut off")
    return text
