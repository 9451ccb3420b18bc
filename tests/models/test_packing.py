"""Packing: the same drawing from kernels that are laid out beforehand."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from lunar_studio.core.config import SpriteVaeConfig
from lunar_studio.models.folding import folded
from lunar_studio.models.packing import packed
from lunar_studio.models.sprite import SpriteVAE
from lunar_studio.models.straight import straight

CAN = hasattr(torch.ops.mkldnn_prepacked, "conv2d_prepack")


def vae() -> SpriteVAE:
    """One with layers that gain and layers that do not."""
    torch.manual_seed(7)
    made = SpriteVAE(SpriteVaeConfig(image_size=16, widths=(64, 72), colours=6, cell_channels=2))
    with torch.no_grad():  # blocks that are no longer the identity
        for parameter in made.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    return folded(made).to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


@pytest.mark.skipif(not CAN, reason="PyTorch was built without oneDNN")
def test_packed_layers_say_the_same_and_the_network_keeps_its_own() -> None:
    network = vae()
    before = [value.clone() for value in network.state_dict().values()]
    z_5L = torch.randn(5, network.latent_dim)
    swift = packed(network, lambda one: one.decode(z_5L[:1]))
    left = sum(isinstance(layer, nn.Conv2d) for layer in swift.decoder.modules())
    assert left < sum(isinstance(layer, nn.Conv2d) for layer in network.decoder.modules())
    assert all(isinstance(layer, nn.Conv2d) for layer in swift.encoder.modules() if hasattr(layer, "out_channels")), (
        "nobody asked it to encode"
    )
    with torch.inference_mode():
        for z_L in z_5L:
            torch.testing.assert_close(swift.decode(z_L[None]), network.decode(z_L[None]), atol=1e-4, rtol=1e-4)
            assert torch.equal(swift.render(z_L[None]), network.render(z_L[None]))
    assert all(torch.equal(one, other) for one, other in zip(before, network.state_dict().values(), strict=True))


def test_a_packed_network_can_be_traced() -> None:
    network = vae()
    z_3L = torch.randn(3, network.latent_dim)
    swift = packed(network, lambda one: one.render(z_3L[:1]))

    def render(z_1L: Tensor) -> tuple[Tensor, ...]:
        return (swift.render(z_1L),)

    traced = straight(swift, render, z_3L[:1])
    assert traced is not render
    with torch.inference_mode():
        for z_L in z_3L:
            assert torch.equal(traced(z_L[None])[0], network.render(z_L[None]))


def test_a_layer_that_sees_two_sizes_stays_as_it_is() -> None:
    network = nn.Sequential(nn.Conv2d(64, 8, 3, padding=1))

    def ask(one: nn.Module) -> None:
        for side in (8, 4):
            one(torch.zeros(1, 64, side, side))

    assert isinstance(packed(network, ask)[0], nn.Conv2d)


def test_without_onednn_it_is_a_plain_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.ops, "mkldnn_prepacked", object())
    network = vae()
    z_1L = torch.randn(1, network.latent_dim)
    swift = packed(network, lambda one: one.render(z_1L))
    assert swift is not network
    assert all(type(one) is type(other) for one, other in zip(swift.modules(), network.modules(), strict=True))
