"""Jaggies: a line of the silhouette that breaks its step.

Runs along a clean line grow or shrink steadily, or alternate between two neighbouring lengths: 4-3-2-1, 2-1-2-1.
A run that is two or more shorter than *both* its neighbours, as in 3-1-3, is a step that came too early; two or more
longer, as in 2-4-2 between runs that are no stairs of single pixels, one that came too late. Fur, flames and teeth
break their steps too, on purpose. So a finding needs strong evidence: it is the only break of its line, moving one
step by one pixel leaves a line (nearly) without, its mirror image on the other side has no such break, and there are
few of them in the sprite.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from lunar_studio.core.score import LintFinding
from lunar_studio.pixels.lint.contour import Run, lines
from lunar_studio.pixels.lint.subject import Subject, places

RULE = "jaggies"
# Opposite changes of this many pixels are a break.
_BREAK_PX = 2
# How uneven a line may still be once its step is moved.
_EVEN_ENOUGH = 1
# More than this are a texture.
_MOST = 3


def jaggies(subject: Subject) -> Iterator[LintFinding]:
    """At most one finding, with the pixels of every broken step."""
    visible_HW = subject.visible_HW
    if not subject.is_judged_by_shape or visible_HW.all():
        return
    found = [broken for line in lines(visible_HW) if (broken := _broken(line)) is not None]
    spots = [frozenset(run.pixels) for run, _, _ in found]
    columns = np.flatnonzero(visible_HW.any(axis=0))
    rows = np.flatnonzero(visible_HW.any(axis=1))
    kept = [at for at, spot in enumerate(spots) if not _has_twin(spot, spots, columns, rows)]
    if not 0 < len(kept) <= _MOST:
        return
    marked_HW = np.zeros_like(visible_HW)
    for at in kept:
        for x, y in spots[at]:
            marked_HW[y, x] = True
    _, lengths, middle = found[kept[0]]
    steps = "-".join(str(length) for length in lengths[max(0, middle - 2) : middle + 3])
    where = "A line breaks its step" if len(kept) == 1 else f"{len(kept)} lines break their step"
    yield LintFinding(
        RULE,
        f"{where}: {steps} pixels; moving one of them would make it even.",
        "warning",
        places(marked_HW),
        len(kept) / _MOST,
    )


def _broken(line: Sequence[Run]) -> tuple[Run, list[int], int] | None:
    """The run that breaks the step of a line, the lengths of all its runs, and which one it is."""
    lengths = [run.length for run in line]
    early = [at for at in range(1, len(line) - 1) if _sticks_out(lengths, at, -1)]
    # The ends go round a corner and may be longer than they look, so a long run must not lean on one.
    late = [at for at in range(2, len(line) - 2) if _sticks_out(lengths, at, 1)]
    if len(early) + len(late) != 1:
        return None
    (at,) = early or late
    if late and min(lengths[at - 1], lengths[at + 1]) < _BREAK_PX:
        return None
    allowed = 0 if late else _EVEN_ENOUGH
    return (line[at], lengths, at) if _unevenness_mended(lengths, at) <= allowed else None


def _sticks_out(lengths: Sequence[int], at: int, sign: int) -> bool:
    before, after = sign * (lengths[at] - lengths[at - 1]), sign * (lengths[at] - lengths[at + 1])
    return before >= _BREAK_PX and after >= _BREAK_PX


def unevenness(lengths: Sequence[int]) -> int:
    """How far lengths go back and forth, in pixels: 0 for a line that only grows, or only shrinks."""
    changes = [after - before for before, after in pairwise(lengths)]
    return sum(min(abs(one), abs(two)) for one, two in pairwise(changes) if one * two < 0)


def _unevenness_mended(lengths: Sequence[int], at: int) -> int:
    """The least unevenness after moving one step beside run `at` by one pixel."""
    tries = []
    for other in (at - 1, at + 1):
        for shift in (-1, 1):
            moved = list(lengths)
            moved[at] += shift
            moved[other] -= shift
            if min(moved) > 0:
                tries.append(unevenness(moved))
    return min(tries)


def _has_twin(
    spot: frozenset[tuple[int, int]],
    spots: Sequence[frozenset[tuple[int, int]]],
    columns: Sequence[int] | np.ndarray[tuple[int, ...], np.dtype[np.int64]],
    rows: Sequence[int] | np.ndarray[tuple[int, ...], np.dtype[np.int64]],
) -> bool:
    """Whether the sprite's other half has the same break: then it is drawn so."""
    across, down = int(columns[0] + columns[-1]), int(rows[0] + rows[-1])
    mirrored = (frozenset((across - x, y) for x, y in spot), frozenset((x, down - y) for x, y in spot))
    return any(twin in spots and twin != spot for twin in mirrored)
