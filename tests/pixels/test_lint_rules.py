"""Each rule: it fires on its fault, shows the pixels, and is silent on what looks like it but is meant."""

from __future__ import annotations

import numpy as np
import pytest

from lunar_studio.core.arrays import U8
from lunar_studio.core.score import LintFinding
from lunar_studio.core.sprite import Sprite
from lunar_studio.pixels.damage import damage
from lunar_studio.pixels.grid import enlarged
from lunar_studio.pixels.lint import lint, mended
from lunar_studio.pixels.lint.contour import lines
from tests.pixels.drawn import blob, texture

GREEN = (90, 120, 60, 255)


def of(pixels: U8 | Sprite, rule: str) -> list[LintFinding]:
    sprite = pixels if isinstance(pixels, Sprite) else Sprite(pixels)
    return [finding for finding in lint(sprite) if finding.rule == rule]


def flat(size: int = 16) -> U8:
    pixels = np.zeros((size, size, 4), np.uint8)
    pixels[2:-2, 2:-2] = GREEN
    return pixels


def stairs(lengths: list[int], size: int = 32) -> U8:
    """A shape whose upper edge goes down to the right in runs of these lengths; its other sides are straight."""
    pixels = np.zeros((size, size, 4), np.uint8)
    column = 2
    for step, length in enumerate(lengths):
        pixels[4 + step : size - 2, column : column + length] = GREEN
        column += length
    return pixels


def disc(size: int = 32, radius: float = 13.5) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Distance from the middle, as a share of the radius."""
    y, x = np.mgrid[0:size, 0:size] - (size - 1) / 2
    away: np.ndarray[tuple[int, ...], np.dtype[np.float64]] = np.hypot(x, y) / radius
    return away


def shaded(
    level: np.ndarray[tuple[int, ...], np.dtype[np.int64]], visible: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
) -> U8:
    """Shades of one colour by level, darkest first."""
    ramp = np.array([(40 + 30 * step, 30 + 26 * step, 60 + 18 * step, 255) for step in range(8)], np.uint8)
    pixels = ramp[np.clip(level, 0, 7)]
    pixels[~visible] = 0
    return pixels


# ---- orphans ------------------------------------------------------------------------------------


def test_a_pixel_away_from_the_rest() -> None:
    pixels = flat()
    pixels[0, 14] = GREEN
    (finding,) = of(pixels, "orphan-pixel")
    assert finding.pixels == ((14, 0),)
    assert finding.message.startswith("One pixel stands alone")
    assert np.array_equal(mended(Sprite(pixels), "orphan-pixel").rgba_HWC, flat())


def test_a_speck_in_a_flat_area() -> None:
    pixels = flat()
    pixels[6, 7] = (250, 30, 200, 255)
    (finding,) = of(pixels, "orphan-pixel")
    assert finding.pixels == ((7, 6),)
    assert finding.fix == "Remove them"
    assert np.array_equal(mended(Sprite(pixels), "orphan-pixel").rgba_HWC, flat())


def test_specks_of_many_colours_are_dirt() -> None:
    pixels = flat(32)
    for at, row in enumerate(range(4, 28, 4)):
        pixels[row, 6 + at] = (250, 40 * at, 200, 255)
    (finding,) = of(pixels, "orphan-pixel")
    assert len(finding.pixels) == 6
    assert finding.message.startswith("6 pixels sit alone")


def test_what_repeats_is_meant() -> None:
    pixels = flat(32)
    pixels[4:28:4, 4:28:4] = (250, 30, 200, 255)
    assert of(pixels, "orphan-pixel") == []
    eyes = flat(16)
    eyes[6, [5, 10]] = (250, 250, 250, 255)
    assert of(eyes, "orphan-pixel") == []
    spray = flat(32)
    spray[0, 1:31:4] = GREEN
    assert of(spray, "orphan-pixel") == []


def test_a_sprite_of_one_pixel_is_no_orphan() -> None:
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[3, 3] = 255
    assert lint(Sprite(pixels)) == ()


# ---- lines --------------------------------------------------------------------------------------


@pytest.mark.parametrize("lengths", [[5, 4, 1, 3, 2, 2], [6, 4, 1, 4, 3, 2], [4, 2, 2, 4, 2, 2, 1], [5, 3, 3, 1, 3, 2]])
def test_a_broken_step(lengths: list[int]) -> None:
    (finding,) = of(stairs(lengths), "jaggies")
    assert finding.severity == "warning"
    assert finding.fix == ""
    assert 1 <= len(finding.pixels) <= 4
    assert "moving one of them" in finding.message


@pytest.mark.parametrize(
    "lengths",
    [
        [5, 4, 3, 2, 2, 1, 1],  # a curve
        [2, 2, 2, 2, 2, 2],  # a straight line
        [2, 1, 2, 1, 2, 1, 2],  # a straight line between two slopes
        [1, 1, 4, 1, 1, 1],  # a ledge in a diagonal
        [3, 1, 3, 1, 3, 1, 3],  # teeth
        [1, 2, 3, 4, 3, 2],  # an S
        [4, 3, 4, 3],
    ],
)
def test_lines_that_are_even_or_meant(lengths: list[int]) -> None:
    assert of(stairs(lengths), "jaggies") == []


def test_the_same_break_on_both_sides_is_drawn_so() -> None:
    half = stairs([5, 4, 1, 3, 2], 32)[:, 2:18]
    both = np.concatenate([half[:, ::-1], half], axis=1)
    assert of(half, "jaggies")
    assert of(both, "jaggies") == []


def test_an_opaque_tile_has_no_silhouette() -> None:
    assert of(texture(3), "jaggies") == of(texture(3), "pillow-shading") == []


def test_lines_are_counted_as_an_artist_counts_them() -> None:
    found = [[run.length for run in line] for line in lines(stairs([4, 3, 2, 2, 1])[..., 3] > 0)]
    assert [4, 3, 2, 2] in [lengths[:4] for lengths in found]
    (line,) = [line for line in lines(stairs([4, 3, 2, 2, 1])[..., 3] > 0) if len(line) >= 4]
    assert line[1].pixels == [(6, 5), (7, 5), (8, 5)]


def test_shapes_that_touch_by_a_corner_are_one() -> None:
    pixels = np.zeros((20, 20), np.bool_)
    for at in range(8):
        pixels[2 + at, 2 + 2 * at : 4 + 2 * at] = True
    assert max(len(line) for line in lines(pixels)) >= 7


# ---- shading ------------------------------------------------------------------------------------


def test_pillow_shading() -> None:
    away = disc()
    pixels = shaded(((1 - away) * 8).astype(np.int64), away < 1)
    (finding,) = of(pixels, "pillow-shading")
    assert finding.severity == "warning"
    assert finding.extent > 0.5
    assert (16, 16) in finding.pixels


def test_light_from_one_side_is_no_pillow() -> None:
    away = disc()
    y, x = np.mgrid[0:32, 0:32]
    for pixels in (
        shaded((y // 4).astype(np.int64), away < 1),
        shaded(((64 - x - y) // 8).astype(np.int64), away < 1),
        shaded((np.hypot(x - 9, y - 9) // 4).astype(np.int64)[::-1, ::-1], away < 1),
        shaded(np.full((32, 32), 4), away < 1),
    ):
        assert of(pixels, "pillow-shading") == []


def test_bands_edge_to_edge() -> None:
    away = disc()
    visible = away < 1
    depth = np.zeros((32, 32), np.int64)
    ring = visible.copy()
    while ring.any():
        depth += ring
        inner = np.zeros_like(ring)
        inner[1:-1, 1:-1] = ring[1:-1, 1:-1] & ring[:-2, 1:-1] & ring[2:, 1:-1] & ring[1:-1, :-2] & ring[1:-1, 2:]
        ring = inner
    pixels = shaded(np.minimum(depth, 5), visible)
    (finding,) = of(pixels, "banding")
    assert len(finding.pixels) > 40
    wide = shaded(np.minimum(depth // 3, 5), visible)
    assert of(wide, "banding") == []
    assert of(shaded(np.full((32, 32), 4), visible), "banding") == []


# ---- the grid -----------------------------------------------------------------------------------


def test_an_enlargement_is_a_note() -> None:
    (finding,) = of(enlarged(blob(1), 3), "off-grid")
    assert finding.severity == "note"
    assert "true size is 32 × 32" in finding.message


def test_finer_pixels_on_enlarged_art() -> None:
    pixels = enlarged(blob(4, 16), 2).rgba_HWC.copy()
    pixels[13, 15:18] = (255, 0, 0, 255)
    (finding,) = of(pixels, "off-grid")
    assert finding.severity == "warning"
    assert (15, 13) in finding.pixels
    assert "2 × 2" in finding.message


def test_a_resize_by_a_fraction() -> None:
    rng = np.random.default_rng(2)
    hits = 0
    for seed in range(10):
        noise = rng.integers(0, 3, (24, 24))
        fine = np.array([(200, 60, 60, 255), (90, 200, 60, 255), (60, 60, 200, 255)], np.uint8)[noise]
        at = np.arange(32) * 24 // 32
        hits += bool(of(fine[at][:, at], "off-grid"))
        assert of(fine, "off-grid") == []
        assert of(blob(seed), "off-grid") == of(texture(seed), "off-grid") == []
    assert hits == 10


# ---- colours ------------------------------------------------------------------------------------


def test_too_many_colours() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (16, 16, 4), dtype=np.uint8)
    noise[..., 3] = 255
    (finding,) = of(noise, "too-many-colours")
    assert "256 colours on 256 pixels" in finding.message
    fixed = mended(Sprite(noise), "too-many-colours")
    assert fixed.colour_count() <= 32
    assert of(fixed, "too-many-colours") == []


def test_strengths_of_one_colour_are_not_many_colours() -> None:
    ghost = np.full((16, 16, 4), 200, np.uint8)
    ghost[..., 3] = np.arange(256).reshape(16, 16)
    assert of(ghost, "too-many-colours") == []


def test_near_duplicate_colours() -> None:
    pixels = flat()
    for step, row in enumerate((4, 6, 8), start=1):
        pixels[row, 4:10] = (90, 120, 60 + step, 255)
    (finding,) = of(pixels, "near-duplicate-colours")
    assert set(finding.pixels) >= {(4, 4), (9, 6)}
    assert "#5a783c" in finding.message
    fixed = mended(Sprite(pixels), "near-duplicate-colours")
    assert np.array_equal(fixed.rgba_HWC, flat())
    pixels[4:10, 4:10] = GREEN
    assert of(pixels, "near-duplicate-colours") == []


def test_shades_near_black_that_differ_by_one_value_are_near() -> None:
    pixels = flat()
    for at, dark in enumerate(((0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1))):
        pixels[4 + at, 4:8, :3] = dark
    assert of(pixels, "near-duplicate-colours")


def test_a_ramp_has_no_duplicates() -> None:
    away = disc()
    assert of(shaded((away * 8).astype(np.int64), away < 1), "near-duplicate-colours") == []


# ---- alpha --------------------------------------------------------------------------------------


def test_facts_are_notes_with_their_pixels() -> None:
    pixels = flat()
    pixels[5, 5, 3] = 128
    pixels[0, 0] = (255, 0, 0, 0)
    (half,), (phantom,) = of(pixels, "half-transparent"), of(pixels, "phantom-pixel")
    assert (half.pixels, phantom.pixels) == (((5, 5),), ((0, 0),))
    assert {half.severity, phantom.severity} == {"note"}
    assert np.array_equal(mended(Sprite(pixels), "half-transparent").rgba_HWC[5, 5], GREEN)
    assert not mended(Sprite(pixels), "phantom-pixel").rgba_HWC[0, 0].any()


def test_a_soft_edge_is_a_warning() -> None:
    soft = damage(blob(2).rgba_HWC, "soft-edges", 0.8, np.random.default_rng(0))
    (finding,) = of(soft, "half-transparent")
    assert finding.severity == "warning"
    assert finding.message.startswith("The edge is soft")
    fixed = mended(Sprite(soft), "half-transparent").rgba_HWC
    assert set(np.unique(fixed[..., 3]).tolist()) == {0, 255}


def test_a_ghost_is_not_hardened() -> None:
    ghost = blob(3).rgba_HWC.copy()
    ghost[ghost[..., 3] > 0, 3] = 120
    (finding,) = of(ghost, "half-transparent")
    assert (finding.severity, finding.fix) == ("note", "")
    shadow = flat()
    shadow[14, 3:13] = (0, 0, 0, 90)
    assert [(found.severity, found.fix) for found in of(shadow, "half-transparent")] == [("note", "Harden them")]
