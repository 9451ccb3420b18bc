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


def augment(rgba_NHWC: U8, rng: np.random.Generator, *, flip: bool, shift_px: int, recolour: float = 0.0) -> U8:
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
        out = _moved(out, rng.integers(-shift_px, shift_px + 1, (count, 2)))
    return out


def _moved(rgba_NHWC: U8, wishes_N2: npt.NDArray[np.int64]) -> U8:
    """Each sprite moved down and right as wished, or as far as nothing leaves; opaque ones wrap around."""
    visible_NHW = rgba_NHWC[..., 3] > 0
    opaque_N = visible_NHW.all(axis=(1, 2))
    sources = []
    for axis, wish_N in ((2, wishes_N2[:, 0]), (1, wishes_N2[:, 1])):
        occupied_NL: npt.NDArray[np.bool_] = np.asarray(visible_NHW.any(axis=axis))
        length = occupied_NL.shape[1]
        room_before_N = occupied_NL.argmax(axis=1)
        room_after_N = occupied_NL[:, ::-1].argmax(axis=1)
        shift_N = np.where(opaque_N, wish_N, np.clip(wish_N, -room_before_N, room_after_N))
        sources.append((np.arange(length)[None, :] - shift_N[:, None]) % length)
    rows_NH, columns_NW = sources
    # One pixel is one 32-bit number here: four times fewer things to move.
    packed_NHW = np.ascontiguousarray(rgba_NHWC).view(np.uint32)[..., 0]
    which_N = np.arange(len(rgba_NHWC))[:, None, None]
    moved: U8 = packed_NHW[which_N, rows_NH[:, :, None], columns_NW[:, None, :]][..., None].view(np.uint8)
    return moved
