"""`walk`: what a slider does to a sprite: drawn and scored at stops along its track, as the window's ribbon shows."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING

from lunar_studio.cli import options
from lunar_studio.cli.answer import Answer, WrongUsage
from lunar_studio.cli.state_commands import check_fits, read_state
from lunar_studio.core.track import MOST_STOPS, REACH, STOPS, stops

if TYPE_CHECKING:
    from lunar_studio.core.groove import Groove
    from lunar_studio.core.latent import Direction
    from lunar_studio.explore.engine import Engine

_BAR = 20


def add_to(commands: options.Commands) -> None:
    """Add `walk`."""
    parser = commands.add_parser("walk", help="the sprites and scores along a slider")
    parser.add_argument(
        "slider", metavar="SLIDER", help="its name or id, such as shape/0; raw numbers are raw/0, raw/1…"
    )
    parser.add_argument(
        "--from", dest="source", metavar="SRC", help="PNG or .lunar file or copied state to begin at (default: --seed)"
    )
    parser.add_argument(
        "--seed",
        type=options.whole_number(0, options.MAX_SEED),
        default=0,
        metavar="S",
        help="random sprite to begin at",
    )
    parser.add_argument(
        "--stops", type=options.whole_number(1, MOST_STOPS), default=STOPS, metavar="N", help="places to look at"
    )
    parser.add_argument(
        "--reach", type=options.positive_number, default=REACH, metavar="R", help="standard deviations to either side"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="also write the sprites to this folder")
    options.add_model(parser)
    options.add_json(parser)
    parser.set_defaults(run=walk)


def walk(arguments: argparse.Namespace) -> Answer:
    """Draw and score along a slider.

    Raises:
        WrongUsage: The model has no such slider.
        LunarError: The model or the source cannot be used, or a picture cannot be written.
    """
    state = None if arguments.source is None else read_state(arguments.source)
    engine = options.open_engine(arguments)
    from lunar_studio.core.overlay import NOTHING
    from lunar_studio.explore.grooves import groove
    from lunar_studio.explore.inventing import invent

    direction = _direction(engine, arguments.slider)
    if state is None:
        latent, edits = invent(engine, 1, seed=arguments.seed)[0][0], NOTHING
    else:
        check_fits(state, engine)
        latent, edits = state.latent, state.edits
    found = groove(engine, latent, direction, edits, stops(arguments.stops, arguments.reach))
    files = [] if arguments.out is None else _written(found, arguments.out)
    places = [
        {"position": round(position, 4), "score": None if math.isnan(score) else score}
        | ({"file": str(files[place])} if files else {})
        for place, (position, score) in enumerate(zip(found.positions, found.scores, strict=True))
    ]
    document = {
        "slider": direction.id,
        "name": direction.name,
        "position": round(direction.position(latent), 4),
        "stops": places,
        "best": found.positions[found.best] if found.has_scores else None,
    }
    return Answer("\n".join(_lines(found)), document)


def _direction(engine: Engine, wanted: str) -> Direction:
    known = (*engine.directions, *engine.raw_directions)
    for direction in known:
        if wanted.casefold() in (direction.id.casefold(), direction.name.casefold()):
            return direction
    names = ", ".join(f"{one.name} ({one.id})" for one in engine.directions[:8])
    raise WrongUsage(
        f"The model has no slider {wanted!r:.60}.",
        hint=f"It has {names} and more; raw numbers are raw/0, raw/1 and so on.",
    )


def _written(found: Groove, folder: Path) -> list[Path]:
    from lunar_studio.cli.art import make_folder
    from lunar_studio.export.formats import GENERATED
    from lunar_studio.pixels.files import write_png

    make_folder(folder)
    digits = len(str(len(found.sprites) - 1))
    files = [folder / f"stop-{place:0{digits}d}.png" for place in range(len(found.sprites))]
    for path, sprite in zip(files, found.sprites, strict=True):
        write_png(sprite, path, dict(GENERATED))
    return files


def _lines(found: Groove) -> list[str]:
    lines = [f"{found.direction.name} ({found.direction.id}), now at {found.direction.position(found.latent):+.2f}"]
    for place, (position, score) in enumerate(zip(found.positions, found.scores, strict=True)):
        if math.isnan(score):
            lines.append(f"  {position:+6.2f}")
        else:
            best = "  best" if place == found.best else ""
            lines.append(f"  {position:+6.2f}  {score:5.1f}  {'#' * round(_BAR * score / 100)}{best}")
    return lines
