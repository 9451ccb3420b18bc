"""The index finds what comparing with every sprite finds, with the same distances."""

from __future__ import annotations

import numpy as np
import pytest

from lunar_studio.pixels.likeness.distance import distances
from lunar_studio.pixels.likeness.index import SCANNED, LikenessIndex
from lunar_studio.pixels.likeness.maps import structure_maps
from tests.bench.drawn_art import copies, drawn_art


def test_a_small_library_is_searched_exactly() -> None:
    art = drawn_art(90, seed=1, size=16)
    index = LikenessIndex.of(art)
    assert len(index) == 90
    for query in drawn_art(6, seed=2, size=16):
        true_N = distances(structure_maps(query[None]), index.maps)[0]
        found, apart = index.nearest(query, 7)
        order = np.lexsort((np.arange(90), true_N))[:7]
        assert found.tolist() == order.tolist()
        assert apart == pytest.approx(true_N[order], abs=1e-6)


@pytest.mark.slow
def test_disguised_copies_are_found_among_thousands() -> None:
    art = drawn_art(SCANNED + 1000, seed=3)
    index = LikenessIndex.of(art)
    chosen = np.arange(0, len(art), 150)
    disguised = copies(art[chosen], seed=4)
    nearest = [index.nearest(sprite, 1) for sprite in disguised]
    own = [
        float(distances(structure_maps(sprite[None]), structure_maps(art[at][None]))[0, 0])
        for sprite, at in zip(disguised, chosen, strict=True)
    ]
    # What comes first is the original, or something nearer still.
    found = [apart[0] <= known + 1e-6 for (_, apart), known in zip(nearest, own, strict=True)]
    assert np.mean(found) >= 0.95


def test_more_than_there_are_gives_all_and_less_than_one_is_refused() -> None:
    art = drawn_art(5, seed=5, size=8)
    index = LikenessIndex.of(art)
    found, apart = index.nearest(art[3], 12)
    assert sorted(found.tolist()) == [0, 1, 2, 3, 4]
    assert found[0] == 3
    assert (np.diff(apart) >= 0).all()
    with pytest.raises(ValueError, match="cannot find 0"):
        index.nearest(art[0], 0)
    with pytest.raises(ValueError, match="do not fit"):
        index.nearest(drawn_art(1, seed=5, size=16)[0], 1)


def test_many_equal_sprites_do_not_crowd_out_the_count() -> None:
    art = np.repeat(drawn_art(1, seed=6, size=8), 1300, axis=0)
    found, apart = LikenessIndex.of(art).nearest(art[0], 4)
    assert found.tolist() == [0, 1, 2, 3]
    assert apart.tolist() == [0.0] * 4
