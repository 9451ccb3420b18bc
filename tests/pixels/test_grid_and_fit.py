"""Enlargements are found exactly; fitting always gives the size and says what it did."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from lunar_studio.core.arrays import U8
from lunar_studio.core.sprite import Sprite
from lunar_studio.pixels.fit import fit, ways
from lunar_studio.pixels.grid import MIN_TRUE_SIDE_PX, enlarged, on_grid, reduced, true_grid, upscale_factor
from tests.pixels.drawn import blob, texture

PIXELS = arrays.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(4)))


@pytest.mark.parametrize("factor", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("size", [8, 16, 32])
def test_an_enlargement_is_found_and_undone(factor: int, size: int) -> None:
    sprite = blob(size, size)
    large = enlarged(sprite, factor)
    assert upscale_factor(large) == factor
    assert reduced(large, factor) == sprite


def test_one_wrong_pixel_is_no_enlargement() -> None:
    pixels = enlarged(blob(1), 4).rgba_HWC.copy()
    pixels[61, 61] = (1, 2, 3, 255)
    assert upscale_factor(Sprite(pixels)) == 1


def test_colour_under_alpha_0_does_not_hide_an_enlargement() -> None:
    pixels = enlarged(blob(1), 2).rgba_HWC.copy()
    pixels[0, 0] = (200, 0, 0, 0)
    assert upscale_factor(Sprite(pixels)) == 2


def test_flat_art_is_not_taken_for_a_tiny_sprite() -> None:
    flat = Sprite(np.full((32, 32, 4), 255, np.uint8))
    assert upscale_factor(flat) == 1
    halves = flat.rgba_HWC.copy()
    halves[:, 16:] = (0, 0, 0, 255)
    assert upscale_factor(Sprite(halves)) == 32 // MIN_TRUE_SIDE_PX


@settings(max_examples=100, deadline=None)
@given(PIXELS, st.integers(1, 36))
def test_fitting_gives_the_size_and_a_note(pixels: U8, size: int) -> None:
    sprite = Sprite(pixels, "name")
    fitted = fit(sprite, size)
    assert (fitted.sprite.width, fitted.sprite.height) == (size, size)
    assert fitted.sprite.name == "name"
    assert bool(fitted.note) == ((sprite.width, sprite.height) != (size, size))
    # No colour appears that was not there; transparent black is the padding.
    before = {tuple(colour) for colour in pixels.reshape(-1, 4).tolist()} | {(0, 0, 0, 0)}
    assert {tuple(colour) for colour in fitted.sprite.rgba_HWC.reshape(-1, 4).tolist()} <= before


def test_each_way_of_fitting() -> None:
    sprite = blob(5)
    assert fit(sprite, 32).sprite is sprite
    small = fit(blob(5, 16), 32)
    assert np.array_equal(small.sprite.rgba_HWC[8:24, 8:24], blob(5, 16).rgba_HWC)
    assert small.note == "padded to 32 × 32"
    back = fit(enlarged(sprite, 4), 32)
    assert back.sprite == sprite
    assert "brought back to 32 × 32" in back.note
    margin = np.zeros((60, 50, 4), np.uint8)
    margin[10:42, 3:35] = sprite.rgba_HWC
    cut = fit(Sprite(margin), 32)
    assert "margin cut away" in cut.note
    assert cut.sprite.colour_count() == sprite.colour_count()
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 4), dtype=np.uint8)
    assert "detail is lost" in fit(Sprite(noise | 1), 32).note


def test_smaller_takes_the_most_frequent_colour() -> None:
    pixels = np.zeros((16, 16, 4), np.uint8)
    pixels[:] = (10, 20, 30, 255)
    pixels[::2, ::2] = (200, 0, 0, 255)
    pixels[3, 3] = (1, 1, 1, 255)
    assert (fit(Sprite(pixels), 8).sprite.rgba_HWC == (10, 20, 30, 255)).all()


def test_a_way_that_leaves_nothing_of_a_thin_line_is_not_offered() -> None:
    line = np.random.default_rng(2).integers(1, 255, (2, 640, 4)).astype(np.uint8)
    assert fit(Sprite(line), 32).sprite.is_empty, "else this test shows nothing"
    (cut,) = ways(Sprite(line), 32)
    assert (cut.way, cut.sprite.is_empty) == ("Middle, cut out", False)
    nothing = ways(Sprite(np.zeros((40, 50, 4), np.uint8)), 32)
    assert nothing[0].sprite.is_empty


def test_other_ways_of_fitting_are_offered_where_they_differ() -> None:
    assert [one.way for one in ways(blob(1), 32)] == ["As it is"]
    rng = np.random.default_rng(0)
    large = Sprite(np.concatenate([rng.integers(0, 256, (40, 48, 3)), np.full((40, 48, 1), 255)], 2).astype(np.uint8))
    whole, cut = ways(large, 32)
    assert (whole.way, cut.way) == ("Whole, smaller", "Middle, cut out")
    assert np.array_equal(cut.sprite.rgba_HWC, large.rgba_HWC[4:36, 8:40])
    small = Sprite(np.full((9, 12, 4), 255, np.uint8))
    padded, enlarged_twice = ways(small, 32)
    assert (padded.way, enlarged_twice.way) == ("Whole", "2× larger")
    assert (enlarged_twice.sprite.rgba_HWC[..., 3] > 0).sum() == 4 * 9 * 12
    assert [one.way for one in ways(Sprite(np.full((20, 20, 4), 255, np.uint8)), 32)] == ["Whole"]


@given(arrays.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(4))), st.integers(1, 40))
def test_every_way_gives_the_size_and_no_two_the_same(pixels: U8, size: int) -> None:
    found = ways(Sprite(pixels), size)
    assert all((one.sprite.width, one.sprite.height) == (size, size) for one in found)
    assert len({one.sprite.digest for one in found}) == len(found) == len({one.way for one in found})


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="size"):
        fit(blob(1), 0)
    with pytest.raises(ValueError, match="divided"):
        reduced(blob(1), 5)
    with pytest.raises(ValueError, match="factor"):
        enlarged(blob(1), 0)


# ---- grids that are not exact --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("draw", "size", "factor", "cropped"),
    [
        (blob, 16, 5.3, 0),
        (blob, 24, 5.3, 0),
        (texture, 24, 5.3, 0),
        (texture, 32, 5.3, 0),
        (blob, 24, 3.5, 1),
        (texture, 32, 3.5, 1),
    ],
)
def test_art_enlarged_by_a_fraction_comes_back(
    draw: Callable[[int, int], Sprite], size: int, factor: float, cropped: int
) -> None:
    original = draw(3, size)
    side = round(size * factor)
    large = np.array(Image.fromarray(original.rgba_HWC).resize((side, side), Image.Resampling.NEAREST))
    sprite = Sprite(large[cropped:, cropped:])
    grid = true_grid(sprite)
    assert grid is not None
    assert grid.step_x == pytest.approx(factor, rel=0.03)
    assert on_grid(sprite, grid) == original


@pytest.mark.parametrize("draw", [blob, texture])
def test_noise_over_large_pixels_is_no_hindrance(draw: Callable[[int, int], Sprite]) -> None:
    original = draw(3, 24)
    large = enlarged(original, 9).rgba_HWC.astype(int)
    noise = np.random.default_rng(1).integers(-4, 5, large.shape) * [1, 1, 1, 0]
    sprite = Sprite(np.clip(large + noise * (large[..., 3:] > 0), 0, 255).astype(np.uint8))
    assert upscale_factor(sprite) == 1
    grid = true_grid(sprite)
    assert grid is not None
    found = on_grid(sprite, grid)
    assert np.abs(found.rgba_HWC.astype(int) - original.rgba_HWC).max() <= 4


def test_art_of_true_size_has_no_other_grid() -> None:
    for seed in range(40):
        for sprite in (blob(seed, 32), texture(seed, 32), blob(seed, 64), blob(seed, 128), texture(seed, 128)):
            assert true_grid(sprite) is None, sprite.name
    frame = np.zeros((32, 32, 4), np.uint8)
    frame[2:30, 2:30] = 255
    frame[4:28, 4:28] = 0
    assert true_grid(Sprite(frame)) is None, "two lines are no grid"
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 4)).astype(np.uint8)
    for rgba in (noise, np.zeros((64, 64, 4)), np.full((64, 64, 4), 255)):
        assert true_grid(Sprite(rgba.astype(np.uint8))) is None
