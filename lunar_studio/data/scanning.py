"""The first look at a source: decode every picture once, judge it, find exact copies.

Nothing stops a scan but the user: a bad file becomes a verdict with a reason.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from lunar_studio.core.sprite import Sprite
from lunar_studio.data.captions import MAX_TABLE_BYTES, TABLE_NAMES, Tables, read_tables
from lunar_studio.data.decoding import Decoded, Decoder
from lunar_studio.data.notes import CREDITS_FILE, MAX_CREDITS_BYTES, Credit, read_credit
from lunar_studio.data.report import AlphaKind, FileVerdict, Statistics
from lunar_studio.data.sources import Entry, Source
from lunar_studio.errors import DatasetError
from lunar_studio.pixels.files import shown_name
from lunar_studio.pixels.grid import upscale_factor
from lunar_studio.pixels.slicing import SliceSpec

Progress = Callable[[int, int], None]
ShouldStop = Callable[[], bool]

# Sprites of the first look that are kept for the second, so that ordinary sets are decoded once.
_KEEP_BYTES = 128 * 2**20


class ImportStopped(DatasetError):
    """The user stopped a check or an import; nothing was written."""

    def __init__(self) -> None:
        super().__init__("The import was stopped.", hint="Nothing was written; start it again when you like.")


@dataclass(frozen=True, slots=True)
class Options:
    """What decides which sprites a source gives.

    Attributes:
        skip: Column of a table to the values whose rows are left out.
        slicing: How sheets are cut; None takes each picture as one sprite.
        cuts: Path of a sheet to how that one is cut, whatever `slicing` says.
    """

    skip: Mapping[str, Collection[str]] = field(default_factory=dict)
    slicing: SliceSpec | None = None
    cuts: Mapping[str, SliceSpec] = field(default_factory=dict)

    def cut_of(self, path: str) -> SliceSpec | None:
        """How the file at `path` is cut; None takes its pictures whole."""
        return self.cuts.get(path, self.slicing)

    def leaves_out(self, path: str, tables: Tables) -> str:
        """Why the tables leave that file out; empty if they do not."""
        for column, values in self.skip.items():
            if (value := tables.value(path, column)) and value in values:
                return f"the table says {column} = {shown_name(value, 40)}"
        return ""


@dataclass(frozen=True, slots=True)
class Kept:
    """A sprite that will be in the set.

    Attributes:
        path: Of its file, as in the source.
        number: Its place among the pictures of the file, from 0.
        of: Pictures in the file.
        digest: Of its visible pixels.
        side: The longer of width and height, in pixels.
        sprite: The pixels, while memory allows; else None and to be read again.
    """

    path: str
    number: int
    of: int
    digest: str
    side: int
    sprite: Sprite | None

    @property
    def name(self) -> str:
        """Its name in the set: the path, and `#n` for picture n of several."""
        return self.path if self.of == 1 else f"{self.path}#{self.number + 1}"


@dataclass(frozen=True, slots=True)
class Scan:
    """What the first look found.

    Attributes:
        verdicts: One for each listed file, in order.
        kept: The sprites to be taken, in order, no two alike.
        tables: The tables beside the art.
        content: BLAKE2b-256 of the art's bytes, tables and credits, as hex.
        credits: Folder to the credit that lies in it.
    """

    verdicts: tuple[FileVerdict, ...]
    kept: tuple[Kept, ...]
    tables: Tables
    content: str
    credits: Mapping[str, Credit] = field(default_factory=dict)

    def statistics(self) -> Statistics:
        """Figures over the usable files."""
        usable = [found for found in self.verdicts if found.verdict in ("ok", "duplicate")]
        colours = sorted(found.colours for found in usable)
        return Statistics(
            sizes=dict(Counter(f"{found.width}x{found.height}" for found in usable).most_common()),
            alpha=dict(Counter(found.alpha for found in usable if found.alpha).most_common()),
            colours_median=colours[len(colours) // 2] if colours else 0,
            colours_most=colours[-1] if colours else 0,
            phantom_files=sum(PHANTOM_NOTE in found.notes for found in usable),
            upscaled_files=sum(note.startswith(_UPSCALED) for found in usable for note in found.notes),
        )

    def duplicate_groups(self) -> tuple[tuple[str, ...], ...]:
        """Paths with the same pixels, the kept one first."""
        groups: dict[str, list[str]] = {}
        for found in self.verdicts:
            if found.verdict == "duplicate":
                groups.setdefault(found.duplicate_of, [found.duplicate_of]).append(found.path)
        return tuple(tuple(group) for group in groups.values())

    def common_side(self) -> int:
        """The most frequent side of a square that holds a sprite, the larger of equals; 0 without sprites."""
        sides = Counter(sprite.side for sprite in self.kept)
        return max(sides, key=lambda side: (sides[side], side), default=0)


PHANTOM_NOTE = "hides colour under fully transparent pixels"
_UPSCALED = "is enlarged art"


def tables_of(source: Source) -> tuple[Tables, bytes]:
    """The tables beside the art, and a digest of their bytes."""
    contents = {name: source.side_file(name, MAX_TABLE_BYTES) for name in TABLE_NAMES}
    hasher = hashlib.blake2b(digest_size=32)
    for name, raw in contents.items():
        hasher.update(f"{name}:{len(raw)}:".encode())
        hasher.update(raw)
    return read_tables({name: raw for name, raw in contents.items() if raw}), hasher.digest()


def credits_in(source: Source, entries: Sequence[Entry]) -> dict[str, Credit]:
    """What the files `credits.txt` in the folders of the art say, in order of folder."""
    folders = {"": None} | dict.fromkeys(
        "" if str(parent) == "." else str(parent)
        for entry in entries
        if not entry.refusal
        for parent in PurePosixPath(entry.path).parents
    )
    found = {}
    for folder in sorted(folders):
        path = f"{folder}/{CREDITS_FILE}" if folder else CREDITS_FILE
        raw = source.side_file(path, MAX_CREDITS_BYTES)
        if raw and (credit := read_credit(folder, raw)).words():
            found[folder] = credit
    return found


def content_of(source: Source, *, should_stop: ShouldStop) -> str:
    """The `Scan.content` of a source, by reading its files without decoding them.

    Raises:
        ImportStopped: The user stopped it.
    """
    digest = _ContentDigest(tables_of(source)[1])
    entries = list(source.entries())
    digest.add_credits(credits_in(source, entries))
    for entry in entries:
        if should_stop():
            raise ImportStopped
        try:
            data = b"" if entry.refusal else source.read(entry)
        except DatasetError:
            data = b""
        digest.add(entry, len(data), hashlib.blake2b(data, digest_size=32).digest())
    return digest.hex()


class _ContentDigest:
    def __init__(self, tables: bytes) -> None:
        self._hasher = hashlib.blake2b(tables, digest_size=32)

    def add(self, entry: Entry, length: int, digest: bytes) -> None:
        self._hasher.update(f"{length}:{entry.path}\n".encode("utf-8", "backslashreplace"))
        self._hasher.update(digest)

    def add_credits(self, credits_: Mapping[str, Credit]) -> None:
        # Art without credits keeps the digest that it always had.
        for folder, credit in credits_.items():
            self._hasher.update(repr((folder, credit.author, credit.licence, credit.link)).encode(errors="replace"))

    def hex(self) -> str:
        return self._hasher.hexdigest()


def scan(
    source: Source, options: Options, *, should_stop: ShouldStop, progress: Progress, decoder: Decoder | None = None
) -> Scan:
    """Look at every picture of an open source.

    Args:
        source: Where the pictures are.
        options: Which of them are taken, and how they are cut.
        should_stop: Asked before every file.
        progress: Told how many files are done, and of how many.
        decoder: Decodes; one that keeps nothing by default.

    Raises:
        ImportStopped: The user stopped it.
    """
    tables, tables_digest = tables_of(source)
    content = _ContentDigest(tables_digest)
    entries = list(source.entries())
    stated = credits_in(source, entries)
    content.add_credits(stated)
    judge = _Judge(options, tables)
    with decoder or Decoder(options.cut_of) as decoding:
        if should_stop():
            raise ImportStopped
        for done, decoded in enumerate(decoding.run(source, entries)):
            progress(done, len(entries))
            content.add(decoded.entry, decoded.length, decoded.digest)
            judge.look(decoded)
            if done + 1 < len(entries) and should_stop():
                raise ImportStopped
    progress(len(entries), len(entries))
    return Scan(tuple(judge.verdicts), tuple(judge.kept), tables, content.hex(), stated)


class _Judge:
    """Collects verdicts and kept sprites while a scan goes on."""

    def __init__(self, options: Options, tables: Tables) -> None:
        self._options = options
        self._tables = tables
        self._first_with: dict[str, str] = {}
        self._room_bytes = _KEEP_BYTES
        self.verdicts: list[FileVerdict] = []
        self.kept: list[Kept] = []

    def refuse(self, entry: Entry, reason: str) -> None:
        self.verdicts.append(FileVerdict(entry.shown, "refused", reason))

    def look(self, decoded: Decoded) -> None:
        entry, sprites = decoded.entry, decoded.sprites
        if entry.refusal:
            self.refuse(entry, entry.refusal)
            return
        if reason := self._options.leaves_out(entry.path, self._tables):
            self.verdicts.append(FileVerdict(entry.shown, "skipped", reason))
            return
        if decoded.refusal:
            self.refuse(entry, decoded.refusal)
            return
        visible = [(number, sprite) for number, sprite in enumerate(sprites) if sprite.rgba_HWC[..., 3].any()]
        if not visible:
            self.refuse(entry, "it is empty: every pixel is transparent")
            return
        fresh = [
            kept for number, sprite in visible if (kept := self._keep(entry, number, len(sprites), sprite)) is not None
        ]
        self.kept.extend(fresh)
        self.verdicts.append(self._verdict(entry, sprites, visible[0][1], len(visible), len(fresh)))

    def _keep(self, entry: Entry, number: int, of: int, sprite: Sprite) -> Kept | None:
        digest = sprite.digest
        if digest in self._first_with:
            return None
        self._first_with[digest] = entry.shown
        cleaned = sprite.cleaned()
        self._room_bytes -= cleaned.rgba_HWC.nbytes
        held = cleaned if self._room_bytes >= 0 else None
        return Kept(entry.path, number, of, digest, max(sprite.width, sprite.height), held)

    def _verdict(self, entry: Entry, sprites: Sequence[Sprite], first: Sprite, visible: int, fresh: int) -> FileVerdict:
        notes = list(_notes(first))
        if visible < len(sprites):
            notes.append(f"{len(sprites) - visible} of {len(sprites)} pictures are empty and left out")
        if 0 < fresh < visible:
            notes.append(f"{visible - fresh} of {len(sprites)} pictures are there already")
        original = self._first_with[first.digest]
        return FileVerdict(
            entry.shown,
            "ok" if fresh else "duplicate",
            "" if fresh else f"has the same pixels as {original}",
            "" if fresh else original,
            first.width,
            first.height,
            len(sprites),
            first.colour_count(),
            alpha_kind(first),
            tuple(notes),
        )


def alpha_kind(sprite: Sprite) -> AlphaKind:
    """Whether a sprite is opaque, has hard edges, or half-transparent pixels."""
    alpha_HW = sprite.rgba_HWC[..., 3]
    if bool((alpha_HW == 255).all()):
        return "opaque"
    return "hard" if bool(((alpha_HW == 0) | (alpha_HW == 255)).all()) else "soft"


def _notes(sprite: Sprite) -> Iterator[str]:
    if sprite.cleaned() is not sprite:
        yield PHANTOM_NOTE
    if (factor := upscale_factor(sprite)) > 1:
        yield f"{_UPSCALED}: every {factor} × {factor} pixels are one"
