"""What experts say: a sentence each where there is room, the loudest or the one pointed at where there is not."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from lunar_studio.core.score import ExpertScore
from lunar_studio.gui.explore.expert_bars import ROOMY_FROM_PX, ExpertBars
from lunar_studio.gui.explore.expert_words import ABOUT, loudest, sentence
from lunar_studio.training.finish import JUDGED_AS, KINDS
from tests.gui.shell_studio import studio

EXPERTS = (
    ExpertScore("sharpness", 0.2, 4.0),
    ExpertScore("colours", 0.5, 30.0),
    ExpertScore("structure", 0.2, 70.0),
    ExpertScore("silhouette", 0.1, 95.0),
)


@pytest.fixture
def column(qtbot: QtBot) -> QWidget:
    column = QWidget()
    qtbot.addWidget(column)
    column.resize(320, 400)
    return column


@pytest.fixture
def bars(column: QWidget) -> ExpertBars:
    made = ExpertBars(column)
    made.resize(320, 10)
    made.show_experts(EXPERTS)
    column.show()
    return made


def test_every_name_that_training_gives_has_words_of_its_own() -> None:
    assert {*JUDGED_AS.values(), *KINDS} <= set(ABOUT)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (95, "An outline without gaps: among the best"),
        (60, "An outline without gaps: better than most"),
        (40, "An outline without gaps: about average"),
        (39.9, "An outline without gaps: worse than most"),
        (0, "An outline without gaps: among the worst"),
    ],
)
def test_an_expert_says_a_sentence(value: float, said: str) -> None:
    assert sentence(ExpertScore("outline", 0.25, value)) == said


def test_an_expert_without_a_known_name_says_its_name() -> None:
    assert sentence(ExpertScore("expert 5", 0.25, 50)) == "Expert 5: about average"


def test_the_loudest_is_weak_and_counts() -> None:
    assert loudest(EXPERTS) == 1
    assert loudest(()) == -1


def test_with_room_every_expert_says_its_sentence(bars: ExpertBars) -> None:
    low = bars.height()
    bars.fit_into(ROOMY_FROM_PX)
    assert bars.told == tuple(sentence(expert) for expert in EXPERTS)
    assert bars.height() > low
    bars.fit_into(ROOMY_FROM_PX - 1)
    assert bars.height() == low


def test_without_room_the_loudest_speaks_until_the_mouse_points_at_another(bars: ExpertBars, qtbot: QtBot) -> None:
    assert bars.told == (sentence(EXPERTS[1]),)
    quiet = bars.grab().toImage()
    qtbot.mouseMove(bars, QPoint(50, 70))
    assert bars.told == (sentence(EXPERTS[3]),)
    assert bars.grab().toImage() != quiet
    bars.leaveEvent(QEvent(QEvent.Type.Leave))
    assert bars.told == (sentence(EXPERTS[1]),)


def test_shares_are_shown_and_told(bars: ExpertBars) -> None:
    assert "colours 30: Few colours, flat areas: worse than most, 50% of the verdict" in bars.accessibleName()
    before = bars.grab().toImage()
    bars.show_experts((ExpertScore("sharpness", 0.3, 4.0), *EXPERTS[1:]))
    assert bars.grab().toImage() != before


def test_in_a_high_window_all_sentences_are_there(qtbot: QtBot) -> None:
    with studio(qtbot, width=1920, height=1080) as shell:
        shown = shell.controller.current
        assert shown is not None
        assert len(shell.window.explore.teacher.experts.told) == len(shown.score.experts)
