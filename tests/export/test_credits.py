"""Credits beside an export: in the folder, beside the file, and never over somebody else's."""

from __future__ import annotations

from pathlib import Path

import pytest

from lunar_studio.core.credits import HEADING
from lunar_studio.core.sprite import Sprite
from lunar_studio.export.credits import credits_path
from lunar_studio.export.formats import FORMATS, write
from tests.pixels.drawings import drawing

TEXT = f"{HEADING}\nby Ännä\n"


@pytest.mark.parametrize("format_id", [one.id for one in FORMATS])
def test_every_format_writes_them_beside_its_files(tmp_path: Path, format_id: str) -> None:
    sprites = [Sprite(drawing(seed, 16), f"s{seed}") for seed in range(3)]
    files = write(sprites, tmp_path / "hero", format_id=format_id, credit=TEXT)
    (credit,) = [file for file in files if "CREDITS" in file.name]
    assert credit != files[0]
    assert credit.read_text(encoding="utf-8") == TEXT
    assert credit in (tmp_path / "hero-CREDITS.txt", tmp_path / "hero" / "CREDITS.txt")


def test_without_them_nothing_is_added(tmp_path: Path) -> None:
    files = write([Sprite(drawing(1, 16), "s")], tmp_path / "hero", format_id="sheet")
    assert not any("CREDITS" in file.name for file in files)


def test_our_own_are_replaced_and_those_of_others_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "hero.png"
    ours = tmp_path / "hero-CREDITS.txt"
    assert credits_path(target, is_folder=False) == ours
    ours.write_text(TEXT, encoding="utf-8")
    assert credits_path(target, is_folder=False) == ours
    ours.write_text("Thanks to my mother.", encoding="utf-8")
    assert credits_path(target, is_folder=False) == tmp_path / "hero-CREDITS-lunar-studio.txt"


def test_a_folder_in_the_way_is_somebody_elses(tmp_path: Path) -> None:
    (tmp_path / "CREDITS.txt").mkdir()
    assert credits_path(tmp_path, is_folder=True) == tmp_path / "CREDITS-lunar-studio.txt"
