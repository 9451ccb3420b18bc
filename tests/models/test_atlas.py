"""A map of the art in a model file: comes back, optional, and refused when it lies."""

from __future__ import annotations

import dataclasses
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load, save
from torch import Tensor

from lunar_studio.core.sprite_map import FeatureSpace
from lunar_studio.errors import ModelFileError
from lunar_studio.models.atlas import MAX_POINTS, STEP_SIGMAS, Atlas
from lunar_studio.models.bundle import ModelBundle
from lunar_studio.models.map_layout import (
    density,
    layout_steps,
    map_places,
    nearest_points,
    neighbours_kept,
    rooms,
    trustworthiness,
)
from lunar_studio.models.model_file import load_model, save_model
from tests.models.bundles import small_bundle

COUNT = 7


def atlas_of(length: int, count: int = COUNT) -> Atlas:
    rng = np.random.default_rng(1)
    return Atlas.of(
        rng.normal(size=(count, length)).astype(np.float32),
        np.full(length, 0.1, np.float32),
        rng.uniform(size=(count, 2)).astype(np.float32),
        np.array([np.nan, *np.linspace(0, 100, count - 1)], np.float32)[:count],
        np.full(count, -1, np.int32),
    )


@pytest.fixture(scope="module")
def bundle() -> ModelBundle:
    bare = small_bundle()
    return dataclasses.replace(bare, atlas=atlas_of(bare.vae.invented_dim))


@pytest.fixture
def path(bundle: ModelBundle, tmp_path: Path) -> Path:
    save_model(bundle, tmp_path / "model.safetensors")
    return tmp_path / "model.safetensors"


def _rewritten(path: Path, change: Callable[[dict[str, Tensor], dict[str, Any]], None]) -> None:
    payload = path.read_bytes()
    header = json.loads(payload[8 : 8 + int.from_bytes(payload[:8], "little")])
    tensors, metadata = load(payload), {key: json.loads(value) for key, value in header["__metadata__"].items()}
    change(tensors, metadata)
    path.write_bytes(save(tensors, metadata={key: json.dumps(value) for key, value in metadata.items()}))


def test_it_comes_back_as_it_was(path: Path, bundle: ModelBundle) -> None:
    found, before = load_model(path)[0].atlas, bundle.atlas
    assert found is not None
    assert before is not None
    for field in dataclasses.fields(Atlas):
        assert np.array_equal(getattr(found, field.name), getattr(before, field.name)), field.name
    assert len(found) == COUNT


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 2.0))
def test_latents_places_and_scores_come_back_within_half_a_step(seed: int, sigma: float) -> None:
    rng = np.random.default_rng(seed)
    latents = rng.normal(size=(9, 5)).astype(np.float32) * 3
    places, scores = rng.uniform(size=(9, 2)).astype(np.float32), rng.uniform(0, 100, 9).astype(np.float32)
    kept = Atlas.of(latents, np.full(5, sigma, np.float32), places, scores, np.zeros(9, np.int32))
    assert np.abs(kept.latents_ND - latents).max() <= max(STEP_SIGMAS * sigma, 20 / 127) / 2 + 1e-4
    assert np.abs(kept.unit_places_N2 - places).max() < 1e-4
    assert np.abs(kept.percents_N - scores).max() <= 0.2501


def test_a_model_without_one_is_written_as_before(tmp_path: Path, path: Path) -> None:
    save_model(small_bundle(), tmp_path / "without.safetensors")
    for file, version in ((tmp_path / "without.safetensors", 1), (path, 3)):
        payload = file.read_bytes()
        header = json.loads(payload[8 : 8 + int.from_bytes(payload[:8], "little")])
        assert json.loads(header["__metadata__"]["stamp"])["version"] == version
    assert load_model(tmp_path / "without.safetensors")[0].atlas is None


def test_the_map_of_a_newer_studio_is_left_alone(path: Path) -> None:
    def change(tensors: dict[str, Tensor], metadata: dict[str, Any]) -> None:
        metadata["atlas"] = {"version": 2, "hue": "?"}
        tensors["atlas.hues"] = torch.zeros(3)

    _rewritten(path, change)
    assert load_model(path)[0].atlas is None


def _tensor(key: str, value: Tensor) -> Callable[[dict[str, Tensor], dict[str, Any]], None]:
    return lambda tensors, _metadata: tensors.__setitem__(f"atlas.{key}", value)


def _described(value: object) -> Callable[[dict[str, Tensor], dict[str, Any]], None]:
    return lambda _tensors, metadata: metadata.__setitem__("atlas", value)


def _packed(size: int) -> Tensor:
    return torch.from_numpy(np.frombuffer(zlib.compress(bytes(size), 9), np.uint8).copy())


@pytest.mark.parametrize(
    ("change", "because"),
    [
        (lambda tensors, _metadata: tensors.__delitem__("atlas.steps"), "not complete"),
        (lambda _tensors, metadata: metadata.__delitem__("atlas"), "no description"),
        (_described([1]), "description of its map"),
        (_described({"version": 1}), "description of its map"),
        (_described({"version": 1, "points": -1}), "description of its map"),
        (_described({"version": 1, "points": MAX_POINTS + 1}), "description of its map"),
        (_described({"version": 1, "points": COUNT, "code": "x"}), "description of its map"),
        (_described({"version": 1, "points": COUNT + 1}), "not 8 of"),
        (_tensor("codes", torch.zeros(5)), "not packed"),
        (_tensor("codes", torch.zeros(5, dtype=torch.uint8)), "cannot be unpacked"),
        (_tensor("codes", _packed(3)), "not 7 of"),
        (_tensor("codes", _packed(50_000_000)), "not 7 of"),
        (_tensor("means", torch.zeros(1)), "part of its map"),
        (_tensor("means", torch.zeros(1, dtype=torch.bfloat16)), "kind of numbers"),
        (_tensor("places", torch.zeros(COUNT, 2)), "part of its map"),
        (_tensor("places", torch.full((COUNT, 2), -1, dtype=torch.int16)), "off the map"),
        (_tensor("scores", torch.full((COUNT,), 201, dtype=torch.uint8)), "above 100"),
        (_tensor("sprites", torch.zeros(COUNT, dtype=torch.int32)), "no fingerprints"),
        (_tensor("sprites", torch.full((COUNT,), -2, dtype=torch.int32)), "no fingerprints"),
    ],
)
def test_what_does_not_agree_with_itself_is_refused(
    path: Path, change: Callable[[dict[str, Tensor], dict[str, Any]], None], because: str
) -> None:
    _rewritten(path, change)
    with pytest.raises(ModelFileError, match=because):
        load_model(path)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 0.0, -1.0, 3e38])
def test_steps_that_are_no_steps_are_refused(path: Path, bundle: ModelBundle, value: float) -> None:
    _rewritten(path, _tensor("steps", torch.full((bundle.vae.invented_dim,), value)))
    with pytest.raises(ModelFileError, match="not finite"):
        load_model(path)


def test_more_than_a_file_shall_hold_are_refused() -> None:
    with pytest.raises(ValueError, match="more than"):
        atlas_of(2, MAX_POINTS + 1)


def clusters(count: int = 40, groups: int = 4) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    rng = np.random.default_rng(0)
    group = np.arange(count * groups) % groups
    return (rng.normal(size=(groups, 20))[group] * 6 + rng.normal(size=(len(group), 20))).astype(np.float32), group


def test_alike_points_lie_together_and_the_same_features_give_the_same_map() -> None:
    features, group = clusters()
    places = map_places(features)
    assert places.min() >= 0
    assert places.max() <= 1
    near = nearest_points(places, 5)[1]
    assert (group[near] == group[:, None]).mean() > 0.98
    assert trustworthiness(features, places) > 0.9
    assert neighbours_kept(features, places) > 0.4
    shuffled = np.random.default_rng(1).permutation(places)
    assert trustworthiness(features, shuffled) < 0.7
    assert neighbours_kept(features, shuffled) < 0.2
    assert np.array_equal(places, map_places(features))


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5])
def test_a_handful_of_points_has_a_map_too(count: int) -> None:
    features = np.random.default_rng(0).normal(size=(count, 3)).astype(np.float32)
    *_, places = layout_steps(features, 20)
    assert places.shape == (count, 2)
    assert np.isfinite(places).all()
    assert density(nearest_points(features, 3)[0]).shape == (count,)


def test_equal_points_do_no_harm() -> None:
    assert np.isfinite(map_places(np.zeros((30, 4), np.float32), 30)).all()


@given(st.integers(1, 60), st.integers(0, 1000))
def test_points_with_room_do_not_crowd_each_other(count: int, seed: int) -> None:
    places = np.random.default_rng(seed).uniform(size=(count, 2)).astype(np.float32)
    room = rooms(places)
    for side in (0.05, 0.2, 0.5):
        shown = places[room >= side]
        apart = np.abs(shown[:, None] - shown[None]).max(axis=2) + 10 * np.eye(len(shown))
        assert len(shown) >= 1
        assert apart.min() >= side - 1e-6


def test_neighbours_are_those_of_plain_arithmetic() -> None:
    features, _ = clusters(10)
    apart = np.linalg.norm(features[:, None] - features[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    distances, found = nearest_points(features, 3)
    assert np.array_equal(found, np.argsort(apart, axis=1)[:, :3])
    assert np.allclose(distances, np.sort(apart, axis=1)[:, :3], atol=1e-3)


def test_colours_count_half_in_the_space_of_features() -> None:
    shapes = np.zeros((4, 3), np.float32)
    shapes[0, 0], shapes[1, 2] = 1.0, 1.0
    features = FeatureSpace.of(shapes, palette_dim=1).features(shapes)
    assert np.linalg.norm(features[0] - features[2]) == pytest.approx(0.5, abs=1e-5)
    assert np.linalg.norm(features[1] - features[2]) == pytest.approx(1.0, abs=1e-5)
