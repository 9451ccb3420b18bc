"""The distance between drawings obeys its laws, on sprites drawn by code."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lunar_studio.core.arrays import U8
from lunar_studio.pixels.likeness.distance import distance, distances, nearest
from lunar_studio.pixels.likeness.maps import structure_maps
from tests.pixels.drawings import drawing, moved, recoloured

SEEDS = st.integers(0, 2**32 - 1)
SIZES = st.sampled_from([8, 13, 16, 24, 32, 48])
STEPS = st.integers(-2, 2)
few = settings(max_examples=25, deadline=None)


@few
@given(seed=SEEDS, size=SIZES, filled=st.booleans())
def test_a_sprite_is_at_no_distance_from_itself(seed: int, size: int, filled: bool) -> None:
    sprite = drawing(seed, size, filled=filled)
    assert distance(sprite, sprite) == 0.0


@few
@given(one=SEEDS, other=SEEDS, size=SIZES, filled=st.booleans())
def test_it_is_symmetric_and_between_0_and_1(one: int, other: int, size: int, filled: bool) -> None:
    first, second = drawing(one, size, filled=filled), drawing(other, size)
    assert distance(first, second) == pytest.approx(distance(second, first), abs=1e-6)
    assert 0.0 <= distance(first, second) <= 1.0


@few
@given(seed=SEEDS, size=SIZES, filled=st.booleans(), down=STEPS, right=STEPS, flip=st.booleans())
def test_moved_mirrored_and_recoloured_copies_are_the_same_drawing(
    seed: int, size: int, filled: bool, down: int, right: int, flip: bool
) -> None:
    sprite = drawing(seed, size, filled=filled)
    copy = recoloured(moved(sprite, down, right) if not filled else sprite, seed + 1)
    assert distance(sprite, copy[:, ::-1] if flip else copy) == 0.0


@few
@given(seed=SEEDS, filled=st.booleans())
def test_a_negative_is_the_same_drawing(seed: int, filled: bool) -> None:
    sprite = drawing(seed, 24, filled=filled)
    negative = sprite.copy()
    negative[..., :3] = np.where(sprite[..., 3:] > 0, 255 - sprite[..., :3], 0)
    assert distance(sprite, negative) == 0.0


@few
@given(seed=SEEDS, down=STEPS, right=STEPS)
def test_a_tile_rolled_around_is_still_the_tile(seed: int, down: int, right: int) -> None:
    tile = drawing(seed, 32, filled=True)
    assert distance(tile, np.roll(tile, (down, right), axis=(0, 1))) == 0.0


@few
@given(seed=SEEDS, far=st.integers(-10, 10))
def test_whole_sprites_are_found_however_far_they_moved(seed: int, far: int) -> None:
    sprite = np.zeros((48, 48, 4), np.uint8)
    sprite[12:36, 12:36] = drawing(seed, 24)
    assert distance(sprite, moved(sprite, far, -far)) == 0.0


@few
@given(seed=SEEDS)
def test_the_same_drawing_in_a_larger_frame_is_at_no_distance(seed: int) -> None:
    framed = np.zeros((32, 40, 4), np.uint8)
    framed[5:29, 9:33] = drawing(seed, 24)
    assert distance(framed, drawing(seed, 24)) == 0.0


def _with_noise(sprite: U8, share: float, rng: np.random.Generator) -> U8:
    noisy = sprite.copy()
    struck = rng.random(sprite.shape[:2]) < share
    noisy[struck, :3] = rng.integers(0, 256, (int(struck.sum()), 3))
    noisy[struck, 3] = 255
    return noisy


def test_the_more_pixels_are_struck_the_further_it_is() -> None:
    rng = np.random.default_rng(5)
    means = [
        np.mean([distance(drawing(seed), _with_noise(drawing(seed), share, rng)) for seed in range(8)])
        for share in (0.0, 0.03, 0.1, 0.3)
    ]
    assert means[0] == 0.0
    assert means[0] < means[1] < means[2] < means[3] <= 1.0


def test_slight_noise_and_fewer_colours_leave_it_near_where_edges_alone_would_not() -> None:
    rng = np.random.default_rng(6)
    for seed in range(8):
        sprite = drawing(seed)
        seen = sprite[..., 3:] > 0
        jittered = sprite.copy()
        jittered[..., :3] = np.clip(sprite[..., :3].astype(int) + rng.integers(-4, 5, (32, 32, 3)), 0, 255) * seen
        assert distance(sprite, jittered) < 0.2


def test_different_drawings_are_far_apart() -> None:
    sprites = structure_maps(np.stack([drawing(seed) for seed in range(40)]))
    apart = distances(sprites, sprites)[np.triu_indices(40, 1)]
    assert np.median(apart) > 0.4
    assert apart.min() > 0.1


def test_restless_textures_are_not_alike_for_being_restless() -> None:
    rng = np.random.default_rng(7)
    noise = rng.integers(0, 256, (6, 32, 32, 4), dtype=np.uint8)
    noise[..., 3] = 255
    apart = distances(structure_maps(noise), structure_maps(noise))
    assert apart[np.triu_indices(6, 1)].min() > 0.8
    assert (np.diag(apart) == 0).all()


def test_flat_pictures_of_one_outline_are_the_same_to_it_and_empty_ones_far_from_everything() -> None:
    flat = np.full((16, 16, 4), 255, np.uint8)
    other = flat.copy()
    other[..., 1] = 30
    empty = np.zeros((16, 16, 4), np.uint8)
    assert distance(flat, other) == 0.0
    assert distance(empty, empty) == 0.0
    assert distance(empty, drawing(3, 16)) == 1.0


def test_soft_haloes_do_not_count() -> None:
    sprite = drawing(9)
    haloed = sprite.copy()
    haloed[(sprite[..., 3] == 0)] = (10, 10, 10, 20)
    assert distance(sprite, haloed) == 0.0


def test_nearest_finds_hidden_copies_first_and_agrees_with_the_distance() -> None:
    library = np.stack([drawing(seed) for seed in range(60)])
    queries = np.stack([recoloured(moved(library[index], 1, -2)[:, ::-1], index) for index in (7, 31)])
    found, apart = nearest(queries, library, 5)
    assert found[:, 0].tolist() == [7, 31]
    assert apart[:, 0].tolist() == [0.0, 0.0]
    assert found.dtype == np.int64
    assert apart.dtype == np.float32
    assert (np.diff(apart, axis=1) >= 0).all()
    for row, query in enumerate(queries):
        for index, value in zip(found[row], apart[row], strict=True):
            assert distance(query, library[index]) == pytest.approx(float(value), abs=1e-6)


def test_nearest_takes_maps_made_beforehand_and_gives_what_there_is() -> None:
    library = np.stack([drawing(seed, 16) for seed in range(3)])
    found, apart = nearest(library[1:2], structure_maps(library, 20), 9)
    assert found.shape == apart.shape == (1, 3)
    assert found[0, 0] == 1


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 3), (0, 4, 4), (300, 4, 4)])
def test_what_is_no_sprite_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="sprite"):
        distance(np.zeros(shape, np.uint8), np.zeros(shape, np.uint8))


def test_frames_that_differ_and_counts_below_one_are_refused() -> None:
    sprites = np.stack([drawing(0, 16)])
    with pytest.raises(ValueError, match="cannot be compared"):
        distances(structure_maps(sprites), structure_maps(sprites, 20))
    with pytest.raises(ValueError, match="do not fit"):
        nearest(np.stack([drawing(0, 24)]), structure_maps(sprites), 1)
    with pytest.raises(ValueError, match="cannot find 0"):
        nearest(sprites, sprites, 0)
