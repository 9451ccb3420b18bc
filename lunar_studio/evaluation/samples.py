"""How like real art are the sprites that a model invents? Every figure, with that of real art beside it.

Generated sprites are compared with *held-out* real ones, which the model has not learnt from. As a yardstick, training
sprites take the place of the generated ones in a second round: no model can be asked to look more like held-out art
than other real art does. Both rounds have equally many sprites on either side, for most figures depend on that.

Shapes: N held-out, T training, M generated sprites; H and W pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lunar_studio.core.arrays import F32, U8
from lunar_studio.evaluation import distributions, lite0
from lunar_studio.evaluation.choice import evenly, whole_families
from lunar_studio.evaluation.craft import CraftFigures, craft
from lunar_studio.evaluation.distributions import Drawn, FeatureFigures
from lunar_studio.evaluation.hardened import hardened
from lunar_studio.evaluation.intervals import I64, Estimate, own_families
from lunar_studio.evaluation.novelty import NoveltyFigures, novelty
from lunar_studio.evaluation.two_sample import Labelled, told_apart

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and of how much."""

MOST_MEASURED = 400
"""More held-out sprites than this are not needed to say how near real art comes to training art."""

MOST_COMPARED = 2000
"""More sprites than this on a side are thinned out evenly: distances of all pairs are kept in memory."""


@dataclass(frozen=True, slots=True)
class Sides:
    """Real art on both sides of a split, of one size.

    Attributes:
        held_out_NHWC: uint8, straight alpha.
        held_out_families_N: Number of each one's family.
        training_THWC: uint8, straight alpha.
        training_families_T: Number of each one's family.
    """

    held_out_NHWC: U8
    held_out_families_N: I64
    training_THWC: U8
    training_families_T: I64


@dataclass(frozen=True, slots=True)
class ToldApart:
    """AUC of networks that learnt to tell sprites from held-out art; 0.5 cannot, 1 always can.

    Attributes:
        hardened: Generated sprites, both sets with hard alpha and few colours: the headline. Art has half-transparent
            pixels and gradients that the model's file format does not know; a network that notices only those says
            nothing about drawing.
        as_files: Generated sprites, both sets as they are.
        real: Training sprites in the place of generated ones, hardened: what the test says of art and art.
    """

    hardened: Estimate
    as_files: Estimate
    real: Estimate


@dataclass(frozen=True, slots=True)
class Seen:
    """Figures in features of EfficientNet-Lite0.

    Attributes:
        samples: Of generated sprites beside held-out ones.
        real: Of training sprites in their place.
    """

    samples: FeatureFigures
    real: FeatureFigures


@dataclass(frozen=True, slots=True)
class SampleFigures:
    """Everything about a model's samples.

    Attributes:
        compared: Sprites on either side of the test and of the figures in features.
        told_apart: The classifier test.
        seen: Figures in features; None without their weights.
        novelty: Near copies of training sprites.
        samples: How generated sprites are made.
        real: How held-out sprites are made.
    """

    compared: int
    told_apart: ToldApart
    seen: Seen | None
    novelty: NoveltyFigures
    samples: CraftFigures
    real: CraftFigures


def evaluate_samples(
    drawn_MHWC: U8,
    sides: Sides,
    *,
    colours: int,
    network: lite0.Lite0 | None,
    seed: int = 0,
    progress: Progress = lambda *_: None,
) -> SampleFigures:
    """Every figure; the same for the same sprites, seed and number of threads.

    Takes two to four minutes of one core for 512 generated, 339 held-out and 3,050 training sprites of 32 px.

    Args:
        drawn_MHWC: Generated sprites, not chosen, of the art's size; uint8.
        sides: The art.
        colours: To how many the hardened pictures are reduced; the model's own.
        network: What gives features; None leaves those figures out.
        seed: Of the classifiers and the choice of training sprites; non-negative.
        progress: See `Progress`.

    Raises:
        ValueError: A set has too few families (`two_sample.FOLDS`).
    """
    count = min(len(drawn_MHWC), len(sides.held_out_NHWC), MOST_COMPARED)
    held_out = evenly(len(sides.held_out_NHWC), count)
    art, families = np.asarray(sides.held_out_NHWC[held_out]), sides.held_out_families_N[held_out]
    chosen = whole_families(sides.training_families_T, count, seed)
    others, other_families = np.asarray(sides.training_THWC[chosen]), sides.training_families_T[chosen]
    drawn, own = np.asarray(drawn_MHWC[:count]), own_families(count)
    hard, hard_drawn, hard_others = (hardened(sprites, colours) for sprites in (art, drawn, others))

    def judged(title: str, labelled: Labelled) -> Estimate:
        return told_apart(labelled, seed=seed, progress=lambda done, total: progress(title, done, total))

    apart = ToldApart(
        hardened=judged("telling drawings apart", Labelled.of(hard, families, hard_drawn, own)),
        as_files=judged("telling files apart", Labelled.of(art, families, drawn, own)),
        real=judged("telling art from art", Labelled.of(hard, families, hard_others, other_families)),
    )
    seen = None
    if network is not None:
        sets = [
            Drawn(_features(network, sprites, title, progress), of)
            for title, sprites, of in (
                ("looking at art", art, families),
                ("looking at samples", drawn, own),
                ("looking at more art", others, other_families),
            )
        ]
        seen = Seen(distributions.compare(sets[0], sets[1]), distributions.compare(sets[0], sets[2]))
    return SampleFigures(
        compared=count,
        told_apart=apart,
        seen=seen,
        novelty=novelty(
            drawn_MHWC,
            sides.held_out_NHWC[evenly(len(sides.held_out_NHWC), MOST_MEASURED)],
            sides.training_THWC,
            progress=lambda done, total: progress("looking for copies", done, total),
        ),
        samples=craft(drawn_MHWC),
        real=craft(art, families),
    )


def _features(network: lite0.Lite0, sprites_NHWC: U8, title: str, progress: Progress) -> F32:
    return lite0.features(network, sprites_NHWC, progress=lambda done, total: progress(title, done, total))
