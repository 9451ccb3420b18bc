"""How near a set's unseen sprites come to its training sprites, and the limit for near copies read from it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from lunar_studio.core.sprite import Sprite
from lunar_studio.data.dataset import Dataset
from lunar_studio.data.importing import build
from lunar_studio.data.likeness import distance, near_copy_limit, real_to_real
from lunar_studio.pixels.files import write_png
from tests.pixels.drawings import drawing

# Names that share no stem, so that each sprite is a family of its own.
_NAMES = ["".join(letters) for letters in itertools.product("abcd", "efg", "hi")]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    art = tmp_path_factory.mktemp("art")
    for seed in range(24):
        write_png(Sprite(drawing(seed, 16)), art / f"{_NAMES[seed]}.png")
    return build(art, tmp_path_factory.mktemp("set") / "set", size=16)


def test_each_unseen_sprite_is_measured_against_all_training_sprites(dataset: Dataset) -> None:
    real_N = real_to_real(dataset)
    unseen, train = dataset.indices("validation"), dataset.indices("train")
    assert len(real_N) == len(unseen) > 0
    expected = min(distance(dataset.sprites_NHWC[unseen[0]], dataset.sprites_NHWC[one]) for one in train)
    assert real_N[0] == pytest.approx(expected, abs=1e-6)
    assert (real_N > 0).all()


def test_no_more_than_asked_are_measured(dataset: Dataset) -> None:
    assert len(real_to_real(dataset, most=1)) == 1


def test_the_limit_is_the_first_percentile_and_0_without_real_distances() -> None:
    assert near_copy_limit(np.linspace(0.1, 0.3, 101, dtype=np.float32)) == pytest.approx(0.102)
    assert near_copy_limit(np.zeros(0, np.float32)) == 0.0


def test_what_the_set_holds_is_below_its_own_limit(dataset: Dataset) -> None:
    limit = near_copy_limit(real_to_real(dataset))
    sprite = dataset.sprites_NHWC[0]
    assert distance(sprite, sprite[:, ::-1]) < limit
