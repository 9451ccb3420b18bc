"""The split: no family straddles, neither side is empty, the same seed gives the same split."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.data.split import Groups, families, is_validation

SIZES = st.lists(st.integers(1, 12), min_size=1, max_size=30)


def _numbered(sizes: list[int]) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.int64]], list[str]]:
    family = np.repeat(np.arange(len(sizes)), sizes)
    return family.astype(np.int64), [f"sprite {number}" for number in range(len(family))]


@given(SIZES, st.floats(0.01, 0.5), st.integers(0, 5))
def test_no_family_straddles_and_no_side_is_empty(sizes: list[int], share: float, seed: int) -> None:
    family, names = _numbered(sizes)
    split = is_validation(family, names, share=share, seed=seed)
    for number in range(len(sizes)):
        assert len(set(split[family == number].tolist())) == 1
    if len(sizes) >= 2:
        assert 0 < split.sum() < len(split)
    else:
        assert not split.any()
    assert np.array_equal(split, is_validation(family, names, share=share, seed=seed))


@given(SIZES, st.floats(0.0, 0.5))
def test_the_share_is_never_exceeded_by_more_than_one_family(sizes: list[int], share: float) -> None:
    family, names = _numbered(sizes)
    split = is_validation(family, names, share=share)
    assert split.sum() <= max(round(share * len(names)), min(sizes))


def test_the_share_is_met_closely_and_seeds_differ() -> None:
    family, names = _numbered([1, 2, 3] * 100)
    splits = [is_validation(family, names, share=0.1, seed=seed) for seed in range(4)]
    assert all(split.sum() == 60 for split in splits)
    assert len({split.tobytes() for split in splits}) == 4


def test_more_art_changes_the_side_of_few() -> None:
    family, names = _numbered([2] * 400)
    before = is_validation(family[:760], names[:760])
    after = is_validation(family, names)[:760]
    assert (before != after).sum() < 0.03 * 760


@given(
    st.lists(st.lists(st.sampled_from("abcdef"), max_size=3), min_size=1, max_size=12),
    st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=6),
)
def test_sharing_a_key_or_a_pair_is_being_in_one_family(keys: list[list[str]], pairs: list[tuple[int, int]]) -> None:
    pairs = [(one, other) for one, other in pairs if max(one, other) < len(keys)]
    found = families(keys, pairs)
    for one in range(len(keys)):
        for other in range(len(keys)):
            if set(keys[one]) & set(keys[other]) or (one, other) in pairs:
                assert found[one] == found[other]
    # No more is joined than that: as many families as there are connected parts.
    links = np.eye(len(keys), dtype=bool)
    for one in range(len(keys)):
        for other in range(len(keys)):
            links[one, other] |= bool(set(keys[one]) & set(keys[other]))
    for one, other in pairs:
        links[one, other] = links[other, one] = True
    reach = np.linalg.matrix_power(links.astype(float), len(keys)) > 0
    assert len(set(found.tolist())) == len({row.tobytes() for row in reach})


def test_groups_are_numbered_in_order() -> None:
    groups = Groups(5)
    groups.join(4, 1)
    groups.join(3, 2)
    assert groups.labels().tolist() == [0, 1, 2, 2, 1]


def test_nonsense_is_refused() -> None:
    family, names = _numbered([1, 1])
    with pytest.raises(ValueError, match="share"):
        is_validation(family, names, share=1.5)
    with pytest.raises(ValueError, match="share"):
        is_validation(family, names[:1])
