"""`sample`: as many sprites as asked, the same ones each time, each with its score."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lunar_studio.cli.sample_command import overview
from lunar_studio.core.score import Score
from lunar_studio.explore.engine import load
from lunar_studio.pixels.files import read_sprites
from lunar_studio.pixels.palette import exact_palette
from tests.cli.conftest import Run, draw


def test_every_sprite_is_a_png_with_its_score(run: Run, model: Path, tmp_path: Path) -> None:
    ran = run("sample", "--model", model, "--count", "12", "--seed", "3", "--out", tmp_path / "s", "--json")
    assert ran.status == 0
    assert sorted(path.name for path in (tmp_path / "s").iterdir()) == [
        "CREDITS.txt",
        "scores.json",
        *(f"seed3-{index:02d}.png" for index in range(12)),
    ]
    engine = load(model)
    expected = engine.decode_many(engine.sample(12, seed=3))
    kept = json.loads((tmp_path / "s" / "scores.json").read_text())
    assert ran.document == {"out": str(tmp_path / "s"), **kept}
    assert (kept["seed"], kept["count"], kept["model"]) == (3, 12, engine.info.digest)
    for entry, sprite in zip(kept["sprites"], expected, strict=True):
        assert read_sprites(tmp_path / "s" / entry["file"])[0] == sprite
        assert entry["score"] == pytest.approx(engine.score(sprite).value, abs=0.02)
        assert sum(expert["gate"] for expert in entry["experts"]) == pytest.approx(1.0, abs=1e-3)


def test_the_same_seed_gives_the_same_bytes_and_another_others(run: Run, model: Path, tmp_path: Path) -> None:
    for name, seed in (("one", 5), ("two", 5), ("other", 6)):
        assert run("sample", "--model", model, "--count", "3", "--seed", seed, "--out", tmp_path / name).status == 0
    for path in sorted((tmp_path / "one").iterdir()):
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()
    assert (tmp_path / "one" / "seed5-0.png").read_bytes() != (tmp_path / "other" / "seed6-0.png").read_bytes()


def test_pictures_say_that_a_model_made_them(run: Run, model: Path, tmp_path: Path) -> None:
    run("sample", "--model", model, "--count", "1", "--seed", "9", "--out", tmp_path)
    data = (tmp_path / "seed9-0.png").read_bytes()
    assert b"trainedAlgorithmicMedia" in data
    assert b"Seed\x00\x00\x00\x00\x009" in data


def test_words_steer_and_unknown_ones_are_told(run: Run, model: Path, tmp_path: Path) -> None:
    common = ("--model", model, "--count", "2", "--seed", "1")
    run("sample", *common, "--out", tmp_path / "plain")
    ran = run("sample", *common, "--out", tmp_path / "red", "--prompt", "red zeppelin")
    assert ran.status == 0
    assert "does not know: zeppelin" in ran.err
    assert (tmp_path / "plain" / "seed1-0.png").read_bytes() != (tmp_path / "red" / "seed1-0.png").read_bytes()
    unknown = run("sample", *common, "--out", tmp_path / "none", "--prompt", "zeppelin")
    assert unknown.status == 2
    assert "It knows words such as" in unknown.err
    assert not (tmp_path / "none").exists()


def test_a_model_without_teacher_samples_without_scores(run: Run, judgeless: Path, tmp_path: Path) -> None:
    ran = run("sample", "--model", judgeless, "--count", "2", "--out", tmp_path / "s", "--json")
    assert ran.status == 0
    assert [entry["score"] for entry in ran.document["sprites"]] == [None, None]
    assert run("sample", "--model", judgeless, "--count", "2", "--out", tmp_path / "s").out.startswith("2 sprites in")


def test_a_palette_is_put_on(run: Run, model: Path, tmp_path: Path) -> None:
    (tmp_path / "two.hex").write_text("101820\nf2aa4c\n")
    common = ("sample", "--model", model, "--count", "4", "--seed", "2")
    ran = run(*common, "--palette", tmp_path / "two.hex", "--out", tmp_path / "s", "--json")
    assert ran.status == 0
    engine = load(model)
    for entry, drawn in zip(ran.document["sprites"], engine.decode_many(engine.sample(4, seed=2)), strict=True):
        sprite = read_sprites(tmp_path / "s" / entry["file"])[0]
        assert set(exact_palette(sprite).hex()) <= {"#101820", "#f2aa4c"}
        assert (sprite.rgba_HWC[..., 3] == drawn.rgba_HWC[..., 3]).all()
        assert entry["score"] == pytest.approx(engine.score(sprite).value, abs=0.02), "what is written is judged"
    (tmp_path / "bad.hex").write_text("not a colour")
    assert run(*common, "--palette", tmp_path / "bad.hex", "--out", tmp_path / "t").status == 1
    assert not (tmp_path / "t").exists()


def test_the_sheet_shows_them_all_enlarged(run: Run, model: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "looks" / "sheet.png"
    ran = run("sample", "--model", model, "--count", "9", "--seed", "2", "--out", tmp_path / "s", "--sheet", sheet)
    assert ran.status == 0
    picture = read_sprites(sheet)[0]
    assert picture.width > 3 * 96
    assert picture.height > 3 * 96
    assert not list((tmp_path / "s").glob("sheet*")), "so that the folder holds the sprites and nothing else"


@pytest.mark.parametrize(("count", "side"), [(1, 16), (5, 16), (64, 32), (2, 512), (4000, 64)])
def test_an_overview_has_room_for_what_fits(count: int, side: int) -> None:
    picture = overview([draw(0, side, side)] * count, [Score(50.0)] * count)
    assert max(picture.width, picture.height) <= 4096
    shown = (picture.width // (side + 4)) * (picture.height // (side + 4))
    assert shown >= min(count, 3600)


def test_failures_are_1(run: Run, model: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert run("sample", "--model", model, "--out", tmp_path / "file").status == 1
    assert run("sample", "--model", tmp_path / "file", "--out", tmp_path / "s").status == 1
