"""`encode` and `decode`: there and back, fitting told, names kept safe."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lunar_studio.cli.latents_file import LatentsFile, read_latents, write_latents
from lunar_studio.core.latent import Latent
from lunar_studio.explore.engine import load
from lunar_studio.pixels.files import read_sprites, write_png
from tests.cli.conftest import Run, draw
from tests.explore.tiny_model import write_tiny_model


def test_there_and_back(run: Run, model: Path, art: Path, tmp_path: Path) -> None:
    encoded = run("encode", "--model", model, art, "--out", tmp_path / "new" / "l.npz", "--json")
    assert encoded.status == 0
    assert (encoded.document["count"], encoded.document["latent_dim"]) == (12, 140)
    assert [entry["path"] for entry in encoded.document["refused"]] == [f"{art}/item/broken.png"]
    assert "left out: " in encoded.err
    content = read_latents(tmp_path / "new" / "l.npz", 140)
    assert content.names[0] == "item/g_item"
    engine = load(model)
    sprite = read_sprites(art / "item" / "g_item.png")[0]
    np.testing.assert_allclose(content.latents_NL[0], engine.encode(sprite).values_L, atol=1e-4)

    decoded = run("decode", "--model", model, tmp_path / "new" / "l.npz", "--out", tmp_path / "pictures", "--json")
    assert decoded.status == 0
    assert decoded.document["count"] == 12
    assert decoded.document["files"][0] == {"name": "item/g_item", "file": "item-g_item.png"}
    drawn = read_sprites(tmp_path / "pictures" / "item-g_item.png")[0]
    assert drawn == engine.decode(Latent(content.latents_NL[0]))


def test_the_same_input_gives_the_same_bytes(run: Run, model: Path, art: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        run("encode", "--model", model, art, "--out", tmp_path / name / "l.npz")
        run("decode", "--model", model, tmp_path / name / "l.npz", "--out", tmp_path / name)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_a_picture_of_another_size_is_fitted_and_that_is_told(run: Run, model: Path, tmp_path: Path) -> None:
    write_png(draw(0, 10, 12), tmp_path / "small.png")
    ran = run("encode", "--model", model, tmp_path / "small.png", "--out", tmp_path / "l.npz", "--json")
    assert ran.document["fitted"] == {f"{tmp_path}/small.png": "padded to 16 × 16"}
    ran = run("encode", "--model", model, tmp_path / "small.png", "--out", tmp_path / "l.npz")
    assert "1 pictures were fitted" in ran.out


def test_names_from_a_strangers_file_stay_in_the_folder(run: Run, model: Path, tmp_path: Path) -> None:
    names = ("../../escape", "/etc/passwd", "a", "A", "con", "", "\u202egnp.exe", "x" * 900)
    write_latents(tmp_path / "l.npz", LatentsFile(names, np.zeros((len(names), 140), np.float32)))
    before = set(tmp_path.iterdir())
    ran = run("decode", "--model", model, tmp_path / "l.npz", "--out", tmp_path / "deep" / "d", "--json")
    assert ran.status == 0
    assert set(tmp_path.iterdir()) - before == {tmp_path / "deep"}
    files = [entry["file"] for entry in ran.document["files"]]
    assert len({file.lower() for file in files}) == len(names)
    assert sorted(path.name for path in (tmp_path / "deep" / "d").iterdir()) == sorted(files)


def test_latents_of_another_model_are_drawn_with_a_warning(run: Run, model: Path, art: Path, tmp_path: Path) -> None:
    write_tiny_model(tmp_path / "other.safetensors", seed=1)
    run("encode", "--model", tmp_path / "other.safetensors", art, "--out", tmp_path / "l.npz")
    ran = run("decode", "--model", model, tmp_path / "l.npz", "--out", tmp_path / "d")
    assert ran.status == 0
    assert "encoded with another model" in ran.err


def test_failures_are_1(run: Run, model: Path, art: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert run("encode", "--model", model, art, "--out", tmp_path / "file" / "l.npz").status == 1
    assert run("encode", "--model", model, tmp_path / "file", "--out", tmp_path / "l.npz").status == 1
    assert not (tmp_path / "l.npz").exists()
    assert run("decode", "--model", model, tmp_path / "file", "--out", tmp_path / "d").status == 1
    write_latents(tmp_path / "l.npz", LatentsFile(("a",), np.zeros((1, 140), np.float32)))
    blocked = run("decode", "--model", model, tmp_path / "l.npz", "--out", tmp_path / "file")
    assert blocked.status == 1
    assert "cannot be made" in blocked.err
