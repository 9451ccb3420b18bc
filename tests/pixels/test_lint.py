"""Lint: each rule fires on its fault, shows the pixels, and is silent on clean sprites."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lunar_studio.core.arrays import U8
from lunar_studio.core.score import LintFinding
from lunar_studio.core.sprite import Sprite
from lunar_studio.pixels.grid import enlarged
from lunar_studio.pixels.lint import lint
from tests.pixels.drawn import blob, texture


def _of(sprite: Sprite, rule: str) -> list[LintFinding]:
    return [finding for finding in lint(sprite) if finding.rule == rule]


def _flat(size: int = 16) -> U8:
    pixels = np.zeros((size, size, 4), np.uint8)
    pixels[2:-2, 2:-2] = (90, 120, 60, 255)
    return pixels


@pytest.mark.parametrize("seed", range(20))
def test_clean_sprites_get_no_warning(seed: int) -> None:
    for sprite in (blob(seed), texture(seed)):
        assert [finding for finding in lint(sprite) if finding.severity == "warning"] == []


def test_a_pixel_away_from_the_rest() -> None:
    pixels = _flat()
    pixels[0, 14] = (90, 120, 60, 255)
    (finding,) = _of(Sprite(pixels), "orphan-pixel")
    assert finding.pixels == ((14, 0),)
    assert finding.message.startswith("One pixel stands alone")


def test_a_speck_in_a_flat_area() -> None:
    pixels = _flat()
    pixels[6, 7] = (250, 30, 200, 255)
    (finding,) = _of(Sprite(pixels), "orphan-pixel")
    assert finding.pixels == ((7, 6),)


def test_many_single_pixels_are_meant() -> None:
    pixels = _flat(32)
    pixels[4:28:4, 4:28:4] = (250, 30, 200, 255)
    assert _of(Sprite(pixels), "orphan-pixel") == []


def test_a_sprite_of_one_pixel_is_no_orphan() -> None:
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[3, 3] = 255
    assert lint(Sprite(pixels)) == ()


def test_too_many_colours() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (16, 16, 4), dtype=np.uint8)
    noise[..., 3] = 255
    (finding,) = _of(Sprite(noise), "too-many-colours")
    assert "256 colours on 256 pixels" in finding.message


def test_near_duplicate_colours() -> None:
    pixels = _flat()
    for step, row in enumerate((4, 6, 8), start=1):
        pixels[row, 4:10] = (90, 120, 60 + step, 255)
    (finding,) = _of(Sprite(pixels), "near-duplicate-colours")
    assert set(finding.pixels) >= {(4, 4), (9, 6)}
    assert "#785a" not in finding.message
    assert "#5a783c" in finding.message
    pixels[4:10, 4:10] = (90, 120, 60, 255)
    assert _of(Sprite(pixels), "near-duplicate-colours") == []


def test_facts_are_notes_with_their_pixels() -> None:
    pixels = _flat()
    pixels[5, 5, 3] = 128
    pixels[0, 0] = (255, 0, 0, 0)
    findings = {finding.rule: finding for finding in lint(Sprite(pixels))}
    assert findings["half-transparent"].pixels == ((5, 5),)
    assert findings["phantom-pixel"].pixels == ((0, 0),)
    assert {findings[rule].severity for rule in ("half-transparent", "phantom-pixel")} == {"note"}
    assert "true size is 32 × 32" in _of(enlarged(blob(1), 3), "off-grid")[0].message


@settings(max_examples=80, deadline=None)
@given(arrays.arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12), st.just(4))))
def test_any_picture_can_be_linted(pixels: U8) -> None:
    findings = lint(Sprite(pixels))
    severities = [finding.severity for finding in findings]
    assert severities == sorted(severities, key="note".__eq__)
    for finding in findings:
        assert finding.message.endswith(".")
        for x, y in finding.pixels:
            assert 0 <= x < pixels.shape[1]
            assert 0 <= y < pixels.shape[0]
