"""Sprites as frames of one moving picture: GIF, APNG and lossless WebP, each exact.

What the formats and Pillow do that surprises: GIF keeps neither half-transparent pixels nor more than
255 colours in a frame, and is exact only if every frame clears the one before (disposal 2); Pillow
merges equal neighbouring frames and adds their durations, so a timeline is compared after the same
merging on both sides; WebP forgets the colour of invisible pixels.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from PIL import Image, ImageSequence, PngImagePlugin

from lunar_studio.core.arrays import U8
from lunar_studio.errors import ExportError

Kind = Literal["GIF", "PNG", "WEBP"]

Timeline = tuple[tuple[U8, int], ...]
"""Pictures, uint8 (height, width, 4), and how long each shows, in milliseconds."""

XMP_KEYWORD = "XML:com.adobe.xmp"
"""The PNG keyword of an XMP packet."""

MAX_GIF_COLOURS = 255
"""One of the 256 places of a palette means "transparent"."""


MAX_DURATION_MS = 65535
"""APNG counts milliseconds in 16 bits."""


def encode(timeline: Timeline, kind: Kind, metadata: Mapping[str, str] | None = None) -> bytes:
    """A moving picture that plays for ever.

    Args:
        timeline: At least one picture; all of one size.
        kind: The container; `PNG` means APNG.
        metadata: Texts to keep, by PNG keyword. GIF keeps them as its comment, WebP keeps the XMP packet only.

    Raises:
        ExportError: Frames differ in size, or GIF cannot hold them exactly.
    """
    if len({picture_HWC.shape for picture_HWC, _ in timeline}) > 1:
        raise ExportError(
            "Frames of one animation must have one size, but these differ.",
            hint="Choose sprites of the same size, or export a sheet.",
        )
    durations = [duration_ms for _, duration_ms in timeline]
    if any(duration_ms > MAX_DURATION_MS for _, duration_ms in merged(timeline)):
        raise ExportError(
            f"One picture would stand still for more than {MAX_DURATION_MS // 1000} seconds.",
            hint="Choose a shorter duration, or leave sprites out that look the same as the one before.",
        )
    if kind == "GIF" and any(duration_ms % 10 for duration_ms in durations):
        raise ExportError(
            "GIF counts time in hundredths of a second.",
            hint="Choose durations that end in 0, such as 100 ms, or export APNG or WebP.",
        )
    texts = dict(metadata or {})
    chunks = PngImagePlugin.PngInfo()
    for keyword, text in texts.items():
        chunks.add_itxt(keyword, text)
    xmp = texts.pop(XMP_KEYWORD, "").encode()
    comment = "; ".join(f"{keyword}: {text}" for keyword, text in texts.items()).encode()
    options: dict[Kind, dict[str, Any]] = {
        "GIF": {"disposal": 2, "optimize": False, "comment": comment},
        "PNG": {"disposal": 0, "blend": 0, "pnginfo": chunks},
        "WEBP": {"lossless": True, "method": 4, "xmp": xmp},
    }
    first, *others = [
        _indexed(picture_HWC) if kind == "GIF" else Image.fromarray(picture_HWC, "RGBA") for picture_HWC, _ in timeline
    ]
    buffer = io.BytesIO()
    first.save(buffer, kind, save_all=True, append_images=others, duration=durations, loop=0, **options[kind])
    return buffer.getvalue()


def decode(data: bytes, kind: Kind) -> Timeline:
    """The timeline of a picture that `encode` wrote; equal neighbours are one frame."""
    frames = []
    with Image.open(io.BytesIO(data), formats=(kind,)) as image:
        for frame in ImageSequence.Iterator(image):
            picture_HWC = np.asarray(frame.convert("RGBA"))
            frames.append((picture_HWC, round(frame.info.get("duration", 0))))
    return merged(frames)


def merged(frames: Sequence[tuple[U8, int]]) -> Timeline:
    """The same timeline with equal neighbours as one frame, and colour under alpha 0 set to zero."""
    found: list[tuple[U8, int]] = []
    for picture_HWC, duration_ms in frames:
        visible_HWC = np.where(picture_HWC[..., 3:] > 0, picture_HWC, np.uint8(0))
        if found and np.array_equal(found[-1][0], visible_HWC):
            found[-1] = (visible_HWC, found[-1][1] + duration_ms)
        else:
            found.append((visible_HWC, duration_ms))
    return tuple(found)


def _indexed(picture_HWC: U8) -> Image.Image:
    """A palette picture whose entry 0 is transparent."""
    alpha_HW = picture_HWC[..., 3]
    if ((alpha_HW > 0) & (alpha_HW < 255)).any():
        raise ExportError(
            "GIF cannot show half-transparent pixels, and this art has some.",
            hint="Export APNG or WebP, or make those pixels solid.",
        )
    is_visible_HW = alpha_HW > 0
    colours_NC, index_N = np.unique(picture_HWC[is_visible_HW][:, :3], axis=0, return_inverse=True)
    if len(colours_NC) > MAX_GIF_COLOURS:
        raise ExportError(
            f"A frame has {len(colours_NC)} colours; a GIF holds at most {MAX_GIF_COLOURS} in one.",
            hint="Export APNG or WebP, or reduce the palette first.",
        )
    index_HW = np.zeros(alpha_HW.shape, np.uint8)
    index_HW[is_visible_HW] = index_N.reshape(-1) + 1
    indexed = Image.fromarray(index_HW, "P")
    indexed.putpalette(bytes(3) + colours_NC.tobytes())
    indexed.info["transparency"] = 0
    return indexed
