"""Captions, tags, credits and cuts: kept beside the data sets, carried into them, never written into the art."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.core.sprite import Sprite
from lunar_studio.data.doctor import examine
from lunar_studio.data.importing import build, check
from lunar_studio.data.mending import mend
from lunar_studio.data.notes import (
    Credit,
    Notes,
    SpriteNote,
    credits_for,
    notes_path,
    read_credit,
    read_notes,
    write_notes,
)
from lunar_studio.errors import DatasetError
from lunar_studio.pixels.files import write_png
from tests.pixels.drawn import blob, texture


@pytest.fixture
def art(tmp_path: Path) -> Path:
    folder = tmp_path / "art"
    for seed in range(4):
        path = folder / ("mon", "item")[seed % 2] / f"{'abcd'[seed] * 3}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_png(blob(seed, 16), path)
    return folder


def test_captions_and_tags_survive_a_rebuild(art: Path, tmp_path: Path) -> None:
    sets = tmp_path / "sets"
    plain = build(art, sets / "one")
    notes = Notes().with_sprite("mon/aaa.png", SpriteNote(caption="a lazy blob", tags=("lazy", "mon")))
    write_notes(notes_path(sets, art), notes)
    dataset = build(art, sets / "one")
    assert dataset.digest != plain.digest, "other words are another set"
    line = dataset.lines[dataset.names.index("mon/aaa.png")]
    assert line.caption == "a lazy blob"
    assert line.tags == ("lazy", "mon")
    assert dataset.captions[dataset.names.index("mon/ccc.png")] == "ccc, mon"
    write_png(blob(9, 16), art / "new.png")
    again = build(art, sets / "one", size=32)
    assert again.captions[again.names.index("mon/aaa.png")] == "a lazy blob"
    assert sorted(path.name for path in art.iterdir()) == ["item", "mon", "new.png"], "the art is never written to"
    write_notes(notes_path(sets, art), notes.with_sprite("mon/aaa.png", SpriteNote()))
    assert "aaa, mon" in build(art, sets / "one").captions


def test_the_split_does_not_hang_on_words(art: Path, tmp_path: Path) -> None:
    plain = build(art, tmp_path / "one", notes=Notes())
    said = build(art, tmp_path / "two", notes=Notes().with_sprite("mon/aaa.png", SpriteNote(caption="x")))
    assert np.array_equal(plain.split, said.split)


def test_credits_come_from_files_and_notes_and_travel(art: Path, tmp_path: Path) -> None:
    (art / "credits.txt").write_text("Author: Everybody\nLicense: CC-BY 4.0\n")
    (art / "mon" / "credits.txt").write_text("This is art.\nArtist: Ada\nLicence : CC0\nSource: a shelf\nArtist: Eve\n")
    dataset = build(art, tmp_path / "set")
    assert dataset.facts.credits == (
        Credit(author="Everybody", licence="CC-BY 4.0"),
        Credit(folder="mon", author="Ada", licence="CC0", link="a shelf"),
    )
    assert "mon: Ada, CC0, a shelf (2 sprites)" in dataset.facts.licence
    assert "all: Everybody, CC-BY 4.0 (2 sprites)" in dataset.facts.licence
    said = Notes().with_credit(Credit(folder="mon", author="Grace", licence="CC0"))
    assert build(art, tmp_path / "set", notes=said).facts.credits[1].author == "Grace"
    (art / "mon" / "credits.txt").write_text("Author: Lin\n")
    changed = build(art, tmp_path / "set")
    assert changed.facts.credits[1].author == "Lin", "a changed credit is built anew"
    diagnosis = examine(art)
    mend(art, tmp_path / "mended", diagnosis, (), notes=said.with_sprite("mon/aaa.png", SpriteNote(caption="blob")))
    mended = build(tmp_path / "mended", tmp_path / "three")
    assert [credit.author for credit in mended.facts.credits] == ["Everybody", "Grace"]
    assert mended.captions[mended.names.index("mon/aaa.png")] == "blob"


def test_a_sheet_can_be_cut_in_its_own_way(art: Path, tmp_path: Path) -> None:
    write_png(Sprite(np.hstack([texture(seed, 16).rgba_HWC for seed in range(3)])), art / "sheet.png")
    assert check(art).sprites == 5
    notes = Notes().with_sprite("sheet.png", SpriteNote(cut="16x16"))
    assert check(art, notes=notes).sprites == 7
    dataset = build(art, tmp_path / "set", notes=notes)
    assert [name for name in dataset.names if name.startswith("sheet")] == [f"sheet.png#{cell}" for cell in (1, 2, 3)]
    with pytest.raises(DatasetError, match="no way to cut"):
        check(art, notes=Notes().with_sprite("sheet.png", SpriteNote(cut="nonsense")))


def test_notes_are_read_as_they_were_written(tmp_path: Path) -> None:
    notes = (
        Notes(source="art")
        .with_sprite("a\nb.png", SpriteNote("words", ("one",), "auto"))
        .with_credit(Credit("", "Ada"))
    )
    write_notes(tmp_path / "deep" / "art.notes.json", notes)
    assert read_notes(tmp_path / "deep" / "art.notes.json") == notes
    assert read_notes(tmp_path / "none") == Notes()
    assert Notes().is_empty
    assert not notes.is_empty
    assert notes.with_credit(Credit("")).credits == {}


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{", b'{"version": 2}', b'{"sprites": {"a": 1}}', b'{"other": 1}', b"[" * 100_000, b"\xff\xfe"]
)
def test_damaged_notes_are_refused_and_kept(art: Path, tmp_path: Path, raw: bytes) -> None:
    path = notes_path(tmp_path, art)
    path.write_bytes(raw)
    with pytest.raises(DatasetError, match="cannot be read") as caught:
        build(art, tmp_path / "set")
    assert caught.value.hint
    assert path.read_bytes() == raw


@given(st.binary(max_size=300))
def test_any_bytes_make_a_credit(raw: bytes) -> None:
    credit = read_credit("folder", raw)
    assert max(len(credit.author), len(credit.licence), len(credit.link)) <= 400
    assert msgspec.json.decode(msgspec.json.encode(credit), type=Credit) == credit
    assert read_credit("folder", credit.as_file()) == credit


def test_the_deepest_folder_speaks() -> None:
    stated = {"": Credit("", "All"), "a/b": Credit("a/b", "Deep")}
    assert credits_for({"a/b/c/one.png": 2, "a/two.png": 1, "three.png": 4}, stated) == [
        (stated[""], 5),
        (stated["a/b"], 2),
    ]
    assert credits_for({"x.png": 1}, {"a": Credit("a", "Ada")}) == []


def test_notes_lie_beside_the_sets_one_for_each_source(tmp_path: Path) -> None:
    one, other = (notes_path(tmp_path, Path(folder) / "Art Folder") for folder in ("/x", "/y"))
    assert one != other
    assert one.parent == tmp_path
    assert one.name.startswith("art-folder-")
