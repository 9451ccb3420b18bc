"""`make run` after set-up: a window where there is a display, otherwise the main job on files."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import run
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
WITHOUT_DISPLAY = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder that the main job filled, and what it said."""
    folder = tmp_path_factory.mktemp("run") / "out"
    command = [sys.executable, str(ROOT / "packaging" / "run.py"), str(folder)]
    result = subprocess.run(command, env=WITHOUT_DISPLAY, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return folder, result.stdout


def test_it_says_why_there_is_no_window(made: tuple[Path, str]) -> None:
    assert made[1].startswith("There is no display here")


def test_what_it_says_is_there_is_there(made: tuple[Path, str]) -> None:
    folder, said = made
    named = re.findall(r"^  (\S+) {2,}", said, re.MULTILINE) + re.findall(r"^  (\S+\.json) ", said, re.MULTILINE)
    assert len(set(named)) == 5
    assert all((folder / name).exists() for name in named)
    assert str(folder) in said


def test_sprites_are_scored_and_on_the_sheet(made: tuple[Path, str]) -> None:
    folder, _ = made
    sprites = sorted((folder / "sprites").glob("*.png"))
    scores = json.loads((folder / "sprites" / "scores.json").read_text(encoding="utf-8"))["sprites"]
    frames = json.loads((folder / "sheet.json").read_text(encoding="utf-8"))["frames"]
    assert len(sprites) == len(scores) == len(frames) == run.COUNT
    assert all(0 <= entry["score"] <= 100 for entry in scores)
    with Image.open(folder / "sheet.png") as sheet, Image.open(sprites[0]) as sprite:
        assert sheet.width * sheet.height >= run.COUNT * sprite.width * sprite.height
        assert len(set(sheet.convert("RGBA").get_flattened_data())) > run.COUNT


def test_a_command_that_fails_ends_it(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file where the folder should be")
    command = [sys.executable, str(ROOT / "packaging" / "run.py"), str(tmp_path / "out")]
    result = subprocess.run(command, env=WITHOUT_DISPLAY, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert "there are now" not in result.stdout


def test_with_a_display_the_studio_takes_over(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[tuple[str, list[str]]] = []

    def take_over(program: str, arguments: list[str]) -> None:
        taken.append((program, arguments))
        raise SystemExit(0)

    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(os, "execv", take_over)
    monkeypatch.chdir(ROOT)
    with pytest.raises(SystemExit):
        run.main([])
    assert taken == [(sys.executable, [sys.executable, "-m", "lunar_studio", "gui"])]
