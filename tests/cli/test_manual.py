"""docs/command-line.md names every command and every option, and none that does not exist."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from lunar_studio.cli.program import build_parser

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "command-line.md").read_text(encoding="utf-8")


def options(parser: argparse.ArgumentParser) -> set[str]:
    found: set[str] = set()
    for action in parser._actions:
        found |= {text for text in action.option_strings if text.startswith("--")}
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                found |= options(command)
    return found


def test_every_option_is_in_the_manual_and_no_other() -> None:
    of_others = {"--nproc-per-node", "--nnodes", "--node-rank", "--master-addr", "--master-port"}  # torchrun's
    assert set(re.findall(r"--[a-z][a-z-]+", PAGE)) - of_others | {"--version"} == options(build_parser())


def test_every_command_has_its_section() -> None:
    commands = next(a for a in build_parser()._actions if isinstance(a, argparse._SubParsersAction)).choices
    headings = ",".join(re.findall(r"^## (.*)$", PAGE, re.MULTILINE))
    for command in set(commands) - {"gui"}:
        assert command in headings
