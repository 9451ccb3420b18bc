"""`SpriteVAE` draws indexed sprites: few colours, hard alpha, and a likelihood that is what it says."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from lunar_studio.core.config import SpriteVaeConfig
from lunar_studio.core.presets import PRESETS
from lunar_studio.errors import ConfigError
from lunar_studio.models.bundle import build_vae, networks_on_meta
from lunar_studio.models.sprite import Indexed, SpriteVAE, expected, mixture_nll

SMALL = SpriteVaeConfig(
    image_size=16, colours=5, palette_dim=4, cell_channels=3, widths=(6, 8), decoder_blocks=1, palette_hidden=8
)


Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def fresh(config: SpriteVaeConfig = SMALL, seed: int = 0) -> SpriteVAE:
    torch.manual_seed(seed)
    vae = SpriteVAE(config).eval()
    for parameter in vae.parameters():  # blocks begin at zero; logits shall vary from pixel to pixel
        nn.init.normal_(parameter, std=0.3)
    return vae


def hard_sprites(count: int, size: int, seed: int = 0) -> Tensor:
    """uint8 (N, H, W, 4) with alpha 0 or 255."""
    generator = torch.Generator().manual_seed(seed)
    rgba = torch.randint(0, 256, (count, size, size, 4), dtype=torch.uint8, generator=generator)
    rgba[..., 3] = (rgba[..., 3] > 100).to(torch.uint8) * 255
    return rgba


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(2, 9), st.sampled_from([8, 16]), st.floats(0.1, 20.0))
def test_a_render_has_at_most_k_colours_and_hard_alpha(seed: int, colours: int, size: int, spread: float) -> None:
    config = SpriteVaeConfig(
        image_size=size, colours=colours, palette_dim=3, cell_channels=2, widths=(4, 6), palette_hidden=8
    )
    vae = fresh(config, seed)
    with torch.no_grad():
        pictures = vae.render(torch.randn(3, vae.latent_dim) * spread)
    assert pictures.shape == (3, size, size, 4)
    assert pictures.dtype == torch.uint8
    for picture in pictures:
        pixels = picture.reshape(-1, 4)
        assert set(pixels[:, 3].tolist()) <= {0, 255}
        assert len(pixels[pixels[:, 3] == 255].unique(dim=0)) <= colours
        assert not bool(pixels[pixels[:, 3] == 0].any()), "transparent pixels hide no colour"


def test_render_is_the_likeliest_index_of_the_soft_parts() -> None:
    vae = fresh()
    z = torch.randn(2, vae.latent_dim) * 3
    with torch.no_grad():
        indexed, rendered = vae.decode_indexed(z), vae.render(z)
    seen = set()
    for b in range(2):
        for y in range(16):
            for x in range(16):
                index = int(indexed.logits_BKHW[b, :, y, x].argmax())
                seen.add(index)
                colour = (indexed.colours_BK3[b, index - 1] * 255).round().tolist() if index else [0, 0, 0]
                assert rendered[b, y, x].tolist() == [*colour, 255 if index else 0]
    assert 0 in seen
    assert len(seen) > 2, "a single index would prove nothing"


def test_a_sure_decoder_expects_what_it_renders() -> None:
    logits = torch.full((1, 3, 2, 2), -40.0)
    logits[0, 0, 0, 0] = logits[0, 1, 0, 1] = logits[0, 2, 1] = 40.0
    indexed = Indexed(logits, torch.tensor([[[1.0, 0.0, 0.5], [0.0, 1.0, 0.0]]]))
    soft = (expected(indexed)[0] + 1) / 2
    wanted = torch.tensor([[[0, 0, 0, 0], [1, 0, 0.5, 1]], [[0, 1, 0, 1], [0, 1, 0, 1]]])
    torch.testing.assert_close(soft.permute(1, 2, 0), wanted, atol=1e-6, rtol=0)


def naive_nll(logits: Array, colours: Array, x: Array, sigma: float) -> float:
    """The definition, pixel by pixel, in float64."""
    total = 0.0
    for b in range(len(x)):
        for i in range(x.shape[2]):
            for j in range(x.shape[3]):
                raw = logits[b, :, i, j]
                share = np.exp(raw - raw.max()) / np.exp(raw - raw.max()).sum()
                rgba = (x[b, :, i, j] + 1) / 2
                alpha = rgba[3]
                straight = np.clip(rgba[:3] / max(alpha, 1 / 255), 0, 1)
                density = sum(
                    share[k + 1] * math.exp(-((straight - colours[b, k]) ** 2).sum() / (2 * sigma**2))
                    for k in range(colours.shape[1])
                )
                total += -alpha * math.log(density) - (1 - alpha) * math.log(share[0])
    return total / len(x)


@given(st.integers(0, 2**31), st.integers(1, 4), st.floats(0.15, 1.0))
def test_likelihood_is_its_definition(seed: int, colours: int, sigma: float) -> None:
    rng = np.random.default_rng(seed)
    logits, table = rng.normal(0, 2, (2, colours + 1, 3, 3)), rng.uniform(0, 1, (2, colours, 3))
    alpha = rng.choice([0.0, 1.0, 0.5], (2, 1, 3, 3))
    x = np.concatenate([rng.uniform(0, 1, (2, 3, 3, 3)) * alpha, alpha], axis=1) * 2 - 1
    indexed = Indexed(torch.from_numpy(logits).float(), torch.from_numpy(table).float())
    found = float(mixture_nll(indexed, torch.from_numpy(x), sigma))
    assert found == pytest.approx(naive_nll(logits, table, x, sigma), rel=2e-5)


def test_likelihood_is_best_where_colours_and_indices_are_right() -> None:
    x = torch.tensor([1.0, -1.0, -1.0, 1.0])[None, :, None, None]  # an opaque red pixel
    red, green = torch.tensor([[[1.0, 0, 0]]]), torch.tensor([[[0, 1.0, 0]]])
    paint, clear = torch.tensor([-9.0, 9.0])[None, :, None, None], torch.tensor([9.0, -9.0])[None, :, None, None]
    right = float(mixture_nll(Indexed(paint, red), x, 0.06))
    assert right == pytest.approx(0.0, abs=1e-6)
    assert float(mixture_nll(Indexed(paint, green), x, 0.06)) == pytest.approx(2 / (2 * 0.06**2), rel=1e-4)
    assert float(mixture_nll(Indexed(clear, red), x, 0.06)) == pytest.approx(18.0, rel=1e-3)


def test_likelihood_has_the_gradients_of_its_definition() -> None:
    rng = np.random.default_rng(5)
    logits, table = rng.normal(0, 1, (1, 3, 2, 2)), rng.uniform(0, 1, (1, 2, 3))
    x = np.concatenate([rng.uniform(0, 1, (1, 3, 2, 2)), np.ones((1, 1, 2, 2))], axis=1) * 2 - 1
    leaves = torch.from_numpy(logits).float().requires_grad_(), torch.from_numpy(table).float().requires_grad_()
    mixture_nll(Indexed(*leaves), torch.from_numpy(x), 0.3).backward()  # type: ignore[no-untyped-call]
    for leaf, values in zip(leaves, (logits, table), strict=True):
        assert leaf.grad is not None
        for place in np.ndindex(*values.shape):
            ends = []
            for step in (1e-5, -1e-5):
                moved = values.copy()
                moved[place] += step
                parts = (moved, table) if values is logits else (logits, moved)
                ends.append(naive_nll(*parts, x, 0.3))
            assert float(leaf.grad[place]) == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-3, abs=1e-4)


def test_loss_is_half_the_likelihood_and_the_squared_error_summed_over_pixels() -> None:
    vae = fresh()
    x = vae.prepare(hard_sprites(3, 16))
    z = torch.randn(3, vae.latent_dim)
    with torch.no_grad():
        soft, loss = vae.reconstruct(z, x)
        indexed = vae.decode_indexed(z)
        squared = (((soft.double() + 1) / 2 - (x.double() + 1) / 2) ** 2).sum() / 3 / (2 * 0.1**2)
        likelihood = mixture_nll(indexed, x, vae.config.likelihood_sigma)
    assert float(loss) == pytest.approx(0.5 * float(likelihood) + float(squared), rel=1e-5)


def test_straight_through_shows_the_render_and_passes_the_gradient() -> None:
    vae = fresh()
    z = torch.randn(2, vae.latent_dim, requires_grad=True)
    soft = vae.decode(z)
    hard = vae.hard(z, soft)
    torch.testing.assert_close(hard.detach(), vae.prepare(vae.render(z.detach())), atol=1e-6, rtol=0)
    weights = torch.randn_like(soft)
    (through,) = torch.autograd.grad((hard * weights).sum(), z, retain_graph=True)
    (plain,) = torch.autograd.grad((soft * weights).sum(), z)
    torch.testing.assert_close(through, plain)


def test_showing_the_render_does_not_move_statistics_in_training() -> None:
    vae = fresh().train()
    z = torch.randn(4, vae.latent_dim)
    soft = vae.decode(z)
    before = {key: value.clone() for key, value in vae.state_dict().items()}
    vae.hard(z, soft)
    assert all(torch.equal(value, before[key]) for key, value in vae.state_dict().items())


def test_the_colours_part_of_a_latent_is_what_encode_gives_first() -> None:
    vae = fresh()
    x = vae.prepare(hard_sprites(2, 16))
    with torch.no_grad():
        mu, logvar = vae.encode(x)
        features = vae.encoder(x)
        palette = vae.to_palette(features.flatten(1)).chunk(2, dim=1)
        cells = vae.to_cells(features).chunk(2, dim=1)
    assert mu.shape == logvar.shape == (2, vae.latent_dim) == (2, 4 + 3 * 16)
    torch.testing.assert_close(mu, torch.cat([palette[0], cells[0].flatten(1)], dim=1))
    torch.testing.assert_close(logvar, torch.cat([palette[1], cells[1].flatten(1)], dim=1).clamp(-10, 4))


def test_a_cell_of_the_latent_reaches_its_own_place_most() -> None:
    """Cells hold shape locally: the number of a corner's cell moves that corner more than the opposite one."""
    vae = fresh(SpriteVaeConfig(image_size=32, palette_dim=4, cell_channels=2, widths=(6, 8), decoder_blocks=1))
    z = torch.zeros(1, vae.latent_dim)
    moved = z.clone()
    moved[0, 4] = 5.0  # first channel of the top left cell
    with torch.no_grad():
        change = (vae.decode_indexed(moved).logits_BKHW - vae.decode_indexed(z).logits_BKHW).abs().mean(dim=(0, 1))
    assert float(change[:8, :8].mean()) > 10 * float(change[-8:, -8:].mean())


@pytest.mark.parametrize("name", [name for name in PRESETS if "sprite" in name])
def test_presets_build_with_256_numbers(name: str) -> None:
    vae = networks_on_meta(PRESETS[name])["vae"]
    assert isinstance(vae, SpriteVAE)
    assert (vae.latent_dim, vae.palette_dim, vae.config.cells) == (256, 32, 4)
    assert vae.latent_dim == vae.config.latent_dim


@pytest.mark.parametrize("size", [16, 32, 64])
def test_sizes_round_trip(size: int) -> None:
    config = SpriteVaeConfig(image_size=size, widths=(4, 6), palette_hidden=8, decoder_blocks=1)
    vae = build_vae(config)
    with torch.no_grad():
        x = vae.prepare(hard_sprites(2, size))
        recon, mu, _ = vae(x)
        assert recon.shape == x.shape == (2, 4, size, size)
        assert vae.render(mu).shape == (2, size, size, 4)


def test_a_size_that_cannot_be_halved_is_refused() -> None:
    with pytest.raises(ConfigError) as refusal:
        SpriteVAE(SpriteVaeConfig(image_size=20, widths=(4, 4, 4)))
    assert "20" in refusal.value.message
    assert "widths" in refusal.value.hint or "image_size" in refusal.value.hint


def test_it_learns_a_sprite_exactly() -> None:
    torch.manual_seed(0)
    vae = SpriteVAE(SMALL)
    rgba = torch.zeros(1, 16, 16, 4, dtype=torch.uint8)
    rgba[0, 4:12, 4:12] = torch.tensor([200, 40, 40, 255], dtype=torch.uint8)
    rgba[0, 6:8, 6:8] = torch.tensor([250, 250, 250, 255], dtype=torch.uint8)
    x = vae.prepare(rgba).expand(4, -1, -1, -1)
    optimizer = torch.optim.Adam(vae.parameters(), 1e-2)
    for _ in range(250):
        optimizer.zero_grad()
        vae.reconstruct(vae.encode(x)[0], x).loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    with torch.no_grad():
        drawn = vae.train().render(vae.encode(x)[0])[0]
    assert torch.equal(drawn[..., 3], rgba[0, ..., 3])
    assert int((drawn.int() - rgba[0].int()).abs().max()) <= 24
