"""What pixel art is made of, said outright: which pixels are equal, and how often each colour occurs.

A convolution over colours learns such facts last and from many examples; shown as maps beside the picture they hold
for art that nobody has seen. Shapes: B batch, C channels of the picture, N pixels.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

NEAR = ((0, 1), (1, 0), (1, 1), (1, -1), (0, 2), (2, 0), (2, 2), (2, -2))
"""Rows down and columns right of the neighbours that have a map each: those beside, and those one further."""
AROUND = (*NEAR, (1, 2), (1, -2), (2, 1), (2, -1))
"""One of each pair of neighbours whose equality the share counts."""
SHARPNESS = 12.0
"""How fast equality falls with the sum of differences, which is taken in the networks' form."""
MOST_DOUBLINGS = 10.0
"""The logarithm of the pixels of a 32 x 32 sprite: maps of counts stay about 0 to 1."""
_RGB = 3
_LEVELS = 256

COUNT = len(NEAR) + 3 + _RGB
"""How many maps there are."""


def craft_maps(x_BCHW: Tensor) -> Tensor:
    """All maps of pictures in the networks' form, -1 to 1, RGB or RGBA.

    Returns:
        (B, COUNT, H, W): equality with each neighbour of `NEAR`, the share of equal ones among 24, how soft alpha is,
        how often each of the pixel's levels of red, green and blue occurs, and how often its colour.
    """
    x_BCHW = x_BCHW.float()
    equal = _equality(x_BCHW)
    soft_B1HW = 1.0 - x_BCHW[:, _RGB:].abs() if x_BCHW.shape[1] > _RGB else torch.zeros_like(x_BCHW[:, :1])
    return torch.cat([equal, soft_B1HW, _frequencies(x_BCHW.detach())], dim=1)


def _equality(x_BCHW: Tensor) -> Tensor:
    """1 for equal, less than a third from four levels of 255 in three channels; what lies outside is middle grey."""
    height, width = x_BCHW.shape[2:]
    padded = F.pad(x_BCHW, (2, 2, 0, 2))
    apart = [
        (x_BCHW - padded[..., down : down + height, 2 + right : 2 + right + width]).abs().sum(dim=1)
        for down, right in AROUND
    ]
    equal = torch.exp(-SHARPNESS * torch.stack(apart, dim=1))
    # Each pair is looked at once; the other of the two learns of it here.
    answered = F.pad(equal, (2, 2, 2, 0))
    both = equal.sum(dim=1)
    for place, (down, right) in enumerate(AROUND):
        both = both + answered[:, place, 2 - down : 2 - down + height, 2 - right : 2 - right + width]
    return torch.cat([equal[:, : len(NEAR)], both.unsqueeze(1) / (2 * len(AROUND))], dim=1)


def _frequencies(x_BCHW: Tensor) -> Tensor:
    """How often colours and levels occur among visible pixels, (B, 4, H, W), in doublings; no gradient flows."""
    batch, channels, height, width = x_BCHW.shape
    levels_BCN = ((x_BCHW.flatten(2) + 1.0) * 127.5).round().clamp(0, _LEVELS - 1).long()
    visible_B1N = (
        (levels_BCN[:, _RGB:] > 0) if channels > _RGB else torch.ones_like(levels_BCN[:, :1], dtype=torch.bool)
    )
    seen_B1N = visible_B1N.float()
    levels_B3N = levels_BCN[:, :_RGB]
    known_B3L = torch.zeros(batch, _RGB, _LEVELS, device=x_BCHW.device)
    known_B3L.scatter_add_(2, levels_B3N, seen_B1N.expand(-1, _RGB, -1))
    of_levels_B3N = known_B3L.gather(2, levels_B3N)
    keys_BN = (levels_B3N[:, 0] * _LEVELS + levels_B3N[:, 1]) * _LEVELS + levels_B3N[:, 2]
    keys_BN = torch.where(visible_B1N[:, 0], keys_BN, -1)
    counts_BN = torch.cat([of_levels_B3N, _occurrences(keys_BN).unsqueeze(1)], dim=1)
    return (torch.log2(counts_BN.clamp(min=1.0)) / MOST_DOUBLINGS * seen_B1N).view(batch, 1 + _RGB, height, width)


def _occurrences(keys_BN: Tensor) -> Tensor:
    """How often each number occurs in its row, (B, N)."""
    ordered_BN, order_BN = keys_BN.sort(dim=1)
    begins_BN = F.pad((ordered_BN[:, 1:] != ordered_BN[:, :-1]).long(), (1, 0))
    run_BN = begins_BN.cumsum(dim=1)
    length_BR = torch.zeros(keys_BN.shape, device=keys_BN.device).scatter_add_(
        1, run_BN, torch.ones_like(run_BN).float()
    )
    return torch.zeros_like(length_BR).scatter_(1, order_BN, length_BR.gather(1, run_BN))
