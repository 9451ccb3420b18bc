"""`mix` and `direction` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lunar_studio.core.blending import blended
from lunar_studio.core.sprite import Sprite
from lunar_studio.explore.engine import load
from lunar_studio.pixels.files import read_sprites, write_png
from tests.cli.conftest import Run


@pytest.fixture
def pictures(model: Path, tmp_path: Path) -> list[Path]:
    """Three sprites that the model draws."""
    engine = load(model)
    made = []
    for index, sprite in enumerate(engine.decode_many(engine.sample(3, seed=4))):
        made.append(tmp_path / f"sprite{index}.png")
        write_png(sprite, made[-1], {})
    return made


def test_a_mix_is_the_blend_of_the_encoded(run: Run, model: Path, pictures: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    ran = run("mix", *pictures[:2], "--weights", 3, 1, "--model", model, "--out", out, "--json")
    assert ran.status == 0
    engine = load(model)
    latents = engine.encode_many([read_sprites(path)[0] for path in pictures[:2]])
    expected = engine.decode(blended(latents, [3, 1], engine.info.latent_parts))
    assert read_sprites(out / "mix-0.png")[0] == expected
    assert [entry["file"] for entry in ran.document["sprites"]] == ["mix-0.png"]


def test_the_way_leads_from_the_first_to_the_last(run: Run, model: Path, pictures: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("mix", *pictures, "--steps", 5, "--model", model, "--out", out).status == 0
    engine = load(model)
    ends = engine.decode_many(engine.encode_many([read_sprites(pictures[at])[0] for at in (0, 2)]))
    assert read_sprites(out / "mix-0.png")[0] == ends[0]
    assert read_sprites(out / "mix-4.png")[0] == ends[1]


@pytest.mark.parametrize(
    "wrong",
    [["--weights", "1"], ["--shape-from", "3"], ["--steps", "4", "--weights", "1", "1"], ["--weights", "0", "1"]],
)
def test_what_makes_no_sense_is_wrong_usage(
    run: Run, model: Path, pictures: list[Path], tmp_path: Path, wrong: list[str]
) -> None:
    ran = run("mix", *pictures[:2], *wrong, "--model", model, "--out", tmp_path / "out")
    assert ran.status == 2
    assert not (tmp_path / "out").exists()


def test_one_sprite_is_no_mix(run: Run, model: Path, pictures: list[Path], tmp_path: Path) -> None:
    assert run("mix", pictures[0], "--model", model, "--out", tmp_path / "out").status == 2


def test_a_direction_says_how_surely_it_was_learned(run: Run, model: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    size = load(model).info.image_size
    for kind, colour in (("more", (250, 40, 40)), ("less", (40, 40, 250))):
        (tmp_path / kind).mkdir()
        for number in range(3):
            rgba = np.full((size, size, 4), 255, np.uint8)
            rgba[..., :3] = np.clip(np.array(colour) + random.integers(-20, 20, (size, size, 3)), 0, 255)
            write_png(Sprite(rgba), tmp_path / kind / f"{number}.png", {})
    out = tmp_path / "out"
    ran = run("direction", tmp_path / "more", tmp_path / "less", "--model", model, "--out", out, "--json")
    assert ran.status == 0
    assert (ran.document["more"], ran.document["less"]) == (3, 3)
    assert f"{ran.document['accuracy'] * 100:.0f} %, of few examples" in ran.document["strength"]
    assert len(list(out.glob("moved-*.png"))) == 7
    few = run("direction", tmp_path / "more" / "0.png", tmp_path / "less", "--model", model, "--out", out)
    assert few.status == 2
    assert "not 1 and 3" in few.err


def test_samples_for_words_are_ranked(run: Run, model: Path, tmp_path: Path) -> None:
    common = ("--model", model, "--count", "8", "--seed", "1", "--out", tmp_path)
    assert run("sample", *common, "--prompt", "red dragon").status == 0
    told = json.loads((tmp_path / "scores.json").read_text())["sprites"]
    fits = [round(entry["fit"], 2) for entry in told]
    assert fits == sorted(fits, reverse=True)
    assert sorted(entry["file"] for entry in told) == [f"seed1-{index}.png" for index in range(8)]
    run("sample", *common)
    told = json.loads((tmp_path / "scores.json").read_text())["sprites"]
    assert [entry["file"] for entry in told] == [f"seed1-{index}.png" for index in range(8)]
    assert "fit" not in told[0]
