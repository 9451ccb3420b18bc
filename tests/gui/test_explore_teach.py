"""Teaching a slider in a real window: examples from canvas, strip and shelf; a slider that moves, and goes again."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from lunar_studio.core.latent import Latent
from lunar_studio.gui.explore.teach_panel import TeachPanel
from lunar_studio.gui.explore.teaching import Teaching
from tests.gui.fakes import LATENT_DIM
from tests.gui.shell_studio import ShellStudio, studio

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", "propagateSizeHints", extend=True)

LEFT = Qt.MouseButton.LeftButton
EARS = 2


@pytest.fixture
def shell(qtbot: QtBot) -> Iterator[ShellStudio]:
    with studio(qtbot) as made:
        made.window.actions_by_id["teach-slider"].trigger()
        yield made


@pytest.fixture
def panel(shell: ShellStudio) -> TeachPanel:
    return shell.window.explore.teach


@pytest.fixture
def teaching(shell: ShellStudio) -> Teaching:
    return shell.window.explore.teaching


def with_ears(ears: float, seed: int) -> Latent:
    values = np.random.default_rng(seed).normal(0, 0.3, LATENT_DIM)
    values[EARS] = ears
    return Latent(values)


def fill(shell: ShellStudio, count: int = 5, ears: float = 2.0) -> None:
    explorer, teaching = shell.loader.explorer, shell.window.explore.teaching
    for number in range(count):
        for kind, latent in (("more", with_ears(ears, number)), ("less", with_ears(-ears, 100 + number))):
            teaching.add_found(kind, latent, explorer.decode(latent))


def test_examples_become_a_slider_that_moves(
    shell: ShellStudio, panel: TeachPanel, teaching: Teaching, qtbot: QtBot
) -> None:
    assert panel.isVisible()
    assert not panel.isModal()
    assert "0 and 0 so far" in panel.said.text()
    fill(shell)
    assert panel.said.text().startswith("Strong: 100 %")
    assert not panel.make.isEnabled(), "it has no name"
    panel.name.setText("eared")
    steps = len(shell.session.entries)
    shell.window.explore.latents.search.setText("z17")
    shell.window.activateWindow()
    qtbot.mouseClick(panel.make, LEFT)
    (taught,) = shell.session.document.taught
    assert (taught.name, taught.more, taught.less) == ("eared", 5, 5)
    assert taught.axis.values_L[EARS] > 0.9
    assert len(shell.session.entries) == steps + 1
    slider = shell.slider(taught.id)
    assert slider.isVisible(), "whatever was searched for before"
    assert slider.hasFocus()
    before = shell.session.document.latent
    assert before is not None
    slider.setValue(slider.value() + 100)
    shell.wait_until_shown()
    after = shell.session.document.latent
    assert after is not None
    assert after.values_L[EARS] > before.values_L[EARS] + 0.5
    assert shell.session.entries[-1].title == "Move eared"
    shell.session.undo()
    shell.session.undo()
    assert not list(shell.session.document.taught)
    with pytest.raises(KeyError):
        shell.window.explore.latents.section("yours")
    shell.session.redo()
    assert len(shell.window.explore.latents.section("yours").sliders) == 1
    assert teaching.lesson is not None


def test_a_slider_is_removed_renamed_and_locked_like_any_other(
    shell: ShellStudio, panel: TeachPanel, qtbot: QtBot
) -> None:
    fill(shell, 2)
    assert "of few examples" in panel.said.text()
    panel.name.setText("eared")
    qtbot.keyClick(panel.name, Qt.Key.Key_Return)
    slider_id = shell.session.document.taught[0].id
    shell.controller.sliders.rename(slider_id, "long-eared")
    shell.controller.sliders.lock(slider_id, True)
    assert shell.session.document.locked == {slider_id}
    held = shell.controller.sliders.direction(slider_id)
    latent = shell.session.document.latent
    assert latent is not None
    position = held.position(latent)
    shell.window.actions_by_id["re-roll"].trigger()
    qtbot.waitUntil(lambda: shell.session.document.latent != latent)
    rolled = shell.session.document.latent
    assert rolled is not None
    assert held.position(rolled) == pytest.approx(position, abs=1e-4)
    remove = panel.findChild(QToolButton, f"teach-remove/{slider_id}")
    assert isinstance(remove, QToolButton)
    assert remove.accessibleName() == "Remove long-eared"
    qtbot.mouseClick(remove, LEFT)
    assert not list(shell.session.document.taught)
    shell.session.undo()
    assert shell.session.document.taught[0].id == slider_id


def test_bins_take_and_give_back(shell: ShellStudio, panel: TeachPanel, teaching: Teaching, qtbot: QtBot) -> None:
    shell.wait_until_shown()
    qtbot.mouseClick(panel.more.add, LEFT)
    qtbot.mouseClick(panel.more.add, LEFT)
    assert [thumb.isVisible() for thumb in panel.more.thumbs] == [True]
    shell.window.actions_by_id["bookmark"].trigger()
    panel.hide()
    shell.window.explore.shelf.grid.teach_asked.emit("less", shell.session.document.bookmarks[0].id)
    assert panel.isVisible()
    assert (len(panel.more.thumbs), len(panel.less.thumbs)) == (0, 1), "one sprite is in one bin"
    qtbot.mouseClick(panel.less.thumbs[0], LEFT)
    assert not list(panel.less.thumbs)
    strip = shell.window.explore.strip
    qtbot.waitUntil(lambda: len(strip._sprites) > 3)
    strip.teach_asked.emit("more", strip._latents[3], strip._sprites[3])
    assert [thumb.isVisible() for thumb in panel.more.thumbs] == [True]
    with qtbot.waitSignal(teaching.said):
        teaching.add("more", Latent([0.0]), strip._sprites[3])


def test_what_may_move_can_be_chosen(shell: ShellStudio, panel: TeachPanel, teaching: Teaching, qtbot: QtBot) -> None:
    fill(shell)
    qtbot.mouseClick(panel.shares.buttons["colours"], LEFT)
    assert teaching.lesson is not None
    assert not teaching.lesson.axis.values_L[:16].any()
    qtbot.mouseClick(panel.shares.buttons["shape"], LEFT)
    assert teaching.lesson is not None
    assert not teaching.lesson.axis.values_L[16:].any()


def test_a_thumb_that_is_replaced_under_the_button_takes_nothing_out(
    shell: ShellStudio, panel: TeachPanel, teaching: Teaching, qtbot: QtBot
) -> None:
    fill(shell, 2)
    held = panel.more.thumbs[0]
    qtbot.mousePress(held, LEFT)
    explorer = shell.loader.explorer
    teaching.add_found("more", with_ears(2.0, 7), explorer.decode(with_ears(2.0, 7)))  # all thumbs are made anew
    qtbot.mouseRelease(held, LEFT)
    assert len(panel.more.thumbs) == 3
    qtbot.mouseClick(panel.more.thumbs[0], LEFT)
    assert len(panel.more.thumbs) == 2
