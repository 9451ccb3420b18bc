"""The end of a run: the prior learns alone, now that the latents no longer move.

While the VAE learns, the prior chases its latents; what random sprites look like is decided here, at a
quarter of a step's cost. Shapes: M latents (every sprite in several views), L latent numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn

from lunar_studio.data.batches import augment
from lunar_studio.data.dataset import Dataset
from lunar_studio.models.words import Vocabulary
from lunar_studio.training.device import Plan
from lunar_studio.training.lessons import family_weights, training_captions
from lunar_studio.training.schedules import cosine
from lunar_studio.training.state import TrainState

_BATCH = 256
_ENCODED_AT_ONCE = 64
# Views of each sprite; recoloured ones are left out, for their words would be wrong.
_VIEWS = 4
_MOST_LATENTS = 40_000
_REPORT_EVERY = 25
_STREAM = 11


def fit_prior(
    state: TrainState, dataset: Dataset, vocabulary: Vocabulary, plan: Plan, should_stop: Callable[[], bool]
) -> Iterator[tuple[float, float]]:
    """Train the prior alone for `prior.finish_share` of the run's steps; yields (share done, loss) now and then.

    Args:
        state: Of a run whose VAE is done; its prior and the prior's average change.
        dataset: What the run learned from.
        vocabulary: Words of its captions.
        plan: Where to compute.
        should_stop: Asked after every step; what was learned until then stays.
    """
    config = state.config
    steps = round(config.prior.finish_share * config.training.max_steps)
    if steps == 0:
        return
    mu, spread, words, weights = _latents(state, dataset, vocabulary, plan)
    prior, optimizer = state.prior, state.optimizers["prior"]
    for module in (prior, state.kept_prior):
        module.standardise(mu, spread)
    prior.train()
    total = 0.0
    for step in range(steps):
        if should_stop():
            return
        generator = torch.Generator(plan.device).manual_seed((config.training.seed << 32) ^ (_STREAM << 24) ^ step)
        rows = torch.multinomial(weights, min(_BATCH, len(mu)), replacement=True, generator=generator)
        z = mu[rows] + spread[rows] * torch.empty_like(mu[rows]).normal_(generator=generator)
        for group in optimizer.param_groups:
            group["lr"] = config.prior.learning_rate * state.rate_scale * cosine(step / steps)
        with plan.autocast():
            loss = prior.loss(z, words[rows], generator)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(prior.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        state.update_average("prior", step)
        total += float(loss.detach())
        if (step + 1) % _REPORT_EVERY == 0 or step + 1 == steps:
            count = step % _REPORT_EVERY + 1
            yield (step + 1) / steps, total / count
            total = 0.0


@torch.no_grad()
def _latents(
    state: TrainState, dataset: Dataset, vocabulary: Vocabulary, plan: Plan
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Means and deviations (M, L), words (M, D) and weights (M,) of every training sprite in several views."""
    training = state.config.training
    indices = dataset.indices("train")
    views = max(1, min(_VIEWS, _MOST_LATENTS // len(indices)))
    rng = np.random.default_rng([training.seed, _STREAM])
    means, spreads = [], []
    vae = state.kept_vae
    for _ in range(views):
        for start in range(0, len(indices), _ENCODED_AT_ONCE):
            chosen = dataset.sprites_NHWC[indices[start : start + _ENCODED_AT_ONCE]]
            seen = augment(chosen, rng, flip=training.flip, shift_px=training.shift_px, recolour=0.0)
            mu, logvar = vae.encode(vae.prepare(torch.from_numpy(seen).to(plan.device)))
            means.append(mu.float())
            spreads.append(torch.exp(0.5 * logvar.float()))
    words = vocabulary.embed_all(training_captions(dataset)).repeat(views, 1)
    weights = torch.from_numpy(family_weights(dataset, training)).float().repeat(views)
    return torch.cat(means), torch.cat(spreads), words.to(plan.device), weights.to(plan.device)
