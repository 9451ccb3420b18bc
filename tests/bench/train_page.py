"""The figures of docs/training.md: `python -m tests.bench.train_page [--only PART ...] [--write]`.

Each part is a bench of its own, run as a process of its own, and stands on the page under its command between marks
of its own, so that one can be measured again without the others. Without `--write` the parts are printed. They say
most on a machine that does nothing else; the longest takes some minutes.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import figures
from tests.bench.figures import machine_facts, machine_sentence
from tests.e2e.screen import virtual_screen

PAGE = Path(__file__).resolve().parents[2] / "docs" / "training.md"
PARTS = {
    "speed": ("tests.bench.training", "--rounds", "1"),
    "window": ("tests.bench.gui_on",),
    "memory": ("tests.bench.memory",),
    "plots": ("tests.bench.plots",),
    "forecast": ("tests.bench.forecast",),
}
"""The command of each part, after `python -m`."""

NEEDS_A_SCREEN = "window"


def marks(part: str) -> tuple[str, str]:
    """What stands before and after a part on the page."""
    return f"<!-- {part}: made by python -m tests.bench.train_page -->", f"<!-- end of {part} -->"


def with_part(page: str, part: str, made: str) -> str:
    """The page with other figures between a part's marks.

    Raises:
        ValueError: A mark is missing.
    """
    return figures.with_part(page, *marks(part), made)


def measured(part: str) -> str:
    """A part as it stands on the page."""
    words, facts = PARTS[part], machine_sentence(machine_facts())
    command = [sys.executable, "-m", *words]
    if part == NEEDS_A_SCREEN:
        with virtual_screen(1920, 1080) as screen:
            told = subprocess.run(command, env=screen.environment, check=True, stdout=subprocess.PIPE, text=True)
    else:
        told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    said = told.stdout.strip()
    if "|" not in said:  # columns of text, not a table in Markdown
        said = f"```\n{said}\n```"
    about = "" if " cores of " in said else f" {facts}."  # most benches say it themselves
    return f"`python -m {' '.join(words)}`, {datetime.now(UTC):%d %B %Y}.{about}\n\n{said}"


def main() -> int:
    """Measure the parts asked for; 0, or an exception of the one that failed."""
    parser = argparse.ArgumentParser(description="The figures of docs/training.md.")
    parser.add_argument("--only", nargs="+", choices=sorted(PARTS), default=list(PARTS), metavar="PART")
    parser.add_argument("--write", action="store_true", help="put them into docs/training.md")
    arguments = parser.parse_args()
    for part in arguments.only:
        made = measured(part)
        print(f"{part}\n\n{made}\n", flush=True)
        if arguments.write:
            PAGE.write_text(with_part(PAGE.read_text(encoding="utf-8"), part, made), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
