"""LATENTS.npz: what is written is read back, and nothing hostile is believed."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.cli.latents_file import LatentsFile, read_latents, write_latents
from lunar_studio.errors import DatasetError

NAMES = st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20), max_size=6)


@given(names=NAMES, seed=st.integers(0, 100))
def test_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, names: list[str], seed: int) -> None:
    path = tmp_path_factory.mktemp("npz") / "l.npz"
    latents_NL = np.random.default_rng(seed).standard_normal((len(names), 5)).astype(np.float32)
    write_latents(path, LatentsFile(tuple(names), latents_NL, "d1gest"))
    again = read_latents(path, 5)
    assert again.names == tuple(names)
    assert np.array_equal(again.latents_NL, latents_NL)
    assert again.model == "d1gest"


def test_the_same_content_gives_the_same_bytes_and_numpy_reads_it(tmp_path: Path) -> None:
    content = LatentsFile(("a", "b"), np.ones((2, 3), np.float32), "m")
    for name in ("x.npz", "y.npz"):
        write_latents(tmp_path / name, content)
    assert (tmp_path / "x.npz").read_bytes() == (tmp_path / "y.npz").read_bytes()
    with np.load(tmp_path / "x.npz", allow_pickle=False) as arrays:
        assert arrays["latents"].tolist() == [[1, 1, 1], [1, 1, 1]]
        assert arrays["names"].tolist() == ["a", "b"]


def test_files_of_numpy_itself_are_welcome(tmp_path: Path) -> None:
    latents_NL = np.asfortranarray(np.arange(6, dtype=np.float64).reshape(2, 3))
    np.savez_compressed(tmp_path / "l.npz", latents=latents_NL, names=np.array(["a", "b"]))
    again = read_latents(tmp_path / "l.npz", 3)
    assert np.array_equal(again.latents_NL, latents_NL)
    assert again.model == ""


def npy(header: bytes, body: bytes = b"") -> bytes:
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + body


def header(shape: str, descr: str = "<f4") -> bytes:
    return f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()


def saved(array: npt.NDArray[np.generic]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


GOOD = saved(np.zeros((2, 3), np.float32))
NAMED = saved(np.array(["a", "b"]))


@pytest.mark.parametrize(
    ("latents", "names", "reason"),
    [
        (None, NAMED, "no `latents`"),
        (GOOD, None, "no `names`"),
        (b"", NAMED, "no array"),
        (b"\x93NUMPY\x01\x00", NAMED, "no array"),
        (b"\x93NUMPY\x03\x00" + GOOD[8:], NAMED, "unknown version"),
        (GOOD[:-1], NAMED, "cut off"),
        (GOOD + b"x", NAMED, "longer than it says"),
        (npy(header("(1000000000000, 3)")), NAMED, "more entries"),
        (npy(header("(2, 99999999999)")), NAMED, "more entries"),
        (npy(header("(-2, 3)")), NAMED, "neither numbers"),
        (npy(header("(2, 3)", "|O")), NAMED, "neither numbers nor text"),
        (npy(header("(2, 3)", "<i8"), bytes(48)), NAMED, "neither numbers nor text"),
        (npy(b"__import__('os').system('true')\n"), NAMED, "neither numbers"),
        (npy(b"{" * 5000), NAMED, "neither numbers"),
        (saved(np.array([{"a": 1}], dtype=object)), NAMED, "neither numbers nor text"),
        (GOOD, saved(np.array(["a", "b", "c"])), "are not `latents`"),
        (GOOD, saved(np.zeros(2, np.float32)), "are not `latents`"),
        (GOOD[:11] + b"\xff" + GOOD[12:], NAMED, "neither numbers"),
        (saved(np.zeros(3, np.float32)), NAMED, "are not `latents`"),
        (saved(np.full((2, 3), np.nan, np.float32)), NAMED, "not all finite"),
        (saved(np.full((2, 3), 1e300)), NAMED, "not all finite"),
        (GOOD, npy(header("(2,)", "<U1"), b"\xff\xff\xff\x7f" * 2), "no letters"),
        (GOOD, npy(header("(2,)", "<U100000000")), "neither numbers nor text"),
    ],
)
def test_hostile_arrays_are_refused_with_a_reason(
    tmp_path: Path, latents: bytes | None, names: bytes | None, reason: str
) -> None:
    path = tmp_path / "hostile.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in (("latents.npy", latents), ("names.npy", names)):
            if data is not None:
                archive.writestr(name, data)
    with pytest.raises(DatasetError, match=f"“hostile.npz” cannot be used: .*({reason})"):
        read_latents(path, 3)


def test_a_file_that_unpacks_to_far_more_than_it_says_is_read_no_further(tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("latents.npy", npy(header("(2, 3)"), bytes(200 * 2**20)))
        archive.writestr("names.npy", NAMED)
    assert path.stat().st_size < 2**20
    with pytest.raises(DatasetError, match="longer than it says"):
        read_latents(path, 3)


def test_latents_of_another_model_are_refused(tmp_path: Path) -> None:
    write_latents(tmp_path / "l.npz", LatentsFile(("a",), np.ones((1, 3), np.float32)))
    with pytest.raises(DatasetError, match="latents of 3 numbers, but the model's have 4"):
        read_latents(tmp_path / "l.npz", 4)


@given(st.data())
def test_damage_anywhere_is_a_refusal_or_the_same_shape(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("npz") / "l.npz"
    write_latents(path, LatentsFile(("a", "b"), np.ones((2, 3), np.float32), "m"))
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(raw)
    try:
        content = read_latents(path, 3)
    except DatasetError:
        return
    assert content.latents_NL.shape == (2, 3)
