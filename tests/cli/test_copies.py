"""`score --neighbours`, `sample` and `export --guard`: near copies are named, credits are written."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from lunar_studio.core.credits import HEADING
from lunar_studio.core.sprite import Sprite
from lunar_studio.explore.engine import load
from lunar_studio.models.art_prints import ArtPrints
from lunar_studio.models.model_file import save_model
from lunar_studio.pixels.files import write_png
from lunar_studio.pixels.likeness.fingerprints import fingerprints
from tests.cli.conftest import Run
from tests.explore.tiny_model import tiny_bundle
from tests.pixels.drawings import drawing, recoloured


@pytest.fixture(scope="module")
def knowing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that knows twenty drawings."""
    art = np.stack([drawing(seed, 16) for seed in range(20)])
    names = tuple(f"art/thing-{seed}.png" for seed in range(20))
    prints = ArtPrints(fingerprints(art), np.arange(20, dtype=np.int32), names, 0.05)
    path = tmp_path_factory.mktemp("model") / "knowing.safetensors"
    save_model(dataclasses.replace(tiny_bundle(), prints=prints), path)
    return path


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A recoloured copy of thing 4, and a drawing that nobody knows."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    write_png(Sprite(recoloured(drawing(4, 16), 3)), folder / "copied.png")
    write_png(Sprite(drawing(4242, 16)), folder / "own.png")
    return folder


def test_score_tells_the_nearest_art_and_names_copies(run: Run, knowing: Path, pictures: Path) -> None:
    ran = run("score", "--model", knowing, pictures, "--neighbours", "--json")
    assert ran.status == 0
    copied, own = ran.document["files"]
    assert (copied["near_copy"], own["near_copy"]) == (True, False)
    assert copied["nearest"][0] == {"name": "art/thing-4.png", "family": 4, "distance": 0.0}
    assert len(own["nearest"]) == 3
    assert "1 of 2 is a near copy" in ran.err
    assert "copied.png: art/thing-4.png, 100% alike" in ran.err
    lines = run("score", "--model", knowing, pictures, "--neighbours").out.splitlines()
    assert "nearest art" in lines[0]
    assert "100% art/thing-4.png (near copy)" in lines[1]


def test_score_says_nothing_of_neighbours_unless_asked(run: Run, knowing: Path, pictures: Path) -> None:
    ran = run("score", "--model", knowing, pictures, "--json")
    assert "nearest" not in ran.document["files"][0]
    assert "near copy" not in ran.err


def test_a_model_that_knows_no_art_says_so_once(run: Run, model: Path, pictures: Path) -> None:
    ran = run("score", "--model", model, pictures, "--neighbours", "--json")
    assert ran.err.count("does not carry its art's fingerprints") == 1
    assert [entry["near_copy"] for entry in ran.document["files"]] == [None, None]
    assert run("score", "--model", model, pictures, "--neighbours").status == 0


def test_export_with_guard_warns_and_writes_credits(run: Run, knowing: Path, pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out" / "sheet.png"
    ran = run("export", pictures, "--format", "sheet", "--out", out, "--guard", "--model", knowing, "--json")
    assert ran.status == 0
    assert "1 of 2 is a near copy" in ran.err
    assert [entry["near_copy"] for entry in ran.document["sprites"]] == [True, False]
    credit = tmp_path / "out" / "sheet-CREDITS.txt"
    assert str(credit) in ran.document["files"]
    assert credit.read_text(encoding="utf-8").startswith(HEADING)
    assert load(knowing).info.digest in credit.read_text(encoding="utf-8")


def test_export_without_guard_needs_no_model(run: Run, pictures: Path, tmp_path: Path) -> None:
    ran = run("export", pictures, "--format", "sheet", "--out", tmp_path / "sheet.png", "--json")
    assert ran.status == 0
    assert not list(tmp_path.glob("*CREDITS*"))
    assert "sprites" not in ran.document


def test_sample_names_copies_and_writes_credits(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "memorised.safetensors"
    bundle = tiny_bundle()
    save_model(bundle, path)
    engine = load(path)
    drawn = [engine.decode(latent) for latent in engine.sample(4, seed=2)]
    # A model that draws its training art: the first of its samples is in the art.
    prints = ArtPrints(fingerprints(drawn[0].rgba_HWC[None]), np.zeros(1, np.int32), ("learnt/by heart.png",), 0.01)
    save_model(dataclasses.replace(bundle, prints=prints), path)
    out = tmp_path / "samples"
    ran = run("sample", "--model", path, "--count", 4, "--seed", 2, "--out", out, "--json")
    assert ran.status == 0
    assert ran.document["sprites"][0]["near_copy"] is True
    assert "learnt/by heart.png" in ran.err
    assert (out / ran.document["credits"]).read_text(encoding="utf-8").startswith(HEADING)
    told = json.loads((out / "scores.json").read_text(encoding="utf-8"))
    assert told["sprites"][0]["nearest"][0]["name"] == "learnt/by heart.png"


def test_credits_of_others_in_the_folder_are_left_alone(run: Run, model: Path, tmp_path: Path) -> None:
    (tmp_path / "CREDITS.txt").write_text("Thanks to my mother.", encoding="utf-8")
    ran = run("sample", "--model", model, "--count", 1, "--out", tmp_path, "--json")
    assert ran.document["credits"] == "CREDITS-lunar-studio.txt"
    assert (tmp_path / "CREDITS.txt").read_text(encoding="utf-8") == "Thanks to my mother."
