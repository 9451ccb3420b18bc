"""How good a map is, and what it costs: `.venv/bin/python -m tests.bench.map_layout MODEL DATASET [--most N]`.

Lays out the art as `training.finish` does, tells how well neighbours are kept and how long it takes, and how the packed
steps of latents compare in size and drawing with principal components of one byte each.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch

from lunar_studio.core.arrays import F32, U8
from lunar_studio.core.sprite_map import FeatureSpace
from lunar_studio.data.dataset import Dataset
from lunar_studio.models import atlas as atlases
from lunar_studio.models.atlas import Atlas
from lunar_studio.models.interface import LatentModel
from lunar_studio.models.map_layout import map_places, neighbours_kept, trustworthiness
from lunar_studio.models.model_file import load_model

_BATCH = 64
_DRAWN = 200
_ALIKE = 24


@torch.inference_mode()
def encoded(vae: LatentModel, sprites_NHWC: U8) -> tuple[F32, F32]:
    """Invented numbers of each latent, and the encoder's spread."""
    means, spreads = [], []
    for start in range(0, len(sprites_NHWC), _BATCH):
        mean, logvar = vae.encode(vae.prepare(torch.from_numpy(sprites_NHWC[start : start + _BATCH])))
        means.append(mean[:, : vae.invented_dim])
        spreads.append((logvar[:, : vae.invented_dim] / 2).exp())
    return torch.cat(means).numpy(), torch.cat(spreads).mean(dim=0).numpy()


@torch.inference_mode()
def drawn(vae: LatentModel, latents_ND: F32) -> U8:
    """What the model draws from invented numbers alone."""
    z = torch.nn.functional.pad(torch.from_numpy(latents_ND), (0, vae.latent_dim - latents_ND.shape[1]))
    return torch.cat([vae.render(part) for part in torch.split(z, _BATCH)]).numpy()


def alike(one: U8, two: U8) -> float:
    """Share of the visible pixels that differ by no more than 24 levels."""
    visible = (one[..., 3] > 127) | (two[..., 3] > 127)
    near = np.abs(one.astype(int) - two.astype(int)).max(axis=3) <= _ALIKE
    return float(near[visible].mean())


def by_components(latents_ND: F32, count: int) -> F32:
    """The latents from so many principal components of one byte each."""
    mean = latents_ND.mean(axis=0)
    _, _, axes = np.linalg.svd(latents_ND - mean, full_matrices=False)
    parts = (latents_ND - mean) @ axes[:count].T
    step = np.abs(parts).max(axis=0) / 127
    return np.asarray(np.round(parts / step) * step @ axes[:count] + mean, np.float32)


def main() -> None:
    """Print what was found."""
    parser = argparse.ArgumentParser(description="Quality, time and size of a map.")
    parser.add_argument("model", type=Path)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--most", type=int, default=4096)
    chosen = parser.parse_args()
    vae = load_model(chosen.model)[0].vae
    art = Dataset.open(chosen.dataset)
    train = art.indices("train")[: chosen.most]
    latents, spreads = encoded(vae, np.ascontiguousarray(art.sprites_NHWC[train]))
    features = FeatureSpace.of(latents, vae.palette_dim).features(latents)
    begun = time.process_time()
    places = map_places(features)
    took_s = time.process_time() - begun
    print(f"{len(train):,} sprites laid out in {took_s:.1f} s of one core")
    print(
        f"trustworthiness {trustworthiness(features, places):.3f}, of ten neighbours kept "
        f"{neighbours_kept(features, places):.1%}"
    )
    nobody = np.full(len(train), -1, np.int32)
    made = Atlas.of(latents, spreads, places, np.full(len(train), np.nan, np.float32), nobody)
    size = sum(value.numel() * value.element_size() for value in atlases.stored(made)[0].values())
    few = np.linspace(0, len(train) - 1, min(_DRAWN, len(train))).astype(int)
    whole = drawn(vae, latents[few])
    print(
        f"packed steps: {size / len(train):.0f} bytes a sprite, {alike(drawn(vae, made.latents_ND[few]), whole):.1%} "
        "of pixels as without packing"
    )
    for count in (64, 96, 128):
        share = alike(drawn(vae, by_components(latents, count)[few]), whole)
        print(f"{count} components: {count} bytes a sprite and the axes, {share:.1%}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
