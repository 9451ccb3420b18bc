"""`walk`: what a slider does, in words, in JSON and as pictures."""

from __future__ import annotations

from pathlib import Path

import pytest

from lunar_studio.core.overlay import Overlay
from lunar_studio.core.track import stops
from lunar_studio.explore.engine import load
from lunar_studio.export.formats import picture_texts
from lunar_studio.pixels.files import read_sprites, write_png
from lunar_studio.session.picture_state import KEYWORD, SpriteState, to_text
from tests.cli.conftest import Run


def test_it_tells_position_and_score_of_each_stop(run: Run, model: Path, tmp_path: Path) -> None:
    engine = load(model)
    direction, latent = engine.directions[0], engine.sample(1, seed=5)[0]
    ran = run("walk", direction.name.upper(), "--seed", 5, "--out", tmp_path / "new", "--model", model, "--json")
    assert ran.status == 0
    told = ran.document
    assert (told["slider"], told["name"]) == (direction.id, direction.name)
    assert told["position"] == pytest.approx(direction.position(latent), abs=1e-3)
    assert [stop["position"] for stop in told["stops"]] == pytest.approx(stops(), abs=1e-3)
    for stop in told["stops"]:
        sprite = engine.decode(direction.moved(latent, stop["position"]))
        assert read_sprites(Path(stop["file"]))[0] == sprite
        assert stop["score"] == pytest.approx(engine.score(sprite).value, abs=0.5)
    best = max(told["stops"], key=lambda stop: float(stop["score"]))
    assert told["best"] == pytest.approx(best["position"], abs=1e-3)


def test_it_begins_at_a_saved_picture_with_its_paint(run: Run, model: Path, tmp_path: Path) -> None:
    engine = load(model)
    latent, edits = engine.sample(1, seed=9)[0], Overlay.painted([(2, 2)], (255, 0, 0, 255))
    state = SpriteState(engine.info.digest, "Tiny", latent, latent, 9, "", 1.0, edits, "")
    saved = tmp_path / "saved.png"
    write_png(edits.over(engine.decode(latent)), saved, picture_texts({KEYWORD: to_text(state)}, seed=9))
    out = tmp_path / "out"
    ran = run("walk", "shape/0", "--from", saved, "--stops", 3, "--reach", 2, "--out", out, "--model", model)
    assert ran.status == 0
    assert len(ran.out.splitlines()) == 4
    assert "best" in ran.out
    sprites = [read_sprites(path)[0] for path in sorted(out.glob("stop-*.png"))]
    assert len(sprites) == 3
    assert all(tuple(sprite.rgba_HWC[2, 2]) == (255, 0, 0, 255) for sprite in sprites)


def test_raw_numbers_are_sliders_too(run: Run, model: Path) -> None:
    assert run("walk", "raw/1", "--stops", 1, "--model", model, "--json").document["name"] == "z1"


def test_an_unknown_slider_is_wrong_usage(run: Run, model: Path) -> None:
    ran = run("walk", "niceness", "--model", model)
    assert ran.status == 2
    assert "no slider 'niceness'" in ran.err
    assert "shape/0" in ran.err
