"""What the disk does to a run: it rests, says why, goes on by itself, and nothing is lost or torn."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from pathlib import Path

import msgspec
import pytest

from lunar_studio.core.config import RunConfig
from lunar_studio.core.events import CheckpointSaved, FinishBegun, Paused, RunEnded, StepDone, TrainEvent, WentOn
from lunar_studio.errors import CheckpointError, TrainingError
from lunar_studio.models.model_file import load_model
from lunar_studio.training import checkpoints, ending, keeping
from lunar_studio.training.checkpoints import list_checkpoints, load_latest
from lunar_studio.training.loop import train
from tests.training.small_art import small_dataset, tiny

RUN = tiny(max_steps=4, checkpoint_s=0.0, teacher_mode="off", milestones=0, preview_every=1000)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dozen drawn sprites."""
    return small_dataset(tmp_path_factory.mktemp("art"), 12)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries again at once."""
    monkeypatch.setattr(keeping, "RETRY_S", (0.01,))


class _FullDisk:
    """Refuses files, as a full disk does, while `full`."""

    def __init__(self) -> None:
        self.full = False
        self._write = checkpoints._write_synced

    def __call__(self, path: Path, data: bytes) -> None:
        if self.full:
            path.write_bytes(data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        self._write(path, data)


def test_a_full_disk_pauses_the_run_until_there_is_room(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = _FullDisk()
    monkeypatch.setattr(checkpoints, "_write_synced", disk)
    told: list[TrainEvent] = []
    for event in train(dataset, tmp_path / "run", RUN):
        told.append(event)
        if isinstance(event, StepDone) and event.step == 2:
            disk.full = True
        if isinstance(event, Paused):
            assert "No space left" in event.message
            assert "Free some space" in event.hint
            stored = load_latest(tmp_path / "run" / "checkpoints")
            assert stored is not None
            assert stored.scalars["step"] == 1, "the older checkpoint is whole"
            disk.full = event.attempt < 3
    assert [event.attempt for event in told if isinstance(event, Paused)] == [1, 2, 3]
    after = told[[isinstance(event, WentOn) for event in told].index(True) :]
    assert isinstance(after[0], WentOn)
    assert after[0].paused_s > 0
    assert isinstance(after[1], CheckpointSaved)
    assert after[1].step == 2
    assert [event.step for event in after if isinstance(event, StepDone)] == [3, 4]
    assert isinstance(told[-1], RunEnded)
    assert told[-1].reason == "finished"
    assert not list((tmp_path / "run" / "checkpoints").glob(".writing-*"))


def test_a_run_stopped_while_the_disk_refuses_ends_when_it_has_saved(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, told, pauses = _FullDisk(), list[TrainEvent](), list[Paused]()
    monkeypatch.setattr(checkpoints, "_write_synced", disk)
    for event in train(dataset, tmp_path / "run", RUN, should_stop=lambda: bool(pauses)):
        told.append(event)
        disk.full = disk.full or (isinstance(event, CheckpointSaved) and event.step == 2)
        if isinstance(event, Paused):
            pauses.append(event)
            disk.full = len(pauses) < 4
    assert [(pause.unsaved_steps, pause.then) for pause in pauses] == [(1, "go-on"), *[(1, "end")] * 3]
    assert all(pause.unsaved_s > 0 for pause in pauses)
    ended = told[-1]
    assert isinstance(ended, RunEnded)
    assert (ended.step, ended.reason) == (3, "stopped")
    assert list_checkpoints(tmp_path / "run" / "checkpoints")[-1].name == "step-000000003"
    assert _facts(tmp_path / "run") == ("stopped", 3)


def test_who_leaves_a_run_while_the_disk_refuses_keeps_the_older_checkpoint_and_is_told_what_is_lost(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = _FullDisk()
    monkeypatch.setattr(checkpoints, "_write_synced", disk)
    pauses = list[Paused]()

    def until_it_is_left() -> None:
        for event in train(
            dataset,
            tmp_path / "run",
            RUN,
            should_stop=lambda: bool(pauses),
            should_leave=lambda: len(pauses) > 1,
        ):
            disk.full = disk.full or (isinstance(event, CheckpointSaved) and event.step == 2)
            pauses.extend([event] if isinstance(event, Paused) else [])

    with pytest.raises(CheckpointError, match="No space left") as refusal:
        until_it_is_left()
    assert refusal.value.hint == (
        "The run was ended without saving: what it learned in the last step is not kept. It can go on from step 2."
    )
    assert [pause.then for pause in pauses] == ["go-on", "end"]
    assert _facts(tmp_path / "run") == ("stopped", 2)
    assert [path.name for path in list_checkpoints(tmp_path / "run" / "checkpoints")][-1] == "step-000000002"
    disk.full = False
    resumed = list(train(dataset, tmp_path / "run", RUN, resume=True))
    assert [event.step for event in resumed if isinstance(event, StepDone)] == [3, 4]


def test_a_run_asked_to_finish_while_the_disk_refuses_finishes_once_it_can_write(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, told, pauses = _FullDisk(), list[TrainEvent](), list[Paused]()
    monkeypatch.setattr(checkpoints, "_write_synced", disk)
    config = tiny(max_steps=1000, checkpoint_s=0.0, teacher_mode="off", milestones=0, preview_every=10_000)
    for event in train(dataset, tmp_path / "run", config, should_finish=lambda: bool(pauses)):
        told.append(event)
        disk.full = disk.full or (isinstance(event, CheckpointSaved) and event.step == 2)
        if isinstance(event, Paused):
            pauses.append(event)
            disk.full = len(pauses) < 3
    assert [pause.then for pause in pauses] == ["go-on", "finish", "finish"]
    begun = next(event for event in told if isinstance(event, FinishBegun))
    assert begun.step == 3
    assert isinstance(told[-1], RunEnded)
    assert (told[-1].step, told[-1].reason) == (begun.max_steps, "finished")


def test_a_model_file_that_is_refused_costs_nothing_that_was_learned(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses = list[Paused]()

    def refused(bundle: object, path: Path) -> None:
        raise TrainingError(f"{path.name}: no room.", hint="Free some.") from OSError(errno.ENOSPC, str(bundle))

    monkeypatch.setattr(ending, "save_model", refused)

    def until_it_is_left() -> None:
        for event in train(dataset, tmp_path / "run", RUN, should_leave=lambda: bool(pauses)):
            pauses.extend([event] if isinstance(event, Paused) else [])

    with pytest.raises(TrainingError, match="no room") as refusal:
        until_it_is_left()
    assert refusal.value.hint == "The run was ended without it; all it has learned is in its last checkpoint."
    assert [(pause.unsaved_steps, pause.unsaved_s) for pause in pauses] == [(0, 0.0)]
    assert _facts(tmp_path / "run") == ("stopped", 4)


def _facts(run: Path) -> tuple[object, object]:
    told = json.loads((run / "run.json").read_text())
    return told["state"], told["step"]


def test_a_deleted_folder_pauses_the_run_until_it_is_there_again(dataset: Path, tmp_path: Path) -> None:
    run, told = tmp_path / "run", list[TrainEvent]()
    for event in train(dataset, run, RUN):
        told.append(event)
        if isinstance(event, CheckpointSaved) and event.step == 2:
            shutil.rmtree(run)
        if isinstance(event, Paused):
            assert "is gone" in event.message
            assert not run.exists(), "a drive that was pulled out is not written over"
            run.mkdir()
    assert sum(isinstance(event, Paused) for event in told) == 1
    assert msgspec.json.decode((run / "config.json").read_bytes(), type=RunConfig).training.max_steps == 4
    assert [path.name for path in list_checkpoints(run / "checkpoints")] == ["step-000000003", "step-000000004"]
    assert load_model(run / "model.safetensors")[1].preset == "tiny"


@pytest.mark.skipif(os.name == "nt", reason="rights of folders are POSIX's")
def test_a_folder_that_cannot_be_written_pauses_the_run(dataset: Path) -> None:
    """For real: root, whom no rights stop, becomes nobody while the folder is read-only."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        run, pauses = Path(folder) / "run", list[Paused]()
        is_root = os.geteuid() == 0
        places = (run, run / "checkpoints")
        try:
            for event in train(dataset, run, RUN):
                if isinstance(event, CheckpointSaved) and event.step == 1:
                    for place in places:
                        place.chmod(0o555)
                    if is_root:
                        os.seteuid(65534)
                if isinstance(event, Paused):
                    pauses.append(event)
                    _writable_again(places, is_root=is_root)
        finally:
            _writable_again(places, is_root=is_root)
        assert len(pauses) == 1
        assert "ermission" in pauses[0].message
        assert len(list_checkpoints(run / "checkpoints")) == 3
        assert (run / "model.safetensors").is_file()


def _writable_again(places: tuple[Path, ...], *, is_root: bool) -> None:
    if is_root:
        os.seteuid(0)
    for place in places:
        place.chmod(0o755)


def test_the_best_is_kept_apart_from_the_rolling_ones(dataset: Path, tmp_path: Path) -> None:
    config = tiny(max_steps=6, checkpoint_s=0.0, keep_checkpoints=1, validate_every=2, teacher_mode="off")
    events = list(train(dataset, tmp_path / "run", config))
    best = [event.step for event in events if isinstance(event, CheckpointSaved) and event.is_best]
    assert best, "the first validation is the best so far"
    folder = tmp_path / "run" / "checkpoints"
    assert sorted(path.name for path in folder.iterdir()) == [f"best-{best[-1]:09d}", "step-000000006"]
    shutil.rmtree(folder / "step-000000006")
    stored = load_latest(folder)
    assert stored is not None
    assert stored.scalars["step"] == best[-1], "where nothing else is left, the best is gone on from"
