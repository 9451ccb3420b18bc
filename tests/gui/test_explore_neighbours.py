"""The copy guard's card in a real window: names, verdicts, models that know nothing of their art."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from lunar_studio.core.neighbours import UNKNOWN_ART, Neighbour, Neighbours
from lunar_studio.core.sprite import Sprite
from lunar_studio.gui.explore.neighbours_panel import NeighboursPanel, alike, art_title
from tests.gui.fakes import TinyExplorer
from tests.gui.shell_studio import ShellStudio, studio


class KnowingExplorer(TinyExplorer):
    """Says that everything is like three sprites, as near as it is told."""

    def __init__(self, distance: float = 0.4) -> None:
        super().__init__("Knowing 32")
        self.distance = distance
        self.answer: Neighbours | None = None
        self.asked: list[Sprite] = []

    def likeness(self, sprite: Sprite, count: int = 3) -> Neighbours:
        self.asked.append(sprite)
        if self.answer is not None:
            return self.answer
        names = ("mon/draco/fire-drake_2.png", "mon/newt.png", "item/ring.png")
        found = (Neighbour(name, place, self.distance + 0.1 * place) for place, name in enumerate(names))
        return Neighbours(tuple(found)[:count], 0.05)


@pytest.fixture
def shell(qtbot: QtBot) -> Iterator[ShellStudio]:
    with studio(qtbot, model=False, width=1600, height=1100) as made:
        yield made


def opened(shell: ShellStudio, qtbot: QtBot, explorer: TinyExplorer) -> NeighboursPanel:
    shell.loader.explorer = explorer
    panel = shell.window.explore.neighbours
    shell.window.explore.right.buttons["copies"].click()
    with qtbot.waitSignal(shell.service.compared):
        shell.window.open_model(None)
    qtbot.waitUntil(lambda: panel.found is not None)
    return panel


def texts(panel: NeighboursPanel) -> list[tuple[str, str]]:
    return [(row.name.text, row.alike.text()) for row in panel.rows if row.isVisible()]


def test_the_nearest_three_are_named_with_how_alike_they_are(shell: ShellStudio, qtbot: QtBot) -> None:
    panel = opened(shell, qtbot, KnowingExplorer())
    assert texts(panel) == [("fire drake 2", "60% alike"), ("newt", "50% alike"), ("ring", "40% alike")]
    assert panel.verdict.text() == "a new drawing"
    assert panel.verdict.property("role") == "good"
    assert panel.rows[0].accessibleName() == "fire drake 2, 60% alike"
    assert "mon/draco/fire-drake_2.png" in panel.rows[0].name.toolTip()
    assert "fire drake 2" in panel.header.accessibleDescription()


def test_a_near_copy_is_told_in_words_and_colour(shell: ShellStudio, qtbot: QtBot) -> None:
    panel = opened(shell, qtbot, KnowingExplorer(0.01))
    assert panel.verdict.text() == "near copy"
    assert panel.verdict.property("role") == "bad"
    assert "Change it" in panel.verdict.toolTip()
    assert panel.verdict.accessibleName() == "Copy guard: near copy"


def test_it_follows_the_sprite_on_the_canvas(shell: ShellStudio, qtbot: QtBot) -> None:
    explorer = KnowingExplorer()
    panel = opened(shell, qtbot, explorer)
    explorer.distance = 0.02
    shell.slider("shape/0").setValue(200)
    qtbot.waitUntil(lambda: panel.verdict.text() == "near copy")
    shell.wait_until_shown()
    current = shell.controller.current
    assert current is not None
    qtbot.waitUntil(lambda: explorer.asked[-1] == current.sprite)


def test_a_long_drag_is_answered_a_few_times_a_second_while_it_lasts(shell: ShellStudio, qtbot: QtBot) -> None:
    explorer = KnowingExplorer()
    opened(shell, qtbot, explorer)
    before, slider = len(explorer.asked), shell.slider("shape/0")
    began = time.monotonic()
    for value in range(-120, 120, 4):
        slider.setValue(value)
        qtbot.wait(10)
    elapsed_s = time.monotonic() - began
    assert 1 <= len(explorer.asked) - before <= elapsed_s / 0.14 + 1


def test_a_model_without_fingerprints_says_so(shell: ShellStudio, qtbot: QtBot) -> None:
    panel = opened(shell, qtbot, TinyExplorer())
    assert panel.found == UNKNOWN_ART
    assert panel.rows[0].name.text == "This model does not carry its art's fingerprints."
    assert panel.verdict.text() == ""


def test_an_empty_sprite_has_no_neighbours(shell: ShellStudio, qtbot: QtBot) -> None:
    explorer = KnowingExplorer()
    explorer.answer = Neighbours(limit=0.05)
    panel = opened(shell, qtbot, explorer)
    assert panel.rows[0].name.text == "Nothing is drawn that could be compared."
    assert panel.verdict.text() == ""


def test_another_model_forgets_the_neighbours_of_the_one_before(shell: ShellStudio, qtbot: QtBot) -> None:
    panel = opened(shell, qtbot, KnowingExplorer(0.01))
    shell.loader.explorer = TinyExplorer("Another 32")
    with qtbot.waitSignal(shell.service.compared):
        shell.window.open_model(None)
    assert panel.verdict.text() == ""


def test_it_is_closed_until_it_is_wanted_and_by_its_heading(shell: ShellStudio, qtbot: QtBot) -> None:
    assert shell.window.explore.neighbours.isHidden()
    panel = opened(shell, qtbot, KnowingExplorer())
    assert len(texts(panel)) == 3
    panel.header.click()
    assert panel.isHidden()
    button = shell.window.explore.right.buttons["copies"]
    assert not button.isChecked()
    button.click()
    assert len(texts(panel)) == 3


def test_everything_in_it_explains_itself(shell: ShellStudio, qtbot: QtBot) -> None:
    panel = opened(shell, qtbot, KnowingExplorer())
    told: list[QWidget] = [panel, panel.header, panel.verdict]
    assert all("cannot see copies" in widget.toolTip() for widget in told)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("mon/fire-drake.png", "fire drake"),
        ("a\\b\\c_d.gif", "c d"),
        ("walk.gif#3", "walk.gif#3"),
        ("v1.5", "v1.5"),
        (".png", ".png"),
        ("", ""),
        ("a/b/", "b"),
    ],
)
def test_names_are_told_without_folders_and_endings(name: str, title: str) -> None:
    assert art_title(name) == title


def test_only_the_same_drawing_is_called_100_percent_alike() -> None:
    assert alike(Neighbour("a", 0, 0.0)) == "100% alike"
    assert alike(Neighbour("a", 0, 0.001)) == "99% alike"
    assert alike(Neighbour("a", 0, 1.0)) == "0% alike"
