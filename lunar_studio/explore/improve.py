"""Improve: the latent climbs to where the teacher scores higher, not far, and with what the artist wants held.

What is optimised is a judge, and judges can be gamed. So the way is kept honest: the teacher always sees the rendered
pixels (gradients come through the soft picture, Bengio et al. 2013), each step sees them flipped or shifted by a pixel
too, the latent stays within `RADIUS` spreads of where it began, and each report judges pixels anew. The lint score,
which nothing here knows, stands beside the gain in the window.

Shapes: B batch, C channels, H and W pixels, L latent numbers, K colours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from lunar_studio.core.arrays import F32
from lunar_studio.core.critic import Improvement, ImproveTask, Region, value_of
from lunar_studio.core.latent import Latent
from lunar_studio.core.overlay import Overlay
from lunar_studio.core.sprite import Sprite
from lunar_studio.explore.blame import logits, prepared
from lunar_studio.explore.engine import Engine
from lunar_studio.models.teacher import LunarMoETeacher
from lunar_studio.pixels.palette import exact_palette, mapped
from lunar_studio.pixels.regions import differing, parts, with_pixels

RADIUS = 0.3
"""How far the latent may go, root mean square, in spreads of what the prior invents."""

STEPS = 60
"""Steps without being stopped."""

_REPORT_EVERY = 5
_LEARNING_RATE = 0.03
# Weight of the squared error of alpha, of the pull back to the beginning, in logits.
_SILHOUETTE, _PULL = 40.0, 1.0
_SPREAD_OF = 64
_MOST_REGIONS = 12
# Parts of the difference are cut when they are larger than this, and than a sixteenth of the picture.
_SMALLEST_CUT = 16
# Each step sees the picture in one more way; what pleases the teacher in one way only is a trick.
_VIEWS = ((True, 0, 0), (False, 1, 0), (True, 0, 1), (False, 0, -1), (True, -1, 0))


def improve(
    engine: Engine,
    task: ImproveTask,
    *,
    steps: int = STEPS,
    radius: float = RADIUS,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[Improvement | None]:
    """Climb; reports where it begins, then every few steps the best so far, and at the end its regions.

    None comes after a step without a report, so that whoever shares the thread can put something between. Without a
    teacher there is nothing to climb: it begins and ends at once. The same task gives the same reports.

    Args:
        engine: The model; only read.
        task: What to improve, and what to hold.
        steps: The most it takes.
        radius: How far the latent may go, in spreads.
        should_stop: Asked after every step.

    Raises:
        ValueError: The latent is of another length than the model's.
    """
    climb = _Climb(engine, task, radius)
    best = climb.report(climb.start_L, 0, steps)
    yield best
    teacher = engine.judge
    if teacher is None or not task.expert < len(engine.bundle.experts):
        yield replace(best, has_ended=True)
        return
    begun = climb.value(best)
    for step in range(1, steps + 1):
        if should_stop() or not climb.step(teacher, step):
            break
        if step % _REPORT_EVERY:
            yield None
            continue
        found = climb.report(climb.latent_L(), step, steps)
        # A gain is a gain only from where it began, and only as the artist sees it.
        rises = value_of(found.score, task.expert) >= value_of(best.score, task.expert)
        better = rises and climb.value(found) > max(climb.value(best), begun)
        best = found if better else replace(best, step=step)
        yield best
    yield replace(best, regions=_regions(engine, best), has_ended=True)


@dataclass(frozen=True, slots=True)
class _Held:
    """What stays as it is, in the networks' form.

    Attributes:
        mask_HW: Where painted pixels lie.
        picture_BCHW: The sprite as it was, with them.
        alpha_HW: Which of its pixels are visible, -1 or 1; None where the silhouette may change.
        steady_L: Which numbers of the latent stay.
    """

    mask_HW: Tensor
    picture_BCHW: Tensor
    alpha_HW: Tensor | None
    steady_L: Tensor


class _Climb:
    """The latent on its way, as an offset in spreads."""

    def __init__(self, engine: Engine, task: ImproveTask, radius: float) -> None:
        self.engine, self.task, self._radius = engine, task, radius
        self._vae = engine.bundle.vae
        drawn = engine.decode(task.latent)
        self.before = task.edits.over(drawn)
        self.start_L = task.latent.values_L
        self._start_BL = torch.from_numpy(self.start_L.copy())[None]
        self._spread_L = spread(engine, self.before)
        self._held = self._what_is_held()
        self._palette = exact_palette(self.before)
        self._offset_BL = torch.zeros_like(self._start_BL).requires_grad_()
        self._optimizer = torch.optim.Adam([self._offset_BL], lr=_LEARNING_RATE)
        self._score_before = engine.score(self.before)

    def _what_is_held(self) -> _Held:
        task, side = self.task, self.before.width
        picture_BCHW = prepared(self.engine, self.before.rgba_HWC[None])
        steady_L = torch.zeros(len(task.latent), dtype=torch.bool)
        if task.holds_palette:
            steady_L[: self._vae.palette_dim] = True
        has_alpha = self._vae.image_channels == 4
        return _Held(
            torch.from_numpy(task.held.mask(side, self.before.height)),
            picture_BCHW,
            picture_BCHW[0, 3] if task.holds_silhouette and has_alpha else None,
            steady_L,
        )

    def latent_L(self) -> F32:
        """Where it is now."""
        moved: F32 = (self._start_BL + self._offset_BL.detach() * self._spread_L)[0].numpy()
        return moved

    def step(self, teacher: LunarMoETeacher, step: int) -> bool:
        """One step up, and back into the region; False where there is no finite way up."""
        self._optimizer.zero_grad()
        with self.engine.computing(1, gradients=True):
            torch.autograd.backward(self._loss(teacher, step))
        gradient = self._offset_BL.grad
        if gradient is None or not bool(torch.isfinite(gradient).all()):
            return False
        gradient[:, self._held.steady_L] = 0.0
        self._optimizer.step()
        with torch.no_grad():
            distance = float(self._offset_BL.square().mean().sqrt())
            if distance > self._radius:
                self._offset_BL *= self._radius / distance
        return True

    def _loss(self, teacher: LunarMoETeacher, step: int) -> Tensor:
        held = self._held
        z_BL = self._start_BL + self._offset_BL * self._spread_L
        soft_BCHW = self._vae.decode(z_BL)
        seen_BCHW = torch.where(held.mask_HW, held.picture_BCHW, self._vae.hard(z_BL, soft_BCHW))
        flips, down, right = _VIEWS[step % len(_VIEWS)]
        other_BCHW = torch.roll(seen_BCHW.flip(3) if flips else seen_BCHW, (down, right), (2, 3))
        judged = logits(teacher(torch.cat([seen_BCHW, other_BCHW])), self.task.expert).mean()
        loss = _PULL * self._offset_BL.square().mean() - judged
        if held.alpha_HW is not None:
            loss = loss + _SILHOUETTE * (soft_BCHW[:, 3] - held.alpha_HW).square().mean()
        return loss

    def report(self, latent_L: F32, step: int, steps: int) -> Improvement:
        """What a latent comes to, as pixels with everything held that shall be."""
        latent = Latent(latent_L)
        drawn = self.engine.decode(latent)
        sprite = self._kept(self.task.held.over(drawn)) if step else self.before
        offset_L = (latent_L - self.start_L) / self._spread_L.numpy()
        return Improvement(
            self.task,
            step,
            steps,
            self.before,
            sprite,
            latent,
            drawn,
            self._score_before,
            self.engine.score(sprite),
            float(np.sqrt(np.square(offset_L).mean())),
            radius=self._radius,
        )

    def _kept(self, sprite: Sprite) -> Sprite:
        """The sprite with palette and silhouette put right where the model has not quite held them."""
        if self.task.holds_palette and len(self._palette):
            sprite = self.task.held.over(mapped(sprite, self._palette))
        if self.task.holds_silhouette:
            strays_HW = (sprite.rgba_HWC[..., 3] > 0) != (self.before.rgba_HWC[..., 3] > 0)
            sprite = with_pixels(sprite, self.before, strays_HW)
        return sprite

    def value(self, found: Improvement) -> float:
        """How good a report is, seen straight and mirrored, in logits: they still tell where the scale has ended."""
        teacher = self.engine.judge
        if teacher is None:
            return 0.0
        with self.engine.computing(1):
            x_BCHW = prepared(self.engine, found.sprite.rgba_HWC[None])
            return float(logits(teacher(torch.cat([x_BCHW, x_BCHW.flip(3)])), self.task.expert).mean())


def spread(engine: Engine, sprite: Sprite) -> Tensor:
    """The unit of each number of a latent, (L,), > 0.

    It is the spread of what the prior invents; numbers that it does not invent have the posterior's spread instead:
    within that the encoder itself sees no difference.
    """
    with engine.computing(_SPREAD_OF):
        invented_BL = engine.bundle.prior.sample(_SPREAD_OF, seed=0)
        _, logvar_BL = engine.bundle.vae.encode(prepared(engine, sprite.rgba_HWC[None]))
        found_L = torch.maximum(invented_BL.std(dim=0), torch.exp(0.5 * logvar_BL[0])).clamp(min=1e-6)
    return found_L.clone()


def _regions(engine: Engine, best: Improvement) -> tuple[Region, ...]:
    """The parts of a difference, each judged alone; what is beyond the most is the last one's."""
    areas = list(
        parts(differing(best.before, best.sprite), max(_SMALLEST_CUT, best.sprite.width * best.sprite.height // 16))
    )
    if len(areas) > _MOST_REGIONS:
        rest = sorted((pixel for area in areas[_MOST_REGIONS - 1 :] for pixel in area), key=lambda at: (at[1], at[0]))
        areas = [*areas[: _MOST_REGIONS - 1], tuple(rest)]
    taken = [Overlay.taken_from(best.sprite, area).over(best.before) for area in areas]
    expert = best.task.expert
    before = value_of(best.score_before, expert)
    judged = [value_of(score, expert) - before for score in engine.score_many(taken)]
    regions = [Region(area, gain) for area, gain in zip(areas, judged, strict=True)]
    return tuple(sorted(regions, key=lambda region: -region.gain))
