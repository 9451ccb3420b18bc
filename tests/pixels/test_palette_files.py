"""Palette files: what is written is read again, what is damaged gets a reason."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL.GimpPaletteFile import GimpPaletteFile

from lunar_studio.core.arrays import U8
from lunar_studio.core.palette import Palette
from lunar_studio.errors import DatasetError
from lunar_studio.pixels.palette_files import PALETTE_FORMATS, read_palette, write_palette


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(PALETTE_FORMATS)),
    arrays.arrays(np.uint8, st.tuples(st.integers(1, 40), st.just(3))),
    st.text(max_size=20),
)
def test_a_palette_comes_back_in_order(suffix: str, colours: U8, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"my colours{suffix.upper()}"
        write_palette(Palette(colours, name), path)
        again = read_palette(path)
    assert np.array_equal(again.rgb_NC, colours)
    if suffix == ".gpl" and name.isprintable() and name.split():
        assert again.name == " ".join(name.split())
    else:
        assert again.name


def test_other_programs_read_ours(tmp_path: Path) -> None:
    path = tmp_path / "a.gpl"
    write_palette(Palette([[1, 2, 3], [250, 0, 9]], "Two"), path)
    with path.open("rb") as file:
        data, _ = GimpPaletteFile(file).getpalette()
    assert data[:6] == bytes([1, 2, 3, 250, 0, 9])


def test_files_of_other_programs(tmp_path: Path) -> None:
    path = tmp_path / "a.gpl"
    path.write_text(
        "GIMP Palette\r\nName: Old\r\nColumns: 4\r\n# remark\r\n  0   0   0\tBlack\r\n255 128 0 Orange fire\r\n"
    )
    assert read_palette(path).hex() == ("#000000", "#ff8000")
    path = tmp_path / "b.hex"
    path.write_text("; remark\n#FF8000\n00ff00ff ; alpha is passed over\n\n")
    assert read_palette(path).hex() == ("#ff8000", "#00ff00")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.gpl", "GIMP Pal\n1 2 3\n"),
        ("a.gpl", "GIMP Palette\n"),
        ("a.gpl", "GIMP Palette\n1 2 256\n"),
        ("a.gpl", "GIMP Palette\n1 2\n"),
        ("a.hex", ""),
        ("a.hex", "ff80\n"),
        ("a.hex", "\x00\xff"),
        ("a.pal", "JASC-PAL\n0100\n3\n1 2 3\n"),
        ("a.pal", "JASC-PAL\n"),
        ("a.pal", "RIFF"),
        ("a.hex", "000000\n" * 5000),
        ("a.ase", "000000\n"),
    ],
)
def test_damaged_files_get_a_reason(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="latin-1")
    with pytest.raises(DatasetError) as caught:
        read_palette(path)
    assert name in caught.value.message
    assert caught.value.hint


def test_an_empty_palette_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="empty"):
        write_palette(Palette(np.zeros((0, 3), np.uint8)), tmp_path / "a.hex")
    assert not list(tmp_path.iterdir())
