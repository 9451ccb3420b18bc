"""Refinement: never worse than the encoder, shown as it goes, stopped at once, and the model unharmed."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from lunar_studio.core.latent import Latent
from lunar_studio.core.overlay import NOTHING, Overlay
from lunar_studio.core.sprite import Sprite
from lunar_studio.explore.engine import Engine, load
from lunar_studio.explore.refine import exact_pixels, follow, refine
from tests.explore.tiny_model import write_tiny_model

PATIENCE_S = 1000.0  # what is counted is steps; a busy machine takes its time for them


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
    steps = list(refine(engine, drawable(engine, seed), seconds=PATIENCE_S, max_steps=60))
    assert steps[0].step == 0
    assert all(later.exact_pixel >= earlier.exact_pixel for earlier, later in pairwise(steps))
    assert all(later.step > earlier.step for earlier, later in pairwise(steps))


def test_it_comes_a_good_deal_nearer(engine: Engine) -> None:
    runs = [list(refine(engine, drawable(engine, seed), seconds=PATIENCE_S, max_steps=120)) for seed in range(3)]
    assert sum(steps[-1].exact_pixel - steps[0].exact_pixel for steps in runs) > 0.15


def test_every_report_is_true(engine: Engine) -> None:
    target = drawable(engine, 1)
    for found in refine(engine, target, seconds=PATIENCE_S, max_steps=20):
        assert engine.decode(found.latent) == found.sprite
        assert exact_pixels(target.rgba_HWC, found.sprite.rgba_HWC) == found.exact_pixel


def test_the_first_report_is_the_encoders_answer(engine: Engine) -> None:
    target = drawable(engine, 2)
    first = next(refine(engine, target))
    assert first.latent == engine.encode(target)


def test_the_same_steps_give_the_same_latents(engine: Engine) -> None:
    runs = [
        [found.latent for found in refine(engine, drawable(engine, 4), seconds=PATIENCE_S, max_steps=20)]
        for _ in range(2)
    ]
    assert runs[0] == runs[1]


def test_it_ends_when_asked_and_when_time_is_up(engine: Engine) -> None:
    target = drawable(engine, 0)
    assert [found.step for found in refine(engine, target, should_stop=lambda: True)] == [0]
    assert [found.step for found in refine(engine, target, seconds=0.0)] == [0]
    asked = iter([False] * 7 + [True] * 100)
    assert [found.step for found in refine(engine, target, seconds=PATIENCE_S, should_stop=lambda: next(asked))] == [
        0,
        5,
    ]


def test_the_model_and_torch_stay_as_they_were(engine: Engine) -> None:
    latent = engine.sample(1, seed=3)[0]
    before, threads = engine.decode(latent), torch.get_num_threads()
    for _ in refine(engine, drawable(engine, 5), seconds=PATIENCE_S, max_steps=10):
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
    assert len(list(refine(engine, drawable(engine, 0), seconds=PATIENCE_S, max_steps=10))) == 3


# ---- following pinned pixels -----------------------------------------------------------------------------


def pins_of(engine: Engine, seed: int, side: int = 5) -> Overlay:
    """A corner of another sprite that the model can draw."""
    other = drawable(engine, seed)
    return Overlay.taken_from(other, [(x, y) for x in range(side) for y in range(side)])


def pin_error(pins: Overlay, sprite: Sprite) -> float:
    """Mean absolute difference between pinned pixels and a sprite's own."""
    seen, wanted = sprite.rgba_HWC.astype(float), pins.over(sprite).rgba_HWC.astype(float)
    return float(np.abs(seen - wanted)[pins.mask(sprite.width, sprite.height)].mean())


@pytest.mark.parametrize("seed", range(3))
def test_the_model_comes_to_draw_the_pins_of_its_own(engine: Engine, seed: int) -> None:
    latent, pins = engine.sample(1, seed=seed)[0], pins_of(engine, seed + 10)
    steps = list(follow(engine, latent, pins, keep=0.0, seconds=PATIENCE_S, max_steps=60))
    assert steps[0].latent == latent
    assert pin_error(pins, steps[-1].sprite) < 0.8 * pin_error(pins, steps[0].sprite)
    assert all(later.step > earlier.step for earlier, later in pairwise(steps))


def test_what_follows_is_told_truly(engine: Engine) -> None:
    latent, pins = engine.sample(1, seed=3)[0], pins_of(engine, 13)
    mask = pins.mask(16, 16)
    for found in follow(engine, latent, pins, seconds=PATIENCE_S, max_steps=20):
        assert engine.decode(found.latent) == found.sprite
        wanted, drawn = pins.over(found.sprite).rgba_HWC, found.sprite.rgba_HWC
        assert found.exact_pixel == pytest.approx(exact_pixels(wanted[mask][None], drawn[mask][None]))


def test_the_others_stay_more_the_more_they_count(engine: Engine) -> None:
    latent, pins = engine.sample(1, seed=4)[0], pins_of(engine, 14)
    first, rest = engine.decode(latent).rgba_HWC.astype(float), ~pins.mask(16, 16)

    def moved(keep: float) -> float:
        last = list(follow(engine, latent, pins, keep=keep, seconds=PATIENCE_S, max_steps=40))[-1]
        return float(np.abs(last.sprite.rgba_HWC.astype(float) - first)[rest].mean())

    assert moved(20.0) < moved(0.0)


def test_pins_that_are_drawn_already_need_no_step(engine: Engine) -> None:
    latent = engine.sample(1, seed=5)[0]
    pins = Overlay.taken_from(engine.decode(latent), [(3, 3), (4, 4)])
    assert [found.step for found in follow(engine, latent, pins)] == [0]
    assert [found.step for found in follow(engine, latent, NOTHING)] == [0]
    assert [found.step for found in follow(engine, latent, Overlay.painted([(400, 400)], (1, 2, 3, 255)))] == [0]


def test_following_ends_when_asked_and_when_time_is_up(engine: Engine) -> None:
    latent, pins = engine.sample(1, seed=6)[0], pins_of(engine, 16)
    assert [found.step for found in follow(engine, latent, pins, should_stop=lambda: True)] == [0]
    assert [found.step for found in follow(engine, latent, pins, seconds=0.0)] == [0]
