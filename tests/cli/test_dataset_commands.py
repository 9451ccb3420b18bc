"""`dataset check` and `dataset build` on real folders, zips and nonsense."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from lunar_studio.data.dataset import Dataset
from lunar_studio.pixels.files import write_png
from tests.cli.conftest import Run, draw


def test_check_gives_a_verdict_for_each_file(run: Run, art: Path) -> None:
    (art / "again.png").write_bytes((art / "item" / "g_item.png").read_bytes())
    document = run("dataset", "check", art, "--json").document
    verdicts = {entry["path"]: entry["verdict"] for entry in document["verdicts"]}
    assert len(verdicts) == 14
    assert verdicts["item/broken.png"] == "refused"
    assert verdicts["item/g_item.png"] == "duplicate"
    assert verdicts["again.png"] == "ok"
    assert document["counts"] == {"ok": 12, "duplicate": 1, "refused": 1, "skipped": 0}
    assert document["statistics"]["sizes"] == {"16x16": 13}


def test_check_says_it_in_words(run: Run, art: Path) -> None:
    ran = run("dataset", "check", art)
    assert ran.status == 0
    assert "12 sprites to train on" in ran.out
    assert "refused: item/broken.png: " in ran.out
    assert ran.err == "", "progress is for terminals"


def test_check_takes_a_zip_and_a_single_file(run: Run, art: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "art.zip", "w") as archive:
        for path in sorted(art.rglob("*.png")):
            archive.write(path, path.relative_to(art))
    assert run("dataset", "check", tmp_path / "art.zip", "--json").document["sprites"] == 12
    assert run("dataset", "check", art / "monster" / "a_monster.png", "--json").document["sprites"] == 1


def test_build_writes_a_set_that_opens(run: Run, art: Path, tmp_path: Path) -> None:
    ran = run("dataset", "build", art, "--out", tmp_path / "set", "--json")
    assert ran.status == 0
    dataset = Dataset.open(tmp_path / "set")
    assert ran.document["sprites"] == len(dataset) == 12
    assert ran.document["size"] == 16
    assert ran.document["refused"] == 1
    assert ran.document["digest"] == dataset.digest


def test_build_says_what_it_left_out(run: Run, art: Path, tmp_path: Path) -> None:
    ran = run("dataset", "build", art, "--out", tmp_path / "set", "--size", "24")
    assert "12 sprites of 24 × 24 px" in ran.out
    assert "1 refused" in ran.out
    assert str(tmp_path / "set") in ran.out


def test_building_twice_gives_the_same_bytes(run: Run, art: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert run("dataset", "build", art, "--out", tmp_path / name).status == 0
    for path in sorted((tmp_path / "one").iterdir()):
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


def test_sheets_are_sliced(run: Run, tmp_path: Path) -> None:
    write_png(draw(1, 32, 16), tmp_path / "sheet.png")
    ran = run("dataset", "build", tmp_path / "sheet.png", "--out", tmp_path / "set", "--slice", "16x16", "--json")
    assert ran.document["sprites"] == 2


def test_a_table_leaves_files_out(run: Run, art: Path) -> None:
    (art / "index.tsv").write_text("path\tuse\nmonster/a_monster.png\tskip\nmonster/b_monster.png\ttrain\n")
    document = run("dataset", "check", art, "--skip", "use=skip", "--json").document
    assert document["counts"]["skipped"] == 1


@pytest.mark.parametrize("text", ["", "nothing here"])
def test_a_place_that_holds_something_else_is_not_overwritten(run: Run, art: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary.txt").write_text(text)
    ran = run("dataset", "build", art, "--out", tmp_path / "mine")
    assert ran.status == 1
    assert (tmp_path / "mine" / "diary.txt").read_text() == text


def test_the_doctor_tells_problems_from_notes(run: Run, art: Path) -> None:
    (art / "again.png").write_bytes((art / "item" / "g_item.png").read_bytes())
    document = run("dataset", "doctor", art, "--json").document
    severities = {entry["id"]: entry["severity"] for entry in document["findings"]}
    assert severities["refused"] == "problem"
    assert severities["duplicate"] == "note"
    assert document["problems"] == 1
    text = run("dataset", "doctor", art).out
    assert text.index("Problems:") < text.index("item/broken.png") < text.index("Notes (harmless):")


def test_the_doctor_writes_a_mended_copy(run: Run, art: Path, tmp_path: Path) -> None:
    ran = run("dataset", "doctor", art, "--fix", tmp_path / "mended", "--json")
    assert ran.status == 0
    assert ran.document["mended"]["left_out"] == 1
    assert not (tmp_path / "mended" / "item" / "broken.png").exists()
    assert (art / "item" / "broken.png").exists()
    again = run("dataset", "doctor", art, "--fix", tmp_path / "mended")
    assert again.status == 1
    assert "is there already" in again.err


@pytest.mark.parametrize("options", [["--only", "refused"], ["--fix", "out", "--only", "everything"]])
def test_a_fix_that_makes_no_sense_is_wrong_usage(run: Run, art: Path, tmp_path: Path, options: list[str]) -> None:
    options = [str(tmp_path / "out") if one == "out" else one for one in options]
    assert run("dataset", "doctor", art, *options).status == 2
    assert not (tmp_path / "out").exists()
