"""Watches whether the teacher's experts share the work, or one has taken it all."""

from __future__ import annotations

# The founding card's bounds: one expert above 90 % for 200 steps in which the teacher learns.
LARGEST_SHARE = 0.9
PATIENCE_STEPS = 200


class CollapseWatch:
    """Counts steps in which one expert had nearly the whole gate."""

    def __init__(self) -> None:
        self._steps = 0

    def saw(self, shares: tuple[float, ...]) -> bool:
        """Note the shares of a step; says True once the experts have collapsed, then begins to count anew.

        Args:
            shares: Mean gate weights; empty when the teacher did not learn, which neither counts nor resets.
        """
        if len(shares) < 2:
            return False
        self._steps = self._steps + 1 if max(shares) > LARGEST_SHARE else 0
        if self._steps < PATIENCE_STEPS:
            return False
        self._steps = 0
        return True
