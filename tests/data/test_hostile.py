"""Nothing bad in a folder or a zip stops an import; each refused file is listed with a reason."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from lunar_studio.data.importing import build, check
from lunar_studio.data.report import Report
from lunar_studio.errors import DatasetError
from lunar_studio.pixels.files import encode_png, shown_name
from tests.data.hostile import GOOD, LONG_NAME, write_hostile_folder, write_hostile_zip
from tests.pixels.drawn import blob

ROOT = Path(__file__).resolve().parents[2]


def _refused(report: Report) -> dict[str, str]:
    return {found.path: found.reason for found in report.verdicts if found.verdict == "refused"}


def test_a_hostile_folder(tmp_path: Path) -> None:
    expected = write_hostile_folder(tmp_path / "art")
    start = time.process_time()
    report = check(tmp_path / "art")
    assert time.process_time() - start < 10.0
    refused = _refused(report)
    assert set(refused) == set(expected)
    for path, reason in expected.items():
        assert reason in refused[path], path
        assert "cannot be used" not in refused[path]
    taken = {found.path: found for found in report.verdicts if found.verdict == "ok"}
    assert set(GOOD) <= set(taken)
    assert taken["walk.gif"].frames == taken["walk.apng"].frames == taken["walk.webp"].frames == 3
    assert taken["grey16.png"].colours == 32
    assert taken[shown_name(LONG_NAME, 300)].width == 32
    assert "folder.png/inside.png" in taken
    assert report.other_files == 2
    assert all(found.path.isprintable() for found in report.verdicts)
    json.dumps(report.to_json()).encode()


def test_no_bad_file_keeps_the_processor_busy(tmp_path: Path) -> None:
    expected = write_hostile_folder(tmp_path / "art")
    for path in expected:
        if "folder" in expected[path]:
            continue
        start = time.process_time()
        report = check(tmp_path / "art" / path) if (tmp_path / "art" / path).exists() else None
        assert time.process_time() - start < 2.0, path
        if report is not None:
            assert report.count("refused") == 1, path


def test_a_data_set_is_built_from_what_is_good(tmp_path: Path) -> None:
    expected = write_hostile_folder(tmp_path / "art")
    dataset = build(tmp_path / "art", tmp_path / "set", size=32)
    assert dataset.facts.refused == len(expected)
    assert set(GOOD) <= set(dataset.names)
    assert sum(name.startswith("walk.gif#") for name in dataset.names) == 3
    dataset.verify()


def test_a_hostile_zip(tmp_path: Path) -> None:
    path = tmp_path / "art.zip"
    expected = write_hostile_zip(path)
    report = check(path)
    refused = _refused(report)
    assert set(refused) == set(expected)
    for member, reason in expected.items():
        assert reason in refused[member], member
    assert {found.path for found in report.verdicts if found.verdict == "ok"} == set(GOOD)
    assert build(path, tmp_path / "set").facts.sprites == len(GOOD)
    assert sorted(child.name for child in tmp_path.iterdir()) == ["art.zip", "set"]


def test_damaged_zips_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "art.zip"
    write_hostile_zip(path)
    whole = path.read_bytes()
    for data in (b"", b"PK", whole[: len(whole) // 2], whole[:-5], b"no zip at all" * 100):
        path.write_bytes(data)
        with pytest.raises(DatasetError) as caught:
            check(path)
        assert caught.value.hint


def test_a_zip_that_lists_too_much_is_refused_before_it_is_listed(tmp_path: Path) -> None:
    path = tmp_path / "art.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("one.png", encode_png(blob(1)))
    data = bytearray(path.read_bytes())
    end = data.rindex(b"PK\x05\x06")
    struct.pack_into("<I", data, end + 12, 2**31)
    path.write_bytes(bytes(data))
    with pytest.raises(DatasetError, match="far too many"):
        check(path)


def test_a_damaged_member_is_refused_and_the_rest_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "art.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("bad.png", encode_png(blob(1)))
        archive.writestr("good.png", encode_png(blob(2)))
    data = bytearray(path.read_bytes())
    data[60] ^= 255
    path.write_bytes(bytes(data))
    report = check(path)
    assert [found.verdict for found in report.verdicts] == ["refused", "ok"]
    assert "damaged" in report.verdicts[0].reason


def test_memory_stays_small_on_hostile_art(tmp_path: Path) -> None:
    write_hostile_folder(tmp_path / "art")
    write_hostile_zip(tmp_path / "art.zip")
    program = (
        "import sys; from pathlib import Path; from lunar_studio.data.importing import check; "
        "from tests.bench.checkpointing import peak_bytes; before = peak_bytes(); "
        "[check(Path(name)) for name in sys.argv[1:]]; "
        "print((peak_bytes() - before) // 2**20)"
    )
    arguments = [sys.executable, "-c", program, str(tmp_path / "art"), str(tmp_path / "art.zip")]
    result = subprocess.run(arguments, capture_output=True, text=True, check=True, timeout=100, cwd=ROOT)
    assert int(result.stdout) < 250
