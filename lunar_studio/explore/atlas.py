"""The map of a model: of the art it learned from where its file carries one, else of what it invents.

Everything is done in small steps, so that in the window a slider never waits for a map: `chart` yields wherever it
may be held up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from lunar_studio.core.arrays import F32
from lunar_studio.core.latent import Latent
from lunar_studio.core.model_info import ModelInfo
from lunar_studio.core.score import Score
from lunar_studio.core.sprite import Sprite
from lunar_studio.core.sprite_map import FeatureSpace, MapKind, SpriteMap
from lunar_studio.explore.engine import Engine
from lunar_studio.explore.inventing import sampled_again, unless_empty
from lunar_studio.models.atlas import Atlas
from lunar_studio.models.map_layout import density, layout_steps, nearest_points, rooms

MAP_SEED = 1969
"""What they grow from: the same map every time."""

_AT_ONCE = 4
_NEIGHBOURS = 10
_STEPS = 250
_DRAWN_SHARE, _LAID_SHARE = 0.85, 0.98


class Inventor(Protocol):
    """What a map needs of an explorer."""

    @property
    def info(self) -> ModelInfo:
        """Facts about the model."""

    def decode(self, latent: Latent) -> Sprite:
        """The exact pixels of a latent."""

    def score(self, sprite: Sprite) -> Score:
        """The teacher's judgement."""

    def sample(self, count: int, *, seed: int, prompt: str = "", temperature: float = 1.0) -> tuple[Latent, ...]:
        """Random latents from the prior."""


def chart(explorer: Inventor, count: int = 1000) -> Iterator[float | SpriteMap]:
    """Make the map of a model: shares of the work that are done, 0 to 1, and the map at the end.

    Args:
        explorer: The model; a map of its art is taken from its file where there is one.
        count: Sprites to invent where there is none.
    """
    atlas = explorer.bundle.atlas if isinstance(explorer, Engine) else None
    if atlas is not None and len(atlas):
        yield from _of_art(explorer, atlas)
    else:
        yield from _of_inventions(explorer, count)


def palette_dim(explorer: Inventor) -> int:
    """How many of the first numbers of a latent set colours only."""
    return explorer.bundle.vae.palette_dim if isinstance(explorer, Engine) else 0


def _of_art(explorer: Inventor, atlas: Atlas) -> Iterator[float | SpriteMap]:
    latents_ND = atlas.latents_ND
    yield 0.1
    space = FeatureSpace.of(latents_ND, palette_dim(explorer))
    yield 0.2
    yield from _finished(
        explorer, latents_ND, space, atlas.unit_places_N2, atlas.percents_N, _names(explorer, atlas), kind="art"
    )


def _finished(
    explorer: Inventor,
    latents_ND: F32,
    space: FeatureSpace,
    places_N2: F32,
    scores_N: F32,
    names: tuple[str, ...],
    *,
    kind: MapKind,
) -> Iterator[float | SpriteMap]:
    """The map of points whose places are known; some tenths of a second for four thousand, in parts."""
    features_NF = space.features(latents_ND)
    distances_NK, neighbours_NK = nearest_points(features_NF, _NEIGHBOURS)
    yield 0.99
    rooms_N = rooms(places_N2)
    yield 1.0
    yield SpriteMap(
        kind,
        places_N2,
        scores_N,
        density(distances_NK),
        rooms_N,
        neighbours_NK,
        latents_ND,
        explorer.info.latent_dim,
        space,
        features_NF,
        names,
    )


def _names(explorer: Inventor, atlas: Atlas) -> tuple[str, ...]:
    prints = explorer.bundle.prints if isinstance(explorer, Engine) else None
    if prints is None:
        return ("",) * len(atlas)
    return tuple(prints.names[index] if index >= 0 else "" for index in atlas.sprites_N.tolist())


def _of_inventions(explorer: Inventor, count: int) -> Iterator[float | SpriteMap]:
    latents: list[Latent] = []
    scores: list[float] = []
    while len(latents) < count:
        # Seeds of their own: the first of a thousand would otherwise be drawn a hundred times over.
        seed = MAP_SEED + len(latents)
        another = sampled_again(explorer, seed)
        for place, invented in enumerate(explorer.sample(min(_AT_ONCE, count - len(latents)), seed=seed)):
            yield _DRAWN_SHARE * len(latents) / count
            latent, sprite = unless_empty(explorer.decode, another, place, invented, explorer.decode(invented))
            latents.append(latent)
            scores.append(explorer.score(sprite).value)
    kept = explorer.bundle.vae.invented_dim if isinstance(explorer, Engine) else explorer.info.latent_dim
    latents_ND: F32 = np.stack([latent.values_L[:kept] for latent in latents])
    space = FeatureSpace.of(latents_ND, palette_dim(explorer))
    features_NF = space.features(latents_ND)
    places_N2: F32 = np.zeros((0, 2), np.float32)
    for step, laid in enumerate(layout_steps(features_NF, _STEPS)):
        places_N2 = laid
        yield _DRAWN_SHARE + (_LAID_SHARE - _DRAWN_SHARE) * step / (_STEPS + 1)
    nameless = ("",) * len(latents)
    yield from _finished(
        explorer, latents_ND, space, places_N2, np.array(scores, np.float32), nameless, kind="invented"
    )
