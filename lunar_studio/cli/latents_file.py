"""LATENTS.npz: latents with their names, written the same each time and read without trust.

Two arrays in a zip, as `numpy.savez` writes them: `latents` (N, L) float32 and `names` (N,) text, and
`model`, the digest of the model they belong to. Reading never unpickles, and believes no size before the
bytes that should be behind it are there.
"""

from __future__ import annotations

import io
import math
import re
import struct
import sys
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from lunar_studio.core.arrays import F32
from lunar_studio.errors import DatasetError
from lunar_studio.pixels.files import read_bytes, shown_name, write_atomically

MAX_LATENTS = 1_000_000
MAX_FILE_BYTES = 2**30
_MAX_NAME_CHARACTERS = 1000
_HEADER = re.compile(
    rb"\{'descr': '(?P<endian>[<>])(?P<kind>[fU])(?P<size>\d{1,5})', 'fortran_order': (?P<fortran>True|False), "
    rb"'shape': \((?P<shape>(?:\d{1,15}(?:, ?|(?=\))))*)\), \} *\n"
)


@dataclass(frozen=True, slots=True)
class LatentsFile:
    """What such a file holds.

    Attributes:
        names: One for each latent; anybody's text.
        latents_NL: float32, finite.
        model: Digest of the model they belong to; empty when the file does not say.
    """

    names: tuple[str, ...]
    latents_NL: F32
    model: str = ""


def write_latents(path: Path, content: LatentsFile) -> None:
    """Write the file whole or not at all; the same content gives the same bytes.

    Raises:
        ExportError: It cannot be written.
    """
    buffer = io.BytesIO()
    np.savez(
        buffer,
        latents=np.ascontiguousarray(content.latents_NL, np.float32),
        names=np.array([name[:_MAX_NAME_CHARACTERS] for name in content.names], np.str_),
        model=np.array(content.model, np.str_),
    )
    write_atomically(path, buffer.getvalue())


def read_latents(path: Path, latent_dim: int) -> LatentsFile:
    """Read the file for a model with latents of `latent_dim` numbers.

    Raises:
        DatasetError: It is missing, damaged, hostile, or belongs to a model with other latents.
    """
    name = shown_name(path.name)
    data = read_bytes(path, limit=MAX_FILE_BYTES)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            latents = _array(archive, "latents")
            names = _array(archive, "names")
            model = _array(archive, "model") if "model.npy" in archive.namelist() else np.array("")
    except _Unusable as exc:
        raise _refusal(name, str(exc)) from exc
    except (zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, NotImplementedError, RuntimeError) as exc:
        raise _refusal(name, "it is damaged, or no .npz file") from exc
    if latents.dtype.kind != "f" or latents.ndim != 2 or names.dtype.kind != "U" or names.shape != latents.shape[:1]:
        raise _refusal(name, "its arrays are not `latents` (N, L) of numbers and `names` (N,) of text")
    if model.dtype.kind != "U" or model.ndim != 0:
        raise _refusal(name, "its `model` is not a text")
    if latents.shape[1] != latent_dim:
        raise DatasetError(
            f"“{name}” holds latents of {latents.shape[1]} numbers, but the model's have {latent_dim}.",
            hint="Give the model that they were encoded with (--model).",
        )
    with np.errstate(over="ignore"):
        latents_NL = latents.astype(np.float32)
    if not np.isfinite(latents_NL).all():
        raise _refusal(name, "its numbers are not all finite")
    return LatentsFile(tuple(str(name) for name in names.tolist()), latents_NL, str(model))


class _Unusable(Exception):
    """Why an array cannot be used, in words."""


def _array(archive: zipfile.ZipFile, name: str) -> npt.NDArray[np.generic]:
    """One member of the zip, read only as far as its own header says and no further than the limits."""
    if f"{name}.npy" not in archive.namelist():
        raise _Unusable(f"it has no `{name}`")
    member = archive.getinfo(f"{name}.npy")
    if member.flag_bits & 1 or member.file_size > MAX_FILE_BYTES:
        raise _Unusable(f"its `{name}` is locked, or larger than any of ours")
    with archive.open(member) as file:
        begin = file.read(10)
        if begin[:8] != b"\x93NUMPY\x01\x00" or len(begin) < 10:
            raise _Unusable(f"its `{name}` is no array, or of an unknown version")
        dtype, order, shape = _header(name, file.read(int.from_bytes(begin[8:], "little")))
        count = math.prod(shape)
        body = file.read(count * dtype.itemsize + 1)
    if len(body) != count * dtype.itemsize:
        raise _Unusable(f"its `{name}` is cut off, or longer than it says")
    if dtype.itemsize == 0:
        return np.full(shape, "", np.str_)
    if (
        dtype.kind == "U"
        and count
        and np.frombuffer(body, dtype.str.replace("U", "u")[:2] + "4").max() > sys.maxunicode
    ):
        raise _Unusable(f"its `{name}` holds numbers that are no letters")
    return np.frombuffer(body, dtype, count).reshape(shape, order=order)


def _header(name: str, text: bytes) -> tuple[np.dtype[np.generic], Literal["C", "F"], tuple[int, ...]]:
    """Type, order and shape, within limits. Numpy's own reader would evaluate whatever stands there."""
    found = _HEADER.fullmatch(text)
    if found is None:
        raise _Unusable(f"its `{name}` holds neither numbers nor text")
    kind, size = found["kind"].decode(), int(found["size"])
    shape = tuple(int(side) for side in found["shape"].split(b",") if side.strip())
    if (kind == "f" and size not in (2, 4, 8)) or size > _MAX_NAME_CHARACTERS:
        raise _Unusable(f"its `{name}` holds neither numbers nor text")
    if len(shape) > 2 or math.prod(shape) > MAX_LATENTS * 4096 or (shape and shape[0] > MAX_LATENTS):
        raise _Unusable(f"its `{name}` has more entries than any of ours")
    return np.dtype(f"{found['endian'].decode()}{kind}{size}"), "F" if found["fortran"] == b"True" else "C", shape


def _refusal(name: str, reason: str) -> DatasetError:
    return DatasetError(
        f"“{name}” cannot be used: {reason}.", hint="Give a file that `lunar-studio encode` has written."
    )
