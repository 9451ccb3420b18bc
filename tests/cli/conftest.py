"""A model file, a folder of art drawn by code, and a way to run commands in this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lunar_studio.cli import main
from lunar_studio.core.sprite import Sprite
from lunar_studio.pixels.files import write_png
from tests.explore.tiny_model import write_tiny_model


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:  # noqa: ANN401 - whatever JSON holds
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """`run("info", path, "--json")`; a traceback on stderr would be an exception here."""

    def call(*arguments: object) -> Ran:
        capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return Ran(status, captured.out, captured.err)

    return call


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    write_tiny_model(path)
    return path


@pytest.fixture(scope="session")
def judgeless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model without a teacher."""
    path = tmp_path_factory.mktemp("model") / "judgeless.safetensors"
    write_tiny_model(path, teacher=False)
    return path


def draw(seed: int, width: int = 16, height: int = 16) -> Sprite:
    """A blob of three colours on transparency; another seed, another blob."""
    rng = np.random.default_rng(seed)
    rgba_HWC = np.zeros((height, width, 4), np.uint8)
    colours = rng.integers(40, 255, (3, 3), dtype=np.uint8)
    places = rng.integers(0, 3, (height, width))
    rgba_HWC[..., :3] = colours[places]
    rgba_HWC[..., 3] = 255
    y, x = np.ogrid[:height, :width]
    outside = ((x - width / 2) / (width / 2)) ** 2 + ((y - height / 2) / (height / 2)) ** 2 > rng.uniform(0.5, 1.0)
    rgba_HWC[outside] = 0
    return Sprite(rgba_HWC, f"blob {seed}")


@pytest.fixture
def art(tmp_path: Path) -> Path:
    """Twelve sprites in two folders, one file that is no picture, one that is damaged."""
    folder = tmp_path / "art"
    for kind, seeds in (("monster", range(6)), ("item", range(6, 12))):
        (folder / kind).mkdir(parents=True)
        for seed in seeds:
            write_png(draw(seed), folder / kind / f"{'abcdefghijkl'[seed]}_{kind}.png")
    (folder / "readme.txt").write_text("CC0")
    (folder / "item" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    return folder
