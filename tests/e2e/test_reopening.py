"""A picture saved in the window, dropped on it by another program, leads back to every pixel of the canvas."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from lunar_studio.core.arrays import U8
from tests.e2e.drag_source import SIDE
from tests.e2e.robot import Robot, Seen, Spot, robot_at_studio
from tests.e2e.screen import Screen

SLIDER = "slider/shape/0"
WIDTH, HEIGHT = 1440, 900
SOURCE = (4, HEIGHT - SIDE - 4)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_saved_picture_that_is_dropped_shows_what_was_there(screen: Screen, tmp_path: Path) -> None:
    picture = tmp_path / "mine.png"
    with robot_at_studio(screen, tmp_path / "studio") as robot:
        robot.wait_for("the first sprite", lambda seen: "first_sprite" in seen.moments)
        robot.resize(WIDTH, HEIGHT)
        canvas = robot.find(name="canvas")
        robot.wait_until_still(canvas)
        slider = robot.find(name=SLIDER)
        robot.drag_slider(slider, -1.5 if float(slider.value or 0) > 0 else 1.5)
        paint(robot, canvas)
        robot.key("h")
        before = at_rest(robot, canvas)
        position = robot.find(name=SLIDER).value
        robot.key("ctrl+shift+e")
        robot.choose_in_dialog(picture)
        robot.wait_for("the picture", lambda _: picture.exists())
        robot.press(name="random")
        robot.wait_until_changed("the canvas", canvas, before)
        with file_to_drag(robot, picture) as source:
            robot.drag(source, canvas)
            robot.wait_for("the slider where it was", lambda seen: _value(seen) == position)
            robot.wait_for("the sprite of before", lambda _: np.array_equal(at_rest(robot, canvas), before))
        assert robot.close() == 0
        assert robot.log() == ""


def paint(robot: Robot, canvas: Spot) -> None:
    """A few pixels that stay."""
    robot.press(name="button/tool-pencil")
    x, y = canvas.centre
    robot.click_all([(x - 40, y), (x, y), (x + 40, y)])
    robot.wait_for("painted pixels", lambda seen: any("pinned" in spot.text for spot in seen.widgets))


def at_rest(robot: Robot, canvas: Spot) -> U8:
    """The canvas without a mouse over it, and without the ring that says that it has the keyboard."""
    robot.press(name="seed")
    robot.point(WIDTH - 1, HEIGHT - 1)
    return robot.wait_until_still(canvas)


def _value(seen: Seen) -> float | bool | None:
    spot = seen.one(name=SLIDER)
    return None if spot is None else spot.value


@contextmanager
def file_to_drag(robot: Robot, path: Path) -> Iterator[Spot]:
    """Another program's window over the studio's, from which a file can be dragged."""
    x, y = SOURCE
    before = robot.picture()[y : y + SIDE, x : x + SIDE]
    command = [sys.executable, "-m", "tests.e2e.drag_source", str(x), str(y), str(path)]
    with subprocess.Popen(command, env=robot.screen.environment) as process:
        try:
            robot.wait_for(
                "the other program",
                lambda _: not np.array_equal(robot.picture()[y : y + SIDE, x : x + SIDE], before),
            )
            yield Spot("", "", "", "", (x, y, SIDE, SIDE), True, "")
        finally:
            process.terminate()
