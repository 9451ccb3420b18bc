"""Cut a sheet into sprites: by given cells with margin and spacing, or by cells looked for in the sheet.

Cells begin at the margin and repeat every cell + spacing; as many are cut as fit whole. Looking for them is in
`pixels.sheet_grid`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from lunar_studio.core.arrays import U8
from lunar_studio.core.sprite import Sprite
from lunar_studio.errors import DatasetError
from lunar_studio.pixels.sheet_grid import ground_of, ink, look_for_axes

MAX_CELLS = 16_384
MAX_CELL_PX = 4096

_HINT = "Write auto, or a size such as 32x32, with margin and spacing if there are any: 16x16,margin=1,spacing=2."
_SIZE = re.compile(r"\s*(\d{1,4})\s*[xX×]\s*(\d{1,4})\s*")
_PART = re.compile(r"\s*(margin|spacing)\s*=\s*(\d{1,4})(?:\s*[xX×]\s*(\d{1,4}))?\s*")


@dataclass(frozen=True, slots=True)
class SliceSpec:
    """How to cut sheets; all in pixels.

    Attributes:
        width: Of a cell; 0 looks for it, and for everything else, in each sheet.
        height: Of a cell; 0 as for the width.
        margin_x: Columns before the first cell.
        margin_y: Rows above the first cell.
        spacing_x: Columns between two cells.
        spacing_y: Rows between two cells.
    """

    width: int = 0
    height: int = 0
    margin_x: int = 0
    margin_y: int = 0
    spacing_x: int = 0
    spacing_y: int = 0

    @classmethod
    def parse(cls, text: str) -> SliceSpec:
        """Read `auto`, `WxH`, or `WxH,margin=M,spacing=S`; margin and spacing may differ across and down: `margin=2x0`.

        Raises:
            DatasetError: It is none of these.
        """
        if text.strip().lower() == "auto":
            return cls()
        size, *parts = text.split(",")
        match = _SIZE.fullmatch(size)
        if match is None or len(parts) > 2 or not all(1 <= int(side) <= MAX_CELL_PX for side in match.groups()):
            raise _no_way(text)
        values = {"margin": (0, 0), "spacing": (0, 0)}
        for part in parts:
            named = _PART.fullmatch(part)
            if named is None:
                raise _no_way(text)
            across = int(named[2])
            values[named[1]] = across, int(named[3]) if named[3] else across
            if max(values[named[1]]) > MAX_CELL_PX:
                raise _no_way(text)
        return cls(int(match[1]), int(match[2]), *values["margin"], *values["spacing"])

    def __str__(self) -> str:
        if not self.width:
            return "auto"
        text = f"{self.width}x{self.height}"
        for name, across, down in (
            ("margin", self.margin_x, self.margin_y),
            ("spacing", self.spacing_x, self.spacing_y),
        ):
            if across or down:
                text += f",{name}={across}" + ("" if across == down else f"x{down}")
        return text

    def counts(self, width: int, height: int) -> tuple[int, int]:
        """Columns and rows of whole cells in a sheet of that size."""
        across = (width - self.margin_x + self.spacing_x) // (self.width + self.spacing_x)
        down = (height - self.margin_y + self.spacing_y) // (self.height + self.spacing_y)
        return max(0, across), max(0, down)

    def cells(self, width: int, height: int) -> tuple[tuple[int, int], ...]:
        """Left and top of each whole cell in a sheet of that size, row by row."""
        columns, rows = self.counts(width, height)
        return tuple(
            (
                self.margin_x + column * (self.width + self.spacing_x),
                self.margin_y + row * (self.height + self.spacing_y),
            )
            for row in range(rows)
            for column in range(columns)
        )


def _no_way(text: str) -> DatasetError:
    return DatasetError(f"“{text[:40]}” is no way to cut a sheet.", hint=_HINT)


def find_cut(sheet: Sprite) -> SliceSpec:
    """How a sheet seems to be laid out; one cell of the whole picture where no grid shows."""
    across, down = look_for_axes(sheet)
    return SliceSpec(across.size, down.size, across.margin, down.margin, across.spacing, down.spacing)


def cell_size(sheet: Sprite) -> tuple[int, int]:
    """Width and height of a sheet's cells, as `find_cut` finds them."""
    cut = find_cut(sheet)
    return cut.width, cut.height


def slice_sheet(sheet: Sprite, spec: SliceSpec) -> tuple[Sprite, ...]:
    """The cells of a sheet, row by row, without the empty ones; each is named by its place, from 1.

    With `auto`, a picture that shows no grid is one sprite. A single cell that is the whole sheet is returned as it is.

    Raises:
        DatasetError: Something visible lies beyond the cells, no cell fits, or there are too many.
    """
    cut = spec if spec.width else find_cut(sheet)
    columns, rows = cut.counts(sheet.width, sheet.height)
    if not columns or not rows or not _covers(sheet, cut):
        raise DatasetError(
            f"“{sheet.name}” is {sheet.width} × {sheet.height} pixels, which cannot be cut into {words(cut)}.",
            hint="Choose a cell size that divides the sheet, or say how wide its margin and spacing are.",
        )
    if columns * rows > MAX_CELLS:
        raise DatasetError(
            f"“{sheet.name}” would be cut into {columns * rows:,} cells.", hint=f"At most {MAX_CELLS:,} are allowed."
        )
    if (cut.width, cut.height) == (sheet.width, sheet.height):
        return (sheet,)
    found = []
    for number, (left, top) in enumerate(cut.cells(sheet.width, sheet.height), start=1):
        cell_HWC = sheet.rgba_HWC[top : top + cut.height, left : left + cut.width]
        if not is_empty(sheet, cell_HWC, cut):
            found.append(Sprite(cell_HWC, f"{sheet.name}_{number}"))
    return tuple(found)


def is_empty(sheet: Sprite, cell_HWC: U8, cut: SliceSpec) -> bool:
    """Whether a cell holds nothing: all transparent, or the plain colour between the cells of an opaque sheet."""
    if not cell_HWC[..., 3].any():
        return True
    has_gaps = bool(cut.margin_x or cut.margin_y or cut.spacing_x or cut.spacing_y)
    if not has_gaps or (ground := ground_of(sheet)) is None:
        return False
    return bool((cell_HWC == np.array(ground, np.uint8)).all())


def words(cut: SliceSpec) -> str:
    """A cut for people: `16 × 16 with margin 1 and spacing 2`."""
    told = f"{cut.width} × {cut.height}"
    parts = [
        f"{name} {across}" if across == down else f"{name} {across} × {down}"
        for name, across, down in (
            ("margin", cut.margin_x, cut.margin_y),
            ("spacing", cut.spacing_x, cut.spacing_y),
        )
        if across or down
    ]
    return f"{told} with {' and '.join(parts)}" if parts else told


def _covers(sheet: Sprite, cut: SliceSpec) -> bool:
    """Whether nothing visible lies right of or below the last cell; what lies before the first is margin by choice."""
    columns, rows = cut.counts(sheet.width, sheet.height)
    right = cut.margin_x + columns * (cut.width + cut.spacing_x) - cut.spacing_x
    bottom = cut.margin_y + rows * (cut.height + cut.spacing_y) - cut.spacing_y
    # As much as the margin is taken for margin, whatever is painted there.
    left_over_x, left_over_y = sheet.width - right > cut.margin_x, sheet.height - bottom > cut.margin_y
    if not left_over_x and not left_over_y:
        return True
    ink_HW = ink(sheet)
    return not (left_over_x and ink_HW[:, right:].any()) and not (left_over_y and ink_HW[bottom:].any())
