"""`export-onnx`: the drawing network as an ONNX file, for programs without torch or the studio."""

from __future__ import annotations

import argparse
from pathlib import Path

from lunar_studio.cli import options
from lunar_studio.cli.answer import Answer

_DYNAMIC = "dynamic"


def add_to(commands: options.Commands) -> None:
    """Add `export-onnx`."""
    parser = commands.add_parser(
        "export-onnx",
        help="the drawing network as an ONNX file, for other programs",
        description="Write the half of a model that draws: latents in, finished RGBA pixels out. The file runs where "
        "ONNX runs; its pixels are compared with the studio's before it is kept.",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="file to write, such as model.onnx")
    parser.add_argument(
        "--batch",
        type=_batch,
        default=None,
        metavar="N",
        help=f"latents at a time, for programs that want to know; `{_DYNAMIC}` (the default) takes any number",
    )
    options.add_model(parser)
    options.add_json(parser)
    parser.set_defaults(run=export_onnx)


def _batch(text: str) -> int | None:
    return None if text == _DYNAMIC else options.whole_number(1, 4096)(text)


def export_onnx(arguments: argparse.Namespace) -> Answer:
    """Trace, write, run, compare.

    Raises:
        ModelFileError: The model cannot be used.
        ExportError: The extra `onnx` is missing, the network cannot be said in ONNX or draws something else there, or
            the file cannot be written.
    """
    options.load_extensions(arguments)
    from lunar_studio import paths
    from lunar_studio.models import onnx_export
    from lunar_studio.models.model_file import load_model

    onnx_export.require_onnx()
    bundle, info = load_model(arguments.model or paths.bundled_model())
    facts = onnx_export.export_onnx(bundle, info, arguments.out, batch=arguments.batch)
    equal = "every one the same" if not facts.differing else f"{facts.differing:,} of them off by rounding"
    document = {
        "file": facts.path,
        "bytes": facts.size_bytes,
        "model": info.digest,
        "latent_dim": facts.latent_dim,
        "size": facts.image_size,
        "batch": facts.batch,
        "opset": onnx_export.OPSET,
        "pixels": facts.pixels,
        "differing": facts.differing,
    }
    return Answer(
        f"{facts.path}: {facts.size_bytes / 1e6:.1f} MB, {facts.latent_dim} numbers in, "
        f"{facts.image_size} × {facts.image_size} px out; {facts.pixels:,} pixels compared with the studio's, {equal}",
        document,
    )
