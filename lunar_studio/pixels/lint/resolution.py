"""Off the grid: enlarged art, and pixels of two sizes in one picture.

An exact enlargement is a fact and a note. A warning is what no artist draws: nearly all edges on a grid of two or
more pixels with a few beside it, or rows *and* columns that stand there twice here and there, as after a resize by
a fraction.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from lunar_studio.core.score import LintFinding
from lunar_studio.pixels.grid import upscale_factor
from lunar_studio.pixels.lint.subject import Bool, Subject, places

RULE = "off-grid"
_FACTORS = (2, 3, 4)
# Share of colour changes that lie on one grid, on both axes; by chance it is one in the factor.
_ON_GRID = {2: 0.65, 3: 0.6, 4: 0.6}
_FEWEST_CHANGES = 48
_SMALLEST_SIDE_PX = 16
# So many rows must be doubled, on both axes, and no more than three in five: bricks repeat nearly all of theirs.
_DOUBLED_SHARE = 1 / 12
_FEWEST_DOUBLED = 3
_REPEATED_SHARE = 0.6
_FEWEST_IN_LINE = 3
# Of the rows that are left, so many must differ from all others: a wall is made of a few rows again and again.
_DIFFERENT_SHARE = 0.75


def off_grid(subject: Subject) -> Iterator[LintFinding]:
    """At most one finding."""
    sprite = subject.sprite
    if (factor := upscale_factor(sprite)) > 1:
        yield LintFinding(
            RULE,
            f"Enlarged art: every {factor} × {factor} pixels are one; its true size is "
            f"{sprite.width // factor} × {sprite.height // factor}.",
            "note",
            (),
            1.0,
        )
    elif subject.is_judged_by_shape and min(sprite.width, sprite.height) >= _SMALLEST_SIDE_PX:
        yield from _mixed(subject)


def _mixed(subject: Subject) -> Iterator[LintFinding]:
    packed_HW = subject.packed_HW
    down_HW, right_HW = packed_HW[1:] != packed_HW[:-1], packed_HW[:, 1:] != packed_HW[:, :-1]
    changes_down, changes_right = down_HW.sum(axis=1), right_HW.sum(axis=0)
    if min(changes_down.sum(), changes_right.sum()) < _FEWEST_CHANGES:
        return
    for factor in _FACTORS:
        (down_share, down_phase), (right_share, right_phase) = (
            _on_grid(changes, factor) for changes in (changes_down, changes_right)
        )
        if min(down_share, right_share) >= _ON_GRID[factor]:
            beside_HW = np.zeros_like(subject.visible_HW)
            off_down = down_HW & (np.arange(1, len(down_HW) + 1) % factor != down_phase)[:, None]
            off_right = right_HW & (np.arange(1, right_HW.shape[1] + 1) % factor != right_phase)[None, :]
            beside_HW[1:] |= off_down
            beside_HW[:-1] |= off_down
            beside_HW[:, 1:] |= off_right
            beside_HW[:, :-1] |= off_right
            yield LintFinding(
                RULE,
                f"Pixels of two sizes: most are {factor} × {factor}, those marked are finer.",
                "warning",
                places(beside_HW & subject.visible_HW),
                min(down_share, right_share),
            )
            return
    rows, columns = _doubled(packed_HW, down_HW), _doubled(packed_HW.T, right_HW.T)
    if rows is not None and columns is not None:
        doubled_HW = _with_the_one_before(rows)[:, None] | _with_the_one_before(columns)[None, :]
        yield LintFinding(
            RULE,
            f"Stretched by a fraction: {int(rows.sum())} rows and {int(columns.sum())} columns stand there twice.",
            "warning",
            places(doubled_HW & subject.visible_HW),
            min(1.0, 2.0 * float(min(rows.mean(), columns.mean()))),
        )


def _with_the_one_before(doubled_H: Bool) -> Bool:
    both_H = doubled_H.copy()
    both_H[:-1] |= doubled_H[1:]
    return both_H


def _on_grid(changes: npt.NDArray[np.int64], factor: int) -> tuple[float, int]:
    """The largest share of changes that lie on one grid of `factor`, and where that grid begins."""
    phases = np.bincount(np.arange(1, len(changes) + 1) % factor, weights=changes, minlength=factor)
    return float(phases.max() / changes.sum()), int(phases.argmax())


def _doubled(packed_HW: npt.NDArray[np.uint32], changes_HW: Bool) -> Bool | None:
    """Which rows repeat the one above, alone among their neighbours; None where that says nothing.

    A row counts if it has some life in it; blank and two-coloured rows repeat in any art.
    """
    lively_H = (packed_HW[:, 1:] != packed_HW[:, :-1]).sum(axis=1) >= _FEWEST_IN_LINE
    repeats_H = np.zeros(len(packed_HW), np.bool_)
    repeats_H[1:] = ~changes_HW.any(axis=1) & lively_H[1:]
    lively = int(lively_H.sum())
    if not lively or repeats_H.sum() > _REPEATED_SHARE * lively:
        return None
    # A resize by less than two doubles a row, but never makes three of it.
    alone_H = repeats_H.copy()
    alone_H[1:] &= ~repeats_H[:-1]
    alone_H[:-1] &= ~repeats_H[1:]
    if alone_H.sum() < max(_FEWEST_DOUBLED, _DOUBLED_SHARE * lively):
        return None
    left_H = lively_H & ~repeats_H
    different = len({row.tobytes() for row in packed_HW[left_H]})
    return alone_H if different >= _DIFFERENT_SHARE * left_H.sum() else None
