"""Can the teacher's score be trusted? How it falls as art is harmed, which expert minds what, and what words find.

Everything is asked of *held-out* art. Each sprite is harmed in every way of `pixels.damage` on rungs of growing
severity, the same way on each rung, and the teacher judges them all.

Shapes: N sprites, F families of damage, S rungs, E experts, D embedding numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lunar_studio.core.arrays import F32, U8
from lunar_studio.evaluation.intervals import F64, I64, Estimate, between_percentiles, grouped, mean, resampled_weights
from lunar_studio.evaluation.judging import Judged
from lunar_studio.pixels import damage

SEVERITIES = (0.25, 0.5, 0.75, 1.0)
MEDIUM = 0.5
RECALLED = 10
"""How many of the nearest may hold what was looked for."""

_SEED = 41
_REPEATS = 50
_LEVELS = np.arange(1, 100)

Judge = Callable[[U8], Judged]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Against:
    """How well the score tells one way of harming from real art.

    Attributes:
        auroc_by_severity: For each of `SEVERITIES`: how often a real sprite scores above a harmed one; 0.5 is chance.
        auroc_of_families: The same at medium severity where every family of art counts alike, however many it has.
        spearman: Of score with severity, 0 included, turned so that 1 is right; mean over sprites.
        falls_E: How far each expert's logit falls at medium severity, in standard deviations over real art.
        gate_E: Mean shares of the gate at medium severity.
    """

    auroc_by_severity: tuple[Estimate, ...]
    auroc_of_families: float
    spearman: Estimate
    falls_E: tuple[float, ...]
    gate_E: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Steadiness:
    """How far the score moves when nothing of worth has changed, in points of 100; medians.

    Attributes:
        flip: The sprite mirrored.
        shift: One pixel to each side in turn, where nothing is cut off.
    """

    flip: float
    shift: float


@dataclass(frozen=True, slots=True)
class Recall:
    """Among all held-out sprites, how often the right one is one of the `RECALLED` nearest.

    Attributes:
        words_to_sprite: A caption finds a sprite that bears it.
        sprite_to_words: A sprite finds its caption among the different ones.
        captions: How many different captions there are.
    """

    words_to_sprite: Estimate
    sprite_to_words: Estimate
    captions: int


@dataclass(frozen=True, slots=True)
class CriticFigures:
    """Everything about a teacher.

    Attributes:
        against: By family of damage.
        against_drawn: AUROC of real art against the model's own pictures, by what they are.
        shares_E: Mean shares of the gate over real and harmed art alike.
        steadiness: Under flips and shifts.
        calibration_error: Mean distance between a score and the share of unseen real sprites that stand below it,
            in points; calibrated on one half of the families and asked of the other, over many halvings.
        recall: None without captions.
        sprites: How many were asked.
    """

    against: Mapping[str, Against]
    against_drawn: Mapping[str, Estimate]
    shares_E: tuple[float, ...]
    steadiness: Steadiness
    calibration_error: float
    recall: Recall | None
    sprites: int


def evaluate_critic(
    judge: Judge,
    percentile: Callable[[float], float],
    sprites_NHWC: U8,
    families_N: I64,
    captions: Sequence[str],
    likeness_NN: F32,
    drawn: Mapping[str, U8],
    *,
    progress: Progress = lambda *_: None,
) -> CriticFigures:
    """Every figure; deterministic.

    Args:
        judge: The teacher.
        percentile: From the whole logit to a score, 0 to 100.
        sprites_NHWC: Held-out art, uint8, straight alpha.
        families_N: Number of each one's family.
        captions: One per sprite, empty for none.
        likeness_NN: How near each sprite (rows) is to each one's caption (columns).
        drawn: The model's own pictures by what they are, each uint8 (M, H, W, 4).
        progress: Told how many of how many families of damage are done.
    """
    real = judge(sprites_NHWC)
    spread_E = real.experts_NE.std(axis=0).clip(1e-6)
    against: dict[str, Against] = {}
    gates = [real.gate_NE]
    for place, family in enumerate(damage.FAMILIES):
        progress(place, len(damage.FAMILIES))
        rungs = [judge(harmed(sprites_NHWC, family, severity)) for severity in SEVERITIES]
        medium = rungs[SEVERITIES.index(MEDIUM)]
        gates.append(medium.gate_NE)
        against[family] = Against(
            tuple(auroc(real.logit_N, rung.logit_N, families_N, families_N) for rung in rungs),
            auroc_of_families(real.logit_N, medium.logit_N, families_N),
            _falling(np.stack([real.logit_N, *(rung.logit_N for rung in rungs)], axis=1), families_N),
            tuple(((real.experts_NE - medium.experts_NE) / spread_E).mean(axis=0).tolist()),
            tuple(medium.gate_NE.mean(axis=0).tolist()),
        )
    progress(len(damage.FAMILIES), len(damage.FAMILIES))
    return CriticFigures(
        against=against,
        against_drawn={
            title: auroc(real.logit_N, judge(pictures).logit_N, families_N, np.arange(len(pictures)))
            for title, pictures in drawn.items()
        },
        shares_E=tuple(np.concatenate(gates).mean(axis=0).tolist()),
        steadiness=_steadiness(judge, percentile, real.logit_N, sprites_NHWC),
        calibration_error=calibration_error(real.logit_N, families_N),
        recall=_recall(likeness_NN, captions, families_N),
        sprites=len(sprites_NHWC),
    )


def harmed(sprites_NHWC: U8, family: str, severity: float) -> U8:
    """Every sprite harmed; the same places whatever the severity. The donor stands half of the set away.

    Neighbours in a set are often of one family, whose pieces would hardly be foreign.
    """
    return np.stack(
        [
            damage.damage(
                sprite,
                family,
                severity,
                np.random.default_rng([_SEED, index]),
                sprites_NHWC[(index + len(sprites_NHWC) // 2) % len(sprites_NHWC)],
            )
            for index, sprite in enumerate(sprites_NHWC)
        ]
    )


def auroc(better_N: npt.ArrayLike, worse_M: npt.ArrayLike, families_N: I64, families_M: I64) -> Estimate:
    """How often a better sprite scores above a worse one, ties half; the bootstrap draws families of both sides."""
    wins_NM = _wins(better_N, worse_M)
    weights_RN = resampled_weights(grouped(families_N))
    # Where both sides are the same sprites, whole families come and go on both.
    together = len(families_N) == len(families_M) and bool((families_N == families_M).all())
    weights_RM = weights_RN if together else resampled_weights(grouped(families_M), seed=_SEED)
    above_R = ((weights_RN @ wins_NM) * weights_RM).sum(axis=1)
    return between_percentiles(float(wins_NM.mean()), above_R / (weights_RN.sum(axis=1) * weights_RM.sum(axis=1)))


def auroc_of_families(better_N: npt.ArrayLike, worse_N: npt.ArrayLike, families_N: I64) -> float:
    """How often a sprite of one family, drawn by lot, scores above a worse one of another; both are of the same set."""
    _, family_N, size_F = np.unique(families_N, return_inverse=True, return_counts=True)
    share_N = 1.0 / (size_F[family_N] * len(size_F))
    return float(share_N @ _wins(better_N, worse_N) @ share_N)


def _wins(better_N: npt.ArrayLike, worse_M: npt.ArrayLike) -> F64:
    better, worse = np.asarray(better_N, np.float64), np.asarray(worse_M, np.float64)
    wins_NM: F64 = (better[:, None] > worse[None, :]) + 0.5 * (better[:, None] == worse[None, :])
    return wins_NM


def _falling(logits_NS: F32, families_N: I64) -> Estimate:
    """Spearman's rank correlation of severity with minus the score, mean over sprites."""
    ranks_NS = _ranks(-logits_NS)
    order_S = np.arange(logits_NS.shape[1]) - (logits_NS.shape[1] - 1) / 2
    centred_NS = ranks_NS - ranks_NS.mean(axis=1, keepdims=True)
    below_N = np.sqrt((centred_NS**2).sum(axis=1) * (order_S**2).sum())
    return mean((centred_NS @ order_S) / below_N.clip(1e-12), families_N)


def _ranks(values_NS: F32) -> F64:
    """Ranks from 0 within each row; equal values share theirs."""
    below = (values_NS[:, None, :] < values_NS[:, :, None]).sum(axis=2)
    equal = (values_NS[:, None, :] == values_NS[:, :, None]).sum(axis=2)
    ranks: F64 = below + (equal - 1) / 2
    return ranks


def calibration_error(logits_N: npt.ArrayLike, families_N: I64) -> float:
    """See `CriticFigures.calibration_error`."""
    logits = np.asarray(logits_N, np.float64)
    bundle_N = grouped(families_N, groups=len(families_N))
    count = int(bundle_N.max()) + 1
    if count < 2:
        return float("nan")
    errors = []
    for repeat in range(_REPEATS):
        in_half_F = np.random.default_rng([_SEED, repeat]).permutation(count) < count // 2
        known, unseen = logits[in_half_F[bundle_N]], logits[~in_half_F[bundle_N]]
        below = (unseen[:, None] <= np.percentile(known, _LEVELS)[None, :]).mean(axis=0)
        errors.append(below * 100 - _LEVELS)
    # The mean over halvings: one halving's error is mostly the chance of which sprites it drew.
    return float(np.abs(np.mean(errors, axis=0)).mean())


def _steadiness(judge: Judge, percentile: Callable[[float], float], logit_N: F32, sprites_NHWC: U8) -> Steadiness:
    scores = np.array([percentile(float(logit)) for logit in logit_N])

    def moved(changed_NHWC: U8, chosen: npt.NDArray[np.bool_]) -> list[float]:
        if not chosen.any():
            return []
        after = np.array([percentile(float(logit)) for logit in judge(changed_NHWC[chosen]).logit_N])
        return [float(change) for change in np.abs(after - scores[chosen])]

    flips = moved(np.ascontiguousarray(sprites_NHWC[:, :, ::-1]), np.ones(len(scores), np.bool_))
    shifts: list[float] = []
    for axis in (1, 2):
        for step, edge in ((1, -1), (-1, 0)):
            has_room = ~np.take(sprites_NHWC[..., 3], edge, axis=axis).any(axis=1)
            shifts += moved(np.roll(sprites_NHWC, step, axis=axis), has_room)
    return Steadiness(float(np.median(flips)), float(np.median(shifts)) if shifts else float("nan"))


def _recall(likeness_NN: F32, captions: Sequence[str], families_N: I64) -> Recall | None:
    known = np.array([bool(caption) for caption in captions])
    if not known.any():
        return None
    _, first, caption_N = np.unique(
        np.array([caption for caption in captions if caption]), return_index=True, return_inverse=True
    )
    alike_NC = likeness_NN[known][:, known][:, first]
    # A caption that several sprites bear is found when one of them is among the nearest.
    nearest_sprites = np.argsort(-alike_NC, axis=0, kind="stable")[:RECALLED]
    found = (caption_N[nearest_sprites] == np.arange(len(first))).any(axis=0)
    nearest_words = np.argsort(-alike_NC, axis=1, kind="stable")[:, :RECALLED]
    named = (nearest_words == caption_N[:, None]).any(axis=1)
    return Recall(mean(found), mean(named, families_N[known]), len(first))
