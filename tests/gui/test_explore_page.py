"""The Explore page: one way from slider to picture and score, random sprites, shelf, strip, before/after."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from lunar_studio.core.latent import Latent
from lunar_studio.core.score import Score
from lunar_studio.core.sprite import Sprite
from lunar_studio.gui.explore.controller import FIRST_SEED
from lunar_studio.gui.explore.score_tone import tone
from tests.gui.fakes import draw
from tests.gui.shell_studio import ShellStudio, studio


@pytest.fixture
def shell(qtbot: QtBot) -> Iterator[ShellStudio]:
    with studio(qtbot) as made:
        yield made


def latent(shell: ShellStudio) -> Latent:
    found = shell.session.document.latent
    assert found is not None
    return found


def test_the_first_sprite_is_where_the_history_begins(shell: ShellStudio) -> None:
    assert shell.session.document.seed == FIRST_SEED
    assert not shell.session.can_undo
    assert shell.session.document.model == shell.loader.explorer.info.digest


def test_a_move_reaches_canvas_and_meter(shell: ShellStudio, qtbot: QtBot) -> None:
    with qtbot.waitSignal(shell.window.explore.presented):
        shell.slider("shape/0").setValue(250)
    expected = Sprite(draw(latent(shell).values_L.tolist()))
    current = shell.controller.current
    assert current is not None
    assert current.sprite == expected
    score = shell.loader.explorer.score(expected)
    assert shell.window.explore.teacher.meter.text == str(round(score.value))
    # The words for it follow the frame.
    qtbot.waitUntil(lambda: str(round(score.value)) in shell.window.explore.teacher.meter.accessibleName())


def test_a_flood_of_moves_ends_on_the_newest_and_decodes_few(shell: ShellStudio) -> None:
    shell.loader.explorer.pause_s = 0.02
    before = shell.loader.explorer.decoded
    slider = shell.slider("shape/0")
    for value in range(-300, 300, 3):
        slider.setValue(value)
    shell.wait_until_shown()
    assert latent(shell).values_L[0] == pytest.approx(2.97, abs=1e-4)
    assert shell.loader.explorer.decoded - before < 60


def test_random_with_a_seed_is_reproducible(shell: ShellStudio, qtbot: QtBot) -> None:
    page = shell.window.explore
    page.roll_bar.seed.setValue(4242)
    qtbot.keyClick(page.roll_bar.seed.lineEdit(), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: shell.session.document.seed == 4242)
    first = latent(shell)
    shell.window.actions_by_id["re-roll"].trigger()
    qtbot.waitUntil(lambda: latent(shell) != first)
    page.roll_seed(4242)
    qtbot.waitUntil(lambda: shell.session.document.seed == 4242)
    assert latent(shell) == first


def test_words_and_spread_go_into_the_document(shell: ShellStudio, qtbot: QtBot) -> None:
    page = shell.window.explore
    page.roll_bar.words.setText("red dragon")
    page.roll_bar.spread.setValue(0.5)
    qtbot.mouseClick(page.roll_bar.random, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: shell.session.document.prompt == "red dragon")
    assert shell.session.document.temperature == 0.5
    assert shell.session.entries[-1].title == "Re-roll “red dragon”"


def test_bookmarks_lead_back(shell: ShellStudio, qtbot: QtBot) -> None:
    kept = latent(shell)
    shell.window.actions_by_id["bookmark"].trigger()
    shell.window.actions_by_id["re-roll"].trigger()
    qtbot.waitUntil(lambda: latent(shell) != kept)
    (thumb,) = shell.window.explore.shelf.grid.thumbs
    qtbot.mouseClick(thumb, Qt.MouseButton.LeftButton)
    assert latent(shell) == kept
    shell.window.explore.shelving.remove(shell.session.document.bookmarks[0].id)
    assert not shell.window.explore.shelf.grid.thumbs
    shell.session.undo()
    assert len(shell.window.explore.shelf.grid.thumbs) == 1


def test_bookmarks_never_share_an_id(shell: ShellStudio) -> None:
    for _ in range(3):
        shell.window.explore.shelving.keep_shown()
    shell.window.explore.shelving.remove(shell.session.document.bookmarks[0].id)
    shell.window.explore.shelving.keep_shown()
    ids = [kept.id for kept in shell.session.document.bookmarks]
    assert len(set(ids)) == len(ids) == 3


def test_the_history_list_goes_anywhere(shell: ShellStudio, qtbot: QtBot) -> None:
    for value in (100, 200, 300):
        shell.slider("shape/0").setValue(value)
        shell.controller.end_move()
    history = shell.window.explore.shelf.history
    assert history.model().rowCount() == 4
    last = history.model().index(3, 0)
    assert last.data() == "Beginning"
    qtbot.mouseClick(
        history.viewport(), Qt.MouseButton.LeftButton, pos=history.visualRect(history.model().index(2, 0)).center()
    )
    assert shell.session.position == 1
    assert latent(shell).values_L[0] == pytest.approx(1.0, abs=1e-5)
    assert history.currentIndex().row() == 2


def test_the_strip_gives_sprites_to_take(shell: ShellStudio, qtbot: QtBot) -> None:
    strip = shell.window.explore.strip
    qtbot.waitUntil(strip.thumbs[0].isEnabled)
    before = latent(shell)
    qtbot.mouseClick(strip.thumbs[2], Qt.MouseButton.LeftButton)
    assert latent(shell) != before
    assert latent(shell) == strip._latents[2]
    assert shell.session.entries[-1].title == "Take random sprite"


def test_variations_stay_near_and_keep_locks(shell: ShellStudio, qtbot: QtBot) -> None:
    shell.controller.sliders.lock("shape/0", True)
    shell.controller.sliders.lock("raw/3", True)
    strip = shell.window.explore.strip
    with qtbot.waitSignal(shell.controller.drawn, check_params_cb=lambda d: d.topic == "variations"):
        strip._variations.click()
    for made in strip._latents:
        assert made != latent(shell)
        assert made.values_L[[0, 3]] == pytest.approx(latent(shell).values_L[[0, 3]], abs=1e-5)


def test_before_and_after(shell: ShellStudio, qtbot: QtBot) -> None:
    first = shell.controller.current
    assert first is not None
    canvas = shell.window.explore.canvas
    qtbot.waitUntil(lambda: canvas._before is not None)
    shell.slider("shape/0").setValue(-350)
    shell.wait_until_shown()
    shell.window.actions_by_id["before-after"].trigger()
    assert canvas.shows_before
    assert canvas.shown_image is canvas._before
    shell.window.actions_by_id["before-after"].trigger()
    assert not canvas.shows_before
    shell.window.actions_by_id["set-before"].trigger()
    assert shell.session.document.compared == latent(shell)


def test_the_trend_counts_from_the_step_before(shell: ShellStudio) -> None:
    teacher = shell.window.explore.teacher
    teacher.show_score(Score(40.0))
    teacher.begin_step()
    teacher.show_score(Score(55.0))
    assert teacher.meter._before == 40.0


def test_a_model_without_a_teacher_has_no_score(shell: ShellStudio) -> None:
    teacher = shell.window.explore.teacher
    teacher.show_score(Score(float("nan")))
    assert teacher.meter.text == "--"
    assert teacher.experts.height() == 0


@pytest.mark.parametrize(("value", "expected"), [(0, "bad"), (9.9, "bad"), (10, "warn"), (30, "accent"), (60, "good")])
def test_a_score_has_a_tone(value: float, expected: str) -> None:
    assert tone(value) == expected


def test_the_palette_strip_counts_the_sprite_s_colours(shell: ShellStudio) -> None:
    current = shell.controller.current
    assert current is not None
    assert len(shell.window.explore.brushes.palette_strip.colours) == current.sprite.colour_count()


def test_another_model_begins_a_new_history_and_keeps_the_shelf(shell: ShellStudio, qtbot: QtBot) -> None:
    shell.window.explore.shelving.keep_shown()
    with qtbot.waitSignal(shell.window.explore.presented):
        shell.window.open_model(Path("mine.good.safetensors"))
    assert not shell.session.can_undo
    assert len(shell.session.document.bookmarks) == 1
    assert "mine.good" in shell.window.windowTitle()
    assert shell.window.header.model_button.accessibleName() == "Model: mine.good"
