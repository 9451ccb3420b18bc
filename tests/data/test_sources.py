"""Walking folders: order, hidden files, depth, and many files without holding them."""

from __future__ import annotations

from pathlib import Path

import pytest

from lunar_studio.data.sources import MAX_DEPTH, open_source
from lunar_studio.errors import DatasetError


def test_a_folder_is_walked_in_order_without_hidden_files(tmp_path: Path) -> None:
    for name in (
        "b.png",
        "a/z.PNG",
        "a/b/c.gif",
        ".hidden.png",
        ".git/x.png",
        "__MACOSX/._b.png",
        "readme.md",
        "c.jpg",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    with open_source(tmp_path) as source:
        assert [entry.path for entry in source.entries()] == ["a/b/c.gif", "a/z.PNG", "b.png", "c.jpg"]
        assert source.other_files == 1
        assert source.side_file("readme.md", 10) == b""
        assert source.side_file("missing", 10) == b""


def test_folders_too_deep_are_told(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(MAX_DEPTH + 2):
        deep /= "d"
    deep.mkdir(parents=True)
    with open_source(tmp_path) as source:
        (entry,) = source.entries()
    assert "deep" in entry.refusal


def test_three_thousand_names_are_listed_each_once(tmp_path: Path) -> None:
    for folder in range(6):
        (tmp_path / f"{folder}").mkdir()
        for number in range(500):
            (tmp_path / f"{folder}" / f"{number}.png").touch()
    with open_source(tmp_path) as source:
        names = [entry.path for entry in source.entries()]
    assert len(names) == len(set(names)) == 3_000


def test_a_side_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "captions.tsv").write_bytes(b"x" * 100)
    with open_source(tmp_path) as source:
        assert source.side_file("captions.tsv", 99) == b""
        assert len(source.side_file("captions.tsv", 100)) == 100


def test_nothing_there(tmp_path: Path) -> None:
    for path in (tmp_path / "none", Path("nul\0byte")):
        with pytest.raises(DatasetError, match="not there"):
            open_source(path)
