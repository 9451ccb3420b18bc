"""What Improve gains, and whether lint agrees: `python -m tests.bench.improve [--model FILE]`.

The model's own inventions are improved on the whole score with everything held, with the silhouette free, and with
nothing held. Gains are told as the teacher sees the result, and as it sees its mirror image, which the last step did
not look at: a gain that a mirror takes away was a trick.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from lunar_studio.core.critic import Improvement, ImproveTask
from lunar_studio.core.latent import Latent
from lunar_studio.core.sprite import Sprite
from lunar_studio.explore.engine import Engine, load
from lunar_studio.explore.improve import improve
from lunar_studio.pixels.lint import examine
from lunar_studio.pixels.regions import differing
from tests.bench.figures import markdown, with_part

PAGE = Path(__file__).resolve().parents[2] / "docs" / "critic.md"
BEGIN, END = "<!-- improve: made by python -m tests.bench.improve -->", "<!-- end of improve -->"
HELD = {"everything": (True, True), "the palette": (True, False), "nothing": (False, False)}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One sprite improved.

    Attributes:
        gain: Points of the score.
        mirrored: Points that its mirror image gains.
        before: The score it had.
        lint_before: Its lint score before.
        lint_after: And after.
        changed: Share of pixels that differ.
        cpu_s: Processor time.
    """

    gain: float
    mirrored: float
    before: float
    lint_before: float
    lint_after: float
    changed: float
    cpu_s: float


def outcome(engine: Engine, latent: Latent, held: tuple[bool, bool]) -> Outcome:
    """Improve the sprite of one latent."""
    begun_s = time.process_time()
    last: Improvement | None = None
    for report in improve(engine, ImproveTask(latent, holds_palette=held[0], holds_silhouette=held[1])):
        last = report or last
    cpu_s = time.process_time() - begun_s
    if last is None:
        raise RuntimeError("improving told nothing")
    first, then = (
        engine.score(Sprite(np.ascontiguousarray(sprite.rgba_HWC[:, ::-1]))).value
        for sprite in (last.before, last.sprite)
    )
    return Outcome(
        last.score.value - last.score_before.value,
        then - first,
        last.score_before.value,
        examine(last.before).score,
        examine(last.sprite).score,
        float(differing(last.before, last.sprite).mean()),
        cpu_s,
    )


def row(name: str, outcomes: Sequence[Outcome]) -> list[str]:
    """Means of all, as cells."""

    def mean(what: str) -> float:
        return float(np.mean([getattr(one, what) for one in outcomes]))

    worse = float(np.mean([one.lint_after < one.lint_before - 0.5 for one in outcomes]))
    return [
        name,
        f"{mean('before'):.0f}",
        f"{mean('gain'):+.1f}",
        f"{mean('mirrored'):+.1f}",
        f"{np.mean([one.gain > 0 for one in outcomes]):.0%}",
        f"{mean('lint_before'):.0f} → {mean('lint_after'):.0f}",
        f"{worse:.0%}",
        f"{mean('changed'):.0%}",
        f"{np.median([one.cpu_s for one in outcomes]):.1f}",
    ]


def main() -> int:
    """Measure, and print or write the table."""
    parser = argparse.ArgumentParser(description="What Improve gains, and whether lint agrees.")
    parser.add_argument("--model", type=Path, help="a model file; the bundled model without")
    parser.add_argument("--count", type=int, default=16, help="inventions to improve")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--write", action="store_true", help="put the table into docs/critic.md")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    engine = load(arguments.model)
    latents = engine.sample(arguments.count, seed=arguments.seed)
    heads = ["held", "score", "gain", "mirrored", "gained", "lint", "lint worse", "pixels changed", "CPU s"]
    rows = [row(name, [outcome(engine, latent, held) for latent in latents]) for name, held in HELD.items()]
    made = f"{markdown(heads, rows)}\n\n{arguments.count:,} inventions, on the whole score; means."
    if arguments.write:
        PAGE.write_text(with_part(PAGE.read_text(encoding="utf-8"), BEGIN, END, made), encoding="utf-8")
    else:
        print(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
