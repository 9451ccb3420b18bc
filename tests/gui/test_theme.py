"""Tokens, type, icons: what can be read, what is sharp, what follows a switch."""

from __future__ import annotations

import dataclasses
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QColor, QIcon, QImage
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from lunar_studio import paths
from lunar_studio.gui import icons, theme
from lunar_studio.gui.theme_stylesheet import stylesheet
from lunar_studio.gui.widgets.buttons import IconButton
from lunar_studio.gui.widgets.number_field import WholeNumberField
from lunar_studio.session.actions import ACTIONS

GROUNDS = ("background", "panel", "raised", "sunken")
WORDS = ("text", "muted", "accent", "good", "warn", "bad", "focus")
BOTH = pytest.mark.parametrize("tokens", [theme.DARK, theme.LIGHT], ids=["dark", "light"])


@BOTH
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("words", WORDS)
def test_every_word_can_be_read_on_every_ground(tokens: theme.Tokens, ground: str, words: str) -> None:
    assert theme.contrast(getattr(tokens, words), getattr(tokens, ground)) >= 4.5


@BOTH
def test_words_on_the_accent_can_be_read(tokens: theme.Tokens) -> None:
    assert theme.contrast(tokens.on_accent, tokens.accent) >= 4.5


colours = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@given(colours, colours)
def test_contrast_is_symmetric_and_between_1_and_21(first: str, second: str) -> None:
    ratio = theme.contrast(first, second)
    assert 1.0 <= ratio <= 21.0001
    assert ratio == theme.contrast(second, first)


def test_contrast_of_black_and_white_is_21() -> None:
    assert theme.contrast("#000000", "#ffffff") == pytest.approx(21.0)


@BOTH
def test_the_stylesheet_has_no_colour_that_is_not_a_token(tokens: theme.Tokens) -> None:
    known = {value for value in dataclasses.asdict(tokens).values() if value.startswith("#")}
    assert set(re.findall(r"#[0-9a-f]{6}\b", stylesheet(tokens))) <= known


@BOTH
def test_the_palette_says_which_theme_it_is(qapp: QApplication, tokens: theme.Tokens) -> None:
    theme.apply(qapp, tokens)
    assert theme.current() is tokens
    assert qapp.style().objectName() == "fusion" or qapp.styleSheet()


@pytest.mark.usefixtures("qapp")
def test_there_are_three_sizes_of_type() -> None:
    sizes = [theme.font(size).pixelSize() for size in ("small", "body", "title")]
    assert sizes == sorted(set(sizes))


@pytest.mark.usefixtures("qapp")
def test_every_icon_of_the_action_table_exists() -> None:
    for entry in ACTIONS:
        if entry.icon:
            assert not icons.icon(entry.icon).isNull()


@pytest.mark.usefixtures("qapp")
def test_every_icon_is_drawn_on_the_grid() -> None:
    files = sorted((paths.resources() / "icons").glob("*.png"))
    assert len(files) > 40
    for file in files:
        image = QImage(str(file))
        assert (image.width(), image.height()) == (16, 16), file.name
        assert any(image.pixelColor(x, y).alpha() for x in range(16) for y in range(16)), f"{file.name} is empty"


@pytest.mark.usefixtures("qapp")
def test_an_unknown_icon_is_refused() -> None:
    with pytest.raises(FileNotFoundError):
        icons.icon("no-such-icon")


@pytest.mark.usefixtures("qapp")
@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_an_icon_has_only_its_own_colour_at_every_scale(ratio: float) -> None:
    image = icons.pixmap("moon", "#f4d675", ratio).toImage()
    assert image.width() == round(16 * ratio)
    alphas = set()
    for y in range(image.height()):
        for x in range(image.width()):
            colour = image.pixelColor(x, y)
            alphas.add(colour.alpha())
            if colour.alpha() == 255:
                assert colour.name() == "#f4d675"
    assert alphas == {0, 120, 255}, "smoothing would make other degrees of alpha"


def test_a_switch_of_themes_retints_a_button(qtbot: QtBot, qapp: QApplication) -> None:
    theme.apply(qapp, theme.DARK)
    button = IconButton("plus", "Add")
    qtbot.addWidget(button)
    button.show()

    def drawn() -> QColor:
        return button.icon().pixmap(16, QIcon.Mode.Normal, QIcon.State.Off).toImage().pixelColor(8, 8)

    assert drawn().name() == theme.DARK.muted
    theme.apply(qapp, theme.LIGHT)
    assert drawn().name() == theme.LIGHT.muted


def test_a_number_field_shows_its_number(qtbot: QtBot, qapp: QApplication) -> None:
    theme.apply(qapp, theme.DARK)
    box = QWidget()
    qtbot.addWidget(box)
    box.resize(300, 100)
    field = WholeNumberField("Seed", 0, 2**31 - 1, box)
    field.setFixedWidth(104)
    field.setValue(2**31 - 1)
    box.show()
    words = field.lineEdit()
    assert words.width() >= words.fontMetrics().horizontalAdvance(words.text()) + 12
