"""Fetch sprites from a memory map that may be larger than memory.

A page that is not in memory is read when it is touched, one after the other, each with its neighbours, of which
nothing will be wanted: fifty sprites a second and less. Told beforehand which pages are wanted, the system reads
these and no others, all at a time, more than a hundred times as fast.
"""

from __future__ import annotations

import mmap

import numpy as np
import numpy.typing as npt

from lunar_studio.core.arrays import U8

I64 = npt.NDArray[np.int64]
# Windows has no such advice.
_WANTED: int | None = getattr(mmap, "MADV_WILLNEED", None)


def fetched(sprites_NHWC: U8, chosen: I64) -> U8:
    """Some sprites, as a new array.

    Args:
        sprites_NHWC: uint8; a memory map of a whole file, or an array in memory.
        chosen: Positions, 0 or more, in any order.
    """
    mapped = sprites_NHWC.base
    if _WANTED is not None and isinstance(mapped, mmap.mmap):
        sprite_bytes = sprites_NHWC[0].nbytes
        first = len(mapped) - sprites_NHWC.nbytes
        begins = first + np.sort(chosen) * sprite_bytes
        pages = begins // mmap.PAGESIZE * mmap.PAGESIZE
        for page, end in zip(pages.tolist(), (begins + sprite_bytes).tolist(), strict=True):
            mapped.madvise(_WANTED, page, end - page)
    taken: U8 = np.asarray(sprites_NHWC).take(chosen, axis=0)
    return taken
