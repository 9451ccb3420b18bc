"""What a screen reader is told, in the real window with the tiny explorer in place of the model."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from lunar_studio.gui.widgets.speaker import Speaker
from tests.gui.shell_studio import ShellStudio, studio


@pytest.fixture
def shell(qtbot: QtBot) -> Iterator[ShellStudio]:
    QAccessible.setActive(True)
    try:
        with studio(qtbot) as made:
            speaker = speaker_of(made)
            with qtbot.waitSignal(speaker.spoken):  # of the first sprite
                speaker.say("test", "ready")
            yield made
    finally:
        QAccessible.setActive(False)


def speaker_of(shell: ShellStudio) -> Speaker:
    found = shell.window.findChild(Speaker)
    assert isinstance(found, Speaker)
    return found


def heard(shell: ShellStudio, qtbot: QtBot) -> str:
    """What is spoken next."""
    with qtbot.waitSignal(speaker_of(shell).spoken) as blocker:
        pass
    assert blocker.args is not None
    return str(blocker.args[0])


def test_a_step_and_the_score_it_led_to_are_one_sentence(shell: ShellStudio, qtbot: QtBot) -> None:
    with qtbot.waitSignal(shell.window.explore.presented):
        shell.window.actions_by_id["re-roll"].trigger()
    current = shell.controller.current
    assert current is not None
    assert heard(shell, qtbot) == f"Re-roll. Score {current.score.value:.0f}"
    shell.session.undo()
    assert heard(shell, qtbot).startswith("Undone: Re-roll. Score ")


def test_a_slider_under_the_fingers_says_where_it_stands_once_it_rests(shell: ShellStudio, qtbot: QtBot) -> None:
    slider = shell.slider(_first_id(shell))
    slider.setFocus()
    said: list[str] = []
    speaker_of(shell).spoken.connect(said.append)
    for _ in range(12):
        QTest.keyClick(slider, Qt.Key.Key_Right)
    shell.wait_until_shown()
    assert said == [], "a drag would be spoken over"
    assert heard(shell, qtbot).startswith(f"{slider.name} {slider.shown_value}. Score ")
    assert len(said) == 1


def _first_id(shell: ShellStudio) -> str:
    return shell.window.explore.latents.sliders_in_view[0].direction.id


def test_pages_views_messages_and_events_are_said(shell: ShellStudio, qtbot: QtBot) -> None:
    window = shell.window
    window.open_page("train")
    assert heard(shell, qtbot) == "Train page"
    window.show_notice("The file is damaged.", "Take another.", "bad")
    assert heard(shell, qtbot) == "The file is damaged. Take another"
    window.status.say("Copied")
    assert heard(shell, qtbot) == "Copied"
    window.open_page("explore")
    window.actions_by_id["view-breed"].trigger()
    assert heard(shell, qtbot) == "Explore page. Breed view"


def test_what_the_palette_would_do_is_said(shell: ShellStudio, qtbot: QtBot) -> None:
    palette = shell.window.palette_popup
    shell.window.actions_by_id["command-palette"].trigger()
    assert heard(shell, qtbot).endswith(f", 1 of {len(palette.found)}")
    QTest.keyClicks(palette.search, "pixel grid")
    assert heard(shell, qtbot).startswith("Pixel Grid, Shift+G, 1 of ")
    QTest.keyClick(palette.search, Qt.Key.Key_Return)
    said = heard(shell, qtbot)
    assert said == f"Pixel Grid {'on' if shell.window.actions_by_id['pixel-grid'].isChecked() else 'off'}"


def test_the_notification_is_what_it_says(shell: ShellStudio, qtbot: QtBot) -> None:
    shell.window.status.say("Copied")
    heard(shell, qtbot)
    told = QAccessible.queryAccessibleInterface(speaker_of(shell))
    assert told.role() is QAccessible.Role.Notification
    assert told.text(QAccessible.Text.Name) == "Copied"


def test_without_a_screen_reader_nothing_is_said(qtbot: QtBot) -> None:
    with studio(qtbot) as shell:
        said: list[str] = []
        speaker_of(shell).spoken.connect(said.append)
        shell.window.status.say("Copied")
        qtbot.wait(1000)
        assert said == []


def test_one_of_several_is_no_box_to_check(shell: ShellStudio) -> None:
    roles = {}
    for button in shell.window.findChildren(QPushButton):
        if button.objectName().startswith(("tab/", "centre-view/")):
            roles[button.objectName()] = QAccessible.queryAccessibleInterface(button).role()
    assert len(roles) == 8
    assert set(roles.values()) == {QAccessible.Role.RadioButton}
