"""`SpriteVAE` draws indexed sprites: few colours, hard alpha, and a likelihood that is what it says."""

import math

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from lunar_studio.core.config import SpriteVaeConfig
from lunar_studio.core.presets import PRESETS
from lunar_studio.errors import ConfigError
from lunar_studio.models.bundle import build_vae, networks_on_meta
from lunar_studio.models.palette_slots import solid_colours
from lunar_studio.models.sprite import Indexed, SpriteVAE, expected, mixture_nll

SMALL = SpriteVaeConfig(image_size=16, colours=5, cell_channels=3, widths=(6, 8), decoder_blocks=1)


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
    config = SpriteVaeConfig(image_size=size, colours=colours, cell_channels=2, widths=(4, 6))
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
    table = (indexed.colours_BK3 * 255).round()
    seen = set()
    for b in range(2):
        for y in range(16):
            for x in range(16):
                index = int(indexed.logits_BKHW[b, :, y, x].argmax())
                seen.add(index)
                colour = (indexed.colours_BK3[b, index - 1] * 255).round().tolist() if index else [0, 0, 0]
                same = [c for c in table[b].tolist() if max(abs(p - q) for p, q in zip(c, colour, strict=True)) <= 4]
                colour = same[0] if index else colour
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


def naive_nll(logits: Array, colours: Array, pixels: Array, solid: npt.NDArray[np.bool_], sigma: float) -> float:
    """The definition, pixel by pixel, in float64."""
    total = 0.0
    for b in range(len(pixels)):
        for place in range(pixels.shape[1]):
            raw = logits[b].reshape(len(logits[b]), -1)[:, place]
            share = np.exp(raw - raw.max()) / np.exp(raw - raw.max()).sum()
            density = sum(
                share[k + 1] * math.exp(-((pixels[b, place] - colours[b, k]) ** 2).sum() / (2 * sigma**2))
                for k in range(colours.shape[1])
            )
            total -= math.log(density if solid[b, place] else share[0])
    return total / len(pixels)


@given(st.integers(0, 2**31), st.integers(1, 4), st.floats(0.15, 1.0))
def test_likelihood_is_its_definition(seed: int, colours: int, sigma: float) -> None:
    rng = np.random.default_rng(seed)
    logits, table = rng.normal(0, 2, (2, colours + 1, 3, 3)), rng.uniform(0, 1, (2, colours, 3))
    pixels, solid = rng.uniform(0, 1, (2, 9, 3)), rng.random((2, 9)) < 0.6
    indexed = Indexed(torch.from_numpy(logits).float(), torch.from_numpy(table).float())
    found = float(mixture_nll(indexed, torch.from_numpy(pixels).float(), torch.from_numpy(solid), sigma))
    assert found == pytest.approx(naive_nll(logits, table, pixels, solid, sigma), rel=2e-5)


def test_likelihood_is_best_where_colours_and_indices_are_right() -> None:
    red_pixel, there = torch.tensor([[[1.0, 0, 0]]]), torch.tensor([[True]])
    red, green = torch.tensor([[[1.0, 0, 0]]]), torch.tensor([[[0, 1.0, 0]]])
    paint, clear = torch.tensor([-9.0, 9.0])[None, :, None, None], torch.tensor([9.0, -9.0])[None, :, None, None]
    right = float(mixture_nll(Indexed(paint, red), red_pixel, there, 0.06))
    assert right == pytest.approx(0.0, abs=1e-6)
    wrong = float(mixture_nll(Indexed(paint, green), red_pixel, there, 0.06))
    assert wrong == pytest.approx(2 / (2 * 0.06**2), rel=1e-4)
    assert float(mixture_nll(Indexed(clear, red), red_pixel, there, 0.06)) == pytest.approx(18.0, rel=1e-3)


def test_likelihood_has_the_gradients_of_its_definition() -> None:
    rng = np.random.default_rng(5)
    logits, table = rng.normal(0, 1, (1, 3, 2, 2)), rng.uniform(0, 1, (1, 2, 3))
    pixels, solid = rng.uniform(0, 1, (1, 4, 3)), np.array([[True, True, False, True]])
    leaves = torch.from_numpy(logits).float().requires_grad_(), torch.from_numpy(table).float().requires_grad_()
    loss = mixture_nll(Indexed(*leaves), torch.from_numpy(pixels).float(), torch.from_numpy(solid), 0.3)
    loss.backward()  # type: ignore[no-untyped-call]
    for leaf, values in zip(leaves, (logits, table), strict=True):
        assert leaf.grad is not None
        for place in np.ndindex(*values.shape):
            ends = []
            for step in (1e-5, -1e-5):
                moved = values.copy()
                moved[place] += step
                parts = (moved, table) if values is logits else (logits, moved)
                ends.append(naive_nll(*parts, pixels, solid, 0.3))
            assert float(leaf.grad[place]) == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-3, abs=1e-4)


def test_loss_is_half_the_likelihood_and_the_squared_error_summed_over_pixels() -> None:
    vae = fresh()
    x = vae.prepare(hard_sprites(3, 16))
    z = torch.randn(3, vae.latent_dim)
    with torch.no_grad():
        soft, loss = vae.reconstruct(z, x)
        indexed = vae.decode_indexed(z)
        squared = (((soft.double() + 1) / 2 - (x.double() + 1) / 2) ** 2).sum() / 3 / (2 * 0.1**2)
        likelihood = mixture_nll(indexed, *solid_colours(x), vae.config.likelihood_sigma)
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


def test_half_transparent_pixels_are_learnt_as_there_or_not() -> None:
    vae = fresh()
    rgba = hard_sprites(2, 16)
    faint, strong = rgba.clone(), rgba.clone()
    faint[0, :4, :, 3], strong[0, :4, :, 3] = 90, 200
    gone, whole = rgba.clone(), rgba.clone()
    gone[0, :4], whole[0, :4, :, 3] = 0, 255
    z = torch.randn(2, vae.latent_dim)
    with torch.no_grad():
        for shown, meant in ((faint, gone), (strong, whole)):
            losses = [float(vae.reconstruct(z, vae.prepare(picture)).loss) for picture in (shown, meant)]
            assert losses[0] == pytest.approx(losses[1], rel=1e-2)


def test_a_latent_begins_with_the_palette_itself() -> None:
    vae = fresh()
    with torch.no_grad():
        mu, logvar = vae.encode(vae.prepare(hard_sprites(2, 16)))
        colours = vae.decode_indexed(mu).colours_BK3
    assert mu.shape == logvar.shape == (2, vae.latent_dim) == (2, sum(vae.config.latent_parts))
    assert vae.config.latent_parts == (15, 3 * 16, 2 * 64)
    torch.testing.assert_close(mu[:, :15] / 4 + 0.5, colours.flatten(1), atol=1e-6, rtol=0)


@given(st.integers(0, 10_000))
@settings(max_examples=20)
def test_colours_and_shape_do_not_touch_each_other(seed: int) -> None:
    vae = fresh(seed=seed)
    z = torch.randn(2, vae.latent_dim)
    recoloured, reshaped = z.clone(), z.clone()
    recoloured[:, : vae.palette_dim] = torch.randn(2, vae.palette_dim)
    reshaped[:, vae.palette_dim :] = torch.randn(2, vae.latent_dim - vae.palette_dim)
    with torch.no_grad():
        before, other_colours, other_shape = (vae.decode_indexed(latent) for latent in (z, recoloured, reshaped))
    assert torch.equal(before.logits_BKHW, other_colours.logits_BKHW)
    assert not torch.equal(before.colours_BK3, other_colours.colours_BK3)
    assert torch.equal(before.colours_BK3, other_shape.colours_BK3)
    assert not torch.equal(before.logits_BKHW, other_shape.logits_BKHW)


def test_colours_that_nobody_can_tell_apart_become_one() -> None:
    vae = fresh()
    z = torch.randn(1, vae.latent_dim) * 3
    z[:, : vae.palette_dim] = torch.tensor([[0.2, 0.4, 0.6]]).repeat(1, 5) + torch.linspace(0, 0.012, 15)
    with torch.no_grad():
        picture = vae.render(z)[0].reshape(-1, 4)
    assert len(torch.unique(picture[picture[:, 3] == 255], dim=0)) == 1


def test_a_cell_of_the_latent_reaches_its_own_place_most() -> None:
    """Cells hold shape locally: the number of a corner's cell moves that corner more than the opposite one."""
    vae = fresh(SpriteVaeConfig(image_size=32, cell_channels=2, widths=(6, 8), decoder_blocks=1))
    z = torch.zeros(1, vae.latent_dim)
    moved = z.clone()
    moved[0, vae.palette_dim] = 5.0  # first channel of the top left cell
    with torch.no_grad():
        change = (vae.decode_indexed(moved).logits_BKHW - vae.decode_indexed(z).logits_BKHW).abs().mean(dim=(0, 1))
    assert float(change[:8, :8].mean()) > 10 * float(change[-8:, -8:].mean())


def test_part_of_a_training_batch_is_drawn_without_detail() -> None:
    vae = fresh()
    z = torch.randn(8, vae.latent_dim)
    other = z.clone()
    other[:, -vae.config.latent_parts[2] :] += 1.0

    def moved() -> Tensor:
        with torch.no_grad():
            return (vae.decode_indexed(z).logits_BKHW - vae.decode_indexed(other).logits_BKHW).abs().amax(dim=(1, 2, 3))

    assert bool((moved() > 0).all())
    vae.train()
    for module in vae.modules():  # statistics of the batch would carry the other rows' detail over
        if isinstance(module, nn.BatchNorm2d):
            module.eval()
    assert (moved() > 0).tolist() == [False] * 4 + [True] * 4


def test_shades_move_single_pixels_along_the_ramp() -> None:
    """From the first step on, a number of the detail makes its own pixel lighter; without detail nothing moves."""
    config = SpriteVaeConfig(
        image_size=16, colours=5, widths=(6, 8), decoder_blocks=1, detail_channels=4, detail_shades=True
    )
    torch.manual_seed(0)
    vae = SpriteVAE(config).eval()
    nn.init.zeros_(vae.from_detail.weight)  # only the shades are asked
    z = torch.randn(1, vae.latent_dim)
    z[:, config.invented_dim :] = 0.0
    lighter = z.clone()
    lighter[0, config.invented_dim + 9] = 1.0  # first channel, second row of positions, second column
    with torch.no_grad():
        before, after = vae.decode_indexed(z).logits_BKHW[0], vae.decode_indexed(lighter).logits_BKHW[0]
    moved = (after - before).abs().amax(dim=0)
    assert moved.nonzero().tolist() == [[2, 2]]
    change = (after - before)[:, 2, 2]
    assert float(change[0]) == 0.0, "whether a pixel is there is not a shade"
    assert bool((change[1:].diff() > 0).all()), "the lighter a colour, the likelier it becomes"


def test_shades_of_coarse_detail_begin_as_nothing_or_a_pixel_each() -> None:
    config = SpriteVaeConfig(
        image_size=32, widths=(4, 6, 8), decoder_blocks=1, detail_stage=1, detail_channels=3, detail_shades=True
    )
    (weight,) = SpriteVAE(config).to_shades.parameters()
    assert weight.shape == (16, 3, 1, 1)
    assert int((weight != 0).sum()) == 3


@pytest.mark.parametrize("name", [name for name in PRESETS if "sprite" in name])
def test_presets_build_with_the_parts_they_name(name: str) -> None:
    vae = networks_on_meta(PRESETS[name])["vae"]
    assert isinstance(vae, SpriteVAE)
    assert vae.palette_dim == 3 * vae.config.colours
    assert vae.latent_dim == vae.config.latent_dim == sum(vae.config.latent_parts) <= 2048


@pytest.mark.parametrize("size", [16, 32, 64])
def test_sizes_round_trip(size: int) -> None:
    config = SpriteVaeConfig(image_size=size, widths=(4, 6), decoder_blocks=1)
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


def test_detail_that_enters_at_no_stage_is_refused() -> None:
    with pytest.raises(ConfigError) as refusal:
        SpriteVAE(SpriteVaeConfig(widths=(4, 4), detail_stage=2))
    assert "detail_stage" in refusal.value.hint


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
