"""A real model file of the preset `tiny` with random weights: quick to make, and nothing is faked."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import msgspec
import numpy as np
import torch
from torch import nn

from lunar_studio.core.config import RunConfig
from lunar_studio.core.latent import Direction
from lunar_studio.core.presets import preset
from lunar_studio.models.bundle import Calibration, ModelBundle, build_networks
from lunar_studio.models.interface import LatentModel
from lunar_studio.models.model_file import save_model
from lunar_studio.models.prior import LatentPrior
from lunar_studio.models.teacher import LunarMoETeacher
from lunar_studio.models.words import Vocabulary

CAPTIONS = ("red dragon", "blue potion", "stone wall", "red potion", "green dragon", "iron sword")


def tiny_bundle(*, config: RunConfig | None = None, teacher: bool = True, seed: int = 0) -> ModelBundle:
    """A model with random weights that are far enough from zero to draw different sprites.

    Args:
        config: What to build; the preset `tiny` for None.
        teacher: Whether it has one.
        seed: Of the weights.
    """
    config = config or preset("tiny")
    if not teacher:
        config = msgspec.structs.replace(config, training=msgspec.structs.replace(config.training, teacher_mode="off"))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        networks = build_networks(config)
        for network in networks.values():
            _shake(network.eval())
    judge = cast("LunarMoETeacher | None", networks.get("teacher"))
    vae = cast(LatentModel, networks["vae"])
    experts = config.teacher.num_experts if judge is not None else 0
    return ModelBundle(
        name="Tiny dungeon",
        config=config,
        vae=vae,
        teacher=judge,
        prior=cast(LatentPrior, networks["prior"]),
        vocabulary=Vocabulary.fit(CAPTIONS, config.teacher.embedding_dim),
        directions=_directions(vae.latent_dim),
        experts=tuple(("outline", "palette", "silhouette", "clusters")[index % 4] for index in range(experts)),
        calibration=Calibration(
            np.sort(_logits(judge, vae), axis=0).T.copy() if judge else np.zeros((1, 101), np.float32)
        ),
        card={"art": {"name": "drawn for tests", "licence": "CC0-1.0"}, "trained_steps": 0},
    )


def write_tiny_model(
    path: Path, *, config: RunConfig | None = None, teacher: bool = True, seed: int = 0
) -> ModelBundle:
    """Write such a model to `path` and return what was written; arguments as for `tiny_bundle`."""
    bundle = tiny_bundle(config=config, teacher=teacher, seed=seed)
    save_model(bundle, path)
    return bundle


def _shake(network: nn.Module) -> None:
    """Fresh layers that begin as zero (residual ends, gates) would make every sprite alike."""
    for parameter in network.parameters():
        if parameter.ndim >= 2 and not bool(parameter.any()):
            nn.init.normal_(parameter, std=0.1)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d) and module.running_mean is not None and module.running_var is not None:
            module.running_mean.normal_(std=0.1)
            module.running_var.uniform_(0.5, 1.5)


def _directions(latent_dim: int) -> tuple[Direction, ...]:
    axes = np.linalg.qr(np.random.default_rng(0).standard_normal((latent_dim, latent_dim)))[0].T.astype(np.float32)
    return (
        Direction("shape/0", "Shape 1", "shape", axes[0], centre=0.1, sigma=1.5, share=0.4),
        Direction("shape/1", "Shape 2", "shape", axes[1], sigma=1.0, share=0.2),
        Direction("colour/0", "Colour 1", "colour", axes[2], sigma=2.0, share=0.6),
    )


def _logits(judge: LunarMoETeacher, vae: LatentModel) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Logits of 101 of its own sprites, (101, 1 + experts): one for each quantile."""
    noise = torch.randn(101, vae.latent_dim, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        judgement = judge(vae.prepare(vae.render(noise)))
    return np.asarray(torch.cat([judgement.logit_B[:, None], judgement.expert_logits_BE], dim=1).numpy(), np.float32)
