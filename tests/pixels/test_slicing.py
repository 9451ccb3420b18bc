"""Sheets: cells by a given size or by looking, empty ones left out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lunar_studio.core.arrays import U8
from lunar_studio.core.sprite import Sprite
from lunar_studio.errors import DatasetError
from lunar_studio.pixels.slicing import SliceSpec, cell_size, find_cut, slice_sheet
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


@pytest.mark.parametrize(
    "text",
    [
        "",
        "32",
        "32x",
        "0x8",
        "axb",
        "32x32x32",
        "-1x5",
        "9999x9999",
        "auto!",
        "8x8,margin",
        "8x8,margin=-1",
        "8x8,margin=1,spacing=1,margin=2",
        "8x8,spacing=9999",
        "8x8,gap=1",
    ],
)
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(DatasetError):
        SliceSpec.parse(text)


def test_a_sheet_that_does_not_divide_is_refused() -> None:
    with pytest.raises(DatasetError, match="cannot be cut"):
        slice_sheet(texture(1, 32), SliceSpec(15, 15))
    with pytest.raises(DatasetError, match="cannot be cut"):
        slice_sheet(blob(1, 32), SliceSpec(64, 8))
    with pytest.raises(DatasetError, match="cells"):
        slice_sheet(texture(1, 256), SliceSpec(1, 1))


def test_a_specification_prints_as_it_is_written() -> None:
    assert str(SliceSpec.parse("AUTO")) == "auto"
    assert str(SliceSpec.parse("8x12")) == "8x12"
    for text in ("8x12,margin=1", "8x12,spacing=1x2", "16x16,margin=0x3,spacing=2"):
        assert str(SliceSpec.parse(text)) == text
    assert SliceSpec.parse(" 8 X 12 , spacing = 2 ") == SliceSpec(8, 12, spacing_x=2, spacing_y=2)


# ---- margin and spacing --------------------------------------------------------------------------


def _spaced(
    cells: list[Sprite],
    columns: int,
    margin: int,
    spacing: int,
    ground: tuple[int, int, int, int],
    *,
    closed: bool = True,
) -> Sprite:
    """Cells in rows; `closed` puts the margin at the far ends too, else the spacing."""
    size = cells[0].width
    rows = -(-len(cells) // columns)
    end = margin if closed else spacing
    width, height = (margin + count * (size + spacing) - spacing + end for count in (columns, rows))
    sheet = np.empty((height, width, 4), np.uint8)
    sheet[:] = ground
    for number, cell in enumerate(cells):
        top, left = (margin + place * (size + spacing) for place in divmod(number, columns))
        sheet[top : top + size, left : left + size] = cell.rgba_HWC
    return Sprite(sheet, "sheet")


CLEAR, MAGENTA = (0, 0, 0, 0), (255, 0, 255, 255)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([16, 24, 32]),
    st.integers(2, 6),
    st.integers(2, 5),
    st.integers(0, 6),
    st.integers(0, 5),
    st.booleans(),
    st.integers(0, 99),
)
def test_tiles_with_lines_between_them_are_found(
    size: int, columns: int, rows: int, margin: int, spacing: int, closed: bool, seed: int
) -> None:
    spacing = max(spacing, 1)
    cells = [texture(seed + number, size) for number in range(columns * rows)]
    sheet = _spaced(cells, columns, margin, spacing, MAGENTA, closed=closed)
    assert find_cut(sheet) == SliceSpec(size, size, margin, margin, spacing, spacing)
    assert list(slice_sheet(sheet, SliceSpec())) == cells


@pytest.mark.parametrize(("margin", "spacing"), [(0, 0), (0, 2), (1, 1), (3, 0), (2, 4)])
@pytest.mark.parametrize("ground", [CLEAR, MAGENTA])
def test_sprites_on_a_ground_are_found_whole(margin: int, spacing: int, ground: tuple[int, int, int, int]) -> None:
    """Sprites have air round them, so margin and spacing cannot always be told from it; none may be cut."""
    cells = [blob(number, 32) for number in range(20)]
    painted = [np.where(cell.rgba_HWC[..., 3:] == 0, np.array(ground, np.uint8), cell.rgba_HWC) for cell in cells]
    sheet = _spaced([Sprite(cell) for cell in painted], 5, margin, spacing, ground)
    found = slice_sheet(sheet, SliceSpec())
    assert [_drawn(cell.rgba_HWC, ground) for cell in found] == [_drawn(cell, ground) for cell in painted]
    assert {cell.width for cell in found} == {cell.height for cell in found} <= set(range(32, 32 + spacing + 1))


def _drawn(rgba_HWC: U8, ground: tuple[int, int, int, int]) -> list[list[int]]:
    """Pixels that are not ground, row by row."""
    drawn: list[list[int]] = rgba_HWC[(rgba_HWC != np.array(ground)).any(axis=2)].tolist()
    return drawn


def test_of_layouts_that_fit_alike_the_one_of_a_common_size_is_taken() -> None:
    """Sprites of 20 with air in cells of 24: cells of 25 would fit as well, and drift along the sheet."""
    cells = [Sprite(np.pad(texture(number, 20).rgba_HWC, ((2, 2), (2, 2), (0, 0)))) for number in range(24)]
    sheet = _spaced(cells, 6, 3, 2, CLEAR)
    assert find_cut(sheet) == SliceSpec(24, 24, 3, 3, 2, 2)


def test_tiles_that_touch_are_found_by_their_seams() -> None:
    rng = np.random.default_rng(5)
    shades = [rng.integers(0, 256, 3) for _ in range(24)]
    cells = [
        np.dstack([np.clip(shade + rng.normal(0, 6, (16, 16, 3)), 0, 255), np.full((16, 16), 255)]).astype(np.uint8)
        for shade in shades
    ]
    sheet = Sprite(np.vstack([np.hstack(cells[row * 6 : row * 6 + 6]) for row in range(4)]), "tiles")
    assert find_cut(sheet) == SliceSpec(16, 16)


def test_cells_that_are_not_square_are_found() -> None:
    cells = [np.pad(blob(number, 32).rgba_HWC, ((16, 0), (0, 0), (0, 0))) for number in range(12)]
    sheet = Sprite(np.vstack([np.hstack(cells[row * 4 : row * 4 + 4]) for row in range(3)]), "walk")
    assert find_cut(sheet) == SliceSpec(32, 48)


def test_empty_cells_are_left_out_on_any_ground() -> None:
    cells = [texture(number, 16) for number in range(6)]
    for ground in (CLEAR, MAGENTA):
        sheet = _spaced(cells, 4, 1, 1, ground)
        found = slice_sheet(sheet, SliceSpec.parse("16x16,margin=1,spacing=1"))
        assert list(found) == cells
        assert [cell.name for cell in found] == [f"sheet_{number}" for number in (1, 2, 3, 4, 5, 6)]


@settings(max_examples=80, deadline=None)
@given(
    st.tuples(st.integers(1, 90), st.integers(1, 90)),
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.tuples(*(st.integers(0, 9) for _ in range(4))),
)
def test_cells_lie_within_the_sheet_and_apart(
    sheet: tuple[int, int], cell: tuple[int, int], gaps: tuple[int, int, int, int]
) -> None:
    cut = SliceSpec(*cell, *gaps)
    covered = np.zeros((sheet[1], sheet[0]), np.int64)
    cells = cut.cells(*sheet)
    for left, top in cells:
        assert 0 <= left <= sheet[0] - cell[0]
        assert 0 <= top <= sheet[1] - cell[1]
        covered[top : top + cell[1], left : left + cell[0]] += 1
    assert covered.max() <= 1
    assert covered.sum() == len(cells) * cell[0] * cell[1]
    columns, rows = cut.counts(*sheet)
    assert len(cells) == columns * rows
