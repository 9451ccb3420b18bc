"""Lay frames out on one picture: a grid, with the options that game engines ask for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lunar_studio.core.arrays import U8
from lunar_studio.core.sheet import Clip, Frame, PlacedFrame, Rect, Sheet
from lunar_studio.core.sprite import Sprite
from lunar_studio.errors import ExportError

MAX_SIDE_PX = 4096
"""Largest width and height of a sheet: what every engine and graphics card of today can load."""

MAX_FRAMES = 65536
"""Most frames of a sheet."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How frames stand on a sheet. Lengths are in pixels of the sheet, after scaling.

    Attributes:
        columns: Frames in a row; 0 makes the sheet as square as can be.
        padding_px: Empty pixels between cells.
        margin_px: Empty pixels around all.
        extrude_px: How far each frame's border is repeated outwards, against seams in engines that smooth.
        scale: Whole-number enlargement of every pixel.
        power_of_two: Round width and height of the sheet up to powers of two.
        trim: Store only the rectangle of visible pixels of each frame.
        merge_duplicates: Frames with the same pixels share one place.

    Raises:
        ValueError: A length is negative, or the scale is less than 1.
    """

    columns: int = 0
    padding_px: int = 0
    margin_px: int = 0
    extrude_px: int = 0
    scale: int = 1
    power_of_two: bool = False
    trim: bool = False
    merge_duplicates: bool = False

    def __post_init__(self) -> None:
        if min(self.columns, self.padding_px, self.margin_px, self.extrude_px) < 0 or self.scale < 1:
            raise ValueError("columns, padding, margin and extrusion are at least 0, the scale at least 1")


@dataclass(frozen=True, slots=True)
class _Piece:
    """What is stored of a frame: its pixels on the sheet, and where they stand in the whole frame."""

    rgba_HWC: U8
    source: Rect


def lay_out(frames: Sequence[Frame], layout: Layout | None = None, clips: Sequence[Clip] = ()) -> Sheet:
    """A sheet of all frames, row by row.

    Cells are of one size, that of the widest and of the highest stored frame; a frame stands at the
    top left of its cell. Pixels are copied exactly, colour under alpha 0 included.

    Raises:
        ExportError: There are no frames, too many, or the sheet would be too large.
        ValueError: Two frames have one name, or a clip names a frame that is not there.
    """
    layout = layout or Layout()
    _check(frames, clips)
    pieces = [_piece(frame.sprite, trim=layout.trim) for frame in frames]
    slots, order = _slots(pieces, merge=layout.merge_duplicates)
    extrude = layout.extrude_px
    cell_w = max(piece.rgba_HWC.shape[1] for piece in pieces) * layout.scale + 2 * extrude
    cell_h = max(piece.rgba_HWC.shape[0] for piece in pieces) * layout.scale + 2 * extrude
    columns = min(layout.columns or _square(len(order), cell_w, cell_h), len(order))
    width = _extent(columns, cell_w, layout)
    height = _extent(-(-len(order) // columns), cell_h, layout)
    if max(width, height) > MAX_SIDE_PX:
        raise ExportError(
            f"The sheet would be {width} × {height} pixels, more than {MAX_SIDE_PX} × {MAX_SIDE_PX}.",
            hint="Export fewer sprites at a time, another number of columns, or a smaller scale.",
        )
    sheet_HWC = np.zeros((height, width, 4), np.uint8)
    corners = []
    for slot, piece in enumerate(order):
        row, column = divmod(slot, columns)
        x = layout.margin_px + column * (cell_w + layout.padding_px)
        y = layout.margin_px + row * (cell_h + layout.padding_px)
        stored_HWC = np.pad(enlarged(piece.rgba_HWC, layout.scale), ((extrude,) * 2, (extrude,) * 2, (0, 0)), "edge")
        sheet_HWC[y : y + stored_HWC.shape[0], x : x + stored_HWC.shape[1]] = stored_HWC
        corners.append((x + extrude, y + extrude))
    placed = tuple(
        _placed(frame, piece, corners[slot], layout.scale)
        for frame, piece, slot in zip(frames, pieces, slots, strict=True)
    )
    return Sheet(Sprite(sheet_HWC), placed, tuple(clips))


def frame_pixels(sheet: Sheet, frame: PlacedFrame) -> U8:
    """The whole frame as it can be cut from its sheet: uint8, shape (height, width, 4)."""
    rect, source = frame.rect, frame.source
    whole_HWC = np.zeros((frame.source_size[1], frame.source_size[0], 4), np.uint8)
    stored_HWC = sheet.image.rgba_HWC[rect.y : rect.y + rect.height, rect.x : rect.x + rect.width]
    whole_HWC[source.y : source.y + source.height, source.x : source.x + source.width] = stored_HWC
    return whole_HWC


def enlarged(rgba_HWC: U8, scale: int) -> U8:
    """Every pixel `scale` pixels wide and high."""
    return rgba_HWC.repeat(scale, axis=0).repeat(scale, axis=1)


def _check(frames: Sequence[Frame], clips: Sequence[Clip]) -> None:
    if not frames:
        raise ExportError("There is nothing to export.", hint="Bookmark a sprite, or generate some, then export again.")
    if len(frames) > MAX_FRAMES:
        raise ExportError(
            f"{len(frames):,} frames are too many for one sheet; at most {MAX_FRAMES:,} fit.",
            hint="Export them in several sheets.",
        )
    if len({frame.name for frame in frames}) != len(frames):
        raise ValueError("names of frames must be unique")
    if any(not 0 <= clip.first <= clip.last < len(frames) for clip in clips):
        raise ValueError("a clip names frames that are not there")


def _piece(sprite: Sprite, *, trim: bool) -> _Piece:
    pixels_HWC = sprite.rgba_HWC
    if not trim:
        return _Piece(pixels_HWC, Rect(0, 0, sprite.width, sprite.height))
    rows, columns = np.nonzero(pixels_HWC[..., 3])
    if len(rows) == 0:  # Nothing is visible: engines want one pixel all the same.
        return _Piece(np.zeros((1, 1, 4), np.uint8), Rect(0, 0, 1, 1))
    top, left, bottom, right = int(rows.min()), int(columns.min()), int(rows.max()) + 1, int(columns.max()) + 1
    return _Piece(pixels_HWC[top:bottom, left:right], Rect(left, top, right - left, bottom - top))


def _slots(pieces: Sequence[_Piece], *, merge: bool) -> tuple[list[int], list[_Piece]]:
    """For each piece the number of its cell, and the pieces that the cells show."""
    if not merge:
        return list(range(len(pieces))), list(pieces)
    known: dict[tuple[tuple[int, ...], bytes], int] = {}
    slots: list[int] = []
    order: list[_Piece] = []
    for piece in pieces:
        key = (piece.rgba_HWC.shape, piece.rgba_HWC.tobytes())
        if key not in known:
            known[key] = len(order)
            order.append(piece)
        slots.append(known[key])
    return slots, order


def _square(count: int, cell_w: int, cell_h: int) -> int:
    """Columns that make a sheet of `count` cells as square as can be."""
    return max(math.ceil(math.sqrt(count * cell_h / cell_w)), 1)


def _extent(cells: int, cell_px: int, layout: Layout) -> int:
    extent = cells * cell_px + (cells - 1) * layout.padding_px + 2 * layout.margin_px
    return 1 << (extent - 1).bit_length() if layout.power_of_two else extent


def _placed(frame: Frame, piece: _Piece, corner: tuple[int, int], scale: int) -> PlacedFrame:
    source = piece.source
    return PlacedFrame(
        name=frame.name,
        rect=Rect(*corner, source.width * scale, source.height * scale),
        source=Rect(source.x * scale, source.y * scale, source.width * scale, source.height * scale),
        source_size=(frame.sprite.width * scale, frame.sprite.height * scale),
        duration_ms=frame.duration_ms,
    )
