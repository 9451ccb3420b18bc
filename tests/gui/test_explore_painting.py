"""Brushes in the real window: exact pixels at once, one step for each stroke, pins that stay."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QMouseEvent
from PySide6.QtWidgets import QApplication, QColorDialog
from pytestqt.qtbot import QtBot

from lunar_studio.core.overlay import NOTHING, Overlay, Pixel
from lunar_studio.core.sprite import Sprite
from lunar_studio.gui import pictures
from lunar_studio.gui.explore.canvas import Canvas
from tests.gui.fakes import SIZE
from tests.gui.shell_studio import ShellStudio, studio

LEFT, RIGHT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton
SHIFT, ALT, NONE = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.NoModifier
RED, CLEAR = (255, 0, 0, 255), (0, 0, 0, 0)


class Painter:
    """A studio with a tool in hand.

    Attributes:
        shell: The studio.
        canvas: Its canvas, at a zoom of 8.
    """

    def __init__(self, shell: ShellStudio, qtbot: QtBot) -> None:
        self.shell, self._qtbot = shell, qtbot
        self.canvas: Canvas = shell.window.explore.canvas
        self.canvas.set_zoom(8)
        shell.window.explore.painting.set_colour(RED)

    def take(self, key: Qt.Key) -> None:
        """Press a tool's key."""
        self._qtbot.keyClick(self.shell.window, key)

    def at(self, pixel: Pixel) -> QPoint:
        """The middle of a pixel, on the canvas."""
        return self.canvas.sprite_rect().topLeft() + QPoint(8 * pixel[0] + 4, 8 * pixel[1] + 4)

    def drag(
        self, *path: Pixel, button: Qt.MouseButton = LEFT, held: Qt.KeyboardModifier = NONE, lift: bool = True
    ) -> None:
        """Press at the first pixel, pass the others, let go at the last."""
        self._qtbot.mousePress(self.canvas, button, held, pos=self.at(path[0]))
        for pixel in path[1:]:
            place = QPointF(self.at(pixel))
            event = QMouseEvent(
                QMouseEvent.Type.MouseMove, place, self.canvas.mapToGlobal(place), Qt.MouseButton.NoButton, button, held
            )
            QApplication.sendEvent(self.canvas, event)
        if lift:
            self._qtbot.mouseRelease(self.canvas, button, held, pos=self.at(path[-1]))

    @property
    def sprite(self) -> Sprite:
        """What the canvas shows, pixel by pixel."""
        image = self.canvas.shown_image
        assert image is not None
        return pictures.to_sprite(image)

    @property
    def drawn(self) -> Sprite:
        """What the model drew."""
        current = self.shell.controller.current
        assert current is not None
        return current.drawn

    def painted(self) -> dict[Pixel, tuple[int, int, int, int]]:
        """The painted pixels of the document."""
        return {pixel: rgba for pixel, rgba, _ in self.shell.session.document.edits}

    def titles(self) -> list[str]:
        """The lines of the history list."""
        return [entry.title for entry in self.shell.session.entries]


@pytest.fixture
def painter(qtbot: QtBot) -> Iterator[Painter]:
    with studio(qtbot) as shell:
        shell.window.activateWindow()
        yield Painter(shell, qtbot)


def test_a_pencil_stroke_is_seen_at_once_has_no_gap_and_is_one_step(painter: Painter) -> None:
    painter.take(Qt.Key.Key_B)
    painter.drag((2, 3), (9, 3), (9, 6))
    expected = painter.drawn.rgba_HWC.copy()
    expected[3, 2:10] = expected[3:7, 9] = RED
    np.testing.assert_array_equal(painter.sprite.rgba_HWC, expected)
    assert painter.titles() == ["Paint"]
    painter.shell.session.undo()
    np.testing.assert_array_equal(painter.sprite.rgba_HWC, painter.drawn.rgba_HWC)


def test_two_strokes_are_two_steps(painter: Painter) -> None:
    painter.take(Qt.Key.Key_B)
    painter.drag((2, 3), (4, 3))
    painter.drag((2, 5), (4, 5))
    assert painter.titles() == ["Paint", "Paint"]


def test_shift_draws_on_from_the_last_pixel(painter: Painter) -> None:
    painter.take(Qt.Key.Key_B)
    painter.drag((2, 2))
    painter.drag((6, 6), held=SHIFT)
    assert set(painter.painted()) == {(n, n) for n in range(2, 7)}


def test_the_right_button_is_the_tools_other_half(painter: Painter) -> None:
    painter.take(Qt.Key.Key_B)
    painter.drag((16, 16), (18, 16), button=RIGHT)
    assert set(painter.painted().values()) == {CLEAR}
    painter.take(Qt.Key.Key_E)
    painter.drag((17, 16), button=RIGHT)
    assert set(painter.painted()) == {(16, 16), (18, 16)}
    painter.drag((17, 18))
    assert painter.painted()[17, 18] == CLEAR


def test_the_picker_takes_what_is_seen_and_never_nothing(painter: Painter) -> None:
    painting = painter.shell.window.explore.painting
    painter.take(Qt.Key.Key_I)
    painter.drag((16, 20))
    assert painting.colour == tuple(painter.sprite.rgba_HWC[20, 16].tolist())
    before = painting.colour
    painter.drag((0, 0))
    assert painting.colour == before
    assert painter.painted() == {}


def test_alt_picks_with_any_tool(painter: Painter) -> None:
    painter.take(Qt.Key.Key_B)
    painter.drag((16, 20), held=ALT)
    assert painter.painted() == {}
    assert painter.shell.window.explore.painting.colour == tuple(painter.sprite.rgba_HWC[20, 16].tolist())


def test_the_bucket_fills_an_area_or_all_of_a_colour(painter: Painter) -> None:
    painter.take(Qt.Key.Key_G)
    painter.drag((0, 0))
    outside = painter.drawn.rgba_HWC[..., 3] == 0
    assert outside[0, 0]
    assert painter.titles() == ["Fill"]
    assert (painter.sprite.rgba_HWC[0, 0] == RED).all()
    painter.shell.session.undo()
    painter.drag((0, 0), held=SHIFT)
    assert set(painter.painted()) == {(int(x), int(y)) for y, x in np.argwhere(outside)}


def test_the_brush_stops_at_the_edge_but_goes_round_on_tiles(painter: Painter) -> None:
    painter.take(Qt.Key.Key_B)
    painter.drag((30, 3), (SIZE + 1, 3))
    assert set(painter.painted()) == {(30, 3), (31, 3)}
    painter.shell.session.undo()
    painter.canvas.set_option("tiles", True)
    painter.canvas.set_zoom(8)
    painter.drag((30, 3), (SIZE + 1, 3))
    assert set(painter.painted()) == {(30, 3), (31, 3), (0, 3), (1, 3)}


def test_pinned_pixels_stay_through_sliders_and_rolls_and_loose_ones_do_not(painter: Painter, qtbot: QtBot) -> None:
    shell, pin_painted = painter.shell, painter.shell.window.actions_by_id["pin-painted"]
    assert pin_painted.isChecked()
    painter.take(Qt.Key.Key_B)
    painter.drag((3, 3))
    pin_painted.trigger()
    painter.drag((5, 5))
    shell.slider("shape/0").setValue(300)
    shell.wait_until_shown()
    assert painter.painted() == {(3, 3): RED, (5, 5): RED}
    np.testing.assert_array_equal(painter.sprite.rgba_HWC[3, 3], RED)
    before = shell.session.document.latent
    shell.window.actions_by_id["re-roll"].trigger()
    qtbot.waitUntil(lambda: shell.session.document.latent != before)
    shell.wait_until_shown()
    assert painter.painted() == {(3, 3): RED}
    np.testing.assert_array_equal(painter.sprite.rgba_HWC[3, 3], RED)
    shell.session.undo()
    shell.wait_until_shown()
    assert painter.painted() == {(3, 3): RED, (5, 5): RED}


def test_the_pin_keeps_what_is_seen_and_lets_go(painter: Painter) -> None:
    painter.take(Qt.Key.Key_P)
    painter.drag((14, 18), (16, 18))
    seen = painter.drawn.rgba_HWC
    assert painter.painted() == {(x, 18): tuple(seen[18, x].tolist()) for x in (14, 15, 16)}
    painter.drag((15, 18), button=RIGHT)
    assert {p for p, _, pinned in painter.shell.session.document.edits if pinned} == {(14, 18), (16, 18)}
    painter.shell.window.actions_by_id["unpin-all"].trigger()
    assert not painter.shell.session.document.edits.pinned_N.any()
    painter.shell.window.actions_by_id["clear-edits"].trigger()
    assert painter.shell.session.document.edits == NOTHING


def test_what_is_painted_is_judged_and_kept(painter: Painter, qtbot: QtBot) -> None:
    shell = painter.shell
    first = shell.controller.current
    assert first is not None
    painter.take(Qt.Key.Key_G)
    with qtbot.waitSignal(shell.controller.shown):
        painter.drag((0, 0))
    current = shell.controller.current
    assert current is not None
    assert current.score == shell.loader.explorer.score(painter.sprite)
    assert current.score != first.score
    shell.window.actions_by_id["bookmark"].trigger()
    (kept,) = shell.session.document.bookmarks
    assert kept.sprite == painter.sprite
    shell.window.actions_by_id["clear-edits"].trigger()
    shell.window.explore.shelving.go_to(kept.id)
    shell.wait_until_shown()
    assert painter.sprite == kept.sprite
    assert shell.session.document.compared_edits == kept.edits


def test_a_stroke_is_not_lost_when_an_older_answer_comes(painter: Painter, qtbot: QtBot) -> None:
    painter.shell.loader.explorer.pause_s = 0.05
    painter.take(Qt.Key.Key_B)
    painter.shell.slider("shape/0").setValue(300)
    painter.drag((2, 2), (3, 2))
    shown: list[bool] = []
    painter.shell.controller.shown.connect(lambda event: shown.append((event.sprite.rgba_HWC[2, 2] == RED).all()))
    qtbot.waitUntil(lambda: bool(shown))  # one or two: what came late was left out
    painter.shell.wait_until_shown()
    assert all(shown)


def test_tools_are_one_at_a_time_and_escape_lays_them_down(painter: Painter, qtbot: QtBot) -> None:
    actions = painter.shell.window.actions_by_id
    painter.take(Qt.Key.Key_B)
    painter.take(Qt.Key.Key_E)
    assert [name for name in ("pencil", "eraser", "hand") if actions[f"tool-{name}"].isChecked()] == ["eraser"]
    qtbot.keyClick(painter.canvas, Qt.Key.Key_Escape)
    assert actions["tool-hand"].isChecked()
    corner = painter.canvas.sprite_rect().topLeft()
    painter.drag((4, 4), (6, 5))
    assert painter.painted() == {}
    assert painter.canvas.sprite_rect().topLeft() != corner


def test_escape_lays_the_tool_down_wherever_the_keyboard_is(painter: Painter, qtbot: QtBot) -> None:
    painter.take(Qt.Key.Key_B)
    slider = painter.shell.slider("shape/0")
    slider.setFocus()
    qtbot.keyClick(slider, Qt.Key.Key_Escape)
    assert painter.shell.window.explore.painting.tool == "hand"


def test_with_a_tool_space_moves_and_a_tap_rolls(painter: Painter, qtbot: QtBot) -> None:
    canvas, session = painter.canvas, painter.shell.session
    painter.take(Qt.Key.Key_B)
    corner, before = canvas.sprite_rect().topLeft(), session.document.latent
    qtbot.keyPress(canvas, Qt.Key.Key_Space)
    painter.drag((4, 4), (6, 4))
    qtbot.keyRelease(canvas, Qt.Key.Key_Space)
    assert canvas.sprite_rect().topLeft() - corner == QPoint(16, 0)
    assert painter.painted() == {}
    assert session.document.latent == before
    qtbot.keyClick(canvas, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: session.document.latent != before)


def test_the_middle_button_moves_with_a_tool_in_hand(painter: Painter) -> None:
    painter.take(Qt.Key.Key_B)
    corner = painter.canvas.sprite_rect().topLeft()
    painter.drag((4, 4), (4, 6), button=MIDDLE)
    assert painter.canvas.sprite_rect().topLeft() - corner == QPoint(0, 16)
    assert painter.painted() == {}


def test_before_is_a_switch_and_held_a_glance(painter: Painter, qtbot: QtBot) -> None:
    window, canvas = painter.shell.window, painter.canvas
    qtbot.waitUntil(lambda: canvas._before is not None)
    qtbot.keyClick(window, Qt.Key.Key_X)
    assert canvas.shows_before, "pressed, it stays"
    qtbot.keyClick(window, Qt.Key.Key_X)
    assert not canvas.shows_before
    qtbot.keyPress(window, Qt.Key.Key_X)
    assert canvas.shows_before
    qtbot.wait(400)
    qtbot.keyRelease(window, Qt.Key.Key_X)
    assert not canvas.shows_before, "held, it goes when the key comes up"


def test_nobody_paints_on_before(painter: Painter, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: painter.canvas._before is not None)
    painter.take(Qt.Key.Key_B)
    painter.shell.window.actions_by_id["before-after"].trigger()
    painter.drag((3, 3), (5, 3))
    assert painter.painted() == {}


def test_the_state_before_the_last_step_shines_through(painter: Painter) -> None:
    painter.shell.window.actions_by_id["onion"].trigger()
    painter.take(Qt.Key.Key_B)
    painter.drag((0, 0), (1, 0))
    beside_the_dot = painter.at((0, 0)) + QPoint(2, 2)
    assert painter.drawn.rgba_HWC[0, 0, 3] == 0
    pixel = painter.canvas.grab().toImage().pixelColor(beside_the_dot)
    assert pixel.red() == 255, "there was nothing before that could shine through"
    painter.drag((0, 0), button=RIGHT)
    below = painter.canvas.grab().toImage().pixelColor(beside_the_dot)
    assert below.red() > 100 > below.green(), "the red of before"


def test_marks_and_pins_can_be_seen(painter: Painter) -> None:
    canvas = painter.canvas
    plain = pictures.to_sprite(canvas.grab().toImage())
    mask = np.zeros((SIZE, SIZE), np.bool_)
    mask[16, 16] = True
    canvas.show_marks(mask)
    marked = pictures.to_sprite(canvas.grab().toImage())
    changed = np.argwhere((plain.rgba_HWC != marked.rgba_HWC).any(axis=2))
    area = canvas.sprite_rect()
    assert len(changed)
    assert (np.abs(changed - [area.y() + 8 * 16 + 4, area.x() + 8 * 16 + 4]) <= 6).all(), "only round that pixel"
    canvas.show_marks(np.zeros((3, 3), np.bool_))
    assert pictures.to_sprite(canvas.grab().toImage()) == plain, "a mask of another size is not shown"
    canvas.show_marks(None)
    painter.take(Qt.Key.Key_B)
    painter.drag((16, 16))
    canvas._hover = None
    pinned = pictures.to_sprite(canvas.grab().toImage())
    painter.shell.window.actions_by_id["unpin-all"].trigger()
    assert pictures.to_sprite(canvas.grab().toImage()) != pinned


def test_colours_are_picked_from_the_strip_by_mouse_and_keys(painter: Painter, qtbot: QtBot) -> None:
    page = painter.shell.window.explore
    strip = page.brushes.palette_strip
    area, rgb = strip.swatches()[2]
    qtbot.mouseClick(strip, LEFT, pos=area.center())
    assert page.painting.colour == (*rgb, 255)
    assert page.brushes.well.colour == (*rgb, 255)
    qtbot.keyClick(strip, Qt.Key.Key_Right)
    assert page.painting.colour == (*strip.swatches()[3][1], 255)


@pytest.mark.qt_log_ignore("propagateSizeHints")  # the platform without a screen has no window manager
def test_a_mixed_colour_is_kept_once_and_can_be_undone(painter: Painter) -> None:
    page, window = painter.shell.window.explore, painter.shell.window
    window.actions_by_id["mix-colour"].trigger()
    dialog = window.findChild(QColorDialog)
    assert isinstance(dialog, QColorDialog)
    assert not dialog.isModal()
    dialog.setCurrentColor(QColor(1, 2, 3))
    dialog.accept()
    page.painting.mix((1, 2, 3))
    assert page.brushes.palette_strip.mixed == ((1, 2, 3),)
    assert page.painting.colour == (1, 2, 3, 255)
    painter.shell.session.undo()
    assert len(page.brushes.palette_strip.mixed) == 0


def test_conditions_follow_what_is_painted(painter: Painter) -> None:
    actions = painter.shell.window.actions_by_id
    assert not actions["clear-edits"].isEnabled()
    painter.take(Qt.Key.Key_B)
    painter.drag((3, 3))
    assert actions["clear-edits"].isEnabled()
    assert actions["unpin-all"].isEnabled()
    actions["unpin-all"].trigger()
    assert not actions["unpin-all"].isEnabled()


def test_nothing_is_painted_without_a_sprite(qtbot: QtBot) -> None:
    with studio(qtbot, model=False) as shell:
        assert not shell.window.actions_by_id["tool-pencil"].isEnabled()
        assert shell.window.explore.painting.colour == (0, 0, 0, 255)


def test_a_painted_overlay_is_what_the_service_was_asked_for(painter: Painter, qtbot: QtBot) -> None:
    painter.take(Qt.Key.Key_B)
    painter.drag((3, 3), (4, 3))
    qtbot.waitUntil(
        lambda: (
            painter.shell.controller.current is not None
            and painter.shell.controller.current.edits == Overlay.painted([(3, 3), (4, 3)], RED)
        )
    )


# ---- the rest follows --------------------------------------------------------------------------------------


def test_the_rest_follows_in_one_step_and_is_told(painter: Painter, qtbot: QtBot) -> None:
    shell, action = painter.shell, painter.shell.window.actions_by_id["follow-pins"]
    assert not action.isEnabled()
    painter.take(Qt.Key.Key_B)
    painter.drag((3, 3), (6, 3))
    before = shell.session.document.latent
    assert before is not None
    said: list[str] = []
    shell.window.explore.following.said.connect(said.append)
    qtbot.keyClick(shell.window, Qt.Key.Key_F)
    assert action.isChecked()
    qtbot.waitUntil(lambda: not action.isChecked())
    shell.wait_until_shown()
    after = shell.session.document.latent
    assert after is not None
    assert after.values_L[1] == pytest.approx(before.values_L[1] + 1.0, abs=1e-5)
    assert painter.titles() == ["Paint", "Make the rest follow"]
    assert said[-1] == "The model now draws 100% of your pins of its own; it was 0%"
    assert any("40% of your pins, step 4" in words for words in said)
    np.testing.assert_array_equal(painter.sprite.rgba_HWC[3, 3:7], [RED] * 4)
    shell.session.undo()
    assert shell.session.document.latent == before


def test_any_other_edit_ends_it(painter: Painter, qtbot: QtBot) -> None:
    shell, following = painter.shell, painter.shell.window.explore.following
    painter.take(Qt.Key.Key_B)
    painter.drag((3, 3))
    said: list[str] = []
    following.said.connect(said.append)
    following.start()
    qtbot.waitUntil(lambda: "Make the rest follow" in painter.titles())
    shell.slider("shape/0").setValue(300)
    moved = shell.session.document.latent
    qtbot.waitUntil(lambda: not following.is_running)
    assert shell.session.document.latent == moved
    assert "no longer" in said[-1]


def test_pressing_again_stops_it_where_it_is(painter: Painter, qtbot: QtBot) -> None:
    shell, action = painter.shell, painter.shell.window.actions_by_id["follow-pins"]
    painter.take(Qt.Key.Key_B)
    painter.drag((3, 3))
    before = shell.session.document.latent
    assert before is not None
    action.trigger()
    qtbot.waitUntil(lambda: shell.session.document.latent != before)
    action.trigger()
    qtbot.waitUntil(lambda: not action.isChecked())
    stopped = shell.session.document.latent
    assert stopped is not None
    assert stopped.values_L[1] < before.values_L[1] + 0.95
