"""Deleted runs go to the system's bin, or to our own, and come back from both."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from lunar_studio.errors import TrainingError
from lunar_studio.gui.train.run_bin import Binned, take_back, throw_away
from lunar_studio.gui.train.run_records import BIN_NAME
from tests.gui.test_train_runs import make_run

NOW = datetime(2025, 6, 1, tzinfo=UTC)


@pytest.fixture
def trash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A system's bin of this test's own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    return tmp_path / "share" / "Trash"


def test_a_run_goes_to_the_systems_bin_and_comes_back(tmp_path: Path, trash: Path) -> None:
    run = make_run(tmp_path / "runs", "dungeon")
    binned = throw_away(run, NOW)
    assert not run.exists()
    assert not (run.parent / BIN_NAME).exists()
    assert binned.now is not None
    assert (binned.now / "model.safetensors").read_bytes() == b"weights"
    assert binned.now.parent == trash / "files"
    assert [note.name for note in (trash / "info").iterdir()] == [f"{binned.now.name}.trashinfo"]
    assert binned.words == "“dungeon” is in the bin."
    take_back(binned)
    assert (run / "model.safetensors").read_bytes() == b"weights"
    assert list((trash / "files").iterdir()) == list((trash / "info").iterdir()) == []


def test_two_runs_of_one_name_do_not_meet_in_the_bin(tmp_path: Path, trash: Path) -> None:
    first = throw_away(make_run(tmp_path / "runs", "dungeon", step=1), NOW)
    second = throw_away(make_run(tmp_path / "runs", "dungeon", step=2), NOW)
    assert first.now != second.now
    assert len(list((trash / "files").iterdir())) == 2


def test_where_the_system_has_no_bin_ours_takes_it(tmp_path: Path, trash: Path) -> None:
    trash.parent.write_text("no folder can be made here")
    run = make_run(tmp_path / "runs", "dungeon")
    binned = throw_away(run, NOW)
    assert binned.now is not None
    assert binned.now.parent == run.parent / BIN_NAME
    assert not trash.exists()
    assert "own bin" in binned.words
    take_back(binned)
    assert (run / "model.safetensors").is_file()


def test_what_cannot_be_thrown_away_or_taken_back_is_told(tmp_path: Path, trash: Path) -> None:
    del trash
    with pytest.raises(TrainingError, match="cannot be moved"):
        throw_away(tmp_path / "nowhere", NOW)
    with pytest.raises(TrainingError, match="does not tell where"):
        take_back(Binned(tmp_path / "run", None, is_ours=False))
    run = make_run(tmp_path, "dungeon")
    binned = throw_away(run, NOW)
    make_run(tmp_path, "dungeon")
    with pytest.raises(TrainingError, match="another run"):
        take_back(binned)
