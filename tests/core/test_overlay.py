"""Painted pixels: exact over a sprite, sparse, and laws of putting and taking away."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.core.overlay import NOTHING, Overlay, Pixel, Rgba, places_of
from lunar_studio.core.sprite import Sprite

RED, CLEAR = (255, 0, 0, 255), (0, 0, 0, 0)
GREY = Sprite(np.full((3, 4, 4), 128, np.uint8), "grey")

_pixels = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=8)
_overlays = st.builds(
    lambda one, two: one.put(two),
    st.builds(Overlay.painted, _pixels, st.just(RED), pinned=st.booleans()),
    st.builds(Overlay.painted, _pixels, st.just(CLEAR), pinned=st.booleans()),
)


def test_painted_pixels_are_exact_and_the_others_stay() -> None:
    seen = Overlay.painted([(3, 0), (0, 2)], RED).over(GREY)
    expected = GREY.rgba_HWC.copy()
    expected[0, 3] = expected[2, 0] = RED
    np.testing.assert_array_equal(seen.rgba_HWC, expected)
    assert seen.name == "grey"


def test_pixels_outside_of_the_sprite_are_not_seen() -> None:
    assert Overlay.painted([(4, 0), (0, 3), (4000, 4000)], RED).over(GREY) is GREY


def test_pixels_can_be_taken_from_a_sprite() -> None:
    taken = Overlay.taken_from(GREY, [(0, 0), (3, 2), (4, 0), (0, -1)])
    assert list(taken) == [((0, 0), (128, 128, 128, 128), True), ((3, 2), (128, 128, 128, 128), True)]
    assert taken.over(GREY) == GREY


@given(_overlays, _overlays)
def test_what_is_put_last_is_seen(first: Overlay, second: Overlay) -> None:
    both = first.put(second)
    seen = {pixel: (rgba, pinned) for pixel, rgba, pinned in first}
    seen |= {pixel: (rgba, pinned) for pixel, rgba, pinned in second}
    assert {pixel: (rgba, pinned) for pixel, rgba, pinned in both} == seen
    assert both.over(GREY) == second.over(first.over(GREY))


@given(_overlays, _pixels)
def test_taking_away_and_keeping_part_an_overlay(overlay: Overlay, pixels: list[Pixel]) -> None:
    places = places_of(pixels)
    kept, left = overlay.among(places), overlay.without(places)
    assert left.put(kept) == overlay
    assert {pixel for pixel, _, _ in kept} == {pixel for pixel, _, _ in overlay} & set(pixels)


@given(_overlays)
def test_pinned_ones_are_those_that_are(overlay: Overlay) -> None:
    assert list(overlay.pinned) == [entry for entry in overlay if entry[2]]
    assert len(overlay.with_pins(False).pinned) == 0
    assert overlay.with_pins(True).pinned == overlay.with_pins(True)


@given(_overlays)
def test_the_mask_is_where_the_pixels_are(overlay: Overlay) -> None:
    mask = overlay.mask(4, 3)
    assert {(int(x), int(y)) for y, x in np.argwhere(mask)} == {p for p, _, _ in overlay if p[0] < 4 and p[1] < 3}


@given(_overlays, _overlays)
def test_equal_overlays_have_equal_hashes(first: Overlay, second: Overlay) -> None:
    again = Overlay(first.places_N.copy(), first.rgba_N4.copy(), first.pinned_N.copy())
    assert again == first
    assert hash(again) == hash(first)
    assert (first == second) == (list(first) == list(second))


def test_an_overlay_cannot_be_changed() -> None:
    overlay = Overlay.painted([(1, 1)], RED)
    with pytest.raises(ValueError, match="read-only"):
        overlay.rgba_N4[0] = 0


@pytest.mark.parametrize(
    ("places", "colours"),
    [([2, 1], [RED, RED]), ([1, 1], [RED, RED]), ([-1], [RED]), ([4096 * 4096], [RED]), ([1, 2], [RED])],
)
def test_arrays_that_make_no_sense_are_refused(places: list[int], colours: list[Rgba]) -> None:
    with pytest.raises(ValueError, match=r"sorted|a colour for each"):
        Overlay(places, colours)


@pytest.mark.parametrize("pixel", [(-1, 0), (0, -1), (4096, 0), (0, 4096), (2**40, 0)])
def test_pixels_that_no_picture_has_are_refused(pixel: Pixel) -> None:
    with pytest.raises(ValueError, match="outside"):
        Overlay.painted([pixel], RED)


def test_a_colour_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="no colour"):
        Overlay.painted([(0, 0)], (256, 0, 0, 255))


def test_nothing_is_nothing() -> None:
    assert len(NOTHING) == 0
    assert NOTHING.over(GREY) is GREY
    assert NOTHING.put(NOTHING) == NOTHING
