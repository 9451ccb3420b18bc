"""Families of sprites, and a split into training and validation that leaks nothing.

A family is everything that shares a table's `group` or `family`, a file-name stem, or a near copy, in any
chain of such links. A family is wholly in training or wholly in validation.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


class Groups:
    """Union-find over the numbers 0 to count - 1."""

    def __init__(self, count: int) -> None:
        self._parents = list(range(count))

    def find(self, item: int) -> int:
        """The representative of the group that `item` is in."""
        parents = self._parents
        while parents[item] != item:
            parents[item] = parents[parents[item]]
            item = parents[item]
        return item

    def join(self, first: int, second: int) -> bool:
        """Make one group of the two; the smaller number represents it. Returns whether they were two."""
        first, second = self.find(first), self.find(second)
        self._parents[max(first, second)] = min(first, second)
        return first != second

    def roots(self) -> I64:
        """For each item what `find` gives, int64, shape (count,)."""
        roots_N = np.array(self._parents, np.int64)
        while not np.array_equal(nearer_N := roots_N[roots_N], roots_N):
            roots_N = nearer_N
        return roots_N

    def labels(self) -> I64:
        """For each item the number of its group; groups are numbered from 0 in order of their first item."""
        return np.unique(self.roots(), return_inverse=True)[1].astype(np.int64).reshape(-1)


def families(keys: Sequence[Iterable[str]], pairs: Iterable[tuple[int, int]] = ()) -> I64:
    """Number the families: sprites that share a key, or are a near-copy pair, are in one.

    Args:
        keys: For each sprite the keys it has.
        pairs: Near copies, by position.

    Returns:
        int64, shape (sprites,); families are numbered from 0 in order of their first sprite.
    """
    groups = Groups(len(keys))
    first_with: dict[str, int] = {}
    for position, own in enumerate(keys):
        for key in own:
            groups.join(first_with.setdefault(key, position), position)
    for first, second in pairs:
        groups.join(first, second)
    return groups.labels()


def is_validation(family_N: I64, names: Sequence[str], *, share: float = 0.1, seed: int = 0) -> Bool:
    """Which sprites validate: whole families, about `share` of all sprites.

    Families are taken in the order of a hash of the seed and the family's first name, so that more art
    changes the side of few sprites. With two families or more neither side is empty.

    Args:
        family_N: Family of each sprite, shape (sprites,).
        names: Name of each sprite, unique.
        share: Part of all sprites wanted, 0 to 1.
        seed: Another seed, another split.

    Raises:
        ValueError: `share` is outside 0 to 1, or the lengths differ.
    """
    if not 0.0 <= share <= 1.0 or len(names) != len(family_N):
        raise ValueError(f"share is 0 to 1 and each sprite has a name, not {share}, {len(names)}, {len(family_N)}")
    chosen = np.zeros(len(names), np.bool_)
    found, first, sizes = np.unique(family_N, return_index=True, return_counts=True)
    if len(found) < 2 or share == 0.0:
        return chosen
    order = sorted(range(len(found)), key=lambda at: _hash(seed, names[int(first[at])]))
    # One family at least stays on each side, whatever the share.
    target = min(max(round(share * len(names)), 1), len(names) - int(sizes.min()))
    taken: list[int] = []
    total = 0
    for at in order:
        if total + int(sizes[at]) <= target:
            taken.append(at)
            total += int(sizes[at])
    if not taken:
        taken = [min(order, key=lambda at: int(sizes[at]))]
    return np.isin(family_N, found[taken])


def _hash(seed: int, name: str) -> bytes:
    return hashlib.blake2b(f"{seed}:{name}".encode("utf-8", "backslashreplace"), digest_size=8).digest()
