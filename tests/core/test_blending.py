"""Blends: corners are exact, lengths stay, colours go straight, shape and colours can come from two sprites."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.core.blending import LatentParts, blended, corners, in_betweens, pad_point, pad_weights
from lunar_studio.core.latent import Latent

PARTS = LatentParts(palette=6, invented=70)
LENGTH = 100


def latent(seed: int, scale: float = 1.0) -> Latent:
    return Latent(np.random.default_rng(seed).normal(0, scale, LENGTH))


@given(st.integers(2, 4), st.integers(0, 50), st.data())
def test_a_corner_is_its_sprite_exactly(count: int, seed: int, data: st.DataObject) -> None:
    latents = [latent(seed + index) for index in range(count)]
    corner = data.draw(st.integers(0, count - 1))
    assert blended(latents, np.eye(count)[corner].tolist(), PARTS) == latents[corner]


@given(st.integers(0, 100), st.floats(0.01, 0.99))
def test_two_go_the_great_circle(seed: int, way: float) -> None:
    first, second = latent(seed), latent(seed + 1000)
    mixed = blended([first, second], [1 - way, way], PARTS).values_L
    a, b = (one.values_L[6:70].astype(np.float64) for one in (first, second))
    length_a, length_b = np.linalg.norm(a), np.linalg.norm(b)
    angle = np.arccos(a @ b / length_a / length_b)
    slerp = (np.sin((1 - way) * angle) * a / length_a + np.sin(way * angle) * b / length_b) / np.sin(angle)
    np.testing.assert_allclose(mixed[6:70], slerp * ((1 - way) * length_a + way * length_b), atol=1e-4)
    np.testing.assert_allclose(mixed[:6], (1 - way) * first.values_L[:6] + way * second.values_L[:6], atol=1e-5)
    np.testing.assert_allclose(mixed[70:], (1 - way) * first.values_L[70:] + way * second.values_L[70:], atol=1e-5)


@given(st.lists(st.floats(0, 1), min_size=4, max_size=4).filter(lambda weights: sum(weights) > 0.1), st.integers(0, 9))
def test_four_keep_their_length_and_their_order_does_not_count(weights: list[float], seed: int) -> None:
    latents = [latent(seed * 10 + index) for index in range(4)]
    mixed = blended(latents, weights, PARTS).values_L
    lengths = [np.linalg.norm(one.values_L[6:70]) for one in latents]
    assert np.linalg.norm(mixed[6:70]) == pytest.approx(np.average(lengths, weights=weights), rel=1e-4)
    turned = blended(latents[::-1], weights[::-1], PARTS).values_L
    np.testing.assert_allclose(mixed, turned, atol=1e-4)


def test_a_small_step_of_the_handle_is_a_small_step_of_the_latent() -> None:
    latents = [latent(seed) for seed in range(4)]
    ways = np.linspace(0.3, 0.7, 100)
    line = [blended(latents, [(1 - w) / 2, w / 2, (1 - w) / 3, w], PARTS).values_L for w in ways]
    steps = [float(np.linalg.norm(after - before)) for before, after in pairwise(line)]
    assert max(steps) < 3 * min(steps)


def test_colours_of_one_and_shape_of_the_other() -> None:
    first, second = latent(1), latent(2)
    mixed = blended([first, second], [1, 0], PARTS, [0, 1]).values_L
    np.testing.assert_array_equal(mixed[:6], second.values_L[:6])
    np.testing.assert_array_equal(mixed[6:], first.values_L[6:])


def test_opposite_and_empty_drawings_go_straight() -> None:
    there = latent(3)
    back = Latent(-there.values_L)
    nothing = Latent(np.zeros(LENGTH))
    assert np.linalg.norm(blended([there, back], [1, 1], PARTS).values_L) < 1e-5
    half = blended([there, nothing], [1, 1], PARTS).values_L
    np.testing.assert_allclose(half, there.values_L / 2, atol=1e-6)


@pytest.mark.parametrize("weights", [[0, 0], [1], [1, -1], [1, float("nan")], [1, float("inf")]])
def test_weights_that_make_no_sense_are_refused(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="no weights"):
        blended([latent(1), latent(2)], weights, PARTS)


def test_parts_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="palette"):
        LatentParts(5, 4)
    with pytest.raises(ValueError, match="invented"):
        blended([latent(1)], [1], LatentParts(0, LENGTH + 1))


# ---- the pad -------------------------------------------------------------------------------------------


@given(st.integers(1, 4), st.floats(-1, 2), st.floats(-1, 2))
def test_weights_of_the_pad_are_whole_and_lead_back(count: int, x: float, y: float) -> None:
    weights = pad_weights(count, x, y)
    assert len(weights) == count
    assert min(weights) >= 0
    assert sum(weights) == pytest.approx(1)
    there = pad_point(weights)
    assert pad_weights(count, *there) == pytest.approx(weights, abs=1e-9)
    if count == 4:
        assert there == pytest.approx((min(1, max(0, x)), min(1, max(0, y))))


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_a_corner_of_the_pad_is_its_sprite_alone(count: int) -> None:
    for index, (x, y) in enumerate(corners(count)):
        assert pad_weights(count, x, y) == tuple(float(at == index) for at in range(count))


def test_five_find_no_place() -> None:
    with pytest.raises(ValueError, match="5 sprites"):
        pad_weights(5, 0.5, 0.5)


@given(st.integers(2, 4), st.integers(2, 12))
def test_in_betweens_begin_and_end_at_sprites(count: int, steps: int) -> None:
    latents = [latent(index) for index in range(count)]
    way = in_betweens(latents, steps, PARTS)
    assert len(way) == steps
    assert (way[0], way[-1]) == (latents[0], latents[-1])
    if (steps - 1) % (count - 1) == 0:
        assert way[(steps - 1) // (count - 1)] == latents[1]
    with pytest.raises(ValueError, match="from one sprite"):
        in_betweens(latents[:1], steps, PARTS)
