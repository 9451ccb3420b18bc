"""Write a mended copy of a folder of art: a new folder, in which what the doctor found is put right.

The artist's own files are only read. What needs no change is copied byte for byte; what changes becomes a PNG beside
where it was, and the pictures of an animation or sheet become one PNG each. Tables and licences come along.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from lunar_studio.core.sprite import Sprite
from lunar_studio.data import importing
from lunar_studio.data.captions import TABLE_NAMES, Tables
from lunar_studio.data.dataset import MAX_SIZE_PX
from lunar_studio.data.decode_process import pictures
from lunar_studio.data.doctor import MENDS
from lunar_studio.data.findings import KINDS, Diagnosis
from lunar_studio.data.notes import CREDITS_FILE, Notes
from lunar_studio.data.scanning import ImportStopped, Options, Progress, ShouldStop, tables_of
from lunar_studio.data.sources import Entry, Source, open_source
from lunar_studio.data.writing import as_text
from lunar_studio.errors import DatasetError
from lunar_studio.paths import is_folder, is_taken
from lunar_studio.pixels.files import encode_png, shown_name
from lunar_studio.pixels.fit import fit

RECORD_FILE = "mended.json"
_SIDE_FILES = importing.LICENCE_FILES
_MAX_SIDE_BYTES = 16 * 2**20
_LONGEST_NAME = 200


@dataclass(slots=True)
class Mended:
    """What a mended copy came to.

    Attributes:
        folder: Where it is.
        copied: Files that are as they were.
        changed: Sprites whose pixels changed.
        left_out: Files and sprites that are not in it.
    """

    folder: Path
    copied: int = 0
    changed: int = 0
    left_out: int = 0


def safe_fixes(diagnosis: Diagnosis) -> frozenset[str]:
    """Kinds among the findings whose fix is ticked to begin with."""
    return frozenset(found.kind.id for found in diagnosis.findings if found.kind.is_safe and found.kind.fix)


def free_folder(source: Path) -> Path:
    """A folder that is not there yet, beside the art and named after it.

    Raises:
        DatasetError: Thousands are there already.
    """
    stem = source.name if is_folder(source) else source.stem
    for number in range(1, 10_000):
        folder = source.parent / (f"{stem[:_LONGEST_NAME]} mended" + (f" {number}" if number > 1 else ""))
        if not is_taken(folder) and not folder.is_symlink():
            return folder
    raise DatasetError(f"There is no free name beside “{shown_name(stem)}”.", hint="Clear away old mended copies.")


def mend(
    source: Path,
    destination: Path,
    diagnosis: Diagnosis,
    fixes: Collection[str],
    *,
    skip: Mapping[str, Collection[str]] | None = None,
    slicing: str | None = None,
    notes: Notes | None = None,
    should_stop: ShouldStop | None = None,
    progress: Progress | None = None,
) -> Mended:
    """Write the mended copy.

    Args:
        source: What the diagnosis is of; it is only read.
        destination: Folder to make; it must not exist, or be empty, and may not lie within the source.
        diagnosis: What was found.
        fixes: Kinds to put right, from `findings.KINDS`.
        skip: As it was for the diagnosis.
        slicing: As it was for the diagnosis.
        notes: As for `importing.check`.
        should_stop: Asked before every file.
        progress: Told how many files are done, and of how many.

    Raises:
        DatasetError: The source cannot be opened, the destination is taken, or it cannot be written.
        ImportStopped: `should_stop` said so; nothing was written.
        ValueError: There is no such fix.
    """
    if unknown := sorted(fix for fix in fixes if fix not in KINDS or not KINDS[fix].fix):
        raise ValueError(f"there is no fix called {', '.join(unknown)}")
    _require_free(source, destination)
    should_stop, progress = should_stop or (lambda: False), progress or (lambda _done, _total: None)
    working: Path | None = None
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        working = Path(tempfile.mkdtemp(prefix=f".{destination.name[:40]}-", dir=destination.parent))
        with open_source(source) as opened:
            options = importing.options_of(skip, slicing, notes)
            writer = _Writer(opened, working, diagnosis, frozenset(fixes), options, notes or Notes())
            mended = writer.write(should_stop, progress)
        working.chmod(0o755)
        if destination.exists():
            destination.rmdir()
        working.rename(destination)
    except OSError as exc:
        raise DatasetError(
            f"The mended copy “{shown_name(str(destination))}” could not be written: {exc.strerror or exc}.",
            hint="Check that you may write there and that the disk is not full.",
        ) from exc
    finally:
        if working is not None:
            shutil.rmtree(working, ignore_errors=True)
    mended.folder = destination
    return mended


def _require_free(source: Path, destination: Path) -> None:
    if destination.is_symlink() or (destination.exists() and (not destination.is_dir() or any(destination.iterdir()))):
        raise DatasetError(
            f"“{shown_name(str(destination))}” is there already.", hint="Choose a new folder; nothing is overwritten."
        )
    # A copy within the folder would be found by the next look, as more art.
    if is_folder(source) and destination.resolve().is_relative_to(source.resolve()):
        raise DatasetError("The mended copy would lie within your art.", hint="Choose a folder beside it instead.")


class _Writer:
    """Goes through a source file by file."""

    def __init__(
        self, source: Source, folder: Path, diagnosis: Diagnosis, fixes: frozenset[str], options: Options, notes: Notes
    ) -> None:
        self._notes = notes
        self._source, self._folder, self._options = source, folder, options
        self._fixes = fixes
        self._size = min(diagnosis.report.size, MAX_SIZE_PX)
        chosen = {found.kind.id: frozenset(found.names) for found in diagnosis.findings if found.kind.id in fixes}
        self._left_out = frozenset[str]().union(*(names for id_, names in chosen.items() if KINDS[id_].leaves_out))
        self._mends = {id_: names for id_, names in chosen.items() if not KINDS[id_].leaves_out}
        self._never = frozenset(found.path for found in diagnosis.report.verdicts if found.verdict == "skipped")
        self._tables: Tables = Tables()
        self._rows: list[tuple[str, str]] = []
        self._taken: set[str] = set()
        self._taken_from: set[str] = set()
        self._mended = Mended(folder)

    def write(self, should_stop: ShouldStop, progress: Progress) -> Mended:
        self._tables, _ = tables_of(self._source)
        entries = list(self._source.entries())
        for done, entry in enumerate(entries):
            if should_stop():
                raise ImportStopped
            progress(done, len(entries))
            self._file(entry)
        progress(len(entries), len(entries))
        self._side_files()
        return self._mended

    def _file(self, entry: Entry) -> None:
        if entry.refusal or entry.shown in self._left_out or entry.shown in self._never:
            self._mended.left_out += entry.shown not in self._never
            return
        try:
            data = self._source.read(entry)
            sprites = pictures(data, entry.path, self._options.cut_of(entry.path))
        except DatasetError:
            # What cannot be read cannot be mended; it was told of as refused.
            self._mended.left_out += 1
            return
        kept: list[tuple[int, Sprite, bool]] = []
        for number, sprite in enumerate(sprites):
            name = entry.path if len(sprites) == 1 else f"{entry.path}#{number + 1}"
            if name in self._left_out:
                self._mended.left_out += 1
                continue
            mended = self._mend(name, entry.shown, sprite)
            kept.append((number, mended, mended is not sprite))
        if (
            len(kept) == len(sprites)
            and self._options.cut_of(entry.path) is None
            and not any(changed for *_, changed in kept)
        ):
            self._put(entry.path, entry.path, data)
            self._mended.copied += 1
            return
        path = PurePosixPath(entry.path)
        for number, sprite, changed in kept:
            stem = path.stem[:_LONGEST_NAME] + (f"_{number + 1:02d}" if len(sprites) > 1 else "")
            self._put(entry.path, str(path.with_name(f"{stem}.png")), encode_png(sprite))
            self._mended.changed += changed

    def _mend(self, name: str, shown: str, sprite: Sprite) -> Sprite:
        for id_, mend_one in MENDS.items():
            if name in self._mends.get(id_, ()) or (id_ == "phantom" and shown in self._mends.get(id_, ())):
                sprite = mend_one(sprite)
        if "sizes" in self._mends and self._size and (sprite.width, sprite.height) != (self._size, self._size):
            sprite = fit(sprite, self._size).sprite
        return sprite

    def _put(self, origin: str, path: str, data: bytes) -> None:
        """Write one file; another of the same name gets a number."""
        wanted = PurePosixPath(path)
        free, count = wanted, 1
        while str(free).lower() in self._taken:
            count += 1
            free = wanted.with_name(f"{wanted.stem} ({count}){wanted.suffix}")
        self._taken.add(str(free).lower())
        target = self._folder / free
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        self._taken_from.add(origin)
        if self._tables.rows.get(origin) or self._notes.of(origin).caption:
            self._rows.append((str(free), origin))

    def _cell(self, origin: str, column: str) -> str:
        """A cell of the new table: the artist's own caption before the old table's."""
        said = self._notes.of(origin).caption if column == "caption" else ""
        return " ".join((said or self._tables.value(origin, column)).split())

    def _side_files(self) -> None:
        for name in _SIDE_FILES:
            if data := self._source.side_file(name, _MAX_SIDE_BYTES):
                (self._folder / name).write_bytes(data)
        folders = {str(parent) for path in self._taken_from for parent in PurePosixPath(path).parents}
        for folder in sorted(folders):
            name = CREDITS_FILE if folder == "." else f"{folder}/{CREDITS_FILE}"
            credit = self._notes.credits.get("" if folder == "." else folder)
            data = credit.as_file() if credit is not None else self._source.side_file(name, _MAX_SIDE_BYTES)
            if data:
                (self._folder / name).write_bytes(data)
        if self._rows:
            columns = sorted({"caption"}.union(*self._tables.rows.values()))
            lines = ["\t".join(["path", *columns])]
            lines += ["\t".join([path, *(self._cell(origin, one) for one in columns)]) for path, origin in self._rows]
            (self._folder / TABLE_NAMES[1]).write_bytes("\n".join([*lines, ""]).encode("utf-8", "surrogateescape"))
        record = {
            "made_by": "Lunar Studio",
            "source": as_text(self._source.name),
            "fixes": [KINDS[id_].title for id_ in KINDS if id_ in self._fixes],
            "copied": self._mended.copied,
            "changed": self._mended.changed,
            "left_out": self._mended.left_out,
        }
        path = self._folder / RECORD_FILE
        path.write_text(json.dumps(record, indent=2), encoding="utf-8")
        with path.open("rb") as file:
            os.fsync(file.fileno())
