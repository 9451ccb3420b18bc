"""Stops of a track, and when what was seen along it still holds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.core.groove import Groove, latents_along
from lunar_studio.core.latent import Direction, Latent, moved_along
from lunar_studio.core.overlay import NOTHING, Overlay
from lunar_studio.core.sprite import Sprite
from lunar_studio.core.track import MOST_STOPS, stops

EYE = np.eye(6, dtype=np.float32)
ALONG = Direction("shape/0", "bulk", "shape", EYE[0], 0.3, 2.0)
ACROSS = Direction("shape/1", "lean", "shape", EYE[1])
SPRITE = Sprite(np.zeros((2, 2, 4), np.uint8))
PAINTED = Overlay.painted([(0, 0)], (1, 2, 3, 255))

latents = st.lists(st.floats(-4, 4, width=32), min_size=6, max_size=6).map(Latent)


def a_groove(latent: Latent, scores: tuple[float, ...] = (1.0, 9.0, 4.0), edits: Overlay = NOTHING) -> Groove:
    return Groove(ALONG, latent, edits, stops(3), (SPRITE,) * 3, scores)


@given(st.integers(1, MOST_STOPS), st.floats(0.1, 10))
def test_stops_are_the_middles_of_equal_parts(count: int, reach: float) -> None:
    found = np.array(stops(count, reach))
    assert len(found) == count
    assert np.allclose(found, -found[::-1], atol=1e-9)
    assert found[-1] == pytest.approx(reach - reach / count)
    assert np.allclose(np.diff(found), 2 * reach / count)


@pytest.mark.parametrize(("count", "reach"), [(0, 1.0), (MOST_STOPS + 1, 1.0), (7, 0.0), (7, math.inf), (7, math.nan)])
def test_no_track_has_no_stops(count: int, reach: float) -> None:
    with pytest.raises(ValueError, match="stops"):
        stops(count, reach)


@given(latents, st.floats(-4, 4))
def test_it_holds_wherever_its_own_slider_goes(latent: Latent, position: float) -> None:
    assert a_groove(latent).holds(ALONG.moved(latent, position), NOTHING)


@given(latents, st.floats(0.05, 4))
def test_it_does_not_hold_when_another_slider_moves(latent: Latent, by: float) -> None:
    other = moved_along(latent, [(ACROSS, ACROSS.position(latent) + by)])
    assert not a_groove(latent).holds(other, NOTHING)


def test_it_does_not_hold_for_other_paint_or_another_model() -> None:
    latent = Latent(np.ones(6))
    assert not a_groove(latent).holds(latent, PAINTED)
    assert a_groove(latent, edits=PAINTED).holds(latent, PAINTED)
    assert not a_groove(latent).holds(Latent(np.ones(7)), NOTHING)


@given(latents)
def test_latents_along_lie_where_the_slider_would_take_them(latent: Latent) -> None:
    found = latents_along(latent, ALONG, stops(5))
    assert [ALONG.position(one) for one in found] == pytest.approx(stops(5), abs=1e-4)
    assert all(np.array_equal(one.values_L[1:], latent.values_L[1:]) for one in found)


def test_best_and_nearest() -> None:
    found = a_groove(Latent(np.zeros(6)))
    assert (found.best, found.has_scores) == (1, True)
    assert [found.nearest(position) for position in (-9.0, -0.1, 1.2, 1.5)] == [0, 1, 1, 2]
    unjudged = a_groove(Latent(np.zeros(6)), scores=(math.nan,) * 3)
    assert (unjudged.best, unjudged.has_scores) == (0, False)
