"""Damage: shape and chance are kept, and more severity hurts more."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lunar_studio.core.arrays import U8
from lunar_studio.pixels.damage import FAMILIES, damage
from lunar_studio.pixels.oklab import to_oklab
from tests.pixels.drawn import blob, texture

SPRITES = [blob(seed).rgba_HWC for seed in range(12)] + [texture(seed).rgba_HWC for seed in range(4)]


def _premultiplied(rgba_HWC: U8) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    values = rgba_HWC.astype(np.float64)
    values[..., :3] *= values[..., 3:] / 255
    return values


def _error(family: str, severity: float) -> float:
    rng = np.random.default_rng(3)
    errors = []
    for repeat in range(4):
        for at, sprite in enumerate(SPRITES):
            donor = SPRITES[(at + 5 + repeat) % len(SPRITES)]
            harmed = damage(sprite, family, severity, rng, donor)
            errors.append(np.abs(_premultiplied(harmed) - _premultiplied(sprite)).mean())
    return float(np.mean(errors))


@pytest.mark.parametrize("family", FAMILIES)
def test_more_severity_is_more_error(family: str) -> None:
    errors = [_error(family, severity) for severity in (0.05, 0.35, 0.65, 1.0)]
    assert errors == sorted(errors)
    assert errors[0] > 0.0
    assert errors[-1] > 1.7 * errors[0]


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_chance_gives_the_same_damage(family: str) -> None:
    first, again = (damage(SPRITES[0], family, 0.5, np.random.default_rng(7), SPRITES[1]) for _ in range(2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, SPRITES[0])


@settings(max_examples=60, deadline=None)
@given(
    family=st.sampled_from(sorted(FAMILIES)),
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    severity=st.floats(1e-6, 1.0),
    seed=st.integers(0, 2**16),
    hard=st.booleans(),
)
def test_any_picture_keeps_shape_dtype_and_original(
    family: str, size: tuple[int, int], severity: float, seed: int, hard: bool
) -> None:
    rng = np.random.default_rng(seed)
    sprite = rng.integers(0, 256, (*size, 4), dtype=np.uint8)
    if hard:
        sprite[..., 3] = np.where(sprite[..., 3] > 100, 255, 0)
    before = sprite.copy()
    harmed = damage(sprite, family, severity, rng)
    assert harmed.shape == sprite.shape
    assert harmed.dtype == np.uint8
    assert np.array_equal(sprite, before)
    assert not np.shares_memory(harmed, sprite)


@pytest.mark.parametrize("family", FAMILIES)
def test_an_empty_sprite_stays_as_it_is(family: str) -> None:
    empty = np.zeros((9, 9, 4), np.uint8)
    empty[..., 0] = 200
    assert np.array_equal(damage(empty, family, 1.0, np.random.default_rng(0), SPRITES[0][:9, :9]), empty)


def test_nonsense_is_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="severity"):
        damage(SPRITES[0], "blur", 0.0, rng)
    with pytest.raises(ValueError, match="severity"):
        damage(SPRITES[0], "blur", float("nan"), rng)
    with pytest.raises(ValueError, match="uint8"):
        damage(SPRITES[0].astype(np.float32), "blur", 0.5, rng)
    with pytest.raises(ValueError, match="donor"):
        damage(SPRITES[0], "blur", 0.5, rng, SPRITES[1][:4])
    with pytest.raises(KeyError):
        damage(SPRITES[0], "sarcasm", 0.5, rng)


def test_a_family_hurts_what_it_says() -> None:
    rng = np.random.default_rng(1)
    sprite = SPRITES[0]
    visible = sprite[..., 3] > 0
    holed = damage(sprite, "holes", 0.5, rng)
    assert (holed[..., 3] > 0).sum() < visible.sum()
    soft = damage(sprite, "soft-edges", 0.8, rng)
    assert ((soft[..., 3] > 0) & (soft[..., 3] < 255)).any()
    posterised = damage(sprite, "posterise", 1.0, rng)
    assert len(np.unique(posterised[visible], axis=0)) <= len(np.unique(sprite[visible], axis=0))
    exploded = damage(sprite, "palette-explosion", 0.5, rng)
    assert len(np.unique(exploded[visible], axis=0)) > 5 * len(np.unique(sprite[visible], axis=0))
    swapped = damage(sprite, "colour-swap", 0.5, rng)
    assert np.array_equal(swapped[..., 3], sprite[..., 3])
    for family in ("jpeg", "noise", "palette-noise"):
        assert np.array_equal(damage(sprite, family, 0.5, rng)[..., 3], sprite[..., 3])


@pytest.mark.parametrize("family", FAMILIES)
def test_at_medium_severity_hardly_a_sprite_is_left_as_it_was(family: str) -> None:
    unharmed = 0
    for at, sprite in enumerate(SPRITES):
        harmed = damage(sprite, family, 0.5, np.random.default_rng(at), SPRITES[(at + 5) % len(SPRITES)])
        unharmed += int(np.abs(_premultiplied(harmed) - _premultiplied(sprite)).sum(axis=2).max() < 12)
    assert unharmed == 0


def test_swapped_colours_are_far_from_those_that_were_meant() -> None:
    for at, sprite in enumerate(SPRITES):
        swapped = damage(sprite, "colour-swap", 0.5, np.random.default_rng(at))
        changed = (swapped != sprite).any(axis=2)
        assert changed.sum() / (sprite[..., 3] > 0).sum() > 0.2
        apart = np.linalg.norm(to_oklab(swapped[changed][:, :3]) - to_oklab(sprite[changed][:, :3]), axis=1)
        assert np.median(apart) > 0.15


def test_a_foreign_patch_stays_a_patch_and_comes_from_the_donor() -> None:
    for at, sprite in enumerate(SPRITES[:12]):
        donor = SPRITES[12 + at % 4]
        visible = sprite[..., 3] > 0
        harmed = damage(sprite, "foreign-patch", 1.0, np.random.default_rng(at), donor)
        changed = (harmed != sprite).any(axis=2)
        assert 0 < changed.sum() < 0.9 * visible.sum()
        known = {tuple(pixel) for pixel in donor.reshape(-1, 4).tolist()}
        assert {tuple(pixel) for pixel in harmed[changed].tolist()} <= known


def test_the_outline_of_a_tile_is_its_border() -> None:
    tile = SPRITES[12]
    assert (tile[..., 3] == 255).all()
    broken = damage(tile, "broken-outline", 0.5, np.random.default_rng(0))
    assert (broken[0, :, 3] == 0).any()
    assert np.array_equal(broken[3:-3, 3:-3], tile[3:-3, 3:-3])


@pytest.mark.parametrize("family", ["blur", "foreign-patch", "broken-outline", "colour-swap", "palette-explosion"])
def test_a_donor_without_anything_and_a_single_pixel_are_no_trouble(family: str) -> None:
    dot = np.zeros((5, 7, 4), np.uint8)
    dot[2, 3] = (10, 20, 30, 255)
    assert damage(dot, family, 0.5, np.random.default_rng(0), np.zeros_like(dot)).shape == dot.shape
