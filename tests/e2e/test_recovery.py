"""Struck down in the middle of a drag: the next start offers what was there at most two seconds before."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.e2e.robot import Robot, Seen, robot_at_studio
from tests.e2e.screen import Screen

LOST_S = 2.0
STEPS = 30
BETWEEN_S = 0.15
SLIDER = "slider/shape/0"


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_crash_in_the_middle_of_a_drag_costs_two_seconds_at_most(screen: Screen, tmp_path: Path) -> None:
    folder = tmp_path / "studio"
    with robot_at_studio(screen, folder) as robot:
        wait_for_the_first_sprite(robot)
        robot.key("k")
        robot.wait_for("a kept sprite", lambda seen: not any("Press K" in spot.text for spot in seen.widgets))
        passed = drag(robot)
        struck_at = time.monotonic()
        robot.process.send_signal(signal.SIGKILL)
        robot.process.wait(30)
    with robot_at_studio(screen, folder) as robot:
        wait_for_the_first_sprite(robot)
        robot.wait_for("the offer", lambda seen: any("ended before its time" in spot.text for spot in seen.widgets))
        robot.press(name="restore-lost")
        robot.wait_for("no offer", lambda seen: seen.one(name="restore-lost") is None)
        robot.wait_for("the slider where it was", lambda seen: abs(value(seen) - passed[0][1]) > 5)
        robot.wait_until_still(robot.find(name="canvas"))
        found = value(robot.look())
        at = max(moment for moment, position in passed if abs(position - found) <= 2)
        assert struck_at - at <= LOST_S, f"{struck_at - at:.1f} s were lost"
        texts = [spot.text for spot in robot.look().widgets]
        assert not any("Press K" in text for text in texts), "the kept sprite is there again"
        assert robot.close() == 0
        assert robot.log() == ""
    with robot_at_studio(screen, folder) as robot:
        wait_for_the_first_sprite(robot)
        robot.press(name="discard-lost")
        robot.wait_for("no offer", lambda seen: seen.one(name="discard-lost") is None)
        assert robot.close() == 0
    assert list((folder / "home" / "state" / "sessions").iterdir()) == []


def wait_for_the_first_sprite(robot: Robot) -> None:
    """Until the studio shows a sprite, in a window of a known size with the keyboard."""
    robot.wait_for("the first sprite", lambda seen: "first_sprite" in seen.moments)
    robot.resize(1440, 900)
    robot.wait_until_still(robot.find(name="canvas"))


def value(seen: Seen) -> float:
    """Where the slider stands, in hundredths of a standard deviation."""
    spot = seen.one(name=SLIDER)
    assert spot is not None
    return float(spot.value or 0.0)


def drag(robot: Robot) -> list[tuple[float, float]]:
    """Pull the slider for some seconds and do not let go; returns when it stood where."""
    slider = robot.find(name=SLIDER)
    assert slider.groove is not None
    x, y, width, height = slider.groove
    middle, start = y + height // 2, round(x + (float(slider.value or 0) + 400) / 800 * width)
    end = x + width // 8 if start > x + width // 2 else x + width * 7 // 8
    robot.point(start, middle)
    robot.hold()
    passed: list[tuple[float, float]] = []
    for step in range(1, STEPS + 1):
        robot.point(round(start + (end - start) * step / STEPS), middle)
        time.sleep(BETWEEN_S)
        passed.append((time.monotonic(), value(robot.look())))
    return passed
