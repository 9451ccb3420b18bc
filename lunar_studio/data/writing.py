"""Write a data set folder so that it is there whole or not at all.

Everything is written into a hidden folder beside the destination, which takes its place at the end by a
rename; whatever goes wrong before leaves the destination as it was.
"""

from __future__ import annotations

import glob
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

import msgspec
import numpy as np

from lunar_studio.core.arrays import U8
from lunar_studio.core.sprite import Sprite
from lunar_studio.data.dataset import (
    FACTS_FILE,
    INDEX_FILE,
    REPORT_FILE,
    SPRITES_FILE,
    Facts,
    npy_header,
)
from lunar_studio.data.decoding import Decoder
from lunar_studio.data.report import Report
from lunar_studio.data.scanning import ImportStopped, Kept, Options, Progress, ShouldStop
from lunar_studio.data.sources import Entry, Source
from lunar_studio.data.sprite_lines import SpriteLine
from lunar_studio.errors import DatasetError
from lunar_studio.paths import is_taken
from lunar_studio.pixels.files import shown_name
from lunar_studio.pixels.fit import fit

Written = list[tuple[Kept, str]]
"""The sprites written, in order, each with the note of what was done to make it fit."""


def write_pixels(
    path: Path,
    source: Source,
    kept: Sequence[Kept],
    options: Options,
    size: int,
    *,
    should_stop: ShouldStop,
    progress: Progress,
    decoder: Decoder | None = None,
) -> Written:
    """Write `sprites.npy` at `path`; a file that changed since the first look is left out.

    Raises:
        ImportStopped: The user stopped it.
        OSError: The disk is full or read-only.
    """
    written: Written = []
    with path.open("wb") as file, decoder or Decoder(options.cut_of) as decoding:
        file.write(npy_header((0, size, size, 4)))
        for one, sprite in sprites_of(source, kept, decoding, should_stop=should_stop):
            progress(len(written), len(kept))
            fitted = fit(sprite, size)
            file.write(fitted.sprite.cleaned().rgba_HWC.tobytes())
            written.append((one, fitted.note))
        file.seek(0)
        file.write(npy_header((len(written), size, size, 4)))
        file.flush()
        os.fsync(file.fileno())
    progress(len(kept), len(kept))
    return written


def sprites_of(
    source: Source, kept: Sequence[Kept], decoder: Decoder, *, should_stop: ShouldStop
) -> Iterator[tuple[Kept, Sprite]]:
    """Sprites from memory or read again, in order; those that changed since the first look are left out.

    Raises:
        ImportStopped: The user stopped it; asked before every file.
    """
    groups = [list(group) for _, group in groupby(kept, key=lambda sprite: sprite.path)]
    absent = [Entry(group[0].path) for group in groups if any(one.sprite is None for one in group)]
    again = decoder.run(source, absent)
    for group in groups:
        if should_stop():
            raise ImportStopped
        if all(one.sprite is not None for one in group):
            yield from ((one, one.sprite) for one in group if one.sprite is not None)
            continue
        sprites = next(again).sprites
        for one in group:
            if one.number < len(sprites) and sprites[one.number].digest == one.digest:
                yield one, sprites[one.number]


def map_pixels(path: Path, count: int, size: int) -> U8:
    """The sprites in a `sprites.npy` just written, memory-mapped, shape (count, size, size, 4)."""
    shape = (count, size, size, 4)
    pixels: U8 = np.memmap(path, np.uint8, mode="r", offset=len(npy_header(shape)), shape=shape)
    return pixels


def write_words(folder: Path, facts: Facts, report: Report) -> None:
    """Write `report.json` and, last of all, `dataset.json`: a folder without it is no data set.

    Raises:
        OSError: The disk is full or read-only.
    """
    _write(folder / REPORT_FILE, (part.encode("ascii") for part in report.json_lines()))
    _write(folder / FACTS_FILE, [msgspec.json.format(msgspec.json.encode(facts), indent=2)])


def write_lines(folder: Path, lines: Iterable[SpriteLine]) -> None:
    """Write `index.jsonl`, a line at a time.

    Raises:
        OSError: The disk is full or read-only.
    """
    encoder = msgspec.json.Encoder()
    _write(folder / INDEX_FILE, (encoder.encode(line) + b"\n" for line in lines))


def _write(path: Path, parts: Iterable[bytes]) -> None:
    with path.open("wb") as file:
        file.writelines(parts)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def replacing(destination: Path) -> Iterator[Path]:
    """A folder to write into, which becomes `destination` when the block ends well and vanishes when it does not.

    Raises:
        DatasetError: Something that is no data set stands at `destination`, or the disk is full or read-only.
    """
    shown = shown_name(str(destination))
    if destination.is_symlink() or (is_taken(destination) and not _may_replace(destination)):
        raise DatasetError(
            f"“{shown}” is there already and is not a data set.", hint="Choose an empty or a new folder."
        )
    working: Path | None = None
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        _sweep(destination)
        working = Path(tempfile.mkdtemp(prefix=f".{destination.name[:40]}-{os.getpid()}-", dir=destination.parent))
        yield working
        working.chmod(0o755)
        _swap(working, destination)
    except OSError as exc:
        raise DatasetError(
            f"The data set “{shown}” could not be written: {exc.strerror or exc}.",
            hint="Check that you may write there and that the disk is not full.",
        ) from exc
    finally:
        if working is not None:
            shutil.rmtree(working, ignore_errors=True)


def _sweep(destination: Path) -> None:
    """Take away what builds of the same set left behind that were killed: their process is gone."""
    for left in destination.parent.glob(f".{glob.escape(destination.name[:40])}-*-*"):
        number = left.name.rsplit("-", 2)[1]
        if number.isdecimal() and not left.is_symlink() and _has_ended(int(number)):
            shutil.rmtree(left, ignore_errors=True)


def _has_ended(process: int) -> bool:
    if os.name != "posix":
        # Asking is not possible here without ending it.
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


def _may_replace(destination: Path) -> bool:
    ours = {FACTS_FILE, INDEX_FILE, REPORT_FILE, SPRITES_FILE}
    return destination.is_dir() and {child.name for child in destination.iterdir()} <= ours


def _swap(working: Path, destination: Path) -> None:
    if not destination.exists():
        working.rename(destination)
        return
    retired = Path(tempfile.mkdtemp(prefix=f".{destination.name[:40]}-", dir=destination.parent))
    try:
        destination.rename(retired / "old")
        working.rename(destination)
    finally:
        shutil.rmtree(retired, ignore_errors=True)


def shelf_of(destination: Path) -> Path:
    """Where decoded pieces stand while the data set at `destination` is being built."""
    return destination.parent / f".{destination.name[:40]}.pieces"


def as_text(value: str, limit: int = 1000) -> str:
    """Words that always encode and stay within the format's limits."""
    return value.encode("utf-8", "backslashreplace").decode("utf-8")[:limit]
