"""A finished model carries the fingerprints of the sprites it was trained on, and of no others."""

from __future__ import annotations

import numpy as np
import pytest

from lunar_studio.core.sprite import Sprite
from lunar_studio.data.dataset import Dataset
from lunar_studio.data.importing import build
from lunar_studio.data.likeness import SAME_FINGERPRINT
from lunar_studio.pixels.files import write_png
from lunar_studio.pixels.likeness.fingerprints import FingerprintScan, fingerprints
from lunar_studio.training.finish import art_prints
from tests.pixels.drawings import drawing

_NAMES = [f"{first}{second}" for first in "abcdef" for second in "ghijkl"]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    art = tmp_path_factory.mktemp("art")
    for seed, name in enumerate(_NAMES):
        write_png(Sprite(drawing(seed, 16)), art / f"{name}.png")
    return build(art, tmp_path_factory.mktemp("set") / "set", size=16)


def test_names_families_and_fingerprints_are_those_of_the_training_sprites(dataset: Dataset) -> None:
    prints = art_prints(dataset)
    assert prints is not None
    train = dataset.indices("train")
    assert prints.names == tuple(dataset.names[index] for index in train)
    assert prints.families_N.tolist() == dataset.families[train].tolist()
    assert (prints.codes_ND == fingerprints(np.asarray(dataset.sprites_NHWC[train]))).all()


def test_the_limit_lets_nearly_all_unseen_sprites_pass_and_catches_the_training_ones(dataset: Dataset) -> None:
    prints = art_prints(dataset)
    assert prints is not None
    assert prints.limit >= SAME_FINGERPRINT
    scan = FingerprintScan.of(prints.codes_ND)
    unseen = fingerprints(np.asarray(dataset.sprites_NHWC[dataset.indices("validation")]))
    trained = fingerprints(np.asarray(dataset.sprites_NHWC[dataset.indices("train")]))
    assert len(unseen) > 0
    assert np.mean([scan.distances(code).min() <= prints.limit for code in unseen]) < 0.5
    assert all(scan.distances(code).min() <= prints.limit for code in trained)
