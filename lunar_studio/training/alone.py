"""What learns alone once the VAE is done: the teacher on its ladder, the prior on latents that no longer move.

While the VAE learns, the prior chases its latents; what random sprites look like is decided here, at a
fraction of a step's cost. Steps are functions of the seed and their number alone, as those of the run are.
Shapes: B batch, M latents (every sprite in several views), L latent numbers.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from lunar_studio.data.batches import augment
from lunar_studio.data.dataset import Dataset
from lunar_studio.models.words import Vocabulary
from lunar_studio.training.device import Plan
from lunar_studio.training.lessons import Lessons, family_weights, training_captions
from lunar_studio.training.schedules import cosine
from lunar_studio.training.state import Part, TrainState
from lunar_studio.training.teaching import teacher_step

_BATCH = 256
_ENCODED_AT_ONCE = 64
# Views of each sprite; recoloured ones are left out, for their words would be wrong.
_VIEWS = 8
_MOST_LATENTS = 40_000
_STREAM = 11


class Alone(Protocol):
    """One part that learns by itself.

    Attributes:
        part: Which network.
        title: For a status line.
        steps: How many steps it takes in all.
    """

    part: Part
    title: str
    steps: int

    def prepare(self) -> Iterator[float]:
        """Make ready what the steps need; yields after every small piece of work which share of it is done."""
        ...

    def step(self, index: int) -> float:
        """Take the step counted from 0 and return its loss."""
        ...


class TeacherAlone:
    """The teacher on real and damaged art, every sprite of a batch."""

    part: Part = "teacher"
    title = "Teaching the judge"

    def __init__(self, state: TrainState, lessons: Lessons, plan: Plan) -> None:
        config = state.config
        self.steps = round(config.teacher.finish_share * config.training.max_steps)
        self._state, self._lessons, self._plan = state, lessons, plan

    def prepare(self) -> Iterator[float]:
        """There is nothing to make ready."""
        return iter(())

    def step(self, index: int) -> float:
        """One step; the rate falls to a hundredth by the last."""
        state, training = self._state, self._state.config.training
        assert state.teacher is not None
        state.teacher.train()
        _set_rate(state, "teacher", training.teacher_learning_rate * cosine(index / self.steps))
        losses, _, _ = teacher_step(state, state.teacher, self._lessons.lesson(index, self._plan), None, self._plan)
        state.optimizers["teacher"].zero_grad(set_to_none=True)
        state.update_average("teacher", index)
        return losses["teacher"]


class PriorAlone:
    """The prior on the latents of the training art as the kept VAE encodes it."""

    part: Part = "prior"
    title = "Teaching the model to invent"

    def __init__(self, state: TrainState, dataset: Dataset, vocabulary: Vocabulary, plan: Plan) -> None:
        config = state.config
        self.steps = round(config.prior.finish_share * config.training.max_steps)
        self._state, self._plan = state, plan
        self._dataset, self._vocabulary = dataset, vocabulary

    def prepare(self) -> Iterator[float]:
        """Encode the art: every training sprite in several views."""
        if self.steps == 0:
            return
        state = self._state
        self._mu, self._spread, self._words, self._weights = yield from _latents(
            state, self._dataset, self._vocabulary, self._plan
        )
        for module in (state.prior, state.kept_prior):
            module.standardise(self._mu, self._spread)

    def step(self, index: int) -> float:
        """One step; the rate falls to a hundredth by the last."""
        state, config, mu = self._state, self._state.config, self._mu
        generator = torch.Generator(self._plan.device)
        generator.manual_seed((config.training.seed << 32) ^ (_STREAM << 24) ^ index)
        rows = torch.multinomial(self._weights, min(_BATCH, len(mu)), replacement=True, generator=generator)
        z = mu[rows] + self._spread[rows] * torch.empty_like(mu[rows]).normal_(generator=generator)
        _set_rate(state, "prior", config.prior.learning_rate * cosine(index / self.steps))
        prior = state.prior.train()
        with self._plan.autocast():
            loss = prior.loss(z, self._words[rows], generator)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(prior.parameters(), 1.0)
        state.optimizers["prior"].step()
        state.optimizers["prior"].zero_grad(set_to_none=True)
        state.update_average("prior", index)
        return float(loss.detach())


def _set_rate(state: TrainState, part: Part, rate: float) -> None:
    for group in state.optimizers[part].param_groups:
        group["lr"] = rate * state.rate_scale


def views_of(sprites: int, steps: int) -> int:
    """How often each sprite is encoded: no more latents than the prior's steps look at, or than memory should hold."""
    return max(1, min(_VIEWS, min(_MOST_LATENTS, steps * _BATCH) // sprites))


def _latents(
    state: TrainState, dataset: Dataset, vocabulary: Vocabulary, plan: Plan
) -> Generator[float, None, tuple[Tensor, Tensor, Tensor, Tensor]]:
    """Means and deviations (M, L), words (M, D) and weights (M,) of every training sprite in several views.

    Yields the share done after every batch.
    """
    training = state.config.training
    indices = dataset.indices("train")
    views = views_of(len(indices), round(state.config.prior.finish_share * training.max_steps))
    rng = np.random.default_rng([training.seed, _STREAM])
    means, spreads = [], []
    vae = state.kept_vae
    for view in range(views):
        for start in range(0, len(indices), _ENCODED_AT_ONCE):
            chosen = dataset.sprites_NHWC[indices[start : start + _ENCODED_AT_ONCE]]
            seen = augment(chosen, rng, flip=training.flip, shift_px=training.shift_px)
            with torch.no_grad():  # not over the yield: whoever asks for the next goes on with gradients
                mu, logvar = vae.encode(vae.prepare(torch.from_numpy(seen).to(plan.device)))
            means.append(mu.float())
            spreads.append(torch.exp(0.5 * logvar.float()))
            yield (view + min(1.0, (start + _ENCODED_AT_ONCE) / len(indices))) / views
    words = vocabulary.embed_all(training_captions(dataset)).repeat(views, 1)
    weights = torch.from_numpy(family_weights(dataset, training)).float().repeat(views)
    return torch.cat(means), torch.cat(spreads), words.to(plan.device), weights.to(plan.device)
