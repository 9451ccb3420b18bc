"""The sheet description that Aseprite writes, as `hash` and as `array`; engines read it everywhere.

`hash` has an object of frames by name, `array` a list of frames that carry their names; the rest is
the same. What is read may be anybody's: sizes are bounded, every rectangle is checked against the
sheet, and fields that are not known are passed over, as Aseprite adds some with each version.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from lunar_studio import __version__
from lunar_studio.core.sheet import Clip, PlacedFrame, Rect, Sheet
from lunar_studio.errors import ExportError
from lunar_studio.export.sheets import MAX_FRAMES

Form = Literal["hash", "array"]

MAX_FILE_BYTES = 64_000_000
"""About 1,000 bytes for each of the most frames that a sheet can have."""

_Length = Annotated[int, Meta(ge=1, le=65535)]
_Offset = Annotated[int, Meta(ge=0, le=65535)]
_Index = Annotated[int, Meta(ge=0, lt=MAX_FRAMES)]
_Duration = Annotated[int, Meta(ge=1, le=2**31 - 1)]
_Name = Annotated[str, Meta(max_length=1024)]


class _Size(Struct, frozen=True):
    w: _Length
    h: _Length


class _Rect(Struct, frozen=True):
    x: _Offset
    y: _Offset
    w: _Length
    h: _Length


class _Frame(Struct, frozen=True, rename="camel"):
    frame: _Rect
    rotated: bool
    sprite_source_size: _Rect
    source_size: _Size
    duration: _Duration


class _NamedFrame(_Frame, frozen=True, rename="camel"):
    filename: _Name


class _Tag(Struct, frozen=True):
    name: _Name
    first: _Index = msgspec.field(name="from")
    last: _Index = msgspec.field(name="to")
    direction: Literal["forward", "reverse", "pingpong"] = "forward"


class _Meta(Struct, frozen=True, rename="camel"):
    image: _Name
    size: _Size
    frame_tags: tuple[_Tag, ...] = ()


class _File(Struct, frozen=True):
    frames: dict[_Name, _Frame] | Annotated[list[_NamedFrame], Meta(max_length=MAX_FRAMES)]
    meta: _Meta


@dataclass(frozen=True, slots=True)
class SheetDescription:
    """What a description says of the picture beside it.

    Attributes:
        image_name: File name of the picture.
        size: Its width and height.
        frames: Places of the frames, in order.
        clips: The tags.
    """

    image_name: str
    size: tuple[int, int]
    frames: tuple[PlacedFrame, ...]
    clips: tuple[Clip, ...]


def describe(sheet: Sheet, image_name: str) -> SheetDescription:
    """The description of a sheet whose picture is called `image_name`."""
    return SheetDescription(image_name, (sheet.image.width, sheet.image.height), sheet.frames, sheet.clips)


def to_json(description: SheetDescription, *, form: Form = "hash", scale: int = 1) -> bytes:
    """The description as UTF-8 JSON: the same description gives the same bytes.

    Args:
        description: What to write; names of frames are unique.
        form: `hash` or `array`.
        scale: What sprites were enlarged by; engines show it, lengths are already enlarged.
    """
    frames: dict[str, Any] | list[Any]
    if form == "hash":
        frames = {frame.name: _frame(frame) for frame in description.frames}
    else:
        frames = [{"filename": frame.name, **_frame(frame)} for frame in description.frames]
    document = {
        "frames": frames,
        "meta": {
            "app": "Lunar Studio",
            "version": __version__,
            "image": description.image_name,
            "format": "RGBA8888",
            "size": _size(description.size),
            "scale": str(scale),
            "frameTags": [
                {"name": clip.name, "from": clip.first, "to": clip.last, "direction": clip.play, "color": "#000000ff"}
                for clip in description.clips
            ],
            "layers": [{"name": "Sprites", "opacity": 255, "blendMode": "normal"}],
            "slices": [],
        },
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def from_json(raw: bytes) -> SheetDescription:
    """A description from the bytes of a file, which may be anybody's.

    Raises:
        ExportError: It is too large, not JSON, not such a description, or a frame or tag is out of bounds.
    """
    if len(raw) > MAX_FILE_BYTES:
        raise _refusal(f"it has {len(raw):,} bytes")
    try:
        file = msgspec.json.decode(raw, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise _refusal(str(exc)) from exc
    named: Sequence[tuple[str, _Frame]]
    if isinstance(file.frames, dict):
        named = list(file.frames.items())
    else:
        named = [(frame.filename, frame) for frame in file.frames]
    size = file.meta.size
    frames = tuple(_placed(name, frame, size) for name, frame in named)
    if not 0 < len(frames) <= MAX_FRAMES or len({frame.name for frame in frames}) != len(frames):
        raise _refusal("its frames are none, too many, or two have one name")
    clips = tuple(Clip(tag.name, tag.first, tag.last, tag.direction) for tag in file.meta.frame_tags)
    if any(not clip.first <= clip.last < len(frames) for clip in clips):
        raise _refusal("a tag names frames that are not there")
    return SheetDescription(file.meta.image, (size.w, size.h), frames, clips)


def _frame(frame: PlacedFrame) -> dict[str, Any]:
    return {
        "frame": _rect(frame.rect),
        "rotated": False,
        "trimmed": (frame.source.width, frame.source.height) != frame.source_size,
        "spriteSourceSize": _rect(frame.source),
        "sourceSize": _size(frame.source_size),
        "duration": frame.duration_ms,
    }


def _rect(rect: Rect) -> dict[str, int]:
    return {"x": rect.x, "y": rect.y, "w": rect.width, "h": rect.height}


def _size(size: tuple[int, int]) -> dict[str, int]:
    return {"w": size[0], "h": size[1]}


def _placed(name: str, frame: _Frame, sheet: _Size) -> PlacedFrame:
    rect, source = frame.frame, frame.sprite_source_size
    if frame.rotated:
        raise _refusal(f"frame {name!r:.80} is rotated, which we never do")
    if (source.w, source.h) != (rect.w, rect.h) or not (_fits(rect, sheet) and _fits(source, frame.source_size)):
        raise _refusal(f"frame {name!r:.80} is out of bounds")
    return PlacedFrame(
        name,
        Rect(rect.x, rect.y, rect.w, rect.h),
        Rect(source.x, source.y, source.w, source.h),
        (frame.source_size.w, frame.source_size.h),
        frame.duration,
    )


def _fits(rect: _Rect, size: _Size) -> bool:
    return rect.x + rect.w <= size.w and rect.y + rect.h <= size.h


def _refusal(reason: str) -> ExportError:
    return ExportError(
        f"The sheet description cannot be used: {reason}.", hint="Export the sheet again, with its JSON data."
    )
