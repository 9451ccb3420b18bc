"""`evaluate`: how near a model's reconstructions come to art, above all to art it has never seen."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from lunar_studio.cli import options
from lunar_studio.cli.answer import Answer, table
from lunar_studio.cli.art import Art, Picture

if TYPE_CHECKING:
    from lunar_studio.explore.engine import Engine


def add_to(commands: options.Commands) -> None:
    """Add `evaluate`."""
    parser = commands.add_parser("evaluate", help="how near a model's reconstructions come to art")
    parser.add_argument(
        "source", type=Path, metavar="SRC", help="picture, folder, zip, or data set (its validation part is used)"
    )
    options.add_model(parser)
    parser.add_argument("--per-file", action="store_true", help="also the figures of each file")
    options.add_json(parser)
    parser.set_defaults(run=evaluate)


def evaluate(arguments: argparse.Namespace) -> Answer:
    """Encode, draw and compare.

    Raises:
        ModelFileError: The model cannot be used.
        DatasetError: There is no picture to use.
    """
    engine = options.open_engine(arguments)
    import numpy as np

    from lunar_studio.evaluation import reconstruction
    from lunar_studio.pixels.fit import fit

    art = Art([arguments.source], part="validation")
    pictures = list(art)
    art.require_some()
    side = art_side(engine, pictures)
    fitted = [fit(picture.sprite, side) for picture in pictures]
    figures, each = reconstruction.evaluate(engine.bundle, np.stack([found.sprite.rgba_HWC for found in fitted]))
    changed = sum(bool(found.note) for found in fitted)
    document = {**figures, "model": engine.info.digest, "size": side, "fitted": changed, "refused": art.refused}
    confidence = figures["confidence"]
    lines = [
        f"{engine.info.name} on {figures['count']:,} sprites of {side} × {side} px"
        + (f" ({changed:,} of them fitted to that size)" if changed else ""),
        f"  psnr         {figures['psnr']:.2f} dB ± {confidence['psnr']:.2f}",
        f"  ssim         {figures['ssim']:.4f} ± {confidence['ssim']:.4f}",
        f"  exact pixels {figures['exact_pixel']:.4f} ± {confidence['exact_pixel']:.4f}",
        f"  alpha IoU    {figures['alpha_iou']:.4f} ± {confidence['alpha_iou']:.4f}",
        f"  colours      {figures['colours_in']:.1f} in, {figures['colours_out']:.1f} out",
    ]
    if arguments.per_file:
        document["files"] = [
            {"file": picture.path, "fitted": found.note, **row}
            for picture, found, row in zip(pictures, fitted, each, strict=True)
        ]
        rows = [["exact", "psnr", "file"]]
        rows += [
            [f"{row['exact_pixel']:.3f}", f"{row['psnr']:.1f}", picture.path]
            for picture, row in zip(pictures, each, strict=True)
        ]
        lines += ["", table(rows, right=frozenset({0, 1}))]
    return Answer("\n".join(lines), document)


def art_side(engine: Engine, pictures: list[Picture]) -> int:
    """Width and height at which to compare, in pixels.

    That of the art the model learned from; for a model that takes any size, the most frequent one of these
    pictures that divides its own.
    """
    if engine.art_px:
        return engine.art_px
    size = engine.info.image_size
    sides = Counter(max(picture.sprite.width, picture.sprite.height) for picture in pictures)
    return next((side for side, _ in sides.most_common() if size % side == 0), size)
