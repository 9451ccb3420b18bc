"""Random sprites that nobody could see are drawn again: a sampler of whole numbers, and the real engine's ports."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.core.latent import Latent
from lunar_studio.core.sprite import Sprite
from lunar_studio.explore.inventing import TRIES, invent


class Dice:
    """A latent is one number of a hash of seed and place; numbers under `empty` are drawn as nothing."""

    def __init__(self, empty: float) -> None:
        self.empty, self.sampled, self.decoded = empty, 0, 0

    def sample(self, count: int, *, seed: int, prompt: str = "", temperature: float = 1.0) -> tuple[Latent, ...]:
        self.sampled += count
        words = sum(prompt.encode())
        rows = [np.random.default_rng((seed, place, words)).random(1) * temperature for place in range(count)]
        return tuple(Latent(row.astype(np.float32)) for row in rows)

    def decode(self, latent: Latent) -> Sprite:
        self.decoded += 1
        value = float(latent.values_L[0])
        return Sprite(np.full((2, 2, 4), 0 if value < self.empty else 1 + int(value * 200), np.uint8))


class ManyDice(Dice):
    def decode_many(self, latents: tuple[Latent, ...]) -> tuple[Sprite, ...]:
        return tuple(self.decode(latent) for latent in latents)


@given(st.integers(0, 2**31), st.integers(0, 40), st.sampled_from(["", "bat"]), st.booleans())
def test_none_is_empty_and_each_grows_from_its_seed_and_place(seed: int, count: int, prompt: str, many: bool) -> None:
    sampler = ManyDice(0.05) if many else Dice(0.05)
    latents, sprites = invent(sampler, count, seed=seed, prompt=prompt)
    assert len(latents) == len(sprites) == count
    for latent, sprite in zip(latents, sprites, strict=True):
        assert not sprite.is_empty
        assert sampler.decode(latent) == sprite
    again, _ = invent(Dice(0.05), count + 3, seed=seed, prompt=prompt)
    assert again[:count] == latents


def test_what_can_be_seen_is_left_as_it_was_and_costs_nothing_more() -> None:
    sampler = Dice(0.0)
    latents, _ = invent(sampler, 20, seed=3)
    assert (sampler.sampled, sampler.decoded) == (20, 20)
    assert latents == Dice(0.0).sample(20, seed=3)


def test_a_model_that_draws_nothing_is_not_asked_for_ever() -> None:
    sampler = Dice(2.0)
    _, sprites = invent(sampler, 3, seed=3)
    assert all(sprite.is_empty for sprite in sprites)
    assert sampler.sampled == 3 + 3 * TRIES


@pytest.mark.parametrize("temperature", [0.5, 1.0])
def test_words_and_spread_hold_for_what_is_drawn_again(temperature: float) -> None:
    def first(seed: int) -> Sprite:
        return Dice(0.3).decode(Dice(0.3).sample(1, seed=seed, prompt="bat", temperature=temperature)[0])

    seed = next(value for value in range(60) if first(value).is_empty)
    (latent,), _ = invent(Dice(0.3), 1, seed=seed, prompt="bat", temperature=temperature)
    assert 0.3 <= float(latent.values_L[0]) <= temperature
