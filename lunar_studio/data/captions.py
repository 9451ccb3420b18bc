"""Words for sprites: caption, category, tags and families from tables beside the art, or from names.

A table is tab-separated text whose first line names its columns and has a column `path`: `captions.tsv`
(path, category, caption) and `index.tsv` (path, family, group, use, ...) are looked for. Tables are hostile
input like everything else: bounded, and a bad line is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

TABLE_NAMES = ("captions.tsv", "index.tsv")
MAX_TABLE_BYTES = 64 * 2**20
_MAX_ROWS = 1_000_000
_MAX_COLUMNS = 64
_MAX_CELL = 400

# Folder names that say nothing about what a sprite shows.
_EMPTY_FOLDERS = frozenset(
    {"unused", "sprites", "sprite", "images", "img", "png", "art", "assets", "tiles", "graphics"}
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
# What numbers or varies one motif rather than names another: digits, a letter alone, a word for a pose or side.
_VARIANT = re.compile(
    r"(?:[ _.\-]*\d+[a-z]?|[ ()]+"
    r"|[ _.\-]+(?:[a-z]|new|old|alt|left|right|up|down|front|back|idle|walk|run|attack|frame|copy))$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Words:
    """What is said about one sprite.

    Attributes:
        caption: A short description.
        category: One word for its kind.
        tags: Further words, without repeats.
    """

    caption: str
    category: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables beside the art, merged.

    Attributes:
        rows: For each path (posix, relative to the source), its columns.
    """

    rows: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def value(self, path: str, column: str) -> str:
        """The cell for that path and column; empty when there is none."""
        row = self.rows.get(path)
        return row.get(column, "") if row else ""


def read_tables(contents: Mapping[str, bytes]) -> Tables:
    """Merge tables; a later one adds columns and overwrites none.

    Args:
        contents: File name to raw bytes.
    """
    rows: dict[str, dict[str, str]] = {}
    for raw in contents.values():
        for path, row in _read_table(raw):
            merged = rows.setdefault(path, {})
            for column, cell in row.items():
                merged.setdefault(column, cell)
            if len(rows) >= _MAX_ROWS:
                break
    return Tables(rows)


def _read_table(raw: bytes) -> list[tuple[str, dict[str, str]]]:
    if len(raw) > MAX_TABLE_BYTES:
        return []
    lines = raw.decode("utf-8", "replace").removeprefix("\ufeff").split("\n")
    columns = [name.strip().lower() for name in lines[0].rstrip("\r").split("\t", _MAX_COLUMNS)][:_MAX_COLUMNS]
    if "path" not in columns:
        return []
    at = columns.index("path")
    found = []
    for line in lines[1 : _MAX_ROWS + 1]:
        cells = line.rstrip("\r").split("\t", _MAX_COLUMNS)
        if len(cells) > at and cells[at]:
            row = {column: cell[:_MAX_CELL] for column, cell in zip(columns, cells, strict=False) if column != "path"}
            found.append((cells[at], row))
    return found


def describe(path: str, tables: Tables) -> Words:
    """Caption, category and tags of a sprite: from the tables, else from folder and file names.

    Args:
        path: Posix path relative to the source, e.g. `mon/undead/lich.png`.
        tables: The tables beside the art.
    """
    parts = PurePosixPath(path).parts
    folders = [words for part in parts[:-1] if (words := _plain(part)) and words not in _EMPTY_FOLDERS]
    category = tables.value(path, "category").strip() or (folders[0] if folders else "sprite")
    name = _plain(PurePosixPath(path).stem)
    caption = tables.value(path, "caption").strip() or ", ".join(dict.fromkeys([name or category, category]))
    tags = tuple(dict.fromkeys([*folders, category]))
    return Words(caption[:_MAX_CELL], category[:_MAX_CELL], tags)


def _plain(name: str) -> str:
    return " ".join(_WORD.findall(_CAMEL.sub(" ", name))).lower()


def name_family(path: str) -> str:
    """The family a file's name puts it in: its folder and name without numbers and words for variants.

    `mon/wolf_2.png` and `mon/wolf-walk-01.png` are both of `mon/wolf`. A name that is nothing but a number
    stays as it is: `tiles/0001.png` and `tiles/0002.png` say nothing about each other.
    """
    posix = PurePosixPath(path)
    stem = posix.stem
    while (shorter := _VARIANT.sub("", stem)) != stem and _WORD.search(shorter):
        stem = shorter
    return str(posix.parent / stem.lower())


def family_keys(path: str, tables: Tables) -> tuple[str, ...]:
    """Every family a sprite belongs to, by the tables and by its name; sprites that share one belong together."""
    stated = ((column, tables.value(path, column).strip()) for column in ("family", "group"))
    return (f"name:{name_family(path)}", *(f"{column}:{value}" for column, value in stated if value))
