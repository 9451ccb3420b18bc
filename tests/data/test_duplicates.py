"""Near copies: every kind is found, different sprites are not, and time does not explode."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.core.arrays import U8
from lunar_studio.core.sprite import Sprite
from lunar_studio.data.duplicates import near_pairs
from lunar_studio.data.near.candidates import SILHOUETTE_SHARE, same_silhouette
from lunar_studio.data.near.views import as_bits
from lunar_studio.data.split import families
from lunar_studio.pixels.palette import recoloured
from tests.pixels.drawn import blob, texture

ORIGINALS = 40


def _originals(size: int) -> list[U8]:
    return [blob(seed, size, 3 + seed % 4).rgba_HWC for seed in range(ORIGINALS)]


def _mirrored(pixels: U8, _rng: np.random.Generator) -> U8:
    return pixels[:, ::-1]


def _shifted(pixels: U8, rng: np.random.Generator) -> U8:
    """By two pixels, or as far as nothing leaves the picture."""
    shift = []
    for axis in (1, 0):
        places = np.flatnonzero((pixels[..., 3] > 0).any(axis=axis))
        shift.append(int(np.clip(rng.choice([-2, 2]), -places[0], len(pixels) - 1 - places[-1])))
    return np.roll(pixels, shift, (0, 1))


def _recoloured(pixels: U8, rng: np.random.Generator) -> U8:
    sprite = Sprite(pixels)
    colours = np.unique(pixels[pixels[..., 3] > 0][:, :3], axis=0)
    # Spread apart, so that no two colours of the copy fall together.
    fresh = (np.arange(len(colours)) * (200 // len(colours)) + rng.integers(0, 20, len(colours)))[:, None]
    targets = (fresh + rng.integers(0, 50, 3)).astype(np.uint8)
    table = {tuple(one): tuple(other) for one, other in zip(colours.tolist(), targets.tolist(), strict=True)}
    return recoloured(sprite, table).rgba_HWC


def _edited(pixels: U8, rng: np.random.Generator) -> U8:
    edited = pixels.copy()
    rows, columns = np.nonzero(pixels[..., 3])
    for at in rng.integers(0, len(rows), max(2, len(rows) // 40)):
        edited[rows[at], columns[at], :3] = rng.integers(0, 256, 3)
    return edited


def _mirrored_and_recoloured(pixels: U8, rng: np.random.Generator) -> U8:
    return _recoloured(_mirrored(pixels, rng), rng)


@pytest.mark.parametrize("size", [16, 32, 48])
@pytest.mark.parametrize("change", [_mirrored, _shifted, _recoloured, _edited, _mirrored_and_recoloured])
def test_each_kind_of_copy_is_found(change: Callable[[U8, np.random.Generator], U8], size: int) -> None:
    rng = np.random.default_rng(4)
    originals = _originals(size)
    copies = [change(pixels, rng) for pixels in originals]
    labels = families([()] * (2 * ORIGINALS), near_pairs(np.stack(originals + copies)).tolist())
    found = sum(labels[at] == labels[at + ORIGINALS] for at in range(ORIGINALS))
    assert found >= 0.97 * ORIGINALS


def test_different_sprites_are_left_apart() -> None:
    sprites = np.stack(_originals(32) + [texture(seed).rgba_HWC for seed in range(4)])
    assert len(near_pairs(sprites)) <= 2


def test_recoloured_textures_are_found() -> None:
    wall = texture(3).rgba_HWC
    blue = wall.copy()
    blue[..., :3] = blue[..., 2::-1] // 2 + 40
    assert near_pairs(np.stack([wall, blob(1).rgba_HWC, blue])).tolist() == [[0, 2]]


def test_pairs_are_sorted_and_without_repeats() -> None:
    sprites = np.stack([blob(1).rgba_HWC] * 2 + [blob(1).rgba_HWC[:, ::-1], blob(2).rgba_HWC])
    pairs = near_pairs(sprites).tolist()
    assert pairs == [list(pair) for pair in sorted({tuple(pair) for pair in pairs})]
    assert all(one < other for one, other in pairs)
    assert families([()] * 4, pairs).tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_to_compare(count: int) -> None:
    assert near_pairs(np.zeros((count, 8, 8, 4), np.uint8)).shape == (0, 2)


@pytest.mark.parametrize("size", [1, 3, 8, 9])
def test_tiny_and_empty_sprites(size: int) -> None:
    rng = np.random.default_rng(0)
    sprites = rng.integers(0, 256, (6, size, size, 4), dtype=np.uint8)
    sprites[0] = 0
    near_pairs(sprites)


def test_a_crowd_of_a_thousand_near_copies_does_not_explode() -> None:
    """A guard against a square: half a second is usual, `tests.bench.pieces` has the figure."""
    rng = np.random.default_rng(0)
    originals = np.stack(_originals(32))
    noise = rng.integers(0, 60, (25, *originals.shape), dtype=np.uint8) * (originals[None, ..., 3:] > 0)
    many = (originals[None] ^ noise).reshape(-1, 32, 32, 4)
    start = time.process_time()
    near_pairs(many)
    assert time.process_time() - start < 15.0


@given(st.integers(1, 20), st.integers(0, 2**32 - 1))
def test_silhouettes_are_told_apart_by_bits_as_by_pixels(size: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    first: U8 = np.repeat(rng.integers(0, 2, (8, size, size, 1), np.uint8) * np.uint8(255), 4, axis=3)
    second = first.copy()
    second[rng.random((8, size, size)) < rng.random((8, 1, 1)) * 0.2] ^= np.uint8(255)
    one, other = first[..., 3] > 0, second[..., 3] > 0
    union = np.maximum((one | other).sum(axis=(1, 2)), 1)
    expected = (one ^ other).sum(axis=(1, 2)) <= SILHOUETTE_SHARE * union
    assert same_silhouette(as_bits(one), as_bits(other)).tolist() == expected.tolist()
