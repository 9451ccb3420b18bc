"""A picture that was opened is drawn by the model; one key lays its own pixels over that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from lunar_studio.core.sprite import Sprite
from lunar_studio.pixels.files import write_png
from tests.gui.shell_studio import ShellStudio, studio


@pytest.fixture
def shell(qtbot: QtBot) -> Iterator[ShellStudio]:
    with studio(qtbot) as made:
        made.wait_until_shown()
        yield made


def picture_for(shell: ShellStudio) -> Sprite:
    """What the model draws, with a corner that it does not."""
    current = shell.controller.current
    assert current is not None
    rgba_HWC = current.sprite.rgba_HWC.copy()
    rgba_HWC[:2, :3] = (10, 200, 30, 255)
    return Sprite(rgba_HWC, "mine")


def open_picture(shell: ShellStudio, qtbot: QtBot, path: Path, picture: Sprite) -> None:
    write_png(picture, path)
    steps = len(shell.session.entries)
    shell.window.pictures.take_file(path)
    qtbot.waitUntil(lambda: len(shell.session.entries) > steps)
    shell.wait_until_shown()


def test_nothing_can_be_laid_before_a_picture_is_opened(shell: ShellStudio) -> None:
    action = shell.window.actions_by_id["own-pixels"]
    assert not action.isEnabled()
    shell.window.explore.own_pixels.lay()
    assert not shell.session.can_undo


def test_the_pixels_laid_are_those_of_the_way_that_was_chosen(shell: ShellStudio, qtbot: QtBot, tmp_path: Path) -> None:
    rgba_HWC = np.random.default_rng(4).integers(0, 255, (50, 40, 4), np.uint8)
    rgba_HWC[..., 3] = 255
    large = Sprite(rgba_HWC, "large")
    open_picture(shell, qtbot, tmp_path / "large.png", large)
    page = shell.window.explore
    whole = page.own_pixels.picture
    steps = len(shell.session.entries)
    page.own_bar.ways[1].click()
    qtbot.waitUntil(lambda: len(shell.session.entries) > steps)
    shell.wait_until_shown()
    assert page.own_pixels.picture != whole
    page.own_pixels.lay()
    shell.wait_until_shown()
    assert shell.controller.current is not None
    assert np.array_equal(shell.controller.current.sprite.rgba_HWC, large.rgba_HWC[9:41, 4:36])


def test_the_picture_s_own_pixels_are_one_step_and_exact(shell: ShellStudio, qtbot: QtBot, tmp_path: Path) -> None:
    picture = picture_for(shell)
    open_picture(shell, qtbot, tmp_path / "mine.png", picture)
    drawn = shell.controller.current
    assert drawn is not None
    assert drawn.sprite != picture
    steps = len(shell.session.entries)
    action = shell.window.actions_by_id["own-pixels"]
    assert action.isEnabled()
    action.trigger()
    shell.wait_until_shown()
    shown = shell.controller.current
    assert shown is not None
    assert np.array_equal(shown.sprite.rgba_HWC, picture.cleaned().rgba_HWC)
    assert shell.session.entries[-1].title == "Own pixels of mine"
    assert len(shell.session.document.edits.pinned) == 0, "the next roll takes them away"
    action.trigger()
    assert len(shell.session.entries) == steps + 1, "there is nothing more to lay"
    shell.session.undo()
    shell.wait_until_shown()
    assert shell.controller.current is not None
    assert shell.controller.current.sprite == drawn.sprite
