"""Palettes: order of use, reduction that is deterministic and near, mapping that leaves alpha alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lunar_studio.core.arrays import U8
from lunar_studio.core.palette import Palette
from lunar_studio.core.sprite import Sprite
from lunar_studio.pixels.oklab import to_oklab
from lunar_studio.pixels.palette import exact_palette, mapped, recoloured, reduced_palette
from tests.pixels.drawn import blob

PIXELS = arrays.arrays(np.uint8, st.tuples(st.integers(1, 8), st.integers(1, 8), st.just(4)))
COLOURS = arrays.arrays(np.uint8, st.tuples(st.integers(1, 12), st.just(3)))


def test_colours_come_in_order_of_first_use() -> None:
    row = [(9, 9, 9, 255), (1, 2, 3, 255), (7, 7, 7, 0), (9, 9, 9, 128), (0, 0, 0, 255)]
    assert exact_palette(Sprite(np.array([row], np.uint8))).hex() == ("#090909", "#010203", "#000000")


def test_a_transparent_sprite_has_no_colours() -> None:
    empty = Sprite(np.zeros((2, 2, 4), np.uint8))
    assert len(exact_palette(empty)) == 0
    assert len(reduced_palette(empty, 4)) == 0
    assert mapped(empty, Palette([[1, 2, 3]])) == empty


@settings(max_examples=60, deadline=None)
@given(PIXELS, st.integers(1, 10))
def test_a_reduced_palette_is_small_and_always_the_same(pixels: U8, colours: int) -> None:
    sprite = Sprite(pixels)
    palette = reduced_palette(sprite, colours)
    exact = exact_palette(sprite)
    assert len(palette) <= min(colours, len(exact))
    assert len(set(palette.hex())) == len(palette)
    assert palette == reduced_palette(sprite, colours)
    if len(exact) <= colours:
        assert palette == exact


def test_reduction_serves_colours_better_than_chance() -> None:
    rng = np.random.default_rng(0)
    centres = np.array([[200, 30, 40], [30, 180, 60], [40, 60, 200], [230, 220, 90]])
    noisy = centres[rng.integers(0, 4, 400)] + rng.integers(-6, 7, (400, 3))
    sprite = Sprite(np.dstack([noisy.reshape(20, 20, 3), np.full((20, 20), 255)]).astype(np.uint8))
    palette = reduced_palette(sprite, 4)
    distances = np.linalg.norm(to_oklab(centres.astype(np.uint8))[:, None] - to_oklab(palette.rgb_NC)[None], axis=2)
    assert distances.min(axis=1).max() < 0.03


@settings(max_examples=60, deadline=None)
@given(PIXELS, COLOURS)
def test_mapping_takes_the_nearest_colour_and_keeps_alpha(pixels: U8, colours: U8) -> None:
    sprite, palette = Sprite(pixels), Palette(colours)
    result = mapped(sprite, palette)
    assert np.array_equal(result.rgba_HWC[..., 3], pixels[..., 3])
    visible = pixels[..., 3] > 0
    assert np.array_equal(result.rgba_HWC[~visible], pixels[~visible])
    if visible.any():
        distances = np.linalg.norm(to_oklab(pixels[visible][:, :3])[:, None] - to_oklab(colours)[None], axis=2)
        got = np.linalg.norm(to_oklab(pixels[visible][:, :3]) - to_oklab(result.rgba_HWC[visible][:, :3]), axis=1)
        assert np.allclose(got, distances.min(axis=1), atol=1e-9)
    assert mapped(result, palette) == result


def test_recolouring_swaps_at_once() -> None:
    sprite = blob(2)
    first, second = (tuple(colour) for colour in exact_palette(sprite).rgb_NC[:2].tolist())
    swapped = recoloured(sprite, {first: second, second: first})
    assert swapped != sprite
    assert recoloured(swapped, {first: second, second: first}) == sprite
    assert recoloured(sprite, {}) == sprite


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="empty palette"):
        mapped(blob(1), Palette(np.zeros((0, 3), np.uint8)))
    with pytest.raises(ValueError, match="needs a colour"):
        reduced_palette(blob(1), 0)
    with pytest.raises(OverflowError):
        recoloured(blob(1), {(0, 0, 0): (0, 0, 300)})
