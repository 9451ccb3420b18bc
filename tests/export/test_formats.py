"""Every format, written to a real folder and read back by somebody else."""

import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lunar_studio import __version__
from lunar_studio.core.sheet import Frame
from lunar_studio.core.sprite import Sprite
from lunar_studio.errors import ExportError
from lunar_studio.export.animations import Kind, encode
from lunar_studio.export.files import Proof
from lunar_studio.export.formats import FORMATS, Format, Job, find, write
from lunar_studio.export.sheets import Layout
from lunar_studio.pixels.files import encode_png, read_sprites
from lunar_studio.session.ports import SheetWriter
from tests.export.drawn import pixels, sprite

SIX = tuple(sprite(seed, 8, 8, name) for seed, name in enumerate(["Red slime", "Red slime", "", "7", "a/b", "épée"]))
NAMES = ("Red slime", "Red slime-2", "sprite", "sprite-7", "a-b", "épée")
FORMAT_IDS = [known.id for known in FORMATS]


def files(folder: Path) -> dict[str, bytes]:
    """Every file under a folder, hidden ones included."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def rgba(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """The pixels of a picture as Pillow reads them."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGBA"))


# ---- the table -----------------------------------------------------------------------------------


@pytest.mark.parametrize("known", FORMATS, ids=FORMAT_IDS)
def test_every_format_describes_itself(known: Format) -> None:
    assert known.title
    assert known.description.endswith(".")
    assert known.suffix == "" or known.suffix.startswith(".")
    assert find(known.id) is known


def test_ids_and_titles_are_unique() -> None:
    assert len(set(FORMAT_IDS)) == len({known.title for known in FORMATS}) == len(FORMATS)


def test_an_unknown_format_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="'tga'") as caught:
        write(SIX, tmp_path / "x", format_id="tga", columns=1)
    assert "sheet-array" in caught.value.hint
    assert files(tmp_path) == {}


def test_write_is_the_sheet_writer_that_the_window_asks_for() -> None:
    writer: SheetWriter = write
    assert callable(writer)


# ---- every format --------------------------------------------------------------------------------


@pytest.mark.parametrize("format_id", FORMAT_IDS)
def test_the_same_sprites_give_the_same_bytes(tmp_path: Path, format_id: str) -> None:
    first = write(SIX, tmp_path / "one" / "hero", format_id=format_id, columns=3, seed=7)
    second = write(SIX, tmp_path / "two" / "hero", format_id=format_id, columns=3, seed=7)
    assert files(tmp_path / "one") == files(tmp_path / "two")
    assert sorted(first) == sorted(path for path in (tmp_path / "one").rglob("*") if path.is_file())
    assert [path.relative_to(tmp_path / "one") for path in first] == [
        path.relative_to(tmp_path / "two") for path in second
    ]


@pytest.mark.parametrize("format_id", FORMAT_IDS)
def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format_id: str) -> None:
    def disk_full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    write(SIX[:2], tmp_path / "hero", format_id=format_id, columns=0)
    before = files(tmp_path)
    monkeypatch.setattr(os, "fsync", disk_full)
    with pytest.raises(ExportError, match="No space left"):
        write(SIX, tmp_path / "hero", format_id=format_id, columns=0)
    assert files(tmp_path) == before


@pytest.mark.parametrize("format_id", FORMAT_IDS)
@pytest.mark.parametrize(
    "damage", [lambda data: data[: len(data) // 2], lambda data: data[:0], lambda data: data[::-1]]
)
def test_a_disk_that_returns_something_else_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format_id: str, damage: object
) -> None:
    assert callable(damage)
    real = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: damage(real(path)))
    with pytest.raises(ExportError, match="other bytes"):
        write(SIX, tmp_path / "hero", format_id=format_id, columns=2)
    monkeypatch.undo()
    assert files(tmp_path) == {}


@pytest.mark.parametrize("format_id", FORMAT_IDS)
def test_nothing_is_not_exported(tmp_path: Path, format_id: str) -> None:
    with pytest.raises(ExportError, match="nothing to export"):
        write([], tmp_path / "hero", format_id=format_id, columns=0)
    assert files(tmp_path) == {}


def test_a_duration_of_nothing_is_our_mistake(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="millisecond"):
        write(SIX, tmp_path / "hero", format_id="sheet", columns=0, duration_ms=0)
    write(SIX, tmp_path / "hero", format_id="sheet", columns=0, duration_ms=1)


# ---- sheets --------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_id", ["sheet", "sheet-array"])
def test_a_sheet_read_by_another_program(tmp_path: Path, format_id: str) -> None:
    picture, data = write(SIX, tmp_path / "hero", format_id=format_id, columns=4, duration_ms=120)
    assert (picture, data) == (tmp_path / "hero.png", tmp_path / "hero.json")
    document = json.loads(data.read_text("utf-8"))
    frames = document["frames"]
    named = frames if format_id == "sheet" else {frame["filename"]: frame for frame in frames}
    assert tuple(named) == NAMES
    sheet = rgba(tmp_path / document["meta"]["image"])
    for original, frame in zip(SIX, named.values(), strict=True):
        place = frame["frame"]
        cut = sheet[place["y"] : place["y"] + place["h"], place["x"] : place["x"] + place["w"]]
        np.testing.assert_array_equal(cut, original.rgba_HWC)
        assert frame["duration"] == 120
    assert document["meta"]["size"] == {"w": 32, "h": 16}


def test_every_wish_of_a_layout_is_kept_and_proven(tmp_path: Path) -> None:
    layout = Layout(columns=99, padding_px=1, margin_px=2, extrude_px=1, scale=3, power_of_two=True, trim=True)
    picture, data = write(SIX, tmp_path / "hero", format_id="sheet", columns=2, layout=layout)
    document = json.loads(data.read_text("utf-8"))
    assert document["meta"]["scale"] == "3"
    assert rgba(picture).shape == (128, 64, 4)
    assert document["frames"]["Red slime"]["sourceSize"] == {"w": 24, "h": 24}


@pytest.mark.parametrize(
    ("asked", "written"),
    [
        ("hero", "hero.png"),
        ("hero.png", "hero.png"),
        ("hero.PNG", "hero.PNG"),
        ("hero.json", "hero.png"),
        ("hero.gif", "hero.png"),
        ("hero.v2", "hero.v2.png"),
        (".hidden", ".hidden.png"),
    ],
)
def test_the_suffix_is_the_formats(tmp_path: Path, asked: str, written: str) -> None:
    picture, data = write(SIX, tmp_path / asked, format_id="sheet", columns=0)
    assert picture.name == written
    assert data.name == f"{Path(written).stem}.json"
    assert json.loads(data.read_text("utf-8"))["meta"]["image"] == written


def test_a_sheet_that_would_be_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="4800 × 8 pixels"):
        write([sprite(seed % 5, 8, 8) for seed in range(600)], tmp_path / "hero", format_id="sheet", columns=600)
    assert files(tmp_path) == {}


# ---- what pictures say of themselves -------------------------------------------------------------


def test_generated_art_says_so_and_keeps_its_seed(tmp_path: Path) -> None:
    picture, _ = write(SIX, tmp_path / "hero", format_id="sheet", columns=0, seed=1234)
    with Image.open(picture) as image:
        image.load()
        information = image.info
    assert information["Software"] == f"Lunar Studio {__version__}"
    assert "trained model" in information["AI disclosure"]
    assert "trainedAlgorithmicMedia" in information["XML:com.adobe.xmp"]
    assert information["Seed"] == "1234"


def test_drawn_art_is_not_called_generated(tmp_path: Path) -> None:
    for path in write(SIX, tmp_path / "hero", format_id="png", columns=0, generated=False)[1:]:
        with Image.open(path) as image:
            image.load()
            assert set(image.info) == {"Software"}


@pytest.mark.parametrize(("format_id", "name"), [("apng", "hero.png"), ("webp", "hero.webp"), ("gif", "hero.gif")])
def test_animations_say_so_too(tmp_path: Path, format_id: str, name: str) -> None:
    write(SIX, tmp_path / "hero", format_id=format_id, columns=0)
    raw = (tmp_path / name).read_bytes()
    assert b"trainedAlgorithmicMedia" in raw or b"Made with a trained model" in raw


# ---- folders -------------------------------------------------------------------------------------


def test_a_folder_of_pictures_and_their_list(tmp_path: Path) -> None:
    index, *pictures = write(SIX, tmp_path / "heroes", format_id="png", columns=0, layout=Layout(scale=2))
    assert index == tmp_path / "heroes" / "index.json"
    assert [path.name for path in pictures] == [f"{name}.png" for name in NAMES]
    for original, path in zip(SIX, pictures, strict=True):
        np.testing.assert_array_equal(rgba(path)[::2, ::2], original.rgba_HWC)
    listed = json.loads(index.read_text("utf-8"))["sprites"]
    assert [(entry["file"], entry["name"]) for entry in listed] == [
        (path.name, original.name) for original, path in zip(SIX, pictures, strict=True)
    ]
    assert listed[0] == {"file": "Red slime.png", "name": "Red slime", "width": 16, "height": 16}


def test_the_list_tells_width_from_height(tmp_path: Path) -> None:
    index, _ = write([sprite(1, 5, 9)], tmp_path, format_id="png", columns=0)
    (entry,) = json.loads(index.read_text("utf-8"))["sprites"]
    assert (entry["width"], entry["height"]) == (5, 9)


def test_other_files_of_a_folder_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    write(SIX[:1], tmp_path, format_id="png", columns=0)
    assert set(files(tmp_path)) == {"notes.txt", "index.json", "Red slime.png"}


# ---- animations ----------------------------------------------------------------------------------


@pytest.mark.parametrize("format_id", ["gif", "apng", "webp"])
def test_an_animation_read_by_our_importer(tmp_path: Path, format_id: str) -> None:
    (path,) = write(SIX, tmp_path / "hero", format_id=format_id, columns=0, duration_ms=80)
    frames = read_sprites(path)
    assert [frame.cleaned() for frame in frames] == [original.cleaned() for original in SIX]


def test_sprites_of_different_sizes_make_a_sheet_but_no_animation(tmp_path: Path) -> None:
    mixed = [sprite(1, 8, 8), sprite(2, 9, 8)]
    write(mixed, tmp_path / "hero", format_id="sheet", columns=0)
    with pytest.raises(ExportError, match="one size"):
        write(mixed, tmp_path / "other", format_id="apng", columns=0)


# ---- the proof itself ----------------------------------------------------------------------------


def proven(format_id: str, layout: Layout | None = None) -> tuple[dict[Path, bytes], Proof]:
    """The files of a format for two opaque sprites, and the proof they must pass."""
    frames = tuple(Frame(sprite(seed, alphas=(255,)), f"frame-{seed}", 70) for seed in (1, 2))
    return find(format_id).build(Job(frames, Path("hero" + find(format_id).suffix), layout or Layout(), {}))


def one_pixel_off(data: bytes) -> bytes:
    """The same PNG with the last bit of one visible pixel changed."""
    pixels = read_sprites(data)[0].rgba_HWC.copy()
    pixels[3, 5, 0] ^= 1
    return encode_png(Sprite(pixels))


@pytest.mark.parametrize("format_id", FORMAT_IDS)
def test_a_proof_passes_what_was_meant(format_id: str) -> None:
    contents, proof = proven(format_id)
    proof(contents)


@pytest.mark.parametrize("layout", [Layout(), Layout(trim=True), Layout(scale=2)], ids=["plain", "trimmed", "scaled"])
@pytest.mark.parametrize("format_id", ["sheet", "sheet-array", "png"])
def test_a_proof_finds_one_wrong_pixel(format_id: str, layout: Layout) -> None:
    contents, proof = proven(format_id, layout)
    path = next(path for path in contents if path.suffix == ".png")
    with pytest.raises(ExportError, match="pixels"):
        proof({**contents, path: one_pixel_off(contents[path])})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"duration": 70', b'"duration": 71'),
        (b'"frame-1"', b'"frame-9"'),
        (b'"x": 8', b'"x": 0'),
        (b"hero.png", b"zero.png"),
    ],
)
@pytest.mark.parametrize("format_id", ["sheet", "sheet-array"])
def test_a_proof_finds_one_wrong_word(format_id: str, old: bytes, new: bytes) -> None:
    contents, proof = proven(format_id, Layout(columns=2))
    assert contents[Path("hero.json")].count(old) > 0
    with pytest.raises(ExportError, match="differ"):
        proof({**contents, Path("hero.json"): contents[Path("hero.json")].replace(old, new, 1)})


@pytest.mark.parametrize(("format_id", "kind"), [("gif", "GIF"), ("apng", "PNG"), ("webp", "WEBP")])
@pytest.mark.parametrize(
    ("seeds", "duration_ms", "reason"),
    [((2, 1), 70, "pixels"), ((1, 2), 80, "durations"), ((1, 2, 1), 70, "frames"), ((1,), 70, "frames")],
)
def test_a_proof_finds_a_wrong_animation(
    format_id: str, kind: Kind, seeds: tuple[int, ...], duration_ms: int, reason: str
) -> None:
    contents, proof = proven(format_id)
    other = encode(tuple((pixels(seed, 8, 8, alphas=(255,)), duration_ms) for seed in seeds), kind)
    with pytest.raises(ExportError, match=reason):
        proof(dict.fromkeys(contents, other))


@pytest.mark.parametrize("format_id", FORMAT_IDS)
def test_a_proof_finds_what_cannot_be_read(format_id: str) -> None:
    contents, proof = proven(format_id)
    for path in contents:
        with pytest.raises(ExportError):
            proof({**contents, path: contents[path][: len(contents[path]) // 2]})
