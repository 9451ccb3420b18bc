"""Short forms of the soak: once each what can be tried in this process, and the page it writes."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.soak import training


@pytest.mark.parametrize("name", ["nan", "disk"])
def test_one_try_survives(tmp_path: Path, name: str) -> None:
    result = training.TRIALS[name](tmp_path, 1, random.Random(3))
    assert (result.tries, result.survived) == (1, 1)


def test_results_go_between_the_marks_of_the_page() -> None:
    page = training.PAGE.read_text(encoding="utf-8")
    made = training.table([training.Result("a kill", 3, 2, "something")])
    written = training.with_results(page, made)
    assert "| a kill | 3 | 2 | something |" in written
    assert training.with_results(written, made) == written
    with pytest.raises(ValueError, match="lacks"):
        training.with_results("nothing", made)
