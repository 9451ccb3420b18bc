"""What each step learns from: a pure function of the data set, the configuration and the step.

Shapes: B batch, N sprites, D embedding numbers.
"""

from __future__ import annotations

import numpy as np
import torch

from lunar_studio.core.arrays import U8
from lunar_studio.core.config import RunConfig, TrainingConfig
from lunar_studio.data.batches import augment, batch_indices
from lunar_studio.data.dataset import F64, I64, Dataset
from lunar_studio.models.losses import kl_loss
from lunar_studio.models.words import Vocabulary
from lunar_studio.pixels import damage
from lunar_studio.training.device import Plan
from lunar_studio.training.state import TrainState
from lunar_studio.training.step import Batch, lesson_size

# Damage between barely visible and plain to see; a milder rung is a share of it.
_SEVERITY = (0.15, 1.0)
_MILDER = (0.15, 0.7)
_TEACHER_STREAM = 17


class Lessons:
    """Batches of a run.

    Args:
        dataset: What is learned from.
        vocabulary: Words of its captions.
        config: Batch size, seed, augmentation, pace of the teacher.
    """

    def __init__(self, dataset: Dataset, vocabulary: Vocabulary, config: RunConfig) -> None:
        self.dataset, self.config = dataset, config
        self._train = dataset.indices("train")
        self._words_ND = vocabulary.embed_all(training_captions(dataset))
        self._weights = family_weights(dataset, config.training)

    def batch(self, step: int, plan: Plan) -> Batch:
        """The batch of a step, on the plan's device."""
        training = self.config.training
        rng = np.random.default_rng([training.seed, step])
        places = batch_indices(self._weights, seed=training.seed, step=step, batch_size=training.batch_size)
        rgba = augment(
            self.dataset.sprites_NHWC[self._train[places]],
            rng,
            flip=training.flip,
            shift_px=training.shift_px,
            recolour=training.recolour,
        )
        return self._batch(rgba, places, rng, plan, taught=lesson_size(len(rgba)) if self._teaches(step) else 0)

    def damaged_batch(self, step: int, plan: Plan) -> Batch:
        """A batch of the teacher's alone: every sprite of it is damaged."""
        training = self.config.training
        rng = np.random.default_rng([training.seed, step, _TEACHER_STREAM])
        places = batch_indices(
            self._weights, seed=training.seed + _TEACHER_STREAM, step=step, batch_size=training.batch_size
        )
        rgba = augment(
            self.dataset.sprites_NHWC[self._train[places]], rng, flip=training.flip, shift_px=training.shift_px
        )
        return self._batch(rgba, places, rng, plan, taught=len(rgba))

    def _teaches(self, step: int) -> bool:
        training = self.config.training
        return training.teacher_mode in ("joint", "alternating") and step % training.teacher_every == 0

    def _batch(self, rgba: U8, places: I64, rng: np.random.Generator, plan: Plan, *, taught: int) -> Batch:
        mild = bad = np.zeros((0, *rgba.shape[1:]), np.uint8)
        if taught:
            mild, bad = damaged_pairs(rgba[:taught], rng)
        words = self._words_ND[torch.from_numpy(places)]
        return Batch(
            *(
                value.to(plan.device)
                for value in (torch.from_numpy(rgba), words, torch.from_numpy(mild), torch.from_numpy(bad))
            )
        )

    @torch.inference_mode()
    def validation_losses(self, state: TrainState, sprites_NHWC: U8, plan: Plan) -> dict[str, float]:
        """`recon` and `kl` of held-out sprites through the network that will be kept."""
        vae = state.kept_vae
        x = vae.prepare(torch.from_numpy(sprites_NHWC[: self.config.training.batch_size]).to(plan.device))
        mu, logvar = vae.encode(x)
        recon = vae.reconstruct(mu, x).loss
        return {"recon": float(recon), "kl": float(kl_loss(mu, logvar, self.config.training.kl_form, vae.kl_factors()))}


def training_captions(dataset: Dataset) -> list[str]:
    """Captions of the training sprites, in the order of `dataset.indices("train")`."""
    captions = dataset.captions
    return [captions[index] for index in dataset.indices("train")]


def family_weights(dataset: Dataset, training: TrainingConfig) -> F64:
    """How often each training sprite is drawn, in the order of `dataset.indices("train")`."""
    weights = dataset.family_weights() if training.balance_families else np.ones(len(dataset))
    return weights[dataset.indices("train")]


def damaged_pairs(rgba_BHWC: U8, rng: np.random.Generator) -> tuple[U8, U8]:
    """Each sprite damaged a little and, the same way, more; families of damage are drawn evenly."""
    families = list(damage.FAMILIES)
    mild, bad = [], []
    for sprite in rgba_BHWC:
        family = families[int(rng.integers(len(families)))]
        severity = float(rng.uniform(*_SEVERITY))
        donor = rgba_BHWC[int(rng.integers(len(rgba_BHWC)))]
        mild.append(damage.damage(sprite, family, severity * float(rng.uniform(*_MILDER)), rng, donor))
        bad.append(damage.damage(sprite, family, severity, rng, donor))
    return np.stack(mild), np.stack(bad)
