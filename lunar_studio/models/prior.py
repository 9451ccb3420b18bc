"""`LatentPrior`: a rectified flow from noise to latents, so that random sprites are sprites.

The VAE's posterior is far from N(0, 1); a draw from N(0, 1) decodes to mush. The flow (Liu, Gong and
Liu 2023) learns the straight-line velocity from noise to standardised latents; words steer it by
classifier-free guidance (Ho and Salimans 2022). Shapes: B batch, L latent numbers, I of them invented,
D embedding numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lunar_studio.core.config import PriorConfig

_TIME_FEATURES = 64
_TOPIC_STREAM, _CAPTION_STREAM = 1, 2
# Captions that may stand in for words: at most so many, none much less like them than the nearest, and what the words
# weigh beside one. Chosen by eye on five prompts.
_NEAREST, _LIKE_ENOUGH, _WORDS_SHARE = 8, 0.6, 0.5


class FlowBlock(nn.Module):
    """Residual MLP block whose scale, shift and gate depend on time and words (adaLN-Zero, Peebles and Xie 2023)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.modulate = nn.Linear(width, 3 * width)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), nn.SiLU(), nn.Linear(2 * width, width))
        nn.init.zeros_(self.modulate.weight)
        nn.init.zeros_(self.modulate.bias)

    def forward(self, hidden_BW: Tensor, condition_BW: Tensor) -> Tensor:
        """Same shape as `hidden_BW`."""
        return self.moved(hidden_BW, self.modulate(condition_BW))

    def moved(self, hidden_BW: Tensor, changes_BC: Tensor) -> Tensor:
        """The same from scale, shift and gate as `modulate` says them, side by side: C is 3 W."""
        scale, shift, gate = changes_BC.chunk(3, dim=1)
        out: Tensor = hidden_BW + gate * self.mlp(self.norm(hidden_BW) * (1 + scale) + shift)
        return out


class LatentPrior(nn.Module):
    """The flow network with the standardisation of the latents it learned on.

    Args:
        config: Widths, sampling steps, guidance.
        latent_dim: L.
        embedding_dim: D, of the words' embedding.
        invented_dim: I, the leading numbers of a latent that it invents; L where left out. The others are 0 in
            what it invents.
    """

    mean_I: Tensor
    std_I: Tensor
    topics_TD: Tensor

    def __init__(
        self, config: PriorConfig, latent_dim: int, embedding_dim: int, invented_dim: int | None = None
    ) -> None:
        super().__init__()
        self.config, self.latent_dim, self.embedding_dim = config, latent_dim, embedding_dim
        self.invented_dim = latent_dim if invented_dim is None else invented_dim
        width = config.hidden_dim
        self.time = nn.Sequential(nn.Linear(_TIME_FEATURES, width), nn.SiLU(), nn.Linear(width, width))
        self.words = nn.Linear(embedding_dim, width)
        self.no_words = nn.Parameter(torch.zeros(width))
        self.enter = nn.Linear(self.invented_dim, width)
        self.blocks = nn.ModuleList(FlowBlock(width) for _ in range(config.blocks))
        self.leave = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, self.invented_dim))
        self.register_buffer("mean_I", torch.zeros(self.invented_dim))
        self.register_buffer("std_I", torch.ones(self.invented_dim))
        self.register_buffer("topics_TD", torch.zeros(config.topics, embedding_dim))

    def velocity(self, point_BI: Tensor, time_B: Tensor, words_BD: Tensor, has_words_B: Tensor) -> Tensor:
        """Direction from noise to latent at a point on the way; time 0 is noise, 1 the standardised latent."""
        condition = self._condition(time_B, words_BD, has_words_B)
        hidden = self.enter(point_BI)
        for block in self.blocks:
            hidden = block(hidden, condition)
        out: Tensor = self.leave(hidden)
        return out

    def _condition(self, time_B: Tensor, words_BD: Tensor, has_words_B: Tensor) -> Tensor:
        """What steers the blocks, (B, W); one time may stand for all rows."""
        frequencies = torch.exp(
            torch.arange(_TIME_FEATURES // 2, device=time_B.device) * (-math.log(1000.0) / (_TIME_FEATURES // 2))
        )
        angle = time_B[:, None] * 1000.0 * frequencies
        condition = self.time(torch.cat([angle.sin(), angle.cos()], dim=1))
        condition = condition + torch.where(has_words_B[:, None], self.words(words_BD), self.no_words)
        return F.silu(condition)

    def _guided_velocity(
        self, point_BI: Tensor, time_1: Tensor, words_BD: Tensor, has_words_B: Tensor, guidance: float
    ) -> Tensor:
        """The velocity without words, led away from it by `guidance` times what the words change.

        Both at once, in half the time: they begin alike, and without words one row of scales and shifts does for all.
        """
        rows = len(point_BI)
        nothing_1D = words_BD.new_zeros(1, self.embedding_dim)
        steering = self._condition(
            time_1, torch.cat([words_BD, nothing_1D]), torch.cat([has_words_B, torch.zeros_like(has_words_B[:1])])
        )
        hidden = self.enter(point_BI).repeat(2, 1)
        for block in cast("Iterable[FlowBlock]", self.blocks):
            changes = block.modulate(steering)
            hidden = block.moved(hidden, torch.cat([changes[:rows], changes[rows:].expand(rows, -1)]))
        followed, plain = self.leave(hidden).chunk(2)
        out: Tensor = plain + guidance * (followed - plain)
        return out

    @torch.no_grad()
    def observe(self, z_BL: Tensor, momentum: float) -> None:
        """Follow the mean and spread of the latents while the VAE still moves them; one latent has no spread."""
        if len(z_BL) < 2:
            return
        z_BI = z_BL[:, : self.invented_dim]
        self.mean_I.lerp_(z_BI.mean(dim=0), momentum)
        self.std_I.lerp_(z_BI.std(dim=0).clamp(min=1e-3), momentum)

    @torch.no_grad()
    def standardise(self, mu_ML: Tensor, spread_ML: Tensor) -> None:
        """Take the mean and spread of latents that no longer move: draws from N(mu, spread)."""
        mu_MI, spread_MI = mu_ML[:, : self.invented_dim], spread_ML[:, : self.invented_dim]
        self.mean_I.copy_(mu_MI.mean(dim=0))
        self.std_I.copy_((mu_MI.var(dim=0, unbiased=False) + (spread_MI**2).mean(dim=0)).sqrt().clamp(min=1e-3))

    def loss(self, z_BL: Tensor, words_BD: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Flow-matching loss on latents (mean squared error of the velocity); some lose their words on purpose."""
        target = (z_BL[:, : self.invented_dim] - self.mean_I) / self.std_I
        noise = torch.empty_like(target).normal_(generator=generator)
        # Logit-normal times dwell in the middle of the way, where the velocity is hardest (Esser et al. 2024).
        time = torch.sigmoid(torch.empty_like(target[:, 0]).normal_(generator=generator))
        keep = torch.rand(time.shape, generator=generator, device=time.device) >= self.config.words_dropout
        has_words = keep & (words_BD.abs().sum(dim=1) > 0)
        point = torch.lerp(noise, target, time[:, None])
        return F.mse_loss(self.velocity(point, time, words_BD, has_words), target - noise)

    @torch.no_grad()
    def sample(
        self,
        count: int,
        *,
        seed: int,
        words_D: Tensor | None = None,
        temperature: float = 1.0,
        near_L: Tensor | None = None,
        strength: float = 1.0,
        steps: int = 0,
    ) -> Tensor:
        """Random latents, (count, L).

        Args:
            count: How many; the i-th depends on `seed` and i only.
            seed: Non-negative.
            words_D: Embedding of the words to follow; each latent follows them through a caption it learned that is
                like them. Without words it follows any such caption, unless `near_L` says what it shall be like.
            temperature: Spread of the noise, as a share of the model's own; below 1 is safer, above 1 wilder.
            near_L: Start from this latent instead of from pure noise.
            strength: With `near_L`: 0 gives it back, 1 forgets it; what the prior does not invent fades with it.
            steps: Euler steps; 0 for the model's own number.
        """
        device = self.mean_I.device
        spread = temperature * self.config.sample_temperature
        noise = torch.from_numpy(_noise(count, self.invented_dim, seed)).to(device) * spread
        start, rest_L = 0.0, noise.new_zeros(self.latent_dim - self.invented_dim)
        if near_L is not None:
            start = 1.0 - strength
            near_I, rest_L = near_L[: self.invented_dim], near_L[self.invented_dim :] * start
            noise = torch.lerp(noise, ((near_I - self.mean_I) / self.std_I).expand_as(noise), start)
        guidance = self.config.guidance
        if words_D is not None:
            words_BD = self._captioned(words_D.to(device), count, seed)
        elif near_L is None:
            words_BD, guidance = (
                self.topics_TD[_drawn(count, len(self.topics_TD), seed, _TOPIC_STREAM)],
                self.config.topic_guidance,
            )
        else:
            words_BD = torch.zeros(count, self.embedding_dim, device=device)
        invented_BI = self._integrate(noise, start, words_BD, guidance, steps) * self.std_I + self.mean_I
        return torch.cat([invented_BI, rest_L.to(device).expand(count, -1)], dim=1)

    def _captioned(self, words_D: Tensor, count: int, seed: int) -> Tensor:
        """For each latent one of the captions nearest to the words, leaning towards them: unit vectors, (count, D).

        A word or two are no caption: alone they lie where the flow has never been, and it answers with mush.
        """
        captions_CD = torch.unique(self.topics_TD, dim=0)
        captions_CD = captions_CD[captions_CD.abs().sum(dim=1) > 0]
        likeness_C = captions_CD @ words_D
        if not len(captions_CD) or float(likeness_C.max()) <= 0.0:
            return words_D.expand(count, -1)
        nearest = likeness_C.topk(min(_NEAREST, len(likeness_C)))
        nearest_KD = captions_CD[nearest.indices[nearest.values >= _LIKE_ENOUGH * nearest.values[0]]]
        chosen_BD = nearest_KD[_drawn(count, len(nearest_KD), seed, _CAPTION_STREAM)]
        return F.normalize(chosen_BD + _WORDS_SHARE * words_D, dim=1)

    def _integrate(self, point_BI: Tensor, start: float, words_BD: Tensor, guidance: float, steps: int) -> Tensor:
        """Euler steps from `start` to 1; rows whose words are zero follow none."""
        steps = steps or self.config.sample_steps
        has_words = words_BD.abs().sum(dim=1) > 0
        guided = guidance != 1.0 and bool(has_words.any())
        for step in range(steps):
            time_1 = torch.full_like(point_BI[:1, 0], start + (1.0 - start) * step / steps)
            if guided:
                velocity = self._guided_velocity(point_BI, time_1, words_BD, has_words, guidance)
            else:
                velocity = self.velocity(point_BI, time_1, words_BD, has_words)
            point_BI = point_BI + velocity * ((1.0 - start) / steps)
        return point_BI

    def parameter_count(self) -> int:
        """Trainable numbers."""
        return sum(parameter.numel() for parameter in self.parameters() if parameter.requires_grad)


def _noise(count: int, latent_dim: int, seed: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Rows of standard normal numbers, each from its own stream, so that row i never depends on `count`."""
    rows = [
        np.random.default_rng([seed, index]).standard_normal(latent_dim, dtype=np.float32) for index in range(count)
    ]
    return np.stack(rows) if rows else np.zeros((0, latent_dim), dtype=np.float32)


def _drawn(count: int, choices: int, seed: int, stream: int) -> list[int]:
    """Which of some choices each latent takes, from streams of their own."""
    return [int(np.random.default_rng([seed, index, stream]).integers(choices)) for index in range(count)]
