"""Looking back over a run: the slider shows what was kept, follows at its end, and stays where one looks."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from lunar_studio.core.events import PreviewReady
from lunar_studio.gui.train.preview_timeline import PreviewTimeline
from lunar_studio.workers.preview_store import keep_preview
from tests.workers.test_preview_store import preview

# Without a window manager a window has nobody to tell its limits to, or to raise it.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)


@pytest.fixture
def timeline(qtbot: QtBot, tmp_path: Path) -> PreviewTimeline:
    for step in (0, 100, 200):
        keep_preview(tmp_path, preview(step))
    made = PreviewTimeline()
    qtbot.addWidget(made)
    made.open(tmp_path)
    made.show()
    return made


def come(timeline: PreviewTimeline, run: Path, step: int) -> PreviewReady:
    event = preview(step)
    keep_preview(run, event)
    timeline.add(event)
    return event


def test_it_opens_at_the_newest_and_looks_back(timeline: PreviewTimeline) -> None:
    assert timeline.steps == (0, 100, 200)
    assert timeline.strip.step == 200
    assert timeline.is_following
    timeline.slider.setValue(0)
    assert timeline.strip.step == 0
    assert "step 0" in timeline._label.text()


def test_it_follows_only_whoever_does_not_look_back(timeline: PreviewTimeline, tmp_path: Path) -> None:
    come(timeline, tmp_path, 300)
    assert timeline.strip.step == 300
    timeline.slider.setValue(1)
    come(timeline, tmp_path, 400)
    assert timeline.strip.step == 100
    assert not timeline.is_following
    timeline.slider.setValue(timeline.slider.maximum())
    assert timeline.strip.step == 400


def test_a_run_without_pictures_has_no_slider(qtbot: QtBot, tmp_path: Path) -> None:
    made = PreviewTimeline()
    qtbot.addWidget(made)
    made.show()
    made.open(tmp_path / "nowhere")
    assert not made._row.isVisible()
    made.add(preview(5))
    assert made.strip.step == 5
