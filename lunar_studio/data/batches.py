"""Order and augmentation of training batches, as pure functions of seed and step.

Nothing is remembered between steps but a table of sums that follows from the weights alone, so a resumed run sees
exactly the batches it would have seen. Shapes: N sprites, B batch, H and W pixels.
"""

from __future__ import annotations

import weakref

import numpy as np
import numpy.typing as npt

from lunar_studio.core.arrays import U8

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]

# Keeps the order of batches apart from every other stream of the same seed. It was 7 in the first version, when every
# step still made a random number for each sprite of the set; a run begun then goes on with other batches.
_ORDER_STREAM = 8
# After so many rounds what is left has hardly any weight between it, and is drawn by going through all of it.
_ROUNDS = 8
# How far colours are moved: into each other, apart, and together, in levels of 255.
_MIXED, _GAIN, _LIFT = 0.12, (0.8, 1.2), 20.0


class Drawing:
    """Draws positions by weight; made once for a set, in O(N), so that a batch costs O(B log N).

    Args:
        weights_N: Non-negative and finite, one for each sprite, not all zero; copied into running sums.

    Raises:
        ValueError: There is nothing to draw from.
    """

    def __init__(self, weights_N: F64) -> None:
        self._weights_N = weights_N
        self._sums_N: F64 = np.cumsum(weights_N, dtype=np.float64)
        if not len(weights_N) or not self._sums_N[-1] > 0 or not np.isfinite(self._sums_N[-1]):
            raise ValueError("there is nothing to draw a batch from")
        drawable = np.flatnonzero(weights_N > 0)
        self._drawable, self._last = len(drawable), int(drawable[-1])

    def draw(self, *, seed: int, step: int, batch_size: int) -> I64:
        """The batch of a step, int64, shape (batch_size,); nothing twice where there are enough sprites.

        A sprite drawn already is drawn again, which is a weighted draw without replacement: each place goes to one of
        the sprites left, in proportion to their weights.
        """
        rng = np.random.default_rng([seed, step, _ORDER_STREAM])
        if batch_size > self._drawable:
            return self._with_repeats(rng, batch_size)
        chosen: dict[int, None] = {}
        for _ in range(_ROUNDS):
            for place in self._with_repeats(rng, batch_size).tolist():
                chosen.setdefault(place)
            if len(chosen) >= batch_size:
                return np.fromiter(chosen, np.int64, len(chosen))[:batch_size]
        return self._completed(rng, np.fromiter(chosen, np.int64, len(chosen)), batch_size)

    def _with_repeats(self, rng: np.random.Generator, count: int) -> I64:
        places = np.searchsorted(self._sums_N, rng.random(count) * self._sums_N[-1], side="right")
        # A product may be rounded up to the whole sum, past the last sprite that can be drawn.
        held: I64 = np.minimum(places, self._last).astype(np.int64)
        return held

    def _completed(self, rng: np.random.Generator, chosen: I64, batch_size: int) -> I64:
        """Draw what is missing from the rest: Gumbel keys, the largest first (Efraimidis and Spirakis 2006)."""
        rest_N = self._weights_N.copy()
        rest_N[chosen] = 0.0
        with np.errstate(divide="ignore"):
            keys = np.log(rest_N) + rng.gumbel(size=len(rest_N))
        missing = batch_size - len(chosen)
        more = np.argpartition(-keys, missing - 1)[:missing]
        return np.concatenate([chosen, more[np.argsort(-keys[more])]]).astype(np.int64)


_drawings: dict[int, tuple[weakref.ref[F64], Drawing]] = {}


def batch_indices(weights_N: F64, *, seed: int, step: int, batch_size: int) -> I64:
    """Which sprites the batch of a step holds, drawn by weight; a batch no larger than the set repeats nothing.

    The first call with an array costs O(N) and makes it read-only, for what follows from it is kept as long as the
    array lives; later calls cost O(B log N). A view, which could change behind our back, costs O(N) every time.

    Args:
        weights_N: Non-negative, one for each sprite, not all zero.
        seed: Of the run.
        step: Counted from 0.
        batch_size: B.

    Raises:
        ValueError: There is nothing to draw from.
    """
    return _drawing(weights_N).draw(seed=seed, step=step, batch_size=batch_size)


def _drawing(weights_N: F64) -> Drawing:
    known = _drawings.get(id(weights_N))
    if known is not None and known[0]() is weights_N and not weights_N.flags.writeable:
        return known[1]
    if not weights_N.flags.owndata:
        return Drawing(weights_N)
    weights_N.setflags(write=False)
    # The table holds a copy: holding the array itself would keep both alive for ever.
    made = Drawing(weights_N.copy())
    key = id(weights_N)
    _drawings[key] = (weakref.ref(weights_N, lambda _gone: _drawings.pop(key, None)), made)
    return made


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


def vary(
    rgba_NHWC: U8, rng: np.random.Generator, *, turn: float, tint: float, recolour: float = 0.0, layer: float = 0.0
) -> tuple[U8, npt.NDArray[np.bool_]]:
    """Sprites that nobody may have meant, but as well made as before: turned, recoloured, or one laid over another.

    For whoever shall judge how a sprite is made and not know it by heart.

    Args:
        rgba_NHWC: uint8, square; not changed.
        rng: Where chance comes from.
        turn: Share that is turned by a quarter, a half or three quarters, or upside down.
        tint: Share whose colours go through one mild affine map, which keeps equal pixels equal.
        recolour: Share whose red, green and blue change places.
        layer: Share that is laid over another sprite, as games lay a figure over a floor and armour over a figure.

    Returns:
        A new array of the same shape, and which of them no longer look as their captions say, (N,).
    """
    out = np.array(rgba_NHWC)
    layered_N = rng.random(len(out)) < layer
    for index in np.flatnonzero(layered_N).tolist():
        out[index] = _over(rgba_NHWC[index], rgba_NHWC[int(rng.integers(len(out)))])
    for index in np.flatnonzero(rng.random(len(out)) < turn).tolist():
        quarter = int(rng.integers(4))
        turned = np.rot90(out[index], quarter) if quarter else out[index][::-1]
        out[index] = turned
    tinted_N = rng.random(len(out)) < tint
    for index in np.flatnonzero(tinted_N).tolist():
        out[index] = _tinted(out[index], rng)
    recoloured_N = rng.random(len(out)) < recolour
    for index in np.flatnonzero(recoloured_N).tolist():
        out[index] = out[index][..., [*rng.permutation(3), 3]]
    return out, layered_N | tinted_N | recoloured_N


def _over(top_HWC: U8, below_HWC: U8) -> U8:
    """One sprite over another; what is opaque keeps its colour to the bit."""
    top, below = top_HWC.astype(np.float32), below_HWC.astype(np.float32)
    cover_HW1 = top[..., 3:] / 255.0
    rest_HW1 = below[..., 3:] / 255.0 * (1.0 - cover_HW1)
    alpha_HW1 = cover_HW1 + rest_HW1
    colour = (top[..., :3] * cover_HW1 + below[..., :3] * rest_HW1) / np.maximum(alpha_HW1, 1e-6)
    both: U8 = (np.concatenate([colour, alpha_HW1 * 255.0], axis=-1) + 0.5).astype(np.uint8)
    return both


def _tinted(rgba_HWC: U8, rng: np.random.Generator) -> U8:
    visible_HW = rgba_HWC[..., 3] > 0
    if not visible_HW.any():
        return rgba_HWC
    colours_PC = rgba_HWC[visible_HW][:, :3].astype(np.float32)
    mixing_CC = np.eye(3, dtype=np.float32) + rng.normal(0.0, _MIXED, (3, 3)).astype(np.float32)
    middle_C = colours_PC.mean(axis=0)
    moved_PC = (colours_PC - middle_C) @ mixing_CC.T * rng.uniform(*_GAIN) + middle_C + rng.normal(0.0, _LIFT, 3)
    tinted: U8 = rgba_HWC.copy()
    tinted[visible_HW, :3] = np.clip(moved_PC + 0.5, 0, 255).astype(np.uint8)
    return tinted


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
