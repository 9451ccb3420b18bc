"""The canvas: exact pixels at whole zooms in device pixels, at any display scale."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPixmap, QRegion
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lunar_studio.core.sprite import Sprite
from lunar_studio.gui import pictures, theme
from lunar_studio.gui.explore.canvas import Canvas

SIDE = 8
_RANDOM = np.random.default_rng(5)
OPAQUE = Sprite(np.dstack([_RANDOM.integers(0, 256, (SIDE, SIDE, 3)), np.full((SIDE, SIDE), 255)]).astype(np.uint8))


@pytest.fixture
def canvas(qtbot: QtBot, qapp: QApplication) -> Canvas:
    theme.apply(qapp, theme.DARK)
    made = Canvas()
    qtbot.addWidget(made)
    made.resize(400, 300)
    made.preview = False
    made.set_sprite(OPAQUE, 1)
    made.show()
    return made


def drawn(canvas: Canvas) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """What is on the canvas, (height, width, 4), in device pixels."""
    return pixels(canvas.grab())


def painted_again(canvas: Canvas, shown: QPixmap, region: QRegion) -> QPixmap:
    """What was shown, with a part of it painted anew over nothing that belongs there."""
    painter = QPainter(shown)
    painter.setClipRegion(region)
    painter.fillRect(canvas.rect(), QColor("magenta"))
    painter.end()
    canvas.render(shown, region.boundingRect().topLeft(), region)
    return shown


def pixels(shown: QPixmap) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """The same of what was on it."""
    picture = shown.toImage()
    picture.setDevicePixelRatio(1.0)
    return np.array(pictures.to_sprite(picture).rgba_HWC)


@pytest.mark.parametrize("zoom", [1, 2, 3, 7, 9, 16])
def test_every_pixel_is_a_square_of_the_zoom(canvas: Canvas, zoom: int) -> None:
    canvas.set_zoom(zoom)
    area = canvas.sprite_rect()
    seen = drawn(canvas)[area.top() : area.bottom() + 1, area.left() : area.right() + 1]
    expected = OPAQUE.rgba_HWC.repeat(zoom, 0).repeat(zoom, 1)
    np.testing.assert_array_equal(seen, expected)


def test_fitting_takes_the_largest_whole_zoom(canvas: Canvas) -> None:
    assert canvas.fits
    assert canvas.zoom == (300 - 32) // SIDE


def test_another_size_tells_the_zoom_that_fits_it(canvas: Canvas, qtbot: QtBot) -> None:
    told: list[int] = []
    canvas.zoomed.connect(told.append)
    canvas.resize(canvas.width(), canvas.height() // 2)
    qtbot.waitUntil(lambda: told[-1:] == [canvas.zoom])


@pytest.mark.parametrize("zoom", [1, 9])
def test_tiles_repeat_the_sprite_three_by_three(canvas: Canvas, zoom: int) -> None:
    canvas.set_option("tiles", True)
    canvas.set_zoom(zoom)
    area = canvas.sprite_rect()
    seen = drawn(canvas)
    expected = np.tile(OPAQUE.rgba_HWC.repeat(zoom, 0).repeat(zoom, 1), (3, 3, 1))
    top, left = area.top() - area.height(), area.left() - area.width()
    np.testing.assert_array_equal(seen[top : top + 3 * area.height(), left : left + 3 * area.width()], expected)


def test_transparency_shows_both_tones_of_the_checkerboard(canvas: Canvas) -> None:
    canvas.set_sprite(Sprite(np.zeros((SIDE, SIDE, 4), np.uint8)))
    canvas.set_zoom(16)
    area = canvas.sprite_rect()
    seen = drawn(canvas)[area.top() : area.bottom() + 1, area.left() : area.right() + 1, :3].reshape(-1, 3)
    tones = {QColor(*row).name() for row in np.unique(seen, axis=0).tolist()}
    assert tones == {theme.DARK.check_dark, theme.DARK.check_light}
    canvas.set_option("checkerboard", False)
    seen = drawn(canvas)[area.top() : area.bottom() + 1, area.left() : area.right() + 1, :3].reshape(-1, 3)
    assert len(np.unique(seen, axis=0)) == 1


def test_the_grid_hides_no_more_than_the_first_line_of_each_pixel(canvas: Canvas) -> None:
    canvas.set_zoom(16)
    canvas.set_option("pixel_grid", True)
    area = canvas.sprite_rect()
    seen = drawn(canvas)[area.top() : area.bottom() + 1, area.left() : area.right() + 1]
    middle = seen[8::16, 8::16]
    np.testing.assert_array_equal(middle, OPAQUE.rgba_HWC)
    assert (seen[8::16, 16] != seen[8::16, 17]).any()
    canvas.set_zoom(7)
    area = canvas.sprite_rect()
    small = drawn(canvas)[area.top() : area.bottom() + 1, area.left() : area.right() + 1]
    np.testing.assert_array_equal(small, OPAQUE.rgba_HWC.repeat(7, 0).repeat(7, 1))


def test_each_generation_is_presented_once(canvas: Canvas, qtbot: QtBot) -> None:
    seen: list[int] = []
    canvas.presented.connect(seen.append)
    with qtbot.waitSignal(canvas.presented):
        canvas.set_sprite(OPAQUE, 7)
    canvas.update()
    qtbot.wait(30)
    assert seen[-1] == 7
    assert seen.count(7) == 1


class PaintWatch(QObject):
    """What a widget is asked to paint."""

    def __init__(self, watched: Canvas) -> None:
        super().__init__(watched)
        self.region = QRegion()
        watched.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Take it down."""
        if isinstance(event, QPaintEvent):
            self.region += event.region()
        return False


@pytest.mark.parametrize("options", [(), ("preview",), ("tiles",), ("pixel_grid", "preview", "onion"), ("far",)])
def test_another_sprite_paints_what_it_changes_and_no_more_than_its_place(
    canvas: Canvas, qtbot: QtBot, options: tuple[str, ...]
) -> None:
    canvas.resize(500, 220)
    canvas.set_onion(OPAQUE)
    for option in {*options} - {"far"}:
        canvas.set_option(option, True)
    canvas.set_zoom(9)
    if "far" in options:  # half of it lies beyond the edge
        qtbot.mousePress(canvas, Qt.MouseButton.MiddleButton, pos=QPoint(250, 110))
        qtbot.mouseMove(canvas, QPoint(480, 110))
        qtbot.mouseRelease(canvas, Qt.MouseButton.MiddleButton, pos=QPoint(480, 110))
    shown = canvas.grab()
    before = pixels(shown)
    qtbot.wait(30)
    watch = PaintWatch(canvas)
    with qtbot.waitSignal(canvas.presented):
        canvas.set_sprite(Sprite(OPAQUE.rgba_HWC[::-1, ::-1].copy()), 8)
    painted = QRegion(watch.region)
    np.testing.assert_array_equal(pixels(painted_again(canvas, shown, painted)), drawn(canvas))
    changed = (drawn(canvas) != before).any(axis=2)
    assert changed.any()
    rows, columns = changed.nonzero()
    ratio = canvas.devicePixelRatioF()
    assert all(
        painted.contains(QPoint(int(column / ratio), int(row / ratio)))
        for row, column in zip(rows, columns, strict=True)
    )
    assert not painted.contains(QPoint(2, 2)), "the table stays as it is"


def test_a_sprite_that_is_out_of_sight_is_presented_too(canvas: Canvas, qtbot: QtBot) -> None:
    canvas.set_zoom(4)
    qtbot.mousePress(canvas, Qt.MouseButton.MiddleButton, pos=QPoint(0, 150))
    qtbot.mouseMove(canvas, QPoint(2000, 150))
    qtbot.mouseRelease(canvas, Qt.MouseButton.MiddleButton, pos=QPoint(2000, 150))
    assert not canvas.rect().intersects(canvas.sprite_rect())
    with qtbot.waitSignal(canvas.presented):
        canvas.set_sprite(OPAQUE, 9)


def test_the_pixel_under_the_mouse_is_told(canvas: Canvas, qtbot: QtBot) -> None:
    canvas.set_zoom(10)
    told: list[tuple[int, int, object]] = []
    canvas.hovered.connect(lambda x, y, rgba: told.append((x, y, rgba)))
    corner = canvas.sprite_rect().topLeft()
    qtbot.mouseMove(canvas, corner + QPoint(35, 52))
    assert told[-1] == (3, 5, tuple(OPAQUE.rgba_HWC[5, 3].tolist()))
    qtbot.mouseMove(canvas, QPoint(1, 1))
    assert told[-1][2] is None


def test_dragging_moves_the_sprite(canvas: Canvas, qtbot: QtBot) -> None:
    canvas.set_zoom(4)
    before = canvas.sprite_rect().topLeft()
    start = QPoint(200, 150)
    qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(canvas, start + QPoint(30, -12))
    qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=start + QPoint(30, -12))
    assert canvas.sprite_rect().topLeft() - before == QPoint(30, -12)


def test_before_is_shown_while_asked(canvas: Canvas) -> None:
    other = Sprite(255 - OPAQUE.rgba_HWC | np.array([0, 0, 0, 255], np.uint8))
    canvas.set_before(other)
    canvas.set_zoom(8)
    canvas.set_option("shows_before", True)
    area = canvas.sprite_rect()
    seen = drawn(canvas)[area.top() : area.bottom() + 1, area.left() : area.right() + 1]
    np.testing.assert_array_equal(seen, other.rgba_HWC.repeat(8, 0).repeat(8, 1))


def test_no_pixel_off_the_sprite(canvas: Canvas) -> None:
    canvas.set_zoom(4)
    assert canvas.pixel_at(QPointF(0, 0)) is None
    canvas.set_sprite(None)
    assert canvas.pixel_at(QPointF(200, 150)) is None


def test_an_unknown_option_is_refused(canvas: Canvas) -> None:
    with pytest.raises(AttributeError):
        canvas.set_option("blurred", True)


_AT_A_SCALE = """
import sys
import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QRegion
from PySide6.QtWidgets import QApplication
QGuiApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
app = QApplication([])
from tests.gui.test_explore_canvas import OPAQUE, PaintWatch, drawn, painted_again, pixels
from lunar_studio.core.sprite import Sprite
from lunar_studio.gui import theme
from lunar_studio.gui.explore.canvas import Canvas
theme.apply(app, theme.DARK)
canvas = Canvas()
canvas.preview = False
canvas.resize(401, 301)
canvas.set_sprite(OPAQUE, 1)
canvas.show()
app.processEvents()
assert canvas.devicePixelRatioF() == float(sys.argv[1]), canvas.devicePixelRatioF()
for zoom in (1, 5, 13):
    canvas.set_zoom(zoom)
    area = canvas.sprite_rect()
    seen = drawn(canvas)[area.top() : area.bottom() + 1, area.left() : area.right() + 1]
    np.testing.assert_array_equal(seen, OPAQUE.rgba_HWC.repeat(zoom, 0).repeat(zoom, 1))
    shown, watch = canvas.grab(), PaintWatch(canvas)
    for sprite in (Sprite(np.zeros((8, 8, 4), np.uint8)), OPAQUE):
        app.processEvents()
        watch.region = QRegion()
        canvas.set_sprite(sprite, 2)
        app.processEvents()
        assert watch.region != QRegion(canvas.rect()), "a part of it is enough"
        np.testing.assert_array_equal(pixels(painted_again(canvas, shown, watch.region)), drawn(canvas))
"""


@pytest.mark.parametrize("scale", ["1.25", "1.5", "2"])
def test_pixels_are_squares_at_fractional_scales_too(scale: str) -> None:
    root = Path(__file__).resolve().parents[2]
    environment = dict(os.environ, QT_SCALE_FACTOR=scale, QT_QPA_PLATFORM="offscreen", PYTHONPATH=str(root))
    done = subprocess.run(
        [sys.executable, "-c", _AT_A_SCALE, scale],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        cwd=root,
    )
    assert done.returncode == 0, done.stderr
