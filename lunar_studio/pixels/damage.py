"""The ladder the teacher learns on: ways in which pixel art goes wrong, each from barely to badly.

Every family takes uint8 (H, W, 4) of any size and gives a new array of the same shape; how much it changes
grows with severity on average. The same generator state gives the same damage. A sprite without a visible
pixel comes back as it was. Damage shows on visible pixels; colour under alpha 0 means nothing.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from lunar_studio.core.arrays import F32, U8
from lunar_studio.pixels.oklab import to_oklab

Bool = npt.NDArray[np.bool_]

# Of so many places or colours the one is taken that can be seen best: harm that nobody sees teaches nothing.
_TRIES = 6


class Damage(Protocol):
    """One way to harm a sprite that has visible pixels."""

    def __call__(self, rgba_HWC: U8, severity: float, rng: np.random.Generator, donor_HWC: U8, /) -> U8:
        """A harmed copy.

        Args:
            rgba_HWC: The sprite; not changed.
            severity: Above 0 (barely) to 1 (badly).
            rng: Where chance comes from.
            donor_HWC: Another sprite of the same shape, for families that mix two.
        """


def damage(rgba_HWC: U8, family: str, severity: float, rng: np.random.Generator, donor_HWC: U8 | None = None) -> U8:
    """A harmed copy of a sprite.

    Args:
        rgba_HWC: uint8, shape (height, width, 4); not changed.
        family: One of `FAMILIES`.
        severity: Above 0 (barely) to 1 (badly).
        rng: Where chance comes from.
        donor_HWC: Another sprite of the same shape; without one the sprite turned upside down stands in.

    Raises:
        KeyError: There is no such family.
        ValueError: The severity is outside (0, 1], or an array is not (H, W, 4) uint8 of one shape.
    """
    if not 0.0 < severity <= 1.0:
        raise ValueError(f"severity is above 0 and up to 1, not {severity}")
    if rgba_HWC.dtype != np.uint8 or rgba_HWC.ndim != 3 or rgba_HWC.shape[2] != 4:
        raise ValueError(f"a sprite is (height, width, 4) uint8, not {rgba_HWC.shape} {rgba_HWC.dtype}")
    if donor_HWC is None:
        donor_HWC = rgba_HWC[::-1, ::-1]
    elif donor_HWC.shape != rgba_HWC.shape:
        raise ValueError(f"the donor has shape {donor_HWC.shape}, the sprite {rgba_HWC.shape}")
    harm = FAMILIES[family]
    if not rgba_HWC[..., 3].any():
        return rgba_HWC.copy()
    return harm(rgba_HWC, severity, rng, donor_HWC)


# ---- parts ---------------------------------------------------------------------------------------


def _between(low: float, high: float, severity: float) -> float:
    return low + (high - low) * severity


def _premultiplied(rgba_HWC: U8) -> F32:
    values_HWC = rgba_HWC.astype(np.float32)
    values_HWC[..., :3] *= values_HWC[..., 3:] * np.float32(1 / 255)
    return values_HWC


def _straight(values_HWC: F32) -> U8:
    """Premultiplied float back to straight uint8; pixels that round to alpha 0 lose their colour."""
    alpha_HW1 = values_HWC[..., 3:]
    values_HWC[..., :3] *= np.float32(255) / np.maximum(alpha_HW1, np.float32(0.5))
    values_HWC[np.broadcast_to(alpha_HW1 < 0.5, values_HWC.shape)] = 0
    return _bytes(values_HWC)


def _bytes(values: npt.NDArray[np.floating[Any]]) -> U8:
    rounded: U8 = np.clip(values + np.float32(0.5), 0, 255).astype(np.uint8)
    return rounded


def _smoothed(values_HWC: F32) -> F32:
    """One pass of the kernel (1, 2, 1) / 4 along both sides; the border repeats itself."""
    for axis in (0, 1):
        lines = values_HWC if axis == 0 else values_HWC.swapaxes(0, 1)
        mixed = lines * np.float32(0.5)
        quarter = lines * np.float32(0.25)
        mixed[1:] += quarter[:-1]
        mixed[:-1] += quarter[1:]
        mixed[0] += quarter[0]
        mixed[-1] += quarter[-1]
        values_HWC = mixed if axis == 0 else mixed.swapaxes(0, 1)
    return values_HWC


def _differs(rgba_HWC: U8) -> Bool:
    """Where a pixel differs from one of its four neighbours: edges of colour and of the silhouette."""
    packed_HW = np.ascontiguousarray(rgba_HWC).view(np.uint32)[..., 0]
    edge_HW = np.zeros(packed_HW.shape, np.bool_)
    down = packed_HW[1:] != packed_HW[:-1]
    across = packed_HW[:, 1:] != packed_HW[:, :-1]
    edge_HW[1:] |= down
    edge_HW[:-1] |= down
    edge_HW[:, 1:] |= across
    edge_HW[:, :-1] |= across
    return edge_HW


def _outline(visible_HW: Bool) -> Bool:
    """Visible pixels that touch a transparent one, or the border, by a side."""
    inner_HW = np.zeros_like(visible_HW)
    middle = visible_HW[1:-1, 1:-1]
    inner_HW[1:-1, 1:-1] = (
        middle & visible_HW[:-2, 1:-1] & visible_HW[2:, 1:-1] & visible_HW[1:-1, :-2] & visible_HW[1:-1, 2:]
    )
    return visible_HW & ~inner_HW


def _random_sites(mask_HW: Bool, count: int, rng: np.random.Generator) -> tuple[Any, Any]:
    """Rows and columns of up to `count` different places in a mask."""
    places = np.flatnonzero(mask_HW)
    chosen = places[rng.permutation(len(places))[:count]]
    return np.divmod(chosen, mask_HW.shape[1])


def _sites_with_repeats(mask_HW: Bool, count: int, rng: np.random.Generator) -> tuple[Any, Any]:
    """Rows and columns of as many places in a mask, not empty, as asked for."""
    places = np.flatnonzero(mask_HW)
    return np.divmod(places[rng.integers(0, len(places), count)], mask_HW.shape[1])


def _box(visible_HW: Bool) -> tuple[slice, slice]:
    """Rows and columns between which everything visible lies; something must be."""
    spans = []
    for axis in (1, 0):
        occupied = np.flatnonzero(visible_HW.any(axis=axis))
        spans.append(slice(int(occupied[0]), int(occupied[-1]) + 1))
    return spans[0], spans[1]


# ---- families ------------------------------------------------------------------------------------


def _blur(rgba_HWC: U8, severity: float, _rng: np.random.Generator, _donor_HWC: U8) -> U8:
    values_HWC = _premultiplied(rgba_HWC)
    strength = severity * 3.0
    while strength > 0.0:
        share = np.float32(min(strength, 1.0))
        values_HWC = values_HWC + share * (_smoothed(values_HWC) - values_HWC)
        strength -= 1.0
    return _straight(values_HWC)


def _wrong_grid(rgba_HWC: U8, severity: float, rng: np.random.Generator, _donor_HWC: U8) -> U8:
    """A part made smaller by a fraction and large again: pixels of two sizes beside each other."""
    height, width = rgba_HWC.shape[:2]
    ratio = _between(0.9, 0.5, severity) + rng.uniform(-0.03, 0.03)
    rows, columns = (_through_grid(side, ratio, rng.uniform(0.3, 0.7)) for side in (height, width))
    # The part grows with severity; even a small change of scale moves nearly every pixel of it.
    share = np.sqrt(_between(0.06, 1.0, severity))
    tall, wide = max(2, round(height * share)), max(2, round(width * share))
    at_row, at_column = _random_sites(rgba_HWC[..., 3] > 0, 1, rng)
    top = int(np.clip(at_row[0] - tall // 2, 0, max(0, height - tall)))
    left = int(np.clip(at_column[0] - wide // 2, 0, max(0, width - wide)))
    harmed_HWC = rgba_HWC.copy()
    part = np.s_[top : top + tall, left : left + wide]
    harmed_HWC[part] = rgba_HWC[rows[:, None], columns[None, :]][part]
    return harmed_HWC


def _through_grid(side: int, ratio: float, phase: float) -> npt.NDArray[np.int64]:
    cells = max(1, min(side - 1, round(side * ratio)))
    cell = (np.arange(side) * cells) // side
    return np.minimum(((cell + phase) * side / cells).astype(np.int64), side - 1)


def _soft_edges(rgba_HWC: U8, severity: float, rng: np.random.Generator, _donor_HWC: U8) -> U8:
    """What an anti-aliased brush or a smooth resize leaves: half-transparent and in-between pixels along edges."""
    visible_HW = rgba_HWC[..., 3] > 0
    edge_HW = (
        _differs(rgba_HWC) if visible_HW.all() else _differs(visible_HW.astype(np.uint32)[..., None].view(np.uint8))
    )
    edge_HW = edge_HW & (rng.random(edge_HW.shape, np.float32) < _between(0.4, 1.0, severity))
    values_HWC = _premultiplied(rgba_HWC)
    smooth_HWC = _smoothed(values_HWC)
    share_HW1 = (edge_HW * np.float32(_between(0.15, 1.0, severity)))[..., None]
    values_HWC += share_HW1 * (smooth_HWC - values_HWC)
    return _straight(values_HWC)


def _jpeg(rgba_HWC: U8, severity: float, rng: np.random.Generator, _donor_HWC: U8) -> U8:
    """Saved as a photograph once: rings and colour bleeding inside the silhouette."""
    alpha_HW = rgba_HWC[..., 3]
    rgb_HWC = rgba_HWC[..., :3].copy()
    rgb_HWC[alpha_HW == 0] = rng.integers(0, 256)
    buffer = io.BytesIO()
    quality = max(3, round(_between(88, 4, severity**0.7)))
    Image.fromarray(rgb_HWC, "RGB").save(buffer, "JPEG", quality=quality, subsampling=0 if severity < 0.4 else 2)
    harmed_HWC = rgba_HWC.copy()
    harmed_HWC[..., :3] = np.asarray(Image.open(buffer))
    harmed_HWC[alpha_HW == 0] = 0
    return harmed_HWC


def _noise(rgba_HWC: U8, severity: float, rng: np.random.Generator, _donor_HWC: U8) -> U8:
    """Grain: every visible pixel lighter or darker by chance."""
    grain_HW1 = rng.standard_normal((*rgba_HWC.shape[:2], 1), np.float32) * np.float32(_between(3, 55, severity))
    return _shaded(rgba_HWC, grain_HW1)


def _palette_noise(rgba_HWC: U8, severity: float, rng: np.random.Generator, _donor_HWC: U8) -> U8:
    """Every visible pixel has a colour of its own, near the one that was meant."""
    reach = np.float32(_between(4, 64, severity))
    jitter_HWC = (rng.random((*rgba_HWC.shape[:2], 3), np.float32) * 2 - 1) * reach
    return _shaded(rgba_HWC, jitter_HWC)


def _palette_explosion(rgba_HWC: U8, severity: float, rng: np.random.Generator, _donor_HWC: U8) -> U8:
    """Soft gradients over the whole sprite, each channel its own, as layer effects leave them: nothing is flat."""
    rows, columns = _box(rgba_HWC[..., 3] > 0)
    height, width = rgba_HWC.shape[:2]
    # Waves are measured on what is visible, so that a small sprite is not left in one flat part of a wave.
    down_H3, across_W3 = (
        _waves((np.arange(side, dtype=np.float32) - span.start) / max(1, span.stop - span.start), rng)
        for side, span in ((height, rows), (width, columns))
    )
    reach_C = rng.uniform(0.6, 1.0, 3).astype(np.float32) * np.float32(_between(10, 100, severity))
    wave_HWC = (down_H3[:, None] + across_W3[None, :]) * np.float32(0.5)
    return _shaded(rgba_HWC, wave_HWC * reach_C)


def _waves(places_N: F32, rng: np.random.Generator) -> F32:
    """Three sine waves of half a period to one and a half, (N, 3)."""
    turns_C, starts_C = rng.uniform(0.5, 1.5, 3), rng.uniform(0, 1, 3)
    waves: F32 = np.sin(2 * np.pi * (places_N[:, None] * turns_C + starts_C)).astype(np.float32)
    return waves


def _shaded(rgba_HWC: U8, offset_HWC: F32) -> U8:
    harmed_HWC = rgba_HWC.copy()
    harmed_HWC[..., :3] = _bytes(rgba_HWC[..., :3] + offset_HWC)
    harmed_HWC[rgba_HWC[..., 3] == 0] = 0
    return harmed_HWC


def _orphans(rgba_HWC: U8, severity: float, rng: np.random.Generator, _donor_HWC: U8) -> U8:
    """Single pixels of the sprite's own colours in the wrong places, inside and just outside."""
    visible_HW = rgba_HWC[..., 3] > 0
    near_HW = _smoothed(visible_HW[..., None].astype(np.float32))[..., 0] > 0
    count = max(1, round(_between(0.01, 0.14, severity) * int(visible_HW.sum())))
    rows, columns = _random_sites(near_HW, count, rng)
    palette = rgba_HWC[visible_HW]
    harmed_HWC = rgba_HWC.copy()
    harmed_HWC[rows, columns] = palette[rng.integers(0, len(palette), len(rows))]
    harmed_HWC[rows, columns, 3] = 255
    # Half of them get a colour that is not in the sprite, so that flat sprites are harmed as well.
    strange = slice(0, (len(rows) + 1) // 2)
    harmed_HWC[rows[strange], columns[strange], :3] ^= np.uint8(0x80)
    return harmed_HWC


def _colour_swap(rgba_HWC: U8, severity: float, rng: np.random.Generator, _donor_HWC: U8) -> U8:
    """Frequent entries of the palette become colours far from theirs: shading loses its order."""
    packed_HW = np.ascontiguousarray(rgba_HWC).view(np.uint32)[..., 0]
    entries, inverse, counts = np.unique(packed_HW, return_inverse=True, return_counts=True)
    palette = entries.view(np.uint8).reshape(-1, 4).copy()
    visible = np.flatnonzero(palette[:, 3])
    # Frequent colours first, by chance: recolouring what hardly occurs would not be seen.
    order = visible[np.argsort(-(np.log(counts[visible]) + rng.gumbel(size=len(visible))))]
    before = np.cumsum(counts[order]) - counts[order]
    chosen = order[before < _between(0.08, 0.7, severity) * counts[visible].sum()]
    strange_NTC = rng.integers(0, 256, (len(order), _TRIES, 3), dtype=np.uint8)[: len(chosen)]
    apart_NT = np.linalg.norm(to_oklab(strange_NTC) - to_oklab(palette[chosen, None, :3]), axis=-1)
    strange = strange_NTC[np.arange(len(chosen)), apart_NT.argmax(axis=1)]
    share = np.float32(_between(0.5, 1.0, severity))
    palette[chosen, :3] = _bytes(palette[chosen, :3] + share * (strange - palette[chosen, :3].astype(np.float32)))
    harmed_HWC: U8 = palette[inverse.reshape(packed_HW.shape)]
    return harmed_HWC


def _posterise(rgba_HWC: U8, severity: float, rng: np.random.Generator, _donor_HWC: U8) -> U8:
    """Too few levels in each channel: ramps become bands."""
    step = _between(30, 190, severity)
    phase = rng.uniform(0.25, 0.75) * step
    values_HWC = rgba_HWC[..., :3].astype(np.float32)
    harmed_HWC = rgba_HWC.copy()
    harmed_HWC[..., :3] = _bytes(np.floor(values_HWC / np.float32(step)) * np.float32(step) + np.float32(phase))
    harmed_HWC[rgba_HWC[..., 3] == 0] = 0
    return harmed_HWC


def _broken_outline(rgba_HWC: U8, severity: float, rng: np.random.Generator, _donor_HWC: U8) -> U8:
    """Pixels of the outline are gone, and behind some gaps the next ones; a tile's outline is its border."""
    visible_HW = rgba_HWC[..., 3] > 0
    chance_HW, deeper_HW = rng.random((2, *visible_HW.shape), np.float32)
    share = _between(0.08, 0.8, severity)
    outline_HW = _outline(visible_HW)
    lost_HW = outline_HW & (chance_HW < share)
    lost_HW |= _outline(visible_HW & ~lost_HW) & ~outline_HW & (deeper_HW < share * severity)
    harmed_HWC = rgba_HWC.copy()
    harmed_HWC[lost_HW] = 0
    return harmed_HWC


def _holes(rgba_HWC: U8, severity: float, rng: np.random.Generator, _donor_HWC: U8) -> U8:
    """Small holes punched into the silhouette, away from its rim where it has an inside."""
    visible_HW = rgba_HWC[..., 3] > 0
    inner_HW = visible_HW & ~_outline(visible_HW)
    count = max(1, round(_between(0.008, 0.06, severity) * int(visible_HW.sum())))
    rows, columns = _random_sites(inner_HW if inner_HW.any() else visible_HW, count, rng)
    harmed_HWC = rgba_HWC.copy()
    sides = rng.integers(1, 3 + int(severity + 0.5), len(rows))
    for row, column, side in zip(rows.tolist(), columns.tolist(), sides.tolist(), strict=True):
        harmed_HWC[row : row + side, column : column + side] = 0
    return harmed_HWC


def _patch_shuffle(rgba_HWC: U8, severity: float, rng: np.random.Generator, _donor_HWC: U8) -> U8:
    """Square pieces change places: visible ones, each with one of a few others that is least like it."""
    height, width = rgba_HWC.shape[:2]
    side = max(1, min(height, width) // int(rng.integers(4, 9)))
    rows, columns = height // side, width // side
    harmed_HWC = rgba_HWC.copy()
    places = rows * columns
    if places < 2:
        return harmed_HWC
    pieces = _premultiplied(rgba_HWC[: rows * side, : columns * side]).reshape(rows, side, columns, side, 4)
    pieces_PN = pieces.swapaxes(1, 2).reshape(places, -1)
    seen = np.flatnonzero(pieces_PN.any(axis=1))
    swaps = max(1, round(_between(0.03, 0.4, severity) * places))
    # All chances are drawn at once, so that less severity is a part of more.
    firsts = rng.permuted(np.resize(seen if len(seen) else np.arange(places), places))[:swaps].tolist()
    others = rng.integers(1, places, (places, _TRIES))[:swaps]
    for first, steps in zip(firsts, others, strict=True):
        candidates = (first + steps) % places
        second = int(candidates[np.abs(pieces_PN[candidates] - pieces_PN[first]).sum(axis=1).argmax()])
        top, left = (first // columns) * side, (first % columns) * side
        low, right = (second // columns) * side, (second % columns) * side
        one = harmed_HWC[top : top + side, left : left + side]
        other = harmed_HWC[low : low + side, right : right + side]
        one[...], other[...] = other.copy(), one.copy()
    return harmed_HWC


def _foreign_patch(rgba_HWC: U8, severity: float, rng: np.random.Generator, donor_HWC: U8) -> U8:
    """A rectangle of another sprite laid onto this one, where it differs."""
    if not donor_HWC[..., 3].any():
        donor_HWC = np.ascontiguousarray(rgba_HWC[::-1, ::-1])
    height, width = rgba_HWC.shape[:2]
    spans = _box(rgba_HWC[..., 3] > 0)
    stretch = rng.uniform(0.7, 1.4)
    # The size is a share of what is visible: a patch over all of it would be another sprite, not a spoilt one.
    sides = [span.stop - span.start for span in spans]
    most, least = ((share * sides[0] * stretch, share * sides[1] / stretch) for share in (0.5, 0.2))
    tries = [_sites_with_repeats(visible[..., 3] > 0, _TRIES, rng) for visible in (rgba_HWC, donor_HWC)]
    onto_T, from_T = (np.stack(sites, axis=1) for sites in tries)
    plain, strange = _premultiplied(rgba_HWC), _premultiplied(donor_HWC)
    apart = []
    for onto, taken in zip(onto_T, from_T, strict=True):
        there, here = _matched(onto, taken, most, (height, width))
        apart.append(float((np.abs(plain[there] - strange[here]) * (donor_HWC[here][..., 3:] > 0)).sum()))
    best = int(np.argmax(apart))
    share = np.sqrt(_between(0.04, 0.55, severity))
    size = (max(least[0], share * sides[0] * stretch), max(least[1], share * sides[1] / stretch))
    there, here = _matched(onto_T[best], from_T[best], size, (height, width))
    harmed_HWC = rgba_HWC.copy()
    harmed_HWC[there] = donor_HWC[here]
    return harmed_HWC


def _matched(
    onto: npt.NDArray[np.int64], taken: npt.NDArray[np.int64], size: tuple[float, float], within: tuple[int, int]
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Rectangles of one size about two places, as far as both pictures reach."""
    there, here = [], []
    for one, other, side, length in zip(onto.tolist(), taken.tolist(), size, within, strict=True):
        before = min(round(side / 2), one, other)
        after = min(max(1, round(side) - round(side / 2)), length - one, length - other)
        there.append(slice(one - before, one + after))
        here.append(slice(other - before, other + after))
    return (there[0], there[1]), (here[0], here[1])


def _row_shift(rgba_HWC: U8, severity: float, rng: np.random.Generator, _donor_HWC: U8) -> U8:
    """Rows or columns slip sideways: straight lines become jagged."""
    height, width = rgba_HWC.shape[:2]
    if rng.random() < 0.5:
        return _slipped(rgba_HWC, height, width, severity, rng)
    turned_HWC = rgba_HWC.swapaxes(0, 1)
    return np.ascontiguousarray(_slipped(turned_HWC, width, height, severity, rng).swapaxes(0, 1))


def _slipped(rgba_HWC: U8, height: int, width: int, severity: float, rng: np.random.Generator) -> U8:
    reach = 1 + round(severity * max(1, width / 8))
    offsets = rng.integers(1, reach + 1, height) * rng.choice([-1, 1], height)
    stays = rng.random(height) >= _between(0.1, 0.8, severity)
    visible = np.flatnonzero(rgba_HWC[..., 3].any(axis=1))
    stays[visible[rng.integers(0, len(visible))]] = False
    offsets[stays] = 0
    sources = (np.arange(width)[None, :] - offsets[:, None]) % width
    harmed_HWC: U8 = rgba_HWC[np.arange(height)[:, None], sources]
    return harmed_HWC


FAMILIES: Mapping[str, Damage] = MappingProxyType(
    {
        "blur": _blur,
        "wrong-grid": _wrong_grid,
        "soft-edges": _soft_edges,
        "jpeg": _jpeg,
        "noise": _noise,
        "palette-noise": _palette_noise,
        "palette-explosion": _palette_explosion,
        "posterise": _posterise,
        "colour-swap": _colour_swap,
        "foreign-patch": _foreign_patch,
        "patch-shuffle": _patch_shuffle,
        "row-shift": _row_shift,
        "broken-outline": _broken_outline,
        "holes": _holes,
        "orphans": _orphans,
    }
)
"""Every family by name, neighbours alike: what blurs, spoils colours, breaks structure, frays the silhouette."""
