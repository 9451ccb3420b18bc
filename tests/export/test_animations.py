"""Animations: every picture and duration comes back exactly, or is refused with a reason."""

import io

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lunar_studio.errors import ExportError
from lunar_studio.export.animations import (
    MAX_DURATION_MS,
    MAX_GIF_COLOURS,
    XMP_KEYWORD,
    Kind,
    Timeline,
    decode,
    encode,
    merged,
)
from tests.export.drawn import pixels

KINDS: list[Kind] = ["GIF", "PNG", "WEBP"]


@st.composite
def timelines(draw: st.DrawFn) -> Timeline:
    """Up to eight pictures of one size; neighbours are often equal."""
    width, height = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    seeds = draw(st.lists(st.integers(0, 4), min_size=1, max_size=8))
    alphas = draw(st.sampled_from([(0, 255), (0,), (255,)]))
    return tuple((pixels(seed, width, height, alphas=alphas), draw(st.integers(1, 40)) * 10) for seed in seeds)


def pictures_and_times(timeline: Timeline) -> tuple[list[npt.NDArray[np.uint8]], list[int]]:
    """What plays, and how long."""
    return [picture for picture, _ in timeline], [duration for _, duration in timeline]


@pytest.mark.parametrize("kind", KINDS)
@given(timeline=timelines())
def test_every_picture_comes_back(kind: Kind, timeline: Timeline) -> None:
    meant, meant_ms = pictures_and_times(merged(timeline))
    found, found_ms = pictures_and_times(decode(encode(timeline, kind), kind))
    np.testing.assert_array_equal(found, meant)
    assert len(meant) == 1 or found_ms == meant_ms  # A still has no duration.


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_pictures_give_the_same_bytes(kind: Kind) -> None:
    timeline = tuple((pixels(seed, 9, 7), 100) for seed in range(4))
    assert encode(timeline, kind) == encode(timeline, kind)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_half_transparent_pixels_come_back_where_the_format_can(kind: Kind) -> None:
    timeline = tuple((pixels(seed, 9, 7, alphas=(0, 100, 255)), 70) for seed in range(3))
    np.testing.assert_array_equal(
        pictures_and_times(decode(encode(timeline, kind), kind))[0], pictures_and_times(merged(timeline))[0]
    )


def test_gif_refuses_half_transparent_pixels() -> None:
    with pytest.raises(ExportError, match="half-transparent") as caught:
        encode(((pixels(1, 4, 4, alphas=(100,)), 100),), "GIF")
    assert "APNG" in caught.value.hint


def test_gif_holds_as_many_colours_as_it_says() -> None:
    ramp = np.zeros((1, MAX_GIF_COLOURS + 1, 4), np.uint8)
    ramp[0, :, 0] = np.arange(MAX_GIF_COLOURS + 1)
    ramp[..., 3] = 255
    most = ramp.copy()
    most[0, -1] = 0
    np.testing.assert_array_equal(decode(encode(((most, 100),), "GIF"), "GIF")[0][0], most)
    with pytest.raises(ExportError, match="256 colours"):
        encode(((ramp, 100),), "GIF")


def test_gif_frames_may_each_have_their_own_colours() -> None:
    timeline = []
    for start in (0, 100):
        ramp = np.full((10, 20, 4), 255, np.uint8)
        ramp[..., 1] = np.arange(200).reshape(10, 20)
        ramp[..., 2] = start
        timeline.append((ramp, 100))
    np.testing.assert_array_equal(
        pictures_and_times(decode(encode(tuple(timeline), "GIF"), "GIF"))[0], [ramp for ramp, _ in timeline]
    )


def test_gif_refuses_times_that_it_would_round() -> None:
    with pytest.raises(ExportError, match="hundredths"):
        encode(((pixels(1, 4, 4), 33),), "GIF")


@pytest.mark.parametrize("kind", KINDS)
def test_frames_of_different_sizes_are_refused(kind: Kind) -> None:
    with pytest.raises(ExportError, match="one size"):
        encode(((pixels(1, 4, 4), 100), (pixels(1, 4, 5), 100)), kind)


@pytest.mark.parametrize("kind", KINDS)
def test_a_standstill_longer_than_formats_count_is_refused(kind: Kind) -> None:
    still = pixels(1, 4, 4)
    half = MAX_DURATION_MS // 20 * 10
    other = (pixels(2, 4, 4), 100)
    assert decode(encode(((still, half), (still, half), other), kind), kind)[0][1] == 2 * half
    with pytest.raises(ExportError, match="65 seconds"):
        encode(((still, half), (still, half), (still, 100), other), kind)


def test_texts_are_kept() -> None:
    texts = {"Software": "Lunar Studio", XMP_KEYWORD: "<x:xmpmeta/>"}
    timeline = tuple((pixels(seed, 4, 4), 100) for seed in (1, 2))
    found: dict[Kind, dict[str | tuple[int, int], object]] = {}
    for kind in KINDS:
        with Image.open(io.BytesIO(encode(timeline, kind, texts))) as image:
            image.load()
            found[kind] = dict(image.info)
    assert found["PNG"]["Software"] == "Lunar Studio"
    assert found["PNG"][XMP_KEYWORD] == "<x:xmpmeta/>"
    assert found["WEBP"]["xmp"] == b"<x:xmpmeta/>"
    assert found["GIF"]["comment"] == b"Software: Lunar Studio"


@pytest.mark.parametrize("kind", KINDS)
def test_it_plays_for_ever(kind: Kind) -> None:
    with Image.open(io.BytesIO(encode(tuple((pixels(seed, 4, 4), 100) for seed in (1, 2)), kind))) as image:
        assert image.info["loop"] == 0


def test_merging_adds_times_and_forgets_invisible_colour() -> None:
    shown = np.full((1, 1, 4), 255, np.uint8)
    red_glass, blue_glass = np.array([[[255, 0, 0, 0]]], np.uint8), np.array([[[0, 0, 255, 0]]], np.uint8)
    found = merged([(shown, 10), (red_glass, 20), (blue_glass, 30), (shown, 40)])
    assert [duration for _, duration in found] == [10, 50, 40]
    assert not found[1][0].any()
