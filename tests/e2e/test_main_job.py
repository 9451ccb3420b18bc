"""The artist's main job, by mouse and keyboard in the real window: pull, roll, keep, export, train, play with it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lunar_studio.core.arrays import U8
from tests.e2e.robot import Robot, Seen, robot_at_studio
from tests.e2e.screen import Screen
from tests.pixels.drawn import blob

TRAIN_S = 20
SLIDERS = ("slider/shape/0", "slider/shape/1", "slider/shape/2")


@pytest.mark.slow
@pytest.mark.timeout(600)  # three minutes on a machine that does other things too; a minute and a half idle
def test_the_main_job(screen: Screen, tmp_path: Path) -> None:
    with robot_at_studio(screen, tmp_path / "studio") as robot:
        robot.wait_for("the first sprite", lambda seen: "first_sprite" in seen.moments)
        robot.resize(1440, 900)
        pull_three_sliders(robot)
        roll_and_undo(robot)
        sheet, score = keep_and_export(robot, tmp_path / "out" / "kept.png")
        assert score_of(sheet) == score
        train(robot, draw_art(tmp_path / "my blobs"))
        play_with_the_new_model(robot)
        assert robot.close() == 0
        assert robot.log() == ""


# ---- steps -----------------------------------------------------------------------------------------


def pull_three_sliders(robot: Robot) -> None:
    """Each pull changes the picture, and what the teacher says follows."""
    canvas = robot.find(name="canvas")
    robot.wait_until_still(canvas)
    said = {judgement(robot.look())}
    for name in SLIDERS:
        before, slider = robot.picture(canvas), robot.find(name=name)
        wanted = -1.8 if float(slider.value or 0) > 0 else 1.8
        robot.drag_slider(slider, wanted)
        robot.wait_for(f"{name} at {wanted}", partial(_stands_at, name, wanted))
        robot.wait_until_changed(f"the canvas with {name}", canvas, before)
        robot.wait_until_still(canvas)
        said.add(judgement(robot.look()))
    assert len(said) > 1, "the teacher said the same of four sprites"


def roll_and_undo(robot: Robot) -> None:
    """A roll is another sprite with another seed; undo gives the very same pixels back."""
    canvas = robot.find(name="canvas")
    before, seed = robot.wait_until_still(canvas), _value(robot.look(), "seed")
    robot.press(name="random")
    robot.wait_for("another seed", lambda seen: _value(seen, "seed") != seed)
    robot.wait_until_changed("the canvas after a roll", canvas, before)
    robot.wait_until_still(canvas)
    robot.key("ctrl+z")
    robot.wait_for("the pixels of before", lambda _: np.array_equal(robot.picture(canvas), before))
    robot.wait_for("the seed of before", lambda seen: _value(seen, "seed") == seed)


def keep_and_export(robot: Robot, path: Path) -> tuple[Path, int]:
    """What is on the canvas arrives in the file, pixel by pixel; returns the file and the score shown."""
    canvas = robot.find(name="canvas")
    shown = robot.wait_until_still(canvas)
    score = int(re.findall(r"^Score (\d+)", robot.find(name="score-meter").says)[0])
    robot.key("k")
    robot.wait_for("a kept sprite", lambda seen: not any("Press K" in spot.text for spot in seen.widgets))
    robot.key("ctrl+e")
    robot.fill(robot.find(says="Where to write"), str(path))
    robot.press(text="Export 1")
    robot.wait_for("what was written", lambda seen: any("read back" in spot.text for spot in seen.widgets))
    with Image.open(path) as picture:
        sheet = np.asarray(picture.convert("RGBA"))
    frames = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["frames"]
    assert len(frames) == 1
    opaque = sheet[..., 3] == 255
    assert opaque.any()
    assert np.array_equal(_pixels_on_the_canvas(shown, sheet.shape[0])[opaque], sheet[opaque][:, :3])
    return path, score


def train(robot: Robot, art: Path) -> None:
    """A run begins, its three plots move, and Stop leaves a model."""
    robot.key("ctrl+2")
    robot.press(text="Folder…")
    robot.choose_in_dialog(art)
    robot.wait_for("the sprites found", lambda seen: any("mostly 16 px" in spot.text for spot in seen.widgets))
    robot.press(name="look-quick")
    robot.press(text="Start training")
    robot.wait_for("the first steps", lambda seen: _step(seen) >= 2)
    plots = [robot.find(name=f"loss-plot-{name}") for name in ("recon", "kl", "quality")]
    pictures, step = [robot.picture(plot) for plot in plots], _step(robot.look())
    robot.wait_for(f"{TRAIN_S} s of training", lambda seen: _elapsed_s(seen) >= TRAIN_S)
    robot.wait_for("further steps", lambda seen: _step(seen) > step)
    for plot, before in zip(plots, pictures, strict=True):
        robot.wait_until_changed(plot.name, plot, before)
    robot.press(text="Stop")
    robot.find(text="Explore this model")


def play_with_the_new_model(robot: Robot) -> None:
    """The model just trained opens on the Explore page, and its sliders move its sprites."""
    generation = robot.look().generation
    robot.press(text="Explore this model")
    robot.wait_for("its first sprite", lambda seen: seen.one(name="canvas") and seen.generation > generation)
    seen = robot.wait_for("its sliders", lambda seen: seen.one(kind="LatentSlider"))
    model = seen.one(name="model-switcher")
    assert model is not None
    assert "dungeon" not in model.says
    canvas = robot.find(name="canvas")
    before = robot.wait_until_still(canvas)
    for slider in seen.all(kind="LatentSlider")[:4]:  # one alone may change nothing after so short a training
        robot.drag_slider(slider, 3.5 if float(slider.value or 0) < 0 else -3.5)
    robot.wait_until_changed("the new model's sprite", canvas, before)


# ---- what can be read off the screen -----------------------------------------------------------------


def judgement(seen: Seen) -> tuple[str, str]:
    """Everything the teacher says."""
    meter, experts = seen.one(name="score-meter"), seen.one(name="expert-bars")
    assert meter is not None
    assert experts is not None
    return meter.says, experts.says


def _value(seen: Seen, name: str) -> float:
    spot = seen.one(name=name)
    return float("nan") if spot is None or spot.value is None else float(spot.value)


def _stands_at(name: str, position: float, seen: Seen) -> bool:
    return abs(_value(seen, name) / 100 - position) < 0.2


def _step(seen: Seen) -> int:
    found = [re.match(r"step ([\d,]+)", spot.text) for spot in seen.all(kind="Label")]
    return max((int(match[1].replace(",", "")) for match in found if match), default=0)


def _elapsed_s(seen: Seen) -> float:
    found = [re.match(r"elapsed (\d+) (s|min)$", spot.text) for spot in seen.all(kind="Label")]
    return max((int(match[1]) * (60 if match[2] == "min" else 1) for match in found if match), default=0)


def _pixels_on_the_canvas(shown: U8, size: int) -> U8:
    """The sprite's own pixels, read at the middle of each enlarged one; the sprite is centred at a whole zoom."""
    height, width, _ = shown.shape
    zoom = (min(height, width) - 32) // size
    top, left = (height - size * zoom) // 2, (width - size * zoom) // 2
    middle = np.arange(size) * zoom + zoom // 2
    picked: U8 = shown[(top + middle)[:, None], (left + middle)[None, :]]
    return picked


def draw_art(folder: Path, count: int = 48) -> Path:
    """A small folder of drawn sprites."""
    folder.mkdir(parents=True)
    for number in range(count):
        Image.fromarray(blob(number, 16).rgba_HWC).save(folder / f"blob {number}.png")
    return folder


def score_of(path: Path) -> int:
    """What the command line says of a picture."""
    command = [sys.executable, "-m", "lunar_studio", "score", str(path), "--json"]
    told = subprocess.run(command, env=dict(os.environ), check=True, capture_output=True, text=True, timeout=120)
    files = json.loads(told.stdout)["files"]
    return round(float(files[0]["score"]))
