"""What each step learns from: a pure function of the data set, the configuration and the step.

Shapes: B batch, N sprites, D embedding numbers.
"""

from __future__ import annotations

import numpy as np
import torch

from lunar_studio.core.arrays import U8
from lunar_studio.core.config import RunConfig, TrainingConfig
from lunar_studio.data.batches import augment, batch_indices, vary
from lunar_studio.data.dataset import F64, I64, Dataset
from lunar_studio.models.losses import kl_loss
from lunar_studio.models.words import Vocabulary
from lunar_studio.pixels import damage
from lunar_studio.training.batch import Batch, Lesson, lesson_size
from lunar_studio.training.device import Plan
from lunar_studio.training.state import TrainState

# Damage between barely visible and plain to see; a milder rung is a share of it.
_SEVERITY = (0.1, 0.9)
_MILDER = (0.25, 0.7)
_TEACHER_STREAM = 17
# What is hardest to tell from art that is only unusual is shown oftener than the other families.
_OFTENER = {"colour-swap": 2.0, "foreign-patch": 3.0, "row-shift": 2.0, "patch-shuffle": 1.5, "orphans": 1.5}


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
        captions = training_captions(dataset)
        # Each caption once: of a million sprites many have the same, and vectors of all of them may not fit.
        numbers = {caption: number for number, caption in enumerate(dict.fromkeys(captions))}
        self._caption_N = np.array([numbers[caption] for caption in captions], np.int64)
        self._words_CD = vocabulary.embed_all(list(numbers))
        self._captions_CD = _different(self._words_CD)
        self._weights = family_weights(dataset, config.training)

    def batch(self, step: int, plan: Plan) -> Batch:
        """The batch of a step, on the plan's device."""
        training = self.config.training
        rng = np.random.default_rng([training.seed, step])
        places = batch_indices(self._weights, seed=training.seed, step=step, batch_size=training.batch_size)
        rgba = augment(
            self.dataset.fetch(self._train[places]),
            rng,
            flip=training.flip,
            shift_px=training.shift_px,
            recolour=training.recolour,
        )
        words = self._words_of(places)
        taught = lesson_size(len(rgba)) if self._teaches(step) else 0
        return Batch(
            torch.from_numpy(rgba).to(plan.device),
            words.to(plan.device),
            self._lesson(rgba[:taught], words[:taught], rng, plan),
        )

    def lesson(self, step: int, plan: Plan) -> Lesson:
        """What the teacher learns from in a step of its own: a whole batch, every sprite of it damaged."""
        training = self.config.training
        rng = np.random.default_rng([training.seed, step, _TEACHER_STREAM])
        places = batch_indices(
            self._weights, seed=training.seed + _TEACHER_STREAM, step=step, batch_size=training.batch_size
        )
        rgba = augment(self.dataset.fetch(self._train[places]), rng, flip=training.flip, shift_px=training.shift_px)
        return self._lesson(rgba, self._words_of(places), rng, plan)

    def _words_of(self, places: I64) -> torch.Tensor:
        """Embedded captions of some training sprites, (B, D)."""
        return self._words_CD[torch.from_numpy(self._caption_N[places])]

    def _teaches(self, step: int) -> bool:
        training = self.config.training
        return training.teacher_mode in ("joint", "alternating") and step % training.teacher_every == 0

    def _lesson(self, rgba: U8, words_BD: torch.Tensor, rng: np.random.Generator, plan: Plan) -> Lesson:
        teacher = self.config.teacher
        real, other_B = vary(
            rgba, rng, turn=teacher.turn, tint=teacher.tint, recolour=teacher.recolour, layer=teacher.layer
        )
        # Whatever the colours are now, they are not those of the caption.
        words_BD = words_BD * torch.from_numpy(~other_B).float()[:, None]
        parts = (torch.from_numpy(real), *map(torch.from_numpy, damaged_pairs(real, rng)), words_BD, self._captions_CD)
        return Lesson(*(part.to(plan.device) for part in parts))

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


def damaged_pairs(rgba_BHWC: U8, rng: np.random.Generator) -> tuple[U8, U8, I64]:
    """Each sprite damaged a little and more, in the same places; the hardest families of damage are drawn oftener.

    Returns:
        A little damaged, more damaged, and the place of each one's family in `damage.FAMILIES`.
    """
    families = list(damage.FAMILIES)
    mild, bad = np.empty_like(rgba_BHWC), np.empty_like(rgba_BHWC)
    weights = np.array([_OFTENER.get(family, 1.0) for family in families])
    drawn_B = rng.choice(len(families), len(rgba_BHWC), p=weights / weights.sum())
    for index, sprite in enumerate(rgba_BHWC):
        severity, milder = float(rng.uniform(*_SEVERITY)), float(rng.uniform(*_MILDER))
        # Another sprite of the batch, where there is one.
        donor = rgba_BHWC[(index + int(rng.integers(1, max(2, len(rgba_BHWC))))) % len(rgba_BHWC)]
        chance = int(rng.integers(2**31))
        family = families[int(drawn_B[index])]
        mild[index] = damage.damage(sprite, family, severity * milder, np.random.default_rng(chance), donor)
        bad[index] = damage.damage(sprite, family, severity, np.random.default_rng(chance), donor)
    return mild, bad, drawn_B.astype(np.int64)


def _different(words_CD: torch.Tensor) -> torch.Tensor:
    """Each embedding once, without those of sprites that have no caption, (C, D)."""
    different_CD: torch.Tensor = torch.unique(words_CD, dim=0)
    kept_CD: torch.Tensor = different_CD[different_CD.abs().sum(dim=1) > 0]
    return kept_CD
