"""Several files that are written together: all of them, or none.

Each is written to a temporary file beside its place and flushed to disk; what is on disk is read back
and handed to a proof; only then do all take their places. Until the last one has, whatever stood
there before is kept under a temporary name, and comes back if anything fails.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lunar_studio.errors import ExportError

TEMPORARY_PREFIX = ".writing-"
"""Files of this name are left over if the machine stops in the middle; they may be deleted."""

Proof = Callable[[Mapping[Path, bytes]], None]
"""Looks at what was read back, by final path; raises ExportError if it is not what was meant."""


@dataclass(slots=True)
class _Pending:
    target: Path
    temporary: Path | None = None
    old: Path | None = None
    is_in_place: bool = False


def write_together(contents: Mapping[Path, bytes], proof: Proof) -> tuple[Path, ...]:
    """Write all files, prove them, and put them in place; returns their paths in order.

    Folders that are missing are made. Files that stood in a place before are replaced.

    Raises:
        ExportError: Something could not be written or the proof failed; all places are as they were.
    """
    pending = [_Pending(path) for path in contents]
    current = pending[0].target if pending else Path()
    try:
        for item, data in zip(pending, contents.values(), strict=True):
            current = item.target
            if item.target.is_dir():
                raise IsADirectoryError(0, "a folder of that name is in the way")
            item.target.parent.mkdir(parents=True, exist_ok=True)
            item.temporary = _write(item.target.parent, data)
        read = {item.target: item.temporary.read_bytes() for item in pending if item.temporary is not None}
        for path, data in contents.items():
            current = path
            if read[path] != data:
                raise OSError(errno.EIO, "the disk gives back other bytes than were written")
        proof(read)
        for item in pending:
            current = item.target
            _put_in_place(item)
    except (OSError, ValueError) as exc:
        for item in reversed(pending):
            _put_back(item)
        reason = exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
        raise ExportError(
            f"“{current.name}” could not be written to {current.parent}: {reason}.",
            hint="Check that you may write there and that the disk is not full. What was there before is unchanged.",
        ) from exc
    finally:
        for item in pending:
            _forget(item)
    for folder in {path.parent for path in contents}:
        _flush_folder(folder)
    return tuple(contents)


def _write(folder: Path, data: bytes) -> Path:
    handle, name = tempfile.mkstemp(prefix=TEMPORARY_PREFIX, dir=folder)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes files that only their owner may read; give what an ordinary save would give.
        temporary.chmod(0o644)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _put_in_place(item: _Pending) -> None:
    if item.temporary is None:
        return
    if item.target.exists():
        item.old = item.temporary.with_name(f"{item.temporary.name}-old")
        try:
            item.old.hardlink_to(item.target)
        except (OSError, NotImplementedError):  # A disk without links: for a moment the place is empty.
            item.target.replace(item.old)
    item.temporary.replace(item.target)
    item.temporary = None
    item.is_in_place = True


def _put_back(item: _Pending) -> None:
    """As it was before; if even that fails, the old content stays on disk under its temporary name."""
    with suppress(OSError):
        if item.old is None:
            if item.is_in_place:
                item.target.unlink(missing_ok=True)
        elif item.is_in_place or not item.target.exists():
            item.old.replace(item.target)
        else:  # A second link to what stands in place; renaming it onto itself would leave it behind.
            item.old.unlink()
    item.old = None


def _forget(item: _Pending) -> None:
    for path in (item.temporary, item.old):
        if path is not None:
            with suppress(OSError):
                path.unlink(missing_ok=True)


def _flush_folder(folder: Path) -> None:
    """Make the renaming itself survive a power cut, where the system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
