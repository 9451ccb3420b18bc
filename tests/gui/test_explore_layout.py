"""Nothing on the Explore page lies over anything else or is cut off, in the smallest window and in a large one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QLabel, QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from lunar_studio.core.latent import Latent
from lunar_studio.core.score import Score
from lunar_studio.gui import theme
from lunar_studio.gui.explore.teacher_panel import sentence, sentence_that_fits
from lunar_studio.session.teaching import TaughtSlider
from lunar_studio.session.teaching_commands import AddSlider
from tests.gui.fakes import LATENT_DIM
from tests.gui.shell_studio import ShellStudio, studio

VIEWS = ("sprite", "breed", "mix", "map")
SIZES = ((1280, 720), (1920, 1080))


@pytest.fixture
def shell(qtbot: QtBot) -> Iterator[ShellStudio]:
    with studio(qtbot) as made:
        made.wait_until_shown()
        yield made


def area(widget: QWidget, page: QWidget) -> QRect:
    return QRect(widget.mapTo(page, QPoint(0, 0)), widget.size())


def texts(page: QWidget) -> list[QWidget]:
    """Buttons with words and lines of text that can be seen whole, if the layout is right."""
    found: list[QWidget] = [one for one in page.findChildren(QPushButton) if one.isVisible() and one.text()]
    labels = [one for one in page.findChildren(QLabel) if one.isVisible() and one.text()]
    return [*found, *labels]


def cut_off(page: QWidget) -> list[str]:
    """Words that are wider than the widget which shows them."""
    cut = []
    for widget in texts(page):
        text = widget.text() if isinstance(widget, QPushButton | QLabel) else ""
        lines = [text] if not (isinstance(widget, QLabel) and widget.wordWrap()) else []
        wanted = max((widget.fontMetrics().horizontalAdvance(line) for line in lines), default=0)
        if wanted > widget.width() or widget.height() < widget.fontMetrics().ascent():
            cut.append(f"{widget.objectName()} {text!r}: {wanted} in {widget.width()} × {widget.height()}")
    return cut


def overlapping(page: QWidget) -> list[str]:
    """Pairs of neighbours, in one parent, that lie over each other."""
    found = []
    for parent in page.findChildren(QWidget):
        laid_out = parent.layout()
        if laid_out is None:
            continue
        inside = [
            one
            for one in parent.children()
            if isinstance(one, QWidget) and one.isVisible() and laid_out.indexOf(one) >= 0
        ]
        for one, other in combinations(inside, 2):
            if one.geometry().intersects(other.geometry()):
                names = " over ".join(w.objectName() or type(w).__name__ for w in (one, other))
                found.append(f"{names} in {parent.objectName() or type(parent).__name__}")
    return found


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("view", VIEWS)
def test_nothing_overlaps_or_is_cut_off(shell: ShellStudio, qtbot: QtBot, view: str, size: tuple[int, int]) -> None:
    page = shell.window.explore
    shell.window.resize(*size)
    shell.window.actions_by_id[f"view-{view}"].trigger()
    page.reset_layout()
    qtbot.wait(50)
    assert (shell.window.width(), shell.window.height()) == size, "the window cannot be that small"
    assert not cut_off(page)
    assert not overlapping(page)


@pytest.mark.parametrize("size", SIZES)
def test_the_teach_panel_fits_and_covers_nothing(shell: ShellStudio, qtbot: QtBot, size: tuple[int, int]) -> None:
    page = shell.window.explore
    shell.window.resize(*size)
    shell.window.actions_by_id["teach-slider"].trigger()
    qtbot.wait(50)
    assert page.teach.window() is shell.window, "it is no window over the canvas"
    assert not area(page.teach, page).intersects(area(page.canvas, page))
    assert not page.latents.isVisible()
    assert area(page.right, page).contains(area(page.teach.make, page))
    assert not cut_off(page.teach)
    assert not overlapping(page.teach)
    long = TaughtSlider("yours/1", "long-eared", Latent(np.eye(LATENT_DIM)[0]), 0.0, 1.0, 0.17, 12, 12)
    shell.controller.do(AddSlider(long))
    qtbot.wait(50)
    remove = page.teach.findChild(QToolButton, "teach-remove/yours/1")
    assert isinstance(remove, QToolButton)
    assert area(page.right, page).contains(area(remove, page)), "a slider made before must not push the panel wider"
    page.teach.close_button.click()
    assert page.latents.isVisible()


def test_what_is_said_of_words_does_not_move_the_seed(shell: ShellStudio, qtbot: QtBot) -> None:
    bar = shell.window.explore.roll_bar
    places = [area(one, bar).top() for one in (bar.words, bar.seed, bar.spread, bar.random)]
    bar.field.note.setText("The model has never seen “xyzzy”.")
    bar.field.note.show()
    qtbot.wait(50)
    assert [area(one, bar).top() for one in (bar.words, bar.seed, bar.spread, bar.random)] == places
    assert area(bar.field.note, bar).top() >= area(bar.words, bar).bottom()


@pytest.mark.parametrize("room", [0, 40, 100, 140, 188, 400])
@pytest.mark.usefixtures("qtbot")
def test_the_score_says_as_much_as_there_is_room_for(room: int) -> None:
    metrics, score = QFontMetrics(theme.font("small")), Score(17.0)
    said = sentence_that_fits(score, room, metrics)
    assert metrics.horizontalAdvance(said) <= room
    assert sentence_that_fits(score, 1000, metrics) == sentence(score)
    if room >= 188:
        assert "17 of 100" in said
