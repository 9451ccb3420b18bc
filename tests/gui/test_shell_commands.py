"""The command palette and its fuzzy matching."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from lunar_studio.gui.fuzzy import fuzzy_score
from tests.gui.shell_studio import ShellStudio, studio

letters = st.text("abcdefgh ", max_size=12)


@given(letters, letters)
def test_a_match_has_every_letter_in_order(wanted: str, text: str) -> None:
    needle = wanted.replace(" ", "")
    at, found = 0, True
    for letter in needle:
        at = text.find(letter, at) + 1
        if at == 0:
            found = False
            break
    if fuzzy_score(wanted, text) is not None:
        assert found
    if not found:
        assert fuzzy_score(wanted, text) is None


@given(st.text(min_size=1, max_size=20))
def test_a_text_answers_to_itself(text: str) -> None:
    if text.casefold() == text:
        assert fuzzy_score(text, text) is not None


@pytest.mark.parametrize(
    ("wanted", "better", "worse"),
    [
        ("undo", "Undo", "Run the other one"),
        ("zf", "Zoom to Fit", "Fizz of"),
        ("open", "Open Model", "Stop the engine"),
        ("exp", "Export Sheet", "Relax a pet"),
    ],
)
def test_the_likelier_meaning_wins(wanted: str, better: str, worse: str) -> None:
    first, second = fuzzy_score(wanted, better), fuzzy_score(wanted, worse)
    assert first is not None
    assert second is None or first > second


@pytest.fixture
def shell(qtbot: QtBot) -> Iterator[ShellStudio]:
    with studio(qtbot) as made:
        made.window.activateWindow()
        yield made


def test_the_palette_does_what_is_typed(shell: ShellStudio, qtbot: QtBot) -> None:
    qtbot.keyClick(shell.window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    popup = shell.window.palette_popup
    assert popup.isVisible()
    qtbot.keyClicks(popup.search, "bookm")
    assert popup.found[0] == "bookmark"
    qtbot.keyClick(popup.search, Qt.Key.Key_Return)
    assert not popup.isVisible()
    assert len(shell.session.document.bookmarks) == 1


def test_arrows_choose_and_escape_closes(shell: ShellStudio, qtbot: QtBot) -> None:
    popup = shell.window.palette_popup
    popup.open()
    assert popup.rows.currentRow() == 0
    qtbot.keyClick(popup.search, Qt.Key.Key_Down)
    assert popup.rows.currentRow() == 1
    qtbot.keyClick(popup.search, Qt.Key.Key_Up)
    qtbot.keyClick(popup.search, Qt.Key.Key_Up)
    assert popup.rows.currentRow() == len(popup.found) - 1
    qtbot.keyClick(popup.search, Qt.Key.Key_Escape)
    assert not popup.isVisible()


def test_only_what_can_be_done_is_listed(shell: ShellStudio) -> None:
    popup = shell.window.palette_popup
    popup.open()
    assert "re-roll" in popup.found
    assert "undo" not in popup.found
    assert "train-stop" not in popup.found
    popup.search.setText("qqqqzzzz")
    assert popup.found == ()
    popup.run_current()
    assert not popup.isVisible()


def test_the_keyboard_goes_back_to_where_it_was(shell: ShellStudio, qtbot: QtBot) -> None:
    popup, slider = shell.window.palette_popup, shell.window.explore.latents.sliders[0]
    for wanted in (shell.window, slider):
        wanted.setFocus()
        qtbot.waitUntil(wanted.hasFocus)
        popup.open()
        qtbot.waitUntil(popup.search.hasFocus)
        qtbot.keyClick(popup.search, Qt.Key.Key_Escape)
        qtbot.waitUntil(wanted.hasFocus)
