"""The critic in the window: heat over the sprite, replacements on a click, improving with parts to accept."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from lunar_studio.core.arrays import F32
from lunar_studio.core.sprite import Sprite
from lunar_studio.gui import pictures
from lunar_studio.gui.explore.blaming import Blaming
from lunar_studio.gui.explore.heat_layer import RAMP, ramp_colours
from lunar_studio.gui.explore.improve_panel import ImprovePanel
from lunar_studio.gui.explore.replacement_popover import points
from lunar_studio.pixels.regions import connected, differing
from lunar_studio.session.pixel_commands import PaintPixels
from tests.gui.critic_fakes import GAINS, STEPS, TinyCritic
from tests.gui.shell_studio import ShellStudio, studio

SPOT = (3, 2)
RED = (250, 0, 0, 255)


@pytest.fixture
def shell(qtbot: QtBot) -> Iterator[ShellStudio]:
    with studio(qtbot) as made:
        yield made


@pytest.fixture
def blaming(shell: ShellStudio) -> Blaming:
    return shell.window.explore.blaming


@pytest.fixture
def panel(shell: ShellStudio) -> ImprovePanel:
    return shell.window.explore.improve


def sprite_of(shell: ShellStudio) -> Sprite:
    current = shell.controller.current
    assert current is not None
    return current.sprite


def critic_of(shell: ShellStudio) -> TinyCritic:
    critic = shell.service.critic
    assert isinstance(critic, TinyCritic)
    return critic


def heat_of(blaming: Blaming) -> F32:
    heat_HW = blaming.layer.heat_HW
    assert heat_HW is not None
    return heat_HW


def paint_red(shell: ShellStudio, qtbot: QtBot, *, pinned: bool = False) -> None:
    """One pixel that the critic blames most, scored."""
    shell.controller.do(PaintPixels((SPOT,), RED, pinned))
    with qtbot.waitSignal(shell.controller.shown):
        pass


def switch_blame(shell: ShellStudio, qtbot: QtBot) -> None:
    shell.window.actions_by_id["blame"].trigger()
    blaming = shell.window.explore.blaming
    qtbot.waitUntil(lambda: blaming.map is not None)


def click_pixel(shell: ShellStudio, qtbot: QtBot, pixel: tuple[int, int]) -> None:
    canvas = shell.window.explore.canvas
    spot = shell.window.explore.blaming.layer.cell(pixel).center()
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(spot))


# ---- blame ---------------------------------------------------------------------------------------------


def test_heat_is_shown_hidden_and_follows_the_sprite(shell: ShellStudio, blaming: Blaming, qtbot: QtBot) -> None:
    assert blaming.layer.isHidden()
    paint_red(shell, qtbot)
    switch_blame(shell, qtbot)
    assert blaming.layer.isVisible()
    assert blaming.bar.isVisible()
    assert divmod(int(heat_of(blaming).argmax()), heat_of(blaming).shape[1]) == SPOT[::-1]
    shell.session.undo()
    assert blaming.layer.heat_HW is None, "an old map over another sprite would blame the wrong pixels"
    qtbot.waitUntil(lambda: blaming.map is not None and blaming.map.sprite == sprite_of(shell))
    assert heat_of(blaming)[SPOT[::-1]] == 0
    shell.window.actions_by_id["blame"].trigger()
    assert blaming.layer.isHidden()
    assert blaming.bar.isHidden()


def test_nothing_is_asked_while_sliders_move(shell: ShellStudio, blaming: Blaming, qtbot: QtBot) -> None:
    switch_blame(shell, qtbot)
    asked = critic_of(shell).blamed
    blaming._rest.setInterval(1500)
    for value in range(20, 220, 20):
        shell.slider("shape/0").setValue(value)
        shell.wait_until_shown()
        assert blaming._rest.isActive()
        blaming._rest.start()  # a busy machine may have let it run out
    assert critic_of(shell).blamed == asked
    qtbot.waitUntil(lambda: blaming.map is not None and blaming.map.sprite == sprite_of(shell))
    assert critic_of(shell).blamed == asked + 1


def test_the_heat_is_painted_where_the_pixel_is(shell: ShellStudio, blaming: Blaming, qtbot: QtBot) -> None:
    paint_red(shell, qtbot)
    switch_blame(shell, qtbot)
    canvas = shell.window.explore.canvas
    seen = canvas.grab().toImage()
    hot = seen.pixelColor(blaming.layer.cell(SPOT).center())
    cold = seen.pixelColor(blaming.layer.cell((0, 0)).center())
    assert hot.lightness() > 150
    assert cold.lightness() < 90
    canvas.set_option("shows_before", True)
    assert canvas.grab().toImage() != seen


def test_the_ramp_only_gets_lighter() -> None:
    colours = ramp_colours(np.linspace(0.1, 1, 50, dtype=np.float32)).astype(float)
    lightness = colours[:, :3] @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(lightness) > 0).all()
    assert (np.diff(colours[:, 3]) >= 0).all()
    assert ramp_colours(np.zeros(1, np.float32))[0, 3] == 0
    assert [place for place, _ in RAMP] == sorted(place for place, _ in RAMP)


def test_a_click_offers_three_and_taking_one_is_a_step(shell: ShellStudio, blaming: Blaming, qtbot: QtBot) -> None:
    paint_red(shell, qtbot)
    switch_blame(shell, qtbot)
    steps = len(shell.session.entries)
    click_pixel(shell, qtbot, SPOT)
    popover = blaming.popover
    qtbot.waitUntil(lambda: len(popover.choices) == 3)
    assert popover.isVisible()
    assert [choice.gain for choice in popover.choices] == list(GAINS)
    assert popover._buttons[0].accessibleName() == "+5.0 points with nothing"
    dirty = sprite_of(shell)
    qtbot.mouseClick(popover._buttons[1], Qt.MouseButton.LeftButton)
    assert tuple(sprite_of(shell).rgba_HWC[SPOT[::-1]]) == (0, 200, 0, 255)
    assert popover.isHidden()
    assert len(shell.session.entries) == steps + 1
    assert shell.session.entries[-1].title == "Replace pixel 3, 2"
    shell.session.undo()
    assert sprite_of(shell) == dirty


@pytest.mark.parametrize("pinned", [True, False])
def test_a_replaced_pixel_is_pinned_as_it_was(shell: ShellStudio, blaming: Blaming, qtbot: QtBot, pinned: bool) -> None:
    paint_red(shell, qtbot, pinned=pinned)
    switch_blame(shell, qtbot)
    click_pixel(shell, qtbot, SPOT)
    qtbot.waitUntil(lambda: len(blaming.popover.choices) == 3)
    qtbot.keyClick(blaming.popover, Qt.Key.Key_1)
    assert len(shell.session.document.edits.pinned) == int(pinned)
    assert sprite_of(shell).rgba_HWC[SPOT[::-1]][3] == 0


def test_the_keyboard_goes_from_worst_to_next_worst(shell: ShellStudio, blaming: Blaming, qtbot: QtBot) -> None:
    paint_red(shell, qtbot)
    shell.controller.do(PaintPixels(((6, 1),), (140, 0, 0, 255)))
    with qtbot.waitSignal(shell.controller.shown):
        pass
    switch_blame(shell, qtbot)
    shell.window.actions_by_id["worst-pixel"].trigger()
    assert blaming.popover._title.text() == f"Pixel {SPOT[0]}, {SPOT[1]}"
    blaming.popover.next_asked.emit()
    assert blaming.popover._title.text() == "Pixel 6, 1"
    qtbot.keyClick(blaming.popover, Qt.Key.Key_Escape)
    assert blaming.popover.isHidden()


def test_the_worst_pixel_can_be_asked_for_before_the_map_is_there(
    shell: ShellStudio, blaming: Blaming, qtbot: QtBot
) -> None:
    paint_red(shell, qtbot)
    assert blaming.map is None
    shell.window.actions_by_id["worst-pixel"].trigger()
    assert shell.window.actions_by_id["blame"].isChecked()
    qtbot.waitUntil(blaming.popover.isVisible)
    assert blaming.popover._title.text() == f"Pixel {SPOT[0]}, {SPOT[1]}"


def test_an_expert_is_blamed_for_its_own_points(shell: ShellStudio, blaming: Blaming, qtbot: QtBot) -> None:
    paint_red(shell, qtbot)
    switch_blame(shell, qtbot)
    names = [blaming.bar.whose.itemText(row) for row in range(blaming.bar.whose.count())]
    current = shell.controller.current
    assert current is not None
    assert names == ["whole score", *(expert.name for expert in current.score.experts)]
    blaming.bar.whose.setCurrentIndex(2)
    qtbot.waitUntil(lambda: blaming.map is not None and blaming.map.expert == 1)
    assert heat_of(blaming).max() < 0.6


def test_with_a_tool_in_hand_a_click_paints(shell: ShellStudio, blaming: Blaming, qtbot: QtBot) -> None:
    switch_blame(shell, qtbot)
    shell.window.actions_by_id["tool-pencil"].trigger()
    click_pixel(shell, qtbot, SPOT)
    assert blaming.popover.isHidden()
    assert len(shell.session.document.edits) == 1


@pytest.mark.parametrize(("gain", "text"), [(3.24, "+3.2"), (-0.44, "−0.4"), (0.01, "±0"), (-0.04, "±0")])
def test_points_are_written_with_their_sign(gain: float, text: str) -> None:
    assert points(gain) == text


@pytest.mark.parametrize("size", [(1280, 720), (1440, 900)])
def test_the_legend_stands_beside_the_sprite(
    shell: ShellStudio, blaming: Blaming, qtbot: QtBot, size: tuple[int, int]
) -> None:
    shell.window.resize(*size)
    switch_blame(shell, qtbot)
    canvas = shell.window.explore.canvas
    ratio = canvas.devicePixelRatioF()
    assert blaming.bar.geometry().right() < canvas.sprite_rect().left() / ratio
    assert canvas.rect().contains(blaming.bar.geometry())
    canvas.set_zoom(60)
    assert canvas.rect().contains(blaming.bar.geometry())
    assert blaming.bar.width() > blaming.bar.height(), "over the sprite it is flat"


# ---- improve -------------------------------------------------------------------------------------------


def open_panel(shell: ShellStudio) -> None:
    shell.window.actions_by_id["improve"].trigger()


def improve(panel: ImprovePanel, qtbot: QtBot) -> None:
    qtbot.mouseClick(panel.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.regions.count() > 0)


def on_canvas(shell: ShellStudio) -> bytes:
    image = shell.window.explore.canvas.shown_image
    assert image is not None
    return bytes(image.constBits())


def bytes_of(sprite: Sprite) -> bytes:
    image = pictures.to_image(sprite)  # its memory lives as long as it does
    return bytes(image.constBits())


def test_the_panel_takes_the_sliders_place_and_gives_it_back(
    shell: ShellStudio, panel: ImprovePanel, qtbot: QtBot
) -> None:
    page = shell.window.explore
    width = page.canvas.width()
    open_panel(shell)
    assert panel.isVisible()
    assert page.latents.isHidden()
    assert page.canvas.width() == width
    for button in (panel.accept_all, panel.accept_chosen, panel.discard):
        assert not button.isEnabled()
        assert panel.rect().contains(button.mapTo(panel, button.rect().bottomRight()))
    qtbot.keyClick(panel, Qt.Key.Key_Escape)
    assert panel.isHidden()
    assert page.latents.isVisible()
    assert not shell.window.actions_by_id["improve"].isChecked()


def test_nothing_changes_until_it_is_accepted(shell: ShellStudio, panel: ImprovePanel, qtbot: QtBot) -> None:
    document, sprite = shell.session.document, sprite_of(shell)
    open_panel(shell)
    improve(panel, qtbot)
    assert shell.session.document == document
    found = shell.window.explore.improving.found
    assert found is not None
    assert on_canvas(shell) == bytes_of(found.sprite) != bytes_of(sprite)
    assert panel.score_said.text().startswith(f"{found.score_before.value:.0f} → {found.score.value:.0f}")
    assert panel.lint_said.text().startswith("lint ")
    assert f"of {STEPS}" in panel.step_said.text()
    qtbot.mouseClick(panel.discard, Qt.MouseButton.LeftButton)
    assert on_canvas(shell) == bytes_of(sprite)
    assert shell.session.document == document
    assert panel.regions.count() == 0


def test_accepting_all_is_one_step_and_exact(shell: ShellStudio, panel: ImprovePanel, qtbot: QtBot) -> None:
    shell.controller.do(PaintPixels((SPOT,), RED))
    with qtbot.waitSignal(shell.controller.shown):
        pass
    before, steps = sprite_of(shell), len(shell.session.entries)
    anchor = shell.session.document.anchor
    open_panel(shell)
    improve(panel, qtbot)
    found = shell.window.explore.improving.found
    assert found is not None
    with qtbot.waitSignal(shell.controller.shown):
        qtbot.mouseClick(panel.accept_all, Qt.MouseButton.LeftButton)
    assert sprite_of(shell) == found.sprite
    assert tuple(sprite_of(shell).rgba_HWC[SPOT[::-1]]) == RED, "pinned"
    assert shell.session.document.latent == found.latent
    assert shell.session.document.anchor == anchor
    assert len(shell.session.document.edits.pinned) == 1
    assert len(shell.session.entries) == steps + 1
    with qtbot.waitSignal(shell.controller.shown):
        shell.session.undo()
    assert sprite_of(shell) == before


def test_parts_can_be_left_out(shell: ShellStudio, panel: ImprovePanel, qtbot: QtBot) -> None:
    open_panel(shell)
    improve(panel, qtbot)
    found = shell.window.explore.improving.found
    assert found is not None
    assert panel.regions.count() == len(found.regions) >= 2
    panel.regions.item(0).setCheckState(Qt.CheckState.Unchecked)
    kept = {pixel for region in found.regions[1:] for pixel in region.pixels}
    version = shell.window.explore.improving._version
    assert version is not None
    assert {pixel for area in connected(differing(found.before, version)) for pixel in area} == kept
    qtbot.waitUntil(lambda: "…" not in panel.score_said.text())
    steps = len(shell.session.entries)
    qtbot.mouseClick(panel.accept_chosen, Qt.MouseButton.LeftButton)
    assert sprite_of(shell) == version
    assert len(shell.session.entries) == steps + 1
    assert f"{len(found.regions) - 1} of {len(found.regions)} parts" in shell.session.entries[-1].title
    shell.session.undo()
    assert sprite_of(shell) == found.before


def test_stop_keeps_what_was_found(shell: ShellStudio, panel: ImprovePanel, qtbot: QtBot) -> None:
    critic_of(shell).step_s = 0.1
    open_panel(shell)
    qtbot.mouseClick(panel.start, Qt.MouseButton.LeftButton)
    assert panel.start.text() == "Stop"
    assert not panel.whose.isEnabled()
    qtbot.waitUntil(lambda: f"step 1 of {STEPS}" in panel.step_said.text())
    qtbot.mouseClick(panel.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.start.text() == "Start")
    found = shell.window.explore.improving.found
    assert found is not None
    assert found.has_ended
    assert 1 <= found.step < STEPS


def test_an_edit_meanwhile_discards_it(shell: ShellStudio, panel: ImprovePanel, qtbot: QtBot) -> None:
    open_panel(shell)
    improve(panel, qtbot)
    shell.controller.do(PaintPixels((SPOT,), RED))
    assert panel.regions.count() == 0
    assert on_canvas(shell) == bytes_of(sprite_of(shell))
    assert tuple(sprite_of(shell).rgba_HWC[SPOT[::-1]]) == RED


def test_what_is_held_reaches_the_critic(shell: ShellStudio, panel: ImprovePanel, qtbot: QtBot) -> None:
    open_panel(shell)
    panel.holds["silhouette"].setChecked(False)
    panel.whose.setCurrentIndex(2)
    improve(panel, qtbot)
    found = shell.window.explore.improving.found
    assert found is not None
    task = found.task
    assert (task.holds_palette, task.holds_silhouette, task.holds_pins, task.expert) == (True, False, True, 1)


def test_before_can_be_held_up_to_the_light(shell: ShellStudio, panel: ImprovePanel, qtbot: QtBot) -> None:
    open_panel(shell)
    improve(panel, qtbot)
    found = shell.window.explore.improving.found
    assert found is not None
    qtbot.mousePress(panel.before, Qt.MouseButton.LeftButton)
    assert on_canvas(shell) == bytes_of(found.before)
    qtbot.mouseRelease(panel.before, Qt.MouseButton.LeftButton)
    assert on_canvas(shell) == bytes_of(found.sprite)


def test_meter_and_lint_speak_of_the_version_on_the_canvas(
    shell: ShellStudio, panel: ImprovePanel, qtbot: QtBot
) -> None:
    page, own = shell.window.explore, shell.controller.current
    assert own is not None
    open_panel(shell)
    improve(panel, qtbot)
    found = page.improving.found
    assert found is not None
    assert page.teacher.meter.text == str(round(found.score.value))
    assert found.score != own.score
    assert page.teacher.meter.trend == round(found.score.value) - round(own.score.value)
    qtbot.waitUntil(lambda: page.lint._sprite == found.sprite)
    qtbot.mouseClick(panel.discard, Qt.MouseButton.LeftButton)
    assert page.teacher.meter.text == str(round(own.score.value))
    assert page.lint._sprite == own.sprite


def test_a_part_is_outlined_when_it_is_chosen(shell: ShellStudio, panel: ImprovePanel, qtbot: QtBot) -> None:
    canvas = shell.window.explore.canvas
    open_panel(shell)
    improve(panel, qtbot)
    found = shell.window.explore.improving.found
    assert found is not None
    panel.regions.setCurrentRow(1)
    marks = canvas._marks
    assert marks is not None
    assert {(x, y) for y, x in np.argwhere(marks.mask_HW).tolist()} == set(found.regions[1].pixels)
    qtbot.mouseClick(panel.discard, Qt.MouseButton.LeftButton)
    assert canvas._marks is None


def test_the_panel_says_how_far_it_went(shell: ShellStudio, panel: ImprovePanel, qtbot: QtBot) -> None:
    open_panel(shell)
    improve(panel, qtbot)
    assert panel.step_said.text() == f"{STEPS} of {STEPS} steps, in reach"
    assert "0.20 of at most 0.30 spreads" in panel.step_said.toolTip()


def test_heat_makes_room_for_improving(shell: ShellStudio, blaming: Blaming, qtbot: QtBot) -> None:
    switch_blame(shell, qtbot)
    open_panel(shell)
    assert blaming.layer.isHidden()
    assert blaming.bar.isHidden()
    open_panel(shell)
    qtbot.waitUntil(lambda: blaming.map is not None)
    assert blaming.bar.isVisible()
