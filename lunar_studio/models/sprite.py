"""`SpriteVAE`: draws indexed sprites, so that every decode is real pixel art.

Per pixel the decoder says which of K colours, or "transparent". Rendering is an argmax: at most K
colours, hard alpha, nothing to clean up. The latent keeps apart what an artist keeps apart:

    palette   3K numbers: the K colours themselves, dark to light, scaled; they touch nothing but colour
    cells     what is drawn, `cell_channels` numbers for each cell of 2^stages pixels
    detail    what the cells could not say, `detail_channels` numbers for each position of one finer stage, with
              `detail_shades` also as how far each pixel moves along the palette; 0 everywhere is the decoder's own
              idea of the detail

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
from lunar_studio.models.palette_slots import palette_slots, slot_ranks, solid_colours

# Weight of the squared error of the expected picture: 1 / (2 * 0.1^2), measured.
_EXPECTED_WEIGHT = 50.0
# Keeps the posterior's variance within what float32 and the prior can follow.
_LOGVAR_RANGE = (-10.0, 4.0)
# A colour's latent is 4 (c - 1/2): the colours of real palettes then spread about as wide as N(0, 1).
_COLOUR_SCALE = 4.0
# The encoder reads red, green, blue, alpha, and the pixel's rank in the palette: what it has to say of it.
_READ_CHANNELS = 5
# Where the posterior of colours begins: within 2 % of full scale.
_COLOUR_LOGVAR = -5.0
# Share of a training batch that is drawn without detail, so that the cells alone make a sprite too.
_WITHOUT_DETAIL = 0.5
# A detail of 1 then sets neighbours among 24 colours apart by 0.7 in their logits.
_SHADE_GAIN = 8.0
# Colours of one sprite no farther apart than this, in levels of 255, are one colour: nobody sees the difference,
# and invented palettes repeat colours only nearly.
_SAME_COLOUR = 4.0


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


def _halved(before: int, width: int, blocks: int) -> nn.Sequential:
    """One stage of the encoder at half the size of the one before."""
    return nn.Sequential(nn.Conv2d(before, width, 4, 2, 1), *(ResidualBlock(width) for _ in range(blocks)))


def _doubled(width: int, after: int) -> nn.Sequential:
    """Double the size by pixel shuffle, which leaves no checkerboard at 1 px."""
    return nn.Sequential(nn.Conv2d(width, after * 4, 1), nn.PixelShuffle(2))


class SpriteVAE(LatentModel):
    """The indexed VAE.

    Args:
        config: Sizes and widths.

    Raises:
        ConfigError: The picture cannot be halved as often as there are stages, or detail enters at none of them.
    """

    config: SpriteVaeConfig
    # In half precision it alone changes more pixels than all the rest of the decoder (tests/bench/model_file.py).
    float32_parts = ("to_logits.",)

    def __init__(self, config: SpriteVaeConfig | None = None) -> None:
        super().__init__()
        config = config or SpriteVaeConfig()
        _check(config)
        self.config = config
        self.image_size, self.image_channels = config.image_size, 4
        self.latent_dim, self.palette_dim = config.latent_dim, config.palette_dim
        widths = config.widths
        blocks = (config.encoder_blocks, config.decoder_blocks)
        first = nn.Sequential(
            nn.PixelUnshuffle(2),
            nn.Conv2d(_READ_CHANNELS * 4, widths[0], 3, padding=1),
            *(ResidualBlock(widths[0]) for _ in range(blocks[0])),
        )
        self.encoder = nn.ModuleList(
            [first, *(_halved(widths[index - 1], widths[index], blocks[0]) for index in range(1, len(widths)))]
        )
        self.to_cells = _head(widths[-1], 2 * config.cell_channels)
        self.palette_logvar = nn.Parameter(torch.full((config.palette_dim,), _COLOUR_LOGVAR))
        self.from_cells = nn.Conv2d(config.cell_channels, widths[-1], 3, padding=1)
        self.decoder = nn.ModuleList(
            nn.Sequential(*(ResidualBlock(width) for _ in range(blocks[1]))) for width in widths
        )
        self.doubling = nn.ModuleList(_doubled(widths[index], widths[index - 1]) for index in range(1, len(widths)))
        if config.detail_channels:
            width = widths[config.detail_stage]
            self.to_detail = _head(width, 2 * config.detail_channels)
            self.from_detail = nn.Conv2d(config.detail_channels, width, 3, padding=1)
        if config.detail_channels and config.detail_shades:
            self.to_shades = _shades(config.detail_channels, config.detail_stage)
        self.to_logits = nn.Sequential(
            nn.BatchNorm2d(widths[0]),
            nn.SiLU(),
            nn.Conv2d(widths[0], (config.colours + 1) * 4, 3, padding=1),
            nn.PixelShuffle(2),
        )

    def encode(self, x_BCHW: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance, each (B, L): palette, cells, detail; the last two channel by channel."""
        config = self.config
        colours_BN3, solid_BN = solid_colours(x_BCHW)
        slots_BK3 = palette_slots(colours_BN3, solid_BN, config.colours)
        ranks = slot_ranks(colours_BN3, solid_BN, slots_BK3).view_as(x_BCHW[:, :1])
        features = torch.cat([x_BCHW, ranks.to(x_BCHW.dtype)], dim=1)
        means = [(slots_BK3.flatten(1) - 0.5) * _COLOUR_SCALE]
        logvars = [self.palette_logvar.float().expand(len(x_BCHW), -1)]
        details: list[Tensor] = []
        for index, stage in enumerate(self.encoder):
            features = stage(features)
            if config.detail_channels and index == config.detail_stage:
                details = list(self.to_detail(features).float().flatten(1).chunk(2, dim=1))
        mean, logvar = self.to_cells(features).float().flatten(1).chunk(2, dim=1)
        means += [mean, *details[:1]]
        logvars += [logvar, *details[1:]]
        return torch.cat(means, dim=1), torch.cat(logvars, dim=1).clamp(*_LOGVAR_RANGE)

    @property
    def invented_dim(self) -> int:
        """Palette and cells: without detail the decoder has an idea of its own."""
        return self.config.invented_dim

    def kl_factors(self) -> Tensor:
        """Full price for what is drawn, so that a prior can learn it; less for palette and detail."""
        palette, cells, _ = self.config.latent_parts
        price = self.palette_logvar.new_full((self.latent_dim,), self.config.detail_price)
        price[palette : palette + cells] = 1.0
        return price

    def decode_indexed(self, z_BL: Tensor) -> Indexed:
        """Logits and colours of latents."""
        config = self.config
        palette, cells, numbers = torch.split(z_BL, list(config.latent_parts), dim=1)
        detail = self._detail_maps(numbers) if config.detail_channels else None
        hidden = self.from_cells(cells.reshape(-1, config.cell_channels, config.cells, config.cells))
        for index in reversed(range(len(config.widths))):
            if detail is not None and index == config.detail_stage:
                hidden = hidden + self.from_detail(detail)
            hidden = self.decoder[index](hidden)
            if index:
                hidden = self.doubling[index - 1](hidden)
        colours = self._palette(palette)
        logits = self.to_logits(hidden).float()
        if detail is not None and config.detail_shades:
            logits = logits + self._ramp(logits) * self.to_shades(detail).float()
        return Indexed(logits, colours)

    def _palette(self, palette_BP: Tensor) -> Tensor:
        """RGB of the colours, 0 to 1, (B, K, 3)."""
        colours = palette_BP.float().reshape(-1, self.config.colours, 3) / _COLOUR_SCALE + 0.5
        # Straight through the limits: a colour outside can still learn its way back.
        return colours + (colours.clamp(0.0, 1.0) - colours).detach()

    def _ramp(self, logits_BKHW: Tensor) -> Tensor:
        """Where each index stands on the ramp from dark (-1) to light (1); "transparent" is neither: (K + 1, 1, 1)."""
        ramp_K = torch.linspace(-1.0, 1.0, self.config.colours, device=logits_BKHW.device)
        return F.pad(ramp_K, (1, 0))[:, None, None]

    def _detail_maps(self, detail_BD: Tensor) -> Tensor:
        if self.training:
            # Batches come shuffled, so the first rows are as good as any, and resuming stays exact.
            without = int(len(detail_BD) * _WITHOUT_DETAIL)
            detail_BD = torch.cat([torch.zeros_like(detail_BD[:without]), detail_BD[without:]])
        side = self.config.detail_side
        return detail_BD.reshape(-1, self.config.detail_channels, side, side)

    def decode(self, z_BL: Tensor) -> Tensor:
        """The expected picture over the indices, in the networks' form."""
        return expected(self.decode_indexed(z_BL))

    def forward(self, x_BCHW: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Expected reconstruction, mean, log-variance."""
        mu, logvar = self.encode(x_BCHW)
        return self.decode(self.reparameterize(mu, logvar)), mu, logvar

    def render(self, z_BL: Tensor) -> Tensor:
        """uint8 (B, H, W, 4): the likeliest index per pixel; colours that nobody can tell apart become one."""
        return coloured(self.index(z_BL), self.colours(z_BL), self.image_size)

    def index(self, z_BL: Tensor) -> Tensor:
        """The likeliest index of each pixel, int64 (B, N): 0 is "transparent". The palette has no say in it."""
        return self.decode_indexed(z_BL).logits_BKHW.argmax(dim=1).flatten(1)

    def colours(self, z_BL: Tensor) -> Tensor:
        """What each index looks like, uint8 RGBA (B, K + 1, 4); it costs next to nothing."""
        levels_BK3 = (self._palette(z_BL[:, : self.palette_dim]) * 255.0).round()
        apart_BKK = (levels_BK3[:, :, None] - levels_BK3[:, None]).abs().amax(dim=3)
        first_BK = (apart_BKK <= _SAME_COLOUR).to(torch.uint8).argmax(dim=2)
        levels_BK3 = levels_BK3.gather(1, first_BK[..., None].expand(-1, -1, 3))
        table = torch.cat([levels_BK3, torch.full_like(levels_BK3[..., :1], 255.0)], dim=2)
        return F.pad(table, (0, 0, 1, 0)).to(torch.uint8)

    def reconstruct(self, z_BL: Tensor, x_BCHW: Tensor) -> Reconstruction:
        """Decode; the loss is summed over pixels, mean over the batch.

        The target is the picture as this model can draw it: a pixel is there or not, for half-transparent ones
        would teach it to hesitate.
        """
        colours_BN3, solid_BN = solid_colours(x_BCHW)
        there = solid_BN.float()
        target = torch.cat([colours_BN3 * there[..., None], there[..., None]], dim=2).transpose(1, 2)
        indexed = self.decode_indexed(z_BL)
        soft = expected(indexed)
        squared = (((soft + 1.0) / 2.0 - target.view_as(soft)) ** 2).flatten(1).sum(dim=1).mean()
        likelihood = mixture_nll(indexed, colours_BN3, solid_BN, self.config.likelihood_sigma)
        return Reconstruction(soft, 0.5 * likelihood + _EXPECTED_WEIGHT * squared)

    def hard(self, z_BL: Tensor, soft_BCHW: Tensor) -> Tensor:
        """The rendered picture with the gradient of the expected one (straight-through, Bengio et al. 2013)."""
        with torch.no_grad(), frozen_statistics(self):
            picture = self.prepare(self.render(z_BL.detach()))
        return soft_BCHW + (picture - soft_BCHW).detach()


def coloured(index_BN: Tensor, colours_BK4: Tensor, side: int) -> Tensor:
    """Square pictures of an index for each pixel and what it looks like, uint8 (B, side, side, 4)."""
    rgba_BN4 = torch.gather(colours_BK4, 1, index_BN.unsqueeze(-1).expand(-1, -1, 4))
    return rgba_BN4.view(-1, side, side, 4)


def _shades(channels: int, stage: int) -> nn.Sequential:
    """Detail to one number a pixel, which moves that pixel along the palette's ramp.

    It begins as if each number of a position were one of its pixels': the shortest way for what a sprite needs most
    once its shapes stand, and one that a residual block finds late (docs/model-card.md).
    """
    side = 2 ** (stage + 1)
    linear = nn.Conv2d(channels, side**2, 1, bias=False)
    nn.init.zeros_(linear.weight)
    with torch.no_grad():
        for last in range(1, min(channels, side**2) + 1):  # the last channels are the pixels'
            linear.weight[-last, -last] = _SHADE_GAIN
    return nn.Sequential(linear, nn.PixelShuffle(side))


def _head(width: int, channels: int) -> nn.Sequential:
    return nn.Sequential(nn.BatchNorm2d(width), nn.SiLU(), nn.Conv2d(width, channels, 1))


def _check(config: SpriteVaeConfig) -> None:
    cell_px = 2 ** len(config.widths)
    if config.image_size % cell_px or config.image_size < cell_px:
        raise ConfigError(
            f"A sprite of {config.image_size} px cannot be halved {len(config.widths)} times.",
            hint=f"Use an image_size that is a multiple of {cell_px}, or fewer widths.",
        )
    if config.detail_channels and config.detail_stage >= len(config.widths):
        raise ConfigError(
            f"Detail cannot enter at stage {config.detail_stage}: there are {len(config.widths)}.",
            hint="Use a detail_stage below the number of widths; 0 is the finest.",
        )


def expected(indexed: Indexed) -> Tensor:
    """The mean RGBA over the indices: (B, 4, H, W), -1 to 1, premultiplied."""
    batch, _, height, width = indexed.logits_BKHW.shape
    share = torch.softmax(indexed.logits_BKHW, dim=1).flatten(2)
    premultiplied = torch.bmm(indexed.colours_BK3.transpose(1, 2), share[:, 1:])
    rgba = torch.cat([premultiplied, 1.0 - share[:, :1]], dim=1)
    return rgba.view(batch, 4, height, width) * 2.0 - 1.0


def mixture_nll(indexed: Indexed, colours_BN3: Tensor, solid_BN: Tensor, sigma: float) -> Tensor:
    """Negative log-likelihood of pictures under the decoder's mixture; summed over pixels, mean over the batch.

    Solid pixels: -log sum_k p_k exp(-|x - c_k|^2 / (2 sigma^2)); others: -log p_0. The Gaussians' constant factor
    is left out.

    Args:
        indexed: What the decoder says.
        colours_BN3: Straight RGB of the pixels, 0 to 1.
        solid_BN: Which of them are there.
        sigma: Tolerance, in units of full scale.
    """
    log_share = torch.log_softmax(indexed.logits_BKHW, dim=1).flatten(2)
    colours = indexed.colours_BK3
    # |x - c|^2 by the binomial formula: one matrix product instead of a (B, K, 3, N) difference.
    distance_BKN = (
        (colours**2).sum(dim=2, keepdim=True)
        - 2.0 * torch.bmm(colours, colours_BN3.transpose(1, 2))
        + (colours_BN3**2).sum(dim=2)[:, None]
    ).clamp(min=0.0)
    solid = -torch.logsumexp(log_share[:, 1:] - distance_BKN / (2.0 * sigma**2), dim=1)
    nll = torch.where(solid_BN, solid, -log_share[:, 0])
    return nll.sum(dim=1).mean()
