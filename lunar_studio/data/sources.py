"""Where art comes from: one file, a folder or a zip, walked without trusting any of it.

Entries come in order of path and their bytes are read only when asked for. Folders that are links are not
entered (so loops end), pipes are never opened, and a zip is bounded before it is listed: members, ratio,
size of each, size of all.
"""

from __future__ import annotations

import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Protocol, Self

from lunar_studio.errors import DatasetError
from lunar_studio.pixels.files import MAX_FILE_BYTES, PICTURE_SUFFIXES, PictureRefused, read_bytes, shown_name

MAX_ENTRIES = 2_000_000
MAX_DEPTH = 64
MAX_ZIP_DIRECTORY_BYTES = 16 * 2**20
MAX_ZIP_RATIO = 300
MAX_ZIP_TOTAL_BYTES = 8 * 2**30

# Pictures that we cannot read are listed as refused with a reason rather than passed over.
_OTHER_PICTURES = frozenset(
    {".jpg", ".jpeg", ".jfif", ".tif", ".tiff", ".tga", ".psd", ".svg", ".avif", ".heic", ".ico"}
)
_LISTED = PICTURE_SUFFIXES | _OTHER_PICTURES
_CLOSED = "the folder cannot be opened: check that you may read it"
_ARCHIVES = frozenset({".zip"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One picture-like thing in a source.

    Attributes:
        path: Posix path relative to the source, as it is; show it through `shown`.
        refusal: Why it cannot even be read; empty if it can be tried.
    """

    path: str
    refusal: str = ""

    @property
    def shown(self) -> str:
        """The path, safe to show and to encode."""
        return shown_name(self.path, limit=300)


class Source(Protocol):
    """Something that pictures can be read from; close it by leaving its `with` block."""

    @property
    def name(self) -> str:
        """What the user called it, safe to show."""

    @property
    def other_files(self) -> int:
        """Files passed over so far because they are no pictures."""

    def entries(self) -> Iterator[Entry]:
        """Every picture, in order of path."""

    def read(self, entry: Entry) -> bytes:
        """The bytes of an entry.

        Raises:
            DatasetError: It cannot be read; the message says why.
        """

    def side_file(self, name: str, limit: int) -> bytes:
        """The bytes of a file at the top of the source; empty when it is missing, unreadable or over the limit."""

    def __enter__(self) -> Self:
        """Open it."""

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""


def open_source(path: Path) -> Source:
    """The source at `path`: a folder, a zip, or any other single file taken as one picture.

    Raises:
        DatasetError: There is nothing there, or the zip is damaged or hostile.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as exc:
        raise DatasetError(
            f"“{shown_name(str(path))}” is not there, or cannot be reached.",
            hint="Check the path; give a picture, a folder of pictures or a zip.",
        ) from exc
    if stat.S_ISDIR(mode):
        return _Folder(path)
    if path.suffix.lower() in _ARCHIVES:
        return _Zip(path)
    return _SingleFile(path)


class _Opened:
    """What the three kinds share."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.name = shown_name(path.name or str(path))
        self.other_files = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


class _SingleFile(_Opened):
    def entries(self) -> Iterator[Entry]:
        yield Entry(self._path.name)

    def read(self, entry: Entry) -> bytes:
        del entry
        return read_bytes(self._path)

    def side_file(self, name: str, limit: int) -> bytes:
        del name, limit
        return b""


class _Folder(_Opened):
    def entries(self) -> Iterator[Entry]:
        self.other_files = 0
        left = MAX_ENTRIES
        stack = self._children("", left)
        while stack:
            path, child = stack.pop()
            left -= 1
            if child is None or left < 0:
                yield Entry(path, f"more than {MAX_ENTRIES:,} files" if left < 0 else _CLOSED)
            elif not child.is_dir(follow_symlinks=False):
                yield from self._file(child, path)
            else:
                if _is_listed(child.name):
                    yield Entry(path, "it is a folder, not a file")
                if path.count("/") < MAX_DEPTH:
                    stack.extend(self._children(path, left))
                else:
                    yield Entry(path, f"folders lie more than {MAX_DEPTH} deep")
            if left < 0:
                return

    def _children(self, folder: str, limit: int) -> list[tuple[str, os.DirEntry[str] | None]]:
        """What a folder holds, last name first; the folder itself without an entry if it cannot be opened."""
        try:
            with os.scandir(self._path / folder) as found:
                seen = [child for child in islice(found, limit) if not _is_hidden(child.name)]
        except OSError:
            return [(folder or ".", None)]
        seen.sort(key=lambda child: child.name, reverse=True)
        return [(f"{folder}/{child.name}" if folder else child.name, child) for child in seen]

    def _file(self, child: os.DirEntry[str], path: str) -> Iterator[Entry]:
        if _is_listed(child.name):
            yield Entry(path)
        elif _leads_to_folder(child):
            yield Entry(path, "it is a link to a folder, and those are not followed")
        else:
            self.other_files += 1

    def read(self, entry: Entry) -> bytes:
        return read_bytes(self._path / entry.path)

    def side_file(self, name: str, limit: int) -> bytes:
        try:
            return read_bytes(self._path / name, limit=limit)
        except DatasetError:
            return b""


def _leads_to_folder(child: os.DirEntry[str]) -> bool:
    try:
        return child.is_symlink() and child.is_dir()
    except OSError:
        # A link that leads in a circle leads to nothing.
        return False


class _Zip(_Opened):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._budget = MAX_ZIP_TOTAL_BYTES
        _check_zip_directory(path, self.name)
        try:
            self._archive = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error) as exc:
            raise _bad_zip(self.name, "it is damaged, or no zip at all") from exc

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._archive.close()

    def entries(self) -> Iterator[Entry]:
        self.other_files = 0
        seen: set[str] = set()
        # By parts, not by text: the order in which a folder is walked.
        for member in sorted(self._archive.infolist(), key=lambda member: PurePosixPath(member.filename).parts):
            parts = PurePosixPath(member.filename).parts
            if not parts or any(_is_hidden(part) for part in parts):
                continue
            if member.is_dir():
                if _is_listed(parts[-1]):
                    yield Entry(member.filename, "it is a folder, not a file")
            elif not _is_listed(parts[-1]):
                self.other_files += 1
            elif member.filename in seen:
                yield Entry(member.filename, "the zip holds two files of this name")
            else:
                seen.add(member.filename)
                yield Entry(member.filename, _member_problem(member))

    def read(self, entry: Entry) -> bytes:
        member = self._archive.getinfo(entry.path)
        if member.file_size > self._budget:
            raise _bad_member(entry.shown, "the zip unpacks to more than can be taken in", "Cut it into several.")
        try:
            with self._archive.open(member) as file:
                data = file.read(MAX_FILE_BYTES + 1)
        except (
            zipfile.BadZipFile,
            zlib.error,
            OSError,
            EOFError,
            RuntimeError,
            NotImplementedError,
            ValueError,
        ) as exc:
            raise _bad_member(
                entry.shown, "its part of the zip is damaged", "Unpack the zip to see, or pack it anew."
            ) from exc
        self._budget -= len(data)
        return data

    def side_file(self, name: str, limit: int) -> bytes:
        try:
            member = self._archive.getinfo(name)
        except KeyError:
            return b""
        if member.file_size > limit or _member_problem(member, check_size=False):
            return b""
        try:
            return self.read(Entry(name))
        except DatasetError:
            return b""


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "__MACOSX")) and name not in (".", "..")


def _is_listed(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in _LISTED


def _member_problem(member: zipfile.ZipInfo, *, check_size: bool = True) -> str:
    """Why a member is not read; empty if it may be."""
    parts = PurePosixPath(member.filename.replace("\\", "/")).parts
    size = member.file_size
    problems = (
        (".." in parts or parts[0].startswith("/") or ":" in parts[0], "its name leads outside the zip"),
        (stat.S_ISLNK(member.external_attr >> 16), "it is a link, and links in a zip are not followed"),
        (bool(member.flag_bits & 1), "it is locked with a password"),
        (
            member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED),
            "it is packed in an unusual way; pack the zip anew",
        ),
        (
            check_size and size > MAX_FILE_BYTES,
            f"it unpacks to {size / 2**20:,.0f} MB, more than any sprite or sheet needs",
        ),
        (
            size > 2**20 and size > MAX_ZIP_RATIO * max(member.compress_size, 1),
            "it unpacks to suspiciously many times its size",
        ),
    )
    return next((problem for applies, problem in problems if applies), "")


def _check_zip_directory(path: Path, name: str) -> None:
    """Refuse a zip whose list of members alone would fill the memory, before Python reads that list."""
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 65_600))
            tail = file.read(65_600)
    except OSError as exc:
        raise _bad_zip(name, f"it cannot be read ({(exc.strerror or 'unknown').lower()})") from exc
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or end + 22 > len(tail):
        raise _bad_zip(name, "it is damaged, or no zip at all")
    (directory_bytes,) = struct.unpack_from("<I", tail, end + 12)
    if tail[max(0, end - 20) : end].startswith(b"PK\x06\x07"):
        # A zip64 archive: its own record, 56 bytes before the locator, holds the true size.
        record = tail.rfind(b"PK\x06\x06", 0, end)
        if record < 0 or record + 48 > len(tail):
            raise _bad_zip(name, "its list of files cannot be found")
        (directory_bytes,) = struct.unpack_from("<Q", tail, record + 40)
    if directory_bytes > MAX_ZIP_DIRECTORY_BYTES:
        raise _bad_zip(name, "it lists far too many files")


def _bad_zip(name: str, reason: str) -> DatasetError:
    return DatasetError(f"“{name}” cannot be used: {reason}.", hint="Unpack it and give the folder instead.")


def _bad_member(name: str, reason: str, hint: str) -> PictureRefused:
    return PictureRefused(name, reason, hint=hint)
