"""Sprites carried from shelf and strip to the Mix pad and the bins of Teach; hostile drags; a lifted thumbnail."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from lunar_studio.gui.explore import carrying as carrying_module
from lunar_studio.gui.explore.carried import FORMAT, mime_of, name_in
from tests.gui.shell_studio import ShellStudio, studio

LEFT = Qt.MouseButton.LeftButton
NONE = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def shell(qtbot: QtBot) -> Iterator[ShellStudio]:
    with studio(qtbot) as made:
        qtbot.waitUntil(lambda: len(made.window.explore.strip._sprites) > 3)
        made.wait_until_shown()
        made.window.actions_by_id["bookmark"].trigger()
        yield made


@pytest.fixture
def carried(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names that hands have lifted; nothing is really dragged."""
    names: list[str] = []
    monkeypatch.setattr(carrying_module, "carry", lambda _source, name: names.append(name))
    return names


def drop(widget: QWidget, mime: QMimeData) -> bool:
    """Drop on a widget; returns whether it took it."""
    middle = widget.rect().center()
    enter = QDragEnterEvent(middle, Qt.DropAction.CopyAction, mime, LEFT, NONE)
    enter.ignore()
    widget.dragEnterEvent(enter)
    event = QDropEvent(QPointF(middle), Qt.DropAction.CopyAction, mime, LEFT, NONE)
    widget.dropEvent(event)
    return enter.isAccepted()


def pull(widget: QWidget, qtbot: QtBot) -> None:
    middle = widget.rect().center()
    qtbot.mousePress(widget, LEFT, pos=middle)
    qtbot.mouseMove(widget, middle + QPoint(3, 0))
    qtbot.mouseMove(widget, middle + QPoint(40, 0))
    qtbot.mouseRelease(widget, LEFT, pos=middle)


def test_a_pulled_thumbnail_is_carried_and_not_clicked(shell: ShellStudio, carried: list[str], qtbot: QtBot) -> None:
    page, latent = shell.window.explore, shell.session.document.latent
    pull(page.strip.thumbs[2], qtbot)
    assert carried == ["strip"]
    assert page.strip.lifted == (page.strip._latents[2], page.strip._sprites[2])
    pull(page.shelf.grid.thumbs[0], qtbot)
    assert carried[1:] == [f"shelf/{shell.session.document.bookmarks[0].id}"]
    assert shell.session.document.latent == latent, "carrying takes nothing"
    qtbot.mouseClick(page.strip.thumbs[2], LEFT)
    assert shell.session.document.latent == page.strip._latents[2], "a click still does"
    assert len(carried) == 2


def test_what_is_dropped_is_mixed(shell: ShellStudio, carried: list[str], qtbot: QtBot) -> None:
    page = shell.window.explore
    pull(page.strip.thumbs[1], qtbot)
    assert drop(page.mix.pad, mime_of(carried[0]))
    assert drop(page.mix.pad, mime_of(f"shelf/{shell.session.document.bookmarks[0].id}"))
    assert page.mixing.latents == (page.strip._latents[1], shell.session.document.bookmarks[0].latent)


def test_what_is_dropped_is_taught(shell: ShellStudio, carried: list[str], qtbot: QtBot) -> None:
    page = shell.window.explore
    pull(page.strip.thumbs[1], qtbot)
    assert drop(page.teach.more, mime_of(carried[0]))
    assert drop(page.teach.less, mime_of(f"shelf/{shell.session.document.bookmarks[0].id}"))
    assert (len(page.teach.more.thumbs), len(page.teach.less.thumbs)) == (1, 1)


@pytest.mark.parametrize("name", ["strip", "shelf/none", "shelf/", "../../etc/passwd", "x" * 10_000])
def test_names_that_mean_nothing_do_nothing(shell: ShellStudio, name: str) -> None:
    page = shell.window.explore
    for target in (page.mix.pad, page.teach.more):
        drop(target, mime_of(name))
    assert page.mixing.latents == ()
    assert page.teach.more.thumbs == ()


def test_what_is_no_sprite_is_not_taken(shell: ShellStudio) -> None:
    files = QMimeData()
    files.setText("kept-1")
    assert not drop(shell.window.explore.mix.pad, files)
    noise = QMimeData()
    noise.setData(FORMAT, b"\xff\xfe" * 500)
    assert len(name_in(noise)) <= 200
