"""The deletion test of blame maps: `python -m tests.bench.blame DATASET [--model FILE]`.

Held-out sprites are damaged in places that we know. A map says which pixels cost the score. Three questions, each
against an order drawn by chance among the pixels of the sprite and its rim:

    found      of as many hottest pixels as were damaged, the share that was (precision at k); AUC of the map
    mended     the share of the lost logit that comes back when the hottest pixels get their own colour again, as
               many as a quarter, half and all of the damaged ones
    changed    what the logit gains when the 16 hottest pixels become what most of their neighbours are: needs no
               truth, so it is asked of the model's own inventions too

It decides which of `explore.blame.METHODS` the studio uses; run it again when the model or its teacher changes.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from lunar_studio.core.arrays import U8
from lunar_studio.core.critic import WHOLE
from lunar_studio.core.sprite import Sprite
from lunar_studio.data.dataset import Dataset
from lunar_studio.explore.blame import CHOSEN, METHODS, blame, logits, neighbours_say, prepared
from lunar_studio.explore.engine import Engine, load
from lunar_studio.pixels.damage import damage
from tests.bench.figures import markdown, with_part

PAGE = Path(__file__).resolve().parents[2] / "docs" / "critic.md"
BEGIN, END = "<!-- figures: made by python -m tests.bench.blame -->", "<!-- end of figures -->"
FAMILIES = (
    "orphans",
    "holes",
    "broken-outline",
    "foreign-patch",
    "patch-shuffle",
    "row-shift",
    "wrong-grid",
    "soft-edges",
)
"""Kinds of damage that harm some pixels and leave others."""

CHANCE = "chance"
_SEVERITY = 0.4
# A sprite that the teacher hardly minds says nothing about where it should look.
_LEAST_LOSS = 0.5
_CHANGED = 16
# Twice as good as nothing would be no demand.
_CHANCE_AT_LEAST = 0.05
F64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Case:
    """One damaged sprite.

    Attributes:
        family: How it was damaged; `invented` for a sprite of the model's, which has no truth.
        good_HWC: What it was.
        harmed_HWC: What it is.
        loss: Logits that the damage cost.
    """

    family: str
    good_HWC: U8
    harmed_HWC: U8
    loss: float

    @property
    def truth_HW(self) -> Bool:
        """Which pixels were damaged."""
        differs: Bool = (self.good_HWC != self.harmed_HWC).any(axis=2)
        return differs


@dataclass(frozen=True, slots=True)
class Figures:
    """How a method does, over all cases; shares and areas are 0 to 1.

    Attributes:
        method: Its name.
        auc: That a damaged pixel is hotter than a sound one.
        precision: Of as many hottest pixels as were damaged, the share that was.
        mended_quarter: Share of the loss that comes back, median, with a quarter as many pixels mended.
        mended_half: With half as many.
        mended_all: With as many.
        changed: Mean gain in logits of 16 pixels changed, damaged sprites.
        changed_invented: The same, sprites that the model invented.
        cpu_ms: Median processor time of a map.
    """

    method: str
    auc: float
    precision: float
    mended_quarter: float
    mended_half: float
    mended_all: float
    changed: float
    changed_invented: float
    cpu_ms: float


def judged(engine: Engine, rgba_NHWC: Sequence[U8]) -> F64:
    """Logits of the whole score."""
    teacher = engine.bundle.teacher
    if teacher is None:
        raise SystemExit("This model has no teacher: there is nothing to blame.")
    found = []
    for start in range(0, len(rgba_NHWC), 64):
        part = np.stack(rgba_NHWC[start : start + 64])
        with engine.computing(len(part)):
            found.append(logits(teacher(prepared(engine, part)), WHOLE).numpy())
    return np.concatenate(found).astype(np.float64)


def cases(engine: Engine, dataset: Dataset, count: int, seed: int = 0) -> Iterator[Case]:
    """Held-out sprites, each damaged in every way, as far as the teacher minds."""
    chosen = np.random.default_rng(seed).permutation(dataset.indices("validation"))[:count]
    clean = [Sprite(dataset.sprites_NHWC[at]).cleaned().rgba_HWC for at in chosen]
    for family in FAMILIES:
        for at, good_HWC in enumerate(clean):
            rng = np.random.default_rng([seed, at])
            harmed = Sprite(damage(good_HWC, family, _SEVERITY, rng, clean[(at + 1) % len(clean)])).cleaned().rgba_HWC
            before, after = judged(engine, [good_HWC, harmed])
            if before - after >= _LEAST_LOSS and (good_HWC != harmed).any(axis=2).sum() >= 2:
                yield Case(family, good_HWC, harmed, float(before - after))


def invented(engine: Engine, count: int, seed: int = 0) -> Iterator[Case]:
    """Sprites of the model's own."""
    for sprite in engine.decode_many(engine.sample(count, seed=seed)):
        yield Case("invented", sprite.rgba_HWC, sprite.rgba_HWC, 0.0)


def places(case: Case) -> npt.NDArray[np.int64]:
    """The pixels that an order is over: visible ones, their neighbours, and what was damaged."""
    _, near = neighbours_say(case.harmed_HWC)
    mask_HW = case.truth_HW.copy()
    mask_HW[near[:, 0], near[:, 1]] = True
    return np.flatnonzero(mask_HW)


def area_under_curve(heat_N: F64, truth_N: Bool) -> float:
    """The probability that a damaged pixel is hotter than a sound one; equals count half."""
    hot, cold = heat_N[truth_N], heat_N[~truth_N]
    if not len(hot) or not len(cold):
        return 0.5
    return float((hot[:, None] > cold[None]).mean() + 0.5 * (hot[:, None] == cold[None]).mean())


def _with(harmed_HWC: U8, source_HWC: U8, chosen: npt.NDArray[np.int64]) -> U8:
    changed = harmed_HWC.reshape(-1, 4).copy()
    changed[chosen] = source_HWC.reshape(-1, 4)[chosen]
    return changed.reshape(harmed_HWC.shape)


def measure(engine: Engine, method: str, heat_of: Callable[[U8], F64], told: Sequence[Case]) -> Figures:
    """All figures of one way to order pixels."""
    rows, own, times_ms = [], [], []
    for case in told:
        begun_s = time.process_time()
        heat = heat_of(case.harmed_HWC).ravel()
        times_ms.append((time.process_time() - begun_s) * 1000)
        among = places(case)
        order = among[np.argsort(-heat[among], kind="stable")]
        other_HWC, _ = neighbours_say(case.harmed_HWC)
        tried = [_with(case.harmed_HWC, other_HWC, order[:_CHANGED])]
        truth = case.truth_HW.ravel()
        count = int(truth.sum())
        if count:
            shares = [max(1, round(count * share)) for share in (0.25, 0.5, 1.0)]
            tried += [_with(case.harmed_HWC, case.good_HWC, order[:number]) for number in shares]
        gains = judged(engine, [case.harmed_HWC, *tried])
        gains = gains[1:] - gains[0]
        if count:
            found = area_under_curve(heat[among], truth[among]), float(truth[order[:count]].mean())
            rows.append([*found, *(gains[1:] / case.loss), gains[0]])
        else:
            own.append(gains[0])
    table = np.array(rows)
    auc, precision, *_, changed = table.mean(axis=0).tolist()
    quarter, half, whole = np.median(table[:, 2:5], axis=0).tolist()
    return Figures(
        method,
        round(auc, 3),
        round(precision, 3),
        round(quarter, 3),
        round(half, 3),
        round(whole, 3),
        round(changed, 2),
        round(float(np.mean(own)), 2) if own else 0.0,
        round(float(np.median(times_ms)), 1),
    )


def all_figures(engine: Engine, told: Sequence[Case], methods: Sequence[str]) -> list[Figures]:
    """Chance first, then each method."""
    rng = np.random.default_rng(7)

    def by_chance(rgba_HWC: U8) -> F64:
        return rng.random(rgba_HWC.shape[:2])

    def by(method: str) -> Callable[[U8], F64]:
        return lambda rgba_HWC: blame(engine, Sprite(rgba_HWC), method=method).heat_HW.astype(np.float64)

    return [measure(engine, CHANCE, by_chance, told), *(measure(engine, one, by(one), told) for one in methods)]


def tables(found: Sequence[Figures], told: Sequence[Case]) -> str:
    """Everything as Markdown."""
    heads = ["method", "AUC", "precision at k", "mended: ¼ k", "½ k", "k", "16 changed", "of inventions", "CPU ms"]
    rows = [
        [
            f"**{one.method}**" if one.method == CHOSEN else one.method,
            *(f"{value:.2f}" for value in (one.auc, one.precision)),
            *(f"{value:.0%}" for value in (one.mended_quarter, one.mended_half, one.mended_all)),
            *(f"{value:+.2f}" for value in (one.changed, one.changed_invented)),
            f"{one.cpu_ms:.0f}",
        ]
        for one in found
    ]
    damaged = sum(case.family != "invented" for case in told)
    said = f"{damaged:,} damaged held-out sprites ({len(FAMILIES)} kinds), {len(told) - damaged:,} inventions."
    return f"{markdown(heads, rows)}\n\n{said}"


def main() -> int:
    """Measure, and print or write the table; 1 when the chosen method does not mend twice as fast as chance."""
    parser = argparse.ArgumentParser(description="Which way of blaming pixels finds what harms a sprite.")
    parser.add_argument("dataset", type=Path, help="a built data set; its held-out sprites are used")
    parser.add_argument("--model", type=Path, help="a model file; the bundled model without")
    parser.add_argument("--count", type=int, default=24, help="sprites; each is damaged in every way")
    parser.add_argument("--methods", nargs="+", choices=sorted(METHODS), default=sorted(METHODS))
    parser.add_argument("--json", action="store_true", help="print a document instead of a table")
    parser.add_argument("--write", action="store_true", help="put the table into docs/critic.md")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    engine = load(arguments.model)
    told = [*cases(engine, Dataset.open(arguments.dataset), arguments.count), *invented(engine, arguments.count)]
    found = all_figures(engine, told, arguments.methods)
    if arguments.json:
        print(json.dumps([asdict(one) for one in found]))
    elif arguments.write:
        PAGE.write_text(with_part(PAGE.read_text(encoding="utf-8"), BEGIN, END, tables(found, told)), encoding="utf-8")
    else:
        print(tables(found, told))
    by_name = {one.method: one for one in found}
    chosen, chance = by_name.get(CHOSEN), by_name[CHANCE]
    wanted = 2 * max(_CHANCE_AT_LEAST, chance.mended_half)
    return 0 if chosen is None or chosen.mended_half >= wanted else 1


if __name__ == "__main__":
    sys.exit(main())
