"""What a model file keeps of its art for a map: how to draw each sprite again, roughly, and where it lies.

A sprite is kept as whole steps of each number of its latent, a step being 4.5 standard deviations of the encoder's own
uncertainty about that number: finer would say what the decoder does not listen to. The steps are then packed, number
by number, by zlib, which spends bits where sprites differ. On the bundled model's art that takes 0.14 KB a sprite;
`tests/bench/map_layout.py` compares it with principal components of one byte each, which at the same size draw far
worse. Detail, what comes behind the numbers that the model invents, is left out. So are pictures: whether a model
may be passed on together with rough copies of its art is for whoever trains it to say (`docs/formats.md`).

The section is optional and has a version of its own, like the fingerprints of `art_prints`.

Shapes: N sprites, D invented numbers.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated

import msgspec
import numpy as np
import numpy.typing as npt
import torch
from msgspec import Meta
from torch import Tensor

from lunar_studio.core.arrays import F32

SECTION = "atlas"
"""Its key among the metadata, and the prefix of its tensors."""

VERSION = 1
MAX_POINTS = 4096
STEP_SIGMAS = 4.5
NO_SCORE = 255
_PLACE_STEPS = 32767
_PARTS = ("codes", "means", "steps", "places", "scores", "sprites")
I8 = npt.NDArray[np.int8]
I32 = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Atlas:
    """A map of the art a model was trained on.

    Attributes:
        codes_ND: int8, steps from the mean.
        means_D: float32, mean of each number.
        steps_D: float32, > 0, length of a step of each number.
        places_N2: int16, shape (sprites, 2), 0 to 32767: left to right, top to bottom.
        scores_N: uint8, the teacher's score of what the model draws there, in half points, 0 to 200; 255 for none.
        sprites_N: int32, which fingerprint of the model is of the same sprite; -1 for none.

    Raises:
        ValueError: They do not agree with each other.
    """

    codes_ND: I8
    means_D: F32
    steps_D: F32
    places_N2: npt.NDArray[np.int16]
    scores_N: npt.NDArray[np.uint8]
    sprites_N: I32

    def __post_init__(self) -> None:
        if self.codes_ND.ndim != 2 or len(self.codes_ND) > MAX_POINTS:
            raise ValueError(f"its map has more than the {MAX_POINTS:,} sprites that a model file can keep")
        count, length = self.codes_ND.shape
        wanted: tuple[tuple[npt.NDArray[np.generic], tuple[int, ...], type[np.generic]], ...] = (
            (self.codes_ND, (count, length), np.int8),
            (self.means_D, (length,), np.float32),
            (self.steps_D, (length,), np.float32),
            (self.places_N2, (count, 2), np.int16),
            (self.scores_N, (count,), np.uint8),
            (self.sprites_N, (count,), np.int32),
        )
        for values, shape, dtype in wanted:
            if values.shape != shape or values.dtype != dtype:
                raise ValueError(f"a part of its map is {values.dtype} {values.shape}, not {dtype.__name__} {shape}")
        if not (np.isfinite(self.means_D).all() and np.isfinite(self.steps_D).all() and (self.steps_D > 0).all()):
            raise ValueError("the steps of its map are not finite numbers above 0")
        if (self.places_N2 < 0).any():
            raise ValueError("a place of its map is off the map")
        if ((self.scores_N > 200) & (self.scores_N != NO_SCORE)).any():
            raise ValueError("a score of its map is above 100")
        with np.errstate(over="ignore", invalid="ignore"):
            latents_ND = self.latents_ND
        if not np.isfinite(latents_ND).all():
            raise ValueError("a latent of its map is not finite")

    def __len__(self) -> int:
        return len(self.codes_ND)

    @staticmethod
    def of(latents_ND: F32, sigmas_D: F32, places_N2: F32, scores_N: F32, sprites_N: I32) -> Atlas:
        """From what is known of the sprites.

        Args:
            latents_ND: float32, the invented numbers of each latent.
            sigmas_D: float32, standard deviation of the encoder's answer for each number.
            places_N2: float32, 0 to 1.
            scores_N: float32, 0 to 100, or NaN.
            sprites_N: Which fingerprint is of the same sprite; -1 for none.
        """
        means_D = latents_ND.mean(axis=0).astype(np.float32)
        centred_ND = latents_ND - means_D
        # The widest sprite must be within reach of a signed byte.
        steps_D = np.maximum(STEP_SIGMAS * sigmas_D, np.abs(centred_ND).max(axis=0, initial=0.0) / 127.0)
        steps_D = np.maximum(steps_D, 1e-6).astype(np.float32)
        return Atlas(
            np.round(centred_ND / steps_D).clip(-127, 127).astype(np.int8),
            means_D,
            steps_D,
            np.round(places_N2.clip(0.0, 1.0) * _PLACE_STEPS).astype(np.int16),
            _half_points(scores_N),
            sprites_N.astype(np.int32),
        )

    def scored(self, scores_N: F32) -> Atlas:
        """The same with other scores, 0 to 100, or NaN."""
        return replace(self, scores_N=_half_points(scores_N))

    @property
    def latents_ND(self) -> F32:
        """float32, the invented numbers of each latent, as near as they were kept."""
        return np.asarray(self.means_D + self.codes_ND * self.steps_D, np.float32)

    @property
    def unit_places_N2(self) -> F32:
        """float32, 0 to 1."""
        return np.asarray(self.places_N2 / _PLACE_STEPS, np.float32)

    @property
    def percents_N(self) -> F32:
        """float32, the teacher's scores, 0 to 100; NaN for none."""
        return np.where(self.scores_N == NO_SCORE, np.nan, self.scores_N / 2.0).astype(np.float32)


def _half_points(scores_N: F32) -> npt.NDArray[np.uint8]:
    points = np.where(np.isfinite(scores_N), np.nan_to_num(scores_N).clip(0.0, 100.0) * 2.0, NO_SCORE)
    return np.asarray(np.round(points), np.uint8)


class _Facts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The part of the section that is not tensors."""

    version: int
    points: Annotated[int, Meta(ge=0, le=MAX_POINTS)]


class _Stamp(msgspec.Struct):
    version: Annotated[int, Meta(ge=1)]


def stored(atlas: Atlas) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The section's tensors and metadata."""
    packed = zlib.compress(np.ascontiguousarray(atlas.codes_ND.T).tobytes(), 9)
    parts: dict[str, npt.NDArray[np.generic]] = {
        "codes": np.frombuffer(packed, np.uint8),
        "means": atlas.means_D,
        "steps": atlas.steps_D,
        "places": atlas.places_N2,
        "scores": atlas.scores_N,
        "sprites": atlas.sprites_N,
    }
    tensors = {f"{SECTION}.{part}": torch.from_numpy(values.copy()) for part, values in parts.items()}
    return tensors, {SECTION: msgspec.json.encode(_Facts(VERSION, len(atlas))).decode()}


def taken(tensors: dict[str, Tensor], metadata: Mapping[str, str], invented_dim: int) -> Atlas | None:
    """Take the section out of a file's tensors; None where there is none, or one of a newer studio.

    Args:
        tensors: Of the whole file; those of the section are removed.
        metadata: Of the whole file.
        invented_dim: Numbers of a latent that the file's model invents.

    Raises:
        ValueError: The section does not agree with itself or the model; the message says where.
    """
    own = {key: tensors.pop(key) for key in list(tensors) if key.startswith(f"{SECTION}.")}
    described = metadata.get(SECTION)
    if described is None:
        if own:
            raise ValueError("its map has no description")
        return None
    try:
        if msgspec.json.decode(described, type=_Stamp).version > VERSION:
            return None
        facts = msgspec.json.decode(described, type=_Facts)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise ValueError(f"the description of its map is wrong ({exc})") from exc
    if set(own) != {f"{SECTION}.{part}" for part in _PARTS}:
        raise ValueError("its map is not complete")
    if any(value.dtype == torch.bfloat16 for value in own.values()):
        raise ValueError("its map is of a kind of numbers that no studio writes")
    arrays = {part: own[f"{SECTION}.{part}"].numpy() for part in _PARTS}
    codes_ND = _unpacked(arrays.pop("codes"), facts.points, invented_dim)
    return Atlas(codes_ND, *(arrays[part] for part in _PARTS[1:]))


def _unpacked(packed: npt.NDArray[np.generic], points: int, invented_dim: int) -> I8:
    """The steps, (N, D); never more memory than the description and the model allow."""
    if packed.ndim != 1 or packed.dtype != np.uint8:
        raise ValueError("the sprites of its map are not packed bytes")
    size = points * invented_dim
    unpacker = zlib.decompressobj()
    try:
        plain = unpacker.decompress(packed.tobytes(), size + 1)
    except zlib.error as exc:
        raise ValueError("the sprites of its map cannot be unpacked") from exc
    if len(plain) != size or not unpacker.eof:
        raise ValueError(f"the sprites of its map are not {points:,} of {invented_dim} numbers")
    return np.frombuffer(plain, np.int8).reshape(invented_dim, points).T.copy()
