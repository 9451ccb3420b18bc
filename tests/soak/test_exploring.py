"""The short form of the soak of the Explore page: on a tiny model, everything once or oftener, and nothing breaks."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from lunar_studio.models.model_file import save_model
from tests.explore.tiny_model import tiny_bundle
from tests.soak import exploring

ACTIONS = 150


@pytest.mark.qt_log_ignore(".*")  # the soak hears Qt itself, and tells what it said
def test_a_hundred_and_fifty_random_things_break_nothing(qapp: QApplication, tmp_path: Path) -> None:
    save_model(tiny_bundle(), tmp_path / "tiny.safetensors")
    result = exploring.soak(qapp, tmp_path / "files", ACTIONS, 3, model=tmp_path / "tiny.safetensors")
    assert [happened for _, _, happened in result.found] == []
    assert result.stalled == ()
    assert sum(result.done.values()) == ACTIONS
    assert len(result.done) > 20


def test_what_breaks_is_told() -> None:
    held = exploring.Standing(100.0, 10, 3, 5)
    grown = exploring.Standing(160.0, 12, 3, 5)
    well = exploring.Result(early=held, late=held)
    assert well.is_well
    assert not exploring.Result(early=held, late=grown).is_well
    assert not exploring.Result(early=held, late=held, stalled=("exploring",)).is_well
    assert not exploring.Result(early=held, late=held, found=[(7, "mix", "ValueError")]).is_well
    assert "+60 MB" in exploring.table(exploring.Result(early=held, late=grown))


def test_results_go_between_the_marks_of_the_page() -> None:
    page = exploring.PAGE.read_text(encoding="utf-8")
    written = exploring.with_results(page, "all well")
    assert "\n\nall well\n\n" in written
    assert exploring.with_results(written, "all well") == written
    with pytest.raises(ValueError, match="lacks"):
        exploring.with_results("nothing", "all well")
