"""Aseprite files: every frame as Aseprite flattens it; whatever is damaged or too large is refused with a reason."""

from __future__ import annotations

import struct
import time
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lunar_studio.core.arrays import U8
from lunar_studio.pixels.files import MAX_SIDE_PX, PictureRefused, read_sprites
from lunar_studio.pixels.layer_blending import BLENDS, over
from tests.pixels.drawn import blob
from tests.pixels.made_aseprite import (
    aseprite,
    cel,
    chunk,
    layer,
    linked,
    old_palette,
    palette,
    tiles,
    tileset,
)


def filled(colour: tuple[int, int, int, int], width: int = 4, height: int = 4) -> U8:
    return np.full((height, width, 4), colour, np.uint8)


def pixels_of(data: bytes) -> list[U8]:
    return [sprite.rgba_HWC for sprite in read_sprites(data, name="walk")]


@pytest.mark.parametrize("packed", [True, False])
def test_every_frame_comes_with_its_exact_pixels(packed: bool) -> None:
    art = [blob(seed, 16).rgba_HWC for seed in range(3)]
    frames = [[layer(), cel(0, art[0], packed=packed)], [cel(0, art[1], packed=packed)], [cel(0, art[2])]]
    sprites = read_sprites(aseprite(16, 16, frames), name="walk")
    assert [sprite.name for sprite in sprites] == ["walk_1", "walk_2", "walk_3"]
    assert all(np.array_equal(sprite.rgba_HWC, one) for sprite, one in zip(sprites, art, strict=True))


def test_a_linked_picture_is_the_one_it_refers_to() -> None:
    art = blob(1, 8).rgba_HWC
    first, second = pixels_of(aseprite(10, 10, [[layer(), cel(0, art, x=2, y=1)], [linked(0, 0)]]))
    assert np.array_equal(first, second)
    assert np.array_equal(first[1:9, 2:10], art)
    with pytest.raises(PictureRefused, match="refers to one"):
        read_sprites(aseprite(8, 8, [[layer(), linked(0, 0)]]))


def test_layers_lie_over_each_other_in_order_of_z() -> None:
    red, blue = (200, 0, 0, 255), (0, 0, 200, 255)
    below = [layer(), layer(), cel(0, filled(red)), cel(1, filled(blue))]
    assert pixels_of(aseprite(4, 4, [below]))[0][0, 0].tolist() == list(blue)
    raised = [layer(), layer(), cel(0, filled(red), z=2), cel(1, filled(blue))]
    assert pixels_of(aseprite(4, 4, [raised]))[0][0, 0].tolist() == list(red)


def test_hidden_layers_groups_and_reference_pictures_are_not_shown() -> None:
    red = filled((200, 0, 0, 255))
    for first in (layer(flags=0), layer(flags=1 | 64)):
        assert not pixels_of(aseprite(4, 4, [[first, cel(0, red)]]))[0].any()
    inside = [layer(flags=0, kind=1), layer(level=1), layer(), cel(1, red), cel(2, red, x=2)]
    shown = pixels_of(aseprite(4, 4, [inside]))[0][0]
    assert shown[:, 3].tolist() == [0, 0, 255, 255]


def test_opacities_of_layer_and_picture_multiply() -> None:
    data = aseprite(4, 4, [[layer(opacity=128), cel(0, filled((10, 20, 30, 255)), opacity=128)]])
    assert pixels_of(data)[0][0, 0].tolist() == [10, 20, 30, 64]


def test_pictures_reach_beyond_the_canvas() -> None:
    art = blob(3, 16).rgba_HWC
    shown = pixels_of(aseprite(8, 8, [[layer(), cel(0, art, x=-4, y=-3)]]))[0]
    assert np.array_equal(shown, art[3:11, 4:12])
    assert not pixels_of(aseprite(8, 8, [[layer(), cel(0, art, x=100, y=-900)]]))[0].any()


def test_indexed_pictures_take_their_colours_from_the_palette() -> None:
    index = np.array([[0, 1], [2, 0]], np.uint8)[..., None]
    colours = [(9, 9, 9, 255), (255, 0, 0, 255), (0, 255, 0, 128)]
    for chunks in ([palette(colours)], [palette(colours, name=b"skin")]):
        shown = pixels_of(aseprite(2, 2, [[*chunks, layer(), cel(0, index)]], depth=8))[0]
        assert shown.reshape(-1, 4).tolist() == [[0] * 4, [255, 0, 0, 255], [0, 255, 0, 128], [0] * 4]
    background = aseprite(2, 2, [[palette(colours), layer(flags=1 | 8), cel(0, index)]], depth=8)
    assert pixels_of(background)[0][0, 0].tolist() == [9, 9, 9, 255]
    old = aseprite(2, 2, [[old_palette([(1, 1, 1), (2, 3, 4)]), layer(), cel(0, index % 2)]], depth=8, transparent=5)
    assert pixels_of(old)[0][0].tolist() == [[1, 1, 1, 255], [2, 3, 4, 255]]


def test_grey_pictures() -> None:
    grey = np.array([[[7, 255], [200, 40]]], np.uint8)
    assert pixels_of(aseprite(2, 1, [[layer(), cel(0, grey)]], depth=16))[0].tolist() == [
        [[7, 7, 7, 255], [200, 200, 200, 40]]
    ]


def test_tiles_are_laid_turned_and_mirrored() -> None:
    empty, art = np.zeros((4, 4, 4), np.uint8), blob(2, 4).rgba_HWC
    cells = [[1, 1 | 0x20000000], [1 | 0x40000000, 1 | 0x80000000], [0, 1]]
    chunks = [tileset(3, np.stack([empty, art])), layer(kind=2, tileset=3), tiles(0, cells)]
    shown = pixels_of(aseprite(8, 12, [chunks]))[0]
    assert np.array_equal(shown[:4, :4], art)
    assert np.array_equal(shown[:4, 4:], art[:, ::-1])
    assert np.array_equal(shown[4:8, :4], art[::-1])
    assert np.array_equal(shown[4:8, 4:], art.transpose(1, 0, 2))
    assert not shown[8:, :4].any()
    with pytest.raises(PictureRefused, match="tile that is not there"):
        read_sprites(aseprite(8, 8, [[chunks[0], chunks[1], tiles(0, [[2]])]]))
    with pytest.raises(PictureRefused, match="not in the file"):
        read_sprites(aseprite(8, 8, [[chunks[1], tiles(0, [[1]])]]))


def test_blend_modes_do_what_they_are_called() -> None:
    below, above = filled((100, 200, 50, 255), 1, 1), filled((200, 100, 60, 255), 1, 1)
    expected = {
        0: [200, 100, 60],
        1: [78, 78, 12],
        2: [222, 222, 98],
        4: [100, 100, 50],
        5: [200, 200, 60],
        10: [100, 100, 10],
        16: [255, 255, 110],
        17: [0, 100, 0],
    }
    for mode, colour in expected.items():
        assert over(below, above, BLENDS[mode])[0, 0].tolist() == [*colour, 255], mode
    with pytest.raises(PictureRefused, match="flatten it"):
        read_sprites(aseprite(4, 4, [[layer(blend=12), cel(0, below)]]))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(BLENDS)), st.integers(0, 2**32 - 1), st.integers(0, 255))
def test_blending_has_its_laws(mode: int, seed: int, opacity: int) -> None:
    rng = np.random.default_rng(seed)
    below, above = rng.integers(0, 256, (2, 5, 7, 4)).astype(np.uint8)
    made = over(below, above, BLENDS[mode], (opacity, 255))
    assert (made[..., 3] >= below[..., 3]).all(), "a layer never takes cover away"
    assert not made[made[..., 3] == 0].any()
    assert np.array_equal(over(below, above, BLENDS[mode], (0, 255))[below[..., 3] > 0], below[below[..., 3] > 0])
    nothing = np.zeros_like(below)
    assert np.array_equal(over(nothing, above, BLENDS[mode])[above[..., 3] > 0], above[above[..., 3] > 0])


# ---- hostile -------------------------------------------------------------------------------------


def _whole() -> bytes:
    art = blob(1, 16).rgba_HWC
    return aseprite(
        16,
        16,
        [[palette([(1, 2, 3, 4)] * 8, name=b"n"), layer(), layer(), cel(0, art), cel(1, art, x=3)], [linked(0, 0)]],
    )


@settings(max_examples=400, deadline=2000)
@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=8), st.integers(0, 3000))
def test_damaged_files_are_read_or_refused(changes: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(_whole())
    for at, value in changes:
        data[at % len(data)] = value
    if cut < len(data):
        del data[len(data) - cut // 4 :]
    with suppress(PictureRefused):
        sprites = read_sprites(bytes(data), name="damaged")
        assert all(max(sprite.width, sprite.height) <= MAX_SIDE_PX for sprite in sprites)


@pytest.mark.parametrize("cut", [5, 20, 100, 127, 128, 140, 200, 300])
def test_a_file_cut_short_is_refused(cut: int) -> None:
    with pytest.raises(PictureRefused):
        read_sprites(_whole()[:cut], name="cut")


def test_bombs_are_refused_before_they_go_off() -> None:
    one = np.zeros((1, 1, 4), np.uint8)
    big = struct.pack("<HH", 8000, 8000) + b"x\x9c"
    bombs = [
        aseprite(60_000, 60_000, [[layer()]]),
        aseprite(4000, 4000, [[layer()]] + [[]] * 1000),
        aseprite(8, 8, [[layer()]] + [[]] * 2000),
        aseprite(8, 8, [[layer()] * 5000]),
        aseprite(8, 8, [[layer(), chunk(0x2005, struct.pack("<HhhBHh5x", 0, 0, 0, 255, 2, 0) + big)]]),
        aseprite(8, 8, [[layer(), cel(7, one)]]),
        aseprite(8, 8, [[layer(), cel(0, np.zeros((0, 0, 4), np.uint8))]]),
    ]
    began_s = time.perf_counter()
    for data in bombs:
        with pytest.raises(PictureRefused) as caught:
            read_sprites(data, name="bomb")
        assert caught.value.hint
    assert time.perf_counter() - began_s < 20


def test_a_small_file_cannot_ask_for_endless_work() -> None:
    """Each linked picture is cheap to write and dear to draw."""
    art = np.zeros((4000, 4000, 4), np.uint8)
    frames = [[layer(), cel(0, art)], *([linked(0, 0)] for _ in range(300))]
    with pytest.raises(PictureRefused, match="far too many pixels"):
        read_sprites(aseprite(8, 8, frames), name="links")
