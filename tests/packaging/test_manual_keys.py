"""The manual's table of keys is what the action table says."""

import manual_keys
import pytest

from lunar_studio.session.actions import ACTIONS


def test_the_manual_has_the_table_of_today() -> None:
    page = manual_keys.PAGE.read_text(encoding="utf-8")
    assert manual_keys.with_table(page) == page, "run .venv/bin/python packaging/manual_keys.py"


def test_every_key_is_in_the_table() -> None:
    table = manual_keys.keys_table()
    zooms = {f"zoom-{factor}" for factor in range(1, 10)}
    keys = {action.shortcut for action in ACTIONS if action.shortcut and action.id not in zooms}
    assert keys
    assert all(f"| `{key}` |" in table for key in keys)
    assert "`1` to `9`" in table


def test_a_page_without_its_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="lacks"):
        manual_keys.with_table("# Manual")
