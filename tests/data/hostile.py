"""A folder and a zip of everything bad that is met in the wild, made by code."""

from __future__ import annotations

import io
import os
import stat
import struct
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from lunar_studio.core.sprite import Sprite
from lunar_studio.pixels.files import encode_png
from tests.pixels.drawn import blob
from tests.pixels.made_files import SIGNATURE, bomb, chunk, header, png

GOOD = ("good/one.png", "good/two.png")
LONG_NAME = "n" * 246 + ".png"


def write_hostile_folder(folder: Path) -> dict[str, str]:
    """Fill a folder; returns part of the reason expected for each path that must be refused."""
    for number, name in enumerate(GOOD):
        _write(folder / name, encode_png(blob(number)))
    expected = {name: reason for name, (data, reason) in _bad_contents().items() if reason}
    for name, (data, _) in _bad_contents().items():
        _write(folder / name, data)
    expected |= _bad_things(folder)
    return expected


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


@cache
def _bad_contents() -> dict[str, tuple[bytes, str]]:
    """Name to bytes and the reason expected; an empty reason means that it must be taken."""
    rows = [bytes(range(32))] * 32
    good = encode_png(blob(7))
    damaged = bytearray(good)
    damaged[-20] ^= 255
    wide = [struct.pack(">32H", *range(20_000, 52_000, 1000))] * 32
    return {
        "truncated.png": (good[: len(good) // 2], "cut short"),
        "checksum.png": (bytes(damaged), "checksum"),
        "ten rows.png": (png(32, 32, 8, 0, rows[:10]), "rows are missing"),
        "no palette.png": (png(32, 32, 8, 3, rows), "palette"),
        "no end.png": (good[:-12], "cut short"),
        "bomb.png": (bomb(30_000, 30_000), "30000 × 30000"),
        "thin.png": (bomb(1, 20_000), "1 × 20000"),
        "lies.png": (SIGNATURE + header(0x7FFFFFFF, 0x7FFFFFFF, 16, 6) + chunk(b"IEND", b""), "too large"),
        "text.png": (b"This is not a picture.\n", "whatever its name says"),
        "empty file.png": (b"", "empty"),
        "cmyk.jpg": (_saved(Image.new("CMYK", (32, 32)), "JPEG"), "JPEG"),
        "cmyk.png": (_saved(Image.new("CMYK", (32, 32)), "JPEG"), "JPEG"),
        "cut.gif": (_animation("GIF")[:-40], "cut short"),
        "cut.webp": (_animation("WEBP")[:-40], "cut short"),
        "all clear.png": (encode_png(Sprite(np.zeros((32, 32, 4), np.uint8))), "every pixel is transparent"),
        "one pixel.png": (png(1, 1, 8, 0, [b"\x80"]), ""),
        "grey16.png": (png(32, 32, 16, 0, wide), ""),
        "walk.gif": (_animation("GIF", 20), ""),
        "walk.apng": (_animation("PNG", 30), ""),
        "walk.webp": (_animation("WEBP", 40), ""),
        "line\nbreak.png": (encode_png(blob(50)), ""),
        "right\u202egnp.png": (encode_png(blob(51)), ""),
        LONG_NAME: (encode_png(blob(52)), ""),
        "notes.txt": (b"no picture and not called one", ""),
    }


def _saved(image: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def _animation(kind: str, seed: int = 0) -> bytes:
    frames = [Image.fromarray(blob(seed + number).rgba_HWC) for number in range(3)]
    buffer = io.BytesIO()
    options = {"disposal": 2} if kind == "GIF" else {"lossless": True} if kind == "WEBP" else {}
    frames[0].save(buffer, kind, save_all=True, append_images=frames[1:], duration=80, loop=0, **options)
    return buffer.getvalue()


def _bad_things(folder: Path) -> dict[str, str]:
    """Things that are no plain files."""
    (folder / "folder.png").mkdir()
    _write(folder / "folder.png" / "inside.png", encode_png(blob(60)))
    os.mkfifo(folder / "pipe.png")
    (folder / "self.png").symlink_to("self.png")
    (folder / "nowhere.png").symlink_to("missing.png")
    (folder / "device.png").symlink_to("/dev/zero")
    (folder / "circle").symlink_to("circle")
    (folder / "loop").symlink_to(folder)
    (folder / "good" / "up").symlink_to("..")
    expected = {
        "folder.png": "folder",
        "pipe.png": "pipe",
        "self.png": "system says",
        "nowhere.png": "not there",
        "device.png": "device",
        "loop": "link to a folder",
        "good/up": "link to a folder",
    }
    (folder / "undecodable").mkdir()
    undecodable = os.fsencode(folder / "undecodable") + b"/\xff\xfe.png"
    with open(undecodable, "wb") as file:  # noqa: PTH123  # a name that is no UTF-8
        file.write(encode_png(blob(61)))
    if os.geteuid() != 0:
        _write(folder / "secret.png", encode_png(blob(62)))
        (folder / "secret.png").chmod(0)
        expected["secret.png"] = "may not read"
    return expected


def write_hostile_zip(path: Path) -> dict[str, str]:
    """Write a zip; returns part of the reason expected for each member that must be refused."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, name in enumerate(GOOD):
            archive.writestr(name, encode_png(blob(number)))
        archive.writestr("../outside.png", encode_png(blob(3)))
        archive.writestr("/absolute.png", encode_png(blob(4)))
        archive.writestr("C:/drive.png", encode_png(blob(5)))
        archive.writestr("zeros.png", bytes(40 * 2**20))
        archive.writestr("huge.png", bytes(70 * 2**20))
        archive.writestr("bzip.png", encode_png(blob(6)), compress_type=zipfile.ZIP_BZIP2)
        archive.writestr("folder.png/", b"")
        archive.writestr("__MACOSX/._one.png", b"rubbish")
        archive.writestr("text.png", b"no picture")
        link = zipfile.ZipInfo("link.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        locked = zipfile.ZipInfo("locked.png")
        archive.writestr(locked, encode_png(blob(8)))
        for name, (data, _) in _bad_contents().items():
            if name in {"bomb.png", "ten rows.png"}:
                archive.writestr(name, data)
    _set_flag(path, b"locked.png")
    return {
        "../outside.png": "outside",
        "/absolute.png": "outside",
        "C:/drive.png": "outside",
        "zeros.png": "many times",
        "huge.png": "MB",
        "bzip.png": "packed",
        "folder.png/": "folder",
        "text.png": "whatever its name says",
        "link.png": "link",
        "locked.png": "password",
        "bomb.png": "30000 × 30000",
        "ten rows.png": "rows are missing",
    }


def _set_flag(path: Path, name: bytes) -> None:
    """Mark a member as encrypted in the directory at the end of the zip."""
    data = bytearray(path.read_bytes())
    at = data.rindex(name) - 46
    assert data[at : at + 4] == b"PK\x01\x02"
    data[at + 8] |= 1
    path.write_bytes(bytes(data))
