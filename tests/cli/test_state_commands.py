"""`show` and `draw`: the very same pixels again, from a picture, a project or a word."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lunar_studio.core.overlay import Overlay
from lunar_studio.core.sprite import Sprite
from lunar_studio.explore.engine import Engine, load
from lunar_studio.export.formats import picture_texts
from lunar_studio.pixels.files import read_sprites, write_png
from lunar_studio.session import project as projects
from lunar_studio.session.document import Document
from lunar_studio.session.history import Snapshot
from lunar_studio.session.picture_state import KEYWORD, SpriteState, to_line, to_text
from tests.cli.conftest import Run
from tests.explore.tiny_model import write_tiny_model


@pytest.fixture
def engine(model: Path) -> Engine:
    return load(model)


@pytest.fixture
def state(engine: Engine) -> SpriteState:
    latent = engine.sample(1, seed=3)[0]
    edits = Overlay.painted([(1, 1), (2, 1)], (255, 0, 0, 255)).put(
        Overlay.painted([(5, 5)], (0, 0, 0, 0), pinned=False)
    )
    pixels = edits.over(engine.decode(latent)).digest
    return SpriteState(engine.info.digest, "Tiny", latent, latent, 3, "red dragon", 1.0, edits, pixels)


@pytest.fixture
def picture(state: SpriteState, engine: Engine, tmp_path: Path) -> Path:
    path = tmp_path / "saved.png"
    write_png(state.edits.over(engine.decode(state.latent)), path, picture_texts({KEYWORD: to_text(state)}, seed=3))
    return path


@pytest.fixture
def project(state: SpriteState, engine: Engine, tmp_path: Path) -> Path:
    document = Document(latent=state.latent, anchor=state.anchor, seed=3, edits=state.edits, model=state.model)
    reference = projects.ModelReference(state.model, "Tiny", "", engine.info.latent_dim, 16)
    projects.write(projects.Project(Snapshot(document), reference), tmp_path / "cave.lunar")
    return tmp_path / "cave.lunar"


def test_a_picture_a_project_and_a_word_give_the_same_pixels(
    run: Run, model: Path, state: SpriteState, picture: Path, project: Path, tmp_path: Path
) -> None:
    expected = read_sprites(picture)[0]
    for name, source in (("a", picture), ("b", project), ("c", to_line(state))):
        ran = run("draw", source, "--out", tmp_path / "new" / f"{name}.png", "--model", model, "--json")
        assert ran.status == 0, ran.err
        assert ran.document["is_same"]
        assert (ran.document["painted"], ran.document["pinned"]) == (3, 2)
        assert read_sprites(tmp_path / "new" / f"{name}.png")[0] == expected
    assert (tmp_path / "new" / "a.png").read_bytes() == picture.read_bytes(), "state and disclosure too"


def test_show_tells_what_a_picture_holds_and_the_command_works(
    run: Run, model: Path, picture: Path, tmp_path: Path
) -> None:
    ran = run("show", picture)
    assert ran.status == 0
    assert "seed    3" in ran.out
    assert "words   red dragon" in ran.out
    assert "3 pixels, 2 of them pinned" in ran.out
    told = run("show", picture, "--json").document
    assert (told["seed"], told["prompt"], len(told["latent"])) == (3, "red dragon", 140)
    command = shlex.split(told["command"])[1:-1]
    assert run(*command, tmp_path / "again.png", "--model", model).status == 0
    assert read_sprites(tmp_path / "again.png")[0] == read_sprites(picture)[0]


def test_show_tells_what_a_project_holds(run: Run, project: Path) -> None:
    ran = run("show", project)
    assert "0 steps" in ran.out
    assert "Tiny" in ran.out
    told = run("show", project, "--json").document
    assert told["kept"] == []
    assert told["sprite"]["seed"] == 3


def test_an_empty_project_shows_no_sprite(run: Run, tmp_path: Path) -> None:
    projects.write(projects.Project(Snapshot(Document())), tmp_path / "empty.lunar")
    assert run("show", tmp_path / "empty.lunar", "--json").document["sprite"] is None
    ran = run("draw", tmp_path / "empty.lunar", "--out", tmp_path / "x.png")
    assert ran.status == 1
    assert "shows no sprite" in ran.err


def test_another_model_is_told(run: Run, state: SpriteState, tmp_path: Path) -> None:
    write_tiny_model(tmp_path / "other.safetensors", seed=5)
    ran = run("draw", to_line(state), "--out", tmp_path / "x.png", "--model", tmp_path / "other.safetensors", "--json")
    assert ran.status == 0
    assert "not the model" in ran.err
    assert not ran.document["is_same"]


def test_a_latent_of_another_length_is_refused(run: Run, model: Path, state: SpriteState, tmp_path: Path) -> None:
    short = replace(state, latent=type(state.latent)([1, 2]), anchor=type(state.latent)([1, 2]))
    ran = run("draw", to_line(short), "--out", tmp_path / "x.png", "--model", model)
    assert ran.status == 1
    assert "2 numbers" in ran.err
    assert not (tmp_path / "x.png").exists()


@pytest.mark.parametrize("text", [None, "", "{}", "[" * 5000])
def test_a_picture_without_a_state_of_use_is_refused(run: Run, tmp_path: Path, text: str | None) -> None:
    plain = Sprite(np.full((4, 4, 4), 9, np.uint8))
    write_png(plain, tmp_path / "x.png", {} if text is None else {KEYWORD: text})
    ran = run("show", tmp_path / "x.png")
    assert ran.status == 1
    assert "x.png" in ran.err


@pytest.mark.parametrize("source", ["gone.png", "lunar1:AAAA", "gone.lunar"])
def test_what_is_not_there_is_said(run: Run, source: str) -> None:
    assert run("show", source).status == 1
