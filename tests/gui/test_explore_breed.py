"""The Breed view in a real window: begin, mark, breed, go back, take, keep; mouse and keyboard; every step undone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from lunar_studio.core.latent import Latent
from lunar_studio.core.sprite import Sprite
from lunar_studio.gui.explore.breed_view import BreedView
from lunar_studio.gui.explore.generation_tree import places, told
from lunar_studio.session.breeding import BreedingTree, Generation
from lunar_studio.session.breeding_commands import AddGeneration, MarkChildren
from lunar_studio.session.commands import LockSlider
from lunar_studio.session.offspring import children
from lunar_studio.session.pixel_commands import PaintPixels
from tests.gui.fakes import LATENT_DIM, TinyExplorer
from tests.gui.shell_studio import ShellStudio, studio

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def shell(qtbot: QtBot) -> Iterator[ShellStudio]:
    with studio(qtbot) as made:
        made.window.actions_by_id["view-breed"].trigger()
        yield made


@pytest.fixture
def view(shell: ShellStudio) -> BreedView:
    return shell.window.explore.breed


def shown(shell: ShellStudio) -> Generation:
    found = shell.session.document.breeding.shown
    assert found is not None
    return found


def begin(shell: ShellStudio, view: BreedView, qtbot: QtBot, side: int = 4) -> Generation:
    view.side.setCurrentIndex(view.side.findData(side))
    qtbot.mouseClick(view.begin, LEFT)
    qtbot.waitUntil(lambda: view.grid.filled == side * side)
    return shown(shell)


def click(view: BreedView, qtbot: QtBot, index: int) -> None:
    qtbot.mouseClick(view.grid, LEFT, pos=view.grid.cell(index).center())


def test_the_empty_view_teaches_and_begins(shell: ShellStudio, view: BreedView, qtbot: QtBot) -> None:
    assert view.isVisible()
    assert not view.breed.isEnabled()
    view._empty.acted.emit()
    qtbot.waitUntil(lambda: view.grid.filled == 36)
    bred = shown(shell)
    assert bred.parents == (shell.session.document.latent,)
    assert (bred.count, bred.share, bred.parent) == (36, "all", "")
    assert shell.session.entries[-1].title == "Breed from the sprite"
    shell.session.undo()
    assert shell.session.document.breeding == BreedingTree()
    assert view.grid.count == 36
    assert not view.grid.isVisible()


def test_marked_children_are_the_parents_of_the_next(shell: ShellStudio, view: BreedView, qtbot: QtBot) -> None:
    first = begin(shell, view, qtbot)
    for index in (9, 2, 5):
        click(view, qtbot, index)
    click(view, qtbot, 5)
    assert shown(shell).kept == (2, 9)
    assert view.breed.text() == "Breed 2"
    steps = len(shell.session.entries)
    litter = shell.window.explore.breeding._litter(first).latents
    qtbot.mouseClick(view.breed, LEFT)
    qtbot.waitUntil(lambda: view.grid.filled == 16)
    second = shown(shell)
    assert second.parents == (litter[2], litter[9])
    assert second.parent == first.id
    assert len(shell.session.entries) == steps + 1
    qtbot.mouseClick(view.tree, LEFT, pos=view.tree.node(first.id).center())
    assert shown(shell).id == first.id
    assert shown(shell).kept == (2, 9)
    qtbot.mouseClick(view.again, LEFT)
    third = shown(shell)
    assert (third.parents, third.parent) == (first.parents, "")
    assert [one.id for one in shell.session.document.breeding.generations] == [first.id, second.id, third.id]
    qtbot.keyClick(view.tree, Qt.Key.Key_Up)
    assert shown(shell).id == first.id
    qtbot.keyClick(view.tree, Qt.Key.Key_Right)
    assert shown(shell).id == second.id
    qtbot.keyClick(view.tree, Qt.Key.Key_Left)
    assert shown(shell).id == first.id


def test_the_keyboard_walks_marks_takes_and_keeps(shell: ShellStudio, view: BreedView, qtbot: QtBot) -> None:
    bred = begin(shell, view, qtbot, side=5)
    view.grid.setFocus()
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Left, Qt.Key.Key_Down):
        qtbot.keyClick(view.grid, key)
    assert view.grid.chosen == 2 * view.grid.columns
    qtbot.keyClick(view.grid, Qt.Key.Key_Space)
    assert shown(shell).kept == (view.grid.chosen,)
    assert "marked" in view.grid.accessibleName()
    wanted = shell.window.explore.breeding._litter(bred).latents[view.grid.chosen]
    qtbot.keyClick(view.grid, Qt.Key.Key_K)
    kept = shell.session.document.bookmarks[-1]
    assert kept.latent == wanted
    assert kept.sprite == shell.loader.explorer.decode(wanted)
    before = shell.session.document.latent
    qtbot.keyClick(view.grid, Qt.Key.Key_Return)
    assert shell.session.document.latent == wanted
    shell.session.undo()
    assert shell.session.document.latent == before


def test_by_keys_alone_the_children_come_next(shell: ShellStudio, view: BreedView, qtbot: QtBot) -> None:
    shell.window.activateWindow()
    view.begin.setFocus()
    qtbot.keyClick(view.begin, Qt.Key.Key_Return)
    assert view.grid.hasFocus()
    qtbot.waitUntil(lambda: view.grid.filled == 36)
    qtbot.keyClick(view.grid, Qt.Key.Key_Space)
    view.breed.setFocus()
    qtbot.keyClick(view.breed, Qt.Key.Key_Return)
    assert len(shell.session.document.breeding) == 2
    assert view.grid.hasFocus()
    view.again.setFocus()
    qtbot.keyClick(view.again, Qt.Key.Key_Return)
    assert view.again.hasFocus(), "who wants others may want others again"


def test_what_was_said_of_a_child_goes_when_another_sprite_comes(
    shell: ShellStudio, view: BreedView, qtbot: QtBot
) -> None:
    begin(shell, view, qtbot)
    view.grid.taken.emit(3)
    assert view.said.text().startswith("Number 4 is the sprite now")
    shell.session.undo()
    assert view.said.text().startswith("Click to mark parents")


def test_a_double_click_takes_and_leaves_the_marks(shell: ShellStudio, view: BreedView, qtbot: QtBot) -> None:
    bred = begin(shell, view, qtbot)
    spot = view.grid.cell(7).center()
    qtbot.mouseClick(view.grid, LEFT, pos=spot)
    assert shown(shell).kept == (7,)
    qtbot.mouseDClick(view.grid, LEFT, pos=spot)
    assert shell.session.document.latent == shell.window.explore.breeding._litter(bred).latents[7]
    assert shown(shell).kept == ()
    shell.wait_until_shown()


def test_locks_shares_and_strength_reach_the_generation(shell: ShellStudio, view: BreedView, qtbot: QtBot) -> None:
    shell.controller.do(LockSlider("shape/1"))
    view.strength.setValue(90)
    qtbot.mouseClick(view.shares.buttons["colours"], LEFT)
    bred = begin(shell, view, qtbot, side=5)
    assert (bred.share, bred.strength, bred.held, bred.count) == ("colours", 0.9, ("shape/1",), 25)
    parent = bred.parents[0].values_L
    for child in shell.window.explore.breeding._litter(bred).latents:
        assert (child.values_L[:16] == parent[:16]).all()
        assert (child.values_L[16:22] != parent[16:22]).all()


def test_a_leaf_can_be_removed_and_comes_back(shell: ShellStudio, view: BreedView, qtbot: QtBot) -> None:
    first = begin(shell, view, qtbot)
    shell.controller.do(MarkChildren(first.id, (1,)))
    qtbot.mouseClick(view.breed, LEFT)
    second = shown(shell)
    view.tree.remove_asked.emit(first.id)
    assert len(shell.session.document.breeding) == 2, "something was bred from it"
    view.tree.remove_asked.emit(second.id)
    assert shown(shell).id == first.id
    shell.session.undo()
    assert shown(shell).id == second.id
    qtbot.waitUntil(lambda: view.grid.filled == 16)


def test_thumbnails_of_the_tree_arrive(shell: ShellStudio, view: BreedView, qtbot: QtBot) -> None:
    bred = begin(shell, view, qtbot)
    qtbot.waitUntil(lambda: not view.tree.missing())
    node = view.tree.node(bred.id)
    seen = view.tree.grab(node).toImage()
    colours = {seen.pixel(x, y) for x in range(4, node.width() - 4) for y in range(4, node.height() - 4)}
    assert len(colours) > 3


def test_without_a_model_there_is_nothing_to_breed(qtbot: QtBot) -> None:
    with studio(qtbot, model=False) as bare:
        bare.window.explore.breed.begin_asked.emit()
        assert bare.session.document.breeding == BreedingTree()


@given(st.lists(st.integers(0, 30), max_size=30))
def test_nodes_never_lie_on_each_other(parents: list[int]) -> None:
    parent = Latent([0.0])
    made: list[Generation] = []
    for number, link in enumerate(parents):
        above = "" if link == 0 or not made else made[(link - 1) % len(made)].id
        made.append(Generation(f"g{number}", (parent,), 0, 0.5, parent=above))
    tree = BreedingTree(tuple(made))
    found = places(tree)
    assert len(set(found.values())) == len(made)
    for generation in made:
        assert found[generation.id][0] == tree.depth(generation.id)
    if made:
        assert {row for _, row in found.values()} == set(range(max(row for _, row in found.values()) + 1))


def test_a_generation_is_told_in_words() -> None:
    one = Generation("a", (Latent([0.0]),) * 3, 7, 0.5, "shape", 36)
    assert told(BreedingTree((one,)), one) == "Generation 1: 36 from 3 parents, shape only, strength 0.50, seed 7"


class Shy(TinyExplorer):
    """Draws nothing while a creature has small ears."""

    def decode(self, latent: Latent) -> Sprite:
        drawn = super().decode(latent)
        return Sprite(np.zeros_like(drawn.rgba_HWC)) if latent.values_L[2] < -0.4 else drawn


def begin_shy(shell: ShellStudio, view: BreedView, qtbot: QtBot) -> Shy:
    explorer = shell.loader.explorer = Shy("Shy 32")
    with qtbot.waitSignal(shell.controller.model_changed):
        shell.controller.open_model(None)
    shell.controller.begin(Latent(np.zeros(LATENT_DIM)), "Test")
    shell.controller._random.seed(5)
    begin(shell, view, qtbot, side=8)
    return explorer


def test_no_child_is_empty_and_what_is_seen_is_what_is_bred(shell: ShellStudio, view: BreedView, qtbot: QtBot) -> None:
    explorer = begin_shy(shell, view, qtbot)
    bred = shown(shell)
    model = shell.controller.model
    assert model is not None
    first = children(bred, model.directions, model.info.latent_parts)
    replaced = [index for index, child in enumerate(first) if explorer.decode(child).is_empty]
    assert len(replaced) > 3, "else this shows nothing"
    litter = shell.window.explore.breeding._litter(bred)
    assert not any(explorer.decode(latent).is_empty for latent in litter.latents)
    assert [i for i, (one, other) in enumerate(zip(first, litter.latents, strict=True)) if one != other] == replaced
    click(view, qtbot, replaced[0])
    qtbot.mouseClick(view.breed, LEFT)
    assert shown(shell).parents == (litter.latents[replaced[0]],)


def test_the_marked_are_bred_once_it_is_known_which_they_are(shell: ShellStudio, view: BreedView, qtbot: QtBot) -> None:
    begin_shy(shell, view, qtbot)
    breeding, first = shell.window.explore.breeding, shown(shell)
    known = tuple(breeding._litter(first).latents)
    breeding._litters.clear()
    breeding._show_litter(first)
    shell.controller.do(MarkChildren(first.id, (0, 63)))
    breeding.breed()
    assert shown(shell).id == first.id
    qtbot.waitUntil(lambda: shown(shell).id != first.id)
    assert shown(shell).parents == (known[0], known[63])


def test_children_of_an_older_project_stay_and_say_that_they_are_empty(
    shell: ShellStudio, view: BreedView, qtbot: QtBot
) -> None:
    explorer = begin_shy(shell, view, qtbot)
    before = replace(shown(shell), id="before", growth=1)
    shell.controller.do(AddGeneration(before))
    qtbot.waitUntil(lambda: view.grid.filled == 64)
    litter = shell.window.explore.breeding._litter(before)
    empty = [index for index, latent in enumerate(litter.latents) if explorer.decode(latent).is_empty]
    assert empty == [index for index in range(64) if "nothing to see" in view.grid.told(index)]
    assert empty


def test_pinned_pixels_lie_over_every_cell(shell: ShellStudio, view: BreedView, qtbot: QtBot) -> None:
    begin(shell, view, qtbot)
    free = [view.grid._images[index] for index in range(view.grid.count)]
    shell.controller.do(PaintPixels(((1, 1),), (9, 200, 7, 255)))
    pinned = [image.pixelColor(1, 1).getRgb() for image in view.grid._images if image is not None]
    assert pinned == [(9, 200, 7, 255)] * view.grid.count
    shell.session.undo()
    assert view.grid._images == free
