"""What the artist says about her art, kept beside the data sets: captions, tags, licences, how sheets are cut.

Her own folders are never written to. Notes are one JSON file for each source, named after it, in the folder where data
sets are built; so they outlive every rebuild, whatever the size. Credits can also lie beside the art: a file
`credits.txt` in any folder, with lines such as `Author: Ada` and `Licence: CC0`, speaks for that folder and all in it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from lunar_studio.errors import DatasetError, ExportError
from lunar_studio.pixels.files import read_bytes, shown_name, write_atomically

CREDITS_FILE = "credits.txt"
SUFFIX = ".notes.json"
MAX_CREDITS_BYTES = 100_000
_MAX_BYTES = 256 * 2**20
_VERSION = 1

Words = Annotated[str, Meta(max_length=400)]
Path_ = Annotated[str, Meta(max_length=4096)]


class SpriteNote(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What is said about the sprites of one file.

    Attributes:
        caption: In place of the one from tables and names; empty leaves that.
        tags: Besides those from folders.
        cut: How the sheet is cut, as `SliceSpec` prints it; empty leaves it to the import.
    """

    caption: Words = ""
    tags: Annotated[tuple[Words, ...], Meta(max_length=100)] = ()
    cut: Words = ""


class Credit(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who made the art of a folder, and what may be done with it.

    Attributes:
        folder: Posix path in the source; empty for all of it.
        author: Who drew it.
        licence: Its name, e.g. `CC0` or `CC-BY 4.0`.
        link: Where it came from.
    """

    folder: Path_ = ""
    author: Words = ""
    licence: Words = ""
    link: Words = ""

    def words(self) -> str:
        """`items: Ada, CC0, https://…`; nothing for a credit that says nothing."""
        told = ", ".join(part for part in (self.author, self.licence, self.link) if part)
        return f"{shown_name(self.folder) or 'all'}: {told}" if told else ""

    def as_file(self) -> bytes:
        """The same as a `credits.txt`."""
        told = (("Author", self.author), ("Licence", self.licence), ("Link", self.link))
        return "".join(f"{key}: {words}\n" for key, words in told if words).encode("utf-8", "replace")


class Notes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything said about one source.

    Attributes:
        format: Always `lunar-studio-notes`.
        version: Of the format.
        source: Name of the source, for people who open the file.
        sprites: Path in the source to what is said of it.
        credits: Folder to who made it; the deepest folder speaks.
    """

    format: Literal["lunar-studio-notes"] = "lunar-studio-notes"
    version: Annotated[int, Meta(ge=1, le=_VERSION)] = _VERSION
    source: Words = ""
    sprites: dict[Path_, SpriteNote] = {}
    credits: dict[Path_, Credit] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nothing is said."""
        return not self.sprites and not self.credits

    def of(self, path: str) -> SpriteNote:
        """What is said of the file at `path`."""
        return self.sprites.get(path, SpriteNote())

    def digest(self) -> str:
        """Changes with every word; the same for the same words in any order."""
        raw = msgspec.json.encode(self, order="deterministic")
        return hashlib.blake2b(raw, digest_size=16).hexdigest()

    def with_sprite(self, path: str, note: SpriteNote) -> Notes:
        """These notes with other words on one file; an empty note takes them away."""
        sprites = {name: one for name, one in self.sprites.items() if name != path}
        if note != SpriteNote():
            sprites[path] = note
        return msgspec.structs.replace(self, sprites=sprites)

    def with_credit(self, credit: Credit) -> Notes:
        """These notes with another credit for its folder; one that says nothing takes it away."""
        credits_ = {name: one for name, one in self.credits.items() if name != credit.folder}
        if credit.words():
            credits_[credit.folder] = credit
        return msgspec.structs.replace(self, credits=credits_)


def notes_path(folder: Path, source: Path) -> Path:
    """Where the notes on a source are kept, beside the data sets in `folder`."""
    words = re.sub(r"[^a-z0-9]+", "-", source.stem.lower()).strip("-")[:40] or "art"
    digest = hashlib.blake2b(str(source.absolute()).encode(errors="surrogatepass"), digest_size=4).hexdigest()
    return folder / f"{words}-{digest}{SUFFIX}"


def read_notes(path: Path) -> Notes:
    """The notes in a file; empty ones where there is no file.

    Raises:
        DatasetError: It is damaged, hostile, or of a newer version.
    """
    if not path.exists():
        return Notes()
    raw = read_bytes(path, limit=_MAX_BYTES)
    try:
        return msgspec.json.decode(raw, type=Notes)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise DatasetError(
            f"Your captions and credits in “{shown_name(path.name)}” cannot be read: {exc}.",
            hint="Move that file away to begin anew, or mend it in a text editor; nothing was changed.",
        ) from exc


def write_notes(path: Path, notes: Notes) -> None:
    """Write notes whole or not at all.

    Raises:
        DatasetError: The folder cannot be written to, or the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, msgspec.json.format(msgspec.json.encode(notes, order="deterministic"), indent=1))
    except ExportError as exc:
        raise DatasetError(exc.message, hint=exc.hint) from exc
    except OSError as exc:
        raise DatasetError(
            f"Captions and credits could not be written: {exc.strerror or exc}.", hint="Check the disk and the folder."
        ) from exc


_KEYS = {"author": "author", "artist": "author", "by": "author", "licence": "licence", "license": "licence"} | {
    "link": "link",
    "source": "link",
    "url": "link",
}


def read_credit(folder: str, raw: bytes) -> Credit:
    """What a `credits.txt` says; lines that are no `Key: words` are passed over, the first of each key counts."""
    found: dict[str, str] = {}
    for line in raw[:MAX_CREDITS_BYTES].decode("utf-8", "replace").splitlines():
        key, colon, words = line.partition(":")
        name = _KEYS.get(key.strip().lower())
        if colon and name and words.strip():
            found.setdefault(name, "".join(letter for letter in words.strip() if letter.isprintable())[:400])
    return Credit(folder=folder[:4096], **found)


def credits_for(paths: Mapping[str, int], stated: Mapping[str, Credit]) -> list[tuple[Credit, int]]:
    """Which credits speak for which number of sprites; the deepest folder speaks, and what nobody claims is left out.

    Args:
        paths: Path of each file to the number of its sprites.
        stated: Folder to its credit.
    """
    counts: dict[str, int] = {}
    for path, number in paths.items():
        for parent in PurePosixPath(path).parents:
            folder = "" if str(parent) == "." else str(parent)
            if folder in stated:
                counts[folder] = counts.get(folder, 0) + number
                break
    return [(stated[folder], counts[folder]) for folder in sorted(counts)]
