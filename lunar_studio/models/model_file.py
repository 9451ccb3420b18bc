"""The one file a trained model lives in: safetensors with JSON metadata, and no code.

Layout (docs/formats.md): tensors `vae.*`, `teacher.*`, `prior.*`, `words.vectors`, `directions.axes`,
`calibration.quantiles`, and where it carries them fingerprints of its art, `likeness.*` (`models.art_prints`), and a
map of it, `atlas.*` (`models.atlas`); matrices and kernels as float16, vectors and what a VAE names in
`float32_parts` as float32. Everything read is held against what its own configuration would build before a network
takes memory.

A file is read into memory once, not mapped: a mapped file that is overwritten under the running
program changes the model's numbers or ends the process, and on Windows it cannot be replaced.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, cast

import msgspec
import numpy as np
import torch
from msgspec import Meta
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from lunar_studio.core.config import RunConfig
from lunar_studio.core.latent import Direction, DirectionGroup
from lunar_studio.core.model_info import ModelInfo
from lunar_studio.errors import LunarError, ModelFileError, ModelVersionError
from lunar_studio.models import art_prints
from lunar_studio.models import atlas as atlases
from lunar_studio.models.art_prints import ArtPrints
from lunar_studio.models.atlas import Atlas
from lunar_studio.models.bundle import (
    QUANTILES,
    Calibration,
    ModelBundle,
    networks_on_meta,
    stored_tensors,
)
from lunar_studio.models.extensions import MissingExtension
from lunar_studio.models.interface import LatentModel
from lunar_studio.models.memory import inference_bytes
from lunar_studio.models.prior import LatentPrior
from lunar_studio.models.teacher import LunarMoETeacher
from lunar_studio.models.words import MAX_WORDS, Vocabulary

FORMAT = "lunar-studio-model"
# Version 2 may carry fingerprints of the art, version 3 a map of it as well; a model without is written as the version
# before, which older studios read.
VERSION, _VERSION_PRINTS, _VERSION_PLAIN = 3, 2, 1
MAX_FILE_BYTES = 2**30
# The description of a model is some hundred kilobytes; a larger one would only cost memory to refuse.
MAX_HEADER_BYTES = 2**24
_DTYPES = (torch.float16, torch.float32)
_RETRAIN = "Get the file again from where it came, or choose another model."

Text = Annotated[str, Meta(max_length=512)]


class _DirectionFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A direction without its axis, which is a row of `directions.axes`."""

    id: Text
    name: Text
    group: DirectionGroup
    centre: float
    sigma: Annotated[float, Meta(gt=0.0)]
    share: float


class _Facts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The metadata that is not tensors."""

    name: Text
    config: RunConfig
    words: Annotated[tuple[Text, ...], Meta(max_length=MAX_WORDS)]
    directions: Annotated[tuple[_DirectionFacts, ...], Meta(max_length=1024)]
    experts: Annotated[tuple[Text, ...], Meta(max_length=64)]
    card: dict[str, object] = {}


class _Header(msgspec.Struct, rename={"metadata": "__metadata__"}):
    """What of a safetensors header is ours; the tensors in it are read by the safetensors library."""

    metadata: dict[str, str] = {}


class _Stamp(msgspec.Struct):
    format: Literal["lunar-studio-model"]
    version: Annotated[int, Meta(ge=1)]


def save_model(bundle: ModelBundle, path: Path) -> None:
    """Write a model file atomically: the old file stays until the new one is whole on disk.

    Raises:
        ModelFileError: The folder cannot be written, the disk is full, or a number of the model is not finite.
    """
    tensors: dict[str, Tensor] = {}
    for part, module in bundle.modules().items():
        for key, value in stored_tensors(module).items():
            exact = module is bundle.vae and key.startswith(bundle.vae.float32_parts)
            tensors[f"{part}.{key}"] = as_stored(value, exact=exact)
    length = bundle.vae.latent_dim
    axes = np.stack([d.axis_L for d in bundle.directions]) if bundle.directions else np.zeros((0, length), np.float32)
    tensors["directions.axes"] = torch.from_numpy(axes.copy())
    tensors["words.vectors"] = bundle.vocabulary.vectors_VD.contiguous()
    tensors["calibration.quantiles"] = torch.from_numpy(bundle.calibration.quantiles_RQ.copy())
    facts = _Facts(
        name=bundle.name,
        config=bundle.config,
        words=bundle.vocabulary.words,
        directions=tuple(
            _DirectionFacts(d.id, d.name, d.group, float(d.centre), float(d.sigma), float(d.share))
            for d in bundle.directions
        ),
        experts=bundle.experts,
        card=dict(bundle.card),
    )
    for key, value in tensors.items():
        if not bool(torch.isfinite(value).all()):
            raise ModelFileError(
                f"The model was not saved: the numbers of {key} are not finite.",
                hint="Go back to an earlier checkpoint; training has diverged since.",
            )
    version, section = _VERSION_PLAIN, dict[str, str]()
    if bundle.prints is not None:
        version = _VERSION_PRINTS
        printed, section = art_prints.stored(bundle.prints)
        tensors |= printed
    if bundle.atlas is not None:
        version = VERSION
        mapped, described = atlases.stored(bundle.atlas)
        tensors |= mapped
        section |= described
    metadata = {
        "stamp": msgspec.json.encode({"format": FORMAT, "version": version}).decode(),
        "facts": msgspec.json.encode(facts).decode(),
        **section,
    }
    try:
        write_atomically(_in_order(save(tensors, metadata=metadata)), path)
    except OSError as exc:
        raise ModelFileError(
            f"The model could not be saved as {path}: {exc.strerror or exc}.",
            hint="Free some space on the disk, make the folder writable, or choose another.",
        ) from exc


def load_model(path: Path) -> tuple[ModelBundle, ModelInfo]:
    """Read a model file; networks are in eval mode on the CPU, float32.

    Raises:
        ModelFileError: The file is missing, damaged, not ours, or does not agree with itself.
        ModelVersionError: A newer version wrote it.
    """
    payload = _read(path)
    facts, metadata = _read_facts(path, payload)
    networks, expected = _expected(path, facts)
    try:
        tensors = load(payload)
    except (SafetensorError, KeyError, ValueError, RuntimeError) as exc:
        raise _damaged(path, "it is not a whole safetensors file") from exc
    try:
        prints = art_prints.taken(tensors, metadata)
        atlas = atlases.taken(tensors, metadata, cast(LatentModel, networks["vae"]).invented_dim)
        _check_names(atlas, prints)
    except ValueError as exc:
        raise _damaged(path, str(exc)) from exc
    _compare(path, expected, {key: list(value.shape) for key, value in tensors.items()})
    for key, value in tensors.items():
        if value.dtype not in _DTYPES:
            raise _damaged(path, f"the numbers of {key} are {value.dtype}, not float16 or float32")
        if not bool(torch.isfinite(value).all()):
            raise _damaged(path, f"the numbers of {key} are not finite")
    bundle = _assemble(path, facts, networks, {key: value.float() for key, value in tensors.items()}, prints, atlas)
    return bundle, describe(bundle, hashlib.sha256(payload).hexdigest())


def describe(bundle: ModelBundle, digest: str) -> ModelInfo:
    """The facts about a model that a window or `info --json` shows."""
    parts = {
        part: sum(p.numel() for p in module.parameters() if p.requires_grad)
        for part, module in bundle.modules().items()
    }
    return ModelInfo(
        name=bundle.name,
        family=str(type(bundle.config.vae).__struct_config__.tag),
        preset=bundle.config.preset,
        parameters=parts["vae"],
        parts=parts,
        image_size=bundle.vae.image_size,
        channels=bundle.vae.image_channels,
        latent_dim=bundle.vae.latent_dim,
        digest=digest,
        estimates={"memory_bytes": float(inference_bytes(bundle.modules().values()))},
        card=dict(bundle.card),
        palette_dim=bundle.vae.palette_dim,
        invented_dim=bundle.vae.invented_dim,
    )


def as_stored(value: Tensor, *, exact: bool = False) -> Tensor:
    """float16 for matrices and kernels it can hold; statistics and biases keep float32, whose range they need.

    Args:
        value: A weight or statistic.
        exact: Keep float32 in any case.
    """
    value = value.detach().cpu().float()
    small = not exact and value.ndim >= 2 and not bool((value.abs() > torch.finfo(torch.float16).max).any())
    return (value.half() if small else value).contiguous()


def _in_order(payload: bytes) -> bytes:
    """The same file with its metadata in alphabetical order.

    The safetensors library shuffles it, and equal models shall be equal files.
    """
    length = int.from_bytes(payload[:8], "little")
    header = msgspec.json.decode(payload[8 : 8 + length])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    encoded = msgspec.json.encode(header)
    encoded += b" " * (-len(encoded) % 8)  # tensors begin at a multiple of eight
    return len(encoded).to_bytes(8, "little") + encoded + payload[8 + length :]


def write_atomically(payload: bytes, path: Path) -> None:
    """Write a file that is whole or not there; what stood under its name stays until then.

    Raises:
        OSError: The folder cannot be written, or the disk is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".model-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(payload)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)  # mkstemp makes it private; a model is a document
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _read(path: Path) -> bytes:
    """The whole file, if it is an ordinary one of a size that a model can have.

    Asked by name first, so that no device is opened, then again of the open file, which nobody can swap;
    opening without blocking lets a pipe that came in between not hang.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ModelFileError(
                f"{path} is not a file but a folder, pipe or device.",
                hint="Choose a .safetensors file that the studio wrote.",
            )
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(path, flags), "rb") as file:
            facts = os.fstat(file.fileno())
            if not stat.S_ISREG(facts.st_mode) or facts.st_size > MAX_FILE_BYTES:
                raise _damaged(path, "it is larger than any model of the studio")
            return file.read(MAX_FILE_BYTES)
    except FileNotFoundError as exc:
        raise ModelFileError(
            f"There is no model file at {path}.", hint="Choose a .safetensors file that the studio wrote."
        ) from exc
    except (OSError, ValueError) as exc:  # ValueError: a name with a null byte
        reason = getattr(exc, "strerror", None) or exc
        raise ModelFileError(
            f"The model file {path} cannot be read: {reason}.", hint="Check that you may read it."
        ) from exc


def _read_facts(path: Path, payload: bytes) -> tuple[_Facts, dict[str, str]]:
    """The description of a model, and all metadata as it stands in the file."""
    length = int.from_bytes(payload[:8], "little")
    if not 2 <= length <= min(MAX_HEADER_BYTES, len(payload) - 8):
        raise _damaged(path, "it is not a whole safetensors file")
    try:
        metadata = msgspec.json.decode(payload[8 : 8 + length], type=_Header).metadata
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise _damaged(path, "it is not a whole safetensors file") from exc
    try:
        stamp = msgspec.json.decode(metadata.get("stamp", ""), type=_Stamp)
    except (msgspec.DecodeError, RecursionError) as exc:
        raise ModelFileError(
            f"{path.name} is a safetensors file, but not a Lunar Studio model.",
            hint="Choose a model that the studio wrote; other models cannot be explored.",
        ) from exc
    if stamp.version > VERSION:
        raise ModelVersionError(
            f"{path.name} was written by a newer Lunar Studio (format {stamp.version}; this one reads {VERSION}).",
            hint="Update Lunar Studio to open it.",
        )
    try:
        return msgspec.json.decode(metadata.get("facts", ""), type=_Facts), metadata
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise _damaged(path, f"its description is wrong ({exc})") from exc


def _expected(path: Path, facts: _Facts) -> tuple[dict[str, nn.Module], dict[str, list[int]]]:
    """The networks of a description, without memory, and the shapes of every tensor the file must hold."""
    try:
        networks = networks_on_meta(facts.config)
    except MissingExtension as exc:
        raise ModelFileError(f"{path.name} needs an extension: {exc.message}", hint=exc.hint) from exc
    except (LunarError, RuntimeError) as exc:
        raise _damaged(path, f"its configuration builds no network ({exc})") from exc
    shapes = {
        f"{part}.{key}": list(value.shape)
        for part, module in networks.items()
        for key, value in stored_tensors(module).items()
    }
    latent_dim = cast(LatentModel, networks["vae"]).latent_dim
    shapes["directions.axes"] = [len(facts.directions), latent_dim]
    shapes["words.vectors"] = [len(facts.words), facts.config.teacher.embedding_dim]
    shapes["calibration.quantiles"] = [1 + len(facts.experts), QUANTILES]
    experts = facts.config.teacher.num_experts if "teacher" in networks else 0
    if len(facts.experts) != experts:
        raise _damaged(path, f"it names {len(facts.experts)} experts but has {experts}")
    return networks, shapes


def _compare(path: Path, expected: Mapping[str, list[int]], found: Mapping[str, list[int]]) -> None:
    for key, shape in expected.items():
        if key not in found:
            raise _damaged(path, f"{key} is missing")
        if found[key] != shape:
            raise _damaged(path, f"{key} has shape {found[key]} instead of {shape}")
    strangers = sorted(set(found) - set(expected))
    if strangers:
        raise _damaged(path, f"it holds tensors that its configuration does not know, such as {strangers[0]}")


def _assemble(
    path: Path,
    facts: _Facts,
    networks: Mapping[str, nn.Module],
    tensors: Mapping[str, Tensor],
    prints: ArtPrints | None,
    atlas: Atlas | None,
) -> ModelBundle:
    for part, module in networks.items():
        own = {key.removeprefix(f"{part}."): value for key, value in tensors.items() if key.startswith(f"{part}.")}
        _fill(module, own)
        module.eval()
    if not bool((np.diff(tensors["calibration.quantiles"].numpy(), axis=1) >= 0).all()):
        raise _damaged(path, "the quantiles of its calibration do not ascend")
    try:
        directions = tuple(
            Direction(f.id, f.name, f.group, axis.numpy(), f.centre, f.sigma, f.share)
            for f, axis in zip(facts.directions, tensors["directions.axes"], strict=True)
        )
    except ValueError as exc:
        raise _damaged(path, str(exc)) from exc
    return ModelBundle(
        name=facts.name,
        config=facts.config,
        vae=cast(LatentModel, networks["vae"]),
        teacher=cast("LunarMoETeacher | None", networks.get("teacher")),
        prior=cast(LatentPrior, networks["prior"]),
        vocabulary=Vocabulary(facts.words, tensors["words.vectors"]),
        directions=directions,
        experts=facts.experts,
        calibration=Calibration(tensors["calibration.quantiles"].numpy()),
        card=facts.card,
        prints=prints,
        atlas=atlas,
    )


def _check_names(atlas: Atlas | None, prints: ArtPrints | None) -> None:
    known = 0 if prints is None else len(prints)
    if atlas is not None and ((atlas.sprites_N < -1) | (atlas.sprites_N >= known)).any():
        raise ValueError("its map names sprites that it has no fingerprints of")


def _fill(module: nn.Module, own: Mapping[str, Tensor]) -> None:
    """Give a network without memory its numbers; drawing fresh weights only to overwrite them takes longer."""
    module.load_state_dict(own, strict=False, assign=True)  # only counters of batches are missing: shapes were compared
    for submodule in module.modules():
        for name, buffer in submodule.named_buffers(recurse=False):
            if buffer.is_meta:
                setattr(submodule, name, torch.zeros_like(buffer, device="cpu"))


def _damaged(path: Path, reason: str) -> ModelFileError:
    return ModelFileError(f"The model file {path.name} cannot be used: {reason}.", hint=_RETRAIN)
