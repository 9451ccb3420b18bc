"""The shelf in a real window: kept sprites are named, tagged, found by words, and taken away by key."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lunar_studio.gui.explore.shelf_panel import ShelfPanel
from tests.gui.shell_studio import ShellStudio, studio

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)  # offscreen pops nothing up


@pytest.fixture
def shell(qtbot: QtBot) -> Iterator[ShellStudio]:
    """With three kept sprites: a knight, a red slime and a slime that is tagged."""
    with studio(qtbot) as made:
        for seed, name in enumerate(("Knight", "Red slime", "Ooze"), 6):
            made.wait_until_shown()
            made.window.explore.shelving.keep_shown()
            made.window.explore.shelving.rename(made.session.document.bookmarks[-1].id, name)
            made.window.explore.roll_seed(seed)
            qtbot.waitUntil(lambda wanted=seed: made.session.document.seed == wanted)  # type: ignore[misc]
        made.window.explore.shelving.tag(made.session.document.bookmarks[2].id, ("slime", "to do"))
        yield made


def names(shelf: ShelfPanel) -> list[str]:
    return [thumb.accessibleName() for thumb in shelf.grid.thumbs]


def test_words_find_names_and_tags(shell: ShellStudio, qtbot: QtBot) -> None:
    shelf = shell.window.explore.shelf
    assert shelf.search.isVisible()
    qtbot.keyClicks(shelf.search, "SLIME")
    assert names(shelf) == ["Red slime", "Ooze"]
    assert shelf._kept._note == "2 of 3"
    qtbot.keyClicks(shelf.search, " to")
    assert names(shelf) == ["Ooze"]
    qtbot.keyClicks(shelf.search, "ad")
    assert names(shelf) == []
    assert shelf._none.isVisible()
    shelf.search.clear()
    assert names(shelf) == ["Knight", "Red slime", "Ooze"]
    assert "slime, to do" in shelf.grid.thumbs[2].toolTip()


def test_a_found_sprite_is_the_one_that_is_gone_to(shell: ShellStudio, qtbot: QtBot) -> None:
    shelf = shell.window.explore.shelf
    shelf.search.setText("ooze")
    qtbot.mouseClick(shelf.grid.thumbs[0], Qt.MouseButton.LeftButton)
    assert shell.session.document.latent == shell.session.document.bookmarks[2].latent
    assert shell.session.entries[-1].title == "Go to Ooze"


def test_f2_opens_a_card_and_enter_keeps_what_was_typed(shell: ShellStudio, qtbot: QtBot) -> None:
    grid = shell.window.explore.shelf.grid
    grid.thumbs[0].setFocus()
    qtbot.keyClick(grid.thumbs[0], Qt.Key.Key_F2)
    editor = grid.editor
    assert editor.isVisible()
    assert (editor.name.text(), editor.tags.text()) == ("Knight", "")
    editor.name.setText("Black knight")
    editor.tags.setText("boss, Boss,  cave ")
    steps = len(shell.session.entries)
    qtbot.keyClick(editor.tags, Qt.Key.Key_Return)
    assert not editor.isVisible()
    kept = shell.session.document.bookmarks[0]
    assert (kept.name, kept.tags) == ("Black knight", ("boss", "cave"))
    assert [one.title for one in shell.session.entries[steps:]] == ["Rename bookmark Black knight", "Tag Black knight"]
    shell.session.undo()
    assert shell.session.document.bookmarks[0].tags == ()


def test_f2_is_for_the_sprite_under_the_mouse(shell: ShellStudio, qtbot: QtBot) -> None:
    grid, canvas = shell.window.explore.shelf.grid, shell.window.explore.canvas
    shell.window.activateWindow()
    canvas.setFocus()
    qtbot.keyClick(canvas, Qt.Key.Key_F2)
    assert not grid.editor.isVisible()
    QApplication.sendEvent(grid.thumbs[1], QEnterEvent(QPointF(), QPointF(), QPointF()))
    qtbot.keyClick(canvas, Qt.Key.Key_F2)
    assert grid.editor.isVisible()
    assert grid.editor.name.text() == "Red slime"
    grid.editor.forget()
    shell.window.explore.shelving.remove(shell.session.document.bookmarks[1].id)
    QApplication.sendEvent(grid.thumbs[1], QEvent(QEvent.Type.Leave))
    qtbot.keyClick(canvas, Qt.Key.Key_F2)
    assert not grid.editor.isVisible()


def test_what_is_kept_is_seen_whatever_was_searched_for(shell: ShellStudio) -> None:
    shelf = shell.window.explore.shelf
    shelf.search.setText("slime")
    shell.wait_until_shown()
    shell.window.explore.shelving.keep_shown()
    assert shelf.search.text() == ""
    assert len(shelf.grid.thumbs) == 4
    shelf.search.setText("slime")
    shell.session.undo()
    assert names(shelf) == ["Red slime", "Ooze"], "what goes leaves the search as it is"


def test_escape_leaves_name_and_tags(shell: ShellStudio, qtbot: QtBot) -> None:
    grid, steps = shell.window.explore.shelf.grid, len(shell.session.entries)
    grid.editor.edit(shell.session.document.bookmarks[2], grid.mapToGlobal(grid.rect().center()), tags=True)
    assert grid.editor.tags.text() == "slime, to do"
    grid.editor.tags.setText("gone")
    qtbot.keyClick(grid.editor.tags, Qt.Key.Key_Escape)
    assert not grid.editor.isVisible()
    assert len(shell.session.entries) == steps


def test_delete_takes_one_away_and_undo_brings_it_back(shell: ShellStudio, qtbot: QtBot) -> None:
    shelf = shell.window.explore.shelf
    shelf.grid.thumbs[1].setFocus()
    qtbot.keyClick(shelf.grid.thumbs[1], Qt.Key.Key_Delete)
    assert names(shelf) == ["Knight", "Ooze"]
    shell.session.undo()
    assert names(shelf) == ["Knight", "Red slime", "Ooze"]
