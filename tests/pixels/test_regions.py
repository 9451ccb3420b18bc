"""Differences of sprites, taken apart into what hangs together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lunar_studio.core.overlay import NOTHING, Overlay
from lunar_studio.core.sprite import Sprite
from lunar_studio.pixels.regions import connected, differing, parts, patch, with_pixels

MASKS = arrays.arrays(np.bool_, st.tuples(st.integers(1, 9), st.integers(1, 9)))


@given(MASKS)
def test_areas_are_the_mask_each_pixel_once_and_apart(mask_HW: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> None:
    areas = connected(mask_HW)
    pixels = [pixel for area in areas for pixel in area]
    assert len(pixels) == len(set(pixels)) == int(mask_HW.sum())
    assert all(mask_HW[y, x] for x, y in pixels)
    assert [len(area) for area in areas] == sorted((len(area) for area in areas), reverse=True)
    for number, area in enumerate(areas):
        for other in areas[number + 1 :]:
            assert not any(abs(x - u) <= 1 and abs(y - v) <= 1 for x, y in area for u, v in other)


def test_corners_join() -> None:
    mask = np.eye(4, dtype=np.bool_)
    assert connected(mask) == (((0, 0), (1, 1), (2, 2), (3, 3)),)


@given(MASKS, st.integers(1, 12))
def test_parts_are_small_and_the_whole_mask(
    mask_HW: np.ndarray[tuple[int, int], np.dtype[np.bool_]], most: int
) -> None:
    found = parts(mask_HW, most)
    pixels = [pixel for area in found for pixel in area]
    assert sorted(pixels) == sorted(pixel for area in connected(mask_HW) for pixel in area)
    assert all(len(area) <= most for area in found)


def test_a_part_without_pixels_is_refused() -> None:
    with pytest.raises(ValueError, match="a pixel or more"):
        parts(np.ones((2, 2), np.bool_), 0)


def test_colour_under_nothing_is_no_difference() -> None:
    first, second = np.zeros((2, 2, 4), np.uint8), np.zeros((2, 2, 4), np.uint8)
    second[0, 0, 0] = 200
    second[1, 1] = 255
    assert differing(Sprite(first), Sprite(second)).tolist() == [[False, False], [False, True]]
    with pytest.raises(ValueError, match="cannot be compared"):
        differing(Sprite(first), Sprite(np.zeros((3, 2, 4), np.uint8)))


def test_a_patch_makes_one_sprite_of_the_other_and_keeps_pins() -> None:
    rng = np.random.default_rng(0)
    before, after = (Sprite(rng.integers(0, 255, (5, 6, 4), np.uint8)) for _ in range(2))
    mask = np.zeros((5, 6), np.bool_)
    mask[1, 2] = mask[4, 5] = True
    pins = Overlay.painted([(2, 1)], (1, 2, 3, 255))
    made = patch(after, mask, pins)
    assert made.over(before) == with_pixels(before, after, mask)
    assert [pixel for pixel, _, pinned in made if pinned] == [(2, 1)]
    assert not len(patch(after, mask, NOTHING).pinned)
