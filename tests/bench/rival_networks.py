"""The contestants: ours as the presets have them, and four models of two libraries, set up as for a job of our own.

What was chosen for the rivals, and why:

- About 2.6 million parameters each, as `sprite-32` has, and a latent of 1,024 numbers, where ours has 968: 8 by 8
  cells of 16, or, quantised, 16 by 16 tokens of 4 from a book of 1,024 (2,560 bits). diffusers' `VQModel` is slow at
  that size, so it also runs with 8 by 8 tokens from a book of 4,096; the better of the two may stand for it.
- Pythae brings losses and asks for networks: it gets the body of our own (residual blocks with BatchNorm on
  space-to-depth input, structured latent) with a plain RGBA head, which suits the art better than its CIFAR networks.
  Its VAE has unit variance (KL weight 1 against half the summed squared error); its `BetaVAE` with the weight that
  belongs to the tolerance of our own loss runs too, and the better of the two may stand for it.
- diffusers brings networks and leaves the loss to its user: that of latent diffusion (Rombach et al. 2022), without
  what needs other networks: absolute error, and for `AutoencoderKL` a KL weight of 1e-6, both summed; for `VQModel`
  the mean absolute error and its own commitment.
- The quantisers compute in float32 whatever the rest does.
- Three learning rates are tried for each; batches, schedule, decay, clipping and averaging are those of ours.

Pictures are premultiplied RGBA at -1 to 1. Shapes: B batch, C channels, H and W pixels.
"""

from __future__ import annotations

import importlib
import os
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from lunar_studio.core.config import RunConfig
from lunar_studio.core.presets import preset
from lunar_studio.evaluation.reconstruction import SOLID, at_size
from lunar_studio.models.bundle import build_vae
from lunar_studio.models.losses import kl_loss
from lunar_studio.models.sprite import ResidualBlock
from tests.bench.rival_training import Contestant, Pair, Recipe

SIZE_PX = 32
RATES = (5e-4, 1e-3, 2e-3)
_CELLS, _CELL = 8, 16
"""Cells along each side, and numbers of each."""

_TOKEN, _BOOK = 4, 1024
"""Numbers of a token, and entries of the book."""

_BODY = (64, 192)
"""Channels at half and a quarter of the size, as in `sprite-32`."""


class Ours(Contestant):
    """A family of the studio with the recipe of its configuration, without teacher and prior.

    Args:
        config: What to build and how to train it.
    """

    def __init__(self, config: RunConfig) -> None:
        super().__init__()
        self.vae = build_vae(config.vae)
        self._training = training = config.training
        self.recipe = Recipe(
            rates=(training.learning_rate,),
            batch_size=training.batch_size,
            weight_decay=training.weight_decay,
            falls=training.learning_rate_schedule == "cosine",
            warmup_steps=training.warmup_steps,
            clip=training.gradient_clip,
            average=training.ema_decay,
        )

    def prepare(self, rgba_BHWC: Tensor) -> Tensor:
        """At the network's own size: `classic-128` sees sprites enlarged."""
        return self.vae.prepare(rgba_BHWC)

    def loss(self, x: Tensor, share: float) -> Tensor:
        """Reconstruction and KL, whose weight rises as in a run."""
        training = self._training
        mu, logvar = self.vae.encode(x)
        recon = self.vae.reconstruct(self.vae.reparameterize(mu, logvar), x).loss
        rise = min(1.0, share / training.kl_warmup_share) if training.kl_warmup_share else 1.0
        return recon + training.kl_weight * rise * kl_loss(mu, logvar, training.kl_form, self.vae.kl_factors())

    def readings(self, rgba_BHWC: Tensor) -> dict[str, Pair]:
        """As `render` draws; a family without alpha is judged by its colours alone, over black."""
        drawn = at_size(self.vae.render(self.vae.encode(self.prepare(rgba_BHWC))[0]), rgba_BHWC.shape[1])
        if self.vae.image_channels == 4:
            return {"as drawn": (rgba_BHWC, drawn)}
        return {"colours over black": (over_black(rgba_BHWC), drawn)}


def over_black(rgba_BHWC: Tensor) -> Tensor:
    """The same sprites, opaque, on black."""
    colours = (rgba_BHWC[..., :3].float() * rgba_BHWC[..., 3:].float() / 255.0).round().to(torch.uint8)
    return torch.cat([colours, torch.full_like(rgba_BHWC[..., 3:], 255)], dim=3)


class Rival(Contestant):
    """A network of others that draws premultiplied RGBA."""

    recipe = Recipe(rates=RATES)

    def prepare(self, rgba_BHWC: Tensor) -> Tensor:
        """(B, 4, H, W), -1 to 1, premultiplied."""
        rgba = rgba_BHWC.permute(0, 3, 1, 2).float() / 255.0
        return torch.cat([rgba[:, :3] * rgba[:, 3:], rgba[:, 3:]], dim=1) * 2.0 - 1.0

    @abstractmethod
    def redraw(self, x_BCHW: Tensor) -> Tensor:
        """Encode without noise and decode; the same form."""

    def readings(self, rgba_BHWC: Tensor) -> dict[str, Pair]:
        """Rounded as it comes, and with hard alpha, its colours divided by alpha or taken as they are."""
        planes = self.redraw(self.prepare(rgba_BHWC)).float().permute(0, 2, 3, 1)
        return {name: (rgba_BHWC, picture) for name, picture in pictures((planes + 1.0) / 2.0).items()}


def pictures(premultiplied_BHWC: Tensor) -> dict[str, Tensor]:
    """uint8 pictures of straight alpha from premultiplied planes at 0 to 1, in three readings."""
    planes = premultiplied_BHWC.clamp(0.0, 1.0)
    alpha = planes[..., 3:]
    straight = (planes[..., :3] / alpha.clamp(min=1 / 255)).clamp(0.0, 1.0) * (alpha > 0)
    solid = (alpha * 255.0).round() >= SOLID
    return {
        "soft": _rounded(torch.cat([straight, alpha], dim=3)),
        "hard": _rounded(torch.cat([straight, torch.ones_like(alpha)], dim=3) * solid),
        "hard, colours as they are": _rounded(torch.cat([planes[..., :3], torch.ones_like(alpha)], dim=3) * solid),
    }


def _rounded(rgba: Tensor) -> Tensor:
    return (rgba * 255.0).round().to(torch.uint8).contiguous()


class Exactly(nn.Module):
    """A quantiser in float32: half precision would round the entries of its book.

    Args:
        quantiser: Of a library.
    """

    def __init__(self, quantiser: nn.Module) -> None:
        super().__init__()
        self.quantiser = quantiser

    def forward(self, z: Tensor, *rest: Any, **more: Any) -> Any:  # noqa: ANN401 - the library's own
        """As the quantiser."""
        with torch.autocast(z.device.type, enabled=False):
            return self.quantiser(z.float(), *rest, **more)


# ---- diffusers -----------------------------------------------------------------------------------------


class DiffusersKL(Rival):
    """`AutoencoderKL`: 32 px to 8 by 8 cells of 16."""

    def __init__(self) -> None:
        super().__init__()
        found = _module("diffusers.models.autoencoders.autoencoder_kl")
        self.model: Any = found.AutoencoderKL(**_blocks((32, 48, 128)), latent_channels=_CELL, sample_size=SIZE_PX)

    def loss(self, x: Tensor, share: float) -> Tensor:
        """Summed absolute error and a KL of hardly any weight."""
        del share
        posterior = self.model.encode(x).latent_dist
        drawn = self.model.decode(posterior.sample()).sample
        error = (drawn.float() - x).abs().flatten(1).sum(dim=1).mean()
        loss: Tensor = error + 1e-6 * posterior.kl().float().mean()
        return loss

    def redraw(self, x_BCHW: Tensor) -> Tensor:
        """From the mean of the latent."""
        drawn: Tensor = self.model.decode(self.model.encode(x_BCHW).latent_dist.mean).sample
        return drawn


class DiffusersVQ(Rival):
    """`VQModel`.

    Args:
        widths: Channels at full, half, ... size; tokens are as many as there are positions at the last.
        book: Entries of the book.
    """

    def __init__(self, widths: tuple[int, ...], book: int) -> None:
        super().__init__()
        found = _module("diffusers.models.autoencoders.vq_model")
        self.model: Any = found.VQModel(
            **_blocks(widths), latent_channels=_TOKEN, num_vq_embeddings=book, vq_embed_dim=_TOKEN
        )
        self.model.quantize = Exactly(self.model.quantize)

    def loss(self, x: Tensor, share: float) -> Tensor:
        """Mean absolute error and the commitment to the book."""
        del share
        told = self.model(x)
        loss: Tensor = (told.sample.float() - x).abs().mean() + told.commit_loss.float()
        return loss

    def redraw(self, x_BCHW: Tensor) -> Tensor:
        """Through the nearest tokens."""
        drawn: Tensor = self.model(x_BCHW).sample
        return drawn


def _blocks(widths: tuple[int, ...]) -> dict[str, Any]:
    return {
        "in_channels": 4,
        "out_channels": 4,
        "down_block_types": ("DownEncoderBlock2D",) * len(widths),
        "up_block_types": ("UpDecoderBlock2D",) * len(widths),
        "block_out_channels": widths,
        "layers_per_block": 1,
        "norm_num_groups": 16,
    }


# ---- Pythae --------------------------------------------------------------------------------------------


def reader(widths: tuple[int, ...], blocks: int, out_channels: int) -> nn.Sequential:
    """From a picture to cells, each stage half the size of the one before."""
    layers: list[nn.Module] = [nn.PixelUnshuffle(2), nn.Conv2d(16, widths[0], 3, padding=1)]
    for index, width in enumerate(widths):
        if index:
            layers.append(nn.Conv2d(widths[index - 1], width, 4, 2, 1))
        layers += [ResidualBlock(width) for _ in range(blocks)]
    return nn.Sequential(*layers, nn.BatchNorm2d(widths[-1]), nn.SiLU(), nn.Conv2d(widths[-1], out_channels, 1))


def drawer(widths: tuple[int, ...], blocks: int, in_channels: int) -> nn.Sequential:
    """From cells to a picture at 0 to 1."""
    layers: list[nn.Module] = [nn.Conv2d(in_channels, widths[-1], 3, padding=1)]
    for index in reversed(range(len(widths))):
        layers += [ResidualBlock(widths[index]) for _ in range(blocks)]
        if index:
            layers += [nn.Conv2d(widths[index], widths[index - 1] * 4, 1), nn.PixelShuffle(2)]
    head = [nn.BatchNorm2d(widths[0]), nn.SiLU(), nn.Conv2d(widths[0], 16, 3, padding=1), nn.PixelShuffle(2)]
    return nn.Sequential(*layers, *head, nn.Sigmoid())


class PythaeVAE(Rival):
    """`VAE`, or `BetaVAE` where a weight of the KL is given; 8 by 8 cells of 16.

    Args:
        beta: That weight; None for the plain VAE, whose weight is 1.
    """

    def __init__(self, beta: float | None = None) -> None:
        super().__init__()
        models = _module("pythae.models")
        parts = {
            "encoder": _pythae_part(reader(_BODY, 1, 2 * _CELL), _posterior),
            "decoder": _pythae_part(
                nn.Sequential(nn.Unflatten(1, (_CELL, _CELLS, _CELLS)), drawer(_BODY, 2, _CELL)), _reconstruction
            ),
        }
        shape = {"input_dim": (4, SIZE_PX, SIZE_PX), "latent_dim": _CELL * _CELLS**2}
        if beta is None:
            self.model: Any = models.VAE(models.VAEConfig(**shape), **parts)
        else:
            self.model = models.BetaVAE(models.BetaVAEConfig(**shape, beta=beta), **parts)

    def loss(self, x: Tensor, share: float) -> Tensor:
        """The library's own."""
        del share
        loss: Tensor = self.model({"data": (x + 1.0) / 2.0}).loss
        return loss

    def redraw(self, x_BCHW: Tensor) -> Tensor:
        """From the mean of the latent."""
        latent = self.model.encoder((x_BCHW + 1.0) / 2.0).embedding
        drawn: Tensor = self.model.decoder(latent).reconstruction
        return drawn * 2.0 - 1.0


class PythaeVQVAE(Rival):
    """`VQVAE` with a book that follows by averages; without, nearly all of its entries died in a minute's trial.

    The same body: each cell of 16 numbers is four tokens of 4.
    """

    def __init__(self) -> None:
        super().__init__()
        models = _module("pythae.models")
        config = models.VQVAEConfig(
            input_dim=(4, SIZE_PX, SIZE_PX), latent_dim=_CELL * _CELLS**2, num_embeddings=_BOOK, use_ema=True
        )
        self.model: Any = models.VQVAE(
            config,
            encoder=_pythae_part(nn.Sequential(reader(_BODY, 1, _CELL), nn.PixelShuffle(2)), _embedding),
            decoder=_pythae_part(nn.Sequential(nn.PixelUnshuffle(2), drawer(_BODY, 2, _CELL)), _reconstruction),
        )
        self.model.quantizer = Exactly(self.model.quantizer)

    def loss(self, x: Tensor, share: float) -> Tensor:
        """The library's own."""
        del share
        loss: Tensor = self.model({"data": (x + 1.0) / 2.0}).loss
        return loss

    def redraw(self, x_BCHW: Tensor) -> Tensor:
        """Through the nearest tokens."""
        drawn: Tensor = self.model({"data": (x_BCHW + 1.0) / 2.0}).recon_x
        return drawn * 2.0 - 1.0


def _posterior(found_BCHW: Tensor) -> dict[str, Tensor]:
    mu, logvar = found_BCHW.float().chunk(2, dim=1)
    return {"embedding": mu.flatten(1), "log_covariance": logvar.flatten(1).clamp(-10.0, 4.0)}


def _embedding(found_BCHW: Tensor) -> dict[str, Tensor]:
    return {"embedding": found_BCHW.float()}


def _reconstruction(found_BCHW: Tensor) -> dict[str, Tensor]:
    return {"reconstruction": found_BCHW.float()}


def _pythae_part(body: nn.Module, told: Callable[[Tensor], Mapping[str, Tensor]]) -> Any:  # noqa: ANN401
    """A network as Pythae wants it: an object of its own classes that gives a `ModelOutput`."""
    networks, output = _module("pythae.models.nn"), _module("pythae.models.base.base_utils").ModelOutput
    base = networks.BaseDecoder if told is _reconstruction else networks.BaseEncoder

    def forward(self: Any, x: Tensor) -> Any:  # noqa: ANN401
        return output(**told(self.body(x)))

    part = type("Part", (base,), {"forward": forward})()
    part.body = body
    return part


def _module(name: str) -> Any:  # noqa: ANN401 - the library tells no types
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # nothing is downloaded
    return importlib.import_module(name)


CONTESTANTS: dict[str, Callable[[RunConfig], Contestant]] = {
    "sprite-32": Ours,
    "classic-128": lambda _: Ours(preset("classic-128")),
    "pythae-vae": lambda _: PythaeVAE(),
    # Our loss is 50 times the squared error and half the KL; a hundredth of it is half the squared error and this.
    "pythae-beta-vae": lambda _: PythaeVAE(beta=0.005),
    "pythae-vqvae": lambda _: PythaeVQVAE(),
    "diffusers-kl": lambda _: DiffusersKL(),
    "diffusers-vq": lambda _: DiffusersVQ((64, 128), _BOOK),
    "diffusers-vq-8x8": lambda _: DiffusersVQ((32, 48, 128), 4 * _BOOK),
}
"""Builders by name; the first is ours and takes the configuration it is given."""

NEEDS: dict[str, str] = {
    name: name.partition("-")[0] for name in CONTESTANTS if name.startswith(("pythae", "diffusers"))
}
"""The package that a contestant needs."""
