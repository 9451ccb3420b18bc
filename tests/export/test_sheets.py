"""Sheets: nothing overlaps, nothing sticks out, every pixel comes back."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.core.sheet import Clip, Frame, Rect, Sheet
from lunar_studio.core.sprite import Sprite
from lunar_studio.errors import ExportError
from lunar_studio.export.sheets import MAX_FRAMES, MAX_SIDE_PX, Layout, enlarged, frame_pixels, lay_out
from tests.export.drawn import frames, sprite

layouts = st.builds(
    Layout,
    columns=st.integers(0, 15),
    padding_px=st.integers(0, 3),
    margin_px=st.integers(0, 3),
    extrude_px=st.integers(0, 2),
    scale=st.integers(1, 3),
    power_of_two=st.booleans(),
    trim=st.booleans(),
    merge_duplicates=st.booleans(),
)


def four(**options: object) -> Sheet:
    """Four frames of 8 by 8, laid out."""
    drawn = tuple(Frame(sprite(index, alphas=(255,)), f"f{index}") for index in range(4))
    return lay_out(drawn, Layout(**options))  # type: ignore[arg-type]


@given(frames(), layouts)
def test_every_frame_comes_back(drawn: tuple[Frame, ...], layout: Layout) -> None:
    sheet = lay_out(drawn, layout)
    assert [placed.name for placed in sheet.frames] == [frame.name for frame in drawn]
    for frame, placed in zip(drawn, sheet.frames, strict=True):
        found, meant = Sprite(frame_pixels(sheet, placed)), Sprite(enlarged(frame.sprite.rgba_HWC, layout.scale))
        assert placed.source_size == (meant.width, meant.height)
        assert placed.duration_ms == frame.duration_ms
        assert found.cleaned() == meant.cleaned()
        assert layout.trim or found == meant


@given(frames(), layouts)
def test_frames_stay_inside_and_apart(drawn: tuple[Frame, ...], layout: Layout) -> None:
    sheet = lay_out(drawn, layout)
    owner = np.full((sheet.image.height, sheet.image.width), -1)
    border = layout.margin_px + layout.extrude_px
    places = dict.fromkeys(placed.rect for placed in sheet.frames)
    for index, rect in enumerate(places):
        assert rect.x >= border
        assert rect.y >= border
        assert rect.x + rect.width + border <= sheet.image.width
        assert rect.y + rect.height + border <= sheet.image.height
        # A frame owns its extrusion and half of the padding around it.
        reach = layout.extrude_px
        rows = slice(rect.y - reach, rect.y + rect.height + reach + layout.padding_px)
        columns = slice(rect.x - reach, rect.x + rect.width + reach + layout.padding_px)
        assert (owner[rows, columns] == -1).all()
        owner[rows, columns] = index
    assert len(places) == len(drawn) or layout.merge_duplicates


@given(frames(), layouts)
def test_the_same_frames_give_the_same_sheet(drawn: tuple[Frame, ...], layout: Layout) -> None:
    assert lay_out(drawn, layout) == lay_out(drawn, layout)


@given(frames(), layouts)
def test_power_of_two_only_adds_empty_pixels(drawn: tuple[Frame, ...], layout: Layout) -> None:
    plain = lay_out(drawn, replace(layout, power_of_two=False)).image
    picture = lay_out(drawn, replace(layout, power_of_two=True)).image
    for side, least in ((picture.width, plain.width), (picture.height, plain.height)):
        assert side & (side - 1) == 0
        assert least <= side < 2 * least
    rest = picture.rgba_HWC.copy()
    np.testing.assert_array_equal(rest[: plain.height, : plain.width], plain.rgba_HWC)
    rest[: plain.height, : plain.width] = 0
    assert not rest.any()


def test_columns_are_kept_and_rows_follow() -> None:
    sheet = four(columns=3, padding_px=2, margin_px=5)
    assert [(placed.rect.x, placed.rect.y) for placed in sheet.frames] == [(5, 5), (15, 5), (25, 5), (5, 15)]
    assert (sheet.image.width, sheet.image.height) == (38, 28)


def test_more_columns_than_frames_leave_no_empty_columns() -> None:
    assert four(columns=9).image.width == 4 * 8


def test_without_columns_a_sheet_is_about_square() -> None:
    assert (four().image.width, four().image.height) == (16, 16)
    wide = lay_out([Frame(sprite(index, 40, 5), f"w{index}") for index in range(16)])
    assert 0.5 <= wide.image.width / wide.image.height <= 2


def test_extrusion_repeats_the_border() -> None:
    sheet = four(columns=4, extrude_px=2)
    picture, rect = sheet.image.rgba_HWC, sheet.frames[1].rect
    assert rect == Rect(14, 2, 8, 8)
    np.testing.assert_array_equal(picture[0, 14:22], picture[2, 14:22])
    np.testing.assert_array_equal(picture[2:10, 12], picture[2:10, 14])
    np.testing.assert_array_equal(picture[11, 23], picture[9, 21])


def test_scale_repeats_pixels() -> None:
    sheet = four(columns=1, scale=3)
    assert sheet.frames[1].rect == Rect(0, 24, 24, 24)
    np.testing.assert_array_equal(sheet.image.rgba_HWC[24:48:3, ::3], sprite(1, alphas=(255,)).rgba_HWC)


def test_trimming_stores_only_what_is_visible() -> None:
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[2:5, 3] = 255
    pixels[7, 7] = (9, 9, 9, 0)  # Colour that nobody sees does not count.
    (placed,) = lay_out([Frame(Sprite(pixels), "a")], Layout(trim=True, scale=2)).frames
    assert placed.rect == Rect(0, 0, 2, 6)
    assert placed.source == Rect(6, 4, 2, 6)
    assert placed.source_size == (16, 16)


def test_an_empty_frame_keeps_one_pixel() -> None:
    sheet = lay_out([Frame(Sprite(np.zeros((5, 6, 4), np.uint8)), "empty")], Layout(trim=True))
    assert sheet.frames[0].rect == Rect(0, 0, 1, 1)
    assert (sheet.image.width, sheet.image.height) == (1, 1)
    assert not frame_pixels(sheet, sheet.frames[0]).any()


def test_duplicates_share_a_place_only_when_asked() -> None:
    twice = [Frame(sprite(1), "a"), Frame(sprite(2), "b"), Frame(sprite(1), "c", 250)]
    merged = lay_out(twice, Layout(columns=3, merge_duplicates=True))
    assert merged.frames[0].rect == merged.frames[2].rect != merged.frames[1].rect
    assert merged.frames[2].duration_ms == 250
    assert merged.image.width == 16
    assert lay_out(twice, Layout(columns=3)).image.width == 24


def test_sprites_of_one_shape_but_other_size_are_no_duplicates() -> None:
    flat = [
        Frame(Sprite(np.full((2, 3, 4), 255, np.uint8)), "a"),
        Frame(Sprite(np.full((3, 2, 4), 255, np.uint8)), "b"),
    ]
    first, second = lay_out(flat, Layout(merge_duplicates=True)).frames
    assert first.rect != second.rect


def test_clips_go_with_the_sheet() -> None:
    clip = Clip("walk", 0, 1, "pingpong")
    drawn = [Frame(sprite(1), "a"), Frame(sprite(2), "b")]
    assert lay_out(drawn, clips=[clip]).clips == (clip,)
    with pytest.raises(ValueError, match="clip"):
        lay_out(drawn, clips=[Clip("walk", 0, 2)])
    with pytest.raises(ValueError, match="clip"):
        lay_out(drawn, clips=[Clip("walk", 1, 0)])


def test_the_largest_sheet_fits_and_one_pixel_more_does_not() -> None:
    side = Sprite(np.zeros((1, MAX_SIDE_PX, 4), np.uint8))
    assert lay_out([Frame(side, "a")]).image.width == MAX_SIDE_PX
    with pytest.raises(ExportError, match=f"{MAX_SIDE_PX + 2} × 3 pixels"):
        lay_out([Frame(side, "a")], Layout(margin_px=1))


def test_a_giant_scale_is_refused_before_memory_is_reserved() -> None:
    with pytest.raises(ExportError, match="more than 4096"):
        lay_out([Frame(sprite(1, 64, 64), "a")], Layout(scale=10**9))


def test_nothing_and_too_many_are_refused() -> None:
    with pytest.raises(ExportError, match="nothing to export"):
        lay_out([])
    dot = Sprite(np.zeros((1, 1, 4), np.uint8))
    with pytest.raises(ExportError, match="too many"):
        lay_out([Frame(dot, str(index)) for index in range(MAX_FRAMES + 1)])


def test_two_frames_of_one_name_are_our_mistake() -> None:
    with pytest.raises(ValueError, match="unique"):
        lay_out([Frame(sprite(1), "a"), Frame(sprite(2), "a")])


@pytest.mark.parametrize(
    "wish", [{"columns": -1}, {"padding_px": -1}, {"margin_px": -1}, {"extrude_px": -1}, {"scale": 0}]
)
def test_a_layout_that_cannot_be_meant_is_refused(wish: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least"):
        Layout(**wish)  # type: ignore[arg-type]
