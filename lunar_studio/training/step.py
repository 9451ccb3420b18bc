"""The combined training step: VAE with the teacher's reward, then teacher, then prior.

The document trains both networks on one total loss, which teaches the teacher to answer the target
score for everything. Here each network learns from what it can answer for: the VAE from
reconstruction, KL and the frozen teacher's reward; the teacher from real art against damaged art and
the VAE's pictures; the prior from the VAE's latents. Shapes: B batch, D embedding numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lunar_studio.models.losses import balance_loss, kl_loss, quality_loss, ranking_loss, semantic_loss
from lunar_studio.models.teacher import LunarMoETeacher
from lunar_studio.training import schedules
from lunar_studio.training.device import Plan
from lunar_studio.training.state import TrainState

# Sprites of a batch that the reward and the teacher's lesson look at; judging all of them would cost
# as much as drawing them.
_LESSON_SHARE = 4
# How far apart the teacher should hold two steps of damage, in logits.
_MARGIN = 0.5


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
        finite: False when nothing was changed because a loss or gradient was not finite.
    """

    losses: dict[str, float]
    gradient_norm: float
    expert_shares: tuple[float, ...]
    finite: bool


def lesson_size(batch: int) -> int:
    """How many sprites of a batch the teacher looks at."""
    return max(2, batch // _LESSON_SHARE) if batch > 1 else batch


def training_step(state: TrainState, batch: Batch, plan: Plan) -> Outcome:
    """One step of every part that learns now; `state.step` is advanced only when all is finite."""
    config = state.config.training
    state.set_rates(schedules.rate_factor(config, state.step))
    generator = torch.Generator(plan.device).manual_seed((config.seed << 32) ^ state.step)

    losses, drawn, latents, norm = _vae_step(state, batch, plan, generator)
    finite = all(map(math.isfinite, losses.values())) and math.isfinite(norm)
    shares: tuple[float, ...] = ()
    if finite:
        _apply(state, "vae")
        if state.teacher is not None and len(batch.bad_BHWC):
            teacher_losses, shares, finite = teacher_step(state, state.teacher, batch, drawn, plan)
            losses |= teacher_losses
        losses["prior"] = _prior_step(state, batch, latents, plan, generator)
        finite = finite and math.isfinite(losses["prior"])
    if finite:
        state.step += 1
        state.alone.clear()
        state.images += len(batch.rgba_BHWC)
        state.update_averages()
    for optimizer in state.optimizers.values():
        optimizer.zero_grad(set_to_none=True)
    return Outcome(losses, norm, shares, finite)


def _vae_step(
    state: TrainState, batch: Batch, plan: Plan, generator: torch.Generator
) -> tuple[dict[str, float], Tensor, Tensor, float]:
    """Gradients of the VAE. Returns losses, drawn pictures of the lesson, latents, gradient norm."""
    config, vae = state.config.training, state.vae
    kl_weight, reward_weight = schedules.kl_weight(config, state.step), schedules.quality_weight(config, state.step)
    totals: dict[str, float] = {}
    latents: list[Tensor] = []
    drawn = torch.empty(0)
    parts = batch.rgba_BHWC.chunk(config.accumulate)
    for index, part in enumerate(parts):
        share = len(part) / len(batch.rgba_BHWC)
        x = vae.prepare(part).contiguous(memory_format=plan.memory_format)
        with plan.autocast():
            mu, logvar = vae.encode(x)
            z = vae.reparameterize(mu, logvar, generator)
            soft, recon = vae.reconstruct(z, x)
            kl = kl_loss(mu, logvar, config.kl_form, vae.kl_factors())
            added = state.extra_losses(soft, x, mu, logvar)
            loss = recon + kl_weight * kl + sum(added.values())
            if index == 0:
                count = min(lesson_size(len(batch.rgba_BHWC)), len(part))
                drawn = vae.hard(z[:count], soft[:count])
                if reward_weight > 0 and state.teacher is not None:
                    quality = _reward(state.teacher, drawn, config.quality_loss, config.quality_target)
                    totals["quality"] = float(quality.detach())
                    loss = loss + reward_weight * quality / share
        torch.autograd.backward(state.scaler.scale(loss * share))
        latents.append(z.detach().float())
        for name, value in {**added, "recon": recon, "kl": kl, "total": loss}.items():
            totals[name] = totals.get(name, 0.0) + float(value.detach()) * share
    state.scaler.unscale_(state.optimizers["vae"])
    limit = config.gradient_clip or float("inf")
    norm = float(nn.utils.clip_grad_norm_(vae.parameters(), limit))
    return totals, drawn.detach(), torch.cat(latents), norm


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
    vae, config = state.vae, state.config.training
    count = len(batch.bad_BHWC)
    kinds = [vae.prepare(rgba) for rgba in (batch.rgba_BHWC[:count], batch.mild_BHWC, batch.bad_BHWC)]
    if drawn_BCHW is not None:
        kinds.append(drawn_BCHW[:count].to(kinds[0].dtype))
    with plan.autocast():
        judged = teacher(torch.cat(kinds).contiguous(memory_format=plan.memory_format))
    real, mild, bad, *drawn = judged.logit_B.split([len(kind) for kind in kinds])
    ranking = ranking_loss(real, mild, _MARGIN) + ranking_loss(mild, bad, _MARGIN)
    if drawn and config.adversarial_weight > 0:
        ranking = ranking + config.adversarial_weight * ranking_loss(real, drawn[0], 0.0)
    # Pairs fix the order within a sprite; this fixes it between sprites.
    verdict = torch.cat([nn.functional.softplus(-real), nn.functional.softplus(bad)]).mean()
    semantic = semantic_loss(judged.embedding_BD[:count], batch.words_BD[:count])
    balance = balance_loss(judged.gate_BE)
    loss = ranking + verdict + config.semantic_weight * semantic + config.balance_weight * state.balance_scale * balance
    torch.autograd.backward(state.scaler.scale(loss))
    state.scaler.unscale_(state.optimizers["teacher"])
    norm = float(nn.utils.clip_grad_norm_(teacher.parameters(), 5.0))
    losses = {"teacher": float(ranking.detach() + verdict.detach()), "semantic": float(semantic.detach())}
    if drawn:  # shown before the reward begins, too: how the teacher likes what is drawn
        scores = torch.sigmoid(drawn[0].detach())
        losses["quality"] = float(quality_loss(scores, config.quality_loss, config.quality_target))
    sound = math.isfinite(norm) and all(map(math.isfinite, losses.values()))
    if sound:
        _apply(state, "teacher")
    shares = tuple(float(share) for share in judged.gate_BE.detach().mean(dim=0))
    return losses, shares, sound


def _prior_step(state: TrainState, batch: Batch, z_BL: Tensor, plan: Plan, generator: torch.Generator) -> float:
    """The flow follows the latents that the VAE gives now."""
    prior = state.prior
    prior.observe(z_BL, momentum=max(0.01, 1.0 / (state.step + 1)) if len(z_BL) > 1 else 0.0)
    with plan.autocast():
        loss = prior.loss(z_BL, batch.words_BD, generator)
    value = float(loss.detach())
    if math.isfinite(value):
        torch.autograd.backward(state.scaler.scale(loss))
        state.scaler.unscale_(state.optimizers["prior"])
        nn.utils.clip_grad_norm_(prior.parameters(), 1.0)
        _apply(state, "prior")
    return value


def _apply(state: TrainState, part: str) -> None:
    state.scaler.step(state.optimizers[part])
    state.scaler.update()
