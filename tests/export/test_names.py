"""Names of frames: safe everywhere, unique, and still the artist's."""

import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lunar_studio.export.names import safe_name, unique_names


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Red slime", "Red slime"),
        ("épée d'or", "épée d-or"),
        ("e\u0301pe\u0301e", "épée"),
        ("史莱姆", "史莱姆"),
        ("../../etc/passwd", "etc-passwd"),
        ("C:\\windows", "C--windows"),
        ("a\nb\x00c\u202ed", "a-b-c-d"),
        ("", "sprite"),
        ("...", "sprite"),
        ("12", "sprite-12"),
        ("CON", "-CON"),
        ("nul.txt", "-nul.txt"),
        ("console", "console"),
        ("dot.", "dot"),
        ("-hidden", "hidden"),
        ("x" * 500, "x" * 60),
    ],
)
def test_safe_names(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@given(st.lists(st.text(max_size=80), max_size=12))
@example(["A", "a", "a-2", "A"])
@example(["ß", "SS", "ſs"])
@example(["1", "sprite-1"])
def test_names_are_unique_whatever_the_case(names: list[str]) -> None:
    safe = unique_names(names)
    assert len(safe) == len(names)
    assert len({name.casefold() for name in safe}) == len(names)


@given(st.text(max_size=300))
def test_any_name_makes_one_file(name: str) -> None:
    safe = safe_name(name)
    assert Path(safe).name == safe
    assert safe not in ("", ".", "..")
    assert len(f"{safe}-10000.png".encode()) <= 255
    assert not re.search(r'[\x00-\x1f<>:"/\\|?*]', safe)
    assert safe == safe.strip()
    assert not safe.isdigit()
    assert safe_name(safe) == safe


@given(st.lists(st.text(max_size=8), min_size=1, max_size=8))
def test_every_name_can_be_written(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    folder = tmp_path_factory.mktemp("names")
    for name in unique_names(names):
        (folder / f"{name}.png").write_bytes(b"")
    assert len(list(folder.iterdir())) == len(names)


def test_order_decides_who_keeps_the_name() -> None:
    assert unique_names(["slime", "Slime", "slime", "slime-2"]) == ("slime", "Slime-2", "slime-3", "slime-2-2")
