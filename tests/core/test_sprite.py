"""Sprites, palettes and their arrays: frozen, compared by pixels, honest about what is visible."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lunar_studio.core.arrays import read_only
from lunar_studio.core.palette import Palette
from lunar_studio.core.sprite import Sprite

Pixels = npt.NDArray[np.uint8]

pictures = hnp.array_shapes(min_dims=2, max_dims=2, max_side=6).flatmap(
    lambda shape: hnp.arrays(np.uint8, (*shape, 4), elements=st.sampled_from([0, 1, 254, 255]))
)


# ---- arrays --------------------------------------------------------------------------------------


def test_a_read_only_array_is_a_copy_that_nobody_can_write_to() -> None:
    source = np.zeros((2, 3), np.uint8)
    frozen = read_only(source, np.uint8)
    source[0, 0] = 9
    assert frozen[0, 0] == 0
    with pytest.raises(ValueError, match="read-only"):
        frozen[0, 0] = 1


def test_a_view_of_somebody_elses_array_is_copied() -> None:
    base = np.zeros((4, 4), np.uint8)
    view = base[:]
    view.setflags(write=False)
    frozen = read_only(view, np.uint8)
    base[0, 0] = 9
    assert frozen[0, 0] == 0


def test_a_frozen_array_is_not_copied_again() -> None:
    frozen = read_only(np.zeros(3, np.float32), np.float32)
    assert read_only(frozen, np.float32) is frozen


def test_an_array_is_made_contiguous() -> None:
    assert read_only(np.zeros((3, 4), np.uint8).T, np.uint8).flags.c_contiguous


# ---- sprites -------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 3), (0, 4, 4), (4, 0, 4), (1, 4, 4, 4)])
def test_what_is_no_picture_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="height, width, 4"):
        Sprite(np.zeros(shape, np.uint8))


def test_width_and_height() -> None:
    wide = Sprite(np.zeros((2, 5, 4), np.uint8), "wide")
    assert (wide.width, wide.height, wide.name) == (5, 2, "wide")


@given(pictures)
def test_sprites_are_compared_by_pixels_not_by_name(pixels: Pixels) -> None:
    one, other = Sprite(pixels, "one"), Sprite(pixels.copy(), "other")
    assert one == other
    assert hash(one) == hash(other)
    changed = pixels.copy()
    changed[0, 0, 0] ^= 1
    assert Sprite(changed) != one
    assert one != "one"


@given(pictures)
def test_cleaning_changes_nothing_visible(pixels: Pixels) -> None:
    sprite = Sprite(pixels, "name")
    clean = sprite.cleaned()
    visible = pixels[..., 3] > 0
    np.testing.assert_array_equal(clean.rgba_HWC[visible], pixels[visible])
    assert not clean.rgba_HWC[~visible].any()
    assert clean.name == "name"
    assert clean.cleaned() is clean


@given(pictures)
def test_a_digest_is_of_what_is_seen(pixels: Pixels) -> None:
    repainted = pixels.copy()
    repainted[pixels[..., 3] == 0, :3] = 77
    assert Sprite(pixels).digest == Sprite(repainted, "other").digest
    changed = pixels.copy()
    changed[0, 0] = (3, 3, 3, 128)
    assert Sprite(changed).digest != Sprite(pixels).digest


def test_a_digest_knows_the_size() -> None:
    assert Sprite(np.zeros((2, 3, 4), np.uint8)).digest != Sprite(np.zeros((3, 2, 4), np.uint8)).digest


def test_colours_are_counted_where_they_are_seen() -> None:
    pixels = np.zeros((1, 4, 4), np.uint8)
    pixels[0] = [(9, 9, 9, 255), (9, 9, 9, 128), (9, 9, 9, 255), (8, 8, 8, 0)]
    assert Sprite(pixels).colour_count() == 2
    assert Sprite(np.zeros((3, 3, 4), np.uint8)).colour_count() == 0


# ---- palettes ------------------------------------------------------------------------------------


def test_a_palette_keeps_its_order() -> None:
    night, moon = (10, 12, 40), (255, 220, 90)
    palette = Palette([night, moon], "night")
    assert palette.hex() == ("#0a0c28", "#ffdc5a")
    assert len(palette) == 2
    assert palette != Palette([moon, night])
    assert palette == Palette([night, moon], "another name")
    assert hash(palette) == hash(Palette([night, moon]))
    assert palette != [night, moon]


def test_an_empty_palette_is_a_palette() -> None:
    assert Palette(np.zeros((0, 3), np.uint8)).hex() == ()


@pytest.mark.parametrize("colours", [[1, 2, 3], [[1, 2]], [[1, 2, 3, 4]]])
def test_what_is_no_palette_is_refused(colours: list[object]) -> None:
    with pytest.raises(ValueError, match="colours, 3"):
        Palette(np.array(colours, np.uint8))


def test_a_palette_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        Palette([[1, 2, 3]]).rgb_NC[0, 0] = 9
