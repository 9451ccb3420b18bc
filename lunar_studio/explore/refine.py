"""Bring what the model draws nearer to what is wanted by optimising its latent, shown as it converges.

`refine` wants a whole sprite: the encoder answers at once but roughly, and the decoder can often draw what the
encoder did not ask for. `follow` wants a few pinned pixels, and everything else much as it is. Adam (Kingma and Ba
2015) moves the latent downhill; what counts is the rendered picture, so the best one seen so far is what is
reported, never the last.

Shapes: B batch (1), C channels, H and W pixels, L latent numbers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lunar_studio.core.arrays import F32, U8
from lunar_studio.core.latent import Latent
from lunar_studio.core.overlay import Flags, Overlay
from lunar_studio.core.sprite import Sprite
from lunar_studio.explore.engine import Engine

# A channel error below this cannot be seen beside its neighbours; 16 levels of 256.
_EXACT_BELOW = 16
# Of 0.05, 0.1, 0.2 and 0.4 the one that came nearest in 150 steps, on ten sprites of the bundled model's art.
_LEARNING_RATE = 0.2
# A palette is read off the picture and nearly right from the start; at the full rate it would tremble.
_PALETTE_RATE = 0.01
_REPORT_EVERY = 5
# Of 0.02, 0.1 and 0.5 the one that kept most of six sprites, and most of their scores, with as many pins reached.
_KEEP = 0.5


@dataclass(frozen=True, slots=True)
class Refinement:
    """The best latent so far.

    Attributes:
        step: Steps done; 0 is where it began.
        elapsed_s: Seconds since the beginning.
        latent: The best so far.
        sprite: What it draws.
        exact_pixel: Share of the wanted pixels whose largest channel error is below 16 of 255, premultiplied.
    """

    step: int
    elapsed_s: float
    latent: Latent
    sprite: Sprite
    exact_pixel: float


def refine(
    engine: Engine,
    sprite: Sprite,
    *,
    seconds: float = 2.0,
    max_steps: int = 1000,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[Refinement]:
    """Encode, then optimise; yields the encoder's answer first, then every few steps, and the best last.

    With `max_steps` as the limit that is reached, the same sprite gives the same latents on the same machine; with
    seconds, how far it comes depends on how fast the machine is.

    Args:
        engine: The model; only read.
        sprite: Any size: fitted as `Engine.fitted` does.
        seconds: Time after which to end.
        max_steps: Steps after which to end.
        should_stop: Asked after every step.
    """
    begin = time.perf_counter()
    vae = engine.bundle.vae
    target = engine.fitted(sprite).sprite
    x_BCHW = vae.prepare(torch.from_numpy(target.rgba_HWC.copy())[None]).contiguous(memory_format=torch.channels_last)
    latent = engine.encode(target)
    best = _judged(engine, target, latent, 0, begin)
    yield best
    point = _Point(latent, vae.palette_dim)
    step = 0
    while step < max_steps and not should_stop() and time.perf_counter() - begin < seconds and best.exact_pixel < 1.0:
        step += 1
        with engine.computing(1, gradients=True):
            is_sound = point.descend(vae.reconstruct(point.z_BL, x_BCHW).loss)
        if not is_sound:
            return
        if step % _REPORT_EVERY == 0 or step == max_steps:
            found = _judged(engine, target, point.latent, step, begin)
            best = found if found.exact_pixel > best.exact_pixel else _later(best, found)
            yield best


def follow(
    engine: Engine,
    latent: Latent,
    pins: Overlay,
    *,
    keep: float = _KEEP,
    seconds: float = 5.0,
    max_steps: int = 400,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[Refinement]:
    """Move a latent until the model draws the pinned pixels of its own; yields as `refine` does.

    The loss is the squared error of the soft picture, premultiplied: its mean over the pinned pixels, and `keep`
    times its mean over the others, which are to stay as they were drawn at the beginning. Each report is of the
    rendered picture for which the same sum of absolute errors is least.

    Args:
        engine: The model; only read.
        latent: Where to begin.
        pins: What is wanted; pixels outside of what the model draws are left out.
        keep: How much the others count; 0 lets them go wherever they like.
        seconds: Time after which to end.
        max_steps: Steps after which to end.
        should_stop: Asked after every step.

    Raises:
        ValueError: The latent is of another length than the model's.
    """
    begin = time.perf_counter()
    vae, drawn = engine.bundle.vae, engine.decode(latent)
    wanted = pins.over(drawn)
    mask_HW = pins.mask(drawn.width, drawn.height)
    best = _pin_judged(engine, wanted, mask_HW, latent, 0, begin, keep)
    yield best.refinement
    if not mask_HW.any():
        return
    x_BCHW = vae.prepare(torch.from_numpy(wanted.rgba_HWC.copy())[None])
    weight_HW = torch.from_numpy(_weights(mask_HW, keep))
    point = _Point(latent, vae.palette_dim)
    for step in range(1, max_steps + 1):
        if should_stop() or time.perf_counter() - begin >= seconds or best.refinement.exact_pixel >= 1.0:
            return
        with engine.computing(1, gradients=True):
            error_HW = ((vae.decode(point.z_BL) - x_BCHW) ** 2).mean(dim=(0, 1))
            is_sound = point.descend((error_HW * weight_HW).sum())
        if not is_sound:
            return
        if step % _REPORT_EVERY == 0 or step == max_steps:
            found = _pin_judged(engine, wanted, mask_HW, point.latent, step, begin, keep)
            best = found if found.error < best.error else _Judged(_later(best.refinement, found.refinement), best.error)
            yield best.refinement


@dataclass(frozen=True, slots=True)
class _Judged:
    refinement: Refinement
    error: float
    """Weighted sum of absolute errors of the rendered picture; less is better."""


def _weights(mask_HW: Flags, keep: float) -> F32:
    """Weights that sum to 1 over the marked pixels and to `keep` over the others."""
    marked = int(mask_HW.sum())
    others = mask_HW.size - marked
    return np.where(mask_HW, 1.0 / max(1, marked), keep / max(1, others)).astype(np.float32)


def _pin_judged(
    engine: Engine, wanted: Sprite, mask_HW: Flags, latent: Latent, step: int, begin: float, keep: float
) -> _Judged:
    drawn = engine.decode(latent)
    error_HW = np.abs(_premultiplied(wanted.rgba_HWC) - _premultiplied(drawn.rgba_HWC)).max(axis=2)
    exact = float((error_HW[mask_HW] < _EXACT_BELOW).mean()) if mask_HW.any() else 1.0
    error = float((error_HW * _weights(mask_HW, keep)).sum())
    return _Judged(Refinement(step, time.perf_counter() - begin, latent, drawn, exact), error)


class _Point:
    """A latent on its way downhill: palette and the rest at rates of their own."""

    def __init__(self, latent: Latent, palette_dim: int) -> None:
        start_BL = torch.tensor(latent.values_L)[None]
        self._parts = [start_BL[:, :palette_dim].clone(), start_BL[:, palette_dim:].clone()]
        rates = (_PALETTE_RATE, _LEARNING_RATE)
        for part in self._parts:
            part.requires_grad_()
        self._optimizer = torch.optim.Adam(
            [{"params": [part], "lr": rate} for part, rate in zip(self._parts, rates, strict=True)]
        )

    @property
    def z_BL(self) -> Tensor:
        """Where it is, with a way back for gradients."""
        return torch.cat(self._parts, dim=1)

    @property
    def latent(self) -> Latent:
        """Where it is."""
        return Latent(self.z_BL.detach()[0].numpy())

    def descend(self, loss: Tensor) -> bool:
        """One step downhill; False, with the latent as it was, when there is no finite way down."""
        self._optimizer.zero_grad()
        torch.autograd.backward(loss)
        gradients = [part.grad for part in self._parts if part.grad is not None]
        if not gradients or not all(bool(torch.isfinite(gradient).all()) for gradient in gradients):
            return False
        self._optimizer.step()
        return True


def _judged(engine: Engine, target: Sprite, latent: Latent, step: int, begin: float) -> Refinement:
    drawn = engine.decode(latent)
    exact = exact_pixels(target.rgba_HWC, drawn.rgba_HWC)
    return Refinement(step, time.perf_counter() - begin, latent, drawn, exact)


def _later(best: Refinement, now: Refinement) -> Refinement:
    """The best one still, at the step and time of now."""
    return Refinement(now.step, now.elapsed_s, best.latent, best.sprite, best.exact_pixel)


def exact_pixels(original_HWC: U8, drawn_HWC: U8) -> float:
    """Share of pixels whose largest premultiplied channel error is below 16 of 255; both uint8 of one shape."""
    first, second = (_premultiplied(rgba_HWC) for rgba_HWC in (original_HWC, drawn_HWC))
    return float((np.abs(first - second).max(axis=2) < _EXACT_BELOW).mean())


def _premultiplied(rgba_HWC: U8) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    planes = rgba_HWC.astype(np.float32)
    planes[..., :3] *= planes[..., 3:] / 255.0
    return planes
