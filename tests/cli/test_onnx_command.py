"""`export-onnx`: a file that others can use, as docs/formats.md shows."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from lunar_studio.cli.latents_file import read_latents
from lunar_studio.core.latent import Latent
from lunar_studio.explore.engine import load
from lunar_studio.pixels.files import write_png
from tests.cli.conftest import Run, draw

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_example_of_the_manual_walks_between_two_sprites(run: Run, model: Path, tmp_path: Path) -> None:
    (tmp_path / "art").mkdir()
    for seed in (1, 2):
        write_png(draw(seed), tmp_path / "art" / f"{seed}.png")
    assert run("encode", tmp_path / "art", "--out", tmp_path / "latents.npz", "--model", model).status == 0
    ran = run("export-onnx", "--model", model, "--out", tmp_path / "model.onnx", "--json")
    assert ran.status == 0
    engine = load(model)
    assert ran.document == {
        "file": str(tmp_path / "model.onnx"),
        "bytes": (tmp_path / "model.onnx").stat().st_size,
        "model": engine.info.digest,
        "latent_dim": engine.info.latent_dim,
        "size": engine.info.image_size,
        "batch": None,
        "opset": 18,
        "pixels": 64 * engine.info.image_size**2,
        "differing": 0,
    }

    section = PAGE[PAGE.index("## The ONNX file") :]
    (example,) = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    assert len([line for line in example.splitlines() if line and not line.startswith("import")]) <= 15
    done = subprocess.run(
        [sys.executable, "-c", example], cwd=tmp_path, check=True, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.startswith(engine.info.name)
    size = engine.info.image_size
    picture = (tmp_path / "walk.pam").read_bytes()
    head, _, pixels = picture.partition(b"ENDHDR\n")
    assert f"WIDTH {8 * size}\nHEIGHT {size}\n".encode() in head
    strip = np.frombuffer(pixels, np.uint8).reshape(size, 8 * size, 4)
    first, last = read_latents(tmp_path / "latents.npz", engine.info.latent_dim).latents_NL[:2]
    share = np.linspace(0, 1, 8, dtype=np.float32)[:, None]
    sprites = engine.decode_many([Latent(row) for row in first * (1 - share) + last * share])
    np.testing.assert_array_equal(strip, np.concatenate([sprite.rgba_HWC for sprite in sprites], axis=1))


@pytest.mark.slow
def test_a_fixed_batch(run: Run, model: Path, tmp_path: Path) -> None:
    ran = run("export-onnx", "--model", model, "--out", tmp_path / "m.onnx", "--batch", 4)
    assert ran.status == 0
    assert "every one the same" in ran.out
    session = onnxruntime.InferenceSession(str(tmp_path / "m.onnx"), providers=["CPUExecutionProvider"])
    assert session.get_inputs()[0].shape[0] == 4


@pytest.mark.parametrize("batch", ["0", "-3", "4097", "any", "1.5"])
def test_wrong_batches_are_wrong_usage(run: Run, batch: str, tmp_path: Path) -> None:
    assert run("export-onnx", "--out", tmp_path / "m.onnx", f"--batch={batch}").status == 2
    assert not (tmp_path / "m.onnx").exists()


def test_failures_are_1(run: Run, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    assert run("export-onnx", "--model", tmp_path / "file", "--out", tmp_path / "m.onnx").status == 1
    refused = run("export-onnx", "--model", model, "--out", tmp_path / "file" / "m.onnx")
    assert refused.status == 1
    assert "could not be saved" in refused.err
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    without = run("export-onnx", "--model", model, "--out", tmp_path / "m.onnx")
    assert without.status == 1
    assert "-m pip install onnx onnxscript onnxruntime" in without.err
    assert not (tmp_path / "m.onnx").exists()
