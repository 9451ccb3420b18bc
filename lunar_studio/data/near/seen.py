"""Which pairs were looked at already: a table of fixed size that forgets some and makes none up."""

from __future__ import annotations

import numpy as np

from lunar_studio.data.near.views import I64, U64, Bool

_PLACES = 8
_FEWEST_BITS, _MOST_BITS = 4, 23
# For so many pairs of each sprite there is room, up to 256 MiB in all.
_ROOM = 64


class Seen:
    """Remembers numbers below `bound` squared, as far as there is room; what it forgets is only looked at again.

    Each number has a row of eight places, which follows from it, and is told apart from others of that row by the
    rest of its bits; so nothing is ever taken for another.
    """

    def __init__(self, bound: int, sprites: int) -> None:
        self._bits = 2 * max(int(bound - 1).bit_length(), _FEWEST_BITS)
        wanted = int(_ROOM * sprites // _PLACES).bit_length()
        self._row_bits = min(max(wanted, _FEWEST_BITS, self._bits - 31), _MOST_BITS)
        self._table = np.zeros((1 << self._row_bits, _PLACES), np.uint32)

    def fresh(self, numbers: I64) -> I64:
        """Those of some different numbers that are not remembered, in the same order; they are from now on."""
        mixed = self._mixed(numbers.astype(np.uint64))
        rows = (mixed & np.uint64((1 << self._row_bits) - 1)).astype(np.int64)
        tags = (mixed >> np.uint64(self._row_bits)).astype(np.uint32) + np.uint32(1)
        held = self._table[rows]
        new: Bool = ~(held == tags[:, None]).any(axis=1)
        rows, tags, held = rows[new], tags[new], held[new]
        free = held == 0
        place = free.argmax(axis=1)
        # Of two that ask for one place the later has it, and where none is free nothing is kept.
        room = free[np.arange(len(place)), place]
        self._table[rows[room], place[room]] = tags[room]
        return numbers[new]

    def _mixed(self, numbers: U64) -> U64:
        """Another number of as many bits for each; no two become one, for each step can be undone."""
        mask = np.uint64((1 << self._bits) - 1)
        half = np.uint64(self._bits // 2)
        mixed = numbers * np.uint64(0x9E3779B97F4A7C15) & mask
        mixed ^= mixed >> half
        mixed = mixed * np.uint64(0xBF58476D1CE4E5B9) & mask
        mixed ^= mixed >> half
        return mixed
