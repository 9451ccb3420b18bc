"""Copies are found whatever was done to hide them; strangers are not."""

from __future__ import annotations

import numpy as np
import pytest

from lunar_studio.core.arrays import U8
from lunar_studio.evaluation.novelty import novelty


def drawings(seed: int, count: int) -> U8:
    """Sprites with room around them: random shapes of 8 × 8 cells in four colours on 20 × 20 pixels."""
    rng = np.random.default_rng(seed)
    sprites = np.zeros((count, 20, 20, 4), np.uint8)
    colours = np.array([(0, 0, 0, 0), (40, 30, 60, 255), (200, 80, 60, 255), (240, 230, 200, 255)], np.uint8)
    sprites[:, 6:14, 6:14] = colours[rng.choice(4, (count, 8, 8), p=[0.1, 0.3, 0.3, 0.3])]
    return sprites


TRAINING = drawings(0, 12)


def moved(sprites_NHWC: U8) -> U8:
    return np.roll(sprites_NHWC, (2, -1), axis=(1, 2))


def mirrored(sprites_NHWC: U8) -> U8:
    return sprites_NHWC[:, :, ::-1].copy()


def recoloured(sprites_NHWC: U8) -> U8:
    other = sprites_NHWC.copy()
    other[..., :3] = other[..., [1, 2, 0]]
    return other


@pytest.mark.parametrize(
    "hide", [np.copy, moved, mirrored, recoloured, lambda sprites: moved(mirrored(recoloured(sprites)))]
)
def test_copies_are_copies_however_they_are_hidden(hide: object) -> None:
    assert callable(hide)
    found = novelty(hide(TRAINING[:6]), drawings(1, 8), TRAINING)
    assert found.copies.value == 1.0
    assert found.distance == 0.0 < found.limit <= found.real_distance
    assert sorted(found.worst) == list(range(6))
    assert all(sample == source for sample, source in zip(found.worst, found.worst_sources, strict=True))


def test_strangers_are_no_copies_and_one_among_them_is_found() -> None:
    told: list[tuple[int, int]] = []
    drawn = drawings(2, 10)
    drawn[7] = mirrored(TRAINING[4:5])[0]
    found = novelty(drawn, drawings(1, 8), TRAINING, progress=lambda done, total: told.append((done, total)))
    assert (found.worst[0], found.worst_sources[0]) == (7, 4)
    assert found.copies.low < 0.1 <= found.copies.value < 0.5
    assert found.real_copies == 1 / 8
    assert told == [(8, 18), (16, 18), (18, 18)]


def test_sprites_that_show_nothing_are_no_copies_and_set_no_limit() -> None:
    empty = np.zeros((3, 20, 20, 4), np.uint8)
    faint = np.full((1, 20, 20, 4), 20, np.uint8)
    drawn = np.concatenate([empty, TRAINING[:1], drawings(2, 4)])
    found = novelty(drawn, np.concatenate([empty, drawings(1, 8)]), np.concatenate([TRAINING, faint]))
    assert found.limit > 0.0
    assert novelty(drawn, TRAINING, TRAINING).real_copies == 1.0
    assert found.worst[0] == 3
    assert not {0, 1, 2} & set(found.worst)
    assert found.copies.value < 0.5
    assert novelty(empty, drawings(1, 8), faint).copies.value == 0.0


def test_among_many_training_sprites_copies_are_found_too(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = np.concatenate([moved(mirrored(TRAINING[2:5])), drawings(2, 3)])
    every = novelty(drawn, drawings(1, 8), TRAINING)
    monkeypatch.setattr("lunar_studio.evaluation.novelty.SCANNED", 4)
    assert novelty(drawn, drawings(1, 8), TRAINING) == every
    assert every.worst_sources[:3] == (2, 3, 4)


def test_order_does_not_matter() -> None:
    drawn, held_out = drawings(2, 6), drawings(1, 8)
    first = novelty(drawn, held_out, TRAINING)
    second = novelty(drawn[::-1].copy(), held_out[::-1].copy(), TRAINING[::-1].copy())
    assert first.copies == second.copies
    assert first.limit == pytest.approx(second.limit)
    assert first.worst[0] == 5 - second.worst[0]
