"""Drawing one sprite at a time: the bytes of `render`, whatever was drawn before; networks asked only when need be."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from lunar_studio.core.config import ClassicVaeConfig, SpriteVaeConfig
from lunar_studio.models.classic import LunarCoreVAE
from lunar_studio.models.drawing import Drawing
from lunar_studio.models.folding import folded
from lunar_studio.models.interface import LatentModel
from lunar_studio.models.sprite import SpriteVAE


def _vae(kind: type[SpriteVAE] = SpriteVAE) -> SpriteVAE:
    torch.manual_seed(8)
    vae = kind(SpriteVaeConfig(image_size=16, widths=(8, 12), colours=6, cell_channels=2))
    for parameter in vae.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return vae


VAE = folded(_vae())
DRAWING = Drawing(VAE)


def _same(drawing: Drawing, vae: LatentModel, z_1L: Tensor) -> bool:
    with torch.inference_mode():
        return torch.equal(drawing(z_1L), vae.render(z_1L))


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=6))
def test_shapes_and_palettes_in_any_order_are_drawn_as_they_are(order: list[tuple[int, int]]) -> None:
    generator = torch.Generator().manual_seed(5)
    rows_NL = 2 * torch.randn(3, VAE.latent_dim, generator=generator)
    for shape, palette in order:
        z_1L = rows_NL[shape : shape + 1].clone()
        z_1L[:, : VAE.palette_dim] = rows_NL[palette, : VAE.palette_dim]
        assert _same(DRAWING, VAE, z_1L)


def test_another_palette_asks_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    drawing, z_1L = Drawing(VAE), torch.randn(1, VAE.latent_dim)
    asked: list[Tensor] = []
    draw = drawing._draw

    def noted(given: Tensor) -> tuple[Tensor, ...]:
        asked.append(given)
        return draw(given)

    monkeypatch.setattr(drawing, "_draw", noted)
    with torch.inference_mode():
        drawing(z_1L)
        z_1L[:, : VAE.palette_dim] += 0.5  # in place: what was drawn is remembered, not where it lay
        drawing(z_1L)
        assert len(asked) == 1
        z_1L[:, -1] += 3.0
        drawing(z_1L)
        assert len(asked) == 2
    assert _same(drawing, VAE, z_1L)


class _Other(SpriteVAE):
    def render(self, z_BL: Tensor) -> Tensor:
        """Upside down."""
        return super().render(z_BL).flip(1)


@pytest.mark.parametrize(
    "vae", [_vae(_Other), LunarCoreVAE(ClassicVaeConfig(image_size=16, latent_dim=4, encoder_channels=(4, 6)))]
)
def test_models_of_other_kinds_draw_by_themselves(vae: LatentModel) -> None:
    vae.eval().requires_grad_(False)
    drawing = Drawing(vae)
    for _ in range(3):
        assert _same(drawing, vae, torch.randn(1, vae.latent_dim))
