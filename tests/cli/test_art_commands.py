"""`export`: pictures to formats, read back; and SRC in all its kinds."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from lunar_studio.cli.art import Art, batches
from lunar_studio.errors import DatasetError
from lunar_studio.export.formats import FORMATS
from lunar_studio.pixels.files import read_sprites
from tests.cli.conftest import Run, draw


@pytest.mark.parametrize("format_id", [known.id for known in FORMATS])
def test_every_format_is_written(run: Run, art: Path, tmp_path: Path, format_id: str) -> None:
    ran = run("export", art, "--format", format_id, "--out", tmp_path / "out" / "x", "--json")
    assert ran.status == 0
    assert ran.document["count"] == 12
    assert ran.document["files"]
    for file in ran.document["files"]:
        assert Path(file).stat().st_size > 0


def test_a_sheet_has_columns_scale_and_names(run: Run, art: Path, tmp_path: Path) -> None:
    ran = run("export", art, "--format", "sheet", "--out", tmp_path / "x.png", "--columns", "4", "--scale", "2")
    assert ran.status == 0
    assert "12 sprites, read back and equal" in ran.out
    picture = read_sprites(tmp_path / "x.png")[0]
    assert (picture.width, picture.height) == (4 * 32, 3 * 32)
    assert "g_item" in json.loads((tmp_path / "x.json").read_text())["frames"]


def test_formats_are_listed(run: Run) -> None:
    document = run("export", "--format", "list", "--json").document
    assert [entry["id"] for entry in document["formats"]] == [known.id for known in FORMATS]
    assert "sheet" in run("export", "--format", "list").out


def test_only_art_that_a_model_made_says_so(run: Run, art: Path, model: Path, tmp_path: Path) -> None:
    run("sample", "--model", model, "--count", "2", "--out", tmp_path / "drawn")
    for source, says in ((art, False), (tmp_path / "drawn", True)):
        run("export", source, "--format", "sheet", "--out", tmp_path / "x.png")
        assert (b"trainedAlgorithmicMedia" in (tmp_path / "x.png").read_bytes()) == says


def test_the_same_art_gives_the_same_bytes(run: Run, art: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        run("export", art, "--format", "sheet", "--out", tmp_path / name / "x.png")
    for suffix in (".png", ".json"):
        one, two = ((tmp_path / name / f"x{suffix}").read_bytes() for name in ("one", "two"))
        assert one == two


# ---- SRC -----------------------------------------------------------------------------------------


def test_a_folder_a_zip_and_a_data_set_give_the_same_sprites(run: Run, art: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "art.zip", "w") as archive:
        for path in sorted(art.rglob("*.png")):
            archive.write(path, path.relative_to(art))
    run("dataset", "build", art, "--out", tmp_path / "set")
    folder, zipped, built = (list(Art([source])) for source in (art, tmp_path / "art.zip", tmp_path / "set"))
    assert [p.name for p in folder] == [p.name for p in zipped] == [p.name for p in built]
    assert [p.sprite for p in folder] == [p.sprite for p in zipped]
    assert {p.sprite.digest for p in folder} == {p.sprite.digest for p in built}
    assert zipped[0].path == f"{tmp_path}/art.zip/item/g_item.png"


def test_frames_are_numbered(tmp_path: Path) -> None:
    frames = [Image.fromarray(draw(seed).rgba_HWC, "RGBA") for seed in range(3)]
    frames[0].save(tmp_path / "walk.png", save_all=True, append_images=frames[1:])
    found = list(Art([tmp_path / "walk.png"]))
    assert [p.name for p in found] == ["walk_1", "walk_2", "walk_3"]
    assert found[1].path == f"{tmp_path}/walk.png#2"
    assert found[1].sprite == draw(1)


def test_what_cannot_be_used_is_told_and_nothing_at_all_is_a_failure(
    art: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for index in range(7):
        (art / f"bad{index}.png").write_bytes(b"no picture")
    found = Art([art])
    assert len(list(found)) == 12
    assert len(found.refused) == 8
    found.require_some()
    err = capsys.readouterr().err
    assert err.count("left out: ") == 5
    assert "and 3 more" in err
    nothing = Art([art / "bad1.png"])
    assert list(nothing) == []
    with pytest.raises(DatasetError, match=r"no picture to use in .*bad1\.png"):
        nothing.require_some()


def test_batches_keep_the_order_and_lose_nothing() -> None:
    assert list(batches(iter(range(7)), 3)) == [[0, 1, 2], [3, 4, 5], [6]]
    assert list(batches(iter([]), 3)) == []
