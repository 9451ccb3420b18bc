"""The page of training figures: every part has its place, and keeps its neighbours."""

from __future__ import annotations

import importlib.util

import pytest

from tests.bench.train_page import PAGE, PARTS, with_part


def test_every_part_has_its_place_and_a_bench() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for part, (module, *_) in PARTS.items():
        made = with_part(page, part, "figures of today")
        assert "figures of today" in made
        assert importlib.util.find_spec(module) is not None


def test_a_part_leaves_the_others_alone() -> None:
    page = with_part(with_part(PAGE.read_text(encoding="utf-8"), "memory", "figures of old"), "plots", "two")
    again = with_part(page, "memory", "three")
    assert "figures of old" in page
    assert "figures of old" not in again
    assert "two" in again


def test_a_page_without_the_mark_is_refused() -> None:
    with pytest.raises(ValueError, match="lacks"):
        with_part("# Nothing", "memory", "one")
