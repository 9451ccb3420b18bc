"""Random sprites as an artist gets them: what nobody could see is drawn again.

A prior that learned from art with much transparency now and then invents a latent that decodes to nothing at all.
Whether one does is known only when it has been drawn, so this stands where both happen: the sampler itself would have
to draw what its callers draw anyway. The i-th sprite still grows from the seed and i alone, and the same seed gives the
same sprite tomorrow.
"""

from __future__ import annotations

import hashlib
from typing import Protocol

from lunar_studio.core.latent import Latent
from lunar_studio.core.sprite import Sprite

TRIES = 4
"""Draws in place of an empty one; a model that draws little else may say so."""


class Sampler(Protocol):
    """Invents latents and draws them one by one."""

    def sample(self, count: int, *, seed: int, prompt: str = "", temperature: float = 1.0) -> tuple[Latent, ...]:
        """Random latents."""

    def decode(self, latent: Latent) -> Sprite:
        """The exact pixels of a latent."""


def unless_empty(
    sampler: Sampler, latent: Latent, sprite: Sprite, index: int, seed: int, prompt: str = "", temperature: float = 1.0
) -> tuple[Latent, Sprite]:
    """A random latent and its sprite; others in their place where there is nothing to see.

    Args:
        sampler: Invents and draws.
        latent: What was invented.
        sprite: What it decodes to.
        index: Its place among those that were asked for with the seed, from 0.
        seed: Of that request, as its prompt and temperature.
        prompt: Words to follow.
        temperature: Spread of the noise.
    """
    for attempt in range(TRIES):
        if not sprite.is_empty:
            break
        (latent,) = sampler.sample(1, seed=_another_seed(seed, index, attempt), prompt=prompt, temperature=temperature)
        sprite = sampler.decode(latent)
    return latent, sprite


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
    pairs = [
        unless_empty(sampler, latent, sprite, index, seed, prompt, temperature)
        for index, (latent, sprite) in enumerate(zip(latents, sprites, strict=True))
    ]
    return tuple(latent for latent, _ in pairs), tuple(sprite for _, sprite in pairs)


def _another_seed(seed: int, index: int, attempt: int) -> int:
    """A seed that has nothing to do with those near it: 32 bits of a hash."""
    return int.from_bytes(hashlib.blake2b(f"{seed} {index} {attempt}".encode(), digest_size=4).digest(), "big")
