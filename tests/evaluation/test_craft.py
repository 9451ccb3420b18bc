"""Habits counted on sprites whose habits are known."""

from __future__ import annotations

import numpy as np
import pytest

from lunar_studio.evaluation.craft import craft
from tests.training.small_art import draw


def test_what_is_counted() -> None:
    plain = draw(3)
    stray = plain.copy()
    stray[0, 0] = (20, 20, 30, 255)
    soft = plain.copy()
    soft[plain[..., 3] == 255, 3] = 200
    found = craft(np.stack([plain, stray, soft, np.zeros_like(plain)]))
    solid = (plain[..., 3] > 0).mean()
    assert found.colours.value == pytest.approx((3 + 3 + 3 + 0) / 4)
    assert found.opaque.value == pytest.approx((3 * solid + 1 / 256) / 4)
    assert found.half_transparent.value == pytest.approx(solid / 4)
    assert found.stray.value == found.empty.value == 0.25
    assert 0.25 <= found.warned.value <= 1.0
    assert found.colours.low < found.colours.value < found.colours.high


def test_families_that_agree_widen_the_intervals() -> None:
    sprites = np.stack([draw(index // 4) for index in range(40)])
    alone, together = craft(sprites), craft(sprites, np.arange(40) // 4)
    assert together.opaque.half_width > alone.opaque.half_width
    assert together.opaque.value == pytest.approx(alone.opaque.value)
