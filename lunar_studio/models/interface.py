"""What every VAE of the studio can do, whatever draws inside.

Shapes: B batch, C channels, H and W pixels, L latent numbers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from lunar_studio.core.config import VaeConfig


class Reconstruction(NamedTuple):
    """A latent decoded against what it should have become.

    Attributes:
        soft_BCHW: What `decode` gives; carries gradients.
        loss: Scalar; in the form that the model's `kl_form` expects (see `TrainingConfig`).
    """

    soft_BCHW: Tensor
    loss: Tensor


class LatentModel(nn.Module, ABC):
    """A VAE between pictures and latents.

    Pictures inside the network are `x_BCHW`: float, -1 to 1, RGB premultiplied by alpha, then alpha where
    the model has four channels. Subclasses set `config`, `image_size`, `image_channels`, `latent_dim`
    and `palette_dim` (how many leading numbers of the latent set colours only; 0 where they are mixed).
    Where the last numbers only correct what the others draw, `invented_dim` says how many come before them.

    Attributes:
        float32_parts: Beginnings of the names of weights that a model file keeps in float32, because half precision
            would be seen in the pixels.
    """

    float32_parts: ClassVar[tuple[str, ...]] = ()

    config: VaeConfig
    image_size: int
    image_channels: int
    latent_dim: int
    palette_dim: int

    def prepare(self, rgba_BHWC: Tensor) -> Tensor:
        """uint8 pictures of any size that divides or is divided by `image_size`, made ready.

        Args:
            rgba_BHWC: uint8, straight alpha, square.

        Returns:
            x_BCHW as described above, at `image_size` (nearest neighbour).
        """
        rgba = rgba_BHWC.permute(0, 3, 1, 2).float() / 255.0
        alpha = rgba[:, 3:4]
        premultiplied = torch.cat([rgba[:, :3] * alpha, alpha], dim=1)[:, : self.image_channels]
        if premultiplied.shape[-1] != self.image_size:
            premultiplied = nn.functional.interpolate(premultiplied, size=self.image_size, mode="nearest")
        return premultiplied * 2.0 - 1.0

    @abstractmethod
    def encode(self, x_BCHW: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of the latent, each (B, L)."""

    @staticmethod
    def reparameterize(mu_BL: Tensor, logvar_BL: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """A draw from N(mu, exp(logvar)) through which gradients flow (Kingma and Welling 2014, section 2.4)."""
        noise = torch.empty_like(mu_BL).normal_(generator=generator)
        return mu_BL + noise * torch.exp(0.5 * logvar_BL)

    @property
    def invented_dim(self) -> int:
        """How many leading numbers a prior invents; the others are 0 in an invented latent."""
        return self.latent_dim

    def kl_factors(self) -> Tensor | None:
        """What each number of the latent weighs in the KL loss, (L,), or None where all weigh the same."""
        return None

    @abstractmethod
    def decode(self, z_BL: Tensor) -> Tensor:
        """x_BCHW of latents; soft, for training and gradients."""

    @abstractmethod
    def render(self, z_BL: Tensor) -> Tensor:
        """Exact pictures of latents: uint8 (B, H, W, 4), straight alpha."""

    @abstractmethod
    def reconstruct(self, z_BL: Tensor, x_BCHW: Tensor) -> Reconstruction:
        """Decode latents and hold them against the pictures they came from."""

    def hard(self, z_BL: Tensor, soft_BCHW: Tensor) -> Tensor:
        """What the teacher sees in training: the picture as `render` would show it, gradients as of `soft`.

        Models whose `decode` already is the picture return it unchanged.
        """
        del z_BL
        return soft_BCHW

    def parameter_count(self) -> int:
        """Trainable numbers."""
        return sum(parameter.numel() for parameter in self.parameters() if parameter.requires_grad)
