"""The ceiling of exact pixels against sprites whose best few colours are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lunar_studio.core.arrays import U8
from lunar_studio.evaluation.ceiling import exact_attainable
from lunar_studio.evaluation.hardened import hardened
from lunar_studio.evaluation.reconstruction import compare


def opaque(colours: list[tuple[int, int, int]], counts: list[int]) -> U8:
    rgba = np.full((1, sum(counts), 4), 255, np.uint8)
    rgba[0, :, :3] = np.repeat(np.array(colours, np.uint8), counts, axis=0)
    return rgba


def test_few_colours_and_hard_alpha_can_be_exact() -> None:
    rgba = opaque([(0, 0, 0), (100, 100, 100), (200, 0, 0)], [3, 4, 5])
    rgba[0, 0] = 0
    assert exact_attainable(rgba, 3) == 1.0


def test_the_rarest_colour_is_given_up() -> None:
    rgba = opaque([(0, 0, 0), (100, 100, 100), (200, 0, 0)], [3, 4, 5])
    assert exact_attainable(rgba, 2) == pytest.approx(9 / 12)
    assert exact_attainable(rgba, 1) == pytest.approx(5 / 12)


def test_one_colour_can_serve_two_that_it_is_not() -> None:
    # 30 apart: the middle is off by 15 to both sides, which does not show; 32 apart, it does.
    assert exact_attainable(opaque([(100, 0, 0), (130, 0, 0), (0, 255, 0)], [2, 2, 3]), 1) == pytest.approx(4 / 7)
    assert exact_attainable(opaque([(100, 0, 0), (132, 0, 0), (0, 255, 0)], [2, 2, 3]), 1) == pytest.approx(3 / 7)


def test_half_transparent_pixels_are_out_of_reach_and_nearly_solid_ones_are_not() -> None:
    rgba = opaque([(100, 50, 0)], [8])
    rgba[0, :, 3] = (0, 15, 16, 128, 239, 240, 250, 255)
    assert exact_attainable(rgba, 16) == pytest.approx(5 / 8)


@settings(max_examples=15)
@given(st.integers(0, 2**31), st.integers(1, 12), st.sampled_from([20, 80, 255]))
def test_it_is_never_below_what_a_reduced_palette_reaches(seed: int, colours: int, spread: int) -> None:
    rng = np.random.default_rng(seed)
    rgba = np.zeros((12, 12, 4), np.uint8)
    rgba[..., :3] = rng.integers(0, spread, (12, 12, 3))
    rgba[..., 3] = rng.choice([0, 120, 255], (12, 12), p=[0.2, 0.1, 0.7])
    ceiling = exact_attainable(rgba, colours)
    reached = compare(rgba, hardened(rgba[None], colours)[0])["exact_pixel"]
    assert reached - 1e-9 <= ceiling <= 1.0 - np.mean(rgba[..., 3] == 120) + 1e-9
    assert ceiling <= exact_attainable(rgba, colours + 40) + 1e-9


def test_large_art_of_many_colours_takes_bounded_memory() -> None:
    rng = np.random.default_rng(0)
    rgba = rng.integers(0, 256, (64, 64, 4), dtype=np.uint8)
    rgba[..., 3] = 255
    rgba[:32] = (10, 20, 30, 255)
    assert 0.5 < exact_attainable(rgba, 16) < 0.6
