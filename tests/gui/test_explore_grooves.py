"""Grooves in the window: painted while the hand rests, dropped the moment it moves, true or faint."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from lunar_studio.core.sprite import Sprite
from lunar_studio.core.track import STOPS
from lunar_studio.gui.explore.groove_watch import QUIET_MS
from lunar_studio.gui.explore.latent_slider import LatentSlider
from tests.gui.fakes import draw
from tests.gui.shell_studio import ShellStudio, studio


@pytest.fixture
def shell(qtbot: QtBot) -> Iterator[ShellStudio]:
    with studio(qtbot) as made:
        yield made


def wait_for_grooves(shell: ShellStudio, qtbot: QtBot) -> tuple[LatentSlider, ...]:
    """Until every slider in view is painted with what is true now."""
    latents = shell.window.explore.latents
    qtbot.waitUntil(lambda: all(one.is_groove_true for one in latents.sliders_in_view))
    return latents.sliders_in_view


def test_every_slider_in_view_is_painted_while_the_hand_rests(shell: ShellStudio, qtbot: QtBot) -> None:
    sliders = wait_for_grooves(shell, qtbot)
    latent = shell.session.document.latent
    assert latent is not None
    assert len(sliders) >= 6
    for slider in sliders:
        found = slider.groove
        assert found is not None
        expected = slider.direction.moved(latent, found.positions[0])
        assert found.sprites[0] == Sprite(draw(expected.values_L.tolist()))
        assert found.scores[0] == shell.loader.explorer.score(found.sprites[0]).value
        told = slider.accessibleDescription()
        assert "best" in told or "all along" in told
    hidden = set(shell.window.explore.latents.sliders) - set(sliders)
    assert all(slider.groove is None for slider in hidden), "what nobody sees is not looked at"


def test_the_ribbon_is_seen(shell: ShellStudio, qtbot: QtBot) -> None:
    slider = wait_for_grooves(shell, qtbot)[0]
    painted = slider.grab().toImage()
    slider.show_groove(slider.groove, is_true=False)
    faint = slider.grab().toImage()
    slider.show_groove(None)
    bare = slider.grab().toImage()
    assert painted != faint
    assert faint != bare


def test_a_drag_drops_what_is_under_way_and_asks_for_nothing(shell: ShellStudio, qtbot: QtBot) -> None:
    service, slider = shell.window.explore.grooves.service, shell.slider("shape/0")
    wait_for_grooves(shell, qtbot)
    shell.loader.explorer.pause_s = 0.05
    shell.window.explore.roll_seed(5)
    qtbot.waitUntil(lambda: service.is_looking)
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=QPoint(slider.groove_area().center().x(), 12))
    slider.setValue(210)
    assert not service.is_looking
    shell.wait_until_shown()
    qtbot.wait(2 * QUIET_MS)
    assert not service.is_looking, "a hand is on a slider"
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=QPoint(slider.groove_area().center().x(), 12))
    qtbot.waitUntil(lambda: service.is_looking)


def test_a_slider_keeps_its_own_groove_and_the_others_turn_faint(shell: ShellStudio, qtbot: QtBot) -> None:
    sliders = wait_for_grooves(shell, qtbot)
    moved, kept = sliders[0], sliders[0].groove
    moved.setSliderDown(True)
    moved.setValue(moved.value() + 90)
    assert moved.is_groove_true
    assert not any(slider.is_groove_true for slider in sliders[1:])
    moved.setSliderDown(False)
    wait_for_grooves(shell, qtbot)
    assert moved.groove is kept


def test_undo_makes_a_groove_true_again_without_looking(shell: ShellStudio, qtbot: QtBot) -> None:
    sliders = wait_for_grooves(shell, qtbot)
    other = sliders[1]
    kept = other.groove
    shell.loader.explorer.pause_s = 0.2  # too slow for a new one to be found before the undo
    sliders[0].setValue(sliders[0].value() + 90)
    shell.controller.end_move()
    assert not other.is_groove_true
    shell.session.undo()
    shell.loader.explorer.pause_s = 0.0
    wait_for_grooves(shell, qtbot)
    assert other.groove is kept


def test_painted_pixels_lie_over_every_stop(shell: ShellStudio, qtbot: QtBot) -> None:
    shell.window.actions_by_id["tool-pencil"].trigger()
    shell.window.explore.painting.set_colour((1, 2, 3, 255))
    canvas = shell.window.explore.canvas
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=canvas.rect().center())
    qtbot.waitUntil(lambda: len(shell.session.document.edits) == 1)
    shell.wait_until_shown()
    found = wait_for_grooves(shell, qtbot)[0].groove
    assert found is not None
    ((pixel, rgba, _pinned),) = tuple(shell.session.document.edits)
    assert all(tuple(sprite.rgba_HWC[pixel[1], pixel[0]]) == rgba for sprite in found.sprites)


def test_the_strip_shows_the_slider_pointed_at_and_takes_it_to_a_stop(shell: ShellStudio, qtbot: QtBot) -> None:
    sliders, strip = wait_for_grooves(shell, qtbot), shell.window.explore.latents.strip
    assert not any(thumb.isEnabled() for thumb in strip.thumbs), "nothing was pointed at"
    sliders[2].setFocus()
    qtbot.waitUntil(lambda: strip.slider is sliders[2])
    found = sliders[2].groove
    assert found is not None
    assert all(thumb.isEnabled() for thumb in strip.thumbs)
    assert [thumb.isChecked() for thumb in strip.thumbs].index(True) == found.nearest(sliders[2].position)
    steps = len(shell.session.entries)
    qtbot.mouseClick(strip.thumbs[6], Qt.MouseButton.LeftButton)
    assert sliders[2].position == pytest.approx(found.positions[6], abs=1e-3)
    assert len(shell.session.entries) == steps + 1
    assert strip.thumbs[6].isChecked()
    assert "score" in strip.thumbs[6].accessibleName()
    assert len(strip.thumbs) == STOPS
    strip.show_slider(None)
    assert not any(thumb.isChecked() for thumb in strip.thumbs), "a frame around nothing"


def test_it_can_be_switched_off_and_stays_so(shell: ShellStudio, qtbot: QtBot) -> None:
    sliders, page = wait_for_grooves(shell, qtbot), shell.window.explore
    action = shell.window.actions_by_id["score-ribbons"]
    assert action.isChecked()
    action.trigger()
    assert all(slider.groove is None for slider in sliders)
    assert not page.latents.strip.isVisible()
    assert not shell.preferences.values.flag("explore.score_ribbon")
    page.roll()
    qtbot.waitUntil(lambda: shell.session.can_undo)
    shell.wait_until_shown()
    qtbot.wait(3 * QUIET_MS)
    assert not page.grooves.service.is_looking
    assert all(slider.groove is None for slider in sliders)
    action.trigger()
    wait_for_grooves(shell, qtbot)
    assert page.latents.strip.isVisible()


def test_another_model_forgets_them(shell: ShellStudio, qtbot: QtBot) -> None:
    wait_for_grooves(shell, qtbot)
    with qtbot.waitSignal(shell.window.explore.presented):
        shell.window.open_model(None)
    wait_for_grooves(shell, qtbot)
