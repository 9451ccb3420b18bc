"""Example: the founding document's custom encoder, four convolutions and self-attention.

    lunar-studio train DATASET --out RUN --extension attention_encoder.py --preset classic-128 \
        --set vae.encoder=attention

The manual explains it: docs/extending.md.
"""

from __future__ import annotations

import itertools

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lunar_studio.core.config import ClassicVaeConfig
from lunar_studio.models.classic import stage_sizes
from lunar_studio.models.extensions import register_encoder


class SelfAttention(nn.Module):
    """Every place of a map looks at every other (Zhang et al. 2019), with a learned strength that begins at 0."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.inner = max(1, channels // 8)
        self.ask, self.answer = nn.Conv2d(channels, self.inner, 1), nn.Conv2d(channels, self.inner, 1)
        self.value = nn.Conv2d(channels, channels, 1)
        self.strength = nn.Parameter(torch.zeros(1))

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Same shape."""
        ask, answer, value = (part(x_BCHW).flatten(2).transpose(1, 2) for part in (self.ask, self.answer, self.value))
        looked = F.scaled_dot_product_attention(ask, answer, value).transpose(1, 2).reshape(x_BCHW.shape)
        return x_BCHW + self.strength * looked


@register_encoder("attention")
class AttentionEncoder(nn.Module):
    """From pictures to mean and log-variance; takes its sizes from the configuration of the VAE it serves."""

    def __init__(self, config: ClassicVaeConfig) -> None:
        super().__init__()
        widths = [config.image_channels, *config.encoder_channels]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, config.kernel_size, config.stride, config.padding)
            for before, after in itertools.pairwise(widths)
        )
        self.attention = SelfAttention(widths[-1])
        flat = widths[-1] * stage_sizes(config)[-1] ** 2
        self.fc_mu, self.fc_var = nn.Linear(flat, config.latent_dim), nn.Linear(flat, config.latent_dim)

    def forward(self, x_BCHW: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance, each (B, L)."""
        for convolution in self.convolutions:
            x_BCHW = F.relu(convolution(x_BCHW))
        features = self.attention(x_BCHW).flatten(1)
        return self.fc_mu(features), self.fc_var(features)
