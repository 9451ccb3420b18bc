"""The nearest of each family, as ordering everything would find them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.pixels.likeness.families import nearest_families


def by_ordering_all(apart_N: np.ndarray, families_N: np.ndarray, count: int) -> list[int]:
    seen: dict[int, int] = {}
    for at in np.argsort(apart_N, kind="stable").tolist():
        seen.setdefault(int(families_N[at]), at)
    return list(seen.values())[:count]


@given(st.integers(0, 10_000), st.integers(0, 400), st.integers(1, 40), st.integers(1, 6))
def test_it_finds_what_ordering_everything_finds(seed: int, sprites: int, families: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    apart_N = (rng.integers(0, 20, sprites) / 20).astype(np.float32)  # with many equals
    families_N = rng.integers(0, families, sprites).astype(np.int32)
    assert nearest_families(apart_N, families_N, count).tolist() == by_ordering_all(apart_N, families_N, count)


@pytest.mark.parametrize("sprites", [1, 64, 65, 5000])
def test_one_large_family_in_front_hides_no_other(sprites: int) -> None:
    apart_N = np.linspace(0, 1, sprites + 2, dtype=np.float32)
    families_N = np.array([0] * sprites + [1, 2], np.int32)
    assert nearest_families(apart_N, families_N, 3).tolist() == [0, sprites, sprites + 1]
