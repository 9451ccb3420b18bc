"""`LunarCoreVAE`, the founding document's network: strided convolutions, one flat latent, Tanh out.

At its defaults (`classic-128`) it has 30,711,683 parameters, 25 M of them in the linear layers.
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

from lunar_studio.core.config import ClassicVaeConfig
from lunar_studio.errors import ConfigError
from lunar_studio.models import extensions
from lunar_studio.models.interface import LatentModel, Reconstruction
from lunar_studio.models.losses import recon_loss

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "silu": nn.SiLU,
    "gelu": nn.GELU,
    "leaky_relu": nn.LeakyReLU,
}


def stage_sizes(config: ClassicVaeConfig) -> list[int]:
    """Picture sizes before the first and after each stage of the encoder, in pixels.

    The decoder can always come back: a stage loses fewer pixels to rounding than its stride, and a
    transposed convolution can add that many.

    Raises:
        ConfigError: A stage would leave no pixels.
    """
    sizes = [config.image_size]
    for stage in range(len(config.encoder_channels)):
        size = (sizes[-1] + 2 * config.padding - config.kernel_size) // config.stride + 1
        if size < 1:
            raise ConfigError(
                f"Stage {stage + 1} of the encoder would shrink {sizes[-1]} px to nothing.",
                hint="Use fewer encoder_channels, a larger image_size, or more padding.",
            )
        sizes.append(size)
    return sizes


class LunarCoreVAE(LatentModel):
    """The document's VAE, for RGB or RGBA pictures of any size that its stages can halve.

    Args:
        config: Sizes and widths; the defaults are the document's.

    Raises:
        ConfigError: The stages do not fit the picture, or no extension brought the encoder it names.
    """

    config: ClassicVaeConfig

    def __init__(self, config: ClassicVaeConfig | None = None) -> None:
        super().__init__()
        config = config or ClassicVaeConfig()
        self.config = config
        self.image_size, self.image_channels = config.image_size, config.image_channels
        self.latent_dim, self.palette_dim = config.latent_dim, 0
        sizes = stage_sizes(config)
        widths = [config.image_channels, *config.encoder_channels]
        activation = ACTIVATIONS[config.activation]
        kernel, stride, padding = config.kernel_size, config.stride, config.padding

        self.bottom_shape = (widths[-1], sizes[-1], sizes[-1])
        flat = widths[-1] * sizes[-1] ** 2
        self.encoder: nn.Module
        if config.encoder:
            self.encoder = extensions.build_encoder(config)  # gives mean and log-variance by itself
        else:
            down: list[nn.Module] = []
            for before, after in itertools.pairwise(widths):
                down += [nn.Conv2d(before, after, kernel, stride, padding), activation()]
            self.encoder = nn.Sequential(*down)
            self.fc_mu = nn.Linear(flat, config.latent_dim)
            self.fc_var = nn.Linear(flat, config.latent_dim)
        self.decoder_input = nn.Linear(config.latent_dim, flat)

        up: list[nn.Module] = []
        for stage in reversed(range(len(config.encoder_channels))):
            missing = sizes[stage] - ((sizes[stage + 1] - 1) * stride - 2 * padding + kernel)
            up += [
                nn.ConvTranspose2d(widths[stage + 1], widths[stage], kernel, stride, padding, output_padding=missing),
                nn.Tanh() if stage == 0 else activation(),
            ]
        self.decoder = nn.Sequential(*up)

    def encode(self, x_BCHW: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance, each (B, L)."""
        if self.config.encoder:
            mu, logvar = self.encoder(x_BCHW)
            return mu, logvar
        features = self.encoder(x_BCHW).flatten(1)
        return self.fc_mu(features), self.fc_var(features)

    def decode(self, z_BL: Tensor) -> Tensor:
        """x_BCHW, -1 to 1."""
        out: Tensor = self.decoder(self.decoder_input(z_BL).view(-1, *self.bottom_shape))
        return out

    def forward(self, x_BCHW: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Reconstruction, mean, log-variance, as in the document."""
        mu, logvar = self.encode(x_BCHW)
        return self.decode(self.reparameterize(mu, logvar)), mu, logvar

    def render(self, z_BL: Tensor) -> Tensor:
        """uint8 (B, H, W, 4); RGB models draw opaque pictures."""
        x = ((self.decode(z_BL).float() + 1.0) / 2.0).clamp(0.0, 1.0)
        alpha = x[:, 3:4] if self.image_channels == 4 else torch.ones_like(x[:, :1])
        colour = torch.where(alpha > 0, x[:, :3] / alpha.clamp(min=1 / 255), torch.zeros_like(x[:, :3]))
        rgba = torch.cat([colour.clamp(0.0, 1.0), alpha], dim=1)
        return (rgba * 255.0).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous()

    def reconstruct(self, z_BL: Tensor, x_BCHW: Tensor) -> Reconstruction:
        """Decode, and the document's mean squared error."""
        soft = self.decode(z_BL)
        return Reconstruction(soft, recon_loss(soft, x_BCHW))
