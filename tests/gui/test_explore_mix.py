"""The Mix view in a real window: sprites on the pad, a dragged handle, keyboard, in-betweens in the strip, undo."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from lunar_studio.core.blending import blended
from lunar_studio.core.latent import Latent
from lunar_studio.gui.explore.mix_view import MixView
from lunar_studio.session.commands import LockSlider
from tests.gui.fakes import LATENT_DIM
from tests.gui.shell_studio import ShellStudio, studio

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def shell(qtbot: QtBot) -> Iterator[ShellStudio]:
    with studio(qtbot) as made:
        info = made.loader.explorer.info
        made.loader.explorer._info = replace(info, palette_dim=4)
        with qtbot.waitSignal(made.window.explore.presented):
            made.window.open_model(None)
        made.window.actions_by_id["view-mix"].trigger()
        yield made


@pytest.fixture
def view(shell: ShellStudio) -> MixView:
    return shell.window.explore.mix


def fill(shell: ShellStudio, count: int) -> list[Latent]:
    """So many sprites on the pad, the first of them the one on the canvas."""
    explorer, mixing = shell.loader.explorer, shell.window.explore.mixing
    shell.wait_until_shown()
    mixing.add_current()
    for latent in explorer.sample(count - 1, seed=5):
        mixing.add(latent, explorer.decode(latent))
    return list(mixing.latents)


def now(shell: ShellStudio) -> Latent:
    found = shell.session.document.latent
    assert found is not None
    return found


def drag(view: MixView, qtbot: QtBot, *places: tuple[float, float]) -> None:
    points = [view.pad.point(place).toPoint() for place in places]
    qtbot.mousePress(view.pad, LEFT, pos=points[0])
    for point in points[1:]:
        qtbot.mouseMove(view.pad, point)
    qtbot.mouseRelease(view.pad, LEFT, pos=points[-1])


def test_a_drag_mixes_live_and_is_one_step(shell: ShellStudio, view: MixView, qtbot: QtBot) -> None:
    latents = fill(shell, 4)
    before, steps = now(shell), len(shell.session.entries)
    drag(view, qtbot, (0.5, 0.5), (0.4, 0.6), (0.25, 0.75))
    assert len(shell.session.entries) == steps + 1
    assert shell.session.entries[-1].title == "Mix"
    expected = blended(latents, view.pad.weights, shell.loader.explorer.info.latent_parts)
    assert now(shell) == expected
    shell.wait_until_shown()
    seen = view.preview.grab().toImage()
    place = view.pad.place
    drag(view, qtbot, (1.0, 0.0))
    np.testing.assert_allclose(now(shell).values_L, latents[1].values_L, atol=0.2)
    shell.wait_until_shown()
    assert view.preview.grab().toImage() != seen
    shell.session.undo()
    assert now(shell) == expected
    assert view.pad.place == place, "the handle goes back with the sprite"
    assert "The mix is the sprite" in view._said.text()
    shell.controller.sliders.move("shape/0", 3.0)
    assert "another by now" in view._said.text()
    shell.session.undo()
    assert "The mix is the sprite" in view._said.text()
    shell.session.undo()
    assert now(shell) == before


def test_what_is_put_on_the_pad_is_mixed_at_once(shell: ShellStudio, view: MixView) -> None:
    first, second = fill(shell, 2)
    parts = shell.loader.explorer.info.latent_parts
    assert now(shell) == blended((first, second), (0.5, 0.5), parts), "the pad says 50 % of each"
    shell.session.undo()
    assert now(shell) == first
    shell.session.redo()
    third = shell.loader.explorer.sample(1, seed=9)[0]
    shell.window.explore.mixing.add(third, shell.loader.explorer.decode(third))
    assert now(shell) == blended((first, second, third), view.pad.weights, parts)
    assert [entry.title for entry in shell.session.entries] == ["Mix", "Mix"]


def test_the_keyboard_moves_the_handle(shell: ShellStudio, view: MixView, qtbot: QtBot) -> None:
    latents = fill(shell, 3)
    steps = len(shell.session.entries)
    view.pad.setFocus()
    qtbot.keyClick(view.pad, Qt.Key.Key_2)
    assert now(shell) == latents[1]
    qtbot.keyClick(view.pad, Qt.Key.Key_Home)
    middle = view.pad.place
    qtbot.keyClick(view.pad, Qt.Key.Key_Left)
    coarse = middle[0] - view.pad.place[0]
    qtbot.keyClick(view.pad, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert middle[0] - view.pad.place[0] == pytest.approx(1.2 * coarse)
    assert len(shell.session.entries) == steps + 4
    assert "%" in view.pad.accessibleName()


def test_colours_from_one_and_shape_from_another(shell: ShellStudio, view: MixView, qtbot: QtBot) -> None:
    latents = fill(shell, 2)
    assert view.shape.isEnabled()
    view.shape.setCurrentIndex(1)
    view.colours.setCurrentIndex(2)
    np.testing.assert_array_equal(now(shell).values_L[:4], latents[1].values_L[:4])
    np.testing.assert_array_equal(now(shell).values_L[4:], latents[0].values_L[4:])
    view.colours.setCurrentIndex(0)
    drag(view, qtbot, (0.5, 0.5), (0.25, 0.5))
    weight = view.pad.weights[1]
    expected = (1 - weight) * latents[0].values_L[:4] + weight * latents[1].values_L[:4]
    np.testing.assert_allclose(now(shell).values_L[:4], expected, atol=1e-5)
    np.testing.assert_array_equal(now(shell).values_L[4:], latents[0].values_L[4:])


def test_locked_sliders_stay(shell: ShellStudio, view: MixView, qtbot: QtBot) -> None:
    fill(shell, 2)
    shell.controller.do(LockSlider("shape/6"))
    held = shell.controller.sliders.direction("shape/6")
    before = held.position(now(shell))
    drag(view, qtbot, (0.5, 0.5), (0.9, 0.5))
    assert held.position(now(shell)) == pytest.approx(before, abs=1e-5)


def test_in_betweens_come_to_the_strip_and_can_be_taken(shell: ShellStudio, view: MixView, qtbot: QtBot) -> None:
    latents = fill(shell, 2)
    strip = shell.window.explore.strip
    view.steps.setValue(7)
    qtbot.mouseClick(view.show_steps, LEFT)
    qtbot.waitUntil(lambda: len(strip._sprites) == 7)
    assert strip.mode == "offered"
    assert strip.offered_title == "In-betweens"
    assert strip._sprites[0] == shell.loader.explorer.decode(latents[0])
    assert strip._sprites[-1] == shell.loader.explorer.decode(latents[1])
    assert not strip.thumbs[7].isEnabled()
    qtbot.mouseClick(strip.thumbs[6], LEFT)
    assert now(shell) == latents[1]
    qtbot.mouseClick(strip._random, LEFT)
    qtbot.waitUntil(strip.thumbs[7].isEnabled)
    qtbot.mouseClick(strip._offer, LEFT)
    qtbot.waitUntil(lambda: len(strip._sprites) == 7)


def test_sprites_come_from_shelf_and_strip(shell: ShellStudio, view: MixView, qtbot: QtBot) -> None:
    page = shell.window.explore
    shell.wait_until_shown()
    shell.window.actions_by_id["bookmark"].trigger()
    page.views.show_view("sprite")
    page.shelf.grid.mix_asked.emit(shell.session.document.bookmarks[0].id)
    assert page.views.current == "mix"
    qtbot.waitUntil(lambda: len(page.strip._latents) > 2)
    page.strip.mix_asked.emit(page.strip._latents[2], shell.loader.explorer.decode(page.strip._latents[2]))
    assert list(page.mixing.latents) == [shell.session.document.bookmarks[0].latent, page.strip._latents[2]]
    page.mixing.add_current()
    assert len(page.mixing.latents) == 2, "the same sprite is there once"
    view.pad.remove_asked.emit(0)
    assert list(page.mixing.latents) == [page.strip._latents[2]]
    qtbot.mouseClick(view.clear, LEFT)
    assert not page.mixing.latents
    assert not view.show_steps.isEnabled()


def test_the_pad_holds_four_of_this_model(shell: ShellStudio, qtbot: QtBot) -> None:
    mixing = shell.window.explore.mixing
    fill(shell, 4)
    other = Latent(np.full(LATENT_DIM, 0.5))
    with qtbot.waitSignal(mixing.said) as told:
        mixing.add(other, shell.loader.explorer.decode(other))
    assert "holds 4" in told.args[0]
    mixing.clear()
    with qtbot.waitSignal(mixing.said) as told:
        mixing.add(Latent([0.0]), shell.loader.explorer.decode(other))
    assert "another model" in told.args[0]
    assert mixing.latents == ()


def test_one_sprite_is_no_mix(shell: ShellStudio, view: MixView, qtbot: QtBot) -> None:
    fill(shell, 1)
    before, steps = now(shell), len(shell.session.entries)
    qtbot.mousePress(view.pad, LEFT, pos=QPoint(5, 5))
    qtbot.mouseRelease(view.pad, LEFT, pos=QPoint(60, 60))
    qtbot.keyClick(view.pad, Qt.Key.Key_Right)
    assert now(shell) == before
    assert len(shell.session.entries) == steps
