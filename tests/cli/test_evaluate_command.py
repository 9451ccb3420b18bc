"""`evaluate`: figures on folders and on the held-out part of data sets."""

from __future__ import annotations

from pathlib import Path

import pytest

from lunar_studio.core.config import ClassicVaeConfig
from lunar_studio.core.presets import preset
from lunar_studio.data.dataset import Dataset
from lunar_studio.explore.engine import load
from lunar_studio.pixels.files import write_png
from tests.cli.conftest import Run, draw
from tests.explore.tiny_model import write_tiny_model

FIGURES = ("psnr", "ssim", "exact_pixel", "alpha_iou", "colours_in", "colours_out")


def test_json_has_every_figure_and_each_file(run: Run, model: Path, art: Path) -> None:
    ran = run("evaluate", "--model", model, art, "--per-file", "--json")
    document = ran.document
    assert ran.status == 0
    assert document["count"] == len(document["files"]) == 12
    for figure in FIGURES:
        mean = sum(entry[figure] for entry in document["files"]) / 12
        assert document[figure] == pytest.approx(mean)
    assert 0.0 <= document["exact_pixel"] <= 1.0
    assert document["colours_in"] == 3.0
    assert document["colours_out"] <= 4.0
    assert document["files"][0]["file"] == f"{art}/item/g_item.png"
    assert len(document["refused"]) == 1


def test_without_per_file_there_are_only_means(run: Run, model: Path, art: Path) -> None:
    assert "files" not in run("evaluate", "--model", model, art, "--json").document
    assert "exact pixels 0." in run("evaluate", "--model", model, art).out


def test_a_models_own_drawings_come_out_the_same_twice(run: Run, model: Path, art: Path) -> None:
    documents = [run("evaluate", "--model", model, art, "--json").out for _ in range(2)]
    assert documents[0] == documents[1]


def test_a_data_set_gives_its_held_out_part(run: Run, model: Path, tmp_path: Path) -> None:
    for seed in range(40):
        folder = tmp_path / "many" / f"{chr(97 + seed // 26)}{chr(97 + seed % 26)}"
        folder.mkdir(parents=True)
        write_png(draw(seed), folder / f"{'qwertyuiop'[seed % 10]}{seed}.png")
    assert run("dataset", "build", tmp_path / "many", "--out", tmp_path / "set").status == 0
    held_out = len(Dataset.open(tmp_path / "set").indices("validation"))
    assert 0 < held_out < 40
    assert run("evaluate", "--model", model, tmp_path / "set", "--json").document["count"] == held_out


def test_odd_sizes_are_fitted_and_counted(run: Run, model: Path, tmp_path: Path) -> None:
    write_png(draw(0, 16, 16), tmp_path / "a.png")
    write_png(draw(1, 12, 14), tmp_path / "b.png")
    document = run("evaluate", "--model", model, tmp_path, "--json").document
    assert (document["count"], document["fitted"], document["size"]) == (2, 1, 16)


def test_the_documents_family_is_compared_at_the_size_of_the_art(run: Run, art: Path, tmp_path: Path) -> None:
    import msgspec

    vae = ClassicVaeConfig(image_size=64, image_channels=4, latent_dim=8, encoder_channels=(4, 8))
    config = msgspec.structs.replace(preset("tiny"), preset="classic-test", vae=vae)
    write_tiny_model(tmp_path / "classic.safetensors", config=config)
    assert load(tmp_path / "classic.safetensors").art_px == 0
    document = run("evaluate", "--model", tmp_path / "classic.safetensors", art, "--json").document
    assert (document["size"], document["fitted"], document["count"]) == (16, 0, 12)
