"""Importing: what is taken, what is noted, what is written, and that it is written whole or not at all."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from lunar_studio.core.sprite import Sprite
from lunar_studio.data.dataset import Dataset
from lunar_studio.data.importing import build, check
from lunar_studio.data.report import Report, Statistics
from lunar_studio.data.scanning import ImportStopped
from lunar_studio.errors import DatasetError
from lunar_studio.pixels.files import encode_png, write_png
from lunar_studio.pixels.grid import enlarged
from tests.pixels.drawn import blob, texture


def _write(sprite: Sprite, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_png(sprite, path)


@pytest.fixture
def art(tmp_path: Path) -> Path:
    """Twelve creatures, two walls, a copy, a mirror image, a large one, a small one, an enlarged one."""
    folder = tmp_path / "art"
    for seed in range(12):
        _write(blob(seed), folder / "mon" / f"creature {'abcdefghijkl'[seed] * 3}.png")
    for seed in range(2):
        _write(texture(seed), folder / "wall" / f"brick{seed}.png")
    _write(blob(3), folder / "z copy.png")
    _write(Sprite(blob(4).rgba_HWC[:, ::-1]), folder / "z mirror.png")
    _write(enlarged(blob(20), 4), folder / "z enlarged.png")
    _write(blob(21, 20), folder / "z small.png")
    (folder / "LICENSE.txt").write_text("Do as you like.")
    return folder


def test_check_tells_what_is_there_and_writes_nothing(art: Path) -> None:
    before = sorted(art.parent.rglob("*"))
    report = check(art)
    assert sorted(art.parent.rglob("*")) == before
    assert (report.count("ok"), report.count("duplicate"), report.count("refused")) == (17, 1, 0)
    assert (report.sprites, report.size, report.other_files) == (17, 32, 1)
    assert report.duplicates == (("mon/creature ddd.png", "z copy.png"),)
    assert ("mon/creature eee.png", "z mirror.png") in report.near_copies
    verdict = next(found for found in report.verdicts if found.path == "z enlarged.png")
    assert (verdict.width, verdict.height, verdict.alpha) == (128, 128, "hard")
    assert any("enlarged" in note for note in verdict.notes)
    assert report.statistics.sizes == {"32x32": 16, "128x128": 1, "20x20": 1}
    assert report.statistics.alpha == {"hard": 16, "opaque": 2}
    assert report.statistics.upscaled_files == 1
    document = json.loads(json.dumps(report.to_json()))
    assert document["counts"] == {"ok": 17, "duplicate": 1, "refused": 0, "skipped": 0}


def test_build_writes_what_training_reads(art: Path, tmp_path: Path) -> None:
    dataset = build(art, tmp_path / "set")
    assert dataset.size == 32
    assert dataset.sprites_NHWC.shape == (17, 32, 32, 4)
    assert dataset.names == sorted(dataset.names)
    at = dataset.names.index("mon/creature bbb.png")
    assert np.array_equal(dataset.sprites_NHWC[at], blob(1).rgba_HWC)
    assert dataset.captions[at] == "creature bbb, mon"
    assert dataset.categories[at] == "mon"
    assert np.array_equal(dataset.sprites_NHWC[dataset.names.index("z enlarged.png")], blob(20).rgba_HWC)
    notes = {line.name: line.notes for line in dataset.lines if line.notes}
    assert set(notes) == {"z enlarged.png", "z small.png"}
    mirror, original = dataset.names.index("z mirror.png"), dataset.names.index("mon/creature eee.png")
    assert dataset.families[mirror] == dataset.families[original]
    assert 0 < dataset.split.sum() < 6
    assert "Do as you like." in dataset.facts.licence
    assert not (set(dataset.families[dataset.split]) & set(dataset.families[~dataset.split]))
    report = json.loads((tmp_path / "set" / "report.json").read_text())
    assert report["sprites"] == 17


def test_the_same_art_gives_the_same_set_wherever_it_lies(art: Path, tmp_path: Path) -> None:
    first = build(art, tmp_path / "one")
    with zipfile.ZipFile(tmp_path / "art.zip", "w") as archive:
        for path in sorted(art.rglob("*"), reverse=True):
            archive.write(path, path.relative_to(art).as_posix())
    second = build(tmp_path / "art.zip", tmp_path / "two")
    assert first.digest == second.digest
    assert first.facts.source_digest == second.facts.source_digest


def test_a_set_that_is_there_already_is_not_built_again(art: Path, tmp_path: Path) -> None:
    first = build(art, tmp_path / "set")
    stamp = (tmp_path / "set" / "sprites.npy").stat().st_mtime_ns
    calls: list[int] = []
    again = build(art, tmp_path / "set", progress=lambda done, _total: calls.append(done))
    assert again.digest == first.digest
    assert (tmp_path / "set" / "sprites.npy").stat().st_mtime_ns == stamp
    assert calls == []


@pytest.mark.parametrize("change", ["art", "size", "seed", "damage"])
def test_a_set_is_built_again_when_something_changed(art: Path, tmp_path: Path, change: str) -> None:
    first = build(art, tmp_path / "set")
    sprites = tmp_path / "set" / "sprites.npy"
    if change == "art":
        _write(blob(40), art / "new.png")
    if change == "damage":
        data = bytearray(sprites.read_bytes())
        data[3000] ^= 1
        sprites.write_bytes(bytes(data))
    again = build(art, tmp_path / "set", size=16 if change == "size" else None, seed=3 * (change == "seed"))
    again.verify()
    assert (again.digest == first.digest) is (change == "damage")
    assert not list(tmp_path.glob(".set-*"))


def test_tables_leave_out_caption_and_join(art: Path, tmp_path: Path) -> None:
    (art / "index.tsv").write_text(
        "path\tuse\tgroup\nwall/brick0.png\tskip\t\nmon/creature aaa.png\tcore\tg1\nmon/creature fff.png\tcore\tg1\n"
    )
    (art / "captions.tsv").write_text("path\tcategory\tcaption\nmon/creature aaa.png\tmonster\ta green slime\n")
    dataset = build(art, tmp_path / "set", skip={"use": {"skip"}})
    assert "wall/brick0.png" not in dataset.names
    assert dataset.facts.left_out == 1
    first, other = (dataset.names.index(f"mon/creature {name}.png") for name in ("aaa", "fff"))
    assert dataset.families[first] == dataset.families[other]
    assert (dataset.captions[first], dataset.categories[first]) == ("a green slime", "monster")


def test_sheets_are_cut(tmp_path: Path) -> None:
    sheet = Sprite(np.hstack([blob(seed, 16).rgba_HWC for seed in range(6)]))
    _write(sheet, tmp_path / "sheet.png")
    for slicing in ("16x16", "auto"):
        dataset = build(tmp_path / "sheet.png", tmp_path / slicing, slicing=slicing)
        assert dataset.names == [f"sheet.png#{number}" for number in range(1, 7)]
        assert np.array_equal(dataset.sprites_NHWC[4], blob(4, 16).rgba_HWC)
        assert len(set(dataset.families.tolist())) == 1


def test_a_single_picture_is_a_source(tmp_path: Path) -> None:
    _write(blob(1), tmp_path / "one.png")
    report = check(tmp_path / "one.png")
    assert (report.sprites, report.count("ok")) == (1, 1)
    dataset = build(tmp_path / "one.png", tmp_path / "set")
    assert len(dataset) == 1
    assert not dataset.split.any()


def test_phantom_colours_are_gone(tmp_path: Path) -> None:
    pixels = blob(1).rgba_HWC.copy()
    pixels[0, 0] = (255, 0, 0, 0)
    _write(Sprite(pixels), tmp_path / "art" / "one.png")
    assert check(tmp_path / "art").statistics.phantom_files == 1
    assert not build(tmp_path / "art", tmp_path / "set").sprites_NHWC[0, 0, 0].any()


def test_progress_counts_up_and_stop_stops(art: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    check(art, progress=lambda done, total: seen.append((done, total)))
    assert [done for done, _ in seen] == list(range(19))
    assert {total for _, total in seen} == {18}
    asked = iter([False] * 5 + [True] * 100)
    with pytest.raises(ImportStopped):
        build(art, tmp_path / "set", should_stop=lambda: next(asked))
    with pytest.raises(ImportStopped):
        check(art, should_stop=lambda: True)
    assert sorted(child.name for child in tmp_path.iterdir()) == ["art"]


def test_a_stop_while_writing_leaves_the_old_set(art: Path, tmp_path: Path) -> None:
    first = build(art, tmp_path / "set", size=16)
    asked = iter([False] * 40 + [True] * 100)
    with pytest.raises(ImportStopped):
        build(art, tmp_path / "set", size=32, should_stop=lambda: next(asked))
    assert Dataset.open(tmp_path / "set").digest == first.digest
    assert sorted(child.name for child in tmp_path.iterdir()) == ["art", "set"]


def test_what_is_no_data_set_is_never_replaced(art: Path, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="not a data set"):
        build(art, art)
    assert len(list(art.rglob("*.png"))) == 18
    file = tmp_path / "file"
    file.write_text("mine")
    with pytest.raises(DatasetError, match="not a data set"):
        build(art, file)
    assert file.read_text() == "mine"
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DatasetError, match="not a data set"):
        build(art, tmp_path / "link")
    (tmp_path / "empty").mkdir()
    assert build(art, tmp_path / "empty").size == 32


def test_wrong_wishes_are_refused(art: Path, tmp_path: Path) -> None:
    for wish in ({"size": 0}, {"size": 5000}, {"validation_share": 0.9}, {"slicing": "nonsense"}):
        with pytest.raises(DatasetError) as caught:
            build(art, tmp_path / "set", **wish)
        assert caught.value.hint
    with pytest.raises(DatasetError, match="not there"):
        check(tmp_path / "missing")
    (tmp_path / "nothing").mkdir()
    assert check(tmp_path / "nothing").sprites == 0
    with pytest.raises(DatasetError, match="no sprite"):
        build(tmp_path / "nothing", tmp_path / "set")


def test_a_file_that_changes_meanwhile_is_left_out(art: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # No room in memory: every file is read again for writing.
    monkeypatch.setattr("lunar_studio.data.scanning._KEEP_BYTES", 0)
    asked = 0

    def change_one() -> bool:
        nonlocal asked
        asked += 1
        if asked == 19:
            (art / "mon" / "creature aaa.png").write_bytes(b"gone")
            (art / "mon" / "creature bbb.png").write_bytes(encode_png(blob(99)))
        return False

    dataset = build(art, tmp_path / "set", should_stop=change_one)
    assert "mon/creature aaa.png" not in dataset.names
    assert "mon/creature bbb.png" not in dataset.names
    assert len(dataset) == 15
    assert np.array_equal(dataset.sprites_NHWC[0], blob(2).rgba_HWC)


def test_a_full_or_closed_disk_is_said_plainly(art: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(DatasetError, match="could not be written"):
        build(art, tmp_path / "file" / "set")


def test_a_report_is_written_in_parts_as_in_one(art: Path) -> None:
    report = check(art)
    assert report.verdicts
    assert "".join(report.json_lines()) == json.dumps(report.to_json(), indent=1)
    empty = Report("“quoted”", (), Statistics())
    assert "".join(empty.json_lines()) == json.dumps(empty.to_json(), indent=1)
