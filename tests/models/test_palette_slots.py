"""Palettes read off pictures: exact where they fit, in one order, and spread over all slots."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from lunar_studio.models.palette_slots import palette_slots, slot_ranks, solid_colours


def drawn_with(colours_N3: Tensor, pixels: int, seed: int) -> Tensor:
    """(1, pixels, 3) in which each colour occurs."""
    generator = torch.Generator().manual_seed(seed)
    extra = torch.randint(len(colours_N3), (pixels - len(colours_N3),), generator=generator)
    order = torch.cat([torch.arange(len(colours_N3)), extra])[torch.randperm(pixels, generator=generator)]
    return colours_N3[order][None]


def well_apart(count: int, seed: int) -> Tensor:
    grid = torch.cartesian_prod(*[torch.arange(5) / 4.0] * 3)
    return grid[torch.randperm(len(grid), generator=torch.Generator().manual_seed(seed))[:count]]


@settings(max_examples=40)
@given(st.integers(1, 12), st.integers(0, 1000))
def test_a_small_palette_is_kept_exactly_dark_to_light_and_evenly_spread(count: int, seed: int) -> None:
    colours = well_apart(count, seed)
    pixels = drawn_with(colours, 40, seed)
    slots = palette_slots(pixels, torch.ones(1, 40, dtype=torch.bool), 12)[0]
    luma = slots @ torch.tensor([0.299, 0.587, 0.114])
    assert bool((luma.diff() >= -1e-6).all())
    found, share = torch.unique(slots, dim=0, return_counts=True)
    torch.testing.assert_close(found, torch.unique(colours, dim=0), atol=1e-6, rtol=0)
    assert int(share.max() - share.min()) <= 1


@settings(max_examples=40)
@given(st.integers(1, 30), st.integers(0, 1000))
def test_the_order_of_pixels_does_not_matter(count: int, seed: int) -> None:
    pixels = drawn_with(well_apart(count, seed), 64, seed)
    there = torch.ones(1, 64, dtype=torch.bool)
    turned = palette_slots(pixels.flip(1), there, 8)
    if count <= 8:
        torch.testing.assert_close(palette_slots(pixels, there, 8), turned, atol=1e-5, rtol=0)
    error = (pixels[:, :, None] - turned[:, None]).square().sum(dim=3).amin(dim=2).mean()
    assert float(error) <= float((pixels - pixels.mean(dim=1, keepdim=True)).square().sum(dim=2).mean()) + 1e-6


def test_pixels_that_are_not_there_do_not_count() -> None:
    pixels = torch.tensor([[[1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0]]])
    slots = palette_slots(pixels, torch.tensor([[True, False, True]]), 4)
    assert torch.unique(slots[0], dim=0).tolist() == [[0, 0, 1], [1, 0, 0]]
    ranks = slot_ranks(pixels, torch.tensor([[True, False, True]]), slots)[0].tolist()
    assert ranks[1] == 0.0
    assert -1.0 <= ranks[2] < 0.0 < ranks[0] <= 1.0


def test_an_empty_sprite_has_a_palette_too() -> None:
    slots = palette_slots(torch.rand(2, 9, 3), torch.zeros(2, 9, dtype=torch.bool), 4)
    assert slots.tolist() == torch.zeros(2, 4, 3).tolist()


def test_many_colours_become_means_near_all_of_them() -> None:
    generator = torch.Generator().manual_seed(1)
    middles = well_apart(6, 3)
    pixels = middles.repeat_interleave(50, dim=0) + torch.randn(300, 3, generator=generator) * 0.01
    slots = palette_slots(pixels[None].clamp(0, 1), torch.ones(1, 300, dtype=torch.bool), 6)[0]
    assert float(torch.cdist(middles.clamp(0, 1), slots).amin(dim=1).max()) < 0.02


def test_ranks_stand_in_the_middle_of_the_slots_a_colour_fills() -> None:
    pixels = torch.tensor([[[0.0, 0, 0], [1.0, 1.0, 1.0]]])
    there = torch.ones(1, 2, dtype=torch.bool)
    slots = palette_slots(pixels, there, 4)
    torch.testing.assert_close(slot_ranks(pixels, there, slots), torch.tensor([[-2 / 3, 2 / 3]]))


def test_colours_come_off_premultiplied_pictures_straight() -> None:
    straight, alpha = torch.tensor([0.8, 0.4, 0.2]), 0.6
    x = torch.cat([straight * alpha, torch.tensor([alpha])])[None, :, None, None] * 2 - 1
    colours, solid = solid_colours(x)
    torch.testing.assert_close(colours[0, 0], straight)
    assert bool(solid[0, 0])
    assert not bool(solid_colours(x - 0.5)[1][0, 0])
