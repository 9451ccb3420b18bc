"""The ten ways to make a sprite worse: each harms a part, the same each time, and a mouse can do what it must."""

from __future__ import annotations

import numpy as np
import pytest

from lunar_studio.core.arrays import U8
from lunar_studio.core.sprite import Sprite
from lunar_studio.pixels.lint import examine
from tests.bench.worse import MOST_SWATCHES, WAYS, Way, touched

RAMP = (
    (250, 240, 120),
    (250, 170, 40),
    (200, 40, 60),
    (120, 30, 140),
    (40, 60, 200),
    (20, 140, 60),
    (90, 50, 20),
)


def wedge() -> U8:
    """A body whose two sides are clean lines of runs of three."""
    rows, columns = np.mgrid[:32, :32]
    rgba_HWC = np.zeros((32, 32, 4), np.uint8)
    inside_HW = (rows >= 4) & (rows < 28) & (columns >= 12 - (rows - 4) // 3) & (columns < 18 + (rows - 4) // 3)
    rgba_HWC[inside_HW] = (200, 40, 60, 255)
    return rgba_HWC


def art_for(way: Way) -> U8:
    """Something that has a place for it."""
    return wedge() if way.id == "ragged" else ball()


def ball(size: int = 32) -> U8:
    """A clean round body in eight calm colours with an outline, lit from the upper left."""
    rows, columns = np.mgrid[:size, :size]
    away = np.hypot(rows - 15.5, columns - 15.5)
    rgba_HWC = np.zeros((size, size, 4), np.uint8)
    light = np.clip((rows + columns) // 9, 0, 6)
    rgba_HWC[..., :3] = np.array(RAMP)[light]
    rgba_HWC[away > 10.5, :3] = (20, 10, 40)
    rgba_HWC[away <= 11.5, 3] = 255
    rgba_HWC[away > 11.5] = 0
    return rgba_HWC


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.id)
def test_a_way_harms_a_part_and_the_same_part_each_time(way: Way) -> None:
    good_HWC, donor_HWC = art_for(way), np.ascontiguousarray(255 - ball()[::-1])
    donor_HWC[..., 3] = 255
    made = [way.harm(good_HWC, np.random.default_rng(3), donor_HWC) for _ in range(2)]
    assert good_HWC.tobytes() == art_for(way).tobytes(), "the good one is left alone"
    assert made[0] is not None
    assert made[1] is not None
    assert np.array_equal(made[0], made[1])
    assert made[0].shape == good_HWC.shape
    harmed_HW = touched(good_HWC, made[0])
    assert 2 <= harmed_HW.sum() < (good_HWC[..., 3] > 0).sum()
    if way.by_mouse:
        assert harmed_HW.sum() <= 40, "nobody clicks more often"
        colours = {tuple(one) for one in good_HWC[good_HWC[..., 3] == 255].tolist()}
        assert len(colours) <= MOST_SWATCHES
        assert all(one[3] == 0 or tuple(one) in colours for one in made[0][harmed_HW].tolist())


@pytest.mark.parametrize("way", [way for way in WAYS if way.rules], ids=lambda way: way.id)
def test_lint_notices_what_it_has_a_rule_for(way: Way) -> None:
    good_HWC = art_for(way)
    harmed_HWC = way.harm(good_HWC, np.random.default_rng(3), good_HWC)
    assert harmed_HWC is not None
    found = {finding.rule for finding in examine(Sprite(harmed_HWC)).warnings}
    before = {finding.rule for finding in examine(Sprite(good_HWC)).warnings}
    assert set(way.rules) & (found - before)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.id)
def test_a_sprite_without_a_place_for_it_is_passed_over(way: Way) -> None:
    empty_HWC = np.zeros((32, 32, 4), np.uint8)
    empty_HWC[16, 16] = 255
    harmed_HWC = way.harm(empty_HWC, np.random.default_rng(3), np.zeros_like(empty_HWC))
    assert harmed_HWC is None or not np.array_equal(harmed_HWC, empty_HWC)
