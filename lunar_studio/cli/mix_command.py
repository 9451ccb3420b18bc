"""`mix` and `direction`: sprites between sprites, and what sets one folder of sprites apart from another."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lunar_studio.cli import options
from lunar_studio.cli.answer import Answer, WrongUsage
from lunar_studio.cli.art import Art, make_folder

if TYPE_CHECKING:
    from lunar_studio.core.latent import Latent
    from lunar_studio.explore.engine import Engine

MAX_STEPS = 256
_POSITIONS = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)


def add_to(commands: options.Commands) -> None:
    """Add `mix` and `direction`."""
    mixing = commands.add_parser("mix", help="blend two to four sprites, or draw the way from one to the other")
    mixing.add_argument("source", type=Path, nargs="+", metavar="SPRITE", help="two to four pictures")
    mixing.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write to")
    mixing.add_argument(
        "--steps", type=options.whole_number(2, MAX_STEPS), metavar="N", help="draw the way from the first to the last"
    )
    mixing.add_argument(
        "--weights", type=options.positive_number, nargs="+", metavar="W", help="how much of each (default: all alike)"
    )
    for part in ("shape", "colours"):
        mixing.add_argument(
            f"--{part}-from", type=options.whole_number(1, 4), metavar="K", help=f"take the {part} of the K-th alone"
        )
    mixing.set_defaults(run=mix)
    teaching = commands.add_parser("direction", help="what sets some sprites apart from others, as a direction")
    teaching.add_argument("more", type=Path, metavar="MORE", help="pictures that have more of it")
    teaching.add_argument("less", type=Path, metavar="LESS", help="pictures that have less of it")
    teaching.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for sprites moved along it")
    teaching.add_argument("--share", choices=("all", "shape", "colours"), default="all", help="what it may move")
    teaching.add_argument(
        "--seed", type=options.whole_number(0, options.MAX_SEED), default=0, metavar="S", help="of the sprite to move"
    )
    teaching.set_defaults(run=direction)
    for parser in (mixing, teaching):
        options.add_model(parser)
        options.add_json(parser)


def mix(arguments: argparse.Namespace) -> Answer:
    """Encode, blend, draw, score and write.

    Raises:
        WrongUsage: There are not two to four sprites, or not a weight for each.
        LunarError: The model or a picture cannot be used, or a file cannot be written.
    """
    count = len(arguments.source)
    if not 2 <= count <= 4:
        raise WrongUsage(f"Two to four sprites can be mixed, not {count}.", hint="Give as many pictures.")
    chosen = [arguments.shape_from, arguments.colours_from]
    if (arguments.weights and len(arguments.weights) != count) or any(k is not None and k > count for k in chosen):
        raise WrongUsage(f"{count} sprites have {count} weights.", hint="Give a weight for each, and no number beyond.")
    if arguments.steps and (arguments.weights or any(chosen)):
        raise WrongUsage("The way from sprite to sprite has no weights.", hint="Leave --steps out, or the others.")
    engine = options.open_engine(arguments)
    from lunar_studio.core.blending import blended, in_betweens

    latents = [_encoded(engine, source)[0] for source in arguments.source]
    parts = engine.info.latent_parts
    if arguments.steps:
        made = in_betweens(latents, arguments.steps, parts)
    else:
        weights = arguments.weights or [1.0] * count
        shape, colours = (_alone(weights, k) for k in chosen)
        made = (blended(latents, shape, parts, colours),)
    files, scores = _write(engine, made, arguments.out, "mix")
    document = {"out": arguments.out, "model": engine.info.digest, "sprites": _told(files, scores)}
    return Answer(f"{len(files):,} sprites in {arguments.out}, scored {min(scores):.0f} to {max(scores):.0f}", document)


def direction(arguments: argparse.Namespace) -> Answer:
    """Learn a direction from two sets of pictures, say how surely, and draw a sprite moved along it.

    Raises:
        WrongUsage: There are too few pictures, or both sets are alike.
        LunarError: The model or a picture cannot be used, or a file cannot be written.
    """
    engine = options.open_engine(arguments)
    from lunar_studio.core.latent import Direction
    from lunar_studio.explore.inventing import invent
    from lunar_studio.session.teaching import FEWEST, MOST, learned, strength

    more, less = (_encoded(engine, source) for source in (arguments.more, arguments.less))
    if not all(FEWEST <= len(one) <= MOST for one in (more, less)):
        raise WrongUsage(
            f"{FEWEST} to {MOST} pictures of each are needed, not {len(more)} and {len(less)}.",
            hint="Give two folders of examples.",
        )
    lesson = learned(more, less, engine.directions, arguments.share)
    if lesson is None:
        raise WrongUsage("Both sets are alike: there is nothing to learn.", hint="Give sets that differ.")
    along = Direction("yours/1", "taught", "yours", lesson.axis.values_L, lesson.centre, lesson.sigma)
    (begun,), _ = invent(engine, 1, seed=arguments.seed)
    files, scores = _write(engine, [along.moved(begun, place) for place in _POSITIONS], arguments.out, "moved")
    found = strength(lesson.accuracy, len(more), len(less))
    document = {
        "out": arguments.out,
        "model": engine.info.digest,
        "more": len(more),
        "less": len(less),
        "accuracy": round(lesson.accuracy, 4),
        "strength": found,
        "sprites": [{"position": place, **one} for place, one in zip(_POSITIONS, _told(files, scores), strict=True)],
    }
    return Answer(
        f"{found}\na sprite moved along it from {_POSITIONS[0]:.0f} to {_POSITIONS[-1]:.0f} in {arguments.out}",
        document,
    )


def _alone(weights: Sequence[float], number: int | None) -> list[float]:
    return list(weights) if number is None else [float(index == number - 1) for index in range(len(weights))]


def _encoded(engine: Engine, source: Path) -> tuple[Latent, ...]:
    """The latents of the pictures in a source.

    Raises:
        DatasetError: There is no picture to use.
    """
    from lunar_studio.session.teaching import MOST

    art, sprites = Art([source]), []
    for picture in art:
        sprites.append(picture.sprite)
        if len(sprites) > MOST:
            break
    art.require_some()
    return engine.encode_many(sprites)


def _write(engine: Engine, latents: Sequence[Latent], folder: Path, name: str) -> tuple[list[str], list[float]]:
    """Draw, score and write; returns the names of the files and the scores."""
    from lunar_studio.export.formats import GENERATED
    from lunar_studio.pixels.files import write_png

    sprites = engine.decode_many(latents)
    scores = [score.value for score in engine.score_many(sprites)]
    make_folder(folder)
    digits = len(str(len(sprites) - 1))
    files = [f"{name}-{index:0{digits}d}.png" for index in range(len(sprites))]
    for file, sprite in zip(files, sprites, strict=True):
        write_png(sprite, folder / file, GENERATED)
    return files, scores


def _told(files: Sequence[str], scores: Sequence[float]) -> list[dict[str, object]]:
    return [{"file": file, "score": round(score, 2)} for file, score in zip(files, scores, strict=True)]
