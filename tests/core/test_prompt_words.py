"""Words of prompts: what is unknown, what to try, and how candidates are ranked."""

from __future__ import annotations

import math
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from lunar_studio.core.prompt_words import examples, ranking, unknown_words, words_of

WORDS = ("dungeon", "tile", "monster", "item", "weapon", "wall", "player", "figure")
_values = st.floats(-1, 1) | st.just(math.nan)


def test_unknown_words_are_told_once_and_in_order() -> None:
    assert unknown_words("a Zebra on the wall, zebra and yak", frozenset(WORDS)) == ("zebra", "yak")
    assert unknown_words("the of", frozenset(WORDS)) == ()


def test_examples_are_of_the_vocabulary_but_not_the_most_frequent() -> None:
    assert examples(WORDS) == ("monster", "weapon", "figure")
    assert examples(("only",)) == ("only",)
    assert examples(()) == ()
    assert all(words_of(word) == [word] for word in examples(WORDS))


@given(st.lists(st.tuples(_values, st.floats(0, 100) | st.just(math.nan)), max_size=20))
def test_the_ranking_is_by_fit_then_score_and_loses_nobody(pairs: list[tuple[float, float]]) -> None:
    fits, scores = [fit for fit, _ in pairs], [score for _, score in pairs]
    order = ranking(fits, scores)
    assert sorted(order) == list(range(len(pairs)))
    ranked = [pairs[index] for index in order]
    for (fit, score), (next_fit, next_score) in pairwise(ranked):
        if math.isnan(fit):
            assert math.isnan(next_fit)
        elif not math.isnan(next_fit):
            assert round(fit, 2) >= round(next_fit, 2)
            if round(fit, 2) == round(next_fit, 2) and not math.isnan(next_score):
                assert score >= next_score


def test_equal_to_the_hundredth_goes_by_score() -> None:
    assert ranking([0.501, 0.503, 0.2, math.nan], [40, 30, 99, 100]) == (0, 1, 2, 3)
