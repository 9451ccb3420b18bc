"""Hardening changes the file format of a drawing and leaves alone what is in it already."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lunar_studio.core.sprite import Sprite
from lunar_studio.evaluation.hardened import hardened
from tests.training.small_art import draw


@settings(max_examples=30)
@given(st.integers(0, 2**31), st.integers(1, 20))
def test_alpha_is_hard_colours_are_few_and_twice_is_once(seed: int, colours: int) -> None:
    sprites = np.random.default_rng(seed).integers(0, 256, (3, 8, 8, 4), dtype=np.uint8)
    before = sprites.copy()
    hard = hardened(sprites, colours)
    assert np.array_equal(sprites, before)
    assert set(np.unique(hard[..., 3])) <= {0, 255}
    assert np.array_equal(hard[..., 3] == 255, sprites[..., 3] >= 128)
    assert not hard[hard[..., 3] == 0].any()
    assert all(Sprite(sprite).colour_count() <= colours for sprite in hard)
    assert np.array_equal(hardened(hard, colours), hard)


def test_what_is_indexed_already_stays() -> None:
    sprites = np.stack([draw(index) for index in range(4)])
    assert np.array_equal(hardened(sprites, 3), sprites)


def test_an_empty_sprite_stays_empty() -> None:
    assert not hardened(np.full((1, 4, 4, 4), 100, np.uint8), 4).any()
