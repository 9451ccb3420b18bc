"""Choosing fewer: as many as wanted, spread out, families whole."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.evaluation.choice import evenly, whole_families


@given(st.integers(1, 500), st.integers(1, 600))
def test_evenly_takes_as_many_as_wanted_from_first_to_last(count: int, wanted: int) -> None:
    chosen = evenly(count, wanted)
    assert len(chosen) == len(set(chosen.tolist())) == min(count, wanted)
    assert chosen[0] == 0
    assert wanted == 1 or chosen[-1] == count - 1
    assert len(chosen) < 2 or np.ptp(np.diff(chosen)) <= 1


@given(st.lists(st.integers(0, 9), min_size=1, max_size=60), st.integers(1, 60), st.integers(0, 99))
def test_families_are_whole_but_for_the_last(families: list[int], wanted: int, seed: int) -> None:
    family_N = np.array(families)
    chosen = whole_families(family_N, wanted, seed)
    assert len(chosen) == len(set(chosen.tolist())) == min(len(families), wanted)
    assert (np.diff(chosen) > 0).all()
    taken = [int((family_N[chosen] == family).sum()) for family in set(families)]
    complete = [int((family_N == family).sum()) for family in set(families)]
    assert sum(0 < some < whole for some, whole in zip(taken, complete, strict=True)) <= 1
    assert np.array_equal(chosen, whole_families(family_N, wanted, seed))
