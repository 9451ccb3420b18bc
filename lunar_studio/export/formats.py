"""The formats sprites can be exported to, and the one door through which all are written.

`write` makes the files' bytes, has them written together (`export.files`), and hands what is on disk
to the format's proof, which reads it with the readers that imports use and compares every pixel,
rectangle, name and duration. Only then do the files take their places. The same sprites give the same
bytes: no times, no random names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np

from lunar_studio import __version__
from lunar_studio.core.arrays import U8
from lunar_studio.core.sheet import Frame, Sheet
from lunar_studio.core.sprite import Sprite
from lunar_studio.errors import DatasetError, ExportError
from lunar_studio.export import animations, aseprite_json
from lunar_studio.export.credits import credits_path
from lunar_studio.export.files import Proof, write_together
from lunar_studio.export.names import unique_names
from lunar_studio.export.sheets import Layout, enlarged, frame_pixels, lay_out
from lunar_studio.pixels.files import encode_png, read_sprites

GENERATED = {
    "AI disclosure": "Made with a trained model in Lunar Studio.",
    # IPTC's term for pictures made by a trained model, in the packet where stock sites and editors look for it.
    animations.XMP_KEYWORD: (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
        'Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"/>'
        "</rdf:RDF></x:xmpmeta>"
    ),
}
"""Texts in a picture file that say how it was made."""

INDEX_NAME = "index.json"
"""The list of a folder's pictures, with the artist's own names for them."""


@dataclass(frozen=True, slots=True)
class Job:
    """One export, ready to be turned into bytes.

    Attributes:
        frames: What to write; names are safe and unique.
        destination: The file, or the folder of a format that writes a folder.
        layout: How sheets are laid out; the scale holds for every format.
        metadata: Texts kept in picture files, keyword to text.
        own_texts: More texts for each frame, for formats in which it has a picture of its own.
    """

    frames: tuple[Frame, ...]
    destination: Path
    layout: Layout
    metadata: Mapping[str, str]
    own_texts: tuple[Mapping[str, str], ...] = ()


Build = Callable[[Job], tuple[dict[Path, bytes], Proof]]


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write sprites.

    Attributes:
        id: Stable name, for the command line.
        title: What the format card says.
        suffix: Of the main file, with the dot; empty for a format that writes a folder.
        description: What it is good for, in a sentence or two.
        build: Makes the bytes of every file of a job, and the proof of what is read back.
    """

    id: str
    title: str
    suffix: str
    description: str
    build: Build


def write(
    sprites: Sequence[Sprite],
    destination: Path,
    *,
    format_id: str,
    columns: int = 0,
    layout: Layout | None = None,
    duration_ms: int = 100,
    generated: bool = True,
    seed: int | None = None,
    own_texts: Sequence[Mapping[str, str]] = (),
    credit: str = "",
) -> tuple[Path, ...]:
    """Write sprites, read every file back, and compare.

    Args:
        sprites: At least one; their names become names of frames and files, made safe and unique.
        destination: The file to write; its suffix is set to the format's. A folder for formats without one.
        format_id: An id of `FORMATS`.
        columns: Frames in a row of a sheet; 0 makes it as square as can be.
        layout: More wishes for a sheet; its columns are those above.
        duration_ms: How long each frame shows; above 0.
        generated: Whether a model made the sprites, which picture files then say. Not so for art drawn by hand.
        seed: What the sprites grew from, to be kept in picture files.
        own_texts: More texts for each sprite, kept where it has a picture of its own; none, or one entry for each.
        credit: Whose art they go back to, for a text file beside them; empty for none.

    Returns:
        The files written, the main one first.

    Raises:
        ExportError: There is nothing to write, the format cannot hold it, it cannot be written, or it reads
            back differently. Whatever stood at the destination before is then unchanged.
        ValueError: The layout or duration cannot be meant.
    """
    chosen = find(format_id)
    if duration_ms < 1:
        raise ValueError("a frame shows for at least a millisecond")
    names = unique_names([sprite.name for sprite in sprites])
    frames = tuple(Frame(sprite, name, duration_ms) for sprite, name in zip(sprites, names, strict=True))
    metadata = picture_texts({}, generated=generated, seed=seed)
    target = _with_suffix(destination, chosen.suffix)
    if own_texts and len(own_texts) != len(frames):
        raise ValueError(f"{len(own_texts)} entries of texts for {len(frames)} sprites")
    job = Job(frames, target, replace(layout or Layout(), columns=columns), metadata, tuple(own_texts))
    if not frames:
        raise ExportError("There is nothing to export.", hint="Bookmark a sprite, then export again.")
    contents, proof = chosen.build(job)
    if credit:
        contents[credits_path(target, is_folder=not chosen.suffix)] = credit.encode()
    return write_together(contents, proof)


def picture_texts(texts: Mapping[str, str], *, generated: bool = True, seed: int | None = None) -> dict[str, str]:
    """What a picture file says of itself, keyword to text, with `texts` last."""
    told = {"Software": f"Lunar Studio {__version__}", **(GENERATED if generated else {})}
    if seed is not None:
        told["Seed"] = str(seed)
    return told | dict(texts)


def find(format_id: str) -> Format:
    """The format of that id.

    Raises:
        ExportError: There is none.
    """
    for known in FORMATS:
        if known.id == format_id:
            return known
    raise ExportError(
        f"There is no export format called {format_id!r:.40}.",
        hint=f"Choose one of: {', '.join(known.id for known in FORMATS)}.",
    )


def _with_suffix(destination: Path, suffix: str) -> Path:
    """`hero` and `hero.json` become `hero.png`; `hero.v2` becomes `hero.v2.png`."""
    if not suffix or destination.suffix.lower() == suffix:
        return destination
    known = {".json"} | {known.suffix for known in FORMATS}
    stem = destination.stem if destination.suffix.lower() in known else destination.name
    return destination.with_name(stem + suffix)


# ---- sheets --------------------------------------------------------------------------------------


def _sheet_hash(job: Job) -> tuple[dict[Path, bytes], Proof]:
    return _sheet(job, "hash")


def _sheet_array(job: Job) -> tuple[dict[Path, bytes], Proof]:
    return _sheet(job, "array")


def _sheet(job: Job, form: aseprite_json.Form) -> tuple[dict[Path, bytes], Proof]:
    sheet = lay_out(job.frames, job.layout)
    picture, data = job.destination, job.destination.with_suffix(".json")
    described = aseprite_json.describe(sheet, picture.name)
    contents = {
        picture: encode_png(sheet.image, job.metadata),
        data: aseprite_json.to_json(described, form=form, scale=job.layout.scale),
    }

    def prove(read: Mapping[Path, bytes]) -> None:
        description = aseprite_json.from_json(read[data])
        _compare(description == described, data, "names, places or durations differ")
        again = Sheet(_picture(read[picture], picture), description.frames, description.clips)
        _compare(description.size == (again.image.width, again.image.height), picture, "the size differs")
        for frame, placed in zip(job.frames, again.frames, strict=True):
            meant = enlarged(frame.sprite.rgba_HWC, job.layout.scale)
            found = frame_pixels(again, placed)
            alike = _visibly_equal(meant, found) if job.layout.trim else np.array_equal(meant, found)
            _compare(alike, picture, f"pixels of {frame.name} differ")

    return contents, prove


# ---- a folder of pictures ------------------------------------------------------------------------


def _folder(job: Job) -> tuple[dict[Path, bytes], Proof]:
    pictures = {
        job.destination / f"{frame.name}.png": enlarged(frame.sprite.rgba_HWC, job.layout.scale) for frame in job.frames
    }
    index = job.destination / INDEX_NAME
    listed = {
        "app": "Lunar Studio",
        "version": __version__,
        "sprites": [
            {"file": path.name, "name": frame.sprite.name, "width": rgba_HWC.shape[1], "height": rgba_HWC.shape[0]}
            for (path, rgba_HWC), frame in zip(pictures.items(), job.frames, strict=True)
        ],
    }
    contents = {index: msgspec.json.format(msgspec.json.encode(listed), indent=1) + b"\n"}
    own_texts = job.own_texts or ({},) * len(pictures)
    for (path, rgba_HWC), texts in zip(pictures.items(), own_texts, strict=True):
        contents[path] = encode_png(Sprite(rgba_HWC), {**job.metadata, **texts})

    def prove(read: Mapping[Path, bytes]) -> None:
        _compare(read[index] == contents[index], index, "the list differs")
        for path, meant in pictures.items():
            _compare(np.array_equal(_picture(read[path], path).rgba_HWC, meant), path, "pixels differ")

    return contents, prove


# ---- animations ----------------------------------------------------------------------------------


def _animation(kind: animations.Kind) -> Build:
    def build(job: Job) -> tuple[dict[Path, bytes], Proof]:
        timeline = tuple((enlarged(frame.sprite.rgba_HWC, job.layout.scale), frame.duration_ms) for frame in job.frames)

        def prove(read: Mapping[Path, bytes]) -> None:
            _pictures(read[job.destination], job.destination)
            meant, found = animations.merged(timeline), animations.decode(read[job.destination], kind)
            # A picture that never changes is a still, which has no duration.
            times_alike = len(meant) == 1 or [frame[1] for frame in meant] == [frame[1] for frame in found]
            _compare(len(meant) == len(found) and times_alike, job.destination, "frames or durations differ")
            for (wanted_HWC, _), (picture_HWC, _) in zip(meant, found, strict=True):
                _compare(np.array_equal(wanted_HWC, picture_HWC), job.destination, "pixels differ")

        return {job.destination: animations.encode(timeline, kind, job.metadata)}, prove

    return build


# ---- proofs --------------------------------------------------------------------------------------


def _pictures(data: bytes, path: Path) -> tuple[Sprite, ...]:
    try:
        return read_sprites(data, name=path.stem)
    except DatasetError as exc:
        raise ExportError(f"“{path.name}” cannot be read back. {exc.message}", hint=exc.hint) from exc


def _picture(data: bytes, path: Path) -> Sprite:
    sprites = _pictures(data, path)
    _compare(len(sprites) == 1, path, "it has several pictures")
    return sprites[0]


def _visibly_equal(left_HWC: U8, right_HWC: U8) -> bool:
    return left_HWC.shape == right_HWC.shape and Sprite(left_HWC).cleaned() == Sprite(right_HWC).cleaned()


def _compare(is_same: bool, path: Path, difference: str) -> None:
    if not is_same:
        raise ExportError(
            f"“{path.name}” reads back differently from what was meant: {difference}. It was not kept.",
            hint="Try another disk or another format, and please report this.",
        )


FORMATS: tuple[Format, ...] = (
    Format(
        "sheet",
        "Sprite sheet",
        ".png",
        "One picture and a JSON file as Aseprite writes it, frames by name. Most engines read it.",
        _sheet_hash,
    ),
    Format(
        "sheet-array",
        "Sprite sheet, frames in order",
        ".png",
        "The same, but with frames as a list: for engines that count frames instead of naming them.",
        _sheet_array,
    ),
    Format(
        "png",
        "Single pictures",
        "",
        "A folder with one PNG for each sprite, and a list of them.",
        _folder,
    ),
    Format(
        "gif",
        "GIF",
        ".gif",
        "A moving picture that every site shows. Solid pixels only, 255 colours in a frame.",
        _animation("GIF"),
    ),
    Format("apng", "APNG", ".png", "A moving PNG with every colour and soft transparency.", _animation("PNG")),
    Format("webp", "WebP", ".webp", "A small moving picture with every colour, without loss.", _animation("WEBP")),
)
"""Every export format, in the order of the Export page."""
