"""Decode many files: in processes of their own where that pays, and once only, even when the import is killed.

Files are taken in pieces of some megabytes. Each piece is decoded in another process, packed, and kept on a shelf
beside the data set that is being built, under the hash of its bytes and of how it is cut; an import that is started
again after a kill finds the pieces there and goes on. A file that takes its decoder down with it is refused.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import struct
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
import numpy as np

from lunar_studio.core.sprite import Sprite
from lunar_studio.data.sources import Entry, Source
from lunar_studio.errors import DatasetError
from lunar_studio.pixels.files import MAX_TOTAL_PIXELS, PictureRefused, read_sprites
from lunar_studio.pixels.slicing import SliceSpec, slice_sheet

PARALLEL_FROM = 2000
"""So many files are decoded in processes of their own; fewer are done before those have started."""

_VERSION = 1
_PIECE_FILES, _PIECE_BYTES = 256, 4 * 2**20
CutOf = Callable[[str], SliceSpec | None]
_CRASHED = "it makes the reader of pictures crash"


@dataclass(frozen=True, slots=True)
class Decoded:
    """One file, decoded.

    Attributes:
        entry: Which one.
        length: Of the file, in bytes; 0 when it could not be read.
        digest: BLAKE2b-256 of its bytes.
        sprites: Its frames or cells; none when it is refused.
        refusal: Why it cannot be used; empty if it can.
    """

    entry: Entry
    length: int
    digest: bytes
    sprites: tuple[Sprite, ...]
    refusal: str


class _Packed(msgspec.Struct, frozen=True):
    """What a packed piece says of one file: why it is refused, or names and sizes of its sprites."""

    refusal: str = ""
    sprites: list[tuple[str, int, int]] = []


@dataclass(slots=True)
class _Piece:
    """Some files that are decoded together."""

    entries: list[Entry] = field(default_factory=list)
    jobs: list[tuple[str, bytes, str, str]] = field(default_factory=list)
    bytes: int = 0

    def key(self) -> str:
        hasher = hashlib.blake2b(f"{_VERSION}".encode(), digest_size=20)
        for path, data, cut, refusal in self.jobs:
            hasher.update(repr((path, len(data), cut, refusal)).encode("utf-8", "backslashreplace"))
            hasher.update(data)
        return hasher.hexdigest()


def pictures(data: bytes, path: str, cut: SliceSpec | None) -> tuple[Sprite, ...]:
    """Every sprite in a file: frames of an animation, cells of a sheet.

    Raises:
        DatasetError: The file cannot be used.
    """
    sprites = read_sprites(data, name=path.rpartition("/")[2])
    return sprites if cut is None else tuple(cell for sprite in sprites for cell in slice_sheet(sprite, cut))


def _tried(data: bytes, path: str, cut: SliceSpec | None) -> tuple[tuple[Sprite, ...], str]:
    try:
        return pictures(data, path, cut), ""
    except PictureRefused as exc:
        return (), exc.reason
    except DatasetError as exc:
        return (), exc.message


class Decoder:
    """Decodes the files of a source in order.

    Args:
        cut_of: Path of a file to how it is cut.
        shelf: Folder for pieces that are done; None keeps none.
        processes: How many decode; None takes up to two where there are enough files.
    """

    def __init__(self, cut_of: CutOf, *, shelf: Path | None = None, processes: int | None = None) -> None:
        self._cut_of, self._shelf, self._processes = cut_of, shelf, processes
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def clear(self) -> None:
        """Take the shelf away: what stood on it is in the data set, or is not wanted any more."""
        if self._shelf is not None:
            shutil.rmtree(self._shelf, ignore_errors=True)

    def run(self, source: Source, entries: Sequence[Entry]) -> Iterator[Decoded]:
        """Every entry with its sprites, in order; what cannot be read or decoded comes with the reason."""
        count = self._processes
        if count is None:
            count = min(2, os.cpu_count() or 1) if len(entries) >= PARALLEL_FROM else 0
        if count == 0:
            for entry in entries:
                data, refusal = _read(source, entry)
                sprites, reason = ((), refusal) if refusal else _tried(data, entry.path, self._cut_of(entry.path))
                yield Decoded(entry, len(data), hashlib.blake2b(data, digest_size=32).digest(), sprites, reason)
            return
        waiting: deque[tuple[_Piece, str, Future[bytes] | bytes]] = deque()
        for piece in self._pieces(source, entries):
            key = piece.key()
            waiting.append((piece, key, self._begin(piece, key, count)))
            if len(waiting) > 2 * count:
                yield from self._finish(*waiting.popleft(), count)
        while waiting:
            yield from self._finish(*waiting.popleft(), count)

    # ---- pieces ----------------------------------------------------------------------------------

    def _pieces(self, source: Source, entries: Sequence[Entry]) -> Iterator[_Piece]:
        piece = _Piece()
        for entry in entries:
            data, refusal = _read(source, entry)
            cut = self._cut_of(entry.path)
            piece.entries.append(entry)
            piece.jobs.append((entry.path, data, "" if cut is None else str(cut), refusal))
            piece.bytes += len(data)
            if len(piece.entries) >= _PIECE_FILES or piece.bytes >= _PIECE_BYTES:
                yield piece
                piece = _Piece()
        if piece.entries:
            yield piece

    def _begin(self, piece: _Piece, key: str, count: int) -> Future[bytes] | bytes:
        packed = self._from_shelf(key)
        return packed if packed is not None else self._submit(piece, count)

    def _submit(self, piece: _Piece, count: int) -> Future[bytes]:
        if self._pool is None:
            # Spawned, not forked: a copy of a process with threads may hang on a lock that nobody will open.
            self._pool = ProcessPoolExecutor(count, mp_context=get_context("spawn"))
        try:
            return self._pool.submit(packed_piece, piece.jobs)
        except BrokenProcessPool as exc:
            failed: Future[bytes] = Future()
            failed.set_exception(exc)
            return failed

    def _finish(self, piece: _Piece, key: str, begun: Future[bytes] | bytes, count: int) -> Iterator[Decoded]:
        if isinstance(begun, bytes):
            packed = begun
        else:
            try:
                packed = begun.result()
            except BrokenProcessPool:
                packed = self._carefully(piece, count)
            self._onto_shelf(key, packed)
        for entry, job, (sprites, refusal) in zip(piece.entries, piece.jobs, unpacked_piece(packed), strict=True):
            yield Decoded(entry, len(job[1]), hashlib.blake2b(job[1], digest_size=32).digest(), sprites, refusal)

    def _carefully(self, piece: _Piece, count: int) -> bytes:
        """Decode a piece during which a process died, file by file, to find the one that kills."""
        self._close()
        try:
            # Does any process live on this machine? If not, there is nothing for it but to decode here.
            self._submit(_Piece(), count).result()
        except BrokenProcessPool:
            self._close()
            return packed_piece(piece.jobs)
        packed: list[tuple[tuple[Sprite, ...], str]] = []
        for entry, job in zip(piece.entries, piece.jobs, strict=True):
            try:
                packed += unpacked_piece(self._submit(_Piece([entry], [job]), count).result())
            except BrokenProcessPool:
                self._close()
                packed.append(((), _CRASHED))
        return _packed(packed)

    def _close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    # ---- shelf -----------------------------------------------------------------------------------

    def _from_shelf(self, key: str) -> bytes | None:
        if self._shelf is None:
            return None
        try:
            raw = (self._shelf / key).read_bytes()
        except OSError:
            return None
        packed = raw[20:]
        # Written while the machine died, or changed since: it is decoded anew.
        return packed if hashlib.blake2b(packed, digest_size=20).digest() == raw[:20] else None

    def _onto_shelf(self, key: str, packed: bytes) -> None:
        if self._shelf is None:
            return
        # A full disk is told where the data set itself is written; going on needs no shelf.
        with suppress(OSError):
            self._shelf.mkdir(parents=True, exist_ok=True)
            (self._shelf / key).write_bytes(hashlib.blake2b(packed, digest_size=20).digest() + packed)


def _read(source: Source, entry: Entry) -> tuple[bytes, str]:
    if entry.refusal:
        return b"", entry.refusal
    try:
        return source.read(entry), ""
    except PictureRefused as exc:
        return b"", exc.reason
    except DatasetError as exc:
        return b"", exc.message


def packed_piece(jobs: Sequence[tuple[str, bytes, str, str]]) -> bytes:
    """Decode a piece: path, bytes, cut and refusal of each file, to what `unpacked_piece` reads. Any process."""
    return _packed(
        [
            ((), refusal) if refusal else _tried(data, path, SliceSpec.parse(cut) if cut else None)
            for path, data, cut, refusal in jobs
        ]
    )


def _packed(found: Sequence[tuple[tuple[Sprite, ...], str]]) -> bytes:
    heads = [_Packed(refusal, [(one.name, one.height, one.width) for one in sprites]) for sprites, refusal in found]
    head = msgspec.msgpack.encode([_safe(one) for one in heads])
    pixels = zlib.compressobj(1)
    body = b"".join(pixels.compress(one.rgba_HWC.tobytes()) for sprites, _ in found for one in sprites) + pixels.flush()
    return struct.pack("<I", len(head)) + head + body


def _safe(head: _Packed) -> _Packed:
    """Names that encode; a name that is no UTF-8 comes from a file system that allows it."""
    names = [(name.encode("utf-8", "backslashreplace").decode(), high, wide) for name, high, wide in head.sprites]
    return _Packed(head.refusal.encode("utf-8", "backslashreplace").decode(), names)


def unpacked_piece(packed: bytes) -> list[tuple[tuple[Sprite, ...], str]]:
    """Sprites, or the reason why there are none, of each file of a piece.

    Raises:
        ValueError: It is no piece.
    """
    (length,) = struct.unpack_from("<I", packed)
    heads = msgspec.msgpack.decode(packed[4 : 4 + length], type=list[_Packed])
    stream = zlib.decompressobj()
    rest = packed[4 + length :]
    found = []
    for head in heads:
        sprites = []
        for name, high, wide in head.sprites:
            size = high * wide * 4
            if not 0 < size <= 4 * MAX_TOTAL_PIXELS:
                raise ValueError(f"a sprite of {wide} × {high} is in no piece")
            raw = bytearray()
            while len(raw) < size and (more := stream.decompress(rest, size - len(raw))):
                raw += more
                rest = stream.unconsumed_tail
            sprites.append(Sprite(np.frombuffer(bytes(raw), np.uint8).reshape(high, wide, 4), name))
        found.append((tuple(sprites), head.refusal))
    return found
