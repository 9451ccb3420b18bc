"""Can a network be taught to tell two sets of sprites apart? The classifier two-sample test.

A small network learns to tell generated sprites from held-out real ones (Lopez-Paz and Oquab 2017); what counts is how
it judges sprites that it has not learnt from. AUC is the chance that it finds a generated sprite more generated than a
real one: 0.5 when it can tell nothing, 1 when it always can. The test learns from a few hundred sprites only, so what
it does not find may still be there: compare figures of sets of like size, and with that of real art against real art.

Sprites are judged in turns (cross-validation): families are dealt to folds whole, a fresh network learns from all folds
but one and judges that one. Scores of two networks have no common scale, so pairs are compared within a fold only.

Shapes: N sprites of both sets, B batch, K folds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lunar_studio.core.arrays import F32, U8
from lunar_studio.evaluation import intervals
from lunar_studio.evaluation.intervals import F64, I64, Estimate

FOLDS = 5
_BATCH = 64
# How often a network sees each sprite it learns from, and the fewest and most steps that this may come to.
_PASSES, _STEPS = 20, (30, 300)
_RATE, _DECAY = 3e-3, 0.05
_SHIFT_PX = 2
# Larger art is thinned out to this: the test must stay a matter of minutes.
_MOST_PX = 64
_WIDTHS = (24, 48, 64)

Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Labelled:
    """Two sets of sprites as one.

    Attributes:
        sprites_NHWC: uint8, straight alpha.
        families_N: Number of each sprite's family; the sets share none.
        generated_N: Which are of the set to be told from the other.
    """

    sprites_NHWC: U8
    families_N: I64
    generated_N: Bool

    @classmethod
    def of(cls, real_NHWC: U8, real_families_N: I64, generated_NHWC: U8, generated_families_N: I64) -> Labelled:
        """The two put together; families of the second are numbered anew, after those of the first."""
        _, first_N = np.unique(real_families_N, return_inverse=True)
        _, second_N = np.unique(generated_families_N, return_inverse=True)
        after = int(first_N.max(initial=-1)) + 1
        return cls(
            np.concatenate([real_NHWC, generated_NHWC]),
            np.concatenate([first_N.reshape(-1), second_N.reshape(-1) + after]).astype(np.int64),
            np.arange(len(real_NHWC) + len(generated_NHWC)) >= len(real_NHWC),
        )


class _Judge(nn.Module):
    """Three stages of convolutions; what they find anywhere in the picture, on average and at its strongest."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 4
        for width in _WIDTHS:
            layers += [nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
            layers += [nn.MaxPool2d(2)]
            channels = width
        self.stages = nn.Sequential(*layers)
        self.drop = nn.Dropout(0.2)
        self.verdict = nn.Linear(2 * channels, 1)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Logits (B,): above 0 it thinks generated."""
        found = self.stages(x_BCHW)
        pooled = torch.cat([found.mean(dim=(2, 3)), found.amax(dim=(2, 3))], dim=1)
        logits: Tensor = self.verdict(self.drop(pooled))[:, 0]
        return logits


def told_apart(
    labelled: Labelled,
    *,
    seed: int = 0,
    folds: int = FOLDS,
    steps: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Estimate:
    """AUC of judges that have not seen what they judge, with a bootstrap over families.

    The interval is that of the art; another `seed` gives other judges, whose AUC differs a little too.

    Args:
        labelled: The two sets, each of at least `folds` families.
        seed: Of folds, weights and the order of learning; non-negative.
        folds: How many parts take turns, at least 2.
        steps: How long each network learns; None takes 20 passes over its sprites, but 30 to 300 steps.
        progress: Told after each step how many are done, and of how many.

    Raises:
        ValueError: A set has fewer families than there are folds.
    """
    fold_N = deal(labelled, folds, seed)
    x_NCHW = _prepared(labelled.sprites_NHWC)
    score_N = np.zeros(len(fold_N), np.float32)
    steps = steps or usual_steps(len(fold_N) * (folds - 1) // folds)
    total, done = folds * steps, 0

    def step_done() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, total)

    with torch.random.fork_rng(devices=[]):
        for fold in range(folds):
            torch.manual_seed(seed * folds + fold)
            seen = np.flatnonzero(fold_N != fold)
            judge = _taught(x_NCHW[seen], labelled.generated_N[seen], steps, step_done)
            judged = np.flatnonzero(fold_N == fold)
            score_N[judged] = _scores(judge, x_NCHW[judged])
    return auc(score_N, labelled, fold_N)


def usual_steps(sprites: int) -> int:
    """How many steps a network learns from so many sprites of both sets."""
    return int(np.clip(-(-_PASSES * sprites // _BATCH), *_STEPS))


def deal(labelled: Labelled, folds: int, seed: int) -> I64:
    """The fold of each sprite (N,): families whole, each set spread as evenly as its families allow.

    Raises:
        ValueError: A set has fewer families than there are folds.
    """
    fold_N = np.zeros(len(labelled.generated_N), np.int64)
    for side in (False, True):
        here = labelled.generated_N == side
        if len(np.unique(labelled.families_N[here])) < folds:
            raise ValueError(f"fewer than {folds} families cannot be judged in {folds} turns")
        fold_N[here] = intervals.grouped(labelled.families_N[here], groups=folds, seed=seed)
    return fold_N


def auc(score_N: F32 | F64, labelled: Labelled, fold_N: I64) -> Estimate:
    """Share of pairs within a fold in which the generated sprite has the higher score; ties count half."""
    weights_RN = intervals.resampled_weights(labelled.families_N)
    above_R, pairs_R = np.zeros(len(weights_RN)), np.zeros(len(weights_RN))
    above = pairs = 0.0
    for fold in np.unique(fold_N).tolist():
        real = np.flatnonzero((fold_N == fold) & ~labelled.generated_N)
        generated = np.flatnonzero((fold_N == fold) & labelled.generated_N)
        order = np.sign(score_N[generated][:, None].astype(np.float64) - score_N[real][None])
        wins = (order + 1.0) / 2.0
        above, pairs = above + float(wins.sum()), pairs + wins.size
        above_R += ((weights_RN[:, generated] @ wins) * weights_RN[:, real]).sum(axis=1)
        pairs_R += weights_RN[:, generated].sum(axis=1) * weights_RN[:, real].sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return intervals.between_percentiles(above / pairs, above_R / pairs_R)


def _prepared(sprites_NHWC: U8) -> Tensor:
    """Premultiplied RGBA from -1 to 1, (N, 4, H, W), at most 64 px."""
    stride = -(-sprites_NHWC.shape[1] // _MOST_PX)
    values = np.ascontiguousarray(sprites_NHWC[:, ::stride, ::stride]).astype(np.float32) / np.float32(255)
    values[..., :3] *= values[..., 3:]
    x_NCHW = torch.from_numpy(values).permute(0, 3, 1, 2)
    return (x_NCHW * 2.0 - 1.0).contiguous(memory_format=torch.channels_last)


def _taught(x_NCHW: Tensor, generated_N: Bool, steps: int, step_done: Callable[[], None]) -> _Judge:
    """A fresh judge that has learnt from these; half of every batch is of either set, however large they are."""
    judge = _Judge()
    judge.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(judge.parameters(), lr=_RATE, weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=steps)
    sides = [torch.from_numpy(np.flatnonzero(generated_N == side)) for side in (False, True)]
    half = min(_BATCH // 2, *(len(side) for side in sides))
    truth_B = torch.cat([torch.zeros(half), torch.ones(half)])
    judge.train()
    for _ in range(steps):
        chosen = torch.cat([side[torch.randint(len(side), (half,))] for side in sides])
        logits_B = judge(_varied(x_NCHW[chosen]))
        optimizer.zero_grad()
        torch.autograd.backward(F.binary_cross_entropy_with_logits(logits_B, truth_B))
        optimizer.step()
        schedule.step()
        step_done()
    return judge.eval()


def _varied(x_BCHW: Tensor) -> Tensor:
    """Each picture mirrored or not, and shifted by up to two pixels; what comes in is empty."""
    batch, _, height, width = x_BCHW.shape
    flipped = torch.where((torch.rand(batch) < 0.5)[:, None, None, None], x_BCHW.flip(3), x_BCHW)
    padded = F.pad(flipped, (_SHIFT_PX,) * 4, value=-1.0)
    down, right = (torch.randint(2 * _SHIFT_PX + 1, (batch,)) for _ in range(2))
    rows = (down[:, None] + torch.arange(height))[:, :, None]
    columns = (right[:, None] + torch.arange(width))[:, None, :]
    moved = padded.permute(0, 2, 3, 1)[torch.arange(batch)[:, None, None], rows, columns]
    return moved.permute(0, 3, 1, 2)


def _scores(judge: _Judge, x_NCHW: Tensor) -> F32:
    """Logits of pictures, each the mean of it and its mirror image."""
    score_N = np.zeros(len(x_NCHW), np.float32)
    with torch.inference_mode():
        for start in range(0, len(x_NCHW), _BATCH):
            part = x_NCHW[start : start + _BATCH]
            score_N[start : start + _BATCH] = ((judge(part) + judge(part.flip(3))) / 2.0).numpy()
    return score_N
