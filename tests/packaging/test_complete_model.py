"""A model from before gets fingerprints and map of its own art, and of no other."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from complete_model import main

from lunar_studio.core.sprite import Sprite
from lunar_studio.data.dataset import Dataset
from lunar_studio.data.importing import build
from lunar_studio.explore.engine import load
from lunar_studio.models.model_file import save_model
from lunar_studio.pixels.files import write_png
from tests.explore.tiny_model import tiny_bundle
from tests.pixels.drawings import drawing


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    (tmp_path / "art").mkdir()
    for seed, name in enumerate(("knight", "newt", "ring", "wand", "door")):
        write_png(Sprite(drawing(seed, 16)), tmp_path / "art" / f"{name}.png")
    return build(tmp_path / "art", tmp_path / "set", size=16)


def test_a_model_without_gets_those_of_its_art(
    dataset: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "old.safetensors"
    save_model(dataclasses.replace(tiny_bundle(), card={"art_digest": dataset.digest}), model)
    train = dataset.indices("train")
    learnt = Sprite(dataset.sprites_NHWC[train[0]])
    assert not load(model).likeness(learnt).is_known
    assert main([str(model), str(dataset.path)]) == 0
    assert f"fingerprints of {len(train)} sprites and a map of {len(train)}" in capsys.readouterr().out
    engine = load(model)
    found = engine.likeness(learnt)
    assert found.is_near_copy
    assert found.nearest[0].name == dataset.names[train[0]]
    atlas = engine.bundle.atlas
    assert atlas is not None
    assert atlas.sprites_N.tolist() == list(range(len(train)))


def test_a_map_can_be_left_out(dataset: Dataset, tmp_path: Path) -> None:
    model = tmp_path / "old.safetensors"
    save_model(dataclasses.replace(tiny_bundle(), card={"art_digest": dataset.digest}), model)
    assert main([str(model), str(dataset.path)]) == 0
    assert main([str(model), str(dataset.path), "--no-map"]) == 0
    bundle = load(model).bundle
    assert bundle.atlas is None
    assert bundle.prints is not None


def test_other_art_is_refused_and_the_model_stays_as_it_was(
    dataset: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / "old.safetensors"
    save_model(tiny_bundle(), model)
    before = model.read_bytes()
    assert main([str(model), str(dataset.path)]) == 1
    assert "was not trained on" in capsys.readouterr().err
    assert model.read_bytes() == before
