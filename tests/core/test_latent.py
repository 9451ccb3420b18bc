"""Latents and directions: a slider's position is the latent's coordinate, and moving is exact."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lunar_studio.core.latent import Direction, Latent, moved_along, raw_directions

LENGTH = 6
Vector = npt.NDArray[np.float32]

_vectors = hnp.arrays(np.float32, LENGTH, elements=st.floats(-5, 5, width=32))
latents = _vectors.map(Latent)
axes = _vectors.filter(lambda values: bool(np.linalg.norm(values) > 0.1)).map(
    lambda values: values / np.linalg.norm(values)
)
directions = st.builds(
    lambda axis, centre, sigma: Direction("shape/0", "bulk", "shape", axis, centre, sigma),
    axes,
    st.floats(-3, 3),
    st.floats(0.2, 5),
)
positions = st.floats(-4, 4)


@given(directions, latents, positions)
def test_a_moved_slider_stands_where_it_was_moved_to(slider: Direction, latent: Latent, position: float) -> None:
    assert slider.position(slider.moved(latent, position)) == pytest.approx(position, abs=1e-3)


@given(directions, latents, positions)
def test_moving_changes_nothing_across_the_direction(slider: Direction, latent: Latent, position: float) -> None:
    step = slider.moved(latent, position).values_L - latent.values_L
    np.testing.assert_allclose(step, (step @ slider.axis_L) * slider.axis_L, atol=1e-4)


@given(directions, latents, positions, positions)
def test_the_last_move_counts(slider: Direction, latent: Latent, first: float, last: float) -> None:
    detour = slider.moved(slider.moved(latent, first), last)
    np.testing.assert_allclose(detour.values_L, slider.moved(latent, last).values_L, atol=1e-4)


@given(directions, latents)
def test_moving_to_where_it_stands_moves_nothing(slider: Direction, latent: Latent) -> None:
    moved = slider.moved(latent, slider.position(latent))
    assert moved == latent


@given(latents, st.lists(st.tuples(st.integers(0, LENGTH - 1), positions), max_size=5))
def test_raw_sliders_set_the_numbers_themselves(latent: Latent, moves: list[tuple[int, float]]) -> None:
    raw = raw_directions(LENGTH)
    moved = moved_along(latent, [(raw[index], position) for index, position in moves])
    expected = latent.values_L.copy()
    for index, position in moves:
        expected[index] = position
    np.testing.assert_allclose(moved.values_L, expected, atol=1e-5)


def test_raw_directions_are_named_and_orthogonal() -> None:
    raw = raw_directions(3)
    assert [slider.id for slider in raw] == ["raw/0", "raw/1", "raw/2"]
    assert [slider.name for slider in raw] == ["z0", "z1", "z2"]
    assert {slider.group for slider in raw} == {"raw"}
    np.testing.assert_array_equal(np.stack([slider.axis_L for slider in raw]), np.eye(3))


def test_a_position_counts_deviations_from_the_centre() -> None:
    slider = Direction("shape/0", "bulk", "shape", np.array([0, 1], np.float32), centre=2.0, sigma=0.5)
    assert slider.position(Latent([9, 3])) == pytest.approx(2.0)
    np.testing.assert_allclose(slider.moved(Latent([9, 3]), -1.0).values_L, [9, 1.5])


@given(latents)
def test_latents_are_compared_by_numbers(latent: Latent) -> None:
    same = Latent(latent.values_L.copy())
    assert same == latent
    assert hash(same) == hash(latent)
    assert Latent(np.append(latent.values_L, 0)) != latent
    assert latent != latent.values_L.tolist()
    assert len(latent) == LENGTH


def test_a_latent_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        Latent([1, 2]).values_L[0] = 3


@pytest.mark.parametrize("values", [[[1.0, 2.0]], 3.0, [np.nan], [np.inf], [1e39]], ids=repr)
def test_what_is_no_latent_is_refused(values: npt.ArrayLike) -> None:
    with np.errstate(over="ignore"), pytest.raises(ValueError, match="latent"):
        Latent(values)


@pytest.mark.parametrize(
    ("axis", "sigma", "reason"),
    [
        ([0, 0], 1.0, "unit"),
        ([1, 1], 1.0, "unit"),
        ([np.nan, 1], 1.0, "unit"),
        ([[1, 0]], 1.0, "unit"),
        ([1, 0], 0.0, "sigma"),
        ([1, 0], -1.0, "sigma"),
        ([1, 0], np.nan, "sigma"),
    ],
)
def test_what_is_no_direction_is_refused(axis: list[float], sigma: float, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Direction("shape/0", "bulk", "shape", np.array(axis, np.float32), sigma=sigma)
