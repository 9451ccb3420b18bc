"""A process that decodes pictures for another, so that a picture which brings it down brings nothing else down.

Run as `python -m lunar_studio.data.decode_process` it takes pieces from its standard input and answers each on its
standard output; a length of 8 bytes goes before everything. It ends when its input does, so it never outlives the
process that started it. Not multiprocessing: that runs the main program again in every child, and has to pickle.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import msgspec
import numpy as np

from lunar_studio.core.sprite import Sprite
from lunar_studio.errors import DatasetError
from lunar_studio.pixels.files import MAX_TOTAL_PIXELS, PictureRefused, read_sprites
from lunar_studio.pixels.slicing import SliceSpec, slice_sheet

Job = tuple[str, bytes, str, str]
"""Of one file: path, bytes, how it is cut, and why it cannot even be read."""

Found = tuple[tuple[Sprite, ...], str]
"""Of one file: its sprites, and why there are none."""

_LONGEST = 2**34
_UNPACKED_BYTES = 2**20
_ENDS_S = 5.0


class DecoderDied(Exception):
    """A decoding process ended, or could not be started, before it answered."""


class _Packed(msgspec.Struct, frozen=True):
    """What a packed piece says of one file: why it is refused, or names and sizes of its sprites."""

    refusal: str = ""
    sprites: list[tuple[str, int, int]] = []


def pictures(data: bytes, path: str, cut: SliceSpec | None) -> tuple[Sprite, ...]:
    """Every sprite in a file: frames of an animation, cells of a sheet.

    Raises:
        DatasetError: The file cannot be used.
    """
    sprites = read_sprites(data, name=path.rpartition("/")[2])
    return sprites if cut is None else tuple(cell for sprite in sprites for cell in slice_sheet(sprite, cut))


def tried(data: bytes, path: str, cut: SliceSpec | None) -> Found:
    """Every sprite in a file, or why it cannot be used."""
    try:
        return pictures(data, path, cut), ""
    except PictureRefused as exc:
        return (), exc.reason
    except DatasetError as exc:
        return (), exc.message


def packed_piece(jobs: Sequence[Job]) -> bytes:
    """Decode a piece: path, bytes, cut and refusal of each file, to what `unpacked_piece` reads. Any process."""
    return packed(
        [
            ((), refusal) if refusal else tried(data, path, SliceSpec.parse(cut) if cut else None)
            for path, data, cut, refusal in jobs
        ]
    )


def packed(found: Sequence[Found]) -> bytes:
    """What was found in the files of a piece, as `unpacked_piece` reads it."""
    heads = [_Packed(refusal, [(one.name, one.height, one.width) for one in sprites]) for sprites, refusal in found]
    head = msgspec.msgpack.encode([_safe(one) for one in heads])
    pixels = zlib.compressobj(1)
    body = b"".join(pixels.compress(one.rgba_HWC.tobytes()) for sprites, _ in found for one in sprites) + pixels.flush()
    return struct.pack("<I", len(head)) + head + body


def _safe(head: _Packed) -> _Packed:
    """Names that encode; a name that is no UTF-8 comes from a file system that allows it."""
    names = [(name.encode("utf-8", "backslashreplace").decode(), high, wide) for name, high, wide in head.sprites]
    return _Packed(head.refusal.encode("utf-8", "backslashreplace").decode(), names)


def unpacked_piece(packed: bytes) -> list[Found]:
    """Sprites, or the reason why there are none, of each file of a piece.

    Raises:
        ValueError: It is no piece.
    """
    (length,) = struct.unpack_from("<I", packed)
    heads = msgspec.msgpack.decode(packed[4 : 4 + length], type=list[_Packed])
    pixels = _Pixels(packed[4 + length :])
    found = []
    for head in heads:
        sprites = []
        for name, high, wide in head.sprites:
            size = high * wide * 4
            if not 0 < size <= 4 * MAX_TOTAL_PIXELS:
                raise ValueError(f"a sprite of {wide} × {high} is in no piece")
            sprites.append(Sprite(np.frombuffer(pixels.take(size), np.uint8).reshape(high, wide, 4), name))
        found.append((tuple(sprites), head.refusal))
    return found


class _Pixels:
    """Bytes of sprites one after the other, unpacked a megabyte at a time.

    Each call of zlib copies all that is still packed: called for every sprite, that took a time that grew with the
    square of a piece.
    """

    def __init__(self, packed: bytes) -> None:
        self._stream, self._packed = zlib.decompressobj(), packed
        self._ready, self._at = b"", 0

    def take(self, size: int) -> bytes:
        """The next bytes; fewer at the end."""
        while len(self._ready) - self._at < size:
            more = self._stream.decompress(self._packed, max(size, _UNPACKED_BYTES))
            if not more:
                break
            self._packed = self._stream.unconsumed_tail
            self._ready, self._at = self._ready[self._at :] + more, 0
        taken = self._ready[self._at : self._at + size]
        self._at += len(taken)
        return taken


# ---- the process ---------------------------------------------------------------------------------


class DecodeProcess:
    """The parent's end of one decoding process; for one thread at a time. Started when it is first needed."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def decode(self, jobs: Sequence[Job]) -> bytes:
        """Let it decode a piece; blocks until it has answered.

        Raises:
            DecoderDied: It ended before; the next call starts another.
        """
        try:
            process = self._process = self._process or _started()
            if process.stdin is None or process.stdout is None:
                raise DecoderDied
            _send(
                process.stdin,
                msgspec.msgpack.encode([(os.fsencode(path), data, cut, why) for path, data, cut, why in jobs]),
            )
            answer = _receive(process.stdout)
        except OSError as exc:
            self.end()
            raise DecoderDied from exc
        if answer is None:
            self.end()
            raise DecoderDied
        return answer

    def end(self) -> None:
        """End it."""
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        try:
            process.wait(_ENDS_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _started() -> subprocess.Popen[bytes]:
    home = str(Path(__file__).resolve().parents[2])
    paths = [home, *filter(None, [os.environ.get("PYTHONPATH")])]
    # Our own program, without words from anybody else; no shell reads them. A session of its own: Ctrl+C is ours.
    return subprocess.Popen(
        (sys.executable, "-m", "lunar_studio.data.decode_process"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        start_new_session=True,
    )


def _send(pipe: IO[bytes], data: bytes) -> None:
    pipe.write(struct.pack("<Q", len(data)))
    pipe.write(data)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> bytes | None:
    """The next message; None at the end."""
    head = pipe.read(8)
    if len(head) < 8:
        return None
    (length,) = struct.unpack("<Q", head)
    data = pipe.read(length) if length <= _LONGEST else b""
    return data if len(data) == length else None


def main() -> None:
    """Answer until there is nothing more to answer."""
    while (message := _receive(sys.stdin.buffer)) is not None:
        jobs = msgspec.msgpack.decode(message, type=list[tuple[bytes, bytes, str, str]])
        _send(sys.stdout.buffer, packed_piece([(os.fsdecode(path), data, cut, why) for path, data, cut, why in jobs]))


if __name__ == "__main__":
    main()
