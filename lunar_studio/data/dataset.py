"""A built data set: a folder of three files that training reads without loading it all.

`dataset.json` says what it is, `sprites.npy` holds the pixels (memory-mapped), `index.jsonl` holds one line
of words for each sprite. Format and fields: docs/dataset.md. Opening one trusts nothing: sizes must agree,
headers are bounded, and numpy may not unpickle.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta

from lunar_studio.core.arrays import U8
from lunar_studio.data import sprite_lines
from lunar_studio.data.fetching import fetched
from lunar_studio.data.notes import Credit
from lunar_studio.data.sprite_lines import SpriteLines
from lunar_studio.errors import DatasetError
from lunar_studio.paths import is_file
from lunar_studio.pixels.files import read_bytes, shown_name

FORMAT_VERSION = 1
FACTS_FILE, SPRITES_FILE, INDEX_FILE, REPORT_FILE = "dataset.json", "sprites.npy", "index.jsonl", "report.json"
MAX_SPRITES = 4_000_000
MAX_SIZE_PX = 512
_MAX_FACTS_BYTES = 4 * 2**20
_MAX_INDEX_BYTES = 2 * 2**30

Text = Annotated[str, Meta(max_length=1000)]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What `dataset.json` says.

    Attributes:
        format: Always `lunar-studio-dataset`.
        version: Of the format.
        size: Width and height of every sprite, in pixels.
        sprites: How many there are.
        validation: How many of them validate.
        families: How many families they form.
        digest: BLAKE2b-256 of `sprites.npy` and `index.jsonl`, as hex: what a run and a model card name.
        source_digest: BLAKE2b-256 of the art and the options it was built with; decides whether to build anew.
        source: Name of the folder or zip it was built from.
        licence: Text of the LICENSE and CREDITS files beside the art, cut at 100,000 characters.
        refused: Pictures that could not be used.
        duplicates: Pictures with the same pixels as another.
        left_out: Pictures left out because a table says so.
        credits: Who made which folder of the art, as far as it was said.
    """

    format: Literal["lunar-studio-dataset"]
    version: Annotated[int, Meta(ge=1)]
    size: Annotated[int, Meta(ge=1, le=MAX_SIZE_PX)]
    sprites: Annotated[int, Meta(ge=1, le=MAX_SPRITES)]
    validation: Annotated[int, Meta(ge=0)]
    families: Annotated[int, Meta(ge=1)]
    digest: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    source_digest: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    source: Text = ""
    licence: Annotated[str, Meta(max_length=200_000)] = ""
    refused: int = 0
    duplicates: int = 0
    left_out: int = 0
    credits: Annotated[tuple[Credit, ...], Meta(max_length=10_000)] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Sprites of one size with their words, families and split.

    Attributes:
        path: Its folder.
        facts: What `dataset.json` says.
        sprites_NHWC: uint8 memory map, read-only, shape (sprites, size, size, 4); colour under alpha 0 is 0.
        lines: One for each sprite, decoded when asked for.
        families: int64, shape (sprites,); number of each sprite's family.
        split: bool, shape (sprites,); True where the sprite validates.
    """

    path: Path
    facts: Facts
    sprites_NHWC: U8
    lines: SpriteLines
    families: I64
    split: npt.NDArray[np.bool_]

    @classmethod
    def open(cls, path: Path) -> Dataset:
        """Open the data set in the folder `path`.

        Raises:
            DatasetError: It is missing, damaged, hostile, or of a newer version.
        """
        facts = read_facts(path)
        sprites_NHWC = _map_sprites(path / SPRITES_FILE, facts)
        lines, families, split = _read_lines(path / INDEX_FILE, facts)
        if int(split.sum()) != facts.validation or len(np.unique(families)) != facts.families:
            raise _damaged(path, "its files disagree about families or validation")
        if np.intersect1d(families[split], families[~split]).size:
            raise _damaged(path, "a family stands on both sides of its split")
        families.setflags(write=False)
        split.setflags(write=False)
        return cls(path, facts, sprites_NHWC, lines, families, split)

    def __len__(self) -> int:
        return len(self.lines)

    def fetch(self, chosen: I64) -> U8:
        """Sprites at some positions, a new array; quick also where the set is larger than memory.

        Args:
            chosen: Positions, 0 or more, in any order, shape (n,).
        """
        return fetched(self.sprites_NHWC, chosen)

    @property
    def size(self) -> int:
        """Width and height of every sprite, in pixels."""
        return self.facts.size

    @property
    def digest(self) -> str:
        """BLAKE2b-256 of pixels and words, as hex."""
        return self.facts.digest

    @property
    def names(self) -> list[str]:
        """Name of each sprite."""
        return [line.name for line in self.lines]

    @property
    def captions(self) -> list[str]:
        """Caption of each sprite."""
        return [line.caption for line in self.lines]

    @property
    def categories(self) -> list[str]:
        """Category of each sprite."""
        return [line.category for line in self.lines]

    def indices(self, part: Literal["train", "validation"]) -> I64:
        """Positions of the sprites on one side of the split, ascending, shape (n,)."""
        return np.flatnonzero(self.split if part == "validation" else ~self.split).astype(np.int64)

    def family_weights(self) -> F64:
        """Weight of each sprite, shape (sprites,), sum 1, so that a family is drawn as the square root of its size.

        A wall with 60 variants then comes up about eight times as often as a creature drawn once, not 60 times.
        Weights are over all sprites; take those of the side you draw from and normalise again.
        """
        _, inverse, counts = np.unique(self.families, return_inverse=True, return_counts=True)
        weights = 1.0 / np.sqrt(counts[inverse.reshape(-1)].astype(np.float64))
        weights /= weights.sum()
        return weights

    def verify(self) -> None:
        """Read every byte and compare with the digest.

        Raises:
            DatasetError: A file was changed since the data set was built.
        """
        if content_digest(self.path) != self.facts.digest:
            raise _damaged(self.path, "its files were changed after it was built")


def read_facts(path: Path) -> Facts:
    """What the `dataset.json` in the folder `path` says.

    Raises:
        DatasetError: It is missing, damaged or of a newer version.
    """
    if not is_file(path / FACTS_FILE):
        raise DatasetError(
            f"“{shown_name(str(path))}” is not a data set.",
            hint="Give a folder made by “dataset build”, or build one from your art first.",
        )
    raw = read_bytes(path / FACTS_FILE, limit=_MAX_FACTS_BYTES)
    try:
        facts = msgspec.json.decode(raw, type=Facts)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise _damaged(path, f"its {FACTS_FILE} is not as it should be ({exc})") from exc
    if facts.version > FORMAT_VERSION:
        raise DatasetError(
            f"“{shown_name(path.name)}” was built by a newer Lunar Studio.",
            hint="Update, or build it again from the art.",
        )
    return facts


def _map_sprites(path: Path, facts: Facts) -> U8:
    shape = (facts.sprites, facts.size, facts.size, 4)
    expected = npy_header(shape)
    try:
        if not path.is_file() or path.stat().st_size != len(expected) + int(np.prod(shape, dtype=np.int64)):
            raise _damaged(path.parent, f"its {SPRITES_FILE} is missing or of the wrong size")
        with path.open("rb") as file:
            if file.read(len(expected)) != expected:
                raise _damaged(path.parent, f"its {SPRITES_FILE} does not begin as it should")
        sprites: U8 = np.memmap(path, np.uint8, mode="r", offset=len(expected), shape=shape)
    except OSError as exc:
        raise _damaged(path.parent, f"its {SPRITES_FILE} cannot be read") from exc
    return sprites


def npy_header(shape: tuple[int, ...]) -> bytes:
    """The 128 bytes that begin a .npy file (format 1.0) of C-ordered uint8 with that shape."""
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape!r}, }}"
    return b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little") + text.ljust(117).encode("ascii") + b"\n"


def _read_lines(path: Path, facts: Facts) -> tuple[SpriteLines, I64, npt.NDArray[np.bool_]]:
    try:
        if path.stat().st_size > _MAX_INDEX_BYTES or not path.is_file():
            raise _damaged(path.parent, f"its {INDEX_FILE} is too large, or no file")
        return sprite_lines.read(path, facts.sprites)
    except OSError as exc:
        raise _damaged(path.parent, f"its {INDEX_FILE} cannot be read") from exc
    except DatasetError as exc:
        if exc.hint:
            raise
        raise _damaged(path.parent, f"its {INDEX_FILE}: {exc.message}") from exc


def content_digest(path: Path) -> str:
    """BLAKE2b-256 of `sprites.npy` and `index.jsonl` in the folder `path`, as hex.

    Raises:
        DatasetError: One of them cannot be read.
    """
    hasher = hashlib.blake2b(digest_size=32)
    try:
        for name in (SPRITES_FILE, INDEX_FILE):
            with (path / name).open("rb") as file:
                hasher.update(os.fstat(file.fileno()).st_size.to_bytes(8, "little"))
                while block := file.read(1 << 20):
                    hasher.update(block)
    except OSError as exc:
        raise _damaged(path, "one of its files cannot be read") from exc
    return hasher.hexdigest()


def _damaged(path: Path, reason: str) -> DatasetError:
    return DatasetError(
        f"The data set “{shown_name(path.name)}” cannot be used: {reason}.", hint="Build it again from the art."
    )
