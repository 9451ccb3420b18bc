"""Fingerprints find what the exact distance finds, survive what it survives, and give no picture away."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lunar_studio.core.arrays import F32, U8
from lunar_studio.pixels.likeness.distance import distances
from lunar_studio.pixels.likeness.fingerprints import BYTES, FingerprintScan, decoded, fingerprints
from lunar_studio.pixels.likeness.maps import structure_maps
from tests.pixels.drawings import drawing, moved, recoloured

SEEDS = st.integers(0, 2**32 - 1)
few = settings(max_examples=25, deadline=None)


def _apart(first: U8, second: U8) -> float:
    return float(FingerprintScan.of(fingerprints(second[None])).distances(fingerprints(first[None])[0])[0])


@few
@given(seed=SEEDS, size=st.sampled_from([8, 16, 32, 100]), filled=st.booleans())
def test_a_fingerprint_is_96_bytes_and_at_no_distance_from_itself(seed: int, size: int, filled: bool) -> None:
    sprite = drawing(seed, size, filled=filled)
    codes = fingerprints(sprite[None])
    assert codes.dtype == np.int8
    assert codes.shape == (1, BYTES) == (1, 96)
    assert _apart(sprite, sprite) == 0.0


@few
@given(seed=SEEDS, down=st.integers(-3, 3), right=st.integers(-3, 3))
def test_recoloured_and_moved_copies_have_the_same_fingerprint_but_for_shading(
    seed: int, down: int, right: int
) -> None:
    sprite = drawing(seed)
    copy = recoloured(moved(sprite, down, right), seed)
    assert _apart(sprite, copy) == 0.0


@few
@given(seed=SEEDS, filled=st.booleans())
def test_a_mirrored_copy_is_near_to_rounding_of_its_place(seed: int, filled: bool) -> None:
    sprite = drawing(seed, filled=filled)
    # Where the centre of mass falls between two pixels, the mirrored sprite stands one pixel further.
    assert _apart(sprite, sprite[:, ::-1]) < 0.35
    if filled:
        assert _apart(sprite, sprite[:, ::-1]) == 0.0


@few
@given(seed=SEEDS)
def test_light_and_dark_reversed_is_the_same(seed: int) -> None:
    sprite = drawing(seed)
    negative = sprite.copy()
    negative[..., :3] = np.where(sprite[..., 3:] > 0, 255 - sprite[..., :3], 0)
    assert _apart(sprite, negative) == 0.0


@few
@given(seed=SEEDS)
def test_sprites_of_another_size_can_be_compared(seed: int) -> None:
    sprite = drawing(seed, 24)
    enlarged = sprite.repeat(2, axis=0).repeat(2, axis=1)
    assert _apart(sprite, enlarged) < _apart(drawing(seed + 1, 24), enlarged)


def test_distances_are_symmetric_and_follow_the_exact_ones() -> None:
    sprites = np.stack([drawing(seed, filled=seed % 5 == 0) for seed in range(60)])
    scan, codes, maps = FingerprintScan.of(fingerprints(sprites)), fingerprints(sprites), structure_maps(sprites)
    blurred: F32 = np.stack([scan.distances(code) for code in codes])
    exact = distances(maps, maps)
    assert blurred == pytest.approx(blurred.T, abs=2e-3)
    pairs = np.triu_indices(60, 1)
    ranks = np.stack([values[pairs].argsort().argsort().astype(np.float64) for values in (blurred, exact)])
    assert float(np.corrcoef(ranks).min()) > 0.6


def test_flat_tiles_are_alike_and_unlike_everything_else() -> None:
    flat = np.full((16, 16, 4), 255, np.uint8)
    empty = np.zeros((16, 16, 4), np.uint8)
    assert _apart(flat, flat // 2 + 100) == 0.0
    assert _apart(flat, empty) == 0.0
    assert _apart(flat, drawing(1, 16)) == 1.0


def test_no_colour_is_left_in_a_fingerprint() -> None:
    sprite = drawing(4)
    darker = sprite.copy()
    darker[..., :3] //= 2
    assert (fingerprints(sprite[None]) == fingerprints(darker[None])).mean() > 0.9
    # Another one-to-one change of colours moves nothing but shading.
    assert (fingerprints(sprite[None]) == fingerprints(recoloured(sprite, 1)[None]))[0, :64].all()


def test_not_even_the_outline_can_be_drawn_from_it() -> None:
    # The best picture of the outline that its 24 waves allow, cut at the sprite's own size, misses many pixels.
    wrong = []
    for seed in range(12):
        sprite = drawing(seed)
        seen = sprite[..., 3] > 0
        guess = _outline_from(decoded(fingerprints(sprite[None]))[0, :24])
        cut = np.sort(guess.reshape(-1))[-int(seen.sum())]
        placed = structure_maps(sprite[None])
        truth = np.unpackbits(placed.words_NKQ[0, 0].view(np.uint8), count=32 * 32).reshape(32, 32) > 0
        wrong.append(((guess >= cut) ^ truth).sum() / seen.sum())
    assert np.median(wrong) > 0.1


def _outline_from(waves: F32) -> F32:
    order = sorted(((k, m) for k in range(8) for m in range(8)), key=lambda at: (at[0] ** 2 + at[1] ** 2, at))[1:25]
    places = (np.arange(32) + 0.5) / 32
    picture = np.zeros((32, 32), np.float32)
    for (down, right), value in zip(order, waves, strict=True):
        picture += value * np.outer(np.cos(np.pi * down * places), np.cos(np.pi * right * places)).astype(np.float32)
    return picture
