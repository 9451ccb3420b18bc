"""`sample`: random sprites from the model's prior, each scored."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lunar_studio.cli import options
from lunar_studio.cli.answer import Answer, WrongUsage, plain, to_json, warn
from lunar_studio.cli.art import make_folder
from lunar_studio.cli.copies import told, warn_of_copies

if TYPE_CHECKING:
    from lunar_studio.core.score import Score
    from lunar_studio.core.sprite import Sprite
    from lunar_studio.explore.engine import Engine

MAX_COUNT = 10_000
SCORES_FILE = "scores.json"
_CELL_PX = 96
# Gaps and label of a contact sheet's cell, and its gap alone.
_CELL_MARGIN_PX, _GAP_PX = 20, 4


def add_to(commands: options.Commands) -> None:
    """Add `sample`."""
    parser = commands.add_parser("sample", help="random sprites, each scored")
    parser.add_argument("--count", type=options.whole_number(1, MAX_COUNT), default=16, metavar="N", help="how many")
    parser.add_argument(
        "--seed",
        type=options.whole_number(0, options.MAX_SEED),
        default=0,
        metavar="S",
        help="the same seed gives the same sprites",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write to")
    parser.add_argument("--prompt", default="", metavar="WORDS", help="words to follow, of those the model knows")
    parser.add_argument(
        "--palette", type=Path, metavar="FILE", help="draw in the colours of this palette (.gpl, .hex, .pal)"
    )
    parser.add_argument(
        "--temperature",
        type=options.positive_number,
        default=1.0,
        metavar="T",
        help="below 1 is safer, above 1 wilder (default: 1)",
    )
    parser.add_argument("--sheet", type=Path, metavar="FILE", help="also one enlarged picture of them all, to look at")
    options.add_model(parser)
    options.add_json(parser)
    parser.set_defaults(run=sample)


def sample(arguments: argparse.Namespace) -> Answer:
    """Invent, draw, score and write.

    Raises:
        WrongUsage: The model knows none of the words.
        LunarError: The model or palette cannot be used, or a file cannot be written.
    """
    engine = options.open_engine(arguments)
    _check_words(engine, arguments.prompt)
    from lunar_studio.core.credits import credits_text
    from lunar_studio.core.prompt_words import ranking
    from lunar_studio.explore.inventing import invent
    from lunar_studio.export.credits import credits_path
    from lunar_studio.export.formats import GENERATED
    from lunar_studio.pixels.files import write_atomically, write_png
    from lunar_studio.pixels.palette_files import read_palette

    palette = read_palette(arguments.palette) if arguments.palette is not None else None
    sprites: Sequence[Sprite]
    _, sprites = invent(
        engine, arguments.count, seed=arguments.seed, prompt=arguments.prompt, temperature=arguments.temperature
    )
    if palette is not None:
        from lunar_studio.pixels.palette import mapped

        sprites = [mapped(sprite, palette) for sprite in sprites]
    scores = engine.score_many(sprites)
    fits = engine.fits(sprites, arguments.prompt) if arguments.prompt else (math.nan,) * len(sprites)
    # With words, best first; without, in the order of the seed.
    order = ranking(fits, [score.value for score in scores]) if arguments.prompt else tuple(range(len(sprites)))
    make_folder(arguments.out)
    digits = len(str(arguments.count - 1))
    files = [f"seed{arguments.seed}-{index:0{digits}d}.png" for index in range(arguments.count)]
    metadata = {**GENERATED, "Seed": str(arguments.seed)}
    for file, sprite in zip(files, sprites, strict=True):
        write_png(sprite, arguments.out / file, metadata)
    found = [engine.likeness(sprite) for sprite in sprites]
    warn_of_copies(files, found)
    credit = credits_path(arguments.out, is_folder=True)
    write_atomically(credit, credits_text(engine.info).encode())
    document = {
        "model": engine.info.digest,
        "credits": credit.name,
        "seed": arguments.seed,
        "count": arguments.count,
        "prompt": arguments.prompt,
        "temperature": arguments.temperature,
        "sprites": [
            {"file": files[index], **fitting(fits[index]), **scored(scores[index]), **told(found[index])}
            for index in order
        ],
    }
    write_atomically(arguments.out / SCORES_FILE, to_json(plain(document), indent=2).encode() + b"\n")
    if arguments.sheet is not None:
        make_folder(arguments.sheet.parent)
        ranked = [sprites[index] for index in order], [scores[index] for index in order]
        write_png(overview(*ranked), arguments.sheet, metadata)
    return Answer(_text(arguments.out, files, scores), {"out": arguments.out, **document})


def fitting(fit: float) -> dict[str, object]:
    """How well a sprite fits the words, as JSON has it; nothing where nobody knows."""
    return {} if math.isnan(fit) else {"fit": round(fit, 4)}


def scored(score: Score) -> dict[str, object]:
    """A score as JSON has it: `score` is null for a model without a teacher."""
    return {
        "score": round(score.value, 2),
        "experts": [
            {"name": expert.name, "gate": round(expert.gate, 4), "score": round(expert.value, 2)}
            for expert in score.experts
        ],
    }


def overview(sprites: Sequence[Sprite], scores: Sequence[Score]) -> Sprite:
    """One enlarged picture of all sprites with their scores, as square as can be.

    What finds no room in the largest picture there may be is left out, and before that the scores are.

    Args:
        sprites: At least one, all of one size.
        scores: One for each.
    """
    from lunar_studio.pixels.contact import contact_sheet
    from lunar_studio.pixels.files import MAX_SIDE_PX

    side = sprites[0].width
    columns = max(1, round(math.sqrt(len(sprites))))
    rows = -(-len(sprites) // columns)
    room = MAX_SIDE_PX // max(columns, rows) - _CELL_MARGIN_PX
    if room >= side:
        labels = [f"{score.value:.0f}" if score.experts else "" for score in scores]
        return contact_sheet(sprites, columns, max(1, min(_CELL_PX, room) // side), labels)
    columns = min(columns, (MAX_SIDE_PX - _GAP_PX) // (side + _GAP_PX))
    return contact_sheet(sprites[: columns * columns], columns)


def _check_words(engine: Engine, prompt: str) -> None:
    unknown = engine.unknown_words(prompt)
    if prompt and not engine.bundle.vocabulary.embed(prompt).any():
        known = ", ".join(engine.words[:12]) or "none"
        raise WrongUsage(
            f"The model knows none of the words in {prompt!r:.80}.", hint=f"It knows words such as {known}."
        )
    if unknown:
        warn(f"The model does not know: {', '.join(unknown)}. It follows the other words.")


def _text(folder: Path, files: Sequence[str], scores: Sequence[Score]) -> str:
    values = [score.value for score in scores if score.experts]
    if not values:
        return f"{len(files):,} sprites in {folder}"
    best = max(range(len(values)), key=values.__getitem__)
    return (
        f"{len(files):,} sprites in {folder}, scored {min(values):.0f} to {max(values):.0f} "
        f"(mean {sum(values) / len(values):.0f}); the best is {files[best]}"
    )
