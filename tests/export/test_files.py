"""Files written together: all or none, whatever fails and whenever."""

import errno
import os
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest

from lunar_studio.errors import ExportError
from lunar_studio.export.files import write_together

CALLS: list[tuple[ModuleType, str]] = [
    (tempfile, "mkstemp"),
    (os, "fsync"),
    (os, "chmod"),
    (os, "replace"),
]


def accept(_: Mapping[Path, bytes]) -> None:
    """A proof that is content."""


def tree(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, with what is in it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


class Failing:
    """A call of the system that answers "disk full" the n-th time, and works otherwise."""

    def __init__(self, real: Callable[..., object], failing: int) -> None:
        self.real, self.failing, self.count = real, failing, 0

    def __call__(self, *args: object, **kwargs: object) -> object:
        self.count += 1
        if self.count == self.failing:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self.real(*args, **kwargs)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder."""
    made = tmp_path / "out"
    made.mkdir()
    return made


def test_all_files_are_written_and_folders_made(folder: Path) -> None:
    contents = {folder / "a" / "one.png": b"1", folder / "b.json": b"22"}
    assert write_together(contents, accept) == tuple(contents)
    assert tree(folder) == {"a/one.png": b"1", "b.json": b"22"}


def test_files_that_stood_there_are_replaced(folder: Path) -> None:
    (folder / "one").write_bytes(b"old")
    (folder / "other").write_bytes(b"not ours")
    write_together({folder / "one": b"new", folder / "two": b"2"}, accept)
    assert tree(folder) == {"one": b"new", "two": b"2", "other": b"not ours"}


def test_the_proof_sees_what_is_on_disk_before_anything_is_replaced(folder: Path) -> None:
    (folder / "one").write_bytes(b"old")
    seen: list[tuple[dict[Path, bytes], bytes]] = []
    write_together({folder / "one": b"new"}, lambda read: seen.append((dict(read), (folder / "one").read_bytes())))
    assert seen == [({folder / "one": b"new"}, b"old")]


def test_a_failed_proof_leaves_everything_as_it_was(folder: Path) -> None:
    def doubt(_: Mapping[Path, bytes]) -> None:
        raise ExportError("It reads back differently.", hint="Report this.")

    (folder / "one").write_bytes(b"old")
    with pytest.raises(ExportError, match="differently"):
        write_together({folder / "one": b"new", folder / "two": b"2"}, doubt)
    assert tree(folder) == {"one": b"old"}


@pytest.mark.parametrize("had_files", [True, False], ids=["replacing", "new"])
@pytest.mark.parametrize(("module", "name"), CALLS, ids=[name for _, name in CALLS])
def test_a_full_disk_at_any_call_leaves_everything_as_it_was(
    folder: Path, monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, had_files: bool
) -> None:
    paths = [folder / "one", folder / "two", folder / "three"]
    for path in paths if had_files else []:
        path.write_bytes(b"old " + path.name.encode())
    before = tree(folder)
    for failing in range(1, len(paths) + 1):
        with monkeypatch.context() as patch:
            failure = Failing(getattr(module, name), failing)
            patch.setattr(module, name, failure)
            with pytest.raises(ExportError, match="No space left") as caught:
                write_together(dict.fromkeys(paths, b"new"), accept)
        assert failure.count >= failing
        assert tree(folder) == before
        assert "disk is not full" in caught.value.hint
        assert any(f"“{path.name}”" in caught.value.message for path in paths)


def test_a_failure_to_flush_the_folder_is_not_a_failure(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failure = Failing(os.fsync, 2)
    monkeypatch.setattr(os, "fsync", failure)
    write_together({folder / "one": b"1"}, accept)
    assert failure.count == 2
    assert tree(folder) == {"one": b"1"}


@pytest.mark.parametrize("failing", [None, 1, 2, 3, 4])
def test_a_disk_without_links_loses_nothing_either(
    folder: Path, monkeypatch: pytest.MonkeyPatch, failing: int | None
) -> None:
    def no_links(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    paths = [folder / "one", folder / "two"]
    for path in paths:
        path.write_bytes(b"old")
    monkeypatch.setattr(os, "link", no_links)
    if failing is None:
        write_together(dict.fromkeys(paths, b"new"), accept)
        assert tree(folder) == {"one": b"new", "two": b"new"}
        return
    # Without links, each file is renamed away and its successor renamed in: four renames.
    monkeypatch.setattr(os, "replace", Failing(os.replace, failing))
    with pytest.raises(ExportError):
        write_together(dict.fromkeys(paths, b"new"), accept)
    assert tree(folder) == {"one": b"old", "two": b"old"}


def test_what_cannot_even_be_put_back_is_kept_aside(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, count = os.replace, 0

    def replace(source: Path, target: Path) -> None:
        nonlocal count
        count += 1
        if count > 1:
            raise OSError(errno.EIO, "Input/output error")
        real(source, target)

    for name in ("one", "two"):
        (folder / name).write_bytes(b"old")
    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(ExportError, match="Input/output error"):
        write_together({folder / "one": b"new", folder / "two": b"new"}, accept)
    left = tree(folder)
    assert left.pop("one") == b"new"
    assert left.pop("two") == b"old"
    assert list(left.values()) == [b"old"]


@contextmanager
def file_size_limit(size_bytes: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size: a disk that is really full."""
    import resource
    import signal

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, old)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_disk_that_really_fills_up(folder: Path) -> None:
    (folder / "small").write_bytes(b"old")
    (folder / "large").write_bytes(b"old")
    with file_size_limit(1000), pytest.raises(ExportError, match=r"“large”.*File too large"):
        write_together({folder / "small": b"x" * 10, folder / "large": b"x" * 5000}, accept)
    assert tree(folder) == {"small": b"old", "large": b"old"}


def test_a_folder_of_the_files_name_is_not_touched(folder: Path) -> None:
    (folder / "one.png").mkdir()
    (folder / "one.png" / "precious").write_bytes(b"1")
    with pytest.raises(ExportError, match="folder of that name"):
        write_together({folder / "zero": b"0", folder / "one.png": b"new"}, accept)
    assert tree(folder) == {"one.png/precious": b"1"}


def test_a_file_in_the_folders_place_is_said_so(folder: Path) -> None:
    (folder / "sub").write_bytes(b"a file")
    with pytest.raises(ExportError, match=r"“one\.png” could not be written"):
        write_together({folder / "sub" / "one.png": b"new"}, accept)
    assert tree(folder) == {"sub": b"a file"}


def test_a_name_that_no_system_takes_is_an_export_error(folder: Path) -> None:
    with pytest.raises(ExportError, match="null"):
        write_together({folder / "a\0b": b"new"}, accept)
    with pytest.raises(ExportError, match="too long"):
        write_together({folder / ("n" * 300): b"new"}, accept)
    assert tree(folder) == {}


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_to(folder: Path) -> None:
    folder.chmod(0o500)
    try:
        with pytest.raises(ExportError, match="Permission denied"):
            write_together({folder / "one": b"1"}, accept)
    finally:
        folder.chmod(0o700)
    assert tree(folder) == {}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_others_can_read_what_is_exported(folder: Path) -> None:
    write_together({folder / "one": b"1"}, accept)
    assert stat.S_IMODE((folder / "one").stat().st_mode) == 0o644
