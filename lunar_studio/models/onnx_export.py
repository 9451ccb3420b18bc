"""A model's drawing half as an ONNX file: latents in, finished pixels out, no torch and no studio needed.

    latent  float32 (B, L)        ->  rgba  uint8 (B, H, W, 4), straight alpha

The argmax over the colours is inside the graph, so whoever runs the file gets sprites and not logits. B is open
unless it is fixed. Operator set 18 in the file version that came with it: onnxruntime 1.14 (early 2023) and newer
read it, and so do the runtimes for browsers and phones. A file is run once before it is kept, and its
pixels are compared with torch's.

Ties: where two colours are equally likely, torch and ONNX both take the first. Where they are equal but for
rounding, two libraries may decide differently; we have yet to see it.

Exporting needs the extra `onnx` (onnx, onnxscript, onnxruntime) and changes torch for the whole process while it
lasts (tracing patches `nn.Module`), so no other thread may compute meanwhile.
"""

from __future__ import annotations

import importlib.util
import logging
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from lunar_studio import __version__
from lunar_studio.core.arrays import F32, U8
from lunar_studio.core.model_info import ModelInfo
from lunar_studio.errors import ExportError
from lunar_studio.models.bundle import ModelBundle
from lunar_studio.models.interface import LatentModel
from lunar_studio.models.model_file import write_atomically

if TYPE_CHECKING:
    import onnx

OPSET = 18
IR_VERSION = 8
"""The file version that came with operator set 18; later ones only add what is not used here."""

NEEDED = ("onnx", "onnxscript", "onnxruntime")
COMPARED = 64
"""Latents whose pixels are compared before a file is kept."""

MAX_BATCH = 4096
# Rounding may move a colour by one level; what differs by more in more places than this is another picture.
_MOST_DIFFERING = 1e-3
# torch 2.13 calls its own deprecated `LeafSpec` while it exports.
_KNOWN_WARNING = r"`isinstance\(treespec, LeafSpec\)` is deprecated"


@dataclass(frozen=True, slots=True)
class OnnxFacts:
    """What was written.

    Attributes:
        path: The file.
        size_bytes: Its size.
        batch: Latents at a time; None for any number.
        latent_dim: Numbers in a latent.
        image_size: Width and height of what it draws, in pixels.
        pixels: How many were compared with torch's.
        differing: How many of them were not the same in every channel.
    """

    path: Path
    size_bytes: int
    batch: int | None
    latent_dim: int
    image_size: int
    pixels: int
    differing: int


def export_onnx(bundle: ModelBundle, info: ModelInfo, path: Path, *, batch: int | None = None) -> OnnxFacts:
    """Write the drawing half of a model as an ONNX file, atomically.

    Args:
        bundle: A model on the CPU; its VAE is put into eval mode.
        info: Facts about it, for the file's metadata.
        path: The file to write.
        batch: How many latents the file takes at a time; None for any number.

    Raises:
        ExportError: The extra is not installed, the network cannot be said in ONNX, ONNX draws something else, or
            the file cannot be written.
        ValueError: `batch` is not 1 to 4096.
    """
    if batch is not None and not 1 <= batch <= MAX_BATCH:
        raise ValueError(f"a batch of {batch} is not 1 to {MAX_BATCH}")
    require_onnx()
    _see_to_folder(path)  # first: tracing takes seconds, and nobody wants to hear of the folder after them
    vae = bundle.vae.eval()
    proto = _traced(vae, batch)
    _tidy(proto)
    _describe(proto, info)
    try:
        payload = proto.SerializeToString()
    except ValueError as exc:  # what protobuf says of more than 2 GiB
        raise ExportError(
            f"The network is too large for one ONNX file: {exc}.", hint="Export a smaller model."
        ) from exc
    pixels, differing = _compared(vae, payload, batch)
    try:
        write_atomically(payload, path)
    except OSError as exc:
        raise _unsaved(path, exc) from exc
    return OnnxFacts(path, len(payload), batch, vae.latent_dim, vae.image_size, pixels, differing)


def require_onnx() -> None:
    """See that the extra is installed.

    Raises:
        ExportError: It is not; the hint is the line to type.
    """
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise ExportError(
            f"ONNX files need {' and '.join(missing)}, which this studio was installed without.",
            hint=f"Type: {sys.executable} -m pip install {' '.join(NEEDED)}",
        )


def _see_to_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise _unsaved(path, exc) from exc


def _unsaved(path: Path, error: OSError) -> ExportError:
    return ExportError(
        f"The network could not be saved as {path}: {error.strerror or error}.",
        hint="Choose another folder, or free some space on the disk.",
    )


class _Drawing(nn.Module):
    """`render` as a network of its own, for the exporter calls `forward`."""

    def __init__(self, vae: LatentModel) -> None:
        super().__init__()
        self.vae = vae

    def forward(self, latent: Tensor) -> Tensor:
        """uint8 (B, H, W, 4)."""
        return self.vae.render(latent)


def _traced(vae: LatentModel, batch: int | None) -> onnx.ModelProto:
    latent = torch.zeros(batch or 2, vae.latent_dim)
    shapes = None if batch else {"latent": {0: torch.export.Dim("batch", min=1)}}
    try:
        with _quietly(), torch.no_grad():
            program = torch.onnx.export(
                _Drawing(vae).eval(),
                (latent,),
                input_names=["latent"],
                output_names=["rgba"],
                opset_version=OPSET,
                dynamic_shapes=shapes,
                dynamo=True,
                verbose=False,
            )
    except torch.onnx.OnnxExporterError as exc:
        raise ExportError(
            "This network cannot be said in ONNX; networks of your own may do what ONNX has no word for.",
            hint=f"The exporter says: {_reason(exc)}",
        ) from exc
    assert program is not None
    return program.model_proto


@contextmanager
def _quietly() -> Iterator[None]:
    """Without what the exporter says of itself: its trace, a deprecation inside torch, that torchvision is missing."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "torch.__trace", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", _KNOWN_WARNING, FutureWarning)
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _reason(error: BaseException) -> str:
    """The first sentence of the innermost cause, for the exporter wraps it in advice to its developers."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0][:300] if lines else 'nothing more'}"


def _tidy(proto: onnx.ModelProto) -> None:
    """Leave out what the exporter noted for its developers: source lines and folders of this machine."""
    graph = proto.graph
    noted: Iterable[Any] = (graph, *graph.node, *graph.initializer, *graph.input, *graph.output, *graph.value_info)
    for thing in noted:
        thing.ClearField("doc_string")
        thing.ClearField("metadata_props")
    proto.ir_version = IR_VERSION


def _describe(proto: onnx.ModelProto, info: ModelInfo) -> None:
    proto.producer_name, proto.producer_version = "Lunar Studio", __version__
    proto.graph.name = "render"
    proto.doc_string = "Draws sprites: latents in, straight-alpha RGBA pixels out."
    for key, value in sorted(metadata(info).items()):
        proto.metadata_props.add(key=key, value=value)


def metadata(info: ModelInfo) -> dict[str, str]:
    """What the file says of its model; the same words as in the model's card."""
    known = {key: str(info.card[key]) for key in ("art", "art_licence") if info.card.get(key)}
    return {
        "studio_version": __version__,
        "model": info.name,
        "model_sha256": info.digest,
        "family": info.family,
        "preset": info.preset,
        "latent_dim": str(info.latent_dim),
        "image_size": str(info.image_size),
        "card": msgspec.json.encode(dict(info.card)).decode(),
        **known,
    }


def _compared(vae: LatentModel, payload: bytes, batch: int | None) -> tuple[int, int]:
    """Draw the same latents with both; returns pixels compared and pixels that are not the same.

    Raises:
        ExportError: ONNX draws something else.
    """
    at_once = batch or COMPARED
    rng = np.random.default_rng(0)
    latents = rng.standard_normal((-(-COMPARED // at_once) * at_once, vae.latent_dim))
    runtime = _Runtime(payload)
    differing = far = total = 0
    # Any number of latents is tried with two numbers: one alone, then many.
    parts = np.split(latents, len(latents) // batch) if batch else np.split(latents, [1])
    for part in parts:
        latent_BL: F32 = part.astype(np.float32)
        theirs = runtime.draw(latent_BL)
        with torch.inference_mode():
            ours: U8 = vae.render(torch.from_numpy(latent_BL)).numpy()
        if theirs.shape != ours.shape or theirs.dtype != ours.dtype:
            raise _another_picture(f"{theirs.dtype} {theirs.shape} instead of {ours.dtype} {ours.shape}")
        error = np.abs(theirs.astype(np.int16) - ours).max(axis=3)
        differing += int((error > 0).sum())
        far += int((error > 1).sum())
        total += error.size
    if far > _MOST_DIFFERING * total:
        raise _another_picture(f"{far:,} of {total:,} pixels differ")
    return total, differing


class _Runtime:
    """Runs what was exported.

    Args:
        payload: The file.

    Raises:
        ExportError: onnxruntime cannot open it.
    """

    def __init__(self, payload: bytes) -> None:
        import onnxruntime
        from onnxruntime.capi import onnxruntime_pybind11_state as state

        self._errors = (
            state.Fail,
            state.InvalidArgument,
            state.InvalidGraph,
            state.InvalidProtobuf,
            state.NotImplemented,
            state.RuntimeException,
        )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 3  # errors: they come as exceptions too, but not all of them
        try:
            self._session = onnxruntime.InferenceSession(payload, options, providers=["CPUExecutionProvider"])
        except self._errors as exc:
            raise self._refused(exc) from exc

    def draw(self, latent_BL: F32) -> npt.NDArray[np.uint8]:
        """What it draws.

        Raises:
            ExportError: onnxruntime cannot run it.
        """
        try:
            return self._session.run(["rgba"], {"latent": latent_BL})[0]
        except self._errors as exc:
            raise self._refused(exc) from exc

    @staticmethod
    def _refused(error: Exception) -> ExportError:
        return ExportError("onnxruntime cannot run what was exported.", hint=f"It says: {_reason(error)}")


def _another_picture(what: str) -> ExportError:
    return ExportError(
        f"The network was not saved, for ONNX draws something else: {what}.",
        hint="A network of your own must draw the same picture every time, and use its latent for it.",
    )
