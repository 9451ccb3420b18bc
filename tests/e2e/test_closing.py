"""Closing the real window while a real model learns: it asks, saves, and the process is gone."""

from __future__ import annotations

import re
import time
from pathlib import Path

import msgspec
import pytest

from tests.e2e.robot import Robot, Seen, robot_at_studio
from tests.e2e.screen import Screen
from tests.e2e.test_main_job import draw_art

GONE_S = 3.0


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_closing_asks_then_saves_then_is_gone(screen: Screen, tmp_path: Path) -> None:
    with robot_at_studio(screen, tmp_path / "studio") as robot:
        robot.wait_for("the first sprite", lambda seen: "first_sprite" in seen.moments)
        robot.resize(1440, 900)
        train(robot, draw_art(tmp_path / "my blobs"))
        robot.key("ctrl+q")
        robot.press(text="Cancel")
        robot.take_the_keyboard()
        step = _step(robot.look())
        robot.wait_for("further steps", lambda seen: _step(seen) > step + 2)
        robot.key("ctrl+q")
        robot.press(text="Stop, save and close")
        robot.press(text="Close without waiting")  # offered as soon as all is saved
        pressed_s = time.monotonic()
        assert robot.process.wait(60.0) == 0
        assert time.monotonic() - pressed_s < GONE_S
        run = next((robot.home / "runs").iterdir())
        facts = msgspec.json.decode((run / "run.json").read_bytes(), type=dict[str, object])
        assert isinstance(facts["step"], int)
        assert facts["step"] > step
        assert list((run / "checkpoints").iterdir())


def train(robot: Robot, art: Path) -> None:
    """Take the art, and wait for the first steps."""
    robot.key("ctrl+2")
    robot.press(text="Folder…")
    robot.choose_in_dialog(art)
    robot.press(name="look-quick")
    robot.press(text="Start training")
    robot.wait_for("the first steps", lambda seen: _step(seen) >= 2)


def _step(seen: Seen) -> int:
    found = [re.match(r"step ([\d,]+)", spot.text) for spot in seen.all(kind="Label")]
    return max((int(match[1].replace(",", "")) for match in found if match), default=0)
