"""Lines without gaps, and areas of one colour."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.core.overlay import Pixel
from lunar_studio.core.sprite import Sprite
from lunar_studio.pixels.strokes import line, on_sprite, same_colour

_pixel = st.tuples(st.integers(-20, 20), st.integers(-20, 20))


@given(_pixel, _pixel)
def test_a_line_has_both_ends_and_no_gap(start: Pixel, end: Pixel) -> None:
    drawn = line(start, end)
    assert (drawn[0], drawn[-1]) == (start, end)
    assert len(set(drawn)) == len(drawn) == max(abs(start[0] - end[0]), abs(start[1] - end[1])) + 1
    assert all(max(abs(x - u), abs(y - v)) == 1 for (x, y), (u, v) in pairwise(drawn))


@given(_pixel, _pixel)
def test_a_line_stays_within_half_a_pixel_of_the_true_one(start: Pixel, end: Pixel) -> None:
    (x0, y0), (x1, y1) = start, end
    length = max(abs(x1 - x0), abs(y1 - y0))
    for x, y in line(start, end):
        off = abs((x - x0) * (y1 - y0) - (y - y0) * (x1 - x0))
        assert off <= 0.5 * length + 1e-9


@given(st.lists(_pixel), st.integers(1, 9), st.integers(1, 9))
def test_pixels_off_the_sprite_go_or_come_round(pixels: list[Pixel], width: int, height: int) -> None:
    inside = {(x, y) for x in range(width) for y in range(height)}
    assert set(on_sprite(pixels, width, height)) == set(pixels) & inside
    wrapped = on_sprite(pixels, width, height, wraps=True)
    assert set(wrapped) == {(x % width, y % height) for x, y in pixels}
    assert len(set(wrapped)) == len(wrapped)


def drawn(*rows: str) -> Sprite:
    """A sprite of letters: each its own colour, a dot is transparent."""
    rgba = np.zeros((len(rows), len(rows[0]), 4), np.uint8)
    for y, row in enumerate(rows):
        for x, letter in enumerate(row):
            rgba[y, x] = (0, 0, 0, 0) if letter == "." else (ord(letter), 1, 2, 255)
    return Sprite(rgba)


def test_an_area_ends_where_another_colour_begins() -> None:
    sprite = drawn("aab", "aba", "baa")
    assert set(same_colour(sprite, (0, 0))) == {(0, 0), (1, 0), (0, 1)}
    assert set(same_colour(sprite, (2, 2))) == {(2, 2), (2, 1), (1, 2)}, "corners do not join"
    assert len(same_colour(sprite, (0, 0), everywhere=True)) == 6


def test_all_transparent_pixels_are_alike() -> None:
    rgba = drawn("..", "a.").rgba_HWC.copy()
    rgba[0, 0, :3] = 77
    assert set(same_colour(Sprite(rgba), (1, 1))) == {(0, 0), (1, 0), (1, 1)}


@given(st.integers(0, 2**12 - 1), st.integers(0, 3), st.integers(0, 2))
def test_an_area_is_whole_and_of_one_colour(bits: int, x: int, y: int) -> None:
    cells = np.array([(bits >> index) & 1 for index in range(12)]).reshape(3, 4)
    sprite = drawn(*("".join("ab"[cell] for cell in row) for row in cells))
    area = set(same_colour(sprite, (x, y)))
    assert (x, y) in area
    for column, row in area:
        assert cells[row, column] == cells[y, x]
        for near in ((column + 1, row), (column - 1, row), (column, row + 1), (column, row - 1)):
            if 0 <= near[0] < 4 and 0 <= near[1] < 3 and cells[near[1], near[0]] == cells[y, x]:
                assert near in area


def test_a_pixel_off_the_sprite_has_no_area() -> None:
    with pytest.raises(ValueError, match="outside"):
        same_colour(drawn("a"), (1, 0))
