"""Jaggies: a line of the silhouette that breaks its step.

Runs along a clean line grow or shrink steadily, or alternate between two neighbouring lengths: 4-3-2-1, 2-1-2-1.
A run that is two or more shorter than *both* its neighbours, as in 3-1-3, is a step that came too early; two or more
longer, as in 2-4-2 between runs that are no stairs of single pixels, one that came too late. Fur, flames and teeth
break their steps too, on purpose. So a finding needs strong evidence: it is the only break of its line, or up
to three steps of it came too early; moving each by a pixel or two leaves a line (nearly) without; its mirror image on
the other side has no such break; and there are few of them in the sprite.
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
# More than this are a texture: lines of a sprite that are broken, steps of a line that came too early.
_MOST = 3
# A line of so many runs says for sure what its step is.
_SURE_RUNS = 6
# So many runs, all but two of them alike, are a straight line.
_STRAIGHT_RUNS = 7
# How far a step is moved where several of a line came too early.
_MOVES = (1, 2)


def jaggies(subject: Subject) -> Iterator[LintFinding]:
    """At most one finding, with the pixels of every broken step."""
    visible_HW = subject.visible_HW
    if not subject.is_judged_by_shape or visible_HW.all():
        return
    found = [broken for line in lines(visible_HW) if (broken := _broken(line)) is not None]
    spots = [frozenset(pixel for run in runs for pixel in run.pixels) for runs, _, _ in found]
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


def _broken(line: Sequence[Run]) -> tuple[tuple[Run, ...], list[int], int] | None:
    """The runs that break the step of a line, the lengths of all its runs, and which of them is the first."""
    lengths = [run.length for run in line]
    early = [at for at in range(1, len(line) - 1) if _sticks_out(lengths, at, -1)]
    # The ends go round a corner and may be longer than they look, so a long run must not lean on one.
    late = [at for at in range(2, len(line) - 2) if _sticks_out(lengths, at, 1)]
    if 1 < len(early) <= _MOST and len(late) <= len(early):
        # The run beside one that came too early is too long; that is no break of its own. Every other run is teeth.
        are_teeth = any(after - before <= 2 for before, after in pairwise(early))
        is_even = unevenness(_moved(lengths, early)) <= _EVEN_ENOUGH
        return (tuple(line[at] for at in early), lengths, early[0]) if is_even and not are_teeth else None
    if len(early) == len(late) == 1 and _is_slip(lengths, early[0], late[0]):
        return (line[early[0]],), lengths, early[0]
    if len(early) + len(late) != 1:
        return None
    (at,) = early or late
    if late and min(lengths[at - 1], lengths[at + 1]) < _BREAK_PX:
        return None
    allowed = 0 if late else _EVEN_ENOUGH
    return ((line[at],), lengths, at) if _unevenness_mended(lengths, at) <= allowed else None


def _sticks_out(lengths: Sequence[int], at: int, sign: int) -> bool:
    before, after = sign * (lengths[at] - lengths[at - 1]), sign * (lengths[at] - lengths[at + 1])
    return before >= _BREAK_PX and after >= _BREAK_PX


def unevenness(lengths: Sequence[int]) -> int:
    """How far lengths go back and forth, in pixels: 0 for a line that only grows, or only shrinks."""
    changes = [after - before for before, after in pairwise(lengths)]
    return sum(min(abs(one), abs(two)) for one, two in pairwise(changes) if one * two < 0)


def _is_slip(lengths: Sequence[int], early: int, late: int) -> bool:
    """Whether a step of a straight line slipped, so that one run is too short and the run beside it too long."""
    inner = [length for at, length in enumerate(lengths) if 0 < at < len(lengths) - 1 and at not in (early, late)]
    is_straight = len(lengths) >= _STRAIGHT_RUNS and max(inner) - min(inner) <= _EVEN_ENOUGH
    return abs(early - late) == 1 and is_straight and _unevenness_mended(lengths, early) == 0


def _moved(lengths: Sequence[int], early: Sequence[int]) -> list[int]:
    """The lengths after each early step, one by one, has been moved to where the line is least uneven."""
    now = list(lengths)
    for at in early:
        tries = []
        for other in (at - 1, at + 1):
            for shift in _MOVES:
                moved = list(now)
                moved[at] += shift
                moved[other] -= shift
                if moved[other] > 0:
                    tries.append(moved)
        now = min(tries, key=unevenness, default=now)
    return now


def _unevenness_mended(lengths: Sequence[int], at: int) -> int:
    """The least unevenness after moving one step beside run `at` by a pixel.

    By two pixels only in a line long enough to be sure of, and if nothing at all is left uneven.
    """
    by_one = min(_unevenness_after(lengths, at, 1))
    if by_one > _EVEN_ENOUGH and len(lengths) >= _SURE_RUNS and 0 in _unevenness_after(lengths, at, 2):
        return 0
    return by_one


def _unevenness_after(lengths: Sequence[int], at: int, move_px: int) -> list[int]:
    """Unevenness for each way to move a step beside run `at`; a run that is too short cannot give."""
    found = []
    for other in (at - 1, at + 1):
        for shift in (-move_px, move_px):
            moved = list(lengths)
            moved[at] += shift
            moved[other] -= shift
            if min(moved) > 0:
                found.append(unevenness(moved))
    return found


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
