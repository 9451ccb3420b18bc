"""Example: a style loss, added to the VAE's with a weight.

lunar-studio train DATASET --out RUN --extension style_loss.py --set training.extra_losses=style:20

The manual explains it: docs/extending.md.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lunar_studio.models.extensions import register_loss

_SCALES = 3


@register_loss("style")
class StyleLoss(nn.Module):
    """Squared difference of Gram matrices (Gatys et al. 2016) of edges and colours at three scales.

    What style is in pixel art, outlines, dithering, the contrast of neighbours, is seen by fixed 3x3
    filters; no downloaded network is needed. A loss may as well be a plain function of the same arguments.
    """

    filters: Tensor

    def __init__(self) -> None:
        super().__init__()
        flat = torch.zeros(3, 3)
        flat[1, 1] = 1.0
        across = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]) / 8.0
        dots = torch.tensor([[0.0, -1.0, 0.0], [-1.0, 4.0, -1.0], [0.0, -1.0, 0.0]]) / 8.0
        self.register_buffer("filters", torch.stack([flat, across, across.T, dots])[:, None])

    def forward(self, recon_BCHW: Tensor, target_BCHW: Tensor, mu_BL: Tensor, logvar_BL: Tensor) -> Tensor:
        """A scalar, 0 for pictures of the same style."""
        del mu_BL, logvar_BL
        loss = recon_BCHW.new_zeros(())
        for scale in range(_SCALES):
            drawn, wanted = (F.avg_pool2d(x.float(), 2**scale) for x in (recon_BCHW, target_BCHW))
            loss = loss + F.mse_loss(self.gram(drawn), self.gram(wanted))
        return loss

    def gram(self, x_BCHW: Tensor) -> Tensor:
        """How often features occur together: (B, F, F)."""
        channels = x_BCHW.shape[1]
        bank = self.filters.repeat(channels, 1, 1, 1)
        features = F.conv2d(x_BCHW, bank, padding=1, groups=channels).flatten(2)
        return features @ features.transpose(1, 2) / features.shape[2]
