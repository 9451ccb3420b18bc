"""Every figure of docs/performance.md in one run: `python -m tests.bench.performance [--write]`.

The window and the start are measured on a virtual screen, then training, drawing and judging by `lunar-studio bench`;
each in a process of its own. It takes some ten minutes, and says most on a machine that does nothing else. Without
`--write` the tables are printed; with it they replace those between the marks of the page.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.figures import markdown, with_part
from tests.e2e.screen import missing_programs, virtual_screen

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"
BEGIN = "<!-- figures: made by python -m tests.bench.performance -->"
END = "<!-- end of figures -->"
_LIMIT_S = 3600


def _output(words: list[str], environment: dict[str, str] | None = None) -> str:
    command = [sys.executable, "-m", *words]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True, timeout=_LIMIT_S)
    return done.stdout.strip()


def networks_table(told: str) -> str:
    """What `lunar-studio bench --json` says, as Markdown."""
    document = json.loads(told)
    rows = [
        [
            f"{one['name']} ({one['precision']}, {one['images']} images)",
            f"{one['ours_ms']:.1f}",
            f"{one['plain_ms']:.1f}",
            f"{one['ratio']:.2f}",
            f"{one['ours_images_per_s']:.1f}",
            f"{one['ours_share']:.0%}",
            f"{one['plain_share']:.0%}",
        ]
        for one in document["results"]
    ]
    heads = ["", "ours ms", "plain ms", "times faster", "ours, images/s", "of matrix rate: ours", "plain"]
    rates = ", ".join(f"{rate:,.0f} GFLOP/s in {precision}" for precision, rate in document["product_gflops"].items())
    return f"{markdown(heads, rows)}\n\nMatrix products on this machine: {rates}; {document['threads']} threads."


def exploring(environment: dict[str, str], *, quick: bool) -> str:
    """What the other views of the Explore page take, each under its command; the map is painted on that screen."""
    grid = ["tests.bench.breeding", *(["--rounds", "3"] if quick else [])]
    groove = ["tests.bench.grooves", *(["--sliders", "5"] if quick else [])]
    map_view = ["tests.bench.map_view", *(["--frames", "40"] if quick else [])]
    told = [(words, _output(words)) for words in (grid, groove)]
    frames = f"```\n{_output(map_view, environment)}\n```"
    return "\n\n".join(f"`python -m {' '.join(words)}`\n\n{said}" for words, said in (*told, (map_view, frames)))


def figures(*, quick: bool) -> str:
    """All tables, each under the command that made it."""
    window = ["tests.bench.window", "--train", *(["--moves", "300", "--seconds", "10"] if quick else [])]
    start = ["tests.bench.startup", *(["--starts", "2"] if quick else [])]
    networks = ["lunar_studio", "bench", *(["--quick"] if quick else []), "--json"]
    with virtual_screen(1920, 1080) as screen:
        in_the_window = _output(window, screen.environment)
        explore = exploring(screen.environment, quick=quick)
    told = networks_table(_output(networks))
    answers = ["tests.bench.bundled", *(["--rounds", "40"] if quick else [])]
    parts = [
        f"Measured on {datetime.now(UTC):%d %B %Y}.",
        f"### Slider to picture, and the event loop\n\n`python -m {' '.join(window)}`\n\n{in_the_window}",
        f"### What each answer of the model takes\n\n`python -m {' '.join(answers)}`\n\n{_output(answers)}",
        f"### Grids, grooves and the map\n\n{explore}",
        f"### From the command to the first sprite\n\n`python -m {' '.join(start)}`\n\n{_output(start)}",
        f"### Training, drawing, judging\n\n`lunar-studio {' '.join(networks[1:])}`\n\n{told}",
    ]
    return "\n\n".join(parts)


def main() -> int:
    """Measure everything; 1 where the programs for a virtual screen are missing."""
    parser = argparse.ArgumentParser(description="Every figure of docs/performance.md.")
    parser.add_argument("--quick", action="store_true", help="fewer moves, starts and rounds: rougher figures")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/performance.md")
    arguments = parser.parse_args()
    if missing := missing_programs():
        print(f"This needs {' and '.join(missing)} (packaging/debian-packages.txt).", file=sys.stderr)
        return 1
    made = figures(quick=arguments.quick)
    if arguments.write:
        PAGE.write_text(with_part(PAGE.read_text(encoding="utf-8"), BEGIN, END, made), encoding="utf-8")
    else:
        print(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
