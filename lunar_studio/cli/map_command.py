"""`map`: the art a model learned from, or what it invents, laid out so that alike sprites lie together."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING

from lunar_studio.cli import options
from lunar_studio.cli.answer import Answer, plain, to_json
from lunar_studio.cli.art import make_folder

if TYPE_CHECKING:
    from lunar_studio.core.arrays import U8
    from lunar_studio.core.sprite import Sprite
    from lunar_studio.core.sprite_map import SpriteMap
    from lunar_studio.explore.engine import Engine

_BACKGROUND = (14, 17, 28, 255)
_DOT_PX = 2
_LOW, _HIGH = (82, 66, 150, 255), (252, 232, 128, 255)


def add_to(commands: options.Commands) -> None:
    """Add `map`."""
    parser = commands.add_parser("map", help="lay the model's art out on a picture, alike beside alike")
    parser.add_argument("out", type=Path, metavar="PNG", help="picture to write")
    parser.add_argument(
        "--side",
        type=options.whole_number(128, 4096),
        default=2048,
        metavar="PX",
        help="of the picture (default: 2048)",
    )
    parser.add_argument(
        "--count",
        type=options.whole_number(10, 4096),
        default=1000,
        metavar="N",
        help="sprites to invent where the model carries no map of its art (default: 1000)",
    )
    parser.add_argument("--places", type=Path, metavar="FILE", help="also every place, score and name as JSON")
    options.add_model(parser)
    options.add_json(parser)
    parser.set_defaults(run=draw_map)


def draw_map(arguments: argparse.Namespace) -> Answer:
    """Lay out, draw and write.

    Raises:
        LunarError: The model cannot be used, or a file cannot be written.
    """
    engine = options.open_engine(arguments)
    from lunar_studio.core.sprite import Sprite
    from lunar_studio.explore.atlas import chart
    from lunar_studio.export.formats import GENERATED
    from lunar_studio.pixels.files import write_atomically, write_png

    *_, made = chart(engine, arguments.count)
    assert not isinstance(made, float)  # the map comes last
    picture, shown = _picture(engine, made, arguments.side)
    make_folder(arguments.out.parent)
    write_png(Sprite(picture), arguments.out, GENERATED)
    document = {
        "model": engine.info.digest,
        "kind": made.kind,
        "points": len(made),
        "shown": shown,
        "picture": arguments.out,
    }
    if arguments.places is not None:
        make_folder(arguments.places.parent)
        listed = {"model": engine.info.digest, "kind": made.kind, "places": _places(made)}
        write_atomically(arguments.places, to_json(plain(listed), indent=1).encode() + b"\n")
        document["places"] = arguments.places
    what = "sprites of its art" if made.kind == "art" else "sprites it invents (it carries no map of its art)"
    return Answer(f"{arguments.out}: {len(made):,} {what}, {shown:,} of them drawn, the others as dots", document)


def _places(made: SpriteMap) -> list[dict[str, object]]:
    return [
        {
            "x": round(float(x), 5),
            "y": round(float(y), 5),
            "score": round(float(score), 1) if math.isfinite(score) else None,
            "density": round(float(dense), 3),
            "name": name,
        }
        for (x, y), score, dense, name in zip(made.places_N2, made.scores_N, made.density_N, made.names, strict=True)
    ]


def _picture(engine: Engine, made: SpriteMap, side: int) -> tuple[U8, int]:
    """RGBA pixels of the map, and how many of its sprites have room to be drawn."""
    import numpy as np

    size = engine.info.image_size
    picture = np.empty((side, side, 4), np.uint8)
    picture[:] = _BACKGROUND
    inner = side - size - 2 * _DOT_PX
    corners = np.round(made.places_N2 * max(1, inner)).astype(np.int64) + _DOT_PX
    share = np.nan_to_num(made.scores_N / 100.0, nan=0.0)[:, None]
    low, high = np.array(_LOW), np.array(_HIGH)
    colours = (low + share * (high - low)).round().astype(np.uint8)
    for dy in range(_DOT_PX):
        for dx in range(_DOT_PX):
            picture[corners[:, 1] + size // 2 + dy, corners[:, 0] + size // 2 + dx] = colours
    chosen = np.flatnonzero(made.rooms_N * inner >= size + 2)
    sprites = engine.decode_many([made.latent(index) for index in chosen.tolist()])
    for (x, y), sprite in zip(corners[chosen].tolist(), sprites, strict=True):
        _lay(picture[y : y + size, x : x + size], sprite)
    return picture, len(chosen)


def _lay(ground: U8, sprite: Sprite) -> None:
    there = sprite.rgba_HWC[..., 3:] / 255.0
    mixed = ground[..., :3] * (1.0 - there) + sprite.rgba_HWC[..., :3] * there
    ground[..., :3] = mixed.round()
