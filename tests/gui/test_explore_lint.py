"""Lint in the window: the list follows the sprite, a click marks pixels, Fix is a step that can be undone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from lunar_studio.core.score import LintFinding
from lunar_studio.core.sprite import Sprite
from lunar_studio.gui.explore.findings_model import FindingsModel
from lunar_studio.gui.explore.lint_panel import LintPanel
from lunar_studio.pixels.lint import examine, lint
from lunar_studio.session.pixel_commands import PaintPixels
from tests.gui.shell_studio import ShellStudio, studio

STRAY = (0, 0)


@pytest.fixture
def shell(qtbot: QtBot) -> Iterator[ShellStudio]:
    with studio(qtbot) as made:
        yield made


@pytest.fixture
def panel(shell: ShellStudio) -> LintPanel:
    made = shell.window.explore.lint
    assert made.isHidden(), "sliders come first"
    shell.window.explore.right.buttons["lint"].click()
    return made


def sprite_of(shell: ShellStudio) -> Sprite:
    current = shell.controller.current
    assert current is not None
    return current.sprite


def wait_until_looked(shell: ShellStudio, qtbot: QtBot) -> None:
    """Until the list is about the sprite on the canvas."""
    qtbot.waitUntil(lambda: shell.window.explore.lint.report == examine(sprite_of(shell)))


def make_stray(shell: ShellStudio, qtbot: QtBot, *, pinned: bool = False) -> int:
    """Paint one pixel away from the rest; the row of its finding."""
    assert not sprite_of(shell).rgba_HWC[:3, :3, 3].any()
    shell.controller.do(PaintPixels((STRAY,), (250, 0, 200, 255), pinned))
    wait_until_looked(shell, qtbot)
    rules = [(found.rule, STRAY in found.pixels) for found in shell.window.explore.lint.report.findings]
    return rules.index(("orphan-pixel", True))


def click_row(panel: LintPanel, qtbot: QtBot, row: int) -> None:
    view = panel.view
    view.scrollTo(view.model().index(row, 0))
    spot = view.visualRect(view.model().index(row, 0)).center()
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(spot))


def marked(shell: ShellStudio) -> set[tuple[int, int]]:
    marks = shell.window.explore.canvas._marks
    return set() if marks is None else {(x, y) for y, x in np.argwhere(marks.mask_HW).tolist()}


def test_the_list_is_about_the_sprite_on_the_canvas(shell: ShellStudio, panel: LintPanel, qtbot: QtBot) -> None:
    wait_until_looked(shell, qtbot)
    for value in (300, -300):
        shell.slider("shape/0").setValue(value)
        shell.wait_until_shown()
        wait_until_looked(shell, qtbot)
        expected = lint(sprite_of(shell))
        model = panel.view.model()
        assert [model.index(row, 0).data() for row in range(model.rowCount())] == [found.message for found in expected]
        assert f"{panel.report.score:.0f} of 100" in panel.header.accessibleDescription()


def test_a_click_marks_the_pixels_and_a_second_hides_them(shell: ShellStudio, panel: LintPanel, qtbot: QtBot) -> None:
    row = make_stray(shell, qtbot)
    assert marked(shell) == set()
    click_row(panel, qtbot, row)
    assert marked(shell) == {STRAY}
    click_row(panel, qtbot, row)
    assert marked(shell) == set()
    click_row(panel, qtbot, row)
    qtbot.keyClick(panel.view, Qt.Key.Key_Escape)
    assert marked(shell) == set()


def test_marks_follow_the_sprite(shell: ShellStudio, panel: LintPanel, qtbot: QtBot) -> None:
    click_row(panel, qtbot, make_stray(shell, qtbot, pinned=True))
    shell.controller.do(PaintPixels(((2, 0),), (9, 250, 20, 255)))
    wait_until_looked(shell, qtbot)
    qtbot.waitUntil(lambda: marked(shell) == {STRAY, (2, 0)})
    shell.session.go_to(0)
    wait_until_looked(shell, qtbot)
    qtbot.waitUntil(lambda: STRAY not in marked(shell))


def test_fix_is_one_step_and_undo_takes_it_back(shell: ShellStudio, panel: LintPanel, qtbot: QtBot) -> None:
    clean = sprite_of(shell)
    row = make_stray(shell, qtbot)
    dirty, steps = sprite_of(shell), len(shell.session.entries)
    assert not panel.fix.isEnabled()
    click_row(panel, qtbot, row)
    assert panel.fix.isEnabled()
    assert "Remove" in panel.fix.accessibleName()
    qtbot.mouseClick(panel.fix, Qt.MouseButton.LeftButton)
    assert sprite_of(shell) == clean
    assert len(shell.session.entries) == steps + 1
    assert shell.session.entries[-1].title == "Fix orphan pixels"
    wait_until_looked(shell, qtbot)
    shell.session.undo()
    assert sprite_of(shell) == dirty


def test_enter_mends_and_the_score_follows(shell: ShellStudio, panel: LintPanel, qtbot: QtBot) -> None:
    before = panel.report.score
    row = make_stray(shell, qtbot)
    assert panel.report.score < before
    click_row(panel, qtbot, row)
    qtbot.keyClick(panel.view, Qt.Key.Key_Return)
    wait_until_looked(shell, qtbot)
    assert panel.report.score == pytest.approx(before)


def test_a_fix_pins_nothing_that_was_not_pinned(shell: ShellStudio, panel: LintPanel, qtbot: QtBot) -> None:
    click_row(panel, qtbot, make_stray(shell, qtbot, pinned=False))
    panel.mend()
    assert not len(shell.session.document.edits.pinned)
    shell.session.go_to(0)
    wait_until_looked(shell, qtbot)
    panel.view.choose(-1)
    click_row(panel, qtbot, make_stray(shell, qtbot, pinned=True))
    panel.mend()
    assert len(shell.session.document.edits.pinned) == 1


def test_what_no_rule_can_mend_is_left_to_the_artist(shell: ShellStudio, panel: LintPanel, qtbot: QtBot) -> None:
    panel._model.show_findings((LintFinding("jaggies", "A line breaks its step.", "warning", ((1, 1),)),))
    panel.view.choose(0)
    assert not panel.fix.isEnabled()
    assert "artist's hand" in panel.fix.toolTip()
    steps = len(shell.session.entries)
    panel.mend()
    assert len(shell.session.entries) == steps
    wait_until_looked(shell, qtbot)


def test_folding_hides_list_and_marks(shell: ShellStudio, panel: LintPanel, qtbot: QtBot) -> None:
    click_row(panel, qtbot, make_stray(shell, qtbot))
    panel.header.click()
    assert panel.isHidden()
    assert marked(shell) == set()
    assert not shell.window.explore.right.buttons["lint"].isChecked()
    shell.window.explore.right.buttons["lint"].click()
    assert panel.view.isVisible()
    assert marked(shell) == set()


def test_a_taller_window_shows_more_rows_and_findings_do_not_move_the_sliders(shell: ShellStudio, qtbot: QtBot) -> None:
    view = shell.window.explore.lint.view
    small = view.height()
    make_stray(shell, qtbot)
    assert view.height() == small
    shell.window.resize(1280, 1050)
    qtbot.waitUntil(lambda: view.height() > small)


def test_rows_teach_and_speak(qtbot: QtBot) -> None:
    del qtbot
    model = FindingsModel()
    model.show_findings(
        (LintFinding("banding", "Bands lie flush.", "warning"), LintFinding("off-grid", "Large.", "note"))
    )
    first, second = (model.index(row) for row in range(2))
    assert first.data() == "Bands lie flush."
    assert first.data(Qt.ItemDataRole.AccessibleTextRole).startswith("Warning. Banding.")
    assert "fat pixels" in first.data(Qt.ItemDataRole.ToolTipRole)
    assert second.data(Qt.ItemDataRole.AccessibleTextRole).startswith("Note.")
    assert model.row_like(LintFinding("off-grid", "Other.", "warning")) == 1
    assert model.row_like(LintFinding("jaggies", "Other.", "warning")) == -1
