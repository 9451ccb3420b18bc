"""Lint as a whole: order, score, laws of symmetry, and any picture at all."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from lunar_studio.core.arrays import U8
from lunar_studio.core.score import LintFinding, LintReport
from lunar_studio.core.sprite import Sprite
from lunar_studio.pixels.damage import FAMILIES, damage
from lunar_studio.pixels.lint import RULES, examine, lint, mended
from lunar_studio.pixels.lint.subject import MOST_PLACES
from tests.pixels.drawn import blob, texture

ANY_PICTURE = arrays.arrays(np.uint8, st.tuples(st.integers(1, 20), st.integers(1, 20), st.just(4)))


@st.composite
def few_colours(draw: st.DrawFn) -> U8:
    """A picture of up to six colours, some of them near to each other, some half-transparent or hidden."""
    side = st.integers(1, 24)
    height, width = draw(side), draw(side)
    colours = draw(arrays.arrays(np.uint8, (6, 4), elements=st.sampled_from([0, 1, 2, 90, 128, 200, 254, 255])))
    colours[:4, 3] = (255, 255, 0, 255)
    places = draw(arrays.arrays(np.uint8, (height, width), elements=st.integers(0, 5)))
    made: U8 = colours[places]
    return made


@st.composite
def damaged(draw: st.DrawFn) -> U8:
    """A drawn sprite with one family of damage."""
    seed = draw(st.integers(0, 40))
    made = draw(st.sampled_from([blob, texture]))(seed).rgba_HWC
    family, severity = draw(st.sampled_from(sorted(FAMILIES))), draw(st.floats(0.05, 1.0))
    return damage(made, family, severity, np.random.default_rng(seed))


def facts(sprite: Sprite) -> list[tuple[str, str, frozenset[tuple[int, int]]]]:
    return [(found.rule, found.severity, frozenset(found.pixels)) for found in lint(sprite)]


@pytest.mark.parametrize("seed", range(20))
def test_clean_sprites_get_no_warning(seed: int) -> None:
    for sprite in (blob(seed), texture(seed)):
        # Nobody has placed the pixels of these outlines by hand, so that some of their lines do break.
        found = {finding.rule for finding in lint(sprite) if finding.severity == "warning"}
        assert found <= {"jaggies"}


@settings(max_examples=60, deadline=None)
@given(st.one_of(ANY_PICTURE, few_colours(), damaged()))
def test_any_picture_can_be_linted(pixels: U8) -> None:
    findings = lint(Sprite(pixels))
    severities = [finding.severity for finding in findings]
    assert severities == sorted(severities, key="note".__eq__)
    for finding in findings:
        assert finding.message.endswith(".")
        assert finding.rule in RULES
        assert 0.0 <= finding.extent <= 1.0
        assert type(finding.extent) is float
        assert not finding.fix or RULES[finding.rule].mend is not None
        assert len(set(finding.pixels)) == len(finding.pixels)
        for x, y in finding.pixels:
            assert 0 <= x < pixels.shape[1]
            assert 0 <= y < pixels.shape[0]


@settings(max_examples=60, deadline=None)
@given(st.one_of(few_colours(), damaged()))
def test_a_mirrored_sprite_has_the_same_findings_mirrored(pixels: U8) -> None:
    height, width = pixels.shape[:2]
    plain = facts(Sprite(pixels))
    across = facts(Sprite(pixels[:, ::-1]))
    down = facts(Sprite(pixels[::-1]))
    turned = facts(Sprite(pixels.swapaxes(0, 1)))
    assert across == [(rule, kind, frozenset((width - 1 - x, y) for x, y in spots)) for rule, kind, spots in plain]
    assert down == [(rule, kind, frozenset((x, height - 1 - y) for x, y in spots)) for rule, kind, spots in plain]
    assert turned == [(rule, kind, frozenset((y, x) for x, y in spots)) for rule, kind, spots in plain]


@settings(max_examples=60, deadline=None)
@given(st.one_of(few_colours(), damaged()))
def test_every_fix_removes_its_finding_and_shows_no_new_pixel(pixels: U8) -> None:
    sprite = Sprite(pixels, "mine")
    for finding in lint(sprite):
        if not finding.fix:
            continue
        fixed = mended(sprite, finding.rule)
        assert finding.rule not in {left.rule for left in lint(fixed)}
        assert fixed.rgba_HWC.shape == pixels.shape
        assert fixed.name == "mine"
        assert not ((fixed.rgba_HWC[..., 3] > 0) & (pixels[..., 3] == 0)).any()
        assert (fixed.rgba_HWC[..., 3] > 0).any() or not (pixels[..., 3] > 0).any()
        if not finding.pixels:
            continue
        # A fix that names its pixels touches no other.
        named = np.zeros(pixels.shape[:2], np.bool_)
        named[tuple(zip(*((y, x) for x, y in finding.pixels), strict=True))] = True
        same_rule = [other.pixels for other in lint(sprite) if other.rule == finding.rule]
        for spots in same_rule:
            for x, y in spots:
                named[y, x] = True
        assert np.array_equal(fixed.rgba_HWC[~named], pixels[~named])


@settings(max_examples=40, deadline=None)
@given(st.one_of(few_colours(), damaged()))
def test_the_score_is_the_product_of_what_warnings_take(pixels: U8) -> None:
    report = examine(Sprite(pixels))
    left = math.prod(1 - RULES[found.rule].weight * (0.5 + 0.5 * found.extent) for found in report.warnings)
    assert report.score == pytest.approx(100 * left)
    assert 0 < report.score <= 100
    assert (report.score == 100) == (not report.warnings)


def test_more_damage_scores_lower_on_average() -> None:
    sprites = [blob(seed).rgba_HWC for seed in range(10)]
    for family in ("palette-noise", "wrong-grid", "soft-edges"):
        means = []
        for severity in (0.0, 0.05, 1.0):
            rng = np.random.default_rng(1)
            harmed = [damage(rgba, family, severity, rng) if severity else rgba for rgba in sprites]
            means.append(float(np.mean([examine(Sprite(rgba)).score for rgba in harmed])))
        assert all(better >= worse for better, worse in pairwise(means)), (family, means)
        assert means[0] > means[-1] + 5


def test_a_report_tells_warnings_from_notes() -> None:
    note, warning = LintFinding("phantom-pixel", "One.", "note"), LintFinding("jaggies", "Two.", "warning")
    assert LintReport((warning, note), 90.0).warnings == (warning,)


def test_only_safe_fixes_are_offered() -> None:
    with pytest.raises(ValueError, match="no safe fix"):
        mended(blob(1), "jaggies")
    with pytest.raises(KeyError):
        mended(blob(1), "ugliness")


def test_every_rule_teaches() -> None:
    for rule in RULES.values():
        assert rule.title[0].isupper()
        assert rule.lesson.endswith(".")
        assert 0 < rule.weight < 1


def test_a_picture_too_large_for_a_sprite_is_bounded() -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (600, 500, 4), dtype=np.uint8)
    pixels[..., 3] = np.where(pixels[..., 3] > 100, 77, 0)
    findings = {finding.rule: finding for finding in lint(Sprite(pixels))}
    assert len(findings["half-transparent"].pixels) == MOST_PLACES
    assert not {"jaggies", "banding", "pillow-shading"} & set(findings)
