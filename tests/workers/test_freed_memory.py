"""Freed memory goes back: what the C library hoards after a big job is gone after a rest."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

HOARD = """
import os
from ctypes import CDLL, c_int, c_size_t, c_void_p
from pathlib import Path
from lunar_studio.workers.freed_memory import give_back
def resident_mb():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
c = CDLL(None)
c.malloc.restype, c.malloc.argtypes = c_void_p, [c_size_t]
c.memset.argtypes, c.free.argtypes = [c_void_p, c_int, c_size_t], [c_void_p]
small = [c.malloc(60_000) for _ in range(2_000)]
for block in small:
    c.memset(block, 1, 60_000)
last = c.malloc(1_000)  # stands behind all of them, so that the heap cannot shrink by itself
for block in small:
    c.free(block)
hoarded = resident_mb()
assert give_back()
print(hoarded - resident_mb())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only this C library hoards, and can be told")
def test_a_hoard_goes_back() -> None:
    told = subprocess.run([sys.executable, "-c", HOARD], check=True, stdout=subprocess.PIPE, text=True).stdout
    assert float(told) > 50, "of 120 MB"
