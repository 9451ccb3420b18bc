"""The doctor: every kind of trouble in drawn art is found, harmless things are notes, mending writes a new folder."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lunar_studio.core.sprite import Sprite
from lunar_studio.data.doctor import examine
from lunar_studio.data.findings import KINDS, Diagnosis
from lunar_studio.data.importing import build
from lunar_studio.data.mending import mend, safe_fixes
from lunar_studio.errors import DatasetError
from lunar_studio.pixels.files import read_sprites, write_png
from lunar_studio.pixels.grid import enlarged
from tests.data.hostile import write_hostile_folder, write_hostile_zip
from tests.pixels.drawn import blob, texture


def _soft(sprite: Sprite) -> Sprite:
    """As after a smooth resize: a rim of many alphas."""
    image = Image.fromarray(sprite.rgba_HWC)
    rgba = np.array(image)
    rgba[..., 3] = np.array(image.resize((64, 64), Image.Resampling.BILINEAR).resize((32, 32), Image.Resampling.BOX))[
        ..., 3
    ]
    alpha = rgba[..., 3].astype(np.float64)
    blurred = sum(np.roll(alpha, shift, (0, 1)) for shift in ((0, 0), (0, 1), (1, 0), (0, -1), (-1, 0))) / 5
    rgba[..., 3] = np.where(alpha > 0, blurred, 0).astype(np.uint8)
    return Sprite(rgba, sprite.name)


def _moved(sprite: Sprite, down: int, right: int) -> Sprite:
    return Sprite(np.roll(sprite.rgba_HWC, (down, right), (0, 1)))


def _phantom(sprite: Sprite) -> Sprite:
    rgba = sprite.rgba_HWC.copy()
    rgba[0, 0] = (255, 0, 0, 0)
    return Sprite(rgba)


def _dot() -> Sprite:
    rgba = np.zeros((32, 32, 4), np.uint8)
    rgba[4, 4:7] = (200, 10, 10, 255)
    return Sprite(rgba)


def _fraction(sprite: Sprite) -> Sprite:
    side = round(sprite.width * 5.3)
    return Sprite(np.array(Image.fromarray(sprite.rgba_HWC).resize((side, side), Image.Resampling.NEAREST)))


TROUBLE: dict[str, Callable[[], Sprite]] = {
    "enlarged": lambda: enlarged(blob(30, 16), 2),
    "off-grid": lambda: _fraction(blob(31, 16)),
    "soft-edge": lambda: _soft(blob(32)),
    "near-empty": _dot,
    "moved": lambda: _moved(blob(3), 1, 0),
    "mirrored": lambda: Sprite(blob(4).rgba_HWC[:, ::-1]),
    "recoloured": lambda: Sprite(blob(5).rgba_HWC[..., [2, 0, 1, 3]]),
    "duplicate": lambda: blob(6),
    "phantom": lambda: _phantom(blob(33)),
    "outlier": lambda: Sprite(np.random.default_rng(0).integers(0, 256, (32, 32, 4), np.uint8) | [0, 0, 0, 255]),
}


@pytest.fixture
def art(tmp_path: Path) -> Path:
    folder = tmp_path / "art"
    (folder / "good").mkdir(parents=True)
    for seed in range(24):
        write_png(blob(seed), folder / "good" / f"{chr(97 + seed) * 3}.png")
    return folder


def names(diagnosis: Diagnosis) -> dict[str, list[str]]:
    return {found.kind.id: found.names for found in diagnosis.findings}


def test_good_art_gives_no_problem(art: Path) -> None:
    diagnosis = examine(art)
    assert diagnosis.count("problem") == 0
    assert names(diagnosis) == {}


@pytest.mark.parametrize("kind", sorted(TROUBLE))
def test_each_kind_of_trouble_is_found_and_shown(art: Path, kind: str) -> None:
    write_png(TROUBLE[kind](), art / "zz trouble.png")
    found = {one.kind.id: one for one in examine(art).findings}
    assert "zz trouble.png" in found[kind].names
    told = {id_ for id_, one in found.items() if "zz trouble.png" in one.names}
    assert told <= {kind, "outlier", "half-transparent", "sizes"}, "one cause, one finding"
    if kind not in ("duplicate", "phantom"):
        example = found[kind].examples[0]
        assert example.name == "zz trouble.png"
        assert example.sprite.rgba_HWC[..., 3].any()
    if kind in ("moved", "mirrored", "recoloured", "enlarged", "off-grid", "soft-edge"):
        assert found[kind].examples[0].other is not None


def test_harmless_things_are_notes_and_never_problems(art: Path) -> None:
    for kind in ("moved", "mirrored", "recoloured", "duplicate", "phantom"):
        write_png(TROUBLE[kind](), art / f"zz {kind}.png")
    write_png(blob(40, 16), art / "small.png")
    diagnosis = examine(art)
    assert diagnosis.count("problem") == 0
    assert {"moved", "mirrored", "recoloured", "duplicate", "phantom", "sizes"} <= set(names(diagnosis))
    assert all(kind.severity == "note" or kind.fix for kind in KINDS.values()), "every problem has its click"


def _digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_mending_writes_a_new_folder_and_touches_nothing_else(art: Path, tmp_path: Path) -> None:
    for kind, draw in TROUBLE.items():
        write_png(draw(), art / f"zz {kind}.png")
    (art / "zz broken.png").write_bytes(b"no picture")
    (art / "LICENSE.txt").write_text("mine")
    (art / "captions.tsv").write_text("path\tcaption\nzz enlarged.png\ta fat blob\ngood/aaa.png\ta round one\n")
    before = _digests(art)
    diagnosis = examine(art)
    mended = mend(art, tmp_path / "mended", diagnosis, safe_fixes(diagnosis))
    assert _digests(art) == before
    after = _digests(tmp_path / "mended")
    assert after["good/aaa.png"] == before["good/aaa.png"]
    assert after["LICENSE.txt"] == before["LICENSE.txt"]
    for gone in ("zz near-empty.png", "zz duplicate.png", "zz broken.png"):
        assert gone not in after
    assert "zz moved.png" in after, "a note is left alone unless it is asked for"
    assert read_sprites(tmp_path / "mended" / "zz enlarged.png")[0] == blob(30, 16)
    assert read_sprites(tmp_path / "mended" / "zz off-grid.png")[0].width == 16
    alphas = read_sprites(tmp_path / "mended" / "zz soft-edge.png")[0].rgba_HWC[..., 3]
    assert set(np.unique(alphas)) == {0, 255}
    again = examine(tmp_path / "mended")
    assert again.count("problem") == 0, "what was mended is well"
    assert mended.changed == 4
    assert mended.left_out == 3
    dataset = build(tmp_path / "mended", tmp_path / "set")
    captions = dict(zip(dataset.names, dataset.captions, strict=True))
    assert captions["zz enlarged.png"] == "a fat blob"


def test_only_what_is_chosen_is_mended(art: Path, tmp_path: Path) -> None:
    for kind in ("mirrored", "enlarged"):
        write_png(TROUBLE[kind](), art / f"zz {kind}.png")
    mend(art, tmp_path / "mended", examine(art), {"mirrored"})
    after = _digests(tmp_path / "mended")
    assert "zz mirrored.png" not in after
    assert after["zz enlarged.png"] == _digests(art)["zz enlarged.png"]
    with pytest.raises(ValueError, match="no fix"):
        mend(art, tmp_path / "other", examine(art), {"edited"})


def test_frames_and_sheets_become_pictures_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "art").mkdir()
    frames = [Image.fromarray(enlarged(blob(seed, 16), 2).rgba_HWC) for seed in range(3)]
    frames[0].save(tmp_path / "art" / "walk.gif", save_all=True, append_images=frames[1:], disposal=2)
    mend(tmp_path / "art", tmp_path / "one", examine(tmp_path / "art"), {"enlarged"})
    assert sorted(_digests(tmp_path / "one")) == ["mended.json", "walk_01.png", "walk_02.png", "walk_03.png"]
    cells = [blob(1, 16).rgba_HWC, texture(2, 16).rgba_HWC]
    write_png(Sprite(np.hstack(cells)), tmp_path / "sheet.png")
    diagnosis = examine(tmp_path / "sheet.png", slicing="16x16")
    mend(tmp_path / "sheet.png", tmp_path / "two", diagnosis, (), slicing="16x16")
    assert sorted(_digests(tmp_path / "two")) == ["mended.json", "sheet_01.png", "sheet_02.png"]


def test_nothing_is_overwritten_and_nothing_is_written_into_the_art(art: Path, tmp_path: Path) -> None:
    diagnosis = examine(art)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "diary.txt").write_text("mine")
    for taken in (tmp_path / "full", art, art / "good" / "aaa.png"):
        with pytest.raises(DatasetError, match="is there already"):
            mend(art, taken, diagnosis, ())
    with pytest.raises(DatasetError, match="within your art"):
        mend(art, art / "mended", diagnosis, ())
    assert sorted(child.name for child in tmp_path.iterdir()) == ["art", "full"]


def test_hostile_art_is_examined_and_mended(tmp_path: Path) -> None:
    write_hostile_folder(tmp_path / "art")
    write_hostile_zip(tmp_path / "art.zip")
    for source in ("art", "art.zip"):
        diagnosis = examine(tmp_path / source)
        assert len(names(diagnosis)["refused"]) > 5
        mend(tmp_path / source, tmp_path / f"mended {source}", diagnosis, safe_fixes(diagnosis))
        again = examine(tmp_path / f"mended {source}")
        # A folder that is called like a picture stays one, for there is good art in it.
        assert set(names(again).get("refused", [])) <= {"folder.png"}
    assert not (tmp_path / "outside.png").exists()
