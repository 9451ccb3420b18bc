"""Sliders in hundredths: a screen reader reads and sets the number that is meant, not Qt's steps."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from lunar_studio.gui.explore.latent_slider import MERGE_MS, REACH
from lunar_studio.gui.widgets.scaled_slider import ScaledSlider
from tests.gui.shell_studio import ShellStudio, studio


@pytest.fixture
def shell(qtbot: QtBot) -> Iterator[ShellStudio]:
    with studio(qtbot) as made:
        yield made


def read(slider: ScaledSlider) -> float:
    """What an assistive technology is told."""
    return float(QAccessible.queryAccessibleInterface(slider).valueInterface().currentValue())


def test_a_slider_under_the_keys_reads_as_it_is_written(shell: ShellStudio) -> None:
    slider = shell.slider("shape/0")
    shell.controller.sliders.move("shape/0", 1.3)
    assert read(slider) == pytest.approx(1.3)
    QTest.keyClick(slider, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert slider.shown_value == f"+{read(slider):.2f}" == "+1.31"
    value = QAccessible.queryAccessibleInterface(slider).valueInterface()
    assert (value.minimumValue(), value.maximumValue(), value.minimumStepSize()) == (-REACH, REACH, 0.1)
    strength = shell.window.explore.strip.strength
    assert read(strength) == strength.number == 0.5


def test_what_sets_a_slider_from_outside_moves_the_document_in_one_step(shell: ShellStudio, qtbot: QtBot) -> None:
    slider = shell.slider("shape/0")
    value = QAccessible.queryAccessibleInterface(slider).valueInterface()
    for wanted in (0.4, -2.25, "nonsense", 90):
        value.setCurrentValue(wanted)
    assert slider.position == pytest.approx(REACH), "no further than it goes"
    assert len(shell.session.entries) == 1
    with qtbot.waitSignal(slider.move_ended, timeout=4 * MERGE_MS):
        value.setCurrentValue(-2.25)
    assert slider.shown_value == "−2.25"
    value.setCurrentValue(0)
    assert len(shell.session.entries) == 2


def test_everything_else_about_it_is_as_of_any_slider(qtbot: QtBot) -> None:
    slider = ScaledSlider()
    qtbot.addWidget(slider)
    slider.setAccessibleName("Strength")
    slider.show()
    seen = QAccessible.queryAccessibleInterface(slider)
    assert seen.role() is QAccessible.Role.Slider
    assert seen.text(QAccessible.Text.Name) == "Strength"
    assert seen.state().focusable
    # Asked through Qt, each of these ends the program if the answer is not a true null pointer.
    assert seen.textInterface() is None
    assert seen.selectionInterface() is None
    assert "SetFocus" in seen.actionInterface().actionNames()


def test_what_is_known_of_a_slider_does_not_outlive_it(qtbot: QtBot) -> None:
    slider = ScaledSlider()
    qtbot.addWidget(slider)
    seen = QAccessible.queryAccessibleInterface(slider)
    assert isValid(seen)
    slider.deleteLater()
    qtbot.waitUntil(lambda: not isValid(slider))
    gc.collect()
    fresh = ScaledSlider()
    qtbot.addWidget(fresh)
    fresh.set_number(0.25)
    assert read(fresh) == 0.25
