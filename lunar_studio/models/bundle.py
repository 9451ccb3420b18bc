"""Everything a trained model is made of, as it lives in memory. `model_file` puts it on disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from torch import Tensor, nn

from lunar_studio.core.config import ClassicVaeConfig, CustomVaeConfig, RunConfig, TeacherConfig, VaeConfig
from lunar_studio.core.latent import Direction
from lunar_studio.models import extensions
from lunar_studio.models.art_prints import ArtPrints
from lunar_studio.models.atlas import Atlas
from lunar_studio.models.classic import LunarCoreVAE
from lunar_studio.models.interface import LatentModel
from lunar_studio.models.prior import LatentPrior
from lunar_studio.models.sprite import SpriteVAE
from lunar_studio.models.teacher import LunarMoETeacher
from lunar_studio.models.words import Vocabulary

QUANTILES = 101
_PERCENT_Q = np.linspace(0.0, 100.0, QUANTILES)


@dataclass(frozen=True)
class Calibration:
    """What the teacher's logits mean: their quantiles among real, unseen sprites.

    Attributes:
        quantiles_RQ: float32, (1 + experts, 101): the whole score, then each expert; each row ascends.
    """

    quantiles_RQ: np.ndarray[tuple[int, int], np.dtype[np.float32]]

    @staticmethod
    def fit(logits_NR: Tensor) -> Calibration:
        """From logits of real sprites, (N, 1 + experts), N >= 1."""
        levels = np.linspace(0.0, 1.0, QUANTILES)
        quantiles = np.quantile(logits_NR.float().numpy(), levels, axis=0).T
        return Calibration(np.maximum.accumulate(quantiles, axis=1).astype(np.float32))

    def percentile(self, row: int, logit: float) -> float:
        """Where a logit stands among real sprites, 0 to 100; row 0 is the whole score."""
        return float(np.interp(logit, self._ascending_RQ[row], _PERCENT_Q))

    @cached_property
    def _ascending_RQ(self) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        # A tiny slope makes equal quantiles strictly ascend, which interpolation needs.
        return self.quantiles_RQ.astype(np.float64) + np.arange(QUANTILES) * 1e-9


@dataclass(frozen=True)
class ModelBundle:
    """A trained model.

    Attributes:
        name: As shown on the model switcher.
        config: What built it.
        vae: Draws; in eval mode.
        teacher: Judges; None for a run trained without one.
        prior: Invents latents.
        vocabulary: Words it knows.
        directions: For the sliders.
        experts: Names of the teacher's experts.
        calibration: What the teacher's logits mean.
        card: JSON-able facts: art, licence, training, figures.
        prints: Fingerprints of the art it learned from; None for a model that does not carry them.
        atlas: A map of that art; None for a model that does not carry one.
    """

    name: str
    config: RunConfig
    vae: LatentModel
    teacher: LunarMoETeacher | None
    prior: LatentPrior
    vocabulary: Vocabulary
    directions: tuple[Direction, ...]
    experts: tuple[str, ...]
    calibration: Calibration
    card: Mapping[str, object] = field(default_factory=dict)
    prints: ArtPrints | None = None
    atlas: Atlas | None = None

    def modules(self) -> dict[str, nn.Module]:
        """The networks by the name of their part."""
        parts: dict[str, nn.Module] = {"vae": self.vae, "prior": self.prior}
        if self.teacher is not None:
            parts["teacher"] = self.teacher
        return parts


def build_vae(config: VaeConfig) -> LatentModel:
    """The network that a configuration describes, with fresh weights.

    Raises:
        ConfigError: Its parts do not fit together.
    """
    if isinstance(config, CustomVaeConfig):
        return extensions.build_vae(config)
    return LunarCoreVAE(config) if isinstance(config, ClassicVaeConfig) else SpriteVAE(config)


def build_teacher(config: TeacherConfig) -> LunarMoETeacher:
    """The judge that a configuration describes, with fresh weights.

    Raises:
        ConfigError: No extension brought the teacher it names.
    """
    return extensions.build_teacher(config) if config.custom else LunarMoETeacher(config)


def build_networks(config: RunConfig) -> dict[str, nn.Module]:
    """All networks of a run with fresh weights, by the name of their part; no `teacher` when it is off."""
    vae = build_vae(config.vae)
    parts: dict[str, nn.Module] = {
        "vae": vae,
        "prior": LatentPrior(config.prior, vae.latent_dim, config.teacher.embedding_dim, vae.invented_dim),
    }
    if config.training.teacher_mode != "off":
        parts["teacher"] = build_teacher(config.teacher)
    return parts


def stored_tensors(module: nn.Module) -> dict[str, Tensor]:
    """Weights and statistics of a network that mean something outside training."""
    return {key: value for key, value in module.state_dict().items() if not key.endswith("num_batches_tracked")}


def networks_on_meta(config: RunConfig) -> dict[str, nn.Module]:
    """As `build_networks`, without memory: to compare shapes before anything is allocated."""
    with torch.device("meta"):
        return build_networks(config)
