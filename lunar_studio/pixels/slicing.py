"""Cut a sheet into sprites: by a given cell size, or by looking for the cell size."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from lunar_studio.core.sprite import Sprite
from lunar_studio.errors import DatasetError

MAX_CELLS = 16_384
# Tried from large to small, so that a 32-pixel sheet is not cut into 16-pixel quarters.
_COMMON_SIDES_PX = (128, 96, 64, 48, 32, 24, 16, 8)


@dataclass(frozen=True, slots=True)
class SliceSpec:
    """How to cut sheets.

    Attributes:
        width: Width of a cell in pixels; 0 looks for it in each sheet.
        height: Height of a cell in pixels; 0 looks for it in each sheet.
    """

    width: int = 0
    height: int = 0

    @classmethod
    def parse(cls, text: str) -> SliceSpec:
        """Read `auto` or `WxH`, e.g. `32x48`.

        Raises:
            DatasetError: It is neither.
        """
        if text.strip().lower() == "auto":
            return cls()
        match = re.fullmatch(r"\s*(\d{1,4})\s*[xX×]\s*(\d{1,4})\s*", text)
        if match is None or not 1 <= int(match[1]) <= 4096 or not 1 <= int(match[2]) <= 4096:
            raise DatasetError(f"“{text[:40]}” is no way to cut a sheet.", hint="Write auto, or a size such as 32x32.")
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.width}x{self.height}" if self.width else "auto"


def slice_sheet(sheet: Sprite, spec: SliceSpec) -> tuple[Sprite, ...]:
    """The cells of a sheet, row by row, without the empty ones.

    With `auto`, a picture that shows no grid is one sprite. A single cell is returned as it is.

    Raises:
        DatasetError: The sheet's size is no multiple of the cell's, or it has too many cells.
    """
    width, height = (spec.width, spec.height) if spec.width else cell_size(sheet)
    if sheet.width % width or sheet.height % height:
        raise DatasetError(
            f"“{sheet.name}” is {sheet.width} × {sheet.height} pixels, which cannot be cut into {width} × {height}.",
            hint="Choose a cell size that divides the sheet, or crop its margin first.",
        )
    columns, rows = sheet.width // width, sheet.height // height
    if columns * rows > MAX_CELLS:
        raise DatasetError(
            f"“{sheet.name}” would be cut into {columns * rows:,} cells.", hint=f"At most {MAX_CELLS:,} are allowed."
        )
    if columns * rows == 1:
        return (sheet,)
    cells_RHCWK = sheet.rgba_HWC.reshape(rows, height, columns, width, 4)
    return tuple(
        Sprite(cell_HWC, f"{sheet.name}_{row * columns + column + 1}")
        for row in range(rows)
        for column in range(columns)
        if (cell_HWC := cells_RHCWK[row, :, column])[..., 3].any()
    )


def cell_size(sheet: Sprite) -> tuple[int, int]:
    """Width and height of a sheet's cells: the largest common square whose grid lines cut through little.

    A line that cuts has visible pixels on both sides. Where a sheet is drawn edge to edge (tiles), no line is
    free; the picture is then taken as one sprite, unless it is a strip of squares.
    """
    visible_HW = sheet.rgba_HWC[..., 3] > 0
    for side in _COMMON_SIDES_PX:
        if sheet.width % side or sheet.height % side or (sheet.width == side and sheet.height == side):
            continue
        columns = np.arange(side, sheet.width, side)
        rows = np.arange(side, sheet.height, side)
        across = visible_HW[:, columns - 1] & visible_HW[:, columns]
        down = visible_HW[rows - 1] & visible_HW[rows]
        if np.concatenate([across.ravel(), down.ravel()]).mean() <= 0.02:
            return side, side
    short, long = sorted((sheet.width, sheet.height))
    if long > short >= 8 and long % short == 0:
        return short, short
    return sheet.width, sheet.height
