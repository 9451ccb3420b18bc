"""`map`: a picture with sprites at their places, and the places as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from lunar_studio.pixels.files import read_sprites
from tests.cli.conftest import Run


def test_a_map_is_a_picture_and_a_list_of_places(run: Run, model: Path, tmp_path: Path) -> None:
    out, places = tmp_path / "new" / "map.png", tmp_path / "places.json"
    ran = run("map", out, "--model", model, "--count", 30, "--side", 256, "--places", places, "--json")
    assert ran.status == 0
    picture = read_sprites(out)[0].rgba_HWC
    assert picture.shape == (256, 256, 4)
    listed = json.loads(places.read_text())
    assert listed["kind"] == "invented"
    assert len(listed["places"]) == 30
    assert all(0 <= place["x"] <= 1 and 0 <= place["y"] <= 1 for place in listed["places"])
    assert ran.document["points"] == 30
    assert 1 <= ran.document["shown"] <= 30
    drawn = (picture[..., :3] != np.array([14, 17, 28])).any(axis=2)
    assert drawn.sum() > 30
    assert run("map", tmp_path / "again.png", "--model", model, "--count", 30, "--side", 256).status == 0
    assert (tmp_path / "again.png").read_bytes() == out.read_bytes()


def test_too_small_a_picture_is_wrong_usage(run: Run, model: Path, tmp_path: Path) -> None:
    assert run("map", tmp_path / "map.png", "--model", model, "--side", 5).status == 2
