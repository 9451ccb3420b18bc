"""Fetching from a memory map: the same sprites as by index, and the system is told of every page of them."""

from __future__ import annotations

import mmap
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.data.fetching import fetched

_SIDE_PX, _SPRITES, _HEADER = 24, 50, 128
_ART = np.random.default_rng(0).integers(0, 256, (_SPRITES, _SIDE_PX, _SIDE_PX, 4), dtype=np.uint8)


class _Told(mmap.mmap):
    """A memory map that remembers what it was told."""

    told: list[tuple[int, int]]

    def madvise(self, option: int, start: int = 0, length: int | None = None) -> None:
        assert option == mmap.MADV_WILLNEED
        assert length is not None
        self.told.append((start, start + length))
        super().madvise(option, start, length)


@given(st.lists(st.integers(0, _SPRITES - 1), max_size=20))
def test_an_array_in_memory_is_indexed(chosen: list[int]) -> None:
    places = np.array(chosen, np.int64)
    assert np.array_equal(fetched(_ART, places), _ART[places])


@pytest.mark.skipif(not hasattr(mmap, "MADV_WILLNEED"), reason="this system takes no such advice")
def test_every_page_that_is_wanted_is_told(tmp_path: Path) -> None:
    path = tmp_path / "sprites.npy"
    path.write_bytes(bytes(_HEADER) + _ART.tobytes())
    chosen = np.array([49, 0, 7, 7, 23], np.int64)
    with path.open("rb") as file:
        mapped = _Told(file.fileno(), 0, access=mmap.ACCESS_READ)
    mapped.told = []
    sprites_NHWC = np.ndarray(_ART.shape, np.uint8, buffer=mapped, offset=_HEADER)
    assert np.array_equal(fetched(sprites_NHWC, chosen), _ART[chosen])
    for place in chosen.tolist():
        begin = _HEADER + place * _ART[0].nbytes
        assert any(start <= begin and begin + _ART[0].nbytes <= end for start, end in mapped.told)
    assert max(end for _, end in mapped.told) <= path.stat().st_size
    assert all(end - start <= _ART[0].nbytes + mmap.PAGESIZE for start, end in mapped.told)


def test_a_memory_map_of_numpy_is_one_of_the_system(tmp_path: Path) -> None:
    path = tmp_path / "sprites.npy"
    path.write_bytes(bytes(_HEADER) + _ART.tobytes())
    sprites_NHWC = np.memmap(path, np.uint8, mode="r", offset=_HEADER, shape=_ART.shape)
    assert isinstance(sprites_NHWC.base, mmap.mmap)
    assert np.array_equal(fetched(sprites_NHWC, np.arange(9, 3, -1)), _ART[9:3:-1])
