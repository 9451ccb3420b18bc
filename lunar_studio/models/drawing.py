"""One sprite at a time, at slider speed. Where a model keeps colours apart, another palette needs no network at all.

Shapes: L latent numbers, N pixels.
"""

from __future__ import annotations

import torch
from torch import Tensor

from lunar_studio.models.interface import LatentModel
from lunar_studio.models.packing import packed
from lunar_studio.models.sprite import SpriteVAE, coloured
from lunar_studio.models.straight import straight


class Drawing:
    """Draws the sprite of a latent; the same latent gives the same bytes, whatever was drawn before.

    Args:
        vae: In eval mode on the CPU; its weights are taken as they are now.
    """

    def __init__(self, vae: LatentModel) -> None:
        # No random example: the generator is the process's, and a training may be drawing from it.
        example_1L = torch.linspace(-1.0, 1.0, vae.latent_dim)[None]
        swift = packed(vae, lambda network: network.render(example_1L))
        self._palette_dim, self._side = vae.palette_dim, vae.image_size
        self._last_1L: Tensor | None = None
        self._index_1N: Tensor | None = None
        self._is_indexed = type(swift) is SpriteVAE  # one of an extension's may draw otherwise
        if isinstance(swift, SpriteVAE) and self._is_indexed:
            self._draw = straight(swift, lambda z_1L: (swift.index(z_1L),), example_1L)
            self._colour = straight(swift, lambda z_1L: (swift.colours(z_1L),), example_1L)
        else:
            self._draw = straight(swift, lambda z_1L: (swift.render(z_1L),), example_1L)

    def __call__(self, z_1L: Tensor) -> Tensor:
        """uint8 (1, H, W, 4), straight alpha."""
        if not self._is_indexed:
            return self._draw(z_1L)[0]
        drawn_1L = z_1L[:, self._palette_dim :]
        if self._index_1N is None or self._last_1L is None or not torch.equal(self._last_1L, drawn_1L):
            self._index_1N, self._last_1L = self._draw(z_1L)[0], drawn_1L.clone()
        return coloured(self._index_1N, self._colour(z_1L)[0], self._side)
