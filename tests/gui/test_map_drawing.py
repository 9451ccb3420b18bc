"""What the map is drawn with: the camera's arithmetic, colours, dots, the sheet of thumbnails."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from lunar_studio.core.sprite import Sprite
from lunar_studio.gui.explore import map_ink
from lunar_studio.gui.explore.map_camera import LARGEST_ZOOM, MapCamera
from lunar_studio.gui.explore.map_thumbs import CELL_PX, ThumbSheet

_UNIT = st.floats(0, 1)


@given(_UNIT, _UNIT, st.floats(1, LARGEST_ZOOM), _UNIT, _UNIT)
def test_screen_and_map_are_each_others_inverse(x: float, y: float, zoom: float, across: float, down: float) -> None:
    camera = MapCamera(900, 500, x, y, zoom)
    xs, ys = camera.to_screen(np.array([[across, down]], np.float32))
    assert camera.to_map(float(xs[0]), float(ys[0])) == pytest.approx((across, down), abs=1e-3)


@given(_UNIT, _UNIT, st.floats(0.01, 100), st.floats(0, 900), st.floats(0, 500))
def test_zoom_keeps_within_bounds_and_what_lies_under_the_mouse(
    x: float, y: float, factor: float, column: float, row: float
) -> None:
    before = MapCamera(900, 500, x, y, 3.0)
    after = before.zoomed(factor, column, row)
    assert 1.0 <= after.zoom <= LARGEST_ZOOM
    assert 0.0 <= after.x <= 1.0
    assert 0.0 <= after.y <= 1.0
    if 0.0 < after.x < 1.0 and 0.0 < after.y < 1.0:
        assert after.to_map(column, row) == pytest.approx(before.to_map(column, row), abs=1e-6)


def test_dots_are_round_and_those_over_the_edge_are_cut() -> None:
    image = np.zeros((20, 30), np.uint32)
    colour = map_ink.packed(np.array([[10.0, 20.0, 30.0]] * 3))
    map_ink.put_dots(
        image, np.array([15, 0, 500], np.float32), np.array([10, 0, 10], np.float32), colour, 3.0, 0xFF000000
    )
    assert image[10, 15] == 0xFF0A141E
    assert image[10, 18] == 0xFF050A0F  # the edge is half as strong
    assert image[7, 12] == 0  # a corner is outside
    assert image[0, 0] == 0xFF0A141E
    assert (image[:, 25:] == 0).all()
    assert np.array_equal(image[10, 12:19], image[10, 12:19][::-1])


def test_more_is_never_less_bright_in_the_dark_and_unknown_is_grey() -> None:
    values = np.linspace(0, 1, 50, dtype=np.float32)
    for theme, sign in (("dark", 1), ("light", -1)):
        colours = map_ink.ramp(values, theme)
        light = 0.21 * (colours >> 16 & 255) + 0.72 * (colours >> 8 & 255) + 0.07 * (colours & 255)
        assert (np.diff(light) * sign > -0.8).all()
    grey = map_ink.ramp(np.array([np.nan], np.float32), "dark")
    assert grey[0] == map_ink.packed(np.array([map_ink.OTHERS["dark"]], np.float64))[0]


def test_frequent_kinds_have_a_colour_and_rare_ones_are_grey() -> None:
    kinds = [f"kind{index}" for index in range(12) for _ in range(12 - index)]
    assert map_ink.ranked_kinds(kinds) == tuple(f"kind{index}" for index in range(8))
    colours = map_ink.kind_colours(kinds, "dark")
    assert len(set(colours.tolist())) == 9
    assert map_ink.ranked_kinds(["", ""]) == ()


def test_a_thumbnail_is_drawn_where_it_shall_be_pixel_by_pixel(qapp: QApplication) -> None:
    del qapp
    rgba = np.zeros((32, 32, 4), np.uint8)
    rgba[...] = (200, 10, 10, 255)
    rgba[0, 0] = (0, 255, 0, 255)
    sheet = ThumbSheet(70)
    sheet.add(65, Sprite(rgba))
    sheet.add(700, Sprite(rgba))  # not on this map: nothing happens
    assert sheet.known_N.nonzero()[0].tolist() == [65]
    assert sheet.picture(64) is None
    image = QImage(100, 100, QImage.Format.Format_RGB32)
    image.fill(0)
    painter = QPainter(image)
    sheet.draw(painter, np.array([65]), np.array([50], np.float32), np.array([50], np.float32), 1.0)
    painter.end()
    corner = 50 - CELL_PX // 2
    assert _rgb(image, corner, corner) == (0, 255, 0)
    assert _rgb(image, corner + 31, corner + 31) == (200, 10, 10)
    assert _rgb(image, corner - 1, corner) == (0, 0, 0)


def _rgb(image: QImage, x: int, y: int) -> tuple[int, int, int]:
    colour = image.pixelColor(x, y)
    return colour.red(), colour.green(), colour.blue()
