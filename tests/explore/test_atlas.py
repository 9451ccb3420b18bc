"""Maps of real models: of the art where the file carries it, of inventions where not, and ways over them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.core.latent import Latent
from lunar_studio.core.score import Score
from lunar_studio.core.sprite import Sprite
from lunar_studio.core.sprite_map import FeatureSpace, MapRoute, SpriteMap
from lunar_studio.explore.atlas import chart
from lunar_studio.explore.atlas_route import evenly, route
from lunar_studio.explore.engine import Engine, load
from lunar_studio.models.art_prints import ArtPrints
from lunar_studio.models.atlas import Atlas
from lunar_studio.models.map_layout import nearest_points
from lunar_studio.models.model_file import save_model
from tests.explore.tiny_model import tiny_bundle


def made(explorer: Engine, count: int = 24) -> SpriteMap:
    *told, found = chart(explorer, count)
    shares = [share for share in told if isinstance(share, float)]
    assert len(shares) == len(told)
    assert all(0.0 <= share <= 1.0 for share in shares)
    assert shares == sorted(shares)
    assert isinstance(found, SpriteMap)
    return found


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    path = tmp_path_factory.mktemp("models") / "tiny.safetensors"
    save_model(tiny_bundle(), path)
    return load(path)


@pytest.fixture
def mapped(tmp_path: Path) -> Engine:
    bundle, rng = tiny_bundle(), np.random.default_rng(0)
    names = ("mon/newt.png", "mon/dragon.png", "item/ring.png")
    prints = ArtPrints(np.zeros((3, 96), np.int8), np.arange(3, dtype=np.int32), names, 0.1)
    atlas = Atlas.of(
        rng.normal(size=(3, bundle.vae.invented_dim)).astype(np.float32),
        np.full(bundle.vae.invented_dim, 0.05, np.float32),
        np.array([[0, 0], [1, 0], [1, 1]], np.float32),
        np.array([10, 20, np.nan], np.float32),
        np.array([1, -1, 2], np.int32),
    )
    save_model(dataclasses.replace(bundle, prints=prints, atlas=atlas), tmp_path / "mapped.safetensors")
    return load(tmp_path / "mapped.safetensors")


def test_a_model_without_its_art_shows_what_it_invents(engine: Engine) -> None:
    found = made(engine)
    assert found.kind == "invented"
    assert len(found) == 24
    assert found.has_scores
    assert found.names == ("",) * 24
    shown = engine.decode(found.latent(5))
    assert engine.score(shown).value == pytest.approx(float(found.scores_N[5]), abs=1e-3)
    assert np.array_equal(found.places_N2, made(engine).places_N2)


def test_a_model_with_its_art_shows_that_by_name(mapped: Engine) -> None:
    found = made(mapped)
    assert found.kind == "art"
    assert found.names == ("mon/dragon.png", "", "item/ring.png")
    assert found.kinds == ("mon", "", "item")
    assert found.scores_N[:2].tolist() == [10.0, 20.0]
    assert found.places_N2[2].tolist() == [1.0, 1.0]


def test_a_point_lies_where_it_lies_and_others_near_their_like(mapped: Engine) -> None:
    found = made(mapped)
    for index in range(3):
        assert found.place(found.latent(index)) == pytest.approx(found.places_N2[index].tolist(), abs=1e-3)
    a_little_off = Latent(found.latent(1).values_L * 0.95 + found.latent(0).values_L * 0.05)
    assert found.place(a_little_off) == pytest.approx(found.places_N2[1].tolist(), abs=0.05)


@given(st.integers(2, 6), st.integers(3, 20), st.integers(0, 999))
def test_a_way_is_walked_at_an_even_pace_from_end_to_end(corners: int, count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    line = np.sort(rng.uniform(0, 10, corners)).astype(np.float32)
    stones = [Latent([at, 2 * at]) for at in line]  # on one line, so that pace can be read off
    walked = evenly(stones, count)
    assert len(walked) == count
    assert (walked[0], walked[-1]) == (stones[0], stones[-1])
    gaps = np.diff([one.values_L[0] for one in walked])
    assert np.allclose(gaps, gaps[0], atol=1e-4)


class Hills:
    """Scores a latent of two numbers by whether it lies in a valley across the straight line."""

    def __init__(self) -> None:
        self.decoded = 0

    def decode(self, latent: Latent) -> Sprite:
        self.decoded += 1
        rgba = np.zeros((1, 1, 4), np.uint8)
        across, down = latent.values_L[:2].tolist()
        in_valley = 0.35 < across < 0.65 and down < 0.6
        rgba[..., 0] = 20 if in_valley else 90
        return Sprite(rgba)

    def score(self, sprite: Sprite) -> Score:
        return Score(float(sprite.rgba_HWC[0, 0, 0]))


def hilly(explorer: Hills, *, scored: bool = True) -> SpriteMap:
    side = np.linspace(0, 1, 11, dtype=np.float32)
    points = np.stack(np.meshgrid(side, side), axis=2).reshape(-1, 2)
    space = FeatureSpace.of(points, 0)
    features = space.features(points)
    scores = [explorer.score(explorer.decode(Latent(point))).value for point in points]
    if not scored:
        scores = [float("nan")] * len(points)
    neighbours = nearest_points(features, 8)[1]
    blank = np.ones(len(points), np.float32)
    return SpriteMap(
        "invented",
        points,
        np.array(scores, np.float32),
        blank,
        blank,
        neighbours,
        points,
        2,
        space,
        features,
        ("",) * 121,
    )


def the_route(explorer: Hills, sprite_map: SpriteMap, start: Latent, end: Latent) -> MapRoute:
    *pauses, found = route(explorer, sprite_map, start, end)  # type: ignore[arg-type]
    assert set(pauses) == {None}
    assert found is not None
    return found


def test_a_route_goes_round_the_valley() -> None:
    hills = Hills()
    sprite_map = hilly(hills)
    found = the_route(hills, sprite_map, Latent([0.1, 0.1]), Latent([0.9, 0.1]))
    assert found.straight_lowest == 20.0
    assert found.lowest == 90.0
    assert not found.is_straight
    assert max(down for _, down in found.places_R2.tolist()) > 0.55
    assert hills.decoded < 121 + 150  # middles of the way only, not of all 500 edges
    assert len(found.latents) == len(found.sprites) == len(found.scores) == 12
    assert (found.latents[0], found.latents[-1]) == (Latent([0.1, 0.1]), Latent([0.9, 0.1]))


def test_where_nothing_is_gained_the_straight_line_is_the_route() -> None:
    hills = Hills()
    found = the_route(hills, hilly(hills), Latent([0.0, 0.9]), Latent([1.0, 0.9]))
    assert found.is_straight
    assert found.lowest == found.straight_lowest == 90.0
    assert len(found.places_R2) == 2


def test_without_a_teacher_there_is_a_route_all_the_same() -> None:
    class Mute(Hills):
        def score(self, sprite: Sprite) -> Score:
            del sprite
            return Score(float("nan"))

    hills = Mute()
    found = the_route(hills, hilly(hills, scored=False), Latent([0.1, 0.1]), Latent([0.9, 0.1]))
    assert np.isnan(found.lowest)
    assert len(found.sprites) == 12


def test_a_route_needs_something_between_its_ends() -> None:
    hills = Hills()
    with pytest.raises(ValueError, match="nothing between"):
        list(route(hills, hilly(hills), Latent([0, 0]), Latent([1, 1]), count=2))  # type: ignore[arg-type]
