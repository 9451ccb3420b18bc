"""The document's losses, under its names, and those that replace what it could not have meant.

Shapes: B batch, E experts, L latent numbers.
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor


def recon_loss(recon_x: Tensor, x: Tensor) -> Tensor:
    """Mean squared error over everything."""
    return F.mse_loss(recon_x.float(), x.float(), reduction="mean")


def kl_loss(
    mu_BL: Tensor, logvar_BL: Tensor, form: Literal["mean", "sum"] = "mean", factors_L: Tensor | None = None
) -> Tensor:
    """KL divergence of N(mu, exp(logvar)) from N(0, 1).

    Args:
        mu_BL: Means.
        logvar_BL: Log-variances.
        form: `mean` over batch and numbers (the document's), or `sum` over numbers and mean over the
            batch, i.e. nats per sprite; `sum` is `mean` times L.
        factors_L: What each number weighs; None is 1 for all.
    """
    per_number = -0.5 * (1 + logvar_BL.float() - mu_BL.float().pow(2) - logvar_BL.float().exp())
    if factors_L is not None:
        per_number = per_number * factors_L
    return per_number.mean() if form == "mean" else per_number.sum(dim=1).mean()


def vae_loss(
    recon_x: Tensor, x: Tensor, mu_BL: Tensor, logvar_BL: Tensor, kl_weight: float = 0.01
) -> tuple[Tensor, Tensor, Tensor]:
    """Total, reconstruction and KL loss, in the document's mean forms."""
    recon, kl = recon_loss(recon_x, x), kl_loss(mu_BL, logvar_BL)
    return recon + kl_weight * kl, recon, kl


def quality_loss(
    scores_B: Tensor, kind: Literal["target", "mean_score"] = "target", target_quality: float = 0.8
) -> Tensor:
    """The teacher's reward to the VAE; the document gives both forms.

    It is applied to the VAE's pictures only: as the document's step has it, the teacher itself would
    learn to answer `target_quality` for everything.

    Args:
        scores_B: Probabilities, 0 to 1.
        kind: `target` is the cross-entropy to `target_quality`; `mean_score` is minus the mean score.
        target_quality: Score the pictures are pulled towards.
    """
    scores = scores_B.float()
    if kind == "mean_score":
        return -scores.mean()
    # Autocast forbids binary_cross_entropy on purpose; these scores are float32 by now.
    with torch.autocast(device_type=scores.device.type, enabled=False):
        return F.binary_cross_entropy(scores, torch.full_like(scores, target_quality))


def semantic_loss(predicted_BD: Tensor, target_BD: Tensor) -> Tensor:
    """Mean squared error between predicted and caption embeddings; rows whose target is zero have no caption."""
    known = target_BD.abs().sum(dim=1) > 0
    if not bool(known.any()):
        return predicted_BD.float().sum() * 0.0
    return F.mse_loss(predicted_BD[known].float(), target_BD[known].float())


def ranking_loss(better_B: Tensor, worse_B: Tensor, margin: float | Tensor = 0.0) -> Tensor:
    """Logistic ranking of logits: `better` should exceed `worse` by more than `margin` (RankNet, Burges 2005)."""
    return F.softplus(margin - (better_B.float() - worse_B.float())).mean()


def pairs_loss(better_B: Tensor, worse_B: Tensor, margin: float = 0.0) -> Tensor:
    """Logistic ranking over all pairs, so that one scale holds for all: a smooth stand-in for the area under ROC."""
    return F.softplus(margin - (better_B.float()[:, None] - worse_B.float()[None, :])).mean()


def caption_loss(predicted_BD: Tensor, target_BD: Tensor, captions_CD: Tensor, temperature: float = 0.07) -> Tensor:
    """Cross-entropy of finding the right caption among all (InfoNCE, van den Oord et al. 2018), captions alike sharing.

    Args:
        predicted_BD: Embeddings predicted from pictures.
        target_BD: Unit embeddings of their captions; zero rows have no caption and do not count.
        captions_CD: Unit embeddings of every caption there is.
        temperature: How near in cosine a caption must be to be as good as the right one.
    """
    known = target_BD.abs().sum(dim=1) > 0
    if not bool(known.any()) or not len(captions_CD):
        return predicted_BD.float().sum() * 0.0
    share_BC = torch.softmax(target_BD[known].float() @ captions_CD.T / temperature, dim=1)
    alike_BC = F.normalize(predicted_BD[known].float(), dim=1) @ captions_CD.T / temperature
    return -(share_BC * F.log_softmax(alike_BC, dim=1)).sum(dim=1).mean()


def balance_loss(gate_BE: Tensor) -> Tensor:
    """1 when all experts have equal shares of the batch, E when one has all (Switch Transformer, eq. 4, soft form)."""
    share = gate_BE.float().mean(dim=0)
    return (share * share).sum() * gate_BE.shape[1]
