"""`export`: pictures to sheets, engines and animations."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lunar_studio.cli import options
from lunar_studio.cli.answer import Answer, WrongUsage, table
from lunar_studio.cli.art import Art
from lunar_studio.cli.copies import told, warn_if_unknown, warn_of_copies
from lunar_studio.errors import DatasetError

if TYPE_CHECKING:
    from lunar_studio.core.sprite import Sprite

_MAX_PIXELS = 2**28
"""A gigabyte of sprites held at once."""


def add_to(commands: options.Commands) -> None:
    """Add `export`."""
    parser = commands.add_parser(
        "export",
        help="pictures as a sheet, an engine's files or an animation",
        description="Write pictures in a format that engines and editors read, read it back and compare every pixel. "
        "`--format list` tells the formats.",
    )
    parser.add_argument("source", type=Path, nargs="?", metavar="SRC", help="picture, folder, zip or data set")
    parser.add_argument("--format", required=True, metavar="FORMAT", help="id of a format, or `list`")
    parser.add_argument("--out", type=Path, metavar="FILE", help="file (or folder, for formats of many files) to write")
    parser.add_argument(
        "--columns",
        type=options.whole_number(0, 65_536),
        default=0,
        metavar="N",
        help="sprites in a row of a sheet (default: as square as can be)",
    )
    parser.add_argument(
        "--scale", type=options.whole_number(1, 64), default=1, metavar="N", help="enlarge every pixel to N × N"
    )
    parser.add_argument(
        "--duration",
        type=options.whole_number(1, 65_535),
        default=100,
        metavar="MS",
        help="milliseconds that a frame shows (default: 100)",
    )
    parser.add_argument(
        "--guard",
        action="store_true",
        help="warn of near copies of the model's training art, and write its credits beside the files",
    )
    options.add_model(parser)
    options.add_json(parser)
    parser.set_defaults(run=export)


def export(arguments: argparse.Namespace) -> Answer:
    """Write, read back, compare; or list the formats.

    Raises:
        WrongUsage: The format is unknown, or what to export and where to is missing.
        LunarError: There is no picture to use, or the files cannot be written.
    """
    from lunar_studio.export import formats
    from lunar_studio.export.sheets import Layout

    if arguments.format == "list":
        return _list_formats()
    if arguments.format not in {known.id for known in formats.FORMATS}:
        raise WrongUsage(
            f"There is no export format called {arguments.format!r:.40}.",
            hint=f"Choose one of: {', '.join(known.id for known in formats.FORMATS)}.",
        )
    if arguments.source is None or arguments.out is None:
        raise WrongUsage("Nothing to export, or no place for it.", hint="Give SRC and --out FILE.")
    art = Art([arguments.source])
    sprites = []
    pixels = 0
    is_generated = False
    for picture in art:
        sprites.append(picture.sprite)
        is_generated |= picture.is_generated
        pixels += picture.sprite.width * picture.sprite.height
        if pixels > _MAX_PIXELS:
            raise DatasetError("That is too much art for one export.", hint="Give fewer pictures at a time.")
    art.require_some()
    credit, near = ("", []) if not arguments.guard else _guarded(arguments, sprites)
    files = formats.write(
        sprites,
        arguments.out,
        format_id=arguments.format,
        columns=arguments.columns,
        layout=Layout(scale=arguments.scale),
        duration_ms=arguments.duration,
        generated=is_generated,
        credit=credit,
    )
    document = {"format": arguments.format, "count": len(sprites), "files": files, "refused": art.refused}
    if arguments.guard:
        document["sprites"] = near
    names = "\n".join(f"  {file}" for file in files[:20])
    more = f"\n  ... and {len(files) - 20:,} more" if len(files) > 20 else ""
    return Answer(f"{len(sprites):,} sprites, read back and equal:\n{names}{more}", document)


def _guarded(arguments: argparse.Namespace, sprites: Sequence[Sprite]) -> tuple[str, list[dict[str, Any]]]:
    """The model's credits, and what its training art holds that is like each sprite; near copies are warned of."""
    from lunar_studio.core.credits import credits_text

    engine = options.open_engine(arguments)
    warn_if_unknown(engine)
    found = [engine.likeness(sprite) for sprite in sprites]
    names = [sprite.name for sprite in sprites]
    warn_of_copies(names, found)
    return credits_text(engine.info), [{"name": name, **told(one)} for name, one in zip(names, found, strict=True)]


def _list_formats() -> Answer:
    from lunar_studio.export import formats

    rows = [["format", "writes", "for"]]
    rows += [[known.id, known.suffix or "a folder", f"{known.title}: {known.description}"] for known in formats.FORMATS]
    document = {
        "formats": [
            {"id": known.id, "title": known.title, "suffix": known.suffix, "description": known.description}
            for known in formats.FORMATS
        ]
    }
    return Answer(table(rows), document)
