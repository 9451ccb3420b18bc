"""What the search for near copies notes of each sprite: hashes to meet others by, bits and means to tell them apart.

Notes take about 3 kB for a sprite of 32 × 32 pixels, so those of a large set stand in two files, to which whole
blocks are appended: a search that was killed goes on behind the last block that is whole.

Letters of shapes: N sprites, V views, H and W pixels, B cells of a grid.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lunar_studio.core.arrays import F32, U8
from lunar_studio.data.near.ahead import in_order
from lunar_studio.data.near.views import (
    I64,
    MIRRORED_FROM,
    U32,
    U64,
    VIEWS,
    Bool,
    as_bits,
    centred,
    edges,
    light,
    packed,
    unpacked,
    words_for,
)

BLOCK = 512
"""So many sprites are noted at once; more would not be quicker."""

LIGHT, STRUCTURE, SILHOUETTE, AREA = range(4)
"""Kinds of hashes."""

_GRID = 8
Records = npt.NDArray[np.void]


def keys_type() -> np.dtype[Any]:
    """What sprites meet by: hashes, mean colours of quarters, and a hash of the outlines in the centred views."""
    return np.dtype(
        [
            ("hashes", np.uint64, (VIEWS, 4)),
            ("colours", np.float32, (VIEWS, 16)),
            ("outlines", np.uint64, (VIEWS // 2,)),
            ("whole", np.uint64),
        ]
    )


@dataclass(frozen=True, slots=True)
class Layout:
    """How the numbers of 64 bits are laid out that tell a view of a sprite apart from others.

    Attributes:
        size: Width and height of a sprite, in pixels.
    """

    size: int

    @property
    def words(self) -> int:
        """Numbers for each view."""
        return int(self._means.stop) + 2

    @property
    def _visible(self) -> slice:
        return slice(0, words_for(self.size))

    @property
    def _edges(self) -> slice:
        return slice(words_for(self.size), 3 * words_for(self.size))

    @property
    def _shading(self) -> slice:
        cells = min(_GRID, self.size) ** 2
        return slice(self._edges.stop, self._edges.stop + (cells + 1) // 2)

    @property
    def _means(self) -> slice:
        return slice(self._shading.stop, self._shading.stop + 8)

    def visible(self, looks_NL: U64) -> U64:
        """Which pixels are visible, one bit each."""
        return looks_NL[:, self._visible]

    def edges(self, looks_NL: U64) -> U64:
        """Which pixels differ from the next in their row, and in their column."""
        return looks_NL[:, self._edges]

    def shading(self, looks_NL: U64) -> F32:
        """Sums of lightness less its mean over the cells of a grid, as a vector.

        The space is that of all visible pixels, in which the whole has length 1, or 0 where it has no shading.
        """
        return looks_NL[:, self._shading].view(np.float32)

    def colours(self, looks_NL: U64) -> F32:
        """Mean colours of the four quarters, channel by channel, shape (N, 16)."""
        return looks_NL[:, self._means].view(np.float32)

    def spread(self, looks_NL: U64) -> F32:
        """The length of the shading before it was made 1."""
        return looks_NL[:, self._means.stop :].view(np.float32)[:, 0]

    def soft(self, looks_NL: U64) -> F32:
        """How many pixels are half transparent."""
        return looks_NL[:, self._means.stop :].view(np.float32)[:, 1]


@dataclass(frozen=True, slots=True)
class Traits:
    """Notes of all sprites of a set.

    Attributes:
        keys: Of `keys_type`, shape (N,); memory-mapped where the set is large, as looks are.
        looks_EL: As `layout` says, one row for each view of each sprite, shape (views · N, words).
        layout: Where in a row what stands.
    """

    keys: Records
    looks_EL: U64
    layout: Layout

    def __len__(self) -> int:
        return len(self.keys)

    def looks(self, sprites: I64, views: I64) -> U64:
        """Rows of some views."""
        # Many times faster than indices in brackets.
        rows: U64 = self.looks_EL.take(sprites * VIEWS + views, axis=0)
        return rows

    def visible(self, sprites: I64, views: I64) -> U64:
        """Which pixels of some views are visible, one bit each."""
        rows: U64 = self.layout.visible(self.looks_EL)[sprites * VIEWS + views]
        return rows


def traits_of(sprites_NHWC: U8, threads: Executor, folder: Path | None, step: Callable[[int], None]) -> Traits:
    """Note all sprites, in several threads.

    Args:
        sprites_NHWC: uint8, shape (sprites, size, size, 4), colour under alpha 0 zeroed; a memory map will do.
        threads: Where the work is done.
        folder: Where notes are kept; None keeps them in memory.
        step: Told how many sprites are done; what it raises ends the search.

    Raises:
        OSError: The folder cannot be written, or the disk is full.
    """
    count = len(sprites_NHWC)
    layout = Layout(sprites_NHWC.shape[1])

    def noted(start: int) -> tuple[Records, U64]:
        return _noted(np.ascontiguousarray(sprites_NHWC[start : start + BLOCK]), layout, start)

    if folder is None:
        keys, looks_EL = np.zeros(count, keys_type()), np.zeros((VIEWS * count, layout.words), np.uint64)
        starts = range(0, count, BLOCK)
        for start, (some_keys, some_looks) in zip(starts, in_order(threads, noted, starts), strict=True):
            step(start)
            keys[start : start + BLOCK] = some_keys
            looks_EL[VIEWS * start : VIEWS * (start + BLOCK)] = some_looks
        return Traits(keys, looks_EL, layout)
    keys_path, looks_path = folder / "keys", folder / "looks"
    row_bytes = layout.words * 8
    done = min(_whole(keys_path, keys_type().itemsize), _whole(looks_path, row_bytes * VIEWS, VIEWS))
    starts = range(done, count, BLOCK)
    with keys_path.open("ab") as keys_file, looks_path.open("ab") as looks_file:
        keys_file.truncate(done * keys_type().itemsize)
        looks_file.truncate(done * VIEWS * row_bytes)
        for start, (some_keys, some_looks) in zip(starts, in_order(threads, noted, starts), strict=True):
            step(start)
            keys_file.write(some_keys.tobytes())
            looks_file.write(some_looks.tobytes())
    sizes = [(keys_path, keys_type().itemsize), (looks_path, VIEWS * row_bytes)]
    if any(path.stat().st_size != count * sprite_bytes for path, sprite_bytes in sizes):
        raise OSError(errno.EBUSY, "something else writes there")
    return Traits(
        # Plain arrays: each slice of a memory map is made a memory map again, which takes its time.
        np.asarray(np.memmap(keys_path, keys_type(), mode="r", shape=(count,))),
        np.asarray(np.memmap(looks_path, np.uint64, mode="r", shape=(VIEWS * count, layout.words))),
        layout,
    )


def _whole(path: Path, sprite_bytes: int, rows: int = 1) -> int:
    """How many sprites' notes stand in a file, in whole blocks that are as they were written.

    Args:
        path: The file; none of them where it is missing.
        sprite_bytes: Of the notes of one sprite.
        rows: How many rows these are; each ends with its checksum.
    """
    try:
        held = path.stat().st_size // (sprite_bytes * BLOCK)
    except OSError:
        return 0
    with path.open("rb") as file:
        for block in range(held):
            words = np.fromfile(file, np.uint64, sprite_bytes // 8 * BLOCK).reshape(BLOCK * rows, -1)
            if not np.array_equal(words[:, -1], _sealed(words, block * BLOCK)):
                return block * BLOCK
    return held * BLOCK


def _sealed(words_NL: U64, start: int) -> U64:
    """A checksum of each row without the last number, which it is to become; another for a block that begins elsewhere.

    It is never 0, for a hole in a file reads as zeros.
    """
    return (_mixed(words_NL[:, :-1], 1) + np.uint64(2 * start)) | np.uint64(1)


def _mixed(words_NL: U64, seed: int) -> U64:
    odd = np.random.default_rng(seed).integers(0, 2**63, words_NL.shape[1], dtype=np.uint64) * np.uint64(2)
    sums: U64 = (words_NL * (odd + np.uint64(1))).sum(axis=1, dtype=np.uint64)
    return sums


# ---- one block -----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Summed:
    """A view summed over the rows of grids, from which its mirror image follows as well."""

    visible: Bool
    across: Bool
    down: Bool
    soft: F32
    light: F32
    edges_across: F32
    edges_down: F32
    area: F32
    colours: list[F32]
    shading: F32
    spread: F32

    @classmethod
    def of(cls, packed_NHW: U32) -> _Summed:
        sprites_NHWC = unpacked(packed_NHW)
        size = packed_NHW.shape[1]
        alpha_NHW = sprites_NHWC[..., 3].astype(np.float32)
        visible = sprites_NHWC[..., 3] > 0
        seen = visible.astype(np.float32)
        across, down = edges(packed_NHW)
        share = alpha_NHW / np.float32(255)
        light_NHW = light(sprites_NHWC)
        # One channel after the other: in one array of all it takes many times longer.
        channels = [*(sprites_NHWC[..., channel] * share for channel in range(3)), alpha_NHW]
        number = np.maximum(seen.sum(axis=(1, 2)), 1)
        shading = light_NHW * seen
        shading -= (shading.sum(axis=(1, 2)) / number)[:, None, None]
        shading *= seen
        spread = np.sqrt(np.einsum("nhw,nhw->n", shading, shading))
        shading /= np.maximum(spread, np.float32(1e-3))[:, None, None]
        grid = min(_GRID, size)
        return cls(
            visible,
            across,
            down,
            (visible & (sprites_NHWC[..., 3] < 255)).sum(axis=(1, 2)).astype(np.float32),
            _over_rows(light_NHW, 8),
            _counted_over_rows(across.view(np.uint8)),
            # A visible pixel counts as half an edge.
            _counted_over_rows(2 * down.view(np.uint8) + visible.view(np.uint8)) * np.float32(0.5),
            _counted_over_rows(visible.view(np.uint8)),
            [_over_rows(channel, 2) for channel in channels],
            _over_rows(shading, grid),
            spread,
        )

    def note(self, keys: Records, looks_NL: U64, layout: Layout, view: int, *, mirrored: bool) -> None:
        """Write what was found into the records of a view."""
        size = self.visible.shape[1]
        turned = slice(None, None, -1) if mirrored else slice(None)
        visible, across, down = self.visible[:, :, turned], self.across[:, :, turned], self.down[:, :, turned]
        edges_across = self.edges_across[:, :, turned]
        if mirrored:
            # Between a pixel and the next: in the mirror that next one is the one before.
            across, edges_across = _one_left(across), _one_left(edges_across)
        light_NRC = _means(self.light[:, :, turned], size, 9)
        density_NRC = _means(edges_across + self.edges_down[:, :, turned], size, 9)
        seen_NRC = _means(self.area[:, :, turned], size, 8)
        hashes = keys["hashes"][:, view]
        hashes[:, LIGHT] = _as_word(light_NRC[:, :, 1:] > light_NRC[:, :, :-1] + np.float32(1))
        hashes[:, STRUCTURE] = _as_word(density_NRC[:, :, 1:] > density_NRC[:, :, :-1] + np.float32(0.02))
        hashes[:, SILHOUETTE] = _as_word(seen_NRC > np.float32(0.5))
        hashes[:, AREA] = visible.sum(axis=(1, 2))
        keys["colours"][:, view] = np.concatenate(
            [_means(channel[:, :, turned], size, 2).reshape(-1, 4) for channel in self.colours], axis=1
        )
        layout.visible(looks_NL)[:] = as_bits(visible)
        layout.edges(looks_NL)[:] = np.concatenate([as_bits(across), as_bits(down)], axis=1)
        sums, cells = _over_columns(self.shading[:, :, turned], size, self.shading.shape[1])
        # Divided so that the grid's cells are axes of length 1: then no sum is longer than what it was made of.
        layout.shading(looks_NL)[:, : cells.size] = (sums / np.sqrt(cells)).reshape(len(sums), -1)
        layout.colours(looks_NL)[:] = keys["colours"][:, view]
        layout.spread(looks_NL)[:] = self.spread
        layout.soft(looks_NL)[:] = self.soft


def _noted(sprites_NHWC: U8, layout: Layout, start: int) -> tuple[Records, U64]:
    count = len(sprites_NHWC)
    keys, looks_NVL = np.zeros(count, keys_type()), np.zeros((count, VIEWS, layout.words), np.uint64)
    standing = packed(sprites_NHWC)
    middle = centred(standing, unpacked(standing)[..., 3] > 0)
    mirrored = np.ascontiguousarray(standing[:, :, ::-1])
    for view, pixels in enumerate((standing, middle)):
        summed = _Summed.of(pixels)
        summed.note(keys, looks_NVL[:, view], layout, view, mirrored=False)
        summed.note(keys, looks_NVL[:, view + MIRRORED_FROM], layout, view + MIRRORED_FROM, mirrored=True)
    # Rounding a centre of mass may move a mirror image by one pixel against the mirrored centred sprite.
    middle_mirrored = centred(mirrored, unpacked(mirrored)[..., 3] > 0)
    other = np.flatnonzero((middle_mirrored != middle[:, :, ::-1]).any(axis=(1, 2)))
    if len(other):
        some_keys, some_looks = keys[other], looks_NVL[other, VIEWS - 1]
        _Summed.of(middle_mirrored[other]).note(some_keys, some_looks, layout, VIEWS - 1, mirrored=False)
        keys[other], looks_NVL[other, VIEWS - 1] = some_keys, some_looks
    for at, view in enumerate(range(1, VIEWS, 2)):
        outlines = [layout.visible(looks_NVL[:, view]), layout.edges(looks_NVL[:, view])]
        keys["outlines"][:, at] = _mixed(np.concatenate(outlines, axis=1), 2)
    looks_EL = looks_NVL.reshape(count * VIEWS, -1)
    looks_EL[:, -1] = _sealed(looks_EL, start)
    keys["whole"] = _sealed(keys.view(np.uint64).reshape(count, -1), start)
    return keys, looks_EL


def _one_left(marked_NHW: npt.NDArray[Any]) -> npt.NDArray[Any]:
    moved = np.zeros(marked_NHW.shape, marked_NHW.dtype)
    moved[:, :, :-1] = marked_NHW[:, :, 1:]
    return moved


def _cells(length: int, parts: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Where cells begin and how long they are; as equal as whole pixels allow, repeated where there are fewer."""
    starts = np.arange(parts) * length // parts
    return starts, np.maximum(np.diff(starts, append=length), 1)


def _over_rows(values_NHW: F32, rows: int) -> F32:
    sums: F32 = np.add.reduceat(values_NHW, _cells(values_NHW.shape[1], rows)[0], axis=1)
    return sums


def _counted_over_rows(values_NHW: U8) -> F32:
    """As `_over_rows` with eight rows of cells, of small whole numbers; exact, and several times faster."""
    cells = _cells(values_NHW.shape[1], 8)[0]
    return np.add.reduceat(values_NHW, cells, axis=1, dtype=np.uint8).astype(np.float32)


def _over_columns(sums_NRW: F32, size: int, columns: int) -> tuple[F32, F32]:
    """Sums over the cells of a grid, and how many pixels each cell has."""
    lefts, widths = _cells(size, columns)
    heights = _cells(size, sums_NRW.shape[1])[1]
    sums: F32 = np.add.reduceat(sums_NRW, lefts, axis=2)
    return sums, (heights[:, None] * widths[None, :]).astype(np.float32)


def _means(sums_NRW: F32, size: int, columns: int) -> F32:
    sums, cells = _over_columns(sums_NRW, size, columns)
    means: F32 = sums / cells
    return means


def _as_word(bits_NRC: Bool) -> U64:
    words: U64 = np.packbits(bits_NRC.reshape(len(bits_NRC), 64), axis=1).view(np.uint64)[:, 0]
    return words


def blocks_of(count: int, most: int) -> Iterator[slice]:
    """Slices that cover so many, each of at most `most`."""
    for start in range(0, count, most):
        yield slice(start, min(start + most, count))
