"""The action table: unique ids and keys, words that teach."""

import re
from collections import Counter
from typing import get_args

import pytest

from lunar_studio.session.actions import ACTIONS, MENUS, Action, EnabledWhen, action

KEY = re.compile(r"((Ctrl|Shift|Alt)\+)*(F\d{1,2}|[A-Z0-9]|Space|Escape|Home|Delete)")


def repeated(values: list[str]) -> list[str]:
    """Values that are there more than once."""
    return [value for value, count in Counter(values).items() if count > 1]


def test_ids_titles_and_shortcuts_are_unique() -> None:
    assert repeated([known.id for known in ACTIONS]) == []
    assert repeated([known.title for known in ACTIONS]) == []
    assert repeated([known.shortcut for known in ACTIONS if known.shortcut]) == []


@pytest.mark.parametrize("known", ACTIONS, ids=lambda known: known.id)
def test_every_action_is_well_formed(known: Action) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", known.id)
    assert known.title[0].isupper()
    assert not known.title.endswith((".", " "))
    assert known.tip.endswith(".")
    assert known.tip[0].isupper()
    assert len(known.tip) > len(known.title)
    assert known.menu in MENUS
    assert known.enabled_when in get_args(EnabledWhen)
    assert not known.shortcut or KEY.fullmatch(known.shortcut)
    assert known.icon == "" or re.fullmatch(r"[a-z]+(-[a-z]+)*", known.icon)


def test_the_keys_of_the_design_are_there() -> None:
    keys = {known.shortcut: known.id for known in ACTIONS}
    assert keys["Space"] == "re-roll"
    assert keys["K"] == "bookmark"
    assert keys["X"] == "before-after"
    assert keys["Ctrl+K"] == "command-palette"
    assert keys["Ctrl+Z"] == "undo"
    assert keys["Ctrl+Y"] == "redo"
    assert keys["Ctrl+E"] == "export-sheet"
    assert keys["F1"] == "help"
    assert [keys[str(factor)] for factor in range(1, 10)] == [f"zoom-{factor}" for factor in range(1, 10)]


def test_every_condition_and_menu_is_used() -> None:
    assert {known.enabled_when for known in ACTIONS} == set(get_args(EnabledWhen))
    assert {known.menu for known in ACTIONS} == set(MENUS)


def test_actions_are_found_by_id() -> None:
    assert action("undo").title == "Undo"
    with pytest.raises(KeyError):
        action("make-coffee")


def test_menu_keys_differ() -> None:
    assert repeated([title[title.index("&") + 1].lower() for title in MENUS.values()]) == []
