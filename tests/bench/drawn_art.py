"""A hundred thousand sprites drawn by code in seconds, of several kinds, for measuring searches.

Each is a stack of ellipses, bars, diamonds and rings in up to six colours. A third are mirrored halves, as creatures
and shields are; a fifth fill their frame, as tiles do; some are restless, some shaded, some small in their frame.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from lunar_studio.core.arrays import F32, U8

_PARTS = 10
_BATCH = 512
Bool = npt.NDArray[np.bool_]


def drawn_art(count: int, seed: int, size: int = 32) -> U8:
    """Sprites, uint8, shape (count, size, size, 4); the same seed gives the same ones."""
    art = np.zeros((count, size, size, 4), np.uint8)
    for start in range(0, count, _BATCH):
        stop = min(count, start + _BATCH)
        art[start:stop] = _batch(stop - start, np.random.default_rng([seed, start]), size)
    return art


def _batch(count: int, rng: np.random.Generator, size: int) -> U8:
    palette_NPC = rng.integers(0, 256, (count, 6, 3)).astype(np.float32)
    seen_NHW = np.broadcast_to((rng.random(count) < 0.2)[:, None, None], (count, size, size)).copy()
    colour_NHW = np.zeros((count, size, size), np.uint8)
    for shape_NHW in _shapes(count, rng, size):
        np.copyto(colour_NHW, rng.integers(0, 6, (count, 1, 1), dtype=np.uint8), where=shape_NHW)
        seen_NHW |= shape_NHW
    values = palette_NPC[np.arange(count)[:, None, None], colour_NHW] * _light(count, rng, size)[..., None]
    restless = rng.random(count) < 0.15
    values[restless] += rng.normal(0, 12, values[restless].shape).astype(np.float32)
    pixels = np.zeros((count, size, size, 4), np.uint8)
    pixels[..., :3] = np.clip(values, 0, 255) * seen_NHW[..., None]
    pixels[..., 3] = seen_NHW * np.uint8(255)
    halves = rng.random(count) < 0.33
    pixels[halves, :, size // 2 :] = pixels[halves, :, : size // 2][:, :, ::-1]
    return pixels


def _light(count: int, rng: np.random.Generator, size: int) -> F32:
    """Two to five tones that fall in one direction; one tone for half of the sprites."""
    rows, columns = np.mgrid[:size, :size].astype(np.float32) / size
    slope = rng.normal(0, 0.5, (2, count, 1, 1)).astype(np.float32) * (rng.random((count, 1, 1)) < 0.5)
    tones = rng.integers(2, 6, (count, 1, 1)).astype(np.float32)
    light: F32 = 1 + np.round((slope[0] * (rows - 0.5) + slope[1] * (columns - 0.5)) * tones) / tones
    return light.astype(np.float32)


def _shapes(count: int, rng: np.random.Generator, size: int) -> Iterator[Bool]:
    rows, columns = np.mgrid[:size, :size].astype(np.float32)
    rows, columns = rows[None, :, :1], columns[None, :1]
    spread = rng.uniform(0.08, 0.26, (count, 1, 1)).astype(np.float32) * np.float32(size)
    middle = rng.uniform(0.4, 0.6, (2, count, 1, 1)).astype(np.float32) * np.float32(size)
    for part in range(_PARTS):
        at = middle + rng.normal(0, 1, (2, count, 1, 1)).astype(np.float32) * spread
        reach = rng.uniform(0.2, 1.1, (2, count, 1, 1)).astype(np.float32) * spread * (1.2 if part < 3 else 0.6) + 0.6
        down, right = abs(rows - at[0]) / reach[0], abs(columns - at[1]) / reach[1]
        round_, bar, diamond = down**2 + right**2, np.maximum(down, right) ** 2, (down + right) ** 2
        kind = rng.integers(0, 4, (count, 1, 1))
        far = np.where(kind == 1, bar, np.where(kind == 2, diamond, round_))
        yield (far <= 1) & ((kind < 3) | (far > 0.4)) & (rng.random((count, 1, 1)) < 0.8)


def copies(art: U8, seed: int) -> U8:
    """Copies as a thief would make them: moved by up to two pixels, some mirrored, recoloured, a few pixels changed.

    What moves over the border is lost; tiles, which have nothing else to show there, come in again at the other side.
    """
    rng = np.random.default_rng(seed)
    made = np.zeros_like(art)
    for sprite, copy in zip(art, made, strict=True):
        shift = rng.integers(-2, 3, 2).tolist()
        moved = np.roll(sprite, shift, axis=(0, 1))
        if not sprite[..., 3].all():
            for axis, step in enumerate(shift):
                emptied = np.swapaxes(moved, 0, axis)
                emptied[: max(step, 0)] = 0
                emptied[len(emptied) + min(step, 0) :] = 0
        moved = moved[:, ::-1] if rng.random() < 0.5 else moved
        turned = moved[..., [*rng.permutation(3).tolist(), 3]]
        struck = rng.random(sprite.shape[:2]) < 0.03
        turned[struck, :3] = 255 - turned[struck, :3]
        copy[:] = turned * (turned[..., 3:] > 0)
    return made


def families(count: int, seed: int, size: int = 32, *, variants: int = 10) -> U8:
    """Sprites in families, as frames of animations and recolourings are: each drawing, and variants of it.

    A variant is disguised as a copy is, and wears a block of another drawing at one place.
    """
    rng = np.random.default_rng(seed)
    drawings = drawn_art(-(-count // variants), seed, size)
    art = np.repeat(drawings, variants, axis=0)[:count]
    changed = np.arange(count) % variants > 0
    donors = rng.integers(0, len(drawings), count)
    side = size // 4
    for at in np.flatnonzero(changed).tolist():
        top, left = rng.integers(0, size - side, 2).tolist()
        block = np.s_[top : top + side, left : left + side]
        art[at][block] = drawings[donors[at]][block]
    art[changed] = copies(art[changed], seed)
    return art
