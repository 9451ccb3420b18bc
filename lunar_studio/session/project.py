"""A project: everything an artist has made with one model, in one file that holds no code.

`NAME.lunar` is a zip archive, so that an artist can look inside with what her system has, and so that a damaged one
can still be mended by hand:

    lunar.json          document, history and model reference (docs/formats.md)
    latents.f32         every latent, one after the other, float32, little end first
    sprites/*.png       the kept sprites, each an ordinary picture

The same project gives the same bytes. Reading trusts nothing: sizes are bounded before memory is taken, every value
is checked, and a history that cannot be undone is left out and said so.
"""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lunar_studio import __version__
from lunar_studio.core.latent import Latent
from lunar_studio.core.sprite import Sprite
from lunar_studio.errors import DatasetError, ExportError, ProjectError
from lunar_studio.session import codec
from lunar_studio.session.codec import Json
from lunar_studio.session.document import MOST_TAUGHT, Document
from lunar_studio.session.history import Snapshot, Step, check
from lunar_studio.session.overlay_text import Unreadable
from lunar_studio.session.picture_state import LARGEST_LATENT, LARGEST_NUMBER

SUFFIX = ".lunar"
FORMAT = "lunar-studio project"
VERSION = 4

MAX_FILE_BYTES = 2**28
MAX_JSON_BYTES = 2**27
MAX_MEMBERS = 100_000

_JSON_NAME, _LATENTS_NAME = "lunar.json", "latents.f32"
# The oldest time a zip can say: the same project gives the same bytes.
_TIME = (1980, 1, 1, 0, 0, 0)
_HINT = "Open another project, or a copy of this one; a picture that the studio has saved opens its state again too."


@dataclass(frozen=True, slots=True)
class ModelReference:
    """Which model a project was made with.

    Attributes:
        digest: SHA-256 of the model file as hex: what decides.
        name: What it is called.
        path: Where it was; only a hint. Empty for the one that ships with the studio.
        latent_dim: Numbers in a latent.
        image_size: Width and height of what it draws, in pixels.
    """

    digest: str = ""
    name: str = ""
    path: str = ""
    latent_dim: int = 0
    image_size: int = 0


@dataclass(frozen=True, slots=True)
class Project:
    """What a project file holds.

    Attributes:
        session: Document and history.
        model: What it was made with.
        made_by: The program and version that wrote the file.
    """

    session: Snapshot
    model: ModelReference = ModelReference()
    made_by: str = ""


def write(project: Project, path: Path) -> None:
    """Write a project whole or not at all.

    Raises:
        ProjectError: It cannot be written; what stood there before is unchanged.
    """
    from lunar_studio.pixels.files import write_atomically  # brings Pillow, which the window's start does not need

    try:
        write_atomically(path, to_bytes(project))
    except ExportError as exc:
        raise ProjectError(exc.message, hint=exc.hint) from exc


def read(path: Path) -> tuple[Project, str]:
    """The project in a file, and what of it could not be used; empty if all could.

    Raises:
        ProjectError: It is missing, damaged, hostile, not a project, or from a newer version.
    """
    from lunar_studio.pixels.files import read_bytes

    try:
        data = read_bytes(path, limit=MAX_FILE_BYTES)
    except DatasetError as exc:
        raise ProjectError(exc.message, hint="Choose a project file, which the studio has saved.") from exc
    return from_bytes(data, path.name)


# ---- writing ---------------------------------------------------------------------------------------------


class _Tables:
    """Latents and sprites of one file: each once, however often it is used."""

    def __init__(self) -> None:
        self._numbers: dict[Latent, int] = {}
        self.sprites: dict[str, Sprite] = {}
        self._names: dict[Sprite, str] = {}

    @property
    def latents(self) -> tuple[Latent, ...]:
        """In the order of their numbers."""
        return tuple(self._numbers)

    def put_latent(self, latent: Latent) -> int:
        """The latent's number."""
        return self._numbers.setdefault(latent, len(self._numbers))

    def put_sprite(self, sprite: Sprite) -> str:
        """The name of the sprite's file."""
        name = self._names.setdefault(sprite, f"sprites/{len(self._names)}.png")
        self.sprites[name] = sprite
        return name


def to_bytes(project: Project) -> bytes:
    """The file's content."""
    from lunar_studio.pixels.files import encode_png

    tables = _Tables()
    told: dict[str, Json] = {
        "format": FORMAT,
        "version": VERSION,
        "made_by": f"Lunar Studio {__version__}",
        "model": codec.encode(project.model, tables),
        "document": codec.encode(project.session.document, tables),
        "history": {
            "position": project.session.position,
            "steps": [codec.encode(step, tables) for step in project.session.steps],
        },
    }
    told["latents"] = [len(latent) for latent in tables.latents]
    text = json.dumps(told, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    numbers = b"".join(latent.values_L.astype("<f4").tobytes() for latent in tables.latents)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        _add(archive, _JSON_NAME, text, zipfile.ZIP_DEFLATED)
        _add(archive, _LATENTS_NAME, numbers, zipfile.ZIP_STORED)  # random numbers do not become smaller
        for name, sprite in tables.sprites.items():
            _add(archive, name, encode_png(sprite), zipfile.ZIP_STORED)
    return buffer.getvalue()


def _add(archive: zipfile.ZipFile, name: str, content: bytes, method: int) -> None:
    member = zipfile.ZipInfo(name, _TIME)
    member.compress_type = method
    member.external_attr = 0o644 << 16
    archive.writestr(member, content, compresslevel=1)


# ---- reading ---------------------------------------------------------------------------------------------


class _Archive:
    """The members of a file, read one by one and never more than a limit."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        members = archive.infolist()
        self._members = {member.filename: member for member in members}
        if len(members) > MAX_MEMBERS or len(self._members) != len(members):
            raise Unreadable("it has far too many parts, or two of one name")
        self._archive = archive
        self._latents: list[Latent] = []
        self._sprites: dict[str, Sprite] = {}

    def content(self, name: str, limit: int) -> bytes:
        """One member's content.

        Raises:
            Unreadable: It is not there, locked, or larger than `limit`.
        """
        member = self._members.get(name)
        if member is None:
            raise Unreadable(f"it has no {name}")
        if member.flag_bits & 1 or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Unreadable(f"{name} is locked, or packed in an unusual way")
        with self._archive.open(member) as file:
            content = file.read(limit + 1)
        if len(content) > limit:
            raise Unreadable(f"{name} is larger than any of ours")
        return content

    def take_latents(self, lengths: Json) -> None:
        """Read the table of latents.

        Raises:
            Unreadable: The lengths make no sense, or there are not as many numbers as they say.
        """
        good = isinstance(lengths, list) and len(lengths) <= codec.MOST_ENTRIES
        if not good or not all(type(one) is int and 0 <= one <= LARGEST_LATENT for one in lengths):
            raise Unreadable("latents are not told as a list of lengths")
        content = self.content(_LATENTS_NAME, min(MAX_FILE_BYTES, 4 * sum(lengths)))
        if len(content) != 4 * sum(lengths):
            raise Unreadable("its latents are cut off")
        numbers, start = np.frombuffer(content, "<f4"), 0
        with np.errstate(invalid="ignore"):
            if not (np.abs(numbers) <= LARGEST_NUMBER).all():
                raise Unreadable("its latents are not all numbers that a model has")
        for length in lengths:
            self._latents.append(Latent(numbers[start : start + length]))
            start += length

    def latent(self, number: int) -> Latent:
        """The latent of that number.

        Raises:
            LookupError: There is none.
        """
        if number < 0:
            raise LookupError(number)
        return self._latents[number]

    def sprite(self, name: str) -> Sprite:
        """The sprite in the file of that name.

        Raises:
            LookupError: There is none, or it is no picture.
        """
        from lunar_studio.pixels.files import read_sprites

        if name not in self._sprites:
            try:
                self._sprites[name] = read_sprites(self.content(name, 2**24), name=Path(name).stem)[0]
            except (Unreadable, DatasetError) as exc:
                raise LookupError(name) from exc
        return self._sprites[name]


def from_bytes(data: bytes, name: str) -> tuple[Project, str]:
    """The project in a file's content, and what of it could not be used; empty if all could.

    Args:
        data: The content.
        name: The file's name, for messages.

    Raises:
        ProjectError: It is damaged, hostile, not a project, or from a newer version.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _from_archive(_Archive(archive))
    except Unreadable as exc:
        raise _refusal(name, str(exc)) from exc
    except (zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, NotImplementedError, RuntimeError) as exc:
        raise _refusal(name, "it is damaged, or no project") from exc


def _from_archive(archive: _Archive) -> tuple[Project, str]:
    told = _json(archive.content(_JSON_NAME, MAX_JSON_BYTES))
    if told.get("format") != FORMAT or type(told.get("version")) is not int:
        raise Unreadable("it does not say that it is a project")
    if told["version"] > VERSION:
        raise Unreadable(f"a newer version of the studio wrote it ({str(told.get('made_by'))[:60]})")
    archive.take_latents(told.get("latents"))
    model: ModelReference = codec.decode(ModelReference, told.get("model"), archive, "model")
    document: Document = codec.decode(Document, told.get("document"), archive, "document")
    _check_document(document, model)
    session, lost = Snapshot(document), ""
    try:
        session = replace(session, **_history(told.get("history"), archive))
        check(session)
    except ValueError as exc:
        session, lost = Snapshot(document), f"Its history could not be used: {exc}."
    return Project(session, model, str(told.get("made_by", ""))[:100]), lost


def _json(content: bytes) -> dict[str, Json]:
    try:
        told = json.loads(content.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as exc:
        raise Unreadable("what it says is no JSON") from exc
    if not isinstance(told, dict):
        raise Unreadable("what it says has no named parts")
    return told


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number")


def _history(told: Json, archive: _Archive) -> dict[str, Json]:
    if not isinstance(told, dict) or type(told.get("position")) is not int:
        raise Unreadable("history is not told")
    steps: tuple[Step, ...] = codec.decode(tuple[Step, ...], told.get("steps"), archive, "history.steps")
    return {"steps": steps, "position": told["position"]}


def _check_document(document: Document, model: ModelReference) -> None:
    """See that what belongs together fits together.

    Raises:
        Unreadable: It does not.
    """
    latents = [one for one in (document.latent, document.anchor, document.before) if one is not None]
    latents += [parent for generation in document.breeding.generations for parent in generation.parents]
    latents += [slider.axis for slider in document.taught]
    if any(len(latent) != model.latent_dim for latent in latents):
        raise Unreadable(f"its latents do not have the {model.latent_dim} numbers of its model")
    if (document.latent is None) != (document.anchor is None):
        raise Unreadable("it has a sprite that began nowhere")
    if document.model != model.digest:
        raise Unreadable("its sprite and its model do not belong together")
    ids = [bookmark.id for bookmark in document.bookmarks]
    if len(set(ids)) != len(ids):
        raise Unreadable("two of its bookmarks are the same")
    own = [slider.id for slider in document.taught]
    if len(set(own)) != len(own) or len(own) > MOST_TAUGHT:
        raise Unreadable("two of its own sliders are the same, or there are far too many")


def _refusal(name: str, reason: str) -> ProjectError:
    from lunar_studio.pixels.files import shown_name

    return ProjectError(f"“{shown_name(name)}” cannot be opened as a project: {reason}.", hint=_HINT)


def kept_sprites(project: Project) -> Iterator[Sprite]:
    """The sprites on the project's shelf, in order, called as the artist calls them."""
    for bookmark in project.session.document.bookmarks:
        yield Sprite(bookmark.sprite.rgba_HWC, bookmark.name)
