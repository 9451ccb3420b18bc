"""The palette of a sprite in a fixed order and number of slots, so that a latent can hold it as it is.

Learned palettes were the main error of reconstructions: on unseen art a network was off by more than a
16th of full scale for every sixth pixel. Reading the palette off the picture leaves only the error of K
colours. Shapes: B batch, N pixels, K slots.
"""

from __future__ import annotations

import torch
from torch import Tensor

_REFINEMENTS = 5
# Colours nearer than this, in units of full scale, are one.
_SAME = 2.5 / 255.0
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


def solid_colours(x_BCHW: Tensor) -> tuple[Tensor, Tensor]:
    """Straight RGB (B, N, 3), 0 to 1, and which pixels are solid (B, N), of pictures in the networks' form."""
    rgba_BN4 = ((x_BCHW.float() + 1.0) / 2.0).flatten(2).transpose(1, 2)
    alpha_BN1 = rgba_BN4[..., 3:]
    return (rgba_BN4[..., :3] / alpha_BN1.clamp(min=1 / 255)).clamp(0.0, 1.0), alpha_BN1[..., 0] >= 0.5


@torch.no_grad()
def palette_slots(colours_BN3: Tensor, solid_BN: Tensor, slots: int) -> Tensor:
    """K colours of each sprite, dark to light, (B, K, 3).

    Sprites with no more than K colours keep them exactly; each then stands in K / n neighbouring slots, more or
    less, so that the n-th part of the ramp is always in the same place. Sprites with more get the means of K
    clusters: farthest point first (Gonzalez 1985), which keeps rare accents, then a few rounds of k-means.
    Nothing solid at all gives black.

    Args:
        colours_BN3: Straight RGB, 0 to 1.
        solid_BN: Which pixels count.
        slots: K.
    """
    weight_BN1 = solid_BN[..., None].float()
    mean_B13 = (colours_BN3 * weight_BN1).sum(dim=1, keepdim=True) / weight_BN1.sum(dim=1, keepdim=True).clamp(min=1.0)
    points_BN3 = torch.where(solid_BN[..., None], colours_BN3, mean_B13)
    centres_BK3, real_BK = _farthest_first(points_BN3, mean_B13, solid_BN, slots)
    for _ in range(_REFINEMENTS):
        centres_BK3 = _refined(points_BN3, weight_BN1, centres_BK3, real_BK)
    return _spread(_by_lightness(centres_BK3, real_BK), real_BK)


@torch.no_grad()
def slot_ranks(colours_BN3: Tensor, solid_BN: Tensor, slots_BK3: Tensor) -> Tensor:
    """Where on the ramp from dark to light each pixel stands, (B, N): -1 to 1; 0 for pixels that are not there.

    A colour that fills several slots stands in their middle.
    """
    last = slots_BK3.shape[1] - 1
    score_BNK = _scores(colours_BN3, slots_BK3)
    first_BN, latest_BN = score_BNK.argmin(dim=2), last - score_BNK.flip(2).argmin(dim=2)
    return torch.where(solid_BN, (first_BN + latest_BN) / max(last, 1) - 1.0, 0.0)


def _scores(points_BN3: Tensor, centres_BK3: Tensor) -> Tensor:
    """|p - c|^2 but for |p|^2, which is the same for every c."""
    return (centres_BK3**2).sum(dim=2)[:, None] - 2.0 * torch.bmm(points_BN3, centres_BK3.transpose(1, 2))


def _farthest_first(points_BN3: Tensor, mean_B13: Tensor, solid_BN: Tensor, slots: int) -> tuple[Tensor, Tensor]:
    """Colours each as far as possible from those before, and which of them are new colours."""
    rows = torch.arange(len(points_BN3), device=points_BN3.device)
    # Pixels that are not there are never picked while another colour is left.
    distance_BN = torch.where(solid_BN, _squared(points_BN3, mean_B13) + 1.0, 0.0)
    picked, real = [], []
    for index in range(slots):
        farthest_B = distance_BN.argmax(dim=1)
        real.append(distance_BN[rows, farthest_B] > _SAME**2 if index else torch.ones_like(rows, dtype=torch.bool))
        colour_B13 = points_BN3[rows, farthest_B][:, None]
        picked.append(colour_B13)
        to_this_BN = _squared(points_BN3, colour_B13)
        distance_BN = torch.minimum(distance_BN, to_this_BN) if index else torch.where(solid_BN, to_this_BN, 0.0)
    return torch.cat(picked, dim=1), torch.stack(real, dim=1)


def _refined(points_BN3: Tensor, weight_BN1: Tensor, centres_BK3: Tensor, real_BK: Tensor) -> Tensor:
    """One round of k-means; clusters that lose all their pixels stay where they are."""
    score_BNK = _scores(points_BN3, centres_BK3).masked_fill(~real_BK[:, None], torch.inf)
    member_BNK = torch.zeros_like(score_BNK).scatter_(2, score_BNK.argmin(dim=2, keepdim=True), weight_BN1)
    count_BK1 = member_BNK.sum(dim=1)[..., None]
    means_BK3 = torch.bmm(member_BNK.transpose(1, 2), points_BN3) / count_BK1.clamp(min=1.0)
    return torch.where(count_BK1 > 0, means_BK3, centres_BK3)


def _by_lightness(centres_BK3: Tensor, real_BK: Tensor) -> Tensor:
    """The real colours first, dark to light."""
    luma_BK = (centres_BK3 * centres_BK3.new_tensor(_LUMA)).sum(dim=2)
    order_BK = luma_BK.masked_fill(~real_BK, torch.inf).argsort(dim=1, stable=True)
    return centres_BK3.gather(1, order_BK[..., None].expand(-1, -1, 3))


def _spread(ordered_BK3: Tensor, real_BK: Tensor) -> Tensor:
    """The real colours over all slots: with n of them, slot k holds colour floor(k n / K)."""
    slots = ordered_BK3.shape[1]
    colour_BK = torch.arange(slots, device=ordered_BK3.device) * real_BK.sum(dim=1, keepdim=True) // slots
    return ordered_BK3.gather(1, colour_BK[..., None].expand(-1, -1, 3))


def _squared(points_BN3: Tensor, colour_B13: Tensor) -> Tensor:
    return ((points_BN3 - colour_B13) ** 2).sum(dim=2)
