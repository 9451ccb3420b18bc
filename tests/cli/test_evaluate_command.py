"""`evaluate`: figures on folders and on the held-out part of data sets."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from lunar_studio.core.config import ClassicVaeConfig
from lunar_studio.core.presets import preset
from lunar_studio.data.dataset import Dataset
from lunar_studio.data.importing import build
from lunar_studio.evaluation import lite0
from lunar_studio.explore.engine import load
from lunar_studio.models.model_file import save_model
from lunar_studio.pixels.damage import FAMILIES
from lunar_studio.pixels.files import write_png
from tests.cli.conftest import Run, draw
from tests.explore.tiny_model import tiny_bundle, write_tiny_model

FIGURES = ("psnr", "ssim", "exact_pixel", "alpha_iou", "off_palette", "colours_in", "colours_out")


def test_json_has_every_figure_and_each_file(run: Run, model: Path, art: Path) -> None:
    ran = run("evaluate", "--model", model, art, "--per-file", "--json")
    document = ran.document
    assert ran.status == 0
    assert document["count"] == len(document["files"]) == 12
    for figure in FIGURES:
        mean = sum(entry[figure] for entry in document["files"]) / 12
        assert document[figure] == pytest.approx(mean)
    for figure in (*FIGURES, "psnr_pooled", "alpha_iou_pooled"):
        low, high = document["intervals"][figure]
        assert low <= document[figure] <= high
        assert document["confidence"][figure] == pytest.approx((high - low) / 2)
    # Three colours and hard alpha: nothing keeps a model of more colours from being exact.
    assert document["exact_attainable"] == {"value": 1.0, "low": 1.0, "high": 1.0}
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


def test_refining_comes_nearer_and_says_so_of_the_same_sprites(run: Run, model: Path, art: Path) -> None:
    document = run("evaluate", "--model", model, art, "--refined", "0.2", "--count", "3", "--json").document
    before, after = document["refined"]["before"], document["refined"]["after"]
    assert (document["count"], before["count"], after["count"]) == (12, 3, 3)
    assert after["exact_pixel"] >= before["exact_pixel"]
    assert before["colours_in"] == after["colours_in"]
    text = run("evaluate", "--model", model, art, "--refined", "0.01", "--count", "1").out
    assert "After 0.01 s of refinement each, on 1 of them" in text


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eighty sprites, each a family of its own, some held out."""
    folder = tmp_path_factory.mktemp("set")
    for seed in range(80):
        place = folder / "many" / f"{chr(97 + seed // 26)}{chr(97 + seed % 26)}"
        place.mkdir(parents=True)
        write_png(draw(seed), place / f"{'qwertyuiop'[seed % 10]}{seed}.png")
    build(folder / "many", folder / "set")
    return folder / "set"


def test_samples_are_told_from_art_in_every_figure(
    run: Run, model: Path, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lite0, "PACKAGE", "not-installed-anywhere")
    ran = run("evaluate", "--model", model, dataset, "--samples", "--count", "12", "--seed", "3", "--json")
    assert ran.status == 0
    assert lite0.INSTALL in ran.err
    document = ran.document
    opened = Dataset.open(dataset)
    assert (document["count"], document["seed"], document["size"]) == (12, 3, 16)
    assert document["held_out"] == len(opened.indices("validation"))
    assert document["training"] + document["held_out"] == len(opened)
    assert document["compared"] == min(12, document["held_out"])
    assert (document["dataset"], document["same_art"]) == (opened.digest, None)
    assert document["features"] is None
    for name in ("hardened", "as_files", "real"):
        figure = document["told_apart"][name]
        assert 0.0 <= figure["low"] <= figure["value"] <= figure["high"] <= 1.0
    nearest = document["near_copies"]["nearest"]
    assert len(nearest) == 10
    assert {entry["sprite"] for entry in nearest} <= {opened.names[index] for index in opened.indices("train")}
    assert document["craft"]["real"]["colours"]["value"] == pytest.approx(3.0)
    assert document["craft"]["samples"]["half_transparent"]["value"] == 0.0


@pytest.mark.skipif(not lite0.is_installed(), reason=f"needs the extra `features`: {lite0.INSTALL}")
def test_the_table_has_samples_beside_real_art(run: Run, model: Path, dataset: Path) -> None:
    ran = run("evaluate", "--model", model, dataset, "--samples", "--count", "6")
    assert (ran.status, ran.err) == (0, "")
    for row in ("told apart, AUC", "KID × 1000", "precision", "recall", "density", "coverage", "near copies", "stray"):
        assert f"\n{row}" in ran.out
    assert "6 samples of seed 0 beside" in ran.out


def test_a_model_of_other_art_is_told_of(run: Run, dataset: Path, tmp_path: Path) -> None:
    bundle = dataclasses.replace(tiny_bundle(), card={"art_digest": "0" * 64})
    save_model(bundle, tmp_path / "other.safetensors")
    ran = run("evaluate", "--model", tmp_path / "other.safetensors", dataset, "--samples", "--count", "5", "--json")
    assert "learnt from another data set" in ran.err
    assert ran.document["same_art"] is False


def test_the_teacher_is_asked_about_every_damage(run: Run, model: Path, dataset: Path) -> None:
    document = run("evaluate", "--model", model, dataset, "--critic", "--json").document
    figures = document["figures"]
    assert set(figures["against"]) == set(FAMILIES)
    assert len(figures["against"]["blur"]["auroc_by_severity"]) == len(document["severities"])
    assert set(figures["against_drawn"]) == {"reconstructions", "samples", "wild samples"}
    assert sum(figures["shares_E"]) == pytest.approx(1.0, abs=1e-4)
    assert figures["sprites"] == len(Dataset.open(dataset).indices("validation"))
    said = run("evaluate", "--model", model, dataset, "--critic").out
    for row in (*FAMILIES, "every family of art", "against samples", "shares of the gate", "error of the percentile"):
        assert f"\n{row}" in said


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--count", "3"], "--count is for"),
        (["--critic"], "needs a data set"),
        (["--critic", "--samples"], "not allowed with"),
        (["--samples"], "needs a data set"),
        (["--samples", "--per-file"], "not allowed with"),
        (["--samples", "--refined", "1"], "not allowed with"),
        (["--refined", "0"], "must be above 0"),
    ],
)
def test_what_does_not_go_together_is_wrong_usage(
    run: Run, model: Path, art: Path, options: list[str], why: str
) -> None:
    ran = run("evaluate", "--model", model, art, *options)
    assert ran.status == 2
    assert why in ran.err


def test_too_few_samples_or_families_are_refused(run: Run, model: Path, dataset: Path, tmp_path: Path) -> None:
    ran = run("evaluate", "--model", model, dataset, "--samples", "--count", "4")
    assert (ran.status, "5 sprites at least" in ran.err) == (2, True)
    (tmp_path / "few").mkdir()
    for seed in range(12):
        write_png(draw(seed), tmp_path / "few" / f"{'qwertyuiopas'[seed]}{seed}.png")
    build(tmp_path / "few", tmp_path / "set")
    ran = run("evaluate", "--model", model, tmp_path / "set", "--samples", "--count", "5")
    assert (ran.status, "fewer than 5 families" in ran.err) == (1, True)


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
