"""Which pairs are near copies: much the same silhouette, and the same pixels, structure or shading.

Most pairs are told apart by bits and means that were noted of each sprite, without a look at pixels. Bits decide about
silhouette and structure as pixels do; about pixels and shading means give limits that no near copy oversteps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lunar_studio.core.arrays import F32, U8
from lunar_studio.data.near.candidates import counted
from lunar_studio.data.near.traits import Layout, Traits
from lunar_studio.data.near.views import I64, U64, VIEWS, Bool, light, packed, views_of

# Limits of what is alike, set on real art by looking at the pairs they let through; docs/dataset.md has the figures.
_DIFFERENT = 0.14
_CHANGED = 24
_CORRELATION = 0.955
_STRUCTURE = 0.15
_MOST_EDGES = 0.78
# Below so many levels of spread, squared, there is no shading to compare.
_LEAST_POWER = 9.0
# What rounding may do to a limit.
_SLACK = 1e-3


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of views, and what their notes tell of them.

    Attributes:
        sprites: Numbers of both sprites, shape (pairs, 2).
        views: Numbers of both views, shape (pairs, 2).
        area: Pixels visible in either.
        alike: Whether the notes alone make them near copies.
        may_be_few: Whether few of their pixels may differ.
        may_be_shaded: Whether their shading may be the same.
    """

    sprites: I64
    views: I64
    area: I64
    alike: Bool
    may_be_few: Bool
    may_be_shaded: Bool

    def __getitem__(self, kept: I64 | Bool | slice) -> Pairs:
        return Pairs(
            self.sprites[kept],
            self.views[kept],
            self.area[kept],
            self.alike[kept],
            self.may_be_few[kept],
            self.may_be_shaded[kept],
        )


def by_notes(traits: Traits, numbers: I64) -> Pairs:
    """What notes tell of pairs of much the same silhouette; those that cannot be near copies are left out.

    Args:
        traits: Notes of all sprites.
        numbers: Pairs of views, as `candidates` numbers them.
    """
    entries = np.stack(np.divmod(numbers, VIEWS * len(traits)), axis=1)
    views, sprites = np.divmod(entries, len(traits))
    looks = [traits.looks(sprites[:, side], views[:, side]) for side in (0, 1)]
    layout = traits.layout
    first, second = (layout.visible(rows) for rows in looks)
    apart, area = counted(first ^ second), np.maximum(counted(first | second), 1)
    alike = _same_structure(layout, looks, area)
    few = _may_be_few(layout, looks, area)
    shaded = _may_be_shaded(layout, looks, apart == 0)
    pairs = Pairs(sprites, views, area, alike, few & ~alike, shaded & ~alike)
    return pairs[alike | few | shaded]


def _same_structure(layout: Layout, looks: list[U64], area: I64) -> Bool:
    """Edges stand in the same places, and are not so many that they would anyway."""
    first, second = (layout.edges(rows) for rows in looks)
    differing, present = counted(first ^ second), counted(first | second)
    same: Bool = (differing <= _STRUCTURE * present) & (present <= _MOST_EDGES * 2 * area)
    return same


def _may_be_few(layout: Layout, looks: list[U64], area: I64) -> Bool:
    """Whether mean colours of quarters are as near as they must be where few pixels differ.

    A pixel that counts as the same moves each channel by at most `_CHANGED`, and as much again where it is half
    transparent, for colours are weighed by alpha; any other moves it by at most 255.
    """
    if layout.size < 2:
        return np.ones(len(area), np.bool_)
    first, second = (layout.colours(rows) for rows in looks)
    soft = layout.soft(looks[0]) + layout.soft(looks[1])
    left, right = layout.size // 2, layout.size - layout.size // 2
    pixels = np.array([left * left, left * right, right * left, right * right], np.float32)
    moved_NC = (np.abs(first - second).reshape(-1, 4, 4) * pixels).sum(axis=2)
    most_N = (_DIFFERENT * 255 + (1 - _DIFFERENT) * _CHANGED + _SLACK * 255) * area + _CHANGED * soft
    may: Bool = (moved_NC <= most_N[:, None]).all(axis=1)
    return may


def _may_be_shaded(layout: Layout, looks: list[U64], equal: Bool) -> Bool:
    """Whether light may go up and down together.

    Where silhouettes are equal, the correlation is the product of two vectors of length 1; it is at most the product
    of what a grid sees of them and of what it does not see (Cauchy and Schwarz).
    """
    both = counted(layout.visible(looks[0]) & layout.visible(looks[1]))
    power = layout.spread(looks[0]) * layout.spread(looks[1])
    may: Bool = power >= (_CORRELATION - _SLACK) * _LEAST_POWER * both
    first, second = (layout.shading(rows) for rows in looks)
    unseen = [np.maximum(1 - np.einsum("nb,nb->n", one, one), 0) for one in (first, second)]
    most = np.einsum("nb,nb->n", first, second) + np.sqrt(unseen[0] * unseen[1])
    may &= (most >= _CORRELATION - _SLACK) | ~equal
    return may


def by_pixels(sprites_NHWC: U8, pairs: Pairs) -> Bool:
    """Which pairs are near copies, by a look at the pixels of those that notes leave open."""
    alike = pairs.alike.copy()
    open_ = np.flatnonzero(pairs.may_be_few | pairs.may_be_shaded)
    if not len(open_):
        return alike
    first, second = (
        views_of(sprites_NHWC.take(pairs.sprites[open_, side], axis=0), pairs.views[open_, side]) for side in (0, 1)
    )
    area = pairs.area[open_]
    few = np.flatnonzero(pairs.may_be_few[open_])
    alike[open_[few]] = few_differ(first[few], second[few], area[few])
    # The dearer test sees only the pairs that the cheaper one did not pass.
    rest = np.flatnonzero(pairs.may_be_shaded[open_] & ~alike[open_])
    alike[open_[rest]] = same_shading(first[rest], second[rest])
    return alike


def few_differ(first_NHWC: U8, second_NHWC: U8, area: I64) -> Bool:
    """Whether few of the pixels visible in either have a channel that is much different."""
    distance = np.maximum(first_NHWC, second_NHWC) - np.minimum(first_NHWC, second_NHWC)
    changed = packed((distance > _CHANGED).view(np.uint8)) != 0
    few: Bool = changed.sum(axis=(1, 2)) <= _DIFFERENT * area
    return few


def same_shading(first_NHWC: U8, second_NHWC: U8) -> Bool:
    """Lightness goes up and down together (Pearson's correlation over pixels visible in both)."""
    mask = (first_NHWC[..., 3] > 0) & (second_NHWC[..., 3] > 0)
    number = np.maximum(mask.sum(axis=(1, 2)), 1).astype(np.float32)
    centred: list[F32] = []
    for pixels in (first_NHWC, second_NHWC):
        lightness = light(pixels) * mask
        lightness -= (lightness.sum(axis=(1, 2)) / number)[:, None, None]
        centred.append(lightness * mask)
    first, second = centred
    power = np.sqrt((first**2).sum(axis=(1, 2)) * (second**2).sum(axis=(1, 2)))
    same: Bool = (first * second).sum(axis=(1, 2)) >= _CORRELATION * np.maximum(power, _LEAST_POWER * number)
    return same
