"""Banding and pillow shading: shades that follow the outline, or each other, instead of the light."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from lunar_studio.core.score import LintFinding
from lunar_studio.pixels.lint.subject import Bool, Subject, inside, places
from lunar_studio.pixels.oklab import F64

BANDING = "banding"
PILLOW = "pillow-shading"

# Neighbouring shades of a ramp: lightness apart by so much, colour by no more than this (OKLab).
_SHADE_STEP = (0.02, 0.25)
_SAME_HUE = 0.10
# So many steps in lock, and so much of the sprite made of them.
_FEWEST_LOCKS = 12
_BANDED_SHARE = 0.08

_FEWEST_RINGS = 4
_FEWEST_INSIDE = 24
_MOST_RINGS = 128
# Correlation of lightness with the distance from the outline: of the whole inside, and of each half of it.
_WHOLE = 0.65
_HALF = 0.45
# How much of the lightness a light from one side may explain, and how far shades must lie apart.
_DIRECTED = 0.2
_LEAST_CONTRAST = 0.04

I8 = npt.NDArray[np.int8]


def banding(subject: Subject) -> Iterator[LintFinding]:
    """Bands one pixel thick between a lighter and a darker shade, whose two edges step at the same places.

    The eye joins edges that run flush into a staircase of fat pixels. A lock is a place where a band one pixel
    thick steps aside by one: both of its edges turn there at once.
    """
    if not subject.is_judged_by_shape or min(subject.visible_HW.shape) < 3:
        return
    thin_down, thin_right = _thin(subject, 0), _thin(subject, 1)
    packed_HW = subject.packed_HW
    down_locks, marked_HW = _locked(thin_down, packed_HW)
    right_locks, turned_HW = _locked(thin_right, packed_HW)
    marked_HW |= turned_HW
    count = int(np.count_nonzero(marked_HW))
    if down_locks + right_locks < _FEWEST_LOCKS or count < _BANDED_SHARE * subject.visible_count:
        return
    yield LintFinding(
        BANDING,
        f"Bands of shading lie edge to edge along {count} pixels; vary their thickness, or leave one shade out.",
        "warning",
        places(marked_HW),
        min(1.0, count / (3 * _BANDED_SHARE * subject.visible_count)),
    )


def _thin(subject: Subject, axis: int) -> I8:
    """1 or -1 where a pixel lies between a darker and a lighter neighbouring shade along `axis`, else 0; (H, W)."""
    lab_HWC, visible_HW = subject.lab_HWC, subject.visible_HW
    if axis:
        lab_HWC, visible_HW = lab_HWC.swapaxes(0, 1), visible_HW.T
    change_HWC = lab_HWC[1:] - lab_HWC[:-1]
    lightness_HW, size_HW = change_HWC[..., 0], np.abs(change_HWC[..., 0])
    is_step = (size_HW >= _SHADE_STEP[0]) & (size_HW <= _SHADE_STEP[1]) & visible_HW[1:] & visible_HW[:-1]
    is_step &= change_HWC[..., 1] ** 2 + change_HWC[..., 2] ** 2 <= _SAME_HUE**2
    steps_HW = np.where(is_step, np.sign(lightness_HW), 0).astype(np.int8)
    thin_HW = np.zeros(visible_HW.shape, np.int8)
    thin_HW[1:-1] = np.where(steps_HW[1:] == steps_HW[:-1], steps_HW[1:], 0)
    return thin_HW.T if axis else thin_HW


def _locked(thin_HW: I8, packed_HW: npt.NDArray[np.uint32]) -> tuple[int, Bool]:
    """How many thin pixels go on diagonally in the same colour and sense, and which."""
    marked_HW = np.zeros(thin_HW.shape, np.bool_)
    count = 0
    for here, there in (
        ((slice(None, -1), slice(None, -1)), (slice(1, None), slice(1, None))),
        ((slice(1, None), slice(None, -1)), (slice(None, -1), slice(1, None))),
    ):
        lock = (thin_HW[here] != 0) & (thin_HW[here] == thin_HW[there]) & (packed_HW[here] == packed_HW[there])
        count += int(np.count_nonzero(lock))
        marked_HW[here] |= lock
        marked_HW[there] |= lock
    return count, marked_HW


def pillow_shading(subject: Subject) -> Iterator[LintFinding]:
    """Lightness that rises from the outline to the middle all round, whatever side the light comes from.

    Judged behind the outline: its correlation with the distance from the outline must be high for the whole and for
    each half (left, right, upper, lower), and no light from one side may explain it as well.
    """
    visible_HW = subject.visible_HW
    if not subject.is_judged_by_shape or visible_HW.all():
        return
    depth_HW = depths(visible_HW)
    behind_HW = depth_HW >= 2
    if depth_HW.max(initial=0) < _FEWEST_RINGS or np.count_nonzero(behind_HW) < _FEWEST_INSIDE:
        return
    lightness_N, depth_N = subject.lab_HWC[..., 0][behind_HW], depth_HW[behind_HW].astype(np.float64)
    strength = _correlation(depth_N, lightness_N)
    if strength < _WHOLE or lightness_N.std() < _LEAST_CONTRAST:
        return
    rows_N, columns_N = (at - at.mean() for at in np.nonzero(behind_HW))
    halves = (columns_N < 0, columns_N > 0, rows_N < 0, rows_N > 0)
    if min(_correlation(depth_N[half], lightness_N[half]) for half in halves) < _HALF:
        return
    if _explained_by_side(rows_N, columns_N, lightness_N) > _DIRECTED:
        return
    yield LintFinding(
        PILLOW,
        "Pillow shading: it gets lighter from the outline to the middle on every side; choose where the light is.",
        "warning",
        places(behind_HW),
        min(1.0, (strength - _WHOLE) / (0.95 - _WHOLE)),
    )


def depths(visible_HW: Bool) -> npt.NDArray[np.int16]:
    """Steps by a side to the nearest pixel outside: 1 on the outline, 0 outside."""
    depth_HW = np.zeros(visible_HW.shape, np.int16)
    ring_HW = visible_HW
    for _ in range(_MOST_RINGS):
        if not ring_HW.any():
            break
        depth_HW += ring_HW
        ring_HW = inside(ring_HW)
    return depth_HW


def _correlation(one_N: F64, other_N: F64) -> float:
    """Pearson's; 0 where one of them does not vary."""
    if len(one_N) < 2:
        return 0.0
    first_N, second_N = one_N - one_N.mean(), other_N - other_N.mean()
    scale = float(np.sqrt((first_N @ first_N) * (second_N @ second_N)))
    return float(first_N @ second_N) / scale if scale > 1e-12 else 0.0


def _explained_by_side(rows_N: F64, columns_N: F64, lightness_N: F64) -> float:
    """Share of the lightness's variance that a plane explains: 1 for an even light from one side."""
    level_N = lightness_N - lightness_N.mean()
    rr, cc, rc = rows_N @ rows_N, columns_N @ columns_N, rows_N @ columns_N
    rl, cl = rows_N @ level_N, columns_N @ level_N
    determinant, total = rr * cc - rc * rc, level_N @ level_N
    if determinant <= 1e-9 or total <= 1e-12:
        return 1.0
    return float((rl * (cc * rl - rc * cl) + cl * (rr * cl - rc * rl)) / (determinant * total))
