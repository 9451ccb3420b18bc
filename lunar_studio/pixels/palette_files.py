"""Palette files: GIMP's .gpl, the plain .hex list, and JASC's .pal; text formats, read as hostile input."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from lunar_studio.core.palette import Palette
from lunar_studio.errors import DatasetError
from lunar_studio.pixels.files import read_bytes, shown_name, write_atomically

MAX_COLOURS = 4096
_MAX_BYTES = 2**20
_HEX = re.compile(r"#?([0-9a-fA-F]{6})(?:[0-9a-fA-F]{2})?")
_NUMBERS = re.compile(r"\s*(\d{1,3})\s+(\d{1,3})\s+(\d{1,3})(?:\s.*)?")

Rows = list[list[int]]


class _BadPalette(ValueError):
    """The text is the reason, without the file's name."""


@dataclass(frozen=True, slots=True)
class PaletteFormat:
    """One kind of palette file.

    Attributes:
        title: What artists call it.
        write: From a palette to text.
        read: From lines to a name (may be empty) and colours.
    """

    title: str
    write: Callable[[Palette], str]
    read: Callable[[list[str]], tuple[str, Rows]]


def _write_gpl(palette: Palette) -> str:
    name = " ".join(palette.name.split()) or "Untitled"
    lines = [f"{red:3d} {green:3d} {blue:3d}\t{red:02x}{green:02x}{blue:02x}" for red, green, blue in _rows(palette)]
    return "\n".join(["GIMP Palette", f"Name: {name}", "Columns: 0", "#", *lines, ""])


def _read_gpl(lines: list[str]) -> tuple[str, Rows]:
    if lines[0].strip() != "GIMP Palette":
        raise _BadPalette("it does not begin with “GIMP Palette”")
    name, rows = "", []
    for line in lines[1:]:
        if line.startswith("Name:"):
            name = line.removeprefix("Name:").strip()
        elif line.strip() and not line.startswith(("#", "Columns:", "Channels:")):
            rows.append(_three_numbers(line))
    return name, rows


def _write_hex(palette: Palette) -> str:
    return "".join(f"{red:02x}{green:02x}{blue:02x}\n" for red, green, blue in _rows(palette))


def _read_hex(lines: list[str]) -> tuple[str, Rows]:
    rows = []
    for line in lines:
        # In a .hex file a semicolon begins a remark.
        text = line.partition(";")[0].strip()
        if not text:
            continue
        match = _HEX.fullmatch(text)
        if match is None:
            raise _BadPalette(f"“{shown_name(text, 40)}” is no colour such as ff8800")
        rows.append(list(bytes.fromhex(match[1])))
    return "", rows


def _write_jasc(palette: Palette) -> str:
    lines = [f"{red} {green} {blue}" for red, green, blue in _rows(palette)]
    # The format comes from Windows and its readers expect its line ends.
    return "\r\n".join(["JASC-PAL", "0100", str(len(palette)), *lines, ""])


def _read_jasc(lines: list[str]) -> tuple[str, Rows]:
    if lines[0].strip() != "JASC-PAL" or len(lines) < 3 or not lines[2].strip().isdecimal():
        raise _BadPalette("it does not begin with “JASC-PAL”, a version and a number of colours")
    rows = [_three_numbers(line) for line in lines[3:] if line.strip()]
    if len(rows) != int(lines[2]):
        raise _BadPalette(f"it says it has {lines[2].strip()} colours and has {len(rows)}")
    return "", rows


def _three_numbers(line: str) -> list[int]:
    match = _NUMBERS.fullmatch(line)
    values = [int(value) for value in match.groups()] if match else []
    if match is None or max(values) > 255:
        raise _BadPalette(f"“{shown_name(line.strip(), 40)}” is not three numbers from 0 to 255")
    return values


def _rows(palette: Palette) -> Rows:
    rows: Rows = palette.rgb_NC.tolist()
    return rows


PALETTE_FORMATS: Mapping[str, PaletteFormat] = MappingProxyType(
    {
        ".gpl": PaletteFormat("GIMP palette", _write_gpl, _read_gpl),
        ".hex": PaletteFormat("List of hex colours", _write_hex, _read_hex),
        ".pal": PaletteFormat("JASC palette", _write_jasc, _read_jasc),
    }
)
"""Formats by suffix, lower case."""


def read_palette(path: Path) -> Palette:
    """Read a palette file; order is kept, repeated colours stay.

    Raises:
        DatasetError: It cannot be read, is of no known format or makes no sense; the message says why.
    """
    shown = shown_name(path.name)
    form = _format_of(path)
    lines = read_bytes(path, limit=_MAX_BYTES).decode("utf-8", "replace").removeprefix("\ufeff").splitlines()
    try:
        name, rows = form.read(lines or [""])
        if not 1 <= len(rows) <= MAX_COLOURS:
            raise _BadPalette(f"it has {len(rows)} colours, and may have 1 to {MAX_COLOURS}")
    except _BadPalette as exc:
        raise DatasetError(f"“{shown}” cannot be used: {exc}.", hint="Save the palette again as .gpl or .hex.") from exc
    return Palette(np.array(rows, np.uint8), name or path.stem)


def write_palette(palette: Palette, path: Path) -> None:
    """Write a palette in the format of the path's suffix, whole or not at all.

    Raises:
        DatasetError: The suffix is of no known format, or the palette is empty.
        ExportError: The folder is missing, full or read-only.
    """
    form = _format_of(path)
    if not len(palette):
        raise DatasetError("An empty palette cannot be saved.", hint="Add a colour first.")
    write_atomically(path, form.write(palette).encode("utf-8", "replace"))


def _format_of(path: Path) -> PaletteFormat:
    form = PALETTE_FORMATS.get(path.suffix.lower())
    if form is None:
        raise DatasetError(
            f"“{shown_name(path.name)}” is no palette file.", hint=f"Palettes end in {', '.join(PALETTE_FORMATS)}."
        )
    return form
