"""Sheets: cells by a given size or by looking, empty ones left out."""

from __future__ import annotations

import numpy as np
import pytest

from lunar_studio.core.sprite import Sprite
from lunar_studio.errors import DatasetError
from lunar_studio.pixels.slicing import SliceSpec, cell_size, slice_sheet
from tests.pixels.drawn import blob, texture


def _sheet(columns: int, rows: int, size: int, *, empty: int | None = None) -> Sprite:
    cells = [blob(number, size).rgba_HWC for number in range(columns * rows)]
    if empty is not None:
        cells[empty] = np.zeros_like(cells[empty])
    lines = [np.hstack(cells[row * columns : (row + 1) * columns]) for row in range(rows)]
    return Sprite(np.vstack(lines), "sheet")


def test_a_given_size_cuts_row_by_row() -> None:
    cells = slice_sheet(_sheet(4, 3, 16, empty=5), SliceSpec.parse("16x16"))
    assert [cell.name for cell in cells] == [f"sheet_{number}" for number in range(1, 13) if number != 6]
    assert cells[4] == blob(4, 16)


def test_cells_need_not_be_square() -> None:
    assert [(cell.width, cell.height) for cell in slice_sheet(_sheet(2, 2, 16), SliceSpec.parse("16 X 32"))] == [
        (16, 32)
    ] * 2


@pytest.mark.parametrize(("columns", "rows", "size"), [(4, 3, 32), (6, 5, 16), (5, 1, 24), (1, 3, 48)])
def test_auto_finds_the_cells(columns: int, rows: int, size: int) -> None:
    sheet = _sheet(columns, rows, size)
    assert cell_size(sheet) == (size, size)
    assert len(slice_sheet(sheet, SliceSpec.parse("auto"))) == columns * rows


def test_auto_leaves_a_single_picture_alone() -> None:
    for sprite in (blob(1, 32), texture(1, 32), blob(3, 64)):
        assert slice_sheet(sprite, SliceSpec()) == (sprite,)


@pytest.mark.parametrize("text", ["", "32", "32x", "0x8", "axb", "32x32x32", "-1x5", "9999x9999", "auto!"])
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(DatasetError):
        SliceSpec.parse(text)


def test_a_sheet_that_does_not_divide_is_refused() -> None:
    with pytest.raises(DatasetError, match="cannot be cut"):
        slice_sheet(blob(1, 32), SliceSpec(15, 15))
    with pytest.raises(DatasetError, match="cells"):
        slice_sheet(texture(1, 256), SliceSpec(1, 1))


def test_a_specification_prints_as_it_is_written() -> None:
    assert str(SliceSpec.parse("AUTO")) == "auto"
    assert str(SliceSpec.parse("8x12")) == "8x12"
