"""Decoding in processes of their own: the same sprites as at home, kept over a kill, and no file takes others down."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lunar_studio.data.dataset import Dataset
from lunar_studio.data.decode_process import packed_piece, unpacked_piece
from lunar_studio.data.decoding import Decoded, Decoder, _Piece
from lunar_studio.data.importing import build
from lunar_studio.data.sources import open_source
from lunar_studio.data.sprite_lines import SpriteLines
from lunar_studio.pixels.files import encode_png, write_png
from lunar_studio.pixels.slicing import SliceSpec
from tests.data.hostile import write_hostile_folder
from tests.pixels.drawn import blob, texture

ROOT = Path(__file__).parents[2]


def _all(folder: Path, decoder: Decoder) -> list[Decoded]:
    with open_source(folder) as source, decoder:
        return list(decoder.run(source, list(source.entries())))


def _same(one: Sequence[Decoded], other: Sequence[Decoded]) -> bool:
    return [(d.entry, d.length, d.digest, d.refusal, d.sprites) for d in one] == [
        (d.entry, d.length, d.digest, d.refusal, d.sprites) for d in other
    ]


def test_other_processes_find_the_same_in_hostile_art(tmp_path: Path) -> None:
    write_hostile_folder(tmp_path / "art")
    at_home = _all(tmp_path / "art", Decoder(lambda _path: None, processes=0))
    away = _all(tmp_path / "art", Decoder(lambda _path: None, processes=2))
    assert _same(at_home, away)
    assert any(one.refusal for one in away)
    assert any(len(one.sprites) == 3 for one in away)


def test_pieces_stand_on_the_shelf_and_are_not_decoded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "art").mkdir()
    for seed in range(5):
        write_png(blob(seed, 16), tmp_path / "art" / f"{seed}.png")
    shelf = tmp_path / "shelf"
    first = _all(tmp_path / "art", Decoder(lambda _path: None, shelf=shelf, processes=1))
    assert len(list(shelf.iterdir())) == 1
    with monkeypatch.context() as patched:
        patched.setattr(Decoder, "_submit", lambda *_: pytest.fail("decoded again"))
        assert _same(_all(tmp_path / "art", Decoder(lambda _path: None, shelf=shelf, processes=1)), first)
    piece = next(shelf.iterdir())
    damaged = bytearray(piece.read_bytes())
    damaged[40] ^= 1
    piece.write_bytes(bytes(damaged))
    assert _same(_all(tmp_path / "art", Decoder(lambda _path: None, shelf=shelf, processes=1)), first)
    write_png(blob(9, 16), tmp_path / "art" / "2.png")
    changed = _all(tmp_path / "art", Decoder(lambda _path: None, shelf=shelf, processes=1))
    assert changed[2].sprites != first[2].sprites, "another file is another piece"
    decoder = Decoder(lambda _path: None, shelf=shelf)
    decoder.clear()
    assert not shelf.exists()


def test_a_second_look_at_part_of_the_files_finds_them_on_the_shelf(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "art").mkdir()
    for seed in range(12):
        write_png(blob(seed, 16), tmp_path / "art" / f"{seed:02d}.png")
    monkeypatch.setattr("lunar_studio.data.decoding._PIECE_FILES", 3)
    decoder = Decoder(lambda _path: None, shelf=tmp_path / "shelf", processes=1)
    whole = _all(tmp_path / "art", decoder)
    begun: list[object] = []
    plain = Decoder._submit

    def counting(self: Decoder, piece: _Piece, count: int) -> Future[bytes]:
        begun.append(piece)
        return plain(self, piece, count)

    monkeypatch.setattr(Decoder, "_submit", counting)
    with open_source(tmp_path / "art") as source, decoder:
        rest = list(decoder.run(source, list(source.entries())[5:]))
    assert _same(rest, whole[5:])
    assert len(begun) == 1, "only the piece that is cut in two is another"


def test_many_sheets_are_decoded_in_processes_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "art").mkdir()
    for seed in range(3):
        write_png(texture(seed, 32), tmp_path / "art" / f"{seed}.png")
    cut = SliceSpec.parse("16x16")
    at_home = _all(tmp_path / "art", Decoder(lambda _path: cut, shelf=tmp_path / "shelf"))
    assert not (tmp_path / "shelf").exists()
    monkeypatch.setattr("lunar_studio.data.decoding.PARALLEL_SHEETS", 3)
    assert _same(_all(tmp_path / "art", Decoder(lambda _path: cut, shelf=tmp_path / "shelf")), at_home)
    assert any((tmp_path / "shelf").iterdir())


def test_a_file_that_kills_its_process_is_refused_and_the_rest_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(4):
        (tmp_path / f"{seed}.png").write_bytes(encode_png(blob(seed, 16)))
    # Every other process is one that dies of the third file.
    program = (
        "import os; from lunar_studio.data import decode_process as d; ours = d.packed_piece; "
        "d.packed_piece = lambda jobs: os.abort() if any(p == '2.png' for p, *_ in jobs) else ours(jobs); d.main()"
    )
    started = subprocess.Popen
    monkeypatch.setattr(
        "lunar_studio.data.decode_process.subprocess.Popen",
        lambda _words, **named: started([sys.executable, "-c", program], **named),
    )
    found = _all(tmp_path, Decoder(lambda _path: None, processes=1))
    assert [one.refusal for one in found] == ["", "", "it makes the reader of pictures crash", ""]
    assert [one.sprites[0] for one in found if not one.refusal] == [blob(0, 16), blob(1, 16), blob(3, 16)]


def test_a_machine_that_starts_no_process_decodes_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "one.png").write_bytes(encode_png(blob(1, 16)))
    monkeypatch.setattr("lunar_studio.data.decode_process.sys.executable", str(tmp_path / "no python"))
    found = _all(tmp_path, Decoder(lambda _path: None, processes=2))
    assert [one.sprites for one in found] == [(blob(1, 16),)]


def test_a_decoding_process_ends_with_its_parent() -> None:
    program = (
        "from lunar_studio.data.decode_process import DecodeProcess; one = DecodeProcess(); one.decode([]); "
        "print(one._process.pid, flush=True); import time; time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and is_alive(child):
        time.sleep(0.05)
    assert not is_alive(child)


def is_alive(process: int) -> bool:
    """Whether a process runs; one that ended and is not yet reaped does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["png", "bad", "sheet"]), st.integers(0, 50)), max_size=6))
def test_what_is_packed_comes_out_again(files: list[tuple[str, int]]) -> None:
    jobs = []
    for number, (kind, seed) in enumerate(files):
        data = b"no picture" if kind == "bad" else encode_png(texture(seed, 32) if kind == "sheet" else blob(seed, 16))
        jobs.append((f"{number}\udcff.png", data, "16x16" if kind == "sheet" else "", ""))
    unpacked = unpacked_piece(packed_piece(jobs))
    assert len(unpacked) == len(files)
    for (kind, seed), (sprites, refusal) in zip(files, unpacked, strict=True):
        assert bool(refusal) == (kind == "bad")
        if kind == "png":
            assert sprites == (blob(seed, 16),)
        elif kind == "sheet":
            assert len(sprites) == 4
            assert np.array_equal(sprites[3].rgba_HWC, texture(seed, 32).rgba_HWC[16:, 16:])


def test_a_build_that_was_killed_goes_on(tmp_path: Path) -> None:
    """The pieces that were done before the kill are not decoded again, and the set is the same as without it."""
    art = tmp_path / "art"
    art.mkdir()
    for seed in range(900):
        (art / f"{seed:04d}.png").write_bytes(encode_png(blob(seed, 16)))
    program = (
        "import sys; from pathlib import Path; from lunar_studio.data import decoding, importing; "
        "decoding.PARALLEL_FROM = 1; importing.build(Path(sys.argv[1]), Path(sys.argv[2]))"
    )
    arguments = [sys.executable, "-c", program, str(art), str(tmp_path / "set")]
    process = subprocess.Popen(arguments, cwd=ROOT)
    shelf = tmp_path / ".set.pieces"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (shelf.exists() and any(shelf.iterdir())):
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert list(shelf.iterdir()), "something was done before the kill"
    subprocess.run(arguments, cwd=ROOT, check=True, timeout=100)
    assert not shelf.exists()
    assert not [child for child in tmp_path.iterdir() if child.name.startswith(".set-")], "what the kill left is gone"
    assert Dataset.open(tmp_path / "set").digest == build(art, tmp_path / "other").digest


def test_a_build_that_was_killed_among_near_copies_goes_on(tmp_path: Path) -> None:
    art = tmp_path / "art"
    art.mkdir()
    for seed in range(300):
        (art / f"{seed:04d}.png").write_bytes(encode_png(blob(seed // 2, 16 + seed % 2)))
    program = (
        "import os, signal, sys; from pathlib import Path; from lunar_studio.data import duplicates, importing; "
        "duplicates.KEPT_FROM = 1; plain = duplicates.near_pairs\n"
        "def deadly(part):\n"
        "    if part > 0.6 and len(sys.argv) > 3: os.kill(os.getpid(), signal.SIGKILL)\n"
        "importing.near_pairs = lambda sprites, shelf, step: plain(sprites, shelf=shelf, step=deadly)\n"
        "importing.build(Path(sys.argv[1]), Path(sys.argv[2]))"
    )
    arguments = [sys.executable, "-c", program, str(art), str(tmp_path / "set")]
    assert subprocess.run([*arguments, "die"], cwd=ROOT, check=False, timeout=100).returncode < 0
    (folder,) = (tmp_path / ".set.pieces").iterdir()
    done = {path.name for path in folder.iterdir()}
    assert {"keys", "looks", "band 0", "band 10"} <= done
    assert "band 41" not in done
    subprocess.run(arguments, cwd=ROOT, check=True, timeout=100)
    assert not (tmp_path / ".set.pieces").exists()
    assert Dataset.open(tmp_path / "set").digest == build(art, tmp_path / "other").digest


def test_lines_are_decoded_when_they_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "art").mkdir()
    for seed in range(5):
        write_png(blob(seed, 16), tmp_path / "art" / f"{'abcde'[seed] * 3}.png")
    dataset = build(tmp_path / "art", tmp_path / "set")
    assert isinstance(dataset.lines, SpriteLines)
    assert [line.name for line in dataset.lines] == dataset.names == [f"{letter * 3}.png" for letter in "abcde"]
    assert dataset.lines[-1].name == "eee.png"
    assert [line.name for line in dataset.lines[1:3]] == ["bbb.png", "ccc.png"]
    with pytest.raises(IndexError):
        dataset.lines[5]
