"""`LunarCoreVAE` is the document's network, and builds from any configuration whose sizes work out."""

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn

from lunar_studio.core.config import ClassicVaeConfig
from lunar_studio.core.presets import PRESETS
from lunar_studio.errors import ConfigError
from lunar_studio.models.bundle import networks_on_meta
from lunar_studio.models.classic import ACTIVATIONS, LunarCoreVAE, stage_sizes

SMALL = ClassicVaeConfig(image_size=16, encoder_channels=(4, 6), latent_dim=5)


@st.composite
def configs(draw: st.DrawFn) -> ClassicVaeConfig:
    return ClassicVaeConfig(
        image_size=draw(st.sampled_from([8, 9, 15, 16, 31, 32])),
        image_channels=draw(st.sampled_from([3, 4])),
        latent_dim=draw(st.integers(1, 9)),
        encoder_channels=tuple(draw(st.lists(st.integers(1, 5), min_size=1, max_size=5))),
        kernel_size=draw(st.integers(2, 9)),
        stride=draw(st.integers(1, 4)),
        padding=draw(st.integers(0, 4)),
        activation=draw(st.sampled_from(sorted(ACTIVATIONS))),
    )


def vanishes(config: ClassicVaeConfig) -> bool:
    """Whether torch's own convolutions leave nothing of the picture."""
    x = torch.empty(1, 1, config.image_size, config.image_size, device="meta")
    for _ in config.encoder_channels:
        if x.shape[-1] + 2 * config.padding < config.kernel_size:
            return True
        x = nn.Conv2d(1, 1, config.kernel_size, config.stride, config.padding, device="meta")(x)
    return False


def test_the_document_has_30_711_683_parameters() -> None:
    vae = networks_on_meta(PRESETS["classic-128"])["vae"]
    assert sum(parameter.numel() for parameter in vae.parameters()) == 30_711_683
    in_linear_layers = sum(p.numel() for m in vae.modules() if isinstance(m, nn.Linear) for p in m.parameters())
    assert in_linear_layers == 25_199_104


def test_the_document_maps_128_px_through_256_numbers_and_back() -> None:
    vae = LunarCoreVAE()
    x = torch.rand(1, 3, 128, 128) * 2 - 1
    with torch.no_grad():
        recon, mu, logvar = vae(x)
    assert (recon.shape, mu.shape, logvar.shape) == (x.shape, (1, 256), (1, 256))
    assert float(recon.abs().max()) <= 1.0, "Tanh"
    kinds = [type(layer).__name__ for layer in vae.encoder]  # type: ignore[attr-defined]
    assert kinds == ["Conv2d", "ReLU"] * 4
    assert [type(layer).__name__ for layer in vae.decoder] == ["ConvTranspose2d", "ReLU"] * 3 + [
        "ConvTranspose2d",
        "Tanh",
    ]
    assert stage_sizes(vae.config) == [128, 64, 32, 16, 8]


def test_kernel_three_of_the_document_configuration_gives_the_right_sizes() -> None:
    config = PRESETS["classic-128-k3"].vae
    assert isinstance(config, ClassicVaeConfig)
    assert config.kernel_size == 3
    assert stage_sizes(config) == [128, 64, 32, 16, 8]
    with torch.device("meta"):
        vae = LunarCoreVAE(config)
        assert vae.decode(torch.empty(2, 256)).shape == (2, 3, 128, 128)


@settings(max_examples=150)
@given(configs())
def test_any_combination_builds_and_keeps_its_sizes_or_says_what_to_change(config: ClassicVaeConfig) -> None:
    if vanishes(config):
        with pytest.raises(ConfigError, match="shrink") as refusal:
            LunarCoreVAE(config)
        assert "encoder_channels" in refusal.value.hint
        return
    assume(stage_sizes(config)[-1] <= 64)
    vae = LunarCoreVAE(config)
    x = torch.rand(2, config.image_channels, config.image_size, config.image_size) * 2 - 1
    with torch.no_grad():
        recon, mu, logvar = vae(x)
        assert vae.render(mu).shape == (2, config.image_size, config.image_size, 4)
    assert recon.shape == x.shape
    assert mu.shape == logvar.shape == (2, config.latent_dim)


def test_a_picture_too_small_for_its_stages_is_refused() -> None:
    with pytest.raises(ConfigError, match="Stage 4 of the encoder would shrink 1 px to nothing"):
        LunarCoreVAE(ClassicVaeConfig(image_size=8))


@pytest.mark.parametrize(("size", "channels"), [(16, 3), (16, 4), (32, 4), (64, 3), (64, 4)])
def test_small_sprites_with_and_without_transparency(size: int, channels: int) -> None:
    config = ClassicVaeConfig(image_size=size, image_channels=channels, encoder_channels=(4, 8, 8), latent_dim=16)  # type: ignore[arg-type]
    vae = LunarCoreVAE(config)
    rgba = torch.randint(0, 256, (3, size, size, 4), dtype=torch.uint8)
    x = vae.prepare(rgba)
    assert x.shape == (3, channels, size, size)
    assert float(x.abs().max()) <= 1.0
    with torch.no_grad():
        drawn = vae.render(vae.encode(x)[0])
    assert drawn.dtype == torch.uint8
    assert drawn.shape == rgba.shape
    if channels == 3:
        assert bool((drawn[..., 3] == 255).all()), "RGB models draw opaque pictures"


def test_prepare_multiplies_by_alpha_and_enlarges_by_whole_pixels() -> None:
    vae = LunarCoreVAE(SMALL)
    rgba = torch.zeros(1, 8, 8, 4, dtype=torch.uint8)
    rgba[0, 0, 0] = torch.tensor([255, 128, 0, 255])
    rgba[0, 0, 1] = torch.tensor([255, 255, 255, 0])
    x = vae.prepare(rgba)
    assert x.shape == (1, 3, 16, 16)
    torch.testing.assert_close(
        x[0, :, :2, :2], torch.tensor([1.0, 128 / 255 * 2 - 1, -1.0])[:, None, None].expand(3, 2, 2)
    )
    assert bool((x[0, :, :2, 2:4] == -1.0).all()), "invisible colour is no colour"


def test_render_undoes_premultiplication() -> None:
    vae = LunarCoreVAE(ClassicVaeConfig(image_size=8, image_channels=4, encoder_channels=(4,), latent_dim=2))
    half = torch.tensor([0.25, 0.5, 0.0, 0.5]) * 2 - 1  # premultiplied; straight: half red, full green
    vae.decode = lambda z_BL: half[None, :, None, None].expand(len(z_BL), 4, 8, 8)  # type: ignore[method-assign]
    assert vae.render(torch.zeros(1, 2))[0, 0, 0].tolist() == [128, 255, 0, 128]


def test_reparameterize_draws_from_the_posterior_and_carries_gradients() -> None:
    mu, logvar = torch.full((20_000, 1), 2.0, requires_grad=True), torch.full((20_000, 1), -1.0, requires_grad=True)
    z = LunarCoreVAE.reparameterize(mu, logvar, torch.Generator().manual_seed(0))
    assert float(z.detach().mean()) == pytest.approx(2.0, abs=0.02)
    assert float(z.detach().std()) == pytest.approx(float(torch.tensor(-0.5).exp()), rel=0.02)
    again = LunarCoreVAE.reparameterize(mu, logvar, torch.Generator().manual_seed(0))
    assert torch.equal(z, again)
    by_mu, by_logvar = torch.autograd.grad(z.sum(), (mu, logvar))
    assert bool((by_mu == 1.0).all())
    torch.testing.assert_close(by_logvar, (z - mu).detach() / 2)


def test_it_learns() -> None:
    torch.manual_seed(0)
    vae = LunarCoreVAE(SMALL)
    x = torch.sign(torch.rand(4, 3, 1, 1) - 0.5).expand(4, 3, 16, 16).contiguous() * 0.8
    optimizer = torch.optim.Adam(vae.parameters(), 1e-2)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        loss = vae.reconstruct(vae.encode(x)[0], x).loss
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.1 * losses[0]
