"""Answers: what JSON can hold, and tables for people."""

from __future__ import annotations

import json
import math
from pathlib import Path, PurePosixPath

import numpy as np
import pytest

from lunar_studio.cli.answer import Answer, plain, print_answer, table, to_json
from lunar_studio.core.score import ExpertScore, LintFinding, Score


def test_json_holds_what_commands_have_to_say() -> None:
    value = {
        "score": Score(math.nan, (ExpertScore("outline", 1.0, 50.0),)),
        "finding": LintFinding("orphan-pixel", "alone", "note", ((1, 2),)),
        "path": PurePosixPath("a/b"),
        "numpy": np.float32(0.5),
        "whole": np.int64(3),
        "infinite": [math.inf, -math.inf],
        "flag": True,
        "words": {"only"},
        1: None,
    }
    assert json.loads(to_json(value)) == {
        "score": {"value": None, "experts": [{"name": "outline", "gate": 1.0, "value": 50.0}]},
        "finding": {
            "rule": "orphan-pixel",
            "message": "alone",
            "severity": "note",
            "pixels": [[1, 2]],
            "extent": 0.0,
            "fix": "",
        },
        "path": "a/b",
        "numpy": 0.5,
        "whole": 3,
        "infinite": [None, None],
        "flag": True,
        "words": ["only"],
        "1": None,
    }


def test_what_json_cannot_hold_is_our_own_mistake() -> None:
    with pytest.raises(TypeError, match="object cannot be said"):
        plain(object())


def test_json_is_plain_ascii_whatever_the_terminal() -> None:
    assert to_json("drachenfürst ×").isascii()


@pytest.mark.parametrize(("as_json", "printed"), [(False, "seven\n"), (True, '{\n  "count": 7\n}\n')])
def test_text_or_document(as_json: bool, printed: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_answer(Answer("seven", {"count": 7}), as_json=as_json)
    assert capsys.readouterr().out == printed


def test_an_answer_that_was_streamed_prints_nothing_more(capsys: pytest.CaptureFixture[str]) -> None:
    for as_json in (False, True):
        print_answer(Answer(document=None), as_json=as_json)
    assert capsys.readouterr().out == ""


def test_table_aligns_columns_and_leaves_no_blanks_at_the_end() -> None:
    rows = [["score", "file"], ["7", "a.png"], ["100", str(Path("b") / "c.png")]]
    assert table(rows, right=frozenset({0})) == "score  file\n    7  a.png\n  100  b/c.png"
