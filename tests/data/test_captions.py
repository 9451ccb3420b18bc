"""Words and families from names and tables; tables are hostile input like all else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.data.captions import Tables, describe, family_keys, name_family, read_tables


@pytest.mark.parametrize(
    ("path", "caption", "category"),
    [
        ("mon/undead/lich_2.png", "lich, mon", "mon"),
        ("lich.png", "lich, sprite", "sprite"),
        ("Sprites/Potions/redPotion01.png", "red potion, potions", "potions"),
        ("weapons/0001.png", "weapons", "weapons"),
        ("a/it's-a_trap.gif", "it's a trap, a", "a"),
    ],
)
def test_words_come_from_names(path: str, caption: str, category: str) -> None:
    words = describe(path, Tables())
    assert (words.caption, words.category) == (caption, category)


def test_tables_win_over_names() -> None:
    tables = read_tables(
        {
            "captions.tsv": b"\xef\xbb\xbfpath\tcategory\tcaption\r\nmon/x.png\tmonster\ta green lich\r\nbad line\n\n",
            "index.tsv": b"path\tuse\tgroup\tcaption\nmon/x.png\tskip\tg7\tsecond caption\n",
        }
    )
    words = describe("mon/x.png", tables)
    assert (words.caption, words.category, words.tags) == ("a green lich", "monster", ("mon", "monster"))
    assert tables.value("mon/x.png", "use") == "skip"
    assert tables.value("mon/y.png", "use") == tables.value("mon/x.png", "none") == ""
    assert "group:g7" in family_keys("mon/x.png", tables)


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe\x00", b"a\tb\n1\t2\n", b"path", b"\tpath\n" * 3])
def test_tables_without_sense_are_empty(raw: bytes) -> None:
    assert not describe("x.png", read_tables({"index.tsv": raw})).tags[1:]


@given(st.binary(max_size=300))
def test_any_bytes_are_a_table(raw: bytes) -> None:
    tables = read_tables({"index.tsv": b"path\tgroup\n" + raw})
    for path in tables.rows:
        assert describe(path, tables).caption
        assert family_keys(path, tables)


def test_long_cells_are_cut() -> None:
    tables = read_tables({"captions.tsv": b"path\tcaption\nx.png\t" + b"y" * 10_000})
    assert len(describe("x.png", tables).caption) <= 400


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("mon/wolf_2.png", "mon/wolf-walk-01.png", True),
        ("mon/wolf.png", "mon/wolf3.png", True),
        ("mon/wolf (1).png", "mon/Wolf.png", True),
        ("mon/wolf.png", "item/wolf.png", False),
        ("mon/wolf.png", "mon/wolverine.png", False),
        ("tiles/0001.png", "tiles/0002.png", False),
        ("wall/brick_a.png", "wall/brick_b.png", True),
    ],
)
def test_families_from_names(one: str, other: str, *, same: bool) -> None:
    assert (name_family(one) == name_family(other)) is same
