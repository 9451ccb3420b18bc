"""Refinement: never worse than the encoder, shown as it goes, stopped at once, and the model unharmed."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from lunar_studio.core.latent import Latent
from lunar_studio.core.sprite import Sprite
from lunar_studio.explore.engine import Engine, load
from lunar_studio.explore.refine import exact_pixels, refine
from tests.explore.tiny_model import write_tiny_model


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    path = tmp_path_factory.mktemp("models") / "tiny.safetensors"
    write_tiny_model(path)
    return load(path)


def drawable(engine: Engine, seed: int) -> Sprite:
    """Something that the model can draw: there is a latent that reaches it."""
    return engine.decode(engine.sample(1, seed=seed)[0])


@pytest.mark.parametrize("seed", range(3))
def test_it_comes_nearer_than_the_encoder_and_never_falls_back(engine: Engine, seed: int) -> None:
    steps = list(refine(engine, drawable(engine, seed), seconds=60, max_steps=60))
    assert steps[0].step == 0
    assert all(later.exact_pixel >= earlier.exact_pixel for earlier, later in pairwise(steps))
    assert all(later.step > earlier.step for earlier, later in pairwise(steps))
    assert steps[-1].exact_pixel > steps[0].exact_pixel + 0.1


def test_every_report_is_true(engine: Engine) -> None:
    target = drawable(engine, 1)
    for found in refine(engine, target, seconds=60, max_steps=20):
        assert engine.decode(found.latent) == found.sprite
        assert exact_pixels(target.rgba_HWC, found.sprite.rgba_HWC) == found.exact_pixel


def test_the_first_report_is_the_encoders_answer(engine: Engine) -> None:
    target = drawable(engine, 2)
    first = next(refine(engine, target))
    assert first.latent == engine.encode(target)


def test_the_same_steps_give_the_same_latents(engine: Engine) -> None:
    runs = [[found.latent for found in refine(engine, drawable(engine, 4), seconds=60, max_steps=20)] for _ in range(2)]
    assert runs[0] == runs[1]


def test_it_ends_when_asked_and_when_time_is_up(engine: Engine) -> None:
    target = drawable(engine, 0)
    assert [found.step for found in refine(engine, target, should_stop=lambda: True)] == [0]
    assert [found.step for found in refine(engine, target, seconds=0.0)] == [0]
    asked = iter([False] * 7 + [True] * 100)
    assert [found.step for found in refine(engine, target, seconds=60, should_stop=lambda: next(asked))] == [0, 5]


def test_the_model_and_torch_stay_as_they_were(engine: Engine) -> None:
    latent = engine.sample(1, seed=3)[0]
    before, threads = engine.decode(latent), torch.get_num_threads()
    for _ in refine(engine, drawable(engine, 5), seconds=60, max_steps=10):
        assert torch.get_num_threads() == threads, "also while others look at a report"
    assert engine.decode(latent) == before
    assert all(parameter.grad is None for parameter in engine.bundle.vae.parameters())


def test_odd_sizes_are_fitted(engine: Engine) -> None:
    found = next(refine(engine, Sprite(np.full((5, 7, 4), 255, np.uint8))))
    assert (found.sprite.width, found.sprite.height) == (16, 16)
    assert isinstance(found.latent, Latent)


def test_exact_pixels_count_what_is_seen() -> None:
    first = np.zeros((2, 2, 4), np.uint8)
    first[0] = (100, 100, 100, 255)
    second = first.copy()
    second[0, 0, 0] = 115
    second[1, 0] = (200, 0, 0, 0)
    assert exact_pixels(first, second) == 1.0, "15 levels and colour under alpha 0 are not seen"
    second[0, 0, 0] = 116
    assert exact_pixels(first, second) == 0.75


def test_a_model_file_can_be_refined_right_after_loading(tmp_path: Path) -> None:
    write_tiny_model(tmp_path / "m.safetensors", seed=2)
    engine = load(tmp_path / "m.safetensors")
    assert len(list(refine(engine, drawable(engine, 0), seconds=60, max_steps=10))) == 3
