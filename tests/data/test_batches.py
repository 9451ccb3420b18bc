"""Batches: pure functions of seed and step, drawn by weight; augmentation loses nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lunar_studio.core.arrays import U8
from lunar_studio.data.batches import augment, batch_indices
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
