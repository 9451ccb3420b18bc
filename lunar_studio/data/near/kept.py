"""What a search has found so far, one file for each band: a search that was killed goes on where it was."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from lunar_studio.core.arrays import U8
from lunar_studio.data.near.views import I64

_VERSION = 1
_DIGEST = 20
_ROWS = 2**12


class KeptPairs:
    """Pairs of each band that is done.

    Args:
        folder: Where they are kept; None keeps none.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def of(self, band: int) -> I64 | None:
        """Pairs of a band, shape (pairs, 2); None when it is not done, or not as it was written."""
        if self._folder is None:
            return None
        try:
            raw = (self._folder / f"band {band}").read_bytes()
        except OSError:
            return None
        if hashlib.blake2b(raw[_DIGEST:], digest_size=_DIGEST).digest() != raw[:_DIGEST]:
            return None
        return np.frombuffer(raw[_DIGEST:], np.int64).reshape(-1, 2)

    def keep(self, band: int, pairs: I64) -> None:
        """Keep the pairs of a band that is done.

        Raises:
            OSError: The disk is full or read-only.
        """
        if self._folder is None:
            return
        raw = np.ascontiguousarray(pairs).tobytes()
        fresh = self._folder / f"band {band}.new"
        fresh.write_bytes(hashlib.blake2b(raw, digest_size=_DIGEST).digest() + raw)
        fresh.replace(self._folder / f"band {band}")


def folder_for(shelf: Path, sprites_NHWC: U8, step: Callable[[], None]) -> Path:
    """The folder on a shelf for the search among these very sprites; those of other searches are taken away.

    Args:
        shelf: Where it lies.
        sprites_NHWC: uint8, shape (sprites, size, size, 4).
        step: Called many times a second; what it raises ends the search.

    Raises:
        OSError: It cannot be made.
    """
    hasher = hashlib.blake2b(repr((_VERSION, sprites_NHWC.shape)).encode(), digest_size=_DIGEST)
    for start in range(0, len(sprites_NHWC), _ROWS):
        step()
        hasher.update(np.ascontiguousarray(sprites_NHWC[start : start + _ROWS]).data)
    folder = shelf / f"near-{hasher.hexdigest()}"
    folder.mkdir(parents=True, exist_ok=True)
    for other in shelf.glob("near-*"):
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)
    return folder
