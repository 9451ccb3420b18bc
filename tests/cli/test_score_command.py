"""`score`: a judgement for each file, with experts that explain it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lunar_studio.core.sprite import Sprite
from lunar_studio.explore.engine import load
from lunar_studio.pixels.files import read_sprites, write_png
from tests.cli.conftest import Run, draw


def test_each_file_gets_its_score_and_experts(run: Run, model: Path, art: Path) -> None:
    ran = run("score", "--model", model, art, "--json")
    assert ran.status == 0
    assert ran.document["count"] == len(ran.document["files"]) == 12
    engine = load(model)
    for entry in ran.document["files"]:
        # Judged in a batch and alone: the tiny model's hundred percentiles lie so near each other that rounding tells.
        assert entry["score"] == pytest.approx(engine.score(read_sprites(Path(entry["file"]))[0]).value, abs=0.1)
        assert [expert["name"] for expert in entry["experts"]] == ["outline", "palette", "silhouette", "clusters"]
        assert sum(expert["gate"] for expert in entry["experts"]) == pytest.approx(1.0, abs=1e-3)
        assert all(0 <= expert["score"] <= 100 for expert in entry["experts"])
    assert [entry["path"] for entry in ran.document["refused"]] == [f"{art}/item/broken.png"]


def test_several_sources_are_judged_in_order(run: Run, model: Path, art: Path, tmp_path: Path) -> None:
    write_png(draw(5, 10, 10), tmp_path / "own.png")
    sources = (tmp_path / "own.png", art / "monster")
    files = run("score", "--model", model, *sources, "--json").document["files"]
    assert [entry["file"] for entry in files][:2] == [str(tmp_path / "own.png"), f"{art}/monster/a_monster.png"]
    assert (files[0]["fitted"], files[1]["fitted"]) == ("padded to 16 × 16", "")


def test_lint_looks_at_the_picture_as_it_is(run: Run, judgeless: Path, tmp_path: Path) -> None:
    rgba_HWC = np.zeros((16, 16, 4), np.uint8)
    rgba_HWC[4:11, 4:13] = (200, 60, 20, 255)
    write_png(Sprite(rgba_HWC), tmp_path / "a clean.png")
    rgba_HWC[1, 14] = (200, 60, 20, 255)
    write_png(Sprite(rgba_HWC), tmp_path / "b stray.png")
    ran = run("score", "--model", judgeless, tmp_path, "--json")
    clean, stray = ran.document["files"]
    assert clean["lint"] == []
    assert [(found["rule"], found["pixels"]) for found in stray["lint"]] == [("orphan-pixel", [[14, 1]])]
    assert stray["lint"][0]["severity"] == "warning"
    assert "orphan-pixel" in run("score", "--model", judgeless, tmp_path).out.splitlines()[2]


def test_people_get_a_table(run: Run, model: Path, art: Path) -> None:
    lines = run("score", "--model", model, art / "item").out.splitlines()
    assert lines[0].split()[:2] == ["score", "outline"]
    assert len(lines) == 7
    assert lines[1].endswith("g_item.png")


def test_a_model_without_teacher_gives_no_score(run: Run, judgeless: Path, art: Path) -> None:
    ran = run("score", "--model", judgeless, art, "--json")
    assert ran.status == 0
    assert {entry["score"] for entry in ran.document["files"]} == {None}
    assert "trained without a teacher" in ran.err


def test_nothing_to_judge_is_1(run: Run, model: Path, tmp_path: Path) -> None:
    (tmp_path / "junk.png").write_bytes(b"junk")
    ran = run("score", "--model", model, tmp_path / "junk.png")
    assert ran.status == 1
    assert "There is no picture to use" in ran.err
