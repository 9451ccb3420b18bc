"""The combined training step: VAE with the teacher's reward, then teacher, then prior.

The document trains both networks on one total loss, which teaches the teacher to answer the target
score for everything. Here each network learns from what it can answer for: the VAE from
reconstruction, KL and the frozen teacher's reward; the teacher from real art against damaged art and
the VAE's pictures; the prior from the VAE's latents.

All gradients come first, then all weights move: a loss or gradient that is not finite, or memory that runs
out halfway, leaves every weight where it was. Where processes share the run, each looks at its rows only
and the gradients are averaged (`peers`). Shapes: B batch, D embedding numbers, L latent numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lunar_studio.models.losses import kl_loss
from lunar_studio.training import schedules
from lunar_studio.training.batch import Batch, lesson_size
from lunar_studio.training.device import Plan
from lunar_studio.training.gradients import all_finite, settled
from lunar_studio.training.state import Part, TrainState
from lunar_studio.training.teaching import reward, teacher_gradients

# Of the prior's gradients; the VAE's is a setting.
_PRIOR_CLIP = 1.0
# A smaller scale of float16 means that something else is wrong.
_LEAST_SCALE = 1.0


@dataclass(frozen=True)
class Outcome:
    """What one step gave.

    Attributes:
        losses: By name, as in `core.events.StepDone`.
        gradient_norm: Of the VAE, before clipping.
        expert_shares: Mean gate weights; empty when the teacher did not look.
        finite: False when no weight was changed because a loss or gradient was not finite.
        overflowed: With `finite` False: only float16's scale was too large; it is lower now, so try again.
    """

    losses: dict[str, float]
    gradient_norm: float
    expert_shares: tuple[float, ...]
    finite: bool
    overflowed: bool = False


def training_step(state: TrainState, batch: Batch, plan: Plan) -> Outcome:
    """One step of every part that learns now; `state.step` is advanced only when all is finite.

    Args:
        state: What moves.
        batch: The whole batch, the same in every process of the run.
        plan: Where to compute.
    """
    config, peers = state.config.training, state.peers
    state.set_rates(schedules.rate_factor(*schedules.placed(config, state.step, state.shortcut)))
    generator = torch.Generator(plan.device).manual_seed((config.seed << 32) ^ state.step)
    own = batch.of(peers.rows)

    losses, drawn, latents, norm = _vae_gradients(state, own, plan, generator)
    norms: dict[Part, float] = {"vae": norm}
    shares: tuple[float, ...] = ()
    if all_finite(losses, norms) and state.teacher is not None and len(batch.lesson):
        taught, shares, norms["teacher"] = teacher_gradients(state, state.teacher, own.lesson, drawn, plan)
        losses |= taught
    if all_finite(losses, norms):
        losses["prior"], norms["prior"] = _prior_gradients(state, batch, peers.gather(latents), plan, generator)
    finite = all_finite(losses, norms)
    overflowed = False
    if finite:
        for part in norms:
            state.scaler.step(state.optimizers[part])
        state.step += 1
        state.alone.clear()
        state.images += len(batch.rgba_BHWC)
        state.update_averages()
    else:
        overflowed = state.scaler.is_enabled() and all_finite(losses, {}) and state.scaler.get_scale() > _LEAST_SCALE
    if finite or overflowed:
        state.scaler.update()
    for optimizer in state.optimizers.values():
        optimizer.zero_grad(set_to_none=True)
    return Outcome(losses, norm, shares, finite, overflowed)


def _vae_gradients(
    state: TrainState, batch: Batch, plan: Plan, generator: torch.Generator
) -> tuple[dict[str, float], Tensor, Tensor, float]:
    """Gradients of the VAE. Returns losses, drawn pictures of the lesson, latents, gradient norm."""
    config, vae, peers = state.config.training, state.vae, state.peers
    count = len(batch.rgba_BHWC)
    place = schedules.placed(config, state.step, state.shortcut)
    kl_weight, reward_weight = schedules.kl_weight(*place), schedules.quality_weight(*place)
    lesson = _share_of(lesson_size(count * peers.size if peers.together else count), state)
    totals: dict[str, float] = {}
    latents: list[Tensor] = []
    drawn: list[Tensor] = []
    noise_BL: Tensor | None = None
    for rgba in batch.rgba_BHWC.chunk(config.accumulate):
        share = len(rgba) / count
        x = vae.prepare(rgba).contiguous(memory_format=plan.memory_format)
        with plan.autocast():
            mu, logvar = vae.encode(x)
            if noise_BL is None:
                noise_BL = _noise(mu, count, state, generator)
            first = sum(map(len, latents))
            z = mu + noise_BL[first : first + len(mu)] * torch.exp(0.5 * logvar)
            soft, recon = vae.reconstruct(z, x)
            kl = kl_loss(mu, logvar, config.kl_form, vae.kl_factors())
            added = state.extra_losses(soft, x, mu, logvar)
            loss = recon + kl_weight * kl + sum(added.values())
            taken = min(lesson - first, len(rgba))
            if taken > 0:
                pictures = vae.hard(z[:taken], soft[:taken])
                drawn.append(pictures.detach())
                if reward_weight > 0 and state.teacher is not None:
                    quality = reward(state.teacher, pictures, config.quality_loss, config.quality_target)
                    part = taken / lesson
                    totals["quality"] = totals.get("quality", 0.0) + float(quality.detach()) * part
                    loss = loss + reward_weight * quality * part / share
        torch.autograd.backward(state.scaler.scale(loss * share))
        latents.append(z.detach().float())
        for name, value in {**added, "recon": recon, "kl": kl, "total": loss}.items():
            totals[name] = totals.get(name, 0.0) + float(value.detach()) * share
    norm = settled(state, "vae", config.gradient_clip or float("inf"))
    return peers.mean(totals), torch.cat(drawn), torch.cat(latents), norm


def _share_of(whole: int, state: TrainState) -> int:
    """How many of some rows of the whole batch are this process's."""
    return whole // state.peers.size if state.peers.together else whole


def _noise(mu_BL: Tensor, count: int, state: TrainState, generator: torch.Generator) -> Tensor:
    """Standard normal numbers for `count` rows of this process, drawn for the whole batch: (count, L).

    Cutting the batch into other micro-batches, or sharing it among processes, then changes no row's noise.
    """
    whole = count * state.peers.size if state.peers.together else count
    return state.peers.rows(mu_BL.new_empty(whole, mu_BL.shape[1]).normal_(generator=generator))


def _prior_gradients(
    state: TrainState, batch: Batch, z_BL: Tensor, plan: Plan, generator: torch.Generator
) -> tuple[float, float]:
    """The flow follows the latents that the VAE gives now. Returns loss and gradient norm.

    It is small beside the VAE, so every process teaches it the whole batch, and there is nothing to average.
    """
    prior = state.prior
    prior.observe(z_BL, momentum=max(0.01, 1.0 / (state.step + 1)) if len(z_BL) > 1 else 0.0)
    with plan.autocast():
        loss = prior.loss(z_BL, batch.words_BD, generator)
    torch.autograd.backward(state.scaler.scale(loss))
    state.scaler.unscale_(state.optimizers["prior"])
    return float(loss.detach()), float(nn.utils.clip_grad_norm_(prior.parameters(), _PRIOR_CLIP))
