"""Figures against hand-made pictures and plain numpy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.core.config import ClassicVaeConfig
from lunar_studio.evaluation.reconstruction import at_size, compare, evaluate_vae, summary
from lunar_studio.models.classic import LunarCoreVAE
from tests.training.small_art import draw


def test_a_perfect_copy_has_perfect_figures() -> None:
    sprite = draw(3)
    figures = compare(sprite, sprite)
    assert figures["psnr"] == 99.0
    assert figures["ssim"] == pytest.approx(1.0)
    assert figures["exact_pixel"] == figures["alpha_iou"] == 1.0
    assert figures["colours_in"] == figures["colours_out"] == 3


def test_psnr_and_exact_pixels_of_a_known_error() -> None:
    sprite = np.full((8, 8, 4), 255, np.uint8)
    drawn = sprite.copy()
    drawn[0, 0, 0] = 255 - 16  # just visible
    drawn[0, 1, 1] = 255 - 15  # just not
    figures = compare(sprite, drawn)
    squared = (16**2 + 15**2) / (8 * 8 * 4)
    assert figures["psnr"] == pytest.approx(10 * np.log10(255**2 / squared), abs=1e-6)
    assert figures["exact_pixel"] == pytest.approx(63 / 64)


def test_colour_under_alpha_zero_does_not_count() -> None:
    sprite = draw(3)
    phantom = sprite.copy()
    phantom[phantom[..., 3] == 0, :3] = 200
    assert compare(sprite, phantom)["psnr"] == 99.0


def test_alpha_iou_is_intersection_over_union() -> None:
    left, right = np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8)
    left[:, :3, 3], right[:, 1:, 3] = 255, 255
    assert compare(left, right)["alpha_iou"] == pytest.approx(8 / 16)
    assert compare(np.zeros_like(left), np.zeros_like(left))["alpha_iou"] == 1.0


def test_off_palette_is_the_share_of_drawn_pixels_far_from_every_colour_of_the_original() -> None:
    original = np.zeros((1, 4, 4), np.uint8)
    original[0, :2] = ((100, 0, 0, 255), (0, 100, 0, 40))
    drawn = np.zeros_like(original)
    drawn[0] = ((116, 16, 0, 255), (0, 84, 0, 128), (100, 100, 0, 255), (200, 200, 200, 127))
    # Near the first, near the half-transparent second, between both, and not drawn.
    assert compare(original, drawn)["off_palette"] == pytest.approx(1 / 3)
    drawn[0, 0, 0] = 117
    assert compare(original, drawn)["off_palette"] == pytest.approx(2 / 3)
    assert compare(original, original)["off_palette"] == 0.0
    assert compare(np.zeros_like(original), drawn)["off_palette"] == 1.0
    assert compare(original, np.zeros_like(original))["off_palette"] == 0.0


def test_pooled_figures_weigh_pixels_and_not_sprites() -> None:
    large, small = np.zeros((10, 10, 4), np.uint8), np.zeros((10, 10, 4), np.uint8)
    large[..., 3], small[0, :2, 3] = 255, 255
    missed = small.copy()
    missed[0, 0, 3] = 0
    figures = summary([compare(large, large), compare(small, missed)])
    assert figures["alpha_iou"] == pytest.approx((1.0 + 0.5) / 2)
    assert figures["alpha_iou_pooled"] == pytest.approx(101 / 102)
    assert figures["psnr_pooled"] == pytest.approx(10 * np.log10(255**2 / (255**2 / 400 / 2)))
    low, high = figures["intervals"]["psnr_pooled"]
    assert low <= figures["psnr_pooled"] <= high


def test_families_widen_the_intervals_and_leave_the_figures() -> None:
    drawn = [compare(draw(index), draw(index + index // 4 % 3)) for index in range(40)]
    alone, together = summary(drawn), summary(drawn, np.arange(40) // 4)
    assert alone["exact_pixel"] == together["exact_pixel"]
    assert alone["confidence"]["exact_pixel"] < together["confidence"]["exact_pixel"]


@given(st.integers(0, 2**31), st.floats(0.0, 1.0))
def test_figures_stay_in_range_and_worsen_with_noise(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    sprite = draw(seed % 50)
    noisy = sprite.copy()
    hit = rng.random(sprite.shape[:2]) < share
    noisy[hit] = rng.integers(0, 256, (int(hit.sum()), 4))
    figures = compare(sprite, noisy)
    assert 0.0 <= figures["exact_pixel"] <= 1.0
    assert 0.0 <= figures["alpha_iou"] <= 1.0
    assert figures["exact_pixel"] >= 1.0 - hit.mean() - 1e-9
    assert -1.0 <= figures["ssim"] <= 1.0 + 1e-9


def test_larger_pictures_are_compared_at_the_size_of_the_art() -> None:
    picture = torch.from_numpy(draw(5))[None]
    larger = picture.repeat_interleave(4, 1).repeat_interleave(4, 2)
    assert torch.equal(at_size(larger, 16), picture)
    assert torch.equal(at_size(picture, 64)[:, ::4, ::4], picture)


def test_evaluation_counts_every_sprite_and_stops_when_asked() -> None:
    vae = LunarCoreVAE(ClassicVaeConfig(image_size=16, encoder_channels=(4, 8), latent_dim=4)).eval()
    sprites = np.stack([draw(index) for index in range(70)])
    figures, each = evaluate_vae(vae, sprites)
    assert figures["count"] == len(each) == 70
    assert figures["psnr"] == pytest.approx(np.mean([row["psnr"] for row in each]))
    textbook = 1.96 * np.std([row["psnr"] for row in each], ddof=1) / np.sqrt(70)
    assert figures["confidence"]["psnr"] == pytest.approx(textbook, rel=0.15)
    low, high = figures["intervals"]["psnr"]
    assert low < figures["psnr"] < high
    answers = iter([False, True])
    assert len(evaluate_vae(vae, sprites, should_stop=lambda: next(answers))[1]) == 64


def test_no_sprites_give_zeros_instead_of_nan() -> None:
    assert summary([])["psnr"] == 0.0
