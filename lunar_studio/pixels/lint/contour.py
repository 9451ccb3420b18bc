"""The silhouette's outline as runs: what a pixel artist counts along an edge.

An edge that descends 3, 2, 2, 1 pixels at a time is a line of runs 3-2-2-1. The outline is followed along the
cracks between pixels, with the inside at the right hand; pixels that touch by a corner are of one shape.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lunar_studio.pixels.lint.subject import Bool

# Directions along cracks: right, down, left, up.
_STEP = ((0, 1), (1, 0), (0, -1), (-1, 0))
# The pixel at the right hand of a crack that begins at a corner, relative to that corner.
_INSIDE = ((0, 0), (0, -1), (-1, -1), (-1, 0))

_SHORTEST_OUTLINE = 16
_FEWEST_RUNS = 4

Corner = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Run:
    """Cracks in one direction.

    Attributes:
        direction: 0 right, 1 down, 2 left, 3 up.
        start: Row and column of the corner where it begins.
        length: In pixels.
    """

    direction: int
    start: Corner
    length: int

    @property
    def pixels(self) -> list[tuple[int, int]]:
        """(x, y) of the pixels inside along it."""
        (down, right), (row, column) = _STEP[self.direction], self.start
        row, column = row + _INSIDE[self.direction][0], column + _INSIDE[self.direction][1]
        return [(column + right * at, row + down * at) for at in range(self.length)]


def lines(visible_HW: Bool) -> Iterator[list[Run]]:
    """Every line of a silhouette: runs in one direction, each one pixel beside the one before, at least four.

    The first and the last run of a line may go on round a corner, so that they say less than those between.
    """
    for outline in _outlines(visible_HW):
        if len(outline) >= _SHORTEST_OUTLINE:
            runs = _runs(outline)
            yield from _lines(runs, 0)
            yield from _lines(runs, 1)


def _outlines(visible_HW: Bool) -> Iterator[list[tuple[int, Corner]]]:
    """Closed ways along cracks: direction and corner of each."""
    ways = _cracks(visible_HW)
    while ways:
        corner = next(iter(ways))
        direction = ways[corner][0]
        outline: list[tuple[int, Corner]] = []
        while corner in ways:
            choices = ways[corner]
            # Where two shapes touch by a corner, the left turn crosses over to the other: they are one.
            left = (direction - 1) % 4
            direction = left if left in choices else choices[0]
            choices.remove(direction)
            if not choices:
                del ways[corner]
            outline.append((direction, corner))
            corner = (corner[0] + _STEP[direction][0], corner[1] + _STEP[direction][1])
        yield outline


def _cracks(visible_HW: Bool) -> dict[Corner, list[int]]:
    """From each corner, the directions that lead on with the inside at the right."""
    height, width = visible_HW.shape
    framed = np.zeros((height + 2, width + 2), np.bool_)
    framed[1:-1, 1:-1] = visible_HW
    inner = framed[1:-1, 1:-1]
    edges = (
        (inner & ~framed[:-2, 1:-1], 0, 0),
        (inner & ~framed[1:-1, 2:], 0, 1),
        (inner & ~framed[2:, 1:-1], 1, 1),
        (inner & ~framed[1:-1, :-2], 1, 0),
    )
    ways: dict[Corner, list[int]] = {}
    for direction, (edge_HW, down, right) in enumerate(edges):
        rows, columns = np.nonzero(edge_HW)
        for corner in zip((rows + down).tolist(), (columns + right).tolist(), strict=True):
            ways.setdefault(corner, []).append(direction)
    return ways


def _runs(outline: list[tuple[int, Corner]]) -> list[Run]:
    """The outline's runs, beginning where the direction changes."""
    turns = [at for at in range(len(outline)) if outline[at][0] != outline[at - 1][0]]
    return [
        Run(*outline[turn], (turns[(number + 1) % len(turns)] - turn) % len(outline))
        for number, turn in enumerate(turns)
    ]


def _lines(runs: list[Run], axis: int) -> Iterator[list[Run]]:
    """Lines whose runs lie along `axis` (0 across, 1 down), with steps of one pixel between them."""
    along = [at for at, run in enumerate(runs) if run.direction % 2 == axis]
    count = len(along)
    # Whether run n goes on in run n + 1, and to which side.
    steps = [
        runs[(at + 1) % len(runs)].direction
        if runs[at].direction == runs[along[(number + 1) % count]].direction and runs[(at + 1) % len(runs)].length == 1
        else -1
        for number, at in enumerate(along)
    ]
    begins = [number for number in range(count) if steps[number] >= 0 and steps[number - 1] != steps[number]]
    for begin in begins:
        line = [runs[along[begin]]]
        number = begin
        while steps[number] == steps[begin] and len(line) <= count:
            number = (number + 1) % count
            line.append(runs[along[number]])
        if len(line) >= _FEWEST_RUNS:
            yield line
