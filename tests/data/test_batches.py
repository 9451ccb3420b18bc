"""Batches: pure functions of seed and step, drawn by weight; augmentation loses nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lunar_studio.core.arrays import U8
from lunar_studio.data.batches import Drawing, _drawings, augment, batch_indices, vary
from tests.pixels.drawn import blob, texture


def test_the_same_step_gives_the_same_batch_whatever_came_before() -> None:
    weights = np.ones(100) / 100
    batches = [batch_indices(weights, seed=1, step=step, batch_size=16) for step in range(5)]
    assert np.array_equal(batches[3], batch_indices(weights, seed=1, step=3, batch_size=16))
    assert not np.array_equal(batches[3], batches[4])
    assert not np.array_equal(batches[3], batch_indices(weights, seed=2, step=3, batch_size=16))


def test_a_batch_repeats_nothing_and_draws_by_weight() -> None:
    weights = np.array([4.0, 1.0, 1.0, 0.0, 1.0, 1.0])
    counts = np.zeros(6)
    for step in range(600):
        batch = batch_indices(weights, seed=0, step=step, batch_size=2)
        assert len(set(batch.tolist())) == 2
        counts[batch] += 1
    assert counts[3] == 0
    assert counts[0] > 2.0 * counts[1]


def test_a_batch_larger_than_the_set_repeats() -> None:
    assert len(batch_indices(np.array([1.0, 0.0, 2.0]), seed=0, step=0, batch_size=9)) == 9
    with pytest.raises(ValueError, match="nothing"):
        batch_indices(np.zeros(3), seed=0, step=0, batch_size=1)


def test_the_first_place_goes_by_weight_and_the_second_by_what_is_left() -> None:
    weights = np.array([8.0, 1.0, 1.0])
    drawing = Drawing(weights)
    pairs = np.array([drawing.draw(seed=3, step=step, batch_size=2) for step in range(4000)])
    assert (pairs[:, 0] == 0).mean() == pytest.approx(0.8, abs=0.02)
    # P(0 second) = 2 * 0.1 * 8/9; the rest of second places is shared by the two light ones.
    assert (pairs[:, 1] == 0).mean() == pytest.approx(2 * 0.1 * 8 / 9, abs=0.02)
    assert (pairs[:, 1] == 1).mean() == pytest.approx((pairs[:, 1] == 2).mean(), abs=0.04)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from([0.0, 1e-300, 1e-12, 0.5, 1.0, 1e9]), min_size=1, max_size=40).filter(any),
    st.integers(1, 50),
    st.integers(0, 1000),
)
def test_only_what_has_weight_is_drawn_and_nothing_twice(weights: list[float], batch_size: int, step: int) -> None:
    batch = batch_indices(np.array(weights), seed=1, step=step, batch_size=batch_size)
    drawable = {place for place, weight in enumerate(weights) if weight > 0}
    assert len(batch) == batch_size
    assert set(batch.tolist()) <= drawable
    assert len(set(batch.tolist())) == (batch_size if batch_size <= len(drawable) else len(set(batch.tolist())))


def test_a_step_does_not_go_through_the_whole_set() -> None:
    weights = np.ones(1_000_000)
    drawing = Drawing(weights)
    weights[:] = np.nan  # whoever went through them again would draw nothing sensible
    batch = drawing.draw(seed=0, step=0, batch_size=64)
    assert len(set(batch.tolist())) == 64
    assert batch.max() < 1_000_000


def test_the_table_follows_the_weights_and_goes_with_them() -> None:
    weights = np.array([1.0, 0.0, 0.0])
    assert batch_indices(weights, seed=0, step=0, batch_size=1).tolist() == [0]
    with pytest.raises(ValueError, match="read-only"):
        weights[:] = [0.0, 0.0, 1.0]
    base = np.array([1.0, 0.0, 0.0, 0.0])
    view = base[:3]
    assert batch_indices(view, seed=0, step=0, batch_size=1).tolist() == [0]
    base[:] = [0.0, 0.0, 1.0, 0.0]
    assert batch_indices(view, seed=0, step=0, batch_size=1).tolist() == [2], "a view may change"
    key = id(weights)
    assert key in _drawings
    del weights
    assert key not in _drawings


def _colours(sprite: U8) -> list[tuple[int, ...]]:
    """Visible pixels as a sorted list with their channels sorted: kept by every augmentation."""
    visible = sprite[sprite[..., 3] > 0]
    return sorted(tuple(sorted(pixel[:3])) for pixel in visible.tolist())


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1000), st.booleans(), st.integers(0, 20), st.floats(0, 1))
def test_augmentation_loses_no_pixel(seed: int, flip: bool, shift_px: int, recolour: float) -> None:
    rng = np.random.default_rng(seed)
    sprites = np.stack([blob(seed, 16).rgba_HWC, texture(seed, 16).rgba_HWC, np.zeros((16, 16, 4), np.uint8)])
    before = sprites.copy()
    after = augment(sprites, rng, flip=flip, shift_px=shift_px, recolour=recolour)
    assert np.array_equal(sprites, before)
    assert after.shape == sprites.shape
    assert after.dtype == np.uint8
    for one, other in zip(sprites, after, strict=True):
        assert _colours(one) == _colours(other)
    again = augment(sprites, np.random.default_rng(seed), flip=flip, shift_px=shift_px, recolour=recolour)
    assert np.array_equal(after, again)


def test_each_augmentation_happens() -> None:
    sprites = np.stack([blob(seed).rgba_HWC for seed in range(64)])
    rng = np.random.default_rng(0)
    nothing = augment(sprites, rng, flip=False, shift_px=0, recolour=0.0)
    assert np.array_equal(nothing, sprites)
    assert not np.shares_memory(nothing, sprites)
    flipped = augment(sprites, rng, flip=True, shift_px=0, recolour=0.0)
    mirrored = [np.array_equal(one[:, ::-1], other) for one, other in zip(sprites, flipped, strict=True)]
    assert 16 < sum(mirrored) < 48
    moved = augment(sprites, rng, flip=False, shift_px=1, recolour=0.0)
    assert (moved != sprites).any(axis=(1, 2, 3)).mean() > 0.5
    tinted = augment(sprites, rng, flip=False, shift_px=0, recolour=1.0)
    assert np.array_equal(tinted[..., 3], sprites[..., 3])
    assert (tinted != sprites).any(axis=(1, 2, 3)).mean() > 0.5


@given(st.integers(0, 2**20), st.floats(0, 1), st.floats(0, 1))
def test_varied_sprites_keep_what_is_visible_and_which_pixels_are_equal(seed: int, turn: float, tint: float) -> None:
    sprites = np.stack([blob(seed % 97 + index, 12).rgba_HWC for index in range(4)])
    varied, tinted = vary(sprites, np.random.default_rng(seed), turn=turn, tint=tint)
    assert varied.shape == sprites.shape
    for before, after, has_other_colours in zip(sprites, varied, tinted.tolist(), strict=True):
        assert (after[..., 3] > 0).sum() == (before[..., 3] > 0).sum()
        colours = [len(np.unique(picture.reshape(-1, 4), axis=0)) for picture in (before, after)]
        assert colours[1] <= colours[0]
        if not has_other_colours:
            assert sorted(map(tuple, after.reshape(-1, 4).tolist())) == sorted(
                map(tuple, before.reshape(-1, 4).tolist())
            )


def test_recoloured_sprites_exchange_red_green_and_blue_and_say_so() -> None:
    sprites = np.stack([blob(index, 12).rgba_HWC for index in range(12)])
    varied, other = vary(sprites, np.random.default_rng(3), turn=0.0, tint=0.0, recolour=0.5)
    assert 0 < other.sum() < 12
    assert np.array_equal(varied[~other], sprites[~other])
    assert np.array_equal(np.sort(varied[..., :3], axis=3), np.sort(sprites[..., :3], axis=3))
    assert np.array_equal(varied[..., 3], sprites[..., 3])


@given(st.integers(0, 2**20))
def test_a_layered_sprite_keeps_what_is_opaque_and_shows_another_where_it_has_nothing(seed: int) -> None:
    sprites = np.random.default_rng(seed).integers(0, 256, (3, 6, 6, 4), dtype=np.uint8)
    sprites[..., 3] = np.array([0, 120, 255], np.uint8)[sprites[..., 3] % 3]
    varied, other = vary(sprites, np.random.default_rng(seed), turn=0.0, tint=0.0, layer=1.0)
    assert other.all()
    for top, both in zip(sprites, varied, strict=True):
        opaque, nothing = top[..., 3] == 255, top[..., 3] == 0
        assert np.array_equal(both[opaque], top[opaque])
        assert (both[..., 3] >= top[..., 3]).all()
        below = [np.array_equal(both[nothing][..., 3], one[nothing][..., 3]) for one in sprites]
        assert any(below)


def test_nothing_varies_where_nothing_is_asked() -> None:
    sprites = np.stack([blob(index, 12).rgba_HWC for index in range(3)])
    varied, tinted = vary(sprites, np.random.default_rng(0), turn=0.0, tint=0.0)
    assert np.array_equal(varied, sprites)
    assert not tinted.any()
