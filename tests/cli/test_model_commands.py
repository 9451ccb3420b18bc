"""`info`: the facts of a model, for people and for scripts."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Run
from tests.explore.tiny_model import write_tiny_model


def test_json_has_every_promised_fact(run: Run, model: Path) -> None:
    document = run("info", model, "--json").document
    assert document["name"] == "Tiny dungeon"
    assert document["preset"] == "tiny"
    assert document["family"] == "sprite"
    assert document["parameters"] == document["parts"]["vae"] > 10_000
    assert set(document["parts"]) == {"vae", "teacher", "prior"}
    assert (document["image_size"], document["channels"], document["latent_dim"]) == (16, 4, 140)
    assert document["estimates"]["memory_bytes"] > 4 * document["parameters"]
    assert document["card"]["art"]["licence"] == "CC0-1.0"
    assert document["directions"][0] == {
        "id": "shape/0",
        "name": "Shape 1",
        "group": "shape",
        "sigma": 1.5,
        "share": 0.4,
    }
    assert document["experts"] == ["outline", "palette", "silhouette", "clusters"]
    assert document["words"] == 9
    assert len(document["digest"]) == 64


def test_text_says_it_in_words(run: Run, model: Path) -> None:
    ran = run("info", model)
    assert ran.status == 0
    for words in ("Tiny dungeon (tiny, family sprite)", "16 × 16 px, RGBA", "2 shape, 1 colour", "outline, palette"):
        assert words in ran.out


def test_a_model_without_teacher_says_so(run: Run, judgeless: Path) -> None:
    assert "trained without a teacher" in run("info", judgeless).out
    document = run("info", judgeless, "--json").document
    assert document["experts"] == []
    assert "teacher" not in document["parts"]


def test_a_damaged_model_is_refused_with_its_reason(run: Run, model: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(model.read_bytes()[:5000])
    ran = run("info", cut)
    assert ran.status == 1
    assert "cut.safetensors cannot be used: it is not a whole safetensors file" in ran.err


def test_extensions_are_run_first_and_their_mistakes_told(run: Run, model: Path, tmp_path: Path) -> None:
    extension = tmp_path / "mine.py"
    extension.write_text("1 / 0")
    ran = run("info", model, "--extension", extension)
    assert ran.status == 1
    assert "mine.py failed: ZeroDivisionError" in ran.err


def test_every_card_is_shown_however_odd(run: Run, tmp_path: Path) -> None:
    import dataclasses

    from lunar_studio.models.model_file import save_model
    from tests.explore.tiny_model import tiny_bundle

    bundle = dataclasses.replace(tiny_bundle(), card={"long": "x" * 500, "lines": "a\nb", "list": [1, {"a": None}]})
    save_model(bundle, tmp_path / "odd.safetensors")
    ran = run("info", tmp_path / "odd.safetensors")
    assert ran.status == 0
    assert "x" * 500 not in ran.out
    assert "lines       a…" in ran.out
    assert run("info", tmp_path / "odd.safetensors", "--json").document["card"]["long"] == "x" * 500


def test_models_of_other_seeds_have_other_digests(run: Run, model: Path, tmp_path: Path) -> None:
    write_tiny_model(tmp_path / "same.safetensors")
    write_tiny_model(tmp_path / "other.safetensors", seed=1)
    digests = [
        run("info", path, "--json").document["digest"]
        for path in (model, tmp_path / "same.safetensors", tmp_path / "other.safetensors")
    ]
    assert digests[0] == digests[1] != digests[2]
