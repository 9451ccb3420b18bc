"""A model from before gets fingerprints and map of its own art, and of no other."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from complete_model import main
from torch import nn

from lunar_studio.core.sprite import Sprite
from lunar_studio.data.dataset import Dataset
from lunar_studio.data.importing import build
from lunar_studio.explore.engine import load
from lunar_studio.models.model_file import load_model, save_model
from lunar_studio.models.words import Vocabulary
from lunar_studio.pixels.files import write_png
from lunar_studio.training.fine_tune import extended
from lunar_studio.training.finish import read_teacher
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


def test_another_models_teacher_judges_from_then_on(dataset: Dataset, tmp_path: Path) -> None:
    card = {"art_digest": dataset.digest}
    drawn, judged = tmp_path / "drawn.safetensors", tmp_path / "judged.safetensors"
    save_model(dataclasses.replace(tiny_bundle(seed=1), card=card), drawn)
    save_model(dataclasses.replace(tiny_bundle(seed=2), card=card), judged)
    before, other = load_model(drawn)[0], load_model(judged)[0]
    assert main([str(drawn), str(dataset.path), "--no-map", "--teacher", str(judged)]) == 0
    after = load_model(drawn)[0]
    assert after.teacher is not None
    assert other.teacher is not None
    assert _same(after.teacher, other.teacher)
    assert _same(after.vae, before.vae)
    assert _same(after.prior, before.prior)
    expected = read_teacher(other.teacher, before.vae, dataset)
    assert after.experts == expected[0]
    assert np.allclose(after.calibration.quantiles_RQ, expected[1].quantiles_RQ, atol=0.05)


def test_a_model_may_know_more_words_than_the_teacher(dataset: Dataset, tmp_path: Path) -> None:
    card = {"art_digest": dataset.digest}
    model, other = tmp_path / "model.safetensors", tmp_path / "other.safetensors"
    bundle = tiny_bundle()
    more = extended(bundle.vocabulary, ["a jackalope"])
    save_model(dataclasses.replace(bundle, vocabulary=more, card=card), model)
    save_model(dataclasses.replace(bundle, card=card), other)
    assert main([str(model), str(dataset.path), "--no-map", "--teacher", str(other)]) == 0
    assert load_model(model)[0].vocabulary.words == more.words
    assert main([str(other), str(dataset.path), "--no-map", "--teacher", str(model)]) == 1


def test_a_teacher_of_other_words_is_refused(
    dataset: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card = {"art_digest": dataset.digest}
    model, other = tmp_path / "model.safetensors", tmp_path / "other.safetensors"
    bundle = tiny_bundle()
    save_model(dataclasses.replace(bundle, card=card), model)
    words = bundle.vocabulary
    save_model(dataclasses.replace(bundle, vocabulary=Vocabulary(words.words, -words.vectors_VD), card=card), other)
    before = model.read_bytes()
    assert main([str(model), str(dataset.path), "--teacher", str(other)]) == 1
    assert "words" in capsys.readouterr().err
    assert model.read_bytes() == before


def _same(one: nn.Module, other: nn.Module) -> bool:
    theirs = other.state_dict()
    return all(torch.equal(value, theirs[key]) for key, value in one.state_dict().items())
