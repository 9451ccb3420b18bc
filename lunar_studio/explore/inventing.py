"""Sprites as an artist gets them: in place of what nobody could see, another is drawn.

A prior that learned from art with much transparency now and then invents a latent that decodes to nothing at all; far
more seldom, a step away from a sprite leads to one. Whether there is something to see is known only when it has been
drawn, so this stands where both happen: the sampler itself would have to draw what its callers draw anyway. The i-th
sprite still grows from the seed and i alone, and the same seed gives the same sprite tomorrow.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Protocol

from lunar_studio.core.latent import Latent
from lunar_studio.core.sprite import Sprite

TRIES = 4
"""Draws in place of an empty one; a model that draws little else may say so."""


Another = Callable[[int, int], Latent]
"""Gives a latent in place of an empty one, from its place among those that were asked for and the try, both from 0."""


class Sampler(Protocol):
    """Invents latents and draws them one by one."""

    def sample(self, count: int, *, seed: int, prompt: str = "", temperature: float = 1.0) -> tuple[Latent, ...]:
        """Random latents."""

    def decode(self, latent: Latent) -> Sprite:
        """The exact pixels of a latent."""


def unless_empty(
    decode: Callable[[Latent], Sprite], another: Another, place: int, latent: Latent, sprite: Sprite
) -> tuple[Latent, Sprite]:
    """A latent and its sprite; another and its sprite where there is nothing to see.

    After `TRIES` the last is given, whether it can be seen or not.

    Args:
        decode: Draws.
        another: What stands in for an empty one.
        place: Of this one among those that were asked for, from 0.
        latent: What was asked for.
        sprite: What it decodes to.
    """
    for attempt in range(TRIES):
        if not sprite.is_empty:
            break
        latent = another(place, attempt)
        sprite = decode(latent)
    return latent, sprite


def sampled_again(sampler: Sampler, seed: int, prompt: str = "", temperature: float = 1.0) -> Another:
    """Random latents in place of those that a request with this seed, these words and this spread has brought."""

    def another(place: int, attempt: int) -> Latent:
        anew = _another_seed(seed, place, attempt)
        return sampler.sample(1, seed=anew, prompt=prompt, temperature=temperature)[0]

    return another


def invent(
    sampler: Sampler, count: int, *, seed: int, prompt: str = "", temperature: float = 1.0
) -> tuple[tuple[Latent, ...], tuple[Sprite, ...]]:
    """Random latents and their sprites.

    Args:
        sampler: Invents and draws; several at once where it can (`decode_many`).
        count: How many; the i-th grows from `seed` and i alone.
        seed: Non-negative.
        prompt: Words to follow.
        temperature: Spread of the noise, > 0.

    Raises:
        ValueError: As the sampler does.
    """
    latents = sampler.sample(count, seed=seed, prompt=prompt, temperature=temperature)
    many = getattr(sampler, "decode_many", None)
    sprites = many(latents) if many is not None and count > 1 else [sampler.decode(latent) for latent in latents]
    another = sampled_again(sampler, seed, prompt, temperature)
    pairs = [
        unless_empty(sampler.decode, another, place, latent, sprite)
        for place, (latent, sprite) in enumerate(zip(latents, sprites, strict=True))
    ]
    return tuple(latent for latent, _ in pairs), tuple(sprite for _, sprite in pairs)


def _another_seed(seed: int, place: int, attempt: int) -> int:
    """A seed that has nothing to do with those near it: 32 bits of a hash."""
    return int.from_bytes(hashlib.blake2b(f"{seed} {place} {attempt}".encode(), digest_size=4).digest(), "big")
