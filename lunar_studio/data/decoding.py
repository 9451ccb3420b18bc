"""Decode many files: in processes of their own where that pays, and once only, even when the import is killed.

Files are taken in pieces of some megabytes. Each piece is decoded in another process, packed, and kept on a shelf
beside the data set that is being built, under the hash of its bytes and of how it is cut; an import that is started
again after a kill finds the pieces there and goes on. A file that takes its decoder down with it is refused.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from lunar_studio.core.sprite import Sprite
from lunar_studio.data.decode_process import (
    DecodeProcess,
    DecoderDied,
    Job,
    packed,
    packed_piece,
    tried,
    unpacked_piece,
)
from lunar_studio.data.sources import Entry, Source
from lunar_studio.errors import DatasetError
from lunar_studio.pixels.files import PictureRefused
from lunar_studio.pixels.slicing import SliceSpec

PARALLEL_FROM = 2000
"""So many files are decoded in processes of their own; fewer are done before those have started."""

PARALLEL_SHEETS = 32
"""So many sheets that are cut are decoded in processes of their own: each of them may be a thousand sprites."""

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


@dataclass(slots=True)
class _Piece:
    """Some files that are decoded together."""

    entries: list[Entry] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    bytes: int = 0

    def key(self) -> str:
        hasher = hashlib.blake2b(f"{_VERSION}".encode(), digest_size=20)
        for path, data, cut, refusal in self.jobs:
            hasher.update(repr((path, len(data), cut, refusal)).encode("utf-8", "backslashreplace"))
            hasher.update(data)
        return hasher.hexdigest()


class Decoder:
    """Decodes the files of a source in order.

    Args:
        cut_of: Path of a file to how it is cut.
        shelf: Folder for pieces that are done; None keeps none.
        processes: How many decode; None takes up to two where there are enough files.
    """

    def __init__(self, cut_of: CutOf, *, shelf: Path | None = None, processes: int | None = None) -> None:
        self._cut_of, self._shelf, self._processes = cut_of, shelf, processes
        self._threads: ThreadPoolExecutor | None = None
        self._mine = threading.local()
        self._all: list[DecodeProcess] = []
        self._begins: set[str] = set()

    @property
    def shelf(self) -> Path | None:
        """Folder for pieces that are done; None where none are kept."""
        return self._shelf

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
            sheets = sum(self._cut_of(entry.path) is not None for entry in entries)
            many = len(entries) >= PARALLEL_FROM or sheets >= PARALLEL_SHEETS
            count = min(2, os.cpu_count() or 1) if many else 0
        if count == 0:
            for entry in entries:
                data, refusal = _read(source, entry)
                sprites, reason = ((), refusal) if refusal else tried(data, entry.path, self._cut_of(entry.path))
                yield Decoded(entry, len(data), hashlib.blake2b(data, digest_size=32).digest(), sprites, reason)
            return
        waiting: deque[tuple[_Piece, str, Future[bytes] | bytes]] = deque()
        for piece in self._pieces(source, entries):
            key = piece.key()
            waiting.append((piece, key, self._begin(piece, key, count)))
            if len(waiting) > 2 * count:
                yield from self._finish(*waiting.popleft())
        while waiting:
            yield from self._finish(*waiting.popleft())

    # ---- pieces ----------------------------------------------------------------------------------

    def _pieces(self, source: Source, entries: Sequence[Entry]) -> Iterator[_Piece]:
        piece = _Piece()
        for entry in entries:
            data, refusal = _read(source, entry)
            cut = self._cut_of(entry.path)
            if piece.entries and entry.path in self._begins:
                # A second run over part of the files then finds on the shelf what the first has put there.
                yield piece
                piece = _Piece()
            if not piece.entries:
                self._begins.add(entry.path)
            piece.entries.append(entry)
            piece.jobs.append((entry.path, data, "" if cut is None else str(cut), refusal))
            piece.bytes += len(data)
            if len(piece.entries) >= _PIECE_FILES or piece.bytes >= _PIECE_BYTES:
                yield piece
                piece = _Piece()
        if piece.entries:
            yield piece

    def _begin(self, piece: _Piece, key: str, count: int) -> Future[bytes] | bytes:
        done = self._from_shelf(key)
        return done if done is not None else self._submit(piece, count)

    def _submit(self, piece: _Piece, count: int) -> Future[bytes]:
        if self._threads is None:
            # Each thread waits for a process of its own.
            self._threads = ThreadPoolExecutor(count, thread_name_prefix="decoding")
        return self._threads.submit(self._decode, piece)

    def _finish(self, piece: _Piece, key: str, begun: Future[bytes] | bytes) -> Iterator[Decoded]:
        if isinstance(begun, bytes):
            done = begun
        else:
            done = begun.result()
            self._onto_shelf(key, done)
        for entry, job, (sprites, refusal) in zip(piece.entries, piece.jobs, unpacked_piece(done), strict=True):
            yield Decoded(entry, len(job[1]), hashlib.blake2b(job[1], digest_size=32).digest(), sprites, refusal)

    def _decode(self, piece: _Piece) -> bytes:
        """Decode a piece in this thread's process; a file during which that dies is refused. Any thread."""
        process = getattr(self._mine, "process", None)
        if process is None:
            process = self._mine.process = DecodeProcess()
            self._all.append(process)
        try:
            return process.decode(piece.jobs)
        except DecoderDied:
            pass
        try:
            # Does any process live on this machine? If not, there is nothing for it but to decode here.
            process.decode([])
        except DecoderDied:
            return packed_piece(piece.jobs)
        found = []
        for job in piece.jobs:
            try:
                found += unpacked_piece(process.decode([job]))
            except DecoderDied:
                found.append(((), _CRASHED))
        return packed(found)

    def _close(self) -> None:
        if self._threads is not None:
            self._threads.shutdown(wait=True, cancel_futures=True)
            self._threads = None
        while self._all:
            self._all.pop().end()
        self._mine = threading.local()

    # ---- shelf -----------------------------------------------------------------------------------

    def _from_shelf(self, key: str) -> bytes | None:
        if self._shelf is None:
            return None
        try:
            raw = (self._shelf / key).read_bytes()
        except OSError:
            return None
        # Written while the machine died, or changed since: it is decoded anew.
        return raw[20:] if hashlib.blake2b(raw[20:], digest_size=20).digest() == raw[:20] else None

    def _onto_shelf(self, key: str, done: bytes) -> None:
        if self._shelf is None:
            return
        # A full disk is told where the data set itself is written; going on needs no shelf.
        with suppress(OSError):
            self._shelf.mkdir(parents=True, exist_ok=True)
            (self._shelf / key).write_bytes(hashlib.blake2b(done, digest_size=20).digest() + done)


def _read(source: Source, entry: Entry) -> tuple[bytes, str]:
    if entry.refusal:
        return b"", entry.refusal
    try:
        return source.read(entry), ""
    except PictureRefused as exc:
        return b"", exc.reason
    except DatasetError as exc:
        return b"", exc.message
