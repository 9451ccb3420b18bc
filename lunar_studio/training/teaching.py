"""What the teacher learns in a step, and what it has to say to the VAE.

Three lessons. On the ladder of damage: real art above a little harm above more, in pairs within a sprite and between
all sprites of a batch, so that one scale holds for all art. For its experts: each answers for some kinds of damage,
keeps still at the others', and the gate asks the one whose kind it is. For words: the embedding of a sprite's caption,
and that caption before all others of the art.

Shapes: B batch, E experts, C captions, D embedding numbers.
"""

from __future__ import annotations

from functools import lru_cache
from operator import itemgetter

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lunar_studio.models.losses import (
    balance_loss,
    caption_loss,
    pairs_loss,
    quality_loss,
    ranking_loss,
    semantic_loss,
)
from lunar_studio.models.teacher import Judgement, LunarMoETeacher
from lunar_studio.pixels.damage import FAMILIES
from lunar_studio.training.batch import Lesson
from lunar_studio.training.device import Plan
from lunar_studio.training.gradients import all_finite, settled
from lunar_studio.training.state import TrainState

# How far apart the teacher should hold two steps of damage, and any real from any harmed sprite, in logits.
_MARGIN, _PAIRS_MARGIN = 0.5, 1.0
# Slight harm is not real art either, but calling it bad outright would leave no room below.
_MILD_SHARE = 0.3
# Of the lesson for experts: keeping still at another's kind of damage, and being asked about one's own.
_STILL_SHARE, _ASK_SHARE = 0.02, 0.3
_CLIP = 5.0


def reward(teacher: nn.Module, drawn_BCHW: Tensor, kind: str, target: float) -> Tensor:
    """The frozen teacher's quality loss; its statistics and weights stay as they are."""
    teacher.eval().requires_grad_(False)
    score = teacher(drawn_BCHW).score_B
    teacher.train().requires_grad_(True)
    return quality_loss(score, "mean_score" if kind == "mean_score" else "target", target)


def teacher_step(
    state: TrainState, teacher: LunarMoETeacher, lesson: Lesson, drawn_BCHW: Tensor | None, plan: Plan
) -> tuple[dict[str, float], tuple[float, ...], bool]:
    """Teach the teacher: real above mildly damaged above badly damaged, and real above drawn.

    Args:
        state: Its VAE prepares the pictures; its teacher's optimizer takes the step.
        teacher: In training mode.
        lesson: With rows.
        drawn_BCHW: The VAE's pictures of the same sprites, or None where it draws none now.
        plan: Where to compute.

    Returns:
        Losses, mean gate weights, and whether all was finite; when not, nothing was changed.
    """
    losses, shares, norm = teacher_gradients(state, teacher, lesson, drawn_BCHW, plan)
    sound = all_finite(losses, {"teacher": norm})
    if sound:
        state.scaler.step(state.optimizers["teacher"])
    state.scaler.update()
    return losses, shares, sound


def teacher_gradients(
    state: TrainState, teacher: LunarMoETeacher, lesson: Lesson, drawn_BCHW: Tensor | None, plan: Plan
) -> tuple[dict[str, float], tuple[float, ...], float]:
    """Gradients of the teacher, in as many micro-batches as the VAE's where each can hold two sprites."""
    vae, config = state.vae, state.config.training
    count = len(lesson)
    totals: dict[str, float] = {}
    shares: list[Tensor] = []
    for rows in torch.arange(count).chunk(min(config.accumulate, max(1, count // 2))):
        chosen = slice(int(rows[0]), int(rows[-1]) + 1)
        part = lesson.of(itemgetter(chosen))
        kinds = [vae.prepare(rgba) for rgba in (part.real_BHWC, part.mild_BHWC, part.bad_BHWC)]
        if drawn_BCHW is not None:
            kinds.append(drawn_BCHW[:count][chosen].to(kinds[0].dtype))
        with plan.autocast():
            judged = teacher(torch.cat(kinds).contiguous(memory_format=plan.memory_format))
        loss, losses, gate_E = _loss(state, judged, part)
        share = len(rows) / count
        torch.autograd.backward(state.scaler.scale(loss * share))
        shares.append(gate_E * share)
        for name, value in losses.items():
            totals[name] = totals.get(name, 0.0) + value * share
    norm = settled(state, "teacher", _CLIP)
    return state.peers.mean(totals), tuple(map(float, torch.stack(shares).sum(dim=0))), norm


def _loss(state: TrainState, judged: Judgement, lesson: Lesson) -> tuple[Tensor, dict[str, float], Tensor]:
    """Loss, its parts, and mean gate weights (E,), over the rows of all processes.

    Args:
        state: For weights.
        judged: Of this process: real, mildly damaged, badly damaged and, maybe, drawn sprites, one after another.
        lesson: Of this process.
    """
    config, peers = state.config.training, state.peers
    count = len(lesson)
    logits = [peers.gather(rows) for rows in torch.split(judged.logit_B, count)]
    real, mild, bad, *drawn = logits
    ranking = ranking_loss(real, mild, _MARGIN) + ranking_loss(mild, bad, _MARGIN)
    if drawn and config.adversarial_weight > 0:
        ranking = ranking + config.adversarial_weight * ranking_loss(real, drawn[0], 0.0)
    craft = ranking + _verdict(real, bad) + _MILD_SHARE * F.softplus(mild).mean() + pairs_loss(real, bad, _PAIRS_MARGIN)
    experts = [peers.gather(rows) for rows in torch.split(judged.expert_logits_BE, count)[:3]]
    gate_BE = peers.gather(judged.gate_BE)
    own_B = _expert_of(judged.gate_BE.shape[1]).to(lesson.harm_B.device)[peers.gather(lesson.harm_B)]
    asked_B = peers.gather(torch.split(judged.gate_BE, count)[2]).gather(1, own_B[:, None]).squeeze(1)
    kinds = _kinds(experts[0], experts[1], experts[2], own_B) - _ASK_SHARE * torch.log(asked_B.clamp(min=1e-6)).mean()
    seen_BD, target_BD = peers.gather(judged.embedding_BD[:count]), peers.gather(lesson.words_BD)
    semantic, caption = semantic_loss(seen_BD, target_BD), caption_loss(seen_BD, target_BD, lesson.captions_CD)
    loss = (
        craft
        + config.expert_weight * kinds
        + config.balance_weight * state.balance_scale * balance_loss(gate_BE)
        + config.semantic_weight * semantic
        + config.caption_weight * caption
    )
    losses = {"teacher": float(craft.detach()), "semantic": float(semantic.detach())}
    if drawn:  # shown before the reward begins, too: how the teacher likes what is drawn
        scores = torch.sigmoid(drawn[0].detach())
        losses["quality"] = float(quality_loss(scores, config.quality_loss, config.quality_target))
    return loss, losses, gate_BE.detach().mean(dim=0)


def _verdict(real_B: Tensor, bad_B: Tensor) -> Tensor:
    """Real art above zero, what is harmed below: pairs fix the order within a sprite, this fixes the scale."""
    return torch.cat([F.softplus(-real_B), F.softplus(bad_B)]).mean()


def _kinds(real_BE: Tensor, mild_BE: Tensor, bad_BE: Tensor, own_B: Tensor) -> Tensor:
    """Each expert on the damage that is its own, and quiet where the damage is another's."""
    own_B1 = own_B[:, None]
    real_B, mild_B, bad_B = (logits.gather(1, own_B1).squeeze(1) for logits in (real_BE, mild_BE, bad_BE))
    lesson = ranking_loss(real_B, mild_B, _MARGIN) + ranking_loss(mild_B, bad_B, _MARGIN) + _verdict(real_B, bad_B)
    # Row i: what the expert for the i-th damage says of every real sprite.
    pairs = F.softplus(_PAIRS_MARGIN - (real_BE.T[own_B] - bad_B[:, None])).mean()
    others_BE = torch.ones_like(real_BE).scatter(1, own_B1, 0.0)
    calm_BE = real_BE.detach()
    moved = sum(
        F.smooth_l1_loss(harmed * others_BE, calm_BE * others_BE, reduction="sum") for harmed in (mild_BE, bad_BE)
    )
    still = moved / (2.0 * others_BE.sum()).clamp(min=1.0)
    return lesson + pairs + _STILL_SHARE * still


@lru_cache(maxsize=8)
def _expert_of(experts: int) -> Tensor:
    """Which expert answers for each family of damage; neighbours in the list are alike and go to one."""
    parts = np.array_split(np.arange(len(FAMILIES)), experts)
    return torch.from_numpy(np.concatenate([np.full(len(part), expert) for expert, part in enumerate(parts)]))
