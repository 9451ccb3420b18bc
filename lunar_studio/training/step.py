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

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lunar_studio.models.losses import balance_loss, kl_loss, quality_loss, ranking_loss, semantic_loss
from lunar_studio.models.teacher import Judgement, LunarMoETeacher
from lunar_studio.training import schedules
from lunar_studio.training.device import Plan
from lunar_studio.training.state import Part, TrainState

# Sprites of a batch that the reward and the teacher's lesson look at; judging all of them would cost
# as much as drawing them.
_LESSON_SHARE = 4
# How far apart the teacher should hold two steps of damage, in logits.
_MARGIN = 0.5
# Clipping of judge and prior; the VAE's is a setting.
_TEACHER_CLIP, _PRIOR_CLIP = 5.0, 1.0
# A smaller scale of float16 means that something else is wrong.
_LEAST_SCALE = 1.0


@dataclass(frozen=True)
class Batch:
    """What one step learns from.

    Attributes:
        rgba_BHWC: uint8 sprites, augmented.
        words_BD: Caption embeddings; zero rows have no caption.
        mild_BHWC: The first sprites, damaged a little; empty when the teacher does not learn in this step.
        bad_BHWC: The same sprites, damaged the same way but more.
    """

    rgba_BHWC: Tensor
    words_BD: Tensor
    mild_BHWC: Tensor
    bad_BHWC: Tensor


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


def lesson_size(batch: int) -> int:
    """How many sprites of a batch the teacher looks at."""
    return max(2, batch // _LESSON_SHARE) if batch > 1 else batch


def training_step(state: TrainState, batch: Batch, plan: Plan) -> Outcome:
    """One step of every part that learns now; `state.step` is advanced only when all is finite.

    Args:
        state: What moves.
        batch: The whole batch, the same in every process of the run.
        plan: Where to compute.
    """
    config, peers = state.config.training, state.peers
    state.set_rates(schedules.rate_factor(config, state.step))
    generator = torch.Generator(plan.device).manual_seed((config.seed << 32) ^ state.step)
    own = Batch(*map(peers.rows, (batch.rgba_BHWC, batch.words_BD, batch.mild_BHWC, batch.bad_BHWC)))

    losses, drawn, latents, norm = _vae_gradients(state, own, plan, generator)
    norms: dict[Part, float] = {"vae": norm}
    shares: tuple[float, ...] = ()
    if _all_finite(losses, norms) and state.teacher is not None and len(batch.bad_BHWC):
        taught, shares, norms["teacher"] = _teacher_gradients(state, state.teacher, own, drawn, plan)
        losses |= taught
    if _all_finite(losses, norms):
        losses["prior"], norms["prior"] = _prior_gradients(state, batch, peers.gather(latents), plan, generator)
    finite = _all_finite(losses, norms)
    overflowed = False
    if finite:
        for part in norms:
            state.scaler.step(state.optimizers[part])
        state.step += 1
        state.alone.clear()
        state.images += len(batch.rgba_BHWC)
        state.update_averages()
    else:
        overflowed = state.scaler.is_enabled() and _all_finite(losses, {}) and state.scaler.get_scale() > _LEAST_SCALE
    if finite or overflowed:
        state.scaler.update()
    for optimizer in state.optimizers.values():
        optimizer.zero_grad(set_to_none=True)
    return Outcome(losses, norm, shares, finite, overflowed)


def _all_finite(losses: Mapping[str, float], norms: Mapping[Part, float]) -> bool:
    return all(map(math.isfinite, (*losses.values(), *norms.values())))


def _vae_gradients(
    state: TrainState, batch: Batch, plan: Plan, generator: torch.Generator
) -> tuple[dict[str, float], Tensor, Tensor, float]:
    """Gradients of the VAE. Returns losses, drawn pictures of the lesson, latents, gradient norm."""
    config, vae, peers = state.config.training, state.vae, state.peers
    count = len(batch.rgba_BHWC)
    kl_weight, reward_weight = schedules.kl_weight(config, state.step), schedules.quality_weight(config, state.step)
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
                    quality = _reward(state.teacher, pictures, config.quality_loss, config.quality_target)
                    part = taken / lesson
                    totals["quality"] = totals.get("quality", 0.0) + float(quality.detach()) * part
                    loss = loss + reward_weight * quality * part / share
        torch.autograd.backward(state.scaler.scale(loss * share))
        latents.append(z.detach().float())
        for name, value in {**added, "recon": recon, "kl": kl, "total": loss}.items():
            totals[name] = totals.get(name, 0.0) + float(value.detach()) * share
    norm = _settled(state, "vae", config.gradient_clip or float("inf"))
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


def _settled(state: TrainState, part: Part, limit: float) -> float:
    """Average a part's gradients over the processes, undo float16's scale, clip. Returns their norm before."""
    network = state.networks[part]
    state.peers.average_gradients(network)
    state.scaler.unscale_(state.optimizers[part])
    return float(nn.utils.clip_grad_norm_(network.parameters(), limit))


def _reward(teacher: nn.Module, drawn_BCHW: Tensor, kind: str, target: float) -> Tensor:
    """The frozen teacher's quality loss; its statistics and weights stay as they are."""
    teacher.eval().requires_grad_(False)
    score = teacher(drawn_BCHW).score_B
    teacher.train().requires_grad_(True)
    return quality_loss(score, "mean_score" if kind == "mean_score" else "target", target)


def teacher_step(
    state: TrainState, teacher: LunarMoETeacher, batch: Batch, drawn_BCHW: Tensor | None, plan: Plan
) -> tuple[dict[str, float], tuple[float, ...], bool]:
    """Teach the teacher: real above mildly damaged above badly damaged, and real above drawn.

    Args:
        state: Its VAE prepares the pictures; its teacher's optimizer takes the step.
        teacher: In training mode.
        batch: With damaged sprites.
        drawn_BCHW: The VAE's pictures of the same sprites, or None where it draws none now.
        plan: Where to compute.

    Returns:
        Losses, mean gate weights, and whether all was finite; when not, nothing was changed.
    """
    losses, shares, norm = _teacher_gradients(state, teacher, batch, drawn_BCHW, plan)
    sound = _all_finite(losses, {"teacher": norm})
    if sound:
        state.scaler.step(state.optimizers["teacher"])
    state.scaler.update()
    return losses, shares, sound


def _teacher_gradients(
    state: TrainState, teacher: LunarMoETeacher, batch: Batch, drawn_BCHW: Tensor | None, plan: Plan
) -> tuple[dict[str, float], tuple[float, ...], float]:
    """Gradients of the teacher, in as many micro-batches as the VAE's where each can hold two sprites."""
    vae, config = state.vae, state.config.training
    count = len(batch.bad_BHWC)
    totals: dict[str, float] = {}
    shares: list[Tensor] = []
    for rows in torch.arange(count).chunk(min(config.accumulate, max(1, count // 2))):
        chosen = slice(int(rows[0]), int(rows[-1]) + 1)
        kinds = [vae.prepare(rgba[chosen]) for rgba in (batch.rgba_BHWC[:count], batch.mild_BHWC, batch.bad_BHWC)]
        if drawn_BCHW is not None:
            kinds.append(drawn_BCHW[:count][chosen].to(kinds[0].dtype))
        with plan.autocast():
            judged = teacher(torch.cat(kinds).contiguous(memory_format=plan.memory_format))
        loss, losses, gate_E = _teacher_loss(state, judged, batch.words_BD[:count][chosen])
        share = len(rows) / count
        torch.autograd.backward(state.scaler.scale(loss * share))
        shares.append(gate_E * share)
        for name, value in losses.items():
            totals[name] = totals.get(name, 0.0) + value * share
    norm = _settled(state, "teacher", _TEACHER_CLIP)
    return state.peers.mean(totals), tuple(map(float, torch.stack(shares).sum(dim=0))), norm


def _teacher_loss(state: TrainState, judged: Judgement, words_BD: Tensor) -> tuple[Tensor, dict[str, float], Tensor]:
    """Loss, its parts, and mean gate weights (E,), over the rows of all processes.

    Args:
        state: For weights.
        judged: Of this process: real, mildly damaged, badly damaged and, maybe, drawn sprites, one after another.
        words_BD: Of the real ones.
    """
    config, peers = state.config.training, state.peers
    count = len(words_BD)
    kinds = len(judged.logit_B) // count
    real, mild, bad, *drawn = (peers.gather(rows) for rows in judged.logit_B.chunk(kinds))
    ranking = ranking_loss(real, mild, _MARGIN) + ranking_loss(mild, bad, _MARGIN)
    if drawn and config.adversarial_weight > 0:
        ranking = ranking + config.adversarial_weight * ranking_loss(real, drawn[0], 0.0)
    # Pairs fix the order within a sprite; this fixes it between sprites.
    verdict = torch.cat([nn.functional.softplus(-real), nn.functional.softplus(bad)]).mean()
    semantic = semantic_loss(peers.gather(judged.embedding_BD[:count]), peers.gather(words_BD))
    gate_BE = peers.gather(judged.gate_BE)
    balance = balance_loss(gate_BE)
    loss = ranking + verdict + config.semantic_weight * semantic + config.balance_weight * state.balance_scale * balance
    losses = {"teacher": float(ranking.detach() + verdict.detach()), "semantic": float(semantic.detach())}
    if drawn:  # shown before the reward begins, too: how the teacher likes what is drawn
        scores = torch.sigmoid(drawn[0].detach())
        losses["quality"] = float(quality_loss(scores, config.quality_loss, config.quality_target))
    return loss, losses, gate_BE.detach().mean(dim=0)


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
