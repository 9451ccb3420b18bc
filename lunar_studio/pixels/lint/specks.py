"""Orphan pixels: single pixels that stand alone, off the sprite or in a flat area.

What repeats is meant: a pair of eyes, stars, spray and dither have orphans of one colour. So orphans are reported
where at least half of their kind have a colour that no other of them has, or where no more than two lie off the
sprite.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lunar_studio.core.score import LintFinding
from lunar_studio.core.sprite import Sprite
from lunar_studio.pixels.lint.subject import AROUND, Bool, Subject, counted, neighbours, places
from lunar_studio.pixels.oklab import to_oklab

RULE = "orphan-pixel"
_FIX = "Remove them"
# Distances in OKLab: how alike eight neighbours must be to be a flat area, and how far off the one in their middle.
_FLAT_SPREAD = 0.06
_FAR = 0.28
_FEW_STRAYS = 2
# From this share of the visible pixels on, the sprite is full of them.
_FULL_SHARE = 0.02


def orphans(subject: Subject) -> Iterator[LintFinding]:
    """At most one finding for strays off the sprite and one for specks in flat areas."""
    stray_HW, speck_HW = strays(subject), specks(subject)
    if count := int(stray_HW.sum()):
        stands = "stands" if count == 1 else "stand"
        yield _finding(subject, stray_HW, f"{counted(count, 'pixel')} {stands} alone, away from the rest.")
    if count := int(speck_HW.sum()):
        sits = "sits" if count == 1 else "sit"
        tail = "a speck, unless it is a glint" if count == 1 else "specks, unless they are glints"
        yield _finding(subject, speck_HW, f"{counted(count, 'pixel')} {sits} alone in a flat area: {tail}.")


def _finding(subject: Subject, mask_HW: Bool, message: str) -> LintFinding:
    extent = min(1.0, int(mask_HW.sum()) / (_FULL_SHARE * subject.visible_count))
    return LintFinding(RULE, message, "warning", places(mask_HW), extent, _FIX)


def strays(subject: Subject) -> Bool:
    """Visible pixels without a visible neighbour, where they are no spray; shape (H, W)."""
    visible_HW = subject.visible_HW
    near_HW = np.zeros_like(visible_HW)
    for down, right in AROUND:
        near_HW |= neighbours(visible_HW, down, right).astype(np.bool_)
    stray_HW = visible_HW & ~near_HW
    count = int(stray_HW.sum())
    # A sprite of nothing but single pixels is one of single pixels.
    if not 0 < count < subject.visible_count:
        return np.zeros_like(visible_HW)
    return stray_HW if count <= _FEW_STRAYS or _are_various(subject, stray_HW) else np.zeros_like(visible_HW)


def specks(subject: Subject) -> Bool:
    """Pixels far in colour from eight neighbours that are all alike, where they are no pattern; shape (H, W)."""
    packed_HW, visible_HW = subject.packed_HW, subject.visible_HW
    alone_HW = np.zeros_like(visible_HW)
    if min(visible_HW.shape) < 3:
        return alone_HW
    alone = visible_HW[1:-1, 1:-1].copy()
    height, width = visible_HW.shape
    for down, right in AROUND:
        rows, columns = slice(1 + down, height - 1 + down), slice(1 + right, width - 1 + right)
        alone &= visible_HW[rows, columns] & (packed_HW[rows, columns] != packed_HW[1:-1, 1:-1])
    # Most pixels share a colour with a neighbour; only the others need OKLab.
    rows_K, columns_K = (at + 1 for at in np.nonzero(alone))
    if not len(rows_K):
        return alone_HW
    rgba_HWC = subject.rgba_HWC
    around_K8C = to_oklab(np.stack([rgba_HWC[rows_K + y, columns_K + x, :3] for y, x in AROUND], axis=1))
    middle_KC = around_K8C.mean(axis=1)
    spread_K = ((around_K8C - middle_KC[:, None]) ** 2).sum(axis=2).max(axis=1)
    distance_K = ((to_oklab(rgba_HWC[rows_K, columns_K, :3]) - middle_KC) ** 2).sum(axis=1)
    found_K = (spread_K < _FLAT_SPREAD**2) & (distance_K > _FAR**2)
    alone_HW[rows_K[found_K], columns_K[found_K]] = True
    return alone_HW if _are_various(subject, alone_HW) else np.zeros_like(alone_HW)


def _are_various(subject: Subject, mask_HW: Bool) -> bool:
    """Whether at least half of some pixels have a colour that none of the others has."""
    _, counts = np.unique(subject.packed_HW[mask_HW], return_counts=True)
    return bool(2 * np.count_nonzero(counts == 1) >= counts.sum() > 0)


def without_orphans(sprite: Sprite) -> Sprite:
    """Strays cleared; specks take the neighbour's colour that lies in the middle of the eight."""
    subject = Subject(sprite)
    rgba_HWC = sprite.rgba_HWC.copy()
    for row, column in zip(*(at.tolist() for at in np.nonzero(specks(subject))), strict=True):
        around_8C = np.stack([sprite.rgba_HWC[row + down, column + right] for down, right in AROUND])
        lab_8C = to_oklab(around_8C[:, :3])
        distance_8 = ((lab_8C - lab_8C.mean(axis=0)) ** 2).sum(axis=1)
        rgba_HWC[row, column] = around_8C[int(distance_8.argmin())]
    rgba_HWC[strays(subject)] = 0
    return Sprite(rgba_HWC, sprite.name)
