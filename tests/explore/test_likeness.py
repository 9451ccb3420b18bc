"""What an engine says of a sprite's nearest neighbours in the art its model was trained on."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from lunar_studio.core.neighbours import UNKNOWN_ART
from lunar_studio.core.sprite import Sprite
from lunar_studio.explore.engine import Engine, load
from lunar_studio.models.art_prints import ArtPrints
from lunar_studio.models.model_file import describe, save_model
from lunar_studio.pixels.likeness.fingerprints import fingerprints
from tests.explore.tiny_model import tiny_bundle
from tests.pixels.drawings import drawing, recoloured

SIZE, COUNT = 16, 40


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    art = np.stack([drawing(seed, SIZE) for seed in range(COUNT)])
    prints = ArtPrints(
        fingerprints(art),
        np.arange(COUNT, dtype=np.int32) // 4,
        tuple(f"art/thing {seed}.png" for seed in range(COUNT)),
        0.05,
    )
    path = tmp_path_factory.mktemp("models") / "with-art.safetensors"
    save_model(dataclasses.replace(tiny_bundle(), prints=prints), path)
    return load(path)


def test_a_recoloured_mirrored_copy_is_named_and_flagged(engine: Engine) -> None:
    found = engine.likeness(Sprite(recoloured(drawing(7, SIZE), 1)))
    assert found.is_known
    assert found.is_near_copy
    assert len(found.nearest) == 3
    assert found.nearest[0].name == "art/thing 7.png"
    assert found.nearest[0].family == 1
    assert found.nearest[0].distance == 0.0
    assert [one.distance for one in found.nearest] == sorted(one.distance for one in found.nearest)


def test_a_new_drawing_has_neighbours_but_is_no_copy(engine: Engine) -> None:
    flagged = [engine.likeness(Sprite(drawing(seed, SIZE))).is_near_copy for seed in range(1000, 1020)]
    assert sum(flagged) <= 1


def test_a_sprite_of_another_size_is_fitted_first(engine: Engine) -> None:
    enlarged = drawing(9, SIZE).repeat(3, axis=0).repeat(3, axis=1)
    assert engine.likeness(Sprite(enlarged)).nearest[0].name == "art/thing 9.png"


def test_fewer_or_more_are_told_on_wish(engine: Engine) -> None:
    sprite = Sprite(drawing(3, SIZE))
    assert len(engine.likeness(sprite, 1).nearest) == 1
    everything = engine.likeness(sprite, 500).nearest
    assert len(everything) == COUNT // 4


def test_a_family_is_told_once_by_its_nearest(engine: Engine) -> None:
    everything = engine.likeness(Sprite(drawing(13, SIZE)), 500).nearest
    assert everything[0].name == "art/thing 13.png"
    assert sorted(one.family for one in everything) == list(range(COUNT // 4))
    assert [one.distance for one in everything] == sorted(one.distance for one in everything)


def test_nothing_is_like_an_empty_or_flat_picture(engine: Engine) -> None:
    for value in (0, 255):
        found = engine.likeness(Sprite(np.full((SIZE, SIZE, 4), value, np.uint8)))
        assert found.is_known
        assert found.nearest == ()
        assert not found.is_near_copy


def test_a_model_without_fingerprints_says_so() -> None:
    bundle = tiny_bundle()
    found = Engine(bundle, describe(bundle, "0" * 64)).likeness(Sprite(drawing(1, SIZE)))
    assert found is UNKNOWN_ART
    assert not found.is_known
    assert not found.is_near_copy


def test_the_bundled_file_of_before_opens_without_them(tmp_path: Path) -> None:
    save_model(tiny_bundle(), tmp_path / "old.safetensors")
    assert load(tmp_path / "old.safetensors").likeness(Sprite(drawing(1, SIZE))) == UNKNOWN_ART
