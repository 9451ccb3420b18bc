"""Which pixels cost the score: every pixel's share in what the teacher would give for a mended version.

Four ways are here, and `tests/bench/blame.py` decides between them with a deletion test (docs/critic.md):

    gradient    gradient x (mended - picture): one look, true for small changes only
    integrated  the same with the gradient averaged along the way to the mended version (Sundararajan et al. 2017)
    occlusion   each pixel replaced by what most of its neighbours are, and judged: exact for one pixel, and slow
    screened    occlusion of the few pixels that a gradient finds worth it, plus that gradient x (mended - picture)

The mended version is the model's own idea of the sprite: its latent is disturbed a little and brought back by the
prior (as in Meng et al. 2022), then drawn softly, which takes out what no good sprite has; the encoder of a good
model alone copies much of the damage too. The same sprite gives the same map.

Shapes: B batch, C channels, H and W pixels, S steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from lunar_studio.core.arrays import F32, U8
from lunar_studio.core.critic import WHOLE, BlameMap
from lunar_studio.core.sprite import Sprite
from lunar_studio.explore.engine import Engine
from lunar_studio.models.teacher import Judgement, LunarMoETeacher

# How far the latent is disturbed before the prior brings it back, and how many such drawings are averaged.
_STRENGTH, _DRAWINGS = 0.25, 2
# Of the way from noise to a sprite a quarter is left; so is a quarter of the steps that the whole would take.
_STEPS_BACK = 3
# Points along the way to the mended version, and how many go through the teacher at once: the longest single step
# of a worker, which is what a slider may have to wait for.
_STEPS, _AT_ONCE = 8, 4
_OCCLUDED_AT_ONCE = 16
# Pixels that are tried one by one after the gradient has said which are worth it.
_SCREENED = 24
_U32 = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class _Subject:
    """A sprite in the networks' form, and what of the teacher's judgement is asked for."""

    engine: Engine
    teacher: LunarMoETeacher
    sprite: Sprite
    expert: int

    def picture(self) -> Tensor:
        """The sprite itself in the networks' form."""
        return prepared(self.engine, self.sprite.rgba_HWC[None])

    def gradient(self, x_BCHW: Tensor) -> Tensor:
        """How the logits rise with each number of pictures; the same shape."""
        with self.engine.computing(len(x_BCHW), gradients=True):
            x_BCHW = x_BCHW.detach().clone().requires_grad_()
            torch.autograd.backward(logits(self.teacher(x_BCHW), self.expert).sum())
        if x_BCHW.grad is None:  # a teacher that does not look at the picture
            return torch.zeros_like(x_BCHW)
        return x_BCHW.grad


def prepared(engine: Engine, rgba_BHWC: U8) -> Tensor:
    """Pictures of the model's size in the networks' form, channels last."""
    x_BCHW = engine.bundle.vae.prepare(torch.from_numpy(np.array(rgba_BHWC)))
    return x_BCHW.contiguous(memory_format=torch.channels_last)


def logits(judgement: Judgement, expert: int) -> Tensor:
    """The logits of an expert, or of the whole for `WHOLE`; (B,)."""
    return judgement.logit_B if expert == WHOLE else judgement.expert_logits_BE[:, expert]


Method = Callable[[_Subject], Iterator["F32 | None"]]
"""Yields None after each part of the work, and the gain expected of mending each pixel, (H, W), at the end."""


def _mended(subject: _Subject) -> Tensor:
    """The model's own idea of the sprite, soft; (1, C, H, W)."""
    bundle = subject.engine.bundle
    with subject.engine.computing(_DRAWINGS):
        z_L = bundle.vae.encode(subject.picture())[0][0]
        near_BL = bundle.prior.sample(_DRAWINGS, seed=0, near_L=z_L, strength=_STRENGTH, steps=_STEPS_BACK)
        return bundle.vae.decode(near_BL).mean(dim=0, keepdim=True).clone()


def _gradient(subject: _Subject) -> Iterator[F32 | None]:
    x_BCHW, mended_BCHW = subject.picture(), _mended(subject)
    yield None
    yield _per_pixel((mended_BCHW - x_BCHW) * subject.gradient(x_BCHW))


def _integrated(subject: _Subject) -> Iterator[F32 | None]:
    x_BCHW, mended_BCHW = subject.picture(), _mended(subject)
    yield None
    way_BCHW = mended_BCHW - x_BCHW
    share_S = (torch.arange(_STEPS) + 0.5) / _STEPS
    total = torch.zeros_like(x_BCHW)
    for start in range(0, _STEPS, _AT_ONCE):
        part_S111 = share_S[start : start + _AT_ONCE].view(-1, 1, 1, 1)
        points = (x_BCHW + way_BCHW * part_S111).contiguous(memory_format=torch.channels_last)
        total = total + subject.gradient(points).sum(dim=0, keepdim=True)
        yield None
    yield _per_pixel(way_BCHW * total / _STEPS)


def _per_pixel(values_BCHW: Tensor) -> F32:
    summed: F32 = values_BCHW[0].sum(dim=0).numpy().astype(np.float32)
    return summed


def _occlusion(subject: _Subject) -> Iterator[F32 | None]:
    other_HWC, places = neighbours_say(subject.sprite.cleaned().rgba_HWC)
    yield from _tried(subject, other_HWC, places)


def _screened(subject: _Subject) -> Iterator[F32 | None]:
    other_HWC, places = neighbours_say(subject.sprite.cleaned().rgba_HWC)
    x_BCHW = subject.picture()
    way_BCHW = _mended(subject) - x_BCHW
    yield None
    # The sprite and two points on the way to the mended version: what all of them say is no accident. A teacher that is
    # not steady may see another thing in a mirror; of one that is, half the gradient is the mirror's already.
    points = [x_BCHW, x_BCHW + 0.5 * way_BCHW, x_BCHW + way_BCHW]
    if not subject.engine.bundle.config.teacher.steady:
        points.append(x_BCHW.flip(3))
    gradients = subject.gradient(torch.cat(points).contiguous(memory_format=torch.channels_last))
    gradients[3:] = gradients[3:].flip(3)
    gradient_BCHW = gradients.mean(dim=0, keepdim=True)
    mended_HW = _per_pixel(way_BCHW * gradient_BCHW)
    changed_HW = _per_pixel((prepared(subject.engine, other_HWC[None]) - x_BCHW) * gradient_BCHW)
    yield None
    promise_N = np.maximum(mended_HW, changed_HW)[places[:, 0], places[:, 1]]
    chosen = places[np.argsort(-promise_N, kind="stable")[:_SCREENED]]
    for gain_HW in _tried(subject, other_HWC, chosen):
        yield None if gain_HW is None else np.maximum(gain_HW, 0.0) + np.maximum(mended_HW, 0.0)


def _tried(subject: _Subject, other_HWC: U8, places: npt.NDArray[np.int64]) -> Iterator[F32 | None]:
    """What each place gains with the other pixel there and all else as it is; 0 for all other places."""
    rgba_HWC = subject.sprite.cleaned().rgba_HWC
    gain_HW = np.zeros(rgba_HWC.shape[:2], np.float32)
    with subject.engine.computing(1):
        now = float(logits(subject.teacher(subject.picture()), subject.expert)[0])
    for start in range(0, len(places), _OCCLUDED_AT_ONCE):
        rows, columns = places[start : start + _OCCLUDED_AT_ONCE].T
        tried_BHWC = np.repeat(rgba_HWC[None], len(rows), axis=0)
        tried_BHWC[np.arange(len(rows)), rows, columns] = other_HWC[rows, columns]
        with subject.engine.computing(len(rows)):
            judged = logits(subject.teacher(prepared(subject.engine, tried_BHWC)), subject.expert).numpy()
        gain_HW[rows, columns] = judged - now
        yield None
    yield gain_HW


def neighbours_say(rgba_HWC: U8) -> tuple[U8, npt.NDArray[np.int64]]:
    """What each pixel would be if its eight neighbours decided, itself not standing for election.

    Args:
        rgba_HWC: Without colour under alpha 0; outside of the picture all is transparent.

    Returns:
        The most frequent other colour around each pixel, (H, W, 4), and the rows and columns of pixels that are
        visible or have a visible neighbour, (N, 2).
    """
    packed_HW: _U32 = np.ascontiguousarray(rgba_HWC).view(np.uint32)[..., 0]
    height, width = packed_HW.shape
    framed = np.pad(packed_HW, 1)
    around = np.stack(
        [framed[down : down + height, right : right + width] for down in range(3) for right in range(3)], axis=-1
    )
    seen_HW = (around != 0).any(axis=-1)
    around = np.sort(np.delete(around, 4, axis=-1).reshape(-1, 8), axis=1)
    own = packed_HW.reshape(-1, 1)
    votes = (around[:, :, None] == around[:, None, :]).sum(axis=2) * (around != own)
    winners = around[np.arange(len(around)), votes.argmax(axis=1)].reshape(height, width)
    return np.ascontiguousarray(winners).view(np.uint8).reshape(height, width, 4), np.argwhere(seen_HW)


METHODS: Mapping[str, Method] = MappingProxyType(
    {"gradient": _gradient, "integrated": _integrated, "occlusion": _occlusion, "screened": _screened}
)
"""Every way there is, by name."""

CHOSEN = "gradient"
"""The way that won the deletion test among those that answer within 100 ms on two cores."""


def blamed(engine: Engine, sprite: Sprite, expert: int = WHOLE, *, method: str = CHOSEN) -> Iterator[BlameMap | None]:
    """Look for the pixels that cost the score, in small steps; None after each, the map at the end.

    Args:
        engine: The model; only read.
        sprite: Of the model's own size.
        expert: The number of an expert, or `WHOLE`.
        method: One of `METHODS`.

    Raises:
        KeyError: There is no such method.
        ValueError: The sprite is of another size than the model's, or there is no such expert.
    """
    search = METHODS[method]
    side, teacher = engine.info.image_size, engine.judge
    if (sprite.width, sprite.height) != (side, side):
        raise ValueError(f"a sprite of {sprite.width} by {sprite.height} in a model of {side}")
    if teacher is not None and not WHOLE <= expert < len(engine.bundle.experts):
        raise ValueError(f"there is no expert {expert}")
    if teacher is None:
        yield BlameMap(sprite, expert, np.zeros((side, side), np.float32))
        return
    for gain_HW in search(_Subject(engine, teacher, sprite, expert)):
        yield None if gain_HW is None else BlameMap(sprite, expert, _heat(gain_HW))


def blame(engine: Engine, sprite: Sprite, expert: int = WHOLE, *, method: str = CHOSEN) -> BlameMap:
    """The map at once; arguments and errors as of `blamed`."""
    (found,) = (answer for answer in blamed(engine, sprite, expert, method=method) if answer is not None)
    return found


def _heat(gain_HW: F32) -> F32:
    """0 for what costs nothing, 1 for the worst of what is left when noise is not made large."""
    heat_HW = np.maximum(gain_HW, 0.0)
    hottest = float(heat_HW.max())
    # Below a hundredth of a logit nothing on the scale of 0 to 100 moves.
    return (heat_HW / max(hottest, 0.01)).astype(np.float32)
