"""What a model file keeps of the art it learned from: names, families and fingerprints, but no picture.

A fingerprint (`pixels.likeness.fingerprints`) is 96 bytes that say what a drawing is like and cannot be turned back
into it, so a model can tell that it came near its art even where that art may not be passed on. The section is
optional and has a version of its own: a file without it, or with one that a newer studio wrote, opens as ever.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import msgspec
import numpy as np
import numpy.typing as npt
import torch
from msgspec import Meta
from torch import Tensor

SECTION = "likeness"
"""Its key among the metadata, and the prefix of its tensors."""

VERSION = 1
MAX_SPRITES = 100_000
MAX_NAME = 512
_CODES, _FAMILIES, _NAMES = (f"{SECTION}.{part}" for part in ("codes", "families", "names"))
_WIDTH = 96


@dataclass(frozen=True, slots=True, eq=False)
class ArtPrints:
    """Fingerprints of the sprites a model was trained on.

    Attributes:
        codes_ND: int8, shape (sprites, 96).
        families_N: int32, shape (sprites,), >= 0; number of each sprite's family in its data set.
        names: Name of each sprite in its data set: one line of at most 512 characters.
        limit: Distance of fingerprints, 0 to 1, below which a picture is a near copy.

    Raises:
        ValueError: They do not agree with each other.
    """

    codes_ND: npt.NDArray[np.int8]
    families_N: npt.NDArray[np.int32]
    names: tuple[str, ...]
    limit: float

    def __post_init__(self) -> None:
        count = len(self.names)
        if count > MAX_SPRITES:
            raise ValueError(f"{count:,} fingerprints are more than the {MAX_SPRITES:,} a model file can keep")
        if any(len(name) > MAX_NAME or "\n" in name for name in self.names):
            raise ValueError("a name among its fingerprints is too long, or more than one line")
        if self.codes_ND.shape != (count, _WIDTH) or self.codes_ND.dtype != np.int8:
            raise ValueError(f"{count} fingerprints are not of shape {self.codes_ND.shape}, {self.codes_ND.dtype}")
        if self.families_N.shape != (count,) or self.families_N.dtype != np.int32 or (self.families_N < 0).any():
            raise ValueError("the families of its fingerprints are not one number for each")
        if not 0.0 <= self.limit <= 1.0:
            raise ValueError(f"the limit for near copies, {self.limit}, is not within 0 and 1")

    def __len__(self) -> int:
        return len(self.names)


class _Facts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The part of the section that is not tensors."""

    version: int
    limit: float


class _Stamp(msgspec.Struct):
    version: Annotated[int, Meta(ge=1)]


def stored(prints: ArtPrints) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The section's tensors and metadata."""
    tensors = {
        _CODES: torch.from_numpy(prints.codes_ND.copy()),
        _FAMILIES: torch.from_numpy(prints.families_N.copy()),
    }
    # Names are a tensor as well: the header of a file is small by rule.
    text = "".join(f"{name}\n" for name in prints.names).encode()
    tensors[_NAMES] = torch.from_numpy(np.frombuffer(text, np.uint8).copy())
    return tensors, {SECTION: msgspec.json.encode(_Facts(VERSION, float(prints.limit))).decode()}


def taken(tensors: dict[str, Tensor], metadata: Mapping[str, str]) -> ArtPrints | None:
    """Take the section out of a file's tensors; None where there is none, or one of a newer studio.

    Args:
        tensors: Of the whole file; those of the section are removed.
        metadata: Of the whole file.

    Raises:
        ValueError: The section does not agree with itself; the message says where.
    """
    own = {key: tensors.pop(key) for key in list(tensors) if key.startswith(f"{SECTION}.")}
    described = metadata.get(SECTION)
    if described is None:
        if own:
            raise ValueError("its fingerprints have no description")
        return None
    try:
        if msgspec.json.decode(described, type=_Stamp).version > VERSION:
            return None
        facts = msgspec.json.decode(described, type=_Facts)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise ValueError(f"the description of its fingerprints is wrong ({exc})") from exc
    if set(own) != {_CODES, _FAMILIES, _NAMES} or own[_NAMES].dtype != torch.uint8:
        raise ValueError("its fingerprints are not complete")
    try:
        *names, rest = own[_NAMES].numpy().tobytes().decode().split("\n")
    except UnicodeDecodeError as exc:
        raise ValueError("the names of its fingerprints are not text") from exc
    if rest:
        raise ValueError("the names of its fingerprints are cut off")
    return ArtPrints(own[_CODES].numpy(), own[_FAMILIES].numpy(), tuple(names), facts.limit)
