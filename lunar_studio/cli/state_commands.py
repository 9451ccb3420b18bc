"""`show` and `draw`: what a saved picture, a project or a copied state holds, and the sprite that it leads to."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from lunar_studio.cli import options
from lunar_studio.cli.answer import Answer, warn
from lunar_studio.errors import DatasetError, ModelFileError

if TYPE_CHECKING:
    from lunar_studio.explore.engine import Engine
    from lunar_studio.session.picture_state import SpriteState
    from lunar_studio.session.project import Project

_PROJECT_SUFFIX = ".lunar"
_HINT = "Give a picture or project that the studio has saved, or a state that it has copied as a command line."


def add_to(commands: options.Commands) -> None:
    """Add `show` and `draw`."""
    showing = commands.add_parser("show", help="what a saved picture or project says of its origin")
    showing.set_defaults(run=show)
    drawing = commands.add_parser("draw", help="draw the sprite of a saved picture, a project or a copied state again")
    drawing.add_argument("--out", type=Path, required=True, metavar="SPRITE.png", help="picture to write")
    drawing.set_defaults(run=draw)
    for parser in (showing, drawing):
        parser.add_argument("source", metavar="SRC", help="PNG or .lunar file, or a state that begins with lunar1:")
        options.add_json(parser)
    options.add_model(drawing)


def show(arguments: argparse.Namespace) -> Answer:
    """Tell what a picture or project holds; nothing is drawn and no model is opened.

    Raises:
        LunarError: It cannot be read, or says nothing of its origin.
    """
    if _is_project(arguments.source):
        return _show_project(arguments.source)
    state = read_state(arguments.source)
    return Answer("\n".join(_lines(state)), _told(state))


def draw(arguments: argparse.Namespace) -> Answer:
    """Draw a sprite again, painted pixels and all, as a picture that carries the same state.

    Raises:
        LunarError: The source or the model cannot be used, or the picture cannot be written.
    """
    state = read_state(arguments.source)
    engine = options.open_engine(arguments)
    check_fits(state, engine)
    from lunar_studio.cli.art import make_folder
    from lunar_studio.export.formats import picture_texts
    from lunar_studio.pixels.files import write_png
    from lunar_studio.session.picture_state import KEYWORD, to_text

    sprite = state.edits.over(engine.decode(state.latent))
    make_folder(arguments.out.parent)
    write_png(sprite, arguments.out, picture_texts({KEYWORD: to_text(state)}, seed=state.seed))
    is_same = not state.pixels or state.pixels == sprite.digest
    if not is_same:
        warn("The pixels differ from those that were saved.")
    score = engine.score(sprite).value
    document = {"out": arguments.out, "score": score, "is_same": is_same, **_told(state)}
    return Answer(f"{sprite.width} × {sprite.height} px in {arguments.out}", document)


def check_fits(state: SpriteState, engine: Engine) -> None:
    """Refuse a state that the model cannot draw; warn of one that another model of the same size has made.

    Raises:
        ModelFileError: It has another number of latent numbers.
    """
    if len(state.latent) != engine.info.latent_dim:
        raise ModelFileError(
            f"The state has {len(state.latent)} numbers, but the model draws from {engine.info.latent_dim}.",
            hint=f"Give the model it was made with (--model): {_model_words(state)}.",
        )
    if state.model and state.model != engine.info.digest:
        warn(f"This is not the model that the sprite was made with ({_model_words(state)}); it will look different.")


# ---- reading ---------------------------------------------------------------------------------------------


def _is_project(source: str) -> bool:
    return source.lower().endswith(_PROJECT_SUFFIX)


def read_state(source: str) -> SpriteState:
    """The state in a file or a word.

    Raises:
        LunarError: There is none, or it makes no sense.
    """
    from lunar_studio.pixels.files import read_bytes, shown_name
    from lunar_studio.pixels.png_text import BrokenText, read_text
    from lunar_studio.session.overlay_text import Unreadable
    from lunar_studio.session.picture_state import KEYWORD, MAX_TEXT_BYTES, from_line, from_text, is_line

    if _is_project(source):
        return _state_of_project(_project(source), source)
    name = shown_name(source if len(source) < 80 else source[:40] + "…")
    try:
        if is_line(source):
            return from_line(source)
        text = read_text(read_bytes(Path(source)), KEYWORD, limit=MAX_TEXT_BYTES)
        if text is None:
            raise DatasetError(f"“{name}” says nothing of a state to get back to.", hint=_HINT)
        return from_text(text)
    except (Unreadable, BrokenText) as exc:
        raise DatasetError(f"What “{name}” says of its state cannot be used: {exc}.", hint=_HINT) from exc


def _project(source: str) -> Project:
    from lunar_studio.session.project import read

    project, note = read(Path(source))
    if note:
        warn(note)
    return project


def _state_of_project(project: Project, source: str) -> SpriteState:
    from lunar_studio.session.picture_state import SpriteState

    document = project.session.document
    if document.latent is None or document.anchor is None:
        raise DatasetError(
            f"“{Path(source).name}” shows no sprite.", hint="Draw one of its kept sprites in the window."
        )
    return SpriteState(
        document.model,
        project.model.name,
        document.latent,
        document.anchor,
        document.seed,
        document.prompt,
        document.temperature,
        document.edits,
    )


# ---- telling ---------------------------------------------------------------------------------------------


def _show_project(source: str) -> Answer:
    project = _project(source)
    document, history = project.session.document, project.session
    kept = [{"name": one.name, "score": one.score, "seed": one.seed, "model": one.model} for one in document.bookmarks]
    told: dict[str, object] = {
        "made_by": project.made_by,
        "model": project.model.digest,
        "model_name": project.model.name,
        "steps": len(history.steps),
        "position": history.position,
        "kept": kept,
        "sprite": _told(_state_of_project(project, source)) if document.latent is not None else None,
    }
    lines = [
        f"{Path(source).name}, written by {project.made_by}",
        f"  model   {project.model.name} ({project.model.digest[:12]})",
        f"  history {len(history.steps):,} steps, {history.position:,} of them done",
        f"  kept    {len(kept):,} sprites" + "".join(f"\n    {one['name']}" for one in kept[:20]),
    ]
    if document.latent is not None:
        lines += ["  sprite", *(f"  {line}" for line in _lines(_state_of_project(project, source)))]
    return Answer("\n".join(lines), told)


def _lines(state: SpriteState) -> list[str]:
    pinned = len(state.edits.pinned)
    return [
        f"  model   {_model_words(state)}",
        f"  seed    {state.seed}",
        f"  words   {state.prompt or '(none)'}",
        f"  spread  {state.temperature:g}",
        f"  latent  {len(state.latent)} numbers",
        f"  painted {len(state.edits)} pixels, {pinned} of them pinned",
        f"  draw    {_command(state)}",
    ]


def _told(state: SpriteState) -> dict[str, object]:
    return {
        "model": state.model,
        "model_name": state.model_name,
        "seed": state.seed,
        "prompt": state.prompt,
        "temperature": state.temperature,
        "latent": [round(value, 7) for value in state.latent.values_L.tolist()],
        "painted": len(state.edits),
        "pinned": len(state.edits.pinned),
        "pixels": state.pixels,
        "command": _command(state),
    }


def _command(state: SpriteState) -> str:
    from lunar_studio.session.picture_state import to_line

    return shlex.join(["lunar-studio", "draw", to_line(state), "--out", "sprite.png"])


def _model_words(state: SpriteState) -> str:
    return f"{state.model_name or 'unnamed'} ({state.model[:12] or 'unknown'})"
