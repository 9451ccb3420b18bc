"""Gives freed memory back to the system: the C library hoards what big jobs leave, tens of megabytes after a grid."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import cache


@cache
def _trim() -> Callable[[int], int] | None:
    """The C library's function, where it has one (glibc)."""
    if not sys.platform.startswith("linux"):
        return None
    found: Callable[[int], int] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    return found


def give_back() -> bool:
    """Give back what can be; takes up to some 40 ms, so for a moment when nobody waits.

    Returns:
        Whether anything was given.
    """
    trim = _trim()
    return trim is not None and bool(trim(0))
