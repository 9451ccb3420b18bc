"""The right column: one side matter at a time, and buttons that say the main thing of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from lunar_studio.core.neighbours import Neighbour, Neighbours
from lunar_studio.core.score import LintFinding, LintReport
from lunar_studio.gui.explore.right_column import RightColumn
from tests.gui.shell_studio import ShellStudio, studio


@pytest.fixture
def shell(qtbot: QtBot) -> Iterator[ShellStudio]:
    with studio(qtbot, width=1440, height=900) as made:
        yield made


@pytest.fixture
def right(shell: ShellStudio) -> RightColumn:
    return shell.window.explore.right


def test_experts_are_open_where_there_is_room(right: RightColumn, shell: ShellStudio) -> None:
    assert right.matter == "experts"
    assert shell.window.explore.teacher.experts.isVisible()


def test_on_a_small_screen_every_matter_begins_closed(qtbot: QtBot) -> None:
    with studio(qtbot, width=1280, height=720) as small:
        assert small.window.explore.right.matter == ""
        assert not small.window.explore.teacher.experts.isVisible()


def test_one_matter_at_a_time(right: RightColumn, shell: ShellStudio, qtbot: QtBot) -> None:
    page = shell.window.explore
    qtbot.mouseClick(right.buttons["lint"], Qt.MouseButton.LeftButton)
    assert (right.matter, page.lint.isVisible(), page.teacher.experts.isVisible()) == ("lint", True, False)
    qtbot.keyClick(right.buttons["copies"], Qt.Key.Key_Space)
    assert (right.matter, page.lint.isVisible(), page.neighbours.isVisible()) == ("copies", False, True)
    qtbot.mouseClick(right.buttons["copies"], Qt.MouseButton.LeftButton)
    assert (right.matter, page.neighbours.isVisible()) == ("", False)
    with pytest.raises(KeyError):
        right.open_matter("weather")


def test_the_lint_button_counts_warnings(right: RightColumn, shell: ShellStudio) -> None:
    told, button = shell.window.explore.lint.examined, right.buttons["lint"]
    warning = LintFinding("banding", "Bands lie flush.", "warning")
    told.emit(LintReport((warning, warning, LintFinding("off-grid", "Large.", "note")), 80.0))
    assert (button.text(), button.accessibleName()) == ("Lint 2", "Lint 2")
    assert "3 findings. Lint score 80" in button.toolTip()
    told.emit(LintReport((), 100.0))
    assert button.text() == "Lint"
    assert "Nothing to mend" in button.toolTip()
    assert not button.icon().isNull()


def test_the_copies_button_warns_of_a_near_copy(right: RightColumn, shell: ShellStudio) -> None:
    told, button = shell.window.explore.neighbours.compared, right.buttons["copies"]
    told.emit(Neighbours((Neighbour("orc.png", 1, 0.01),), 0.1))
    assert button.text() == "Near copy"
    told.emit(Neighbours((Neighbour("orc.png", 1, 0.5),), 0.1))
    assert button.text() == "No copy"
    told.emit(None)
    assert button.text() == "Copies"
    assert button.icon().isNull()
