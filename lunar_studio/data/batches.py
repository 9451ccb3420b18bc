"""Order and augmentation of training batches, as pure functions of seed and step.

Nothing is remembered between steps, so a resumed run sees exactly the batches it would have seen.
Shapes: N sprites, B batch, H and W pixels.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lunar_studio.core.arrays import U8

# Keeps the order of batches apart from every other stream of the same seed.
_ORDER_STREAM = 7


def batch_indices(
    weights_N: npt.NDArray[np.float64], *, seed: int, step: int, batch_size: int
) -> npt.NDArray[np.int64]:
    """Which sprites the batch of a step holds, drawn by weight; a batch no larger than the set repeats nothing.

    Args:
        weights_N: Non-negative, one for each sprite, not all zero.
        seed: Of the run.
        step: Counted from 0.
        batch_size: B.

    Raises:
        ValueError: There is nothing to draw from.
    """
    total = float(weights_N.sum())
    if not total > 0:
        raise ValueError("there is nothing to draw a batch from")
    rng = np.random.default_rng([seed, step, _ORDER_STREAM])
    # Gumbel keys: the B largest are a weighted draw without replacement (Efraimidis and Spirakis 2006).
    with np.errstate(divide="ignore"):
        keys = np.log(weights_N / total) + rng.gumbel(size=len(weights_N))
    drawable = int((weights_N > 0).sum())
    if batch_size <= drawable:
        return np.argpartition(-keys, batch_size - 1)[:batch_size].astype(np.int64)
    return rng.choice(len(weights_N), batch_size, p=weights_N / total).astype(np.int64)


def augment(rgba_NHWC: U8, rng: np.random.Generator, *, flip: bool, shift_px: int, recolour: float) -> U8:
    """Sprites an artist could have drawn as well: mirrored, moved, recoloured.

    Args:
        rgba_NHWC: uint8; not changed.
        rng: Where chance comes from.
        flip: Mirror half of them left to right.
        shift_px: Move each by up to this; opaque textures wrap around, others move only as far as nothing
            leaves the picture.
        recolour: Share of sprites whose red, green and blue change places.

    Returns:
        A new uint8 array of the same shape.
    """
    out = np.array(rgba_NHWC)
    count = len(out)
    if flip:
        mirrored = rng.random(count) < 0.5
        out[mirrored] = out[mirrored, :, ::-1]
    if recolour > 0:
        for index in np.flatnonzero(rng.random(count) < recolour).tolist():
            out[index] = out[index][..., [*rng.permutation(3), 3]]
    if shift_px > 0:
        visible = out[..., 3] > 0
        wishes = rng.integers(-shift_px, shift_px + 1, (count, 2))
        for index, wish in enumerate(wishes.tolist()):
            out[index] = _moved(out[index], visible[index], *wish)
    return out


def _moved(rgba_HWC: U8, visible_HW: npt.NDArray[np.bool_], down: int, right: int) -> U8:
    if not visible_HW.all():
        rows, columns = np.any(visible_HW, axis=1), np.any(visible_HW, axis=0)
        down, right = _within(rows, down), _within(columns, right)
    return np.roll(rgba_HWC, (down, right), (0, 1))


def _within(occupied: npt.NDArray[np.bool_], shift: int) -> int:
    """The shift cut to what leaves every occupied row or column inside."""
    places = np.flatnonzero(occupied)
    if not len(places):
        return 0
    return int(np.clip(shift, -places[0], len(occupied) - 1 - places[-1]))
