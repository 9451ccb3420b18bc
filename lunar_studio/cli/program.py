"""From arguments to an exit status: 0 done, 1 the job failed and stderr says why, 2 wrong usage."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lunar_studio import __version__
from lunar_studio.cli.answer import Answer, WrongUsage, print_answer, warn
from lunar_studio.errors import LunarError

if TYPE_CHECKING:
    from lunar_studio.cli.options import Commands

OpenWindow = Callable[[Path | None, Path | None], int]
"""Opens the studio on a model and a project; returns the exit status when its last window has closed."""

DONE, FAILED, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130


def main(argv: Sequence[str] | None = None, *, open_window: OpenWindow | None = None) -> int:
    """Run one command.

    Args:
        argv: Arguments without the program's name; the process's own for None. None at all open the window.
        open_window: How to do so; this room stands below the window and cannot import it.

    Returns:
        The exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
    """
    _write_what_the_terminal_can()
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or (arguments[0].startswith("-") and arguments[0] not in ("-h", "--help", "--version")):
        arguments.insert(0, "gui")
    try:
        parser = window_parser() if arguments[0] == "gui" else build_parser()
        parsed = parser.parse_args(arguments)
    except SystemExit as exc:  # argparse has printed its help, its version or what is wrong
        return int(exc.code or 0)
    try:
        return _run(parsed, open_window)
    except LunarError as exc:
        warn(f"lunar-studio {parsed.command}: {exc.message}\n{exc.hint}")
        return WRONG_USAGE if isinstance(exc, WrongUsage) else FAILED
    except BrokenPipeError:
        # Whoever read our output has read enough, as `head` does; that is no failure of the job.
        _let_go_of_stdout()
        return DONE
    except KeyboardInterrupt:
        warn(f"lunar-studio {parsed.command}: stopped.")
        return INTERRUPTED


def _run(parsed: argparse.Namespace, open_window: OpenWindow | None) -> int:
    if parsed.command == "gui":
        return _open(open_window, parsed.model, parsed.project)
    answer: Answer = parsed.run(parsed)
    print_answer(answer, as_json=parsed.json)
    sys.stdout.flush()
    return answer.status


def build_parser() -> argparse.ArgumentParser:
    """Every command with its options; nothing heavy is imported."""
    from lunar_studio.cli import (
        art_commands,
        bench_command,
        dataset_commands,
        evaluate_command,
        forecast_command,
        latent_commands,
        map_command,
        mix_command,
        model_commands,
        onnx_command,
        sample_command,
        score_command,
        state_commands,
        train_command,
        walk_command,
    )

    parser, commands = _parser_of_window()
    for group in (
        model_commands,
        dataset_commands,
        train_command,
        forecast_command,
        evaluate_command,
        latent_commands,
        sample_command,
        mix_command,
        walk_command,
        map_command,
        state_commands,
        score_command,
        art_commands,
        onnx_command,
        bench_command,
    ):
        group.add_to(commands)
    return parser


def window_parser() -> argparse.ArgumentParser:
    """The command that opens the window, alone: the others would delay its first frame."""
    return _parser_of_window()[0]


def _parser_of_window() -> tuple[argparse.ArgumentParser, Commands]:
    parser = argparse.ArgumentParser(
        prog="lunar-studio",
        description="Explore a model's sprites, train on your own art, and export; without a command the window opens.",
        epilog="`lunar-studio COMMAND --help` tells the options of a command.",
    )
    parser.add_argument("--version", action="version", version=f"Lunar Studio {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    gui = commands.add_parser("gui", help="open the window")
    gui.add_argument("--model", type=Path, help="model file to open (default: the one that ships with the studio)")
    gui.add_argument("--project", type=Path, help="project file to open")
    return parser, commands


def _open(open_window: OpenWindow | None, model: Path | None, project: Path | None) -> int:
    if open_window is None:
        raise LunarError("No window can be opened from here.", hint="Start the studio with `lunar-studio`.")
    return open_window(model, project)


def _write_what_the_terminal_can() -> None:
    """A character that the terminal cannot show becomes an escape, never a crash."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            with contextlib.suppress(ValueError, OSError):
                reconfigure(errors="backslashreplace")


def _let_go_of_stdout() -> None:
    """Python flushes stdout once more at exit, and would complain of the pipe again."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
