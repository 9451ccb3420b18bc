"""Small trained-looking models for tests."""

import dataclasses
from typing import cast

import numpy as np
import torch

from lunar_studio.core.config import RunConfig
from lunar_studio.core.latent import Direction
from lunar_studio.core.presets import PRESETS
from lunar_studio.models.bundle import Calibration, ModelBundle, build_networks
from lunar_studio.models.interface import LatentModel
from lunar_studio.models.prior import LatentPrior
from lunar_studio.models.teacher import LunarMoETeacher
from lunar_studio.models.words import Vocabulary


def small_bundle(config: RunConfig = PRESETS["tiny"], seed: int = 0) -> ModelBundle:
    """Random weights, with statistics, words and directions that are not their defaults."""
    torch.manual_seed(seed)
    networks = build_networks(config)
    for module in networks.values():
        for value in module.state_dict().values():
            if value.is_floating_point():
                value.add_(torch.rand_like(value) * 0.1)
        module.eval()
    vae = cast(LatentModel, networks["vae"])
    teacher = cast("LunarMoETeacher | None", networks.get("teacher"))
    experts = tuple(f"expert {i}" for i in range(config.teacher.num_experts)) if teacher else ()
    axes = np.linalg.qr(np.random.default_rng(seed).normal(size=(vae.latent_dim, 3)))[0].T.astype(np.float32)
    return ModelBundle(
        name="Überprüfung ✓",
        config=config,
        vae=vae,
        teacher=teacher,
        prior=cast(LatentPrior, networks["prior"]),
        vocabulary=Vocabulary.fit(["blue potion", "red potion", "épée"], config.teacher.embedding_dim),
        directions=tuple(Direction(f"shape/{i}", f"shape {i}", "shape", axes[i], 0.5, 1.5, 0.25) for i in range(3)),
        experts=experts,
        calibration=Calibration.fit(torch.randn(50, 1 + len(experts))),
        card={"art": "drawn by code", "figures": {"psnr": 20.5, "steps": [1, 2]}, "licence": None},
    )


def renamed(bundle: ModelBundle, name: str) -> ModelBundle:
    """The same model under another name."""
    return dataclasses.replace(bundle, name=name)
