"""An artist's own sprite in a real window: fitted in sight, found, nearer and nearer, one step, stopped by any edit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from lunar_studio.core.latent import Latent
from lunar_studio.core.sprite import Sprite
from lunar_studio.gui.explore.own_sprite import OwnSprite
from lunar_studio.gui.explore.own_sprite_bar import OwnSpriteBar
from lunar_studio.session.pixel_commands import PaintPixels
from tests.gui.fakes import SIZE
from tests.gui.shell_studio import ShellStudio, studio

RED = (255, 0, 0, 255)


@pytest.fixture
def shell(qtbot: QtBot) -> Iterator[ShellStudio]:
    with studio(qtbot) as made:
        made.wait_until_shown()
        yield made


def parts(shell: ShellStudio) -> tuple[OwnSprite, OwnSpriteBar]:
    page = shell.window.explore
    return page.own_sprite, page.own_bar


def speckled(width: int, height: int, name: str = "knight") -> Sprite:
    """Every pixel a colour of its own, so that nothing could be enlarged art."""
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, 255, (height, width, 4)).astype(np.uint8)
    pixels[..., 3] = 255
    return Sprite(pixels, name)


def test_it_comes_nearer_says_how_near_and_is_one_step(shell: ShellStudio, qtbot: QtBot) -> None:
    own, bar = parts(shell)
    before, steps = shell.session.document, len(shell.session.entries)
    heard: list[str] = []
    own._service.refined.connect(lambda _: heard.append(bar.said))
    with qtbot.waitSignal(own._service.ended):
        shell.controller.take_sprite(speckled(SIZE, SIZE))
    assert heard[0] == "knight: the model draws 0 % of its pixels exactly, coming nearer…"
    assert heard[5] == "knight: the model draws 50 % of its pixels exactly, coming nearer…"
    assert bar.said == "knight: the model draws every pixel of it; at first it was 0 %."
    assert bar.isVisible()
    assert bar.fitted == ""
    assert not any(button.isVisible() for button in bar.ways), "it was of the right size: there is nothing to choose"
    assert bar.close_button.isVisible()
    assert not bar.stop.isVisible()
    assert [entry.title for entry in shell.session.entries[steps:]] == ["Open knight"]
    document = shell.session.document
    assert document.anchor == document.latent, "a reset goes to what was found"
    shell.session.undo()
    assert shell.session.document == before
    assert not bar.isVisible(), "it would speak of a sprite that is gone"


def test_stop_keeps_what_was_found(shell: ShellStudio, qtbot: QtBot) -> None:
    own, bar = parts(shell)
    with qtbot.waitSignal(own._service.refined):
        shell.controller.take_sprite(speckled(SIZE, SIZE))
    with qtbot.waitSignal(own._service.ended):
        qtbot.mouseClick(bar.stop, Qt.MouseButton.LeftButton)
    assert not own.is_running
    found = shell.session.document.latent
    assert "at first" in bar.said or " 0 %" in bar.said
    qtbot.mouseClick(bar.close_button, Qt.MouseButton.LeftButton)
    assert not bar.isVisible()
    assert shell.session.document.latent == found


def test_a_hand_on_a_slider_ends_it(shell: ShellStudio, qtbot: QtBot) -> None:
    own, bar = parts(shell)
    with qtbot.waitSignal(own._service.refined):
        shell.controller.take_sprite(speckled(SIZE, SIZE))
    with qtbot.waitSignal(own._service.ended):
        shell.slider("shape/2").setValue(130)
        moved = shell.session.document.latent
    assert shell.session.document.latent == moved
    assert bar.said.endswith("It comes no nearer: you have changed it.")
    assert shell.session.entries[-1].title == "Move ears"


def test_an_odd_size_is_fitted_in_sight_and_can_be_fitted_otherwise(shell: ShellStudio, qtbot: QtBot) -> None:
    own, bar = parts(shell)
    with qtbot.waitSignal(own._service.ended):
        shell.controller.take_sprite(speckled(48, 40))
    assert bar.fitted == "Fitted: made 2 times smaller from 48 × 40: detail is lost."
    shown = [button for button in bar.ways if button.isVisible()]
    assert [button.text() for button in shown] == ["Whole, smaller", "Middle, cut out"]
    assert [button.isChecked() for button in shown] == [True, False]
    first = shell.session.document.latent
    with qtbot.waitSignal(own._service.ended):
        qtbot.mouseClick(shown[1], Qt.MouseButton.LeftButton)
    assert bar.fitted == "Fitted: the middle 32 × 32 of 48 × 40 cut out, every pixel as it was."
    assert shell.session.document.latent != first
    assert [entry.title for entry in shell.session.entries[-2:]] == ["Open knight", "Open knight"]
    shell.session.undo()
    assert shell.session.document.latent == first


def test_an_empty_picture_is_said_to_be_empty_and_changes_nothing(shell: ShellStudio) -> None:
    own, bar = parts(shell)
    before = shell.session.document
    shell.controller.take_sprite(Sprite(np.zeros((9, 40, 4), np.uint8), "ghost"))
    assert shell.window.banner.message == "ghost is empty."
    assert not bar.isVisible()
    assert not own.is_running
    assert shell.session.document == before


def test_locks_and_pins_of_before_do_not_bend_it(shell: ShellStudio, qtbot: QtBot) -> None:
    own, _ = parts(shell)
    shell.controller.do(PaintPixels(((1, 1),), RED))
    shell.controller.sliders.lock("shape/1", True)
    sprite = speckled(SIZE, SIZE)
    with qtbot.waitSignal(own._service.ended):
        shell.controller.take_sprite(sprite)
    explorer = shell.loader.explorer
    values = explorer.encode(sprite).values_L.copy()
    values[1] += 1.0
    assert shell.session.document.latent == Latent(values)
    assert len(shell.session.document.edits) == 0
    assert "shape/1" in shell.session.document.locked


def test_another_model_takes_the_bar_away(shell: ShellStudio, qtbot: QtBot, tmp_path: Path) -> None:
    own, bar = parts(shell)
    with qtbot.waitSignal(own._service.refined):
        shell.controller.take_sprite(speckled(SIZE, SIZE))
    with qtbot.waitSignal(shell.controller.model_changed):
        shell.window.open_model(tmp_path / "other.good.safetensors")
    assert not bar.isVisible()
    shell.wait_until_shown()


def test_a_file_of_an_odd_size_is_never_fitted_silently(shell: ShellStudio, qtbot: QtBot, tmp_path: Path) -> None:
    own, bar = parts(shell)
    Image.fromarray(speckled(20, 11).rgba_HWC).save(tmp_path / "cat.png")
    with qtbot.waitSignal(own._service.ended):
        shell.window.pictures.take_file(tmp_path / "cat.png")
    assert bar.fitted == "Fitted: padded to 32 × 32."
    assert "cat" in bar.said
