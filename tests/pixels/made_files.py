"""Picture files made byte by byte, for tests: Pillow cannot write most of the broken ones."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(name: bytes, body: bytes) -> bytes:
    """A PNG chunk with its checksum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def header(width: int, height: int, depth: int, colour: int, interlace: int = 0) -> bytes:
    """The IHDR chunk."""
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace))


def png(
    width: int,
    height: int,
    depth: int,
    colour: int,
    rows: Sequence[bytes],
    extra: Sequence[tuple[bytes, bytes]] = (),
) -> bytes:
    """A whole PNG from raw rows, without their filter bytes; `extra` chunks come before the pixels."""
    body = zlib.compress(b"".join(b"\0" + row for row in rows))
    between = b"".join(chunk(name, data) for name, data in extra)
    return SIGNATURE + header(width, height, depth, colour) + between + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def bomb(width: int, height: int, depth: int = 1, colour: int = 0) -> bytes:
    """A PNG that says it is huge and packs its zeros well."""
    row = bytes(1 + (width * depth + 7) // 8)
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    return SIGNATURE + header(width, height, depth, colour) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
