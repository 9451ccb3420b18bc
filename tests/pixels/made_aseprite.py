""".aseprite files made byte by byte, for tests, from the published description of the format."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

from lunar_studio.core.arrays import U8


def chunk(kind: int, body: bytes) -> bytes:
    """One part of a frame."""
    return struct.pack("<IH", len(body) + 6, kind) + body


def layer(
    *, flags: int = 1, kind: int = 0, level: int = 0, blend: int = 0, opacity: int = 255, tileset: int = 0
) -> bytes:
    """A layer; kind 1 is a group, 2 is made of tiles."""
    body = struct.pack("<HHHHHHBxxxH", flags, kind, level, 0, 0, blend, opacity, 5) + b"layer"
    return chunk(0x2004, body + (struct.pack("<I", tileset) if kind == 2 else b""))


def cel(
    number: int, pixels: U8, *, x: int = 0, y: int = 0, opacity: int = 255, z: int = 0, packed: bool = True
) -> bytes:
    """A picture on layer `number`; pixels of shape (height, width, bytes)."""
    body = struct.pack("<HH", pixels.shape[1], pixels.shape[0])
    raw = pixels.tobytes()
    return _cel(number, x, y, opacity, 2 if packed else 0, z, body + (zlib.compress(raw) if packed else raw))


def linked(number: int, frame: int) -> bytes:
    """The picture that layer `number` has in an earlier frame."""
    return _cel(number, 0, 0, 255, 1, 0, struct.pack("<H", frame))


def tiles(number: int, cells: Sequence[Sequence[int]]) -> bytes:
    """A picture of tiles on layer `number`."""
    body = struct.pack("<HHHIIII10x", len(cells[0]), len(cells), 32, 0x1FFFFFFF, 0x20000000, 0x40000000, 0x80000000)
    raw = b"".join(struct.pack("<I", cell) for row in cells for cell in row)
    return _cel(number, 0, 0, 255, 3, 0, body + zlib.compress(raw))


def tileset(number: int, pixels_THWC: U8) -> bytes:
    """Tiles, shape (tiles, height, width, bytes)."""
    count, high, wide, _ = pixels_THWC.shape
    raw = zlib.compress(pixels_THWC.tobytes())
    body = struct.pack("<IIIHHh14xH", number, 2, count, wide, high, 1, 0) + struct.pack("<I", len(raw)) + raw
    return chunk(0x2023, body)


def palette(colours: Sequence[tuple[int, int, int, int]], *, name: bytes = b"") -> bytes:
    """A palette from colour 0 on; every colour is called `name` if there is one."""
    entries = b"".join(
        struct.pack("<HBBBB", bool(name), *colour) + (struct.pack("<H", len(name)) + name if name else b"")
        for colour in colours
    )
    return chunk(0x2019, struct.pack("<III8x", len(colours), 0, len(colours) - 1) + entries)


def old_palette(colours: Sequence[tuple[int, int, int]]) -> bytes:
    """The palette of old files, in one packet."""
    return chunk(0x0004, struct.pack("<HBB", 1, 0, len(colours)) + bytes(value for one in colours for value in one))


def aseprite(
    width: int, height: int, frames: Sequence[Sequence[bytes]], *, depth: int = 32, transparent: int = 0
) -> bytes:
    """A whole file; each frame is its chunks, layers and palette belong into the first."""
    made = b""
    for chunks in frames:
        body = b"".join(chunks)
        made += struct.pack("<IHHHxxI", len(body) + 16, 0xF1FA, len(chunks), 100, len(chunks)) + body
    head = struct.pack("<IHHHHHI", len(made) + 128, 0xA5E0, len(frames), width, height, depth, 1)
    return (head + bytes(10) + bytes([transparent])).ljust(128, b"\0") + made


def _cel(number: int, x: int, y: int, opacity: int, kind: int, z: int, body: bytes) -> bytes:
    return chunk(0x2005, struct.pack("<HhhBHh5x", number, x, y, opacity, kind, z) + body)
