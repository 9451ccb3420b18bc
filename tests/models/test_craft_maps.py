"""Maps of craft: against counting by hand, on pictures of chance."""

import math
from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.models.craft_maps import COUNT, NEAR, craft_maps

AROUND = [(down, right) for down in range(-2, 3) for right in range(-2, 3) if (down, right) != (0, 0)]
SHARE, SOFT, COLOUR = len(NEAR), len(NEAR) + 1, COUNT - 1


def _form(levels_CHW: torch.Tensor) -> torch.Tensor:
    return (levels_CHW.float() / 127.5 - 1.0)[None]


def _chance(seed: int, side: int) -> torch.Tensor:
    """Levels of an RGBA picture of few colours, some pixels invisible, (4, side, side)."""
    generator = torch.Generator().manual_seed(seed)
    levels = torch.randint(0, 3, (4, side, side), generator=generator) * 100
    levels[3] = (torch.rand(side, side, generator=generator) < 0.7).long() * 255
    return levels


@given(st.integers(0, 2**16), st.integers(1, 9))
def test_colours_and_levels_are_counted_among_what_is_visible(seed: int, side: int) -> None:
    levels = _chance(seed, side)
    maps = craft_maps(_form(levels))[0]
    assert maps.shape == (COUNT, side, side)
    pixels = [tuple(pixel) for pixel in levels.flatten(1).T.tolist()]
    seen = [pixel for pixel in pixels if pixel[3]]
    colours = Counter(pixel[:3] for pixel in seen)
    reds = Counter(pixel[0] for pixel in seen)
    for place, pixel in enumerate(pixels):
        row, column = divmod(place, side)
        wanted = (math.log2(reds[pixel[0]]), math.log2(colours[pixel[:3]])) if pixel[3] else (0.0, 0.0)
        found = (float(maps[SOFT + 1, row, column]) * 10, float(maps[COLOUR, row, column]) * 10)
        assert found == pytest.approx(wanted, abs=1e-4)


@given(st.integers(0, 2**16))
def test_the_share_of_equal_neighbours_looks_all_around(seed: int) -> None:
    levels, side = _chance(seed, 9), 9
    share = craft_maps(_form(levels))[0, SHARE]
    for row in range(2, side - 2):
        for column in range(2, side - 2):
            same = sum(
                torch.equal(levels[:, row, column], levels[:, row + down, column + right]) for down, right in AROUND
            )
            assert float(share[row, column]) == pytest.approx(same / 24, abs=1e-3)


def test_equal_pixels_are_told_from_nearly_equal_ones() -> None:
    x = torch.zeros(1, 4, 4, 4)
    x[:, 0, 1, 1] = 8 / 255
    right, below, *_ = craft_maps(x)[0]
    assert float(right[2, 1]) == 1.0
    assert float(right[1, 1]) == pytest.approx(math.exp(-12 * 8 / 255))
    assert float(below[0, 1]) == float(right[1, 0]) == float(right[1, 1])


def test_half_transparent_pixels_are_soft_and_pictures_without_alpha_never() -> None:
    levels = torch.tensor([0, 128, 255]).view(1, 1, 3).expand(4, 3, 3)
    assert craft_maps(_form(levels))[0, SOFT, 0].tolist() == pytest.approx([0.0, 1.0, 0.0], abs=0.01)
    assert float(craft_maps(_form(levels)[:, :3])[:, SOFT].abs().max()) == 0.0
