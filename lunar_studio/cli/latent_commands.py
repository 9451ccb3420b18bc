"""`encode` and `decode`: from pictures to latents and back."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lunar_studio.cli import options
from lunar_studio.cli.answer import Answer, warn
from lunar_studio.cli.art import Art, batches, make_folder

if TYPE_CHECKING:
    from lunar_studio.core.arrays import F32

_BATCH = 64


def add_to(commands: options.Commands) -> None:
    """Add `encode` and `decode`."""
    encoding = commands.add_parser("encode", help="the latents of pictures, into one .npz file")
    encoding.add_argument("source", type=Path, metavar="SRC", help="picture, folder, zip or data set")
    encoding.add_argument("--out", type=Path, required=True, metavar="LATENTS.npz", help="file to write")
    encoding.set_defaults(run=encode)
    decoding = commands.add_parser("decode", help="the pictures of latents, as PNG files")
    decoding.add_argument("source", type=Path, metavar="LATENTS.npz", help="file that `encode` has written")
    decoding.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write to")
    decoding.set_defaults(run=decode)
    for parser in (encoding, decoding):
        options.add_model(parser)
        options.add_json(parser)


def encode(arguments: argparse.Namespace) -> Answer:
    """Encode every picture; those of another size are fitted first, and the answer says how.

    Raises:
        LunarError: The model or the pictures cannot be used, or the file cannot be written.
    """
    engine = options.open_engine(arguments)
    import numpy as np

    from lunar_studio.cli.latents_file import LatentsFile, write_latents

    art = Art([arguments.source])
    names: list[str] = []
    notes: dict[str, str] = {}
    rows: list[F32] = []
    for batch in batches(iter(art), _BATCH):
        fitted = [engine.fitted(picture.sprite) for picture in batch]
        rows += [latent.values_L for latent in engine.encode_many([found.sprite for found in fitted])]
        names += [picture.name for picture in batch]
        notes |= {picture.path: found.note for picture, found in zip(batch, fitted, strict=True) if found.note}
    art.require_some()
    make_folder(arguments.out.parent)
    content = LatentsFile(tuple(names), np.stack(rows), engine.info.digest)
    write_latents(arguments.out, content)
    document = {
        "latents": arguments.out,
        "count": len(names),
        "latent_dim": engine.info.latent_dim,
        "model": engine.info.digest,
        "fitted": notes,
        "refused": art.refused,
    }
    text = f"{len(names):,} latents of {engine.info.latent_dim} numbers in {arguments.out}"
    if notes:
        text += f"\n{len(notes):,} pictures were fitted to the model's size; --json says how"
    return Answer(text, document)


def decode(arguments: argparse.Namespace) -> Answer:
    """Draw every latent of a file as a PNG called after its name.

    Raises:
        LunarError: The model or the latents cannot be used, or a file cannot be written.
    """
    engine = options.open_engine(arguments)
    from lunar_studio.cli.latents_file import read_latents
    from lunar_studio.core.latent import Latent
    from lunar_studio.export.formats import GENERATED
    from lunar_studio.export.names import unique_names
    from lunar_studio.pixels.files import write_png

    content = read_latents(arguments.source, engine.info.latent_dim)
    if content.model and content.model != engine.info.digest:
        warn("These latents were encoded with another model; the pictures will not be what was encoded.")
    make_folder(arguments.out)
    files = [arguments.out / f"{name}.png" for name in unique_names(content.names)]
    for start in range(0, len(files), _BATCH):
        latents = [Latent(row) for row in content.latents_NL[start : start + _BATCH]]
        for file, sprite in zip(files[start:], engine.decode_many(latents), strict=False):
            write_png(sprite, file, GENERATED)
    document = {"out": arguments.out, "count": len(files), "files": _listed(content.names, files)}
    return Answer(f"{len(files):,} pictures in {arguments.out}", document)


def _listed(names: Sequence[str], files: Sequence[Path]) -> list[dict[str, str]]:
    from lunar_studio.pixels.files import shown_name

    return [{"name": shown_name(name), "file": file.name} for name, file in zip(names, files, strict=True)]
