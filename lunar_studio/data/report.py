"""What was found in a folder of art, file by file and as a whole; plain values that become JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

AlphaKind = Literal["opaque", "hard", "soft"]


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """What becomes of one file.

    Attributes:
        path: Posix path relative to the source, safe to show.
        verdict: `ok`; `duplicate` of `duplicate_of`; `refused` for `reason`; `skipped` because a table says so.
        reason: Why, in an artist's words; empty for `ok`.
        duplicate_of: Path of the first file with the same pixels, for `duplicate`.
        width: Of the first frame, in pixels; 0 when refused.
        height: Of the first frame, in pixels; 0 when refused.
        frames: Pictures in the file.
        colours: Different visible colours in the first frame.
        alpha: `opaque`, `hard` (fully visible or fully transparent) or `soft`; of the first frame.
        notes: Things worth knowing, e.g. that it is enlarged art.
    """

    path: str
    verdict: Literal["ok", "duplicate", "refused", "skipped"]
    reason: str = ""
    duplicate_of: str = ""
    width: int = 0
    height: int = 0
    frames: int = 0
    colours: int = 0
    alpha: AlphaKind | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Statistics:
    """Figures over all usable files.

    Attributes:
        sizes: `WxH` to number of files, most frequent first.
        alpha: Alpha kind to number of files.
        colours_median: Of the number of colours in a file.
        colours_most: The most colours in a file.
        phantom_files: Files with colour under fully transparent pixels.
        upscaled_files: Files that are exact enlargements of smaller art.
    """

    sizes: Mapping[str, int] = field(default_factory=dict)
    alpha: Mapping[str, int] = field(default_factory=dict)
    colours_median: int = 0
    colours_most: int = 0
    phantom_files: int = 0
    upscaled_files: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """The check of a source.

    Attributes:
        source: Name of the file, folder or zip.
        verdicts: One for each picture, in order of path.
        statistics: Figures over the usable files.
        duplicates: Groups of paths with the same pixels, the kept one first.
        near_copies: Groups of paths that are mirrored, shifted, recoloured or slightly edited copies.
        other_files: Files that are no pictures and were passed over.
        sprites: Pictures that can be used, frames counted one by one, duplicates left out.
        size: The most frequent size of a square that holds a sprite, in pixels; 0 without sprites.
    """

    source: str
    verdicts: tuple[FileVerdict, ...]
    statistics: Statistics
    duplicates: tuple[tuple[str, ...], ...] = ()
    near_copies: tuple[tuple[str, ...], ...] = ()
    other_files: int = 0
    sprites: int = 0
    size: int = 0

    def count(self, verdict: str) -> int:
        """Files with that verdict."""
        return sum(found.verdict == verdict for found in self.verdicts)

    def to_json(self) -> dict[str, Any]:
        """Plain dictionaries, lists, strings and numbers."""
        document = asdict(self)
        document["counts"] = self._counts()
        return document

    def json_lines(self) -> Iterator[str]:
        """The text of `to_json`, indented by one space, in parts: that of a million files would fill the memory."""
        parts = {one.name: getattr(self, one.name) for one in fields(self)} | {"counts": self._counts()}
        yield "{"
        for number, (name, value) in enumerate(parts.items()):
            yield f'{"," if number else ""}\n "{name}": '
            if isinstance(value, tuple) and value:
                yield "["
                for place, item in enumerate(value):
                    plain = _plain(item) if isinstance(item, FileVerdict) else item
                    # No line break is part of a string in JSON, so those are between lines.
                    yield ("," if place else "") + f"\n{json.dumps(plain, indent=1)}".replace("\n", "\n  ")
                yield "\n ]"
            else:
                plain = asdict(value) if isinstance(value, Statistics) else value
                yield json.dumps(plain, indent=1).replace("\n", "\n ")
        yield "\n}"

    def _counts(self) -> dict[str, int]:
        counts = Counter(found.verdict for found in self.verdicts)
        return {kind: counts[kind] for kind in ("ok", "duplicate", "refused", "skipped")}


def _plain(verdict: FileVerdict) -> dict[str, Any]:
    return {one.name: getattr(verdict, one.name) for one in fields(verdict)}
