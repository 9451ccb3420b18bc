"""Words in a real window: completion, unknown words said plainly, ranked candidates, seeds that lead back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from lunar_studio.core.latent import Latent
from lunar_studio.core.sprite import Sprite
from lunar_studio.gui.explore.word_field import WordField
from lunar_studio.gui.explore.wording import COUNT, told
from lunar_studio.workers.words_service import Ranked
from tests.gui.fakes import TinyExplorer
from tests.gui.shell_studio import ShellStudio, studio

WORDS = ("dungeon", "tile", "monster", "moss", "blue", "potion", "red", "slime", "monk")


class WordyExplorer(TinyExplorer):
    """Knows words; a sprite fits the better the more of it there is."""

    @property
    def words(self) -> tuple[str, ...]:
        return WORDS

    def fits(self, sprites: Sequence[Sprite], prompt: str) -> tuple[float, ...]:
        assert prompt
        return tuple(float((sprite.rgba_HWC[..., 3] > 0).mean()) for sprite in sprites)


pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)  # offscreen pops nothing up


@pytest.fixture
def shell(qtbot: QtBot) -> Iterator[ShellStudio]:
    with studio(qtbot) as made:
        made.loader.explorer = WordyExplorer("Wordy")
        with qtbot.waitSignal(made.window.explore.presented):
            made.window.open_model(None)
        yield made


@pytest.fixture
def field(shell: ShellStudio) -> WordField:
    return shell.window.explore.roll_bar.field


def enter(shell: ShellStudio, field: WordField, qtbot: QtBot, prompt: str) -> None:
    field.line.setText(prompt)
    with qtbot.waitSignal(shell.window.explore.wording._service.ended):
        qtbot.keyClick(field.line, Qt.Key.Key_Return)


def test_the_empty_box_teaches_with_the_models_own_words(shell: ShellStudio, field: WordField) -> None:
    assert field.line.placeholderText() == "Try: monster, blue, slime"
    assert f"knows {len(WORDS)}" in field.line.toolTip()
    assert shell.controller.model is not None
    assert shell.controller.model.words == WORDS


def test_the_last_word_is_completed_the_most_frequent_first(field: WordField, qtbot: QtBot) -> None:
    field.line.setFocus()
    qtbot.keyClicks(field.line, "red mo")
    completer = field._completer
    found = completer.completionModel()
    shown = [found.index(row, 0).data() for row in range(found.rowCount())]
    assert shown == ["monster", "moss", "monk"]
    assert completer.pathFromIndex(found.index(1, 0)) == "red moss"
    popup = completer.popup()
    assert popup is not None
    qtbot.waitUntil(popup.isVisible)
    qtbot.keyClick(popup, Qt.Key.Key_Down)
    qtbot.keyClick(popup, Qt.Key.Key_Return)
    assert field.line.text() == "red monster"


def test_unknown_words_are_said_and_one_being_typed_is_not(field: WordField) -> None:
    field.line.setText("red mon")
    assert field.said == ""
    field.line.setText("red zebra")
    assert field.said == "The model has never seen “zebra”."
    field.line.setText("mon ")
    assert field.said == "The model has never seen “mon”. It knows words such as monster, blue, slime."
    field.line.setText("red")
    assert field.said == ""
    assert field.note.isHidden()


def test_enter_draws_ranked_candidates_and_takes_the_best(shell: ShellStudio, field: WordField, qtbot: QtBot) -> None:
    explorer, strip = shell.loader.explorer, shell.window.explore.strip
    assert isinstance(explorer, WordyExplorer)
    before, steps = shell.session.document.latent, len(shell.session.entries)
    enter(shell, field, qtbot, "blue potion")
    assert len(strip._sprites) == COUNT
    fits = explorer.fits(strip._sprites, "blue potion")
    assert [round(fit, 2) for fit in fits] == sorted((round(fit, 2) for fit in fits), reverse=True)
    assert strip.thumbs[0].toolTip().startswith(f"Fits “blue potion” {told(fits[0])}. Score ")
    assert strip.thumbs[0]._badge == told(fits[0])
    document = shell.session.document
    assert len(shell.session.entries) == steps + 1
    assert shell.session.entries[-1].title == "Words “blue potion”"
    assert document.latent == strip._latents[0]
    (again,) = explorer.sample(1, seed=document.seed, prompt=document.prompt)
    assert again == document.latent
    qtbot.mouseClick(strip.thumbs[5], Qt.MouseButton.LeftButton)
    document = shell.session.document
    assert document.latent == strip._latents[5]
    (again,) = explorer.sample(1, seed=document.seed, prompt=document.prompt)
    assert again == document.latent
    shell.session.undo()
    shell.session.undo()
    assert shell.session.document.latent == before


def test_candidates_stay_in_the_strip(shell: ShellStudio, field: WordField, qtbot: QtBot) -> None:
    strip = shell.window.explore.strip
    enter(shell, field, qtbot, "slime")
    shown = strip._latents
    qtbot.mouseClick(strip._random, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: strip._latents != shown and len(strip._sprites) > COUNT)
    qtbot.mouseClick(strip._offer, Qt.MouseButton.LeftButton)
    assert strip._latents == shown
    assert strip.thumbs[0]._badge.endswith(" %")
    assert not strip.thumbs[COUNT].isEnabled()


def test_words_that_nobody_knows_draw_nothing(shell: ShellStudio, field: WordField, qtbot: QtBot) -> None:
    shell.wait_until_shown()
    before = shell.session.document.latent
    field.line.setText("zebra yak")
    with qtbot.waitSignal(shell.window.explore.wording.said) as heard:
        qtbot.keyClick(field.line, Qt.Key.Key_Return)
    assert "none of these" in heard.args[0]
    assert shell.session.document.latent == before


def test_no_words_roll_anything(shell: ShellStudio, field: WordField, qtbot: QtBot) -> None:
    before = shell.session.document.latent
    field.line.setText("")
    qtbot.keyClick(field.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: shell.session.document.latent != before)
    assert shell.session.entries[-1].title == "Re-roll"


def test_a_fit_in_words() -> None:
    assert (told(0.634), told(-0.2), told(1.07), told(float("nan"))) == ("63 %", "0 %", "100 %", "")


def test_drawing_again_brings_others_and_leaves_the_sprite(shell: ShellStudio, field: WordField, qtbot: QtBot) -> None:
    page = shell.window.explore
    enter(shell, field, qtbot, "blue slime")
    before, latent = page.strip._latents, shell.session.document.latent
    seed = page.wording._asked.seed
    with qtbot.waitSignal(page.wording._service.ended):
        qtbot.mouseClick(page.strip.again, Qt.MouseButton.LeftButton)
    assert page.strip.offered_title == "blue slime"
    assert page.wording._asked.seed == seed + COUNT
    assert not set(before) & set(page.strip._latents)
    assert shell.session.document.latent == latent
    page.strip.offer("In-betweens", before)
    assert not page.strip.again.isEnabled(), "there is only one way between two sprites"


def test_candidates_are_seen_as_they_come_and_one_that_is_taken_stays(
    shell: ShellStudio, field: WordField, qtbot: QtBot
) -> None:
    page, explorer = shell.window.explore, shell.loader.explorer
    assert isinstance(explorer, WordyExplorer)
    shown: list[tuple[float, ...]] = []
    taken: list[Latent] = []

    def look(_prompt: str, _ranked: object) -> None:
        shown.append(tuple(round(fit, 2) for fit in explorer.fits(page.strip._sprites, "slime")))
        if len(shown) == 3:
            taken.append(page.strip._latents[1])
            page.strip.thumbs[1].clicked.emit()

    page.wording._service.found.connect(look)
    enter(shell, field, qtbot, "slime")
    assert [len(fits) for fits in shown] == list(range(1, COUNT + 1))
    assert all(list(fits) == sorted(fits, reverse=True) for fits in shown)
    assert shell.session.document.latent == taken[0], "the best came later, and does not take its place"


def test_candidates_on_their_way_do_not_bring_the_strip_back(
    shell: ShellStudio, field: WordField, qtbot: QtBot
) -> None:
    page = shell.window.explore

    def look(_prompt: str, ranked: Ranked) -> None:
        if len(ranked.candidates) == 2:
            page.strip._random.click()

    page.wording._service.found.connect(look)
    enter(shell, field, qtbot, "slime")
    assert page.strip.mode == "random"
    page.strip._offer.click()
    assert len(page.strip._sprites) == COUNT
