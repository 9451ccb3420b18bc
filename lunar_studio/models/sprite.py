"""`SpriteVAE`: draws indexed sprites, so that every decode is real pixel art.

Per pixel the decoder says which of K colours, or "transparent"; a small network gives the sprite's K
colours. Rendering is an argmax: at most K colours, hard alpha, nothing to clean up. The latent keeps
apart what an artist keeps apart: first `palette_dim` numbers for the colours of the whole sprite, then
`cell_channels` numbers for each cell of its shape.

The loss is our own measurement's winner (docs/model-card.md): half the likelihood of the colour
mixture, which makes it crisp, plus the squared error of the expected picture, which makes it learn.

Shapes: B batch, K colours, H and W pixels, L latent numbers, N = H * W.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lunar_studio.core.config import SpriteVaeConfig
from lunar_studio.errors import ConfigError
from lunar_studio.models.checkpointing import frozen_statistics
from lunar_studio.models.interface import LatentModel, Reconstruction

# Weight of the squared error of the expected picture: 1 / (2 * 0.1^2), measured.
_EXPECTED_WEIGHT = 50.0
# Keeps the posterior's variance within what float32 and the prior can follow.
_LOGVAR_RANGE = (-10.0, 4.0)


class Indexed(NamedTuple):
    """A picture as the decoder says it.

    Attributes:
        logits_BKHW: (B, K + 1, H, W); channel 0 is "transparent", then the colours.
        colours_BK3: RGB of the colours, 0 to 1.
    """

    logits_BKHW: Tensor
    colours_BK3: Tensor


class ResidualBlock(nn.Module):
    """Pre-activation residual block: BatchNorm, SiLU, 3x3 convolution, twice (He et al. 2016b)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.BatchNorm2d(channels),
            nn.SiLU(),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.SiLU(),
            nn.Conv2d(channels, channels, 3, padding=1),
        )
        # The block begins as the identity, which lets a high learning rate start at once.
        for parameter in self.body[-1].parameters():
            nn.init.zeros_(parameter)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Same shape."""
        out: Tensor = x_BCHW + self.body(x_BCHW)
        return out


def _stages(widths: tuple[int, ...], blocks: int) -> list[nn.Module]:
    """Residual stages from fine to coarse, each halving the size before the next."""
    layers: list[nn.Module] = []
    for index, width in enumerate(widths):
        if index:
            layers.append(nn.Conv2d(widths[index - 1], width, 4, 2, 1))
        layers += [ResidualBlock(width) for _ in range(blocks)]
    return layers


def _mirrored(widths: tuple[int, ...], blocks: int) -> list[nn.Module]:
    """The same from coarse to fine; doubling by pixel shuffle, which leaves no checkerboard at 1 px."""
    layers: list[nn.Module] = []
    for index in reversed(range(len(widths))):
        layers += [ResidualBlock(widths[index]) for _ in range(blocks)]
        if index:
            layers += [nn.Conv2d(widths[index], widths[index - 1] * 4, 1), nn.PixelShuffle(2)]
    return layers


class SpriteVAE(LatentModel):
    """The indexed VAE.

    Args:
        config: Sizes and widths.

    Raises:
        ConfigError: The picture cannot be halved as often as there are stages.
    """

    config: SpriteVaeConfig
    # In half precision it moves a colour of every eightieth pixel by one level (tests/bench/model_file.py).
    float32_parts = ("colours.",)

    def __init__(self, config: SpriteVaeConfig | None = None) -> None:
        super().__init__()
        config = config or SpriteVaeConfig()
        cell_px = 2 ** len(config.widths)
        if config.image_size % cell_px or config.image_size < cell_px:
            raise ConfigError(
                f"A sprite of {config.image_size} px cannot be halved {len(config.widths)} times.",
                hint=f"Use an image_size that is a multiple of {cell_px}, or fewer widths.",
            )
        self.config = config
        self.image_size, self.image_channels = config.image_size, 4
        self.latent_dim, self.palette_dim = config.latent_dim, config.palette_dim
        cells, bottom = config.cells, config.widths[-1]
        self.encoder = nn.Sequential(
            nn.PixelUnshuffle(2),
            nn.Conv2d(16, config.widths[0], 3, padding=1),
            *_stages(config.widths, config.encoder_blocks),
            nn.BatchNorm2d(bottom),
            nn.SiLU(),
        )
        self.to_cells = nn.Conv2d(bottom, 2 * config.cell_channels, 1)
        self.to_palette = nn.Linear(bottom * cells * cells, 2 * config.palette_dim)
        self.from_latent = nn.Conv2d(config.palette_dim + config.cell_channels, bottom, 3, padding=1)
        self.decoder = nn.Sequential(
            *_mirrored(config.widths, config.decoder_blocks),
            nn.BatchNorm2d(config.widths[0]),
            nn.SiLU(),
            nn.Conv2d(config.widths[0], (config.colours + 1) * 4, 3, padding=1),
            nn.PixelShuffle(2),
        )
        # Colours need to know the shape too: a potion's glass is not a dragon's scale.
        self.colours = nn.Sequential(
            nn.Linear(self.latent_dim, config.palette_hidden),
            nn.SiLU(),
            nn.Linear(config.palette_hidden, config.palette_hidden),
            nn.SiLU(),
            nn.Linear(config.palette_hidden, config.colours * 3),
        )

    def encode(self, x_BCHW: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance, each (B, L): palette first, then cells, channel by channel."""
        features = self.encoder(x_BCHW)
        palette_mu, palette_var = self.to_palette(features.flatten(1)).float().chunk(2, dim=1)
        cells_mu, cells_var = self.to_cells(features).float().chunk(2, dim=1)
        mu = torch.cat([palette_mu, cells_mu.flatten(1)], dim=1)
        logvar = torch.cat([palette_var, cells_var.flatten(1)], dim=1)
        return mu, logvar.clamp(*_LOGVAR_RANGE)

    def decode_indexed(self, z_BL: Tensor) -> Indexed:
        """Logits and colours of latents."""
        config = self.config
        palette, cells = z_BL[:, : config.palette_dim], z_BL[:, config.palette_dim :]
        grid = cells.reshape(-1, config.cell_channels, config.cells, config.cells)
        spread = palette[:, :, None, None].expand(-1, -1, config.cells, config.cells)
        logits = self.decoder(self.from_latent(torch.cat([spread, grid], dim=1)))
        colours = torch.sigmoid(self.colours(z_BL).float()).view(-1, config.colours, 3)
        return Indexed(logits.float(), colours)

    def decode(self, z_BL: Tensor) -> Tensor:
        """The expected picture over the indices, in the networks' form."""
        return expected(self.decode_indexed(z_BL))

    def forward(self, x_BCHW: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Expected reconstruction, mean, log-variance."""
        mu, logvar = self.encode(x_BCHW)
        return self.decode(self.reparameterize(mu, logvar)), mu, logvar

    def render(self, z_BL: Tensor) -> Tensor:
        """uint8 (B, H, W, 4): the likeliest index per pixel."""
        indexed = self.decode_indexed(z_BL)
        table = torch.cat(
            [(indexed.colours_BK3 * 255.0).round(), torch.full_like(indexed.colours_BK3[..., :1], 255.0)], dim=2
        )
        table = F.pad(table, (0, 0, 1, 0)).to(torch.uint8)  # index 0: transparent
        index = indexed.logits_BKHW.argmax(dim=1).flatten(1)
        rgba = torch.gather(table, 1, index.unsqueeze(-1).expand(-1, -1, 4))
        return rgba.view(-1, self.image_size, self.image_size, 4)

    def reconstruct(self, z_BL: Tensor, x_BCHW: Tensor) -> Reconstruction:
        """Decode; the loss is summed over pixels, mean over the batch."""
        indexed = self.decode_indexed(z_BL)
        soft = expected(indexed)
        squared = (((soft - x_BCHW) / 2.0) ** 2).flatten(1).sum(dim=1).mean()
        likelihood = mixture_nll(indexed, x_BCHW, self.config.likelihood_sigma)
        return Reconstruction(soft, 0.5 * likelihood + _EXPECTED_WEIGHT * squared)

    def hard(self, z_BL: Tensor, soft_BCHW: Tensor) -> Tensor:
        """The rendered picture with the gradient of the expected one (straight-through, Bengio et al. 2013)."""
        with torch.no_grad(), frozen_statistics(self):
            picture = self.prepare(self.render(z_BL))
        return soft_BCHW + (picture - soft_BCHW).detach()


def expected(indexed: Indexed) -> Tensor:
    """The mean RGBA over the indices: (B, 4, H, W), -1 to 1, premultiplied."""
    batch, _, height, width = indexed.logits_BKHW.shape
    share = torch.softmax(indexed.logits_BKHW, dim=1).flatten(2)
    premultiplied = torch.bmm(indexed.colours_BK3.transpose(1, 2), share[:, 1:])
    rgba = torch.cat([premultiplied, 1.0 - share[:, :1]], dim=1)
    return rgba.view(batch, 4, height, width) * 2.0 - 1.0


def mixture_nll(indexed: Indexed, x_BCHW: Tensor, sigma: float) -> Tensor:
    """Negative log-likelihood of pictures under the decoder's mixture; summed over pixels, mean over the batch.

    Opaque pixels: -log sum_k p_k exp(-|x - c_k|^2 / (2 sigma^2)); transparent ones: -log p_0; half-transparent
    ones: both, weighted by their alpha. The Gaussians' constant factor is left out.
    """
    x = (x_BCHW.float() + 1.0) / 2.0
    alpha_BN = x[:, 3].flatten(1)
    straight_B3N = (x[:, :3] / x[:, 3:4].clamp(min=1 / 255)).clamp(0.0, 1.0).flatten(2)
    log_share = torch.log_softmax(indexed.logits_BKHW, dim=1).flatten(2)
    colours = indexed.colours_BK3
    # |x - c|^2 by the binomial formula: one matrix product instead of a (B, K, 3, N) difference.
    distance_BKN = (
        (colours**2).sum(dim=2, keepdim=True)
        - 2.0 * torch.bmm(colours, straight_B3N)
        + (straight_B3N**2).sum(dim=1, keepdim=True)
    ).clamp(min=0.0)
    opaque = -torch.logsumexp(log_share[:, 1:] - distance_BKN / (2.0 * sigma**2), dim=1)
    nll = alpha_BN * opaque - (1.0 - alpha_BN) * log_share[:, 0]
    return nll.sum(dim=1).mean()
