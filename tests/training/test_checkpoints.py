"""Checkpoints: whole or not there, whatever fails while they are written."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
import torch

from lunar_studio.core.events import StepDone
from lunar_studio.errors import CheckpointError
from lunar_studio.training import checkpoints
from lunar_studio.training.checkpoints import list_checkpoints, load_latest, save_checkpoint, sweep
from lunar_studio.training.device import Plan
from lunar_studio.training.loop import train
from lunar_studio.training.state import TrainState, new_state
from tests.training.small_art import small_dataset, tiny

ENDLESS = tiny(max_steps=100_000, checkpoint_s=0.0, preview_every=100_000, validate_every=100_000)


@pytest.fixture
def state() -> TrainState:
    """A tiny state with optimizer moments."""
    made = new_state(tiny(), Plan(torch.device("cpu"), "fp32", "test"))
    for part, optimizer in made.optimizers.items():
        for parameter in made.networks[part].parameters():
            parameter.grad = torch.ones_like(parameter)
        optimizer.step()
    return made


def test_what_is_saved_comes_back_to_the_bit(state: TrainState, tmp_path: Path) -> None:
    state.step, state.images, state.rate_scale = 7, 56, 0.5
    save_checkpoint(state, tmp_path, {"torch": "x"}, keep=3)
    stored = load_latest(tmp_path)
    assert stored is not None
    other = new_state(tiny(seed=9), Plan(torch.device("cpu"), "fp32", "test"))
    other.restore(stored.tensors, stored.scalars)
    assert (other.step, other.images, other.rate_scale) == (7, 56, 0.5)
    mine, theirs = state.tensors(), other.tensors()
    assert mine.keys() == theirs.keys()
    assert all(torch.equal(mine[key], theirs[key]) for key in mine)


def test_only_the_newest_stay(state: TrainState, tmp_path: Path) -> None:
    for step in range(1, 6):
        state.step = step
        save_checkpoint(state, tmp_path, {}, keep=2)
    assert [path.name for path in list_checkpoints(tmp_path)] == ["step-000000004", "step-000000005"]


@pytest.mark.parametrize("failing", ["fsync", "rename", "mkdtemp"])
def test_a_full_disk_leaves_the_older_checkpoint_and_says_so(
    state: TrainState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    state.step = 1
    save_checkpoint(state, tmp_path, {}, keep=3)

    def refuse(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        target = {"fsync": (os, "fsync"), "rename": (Path, "rename"), "mkdtemp": (tempfile, "mkdtemp")}[failing]
        patch.setattr(*target, refuse)
        state.step = 2
        with pytest.raises(CheckpointError, match="No space left"):
            save_checkpoint(state, tmp_path, {}, keep=3)
    stored = load_latest(tmp_path)
    assert stored is not None
    assert stored.scalars["step"] == 1
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-000000001"]


def test_a_checkpoint_that_was_whole_but_had_no_name_yet_counts(state: TrainState, tmp_path: Path) -> None:
    """A power cut while a part learns alone: the old folder of that step is away, the new one is not named."""
    state.step, state.alone = 7, {"prior": 40}
    saved = save_checkpoint(state, tmp_path, {}, keep=1)
    saved.rename(tmp_path / ".writing-abc")
    (tmp_path / ".writing-torn").mkdir()
    stored = load_latest(tmp_path)
    assert stored is not None
    assert (stored.scalars["step"], stored.scalars["alone.prior"]) == (7, 40)
    state.alone = {"prior": 20}
    (tmp_path / ".writing-abc").rename(tmp_path / "kept")
    save_checkpoint(state, tmp_path, {}, keep=1)
    (tmp_path / "kept").rename(tmp_path / ".writing-abc")
    stored = load_latest(tmp_path)
    assert stored is not None
    assert stored.scalars["alone.prior"] == 40, "the one that has come further"


def test_every_flipped_byte_is_noticed(state: TrainState, tmp_path: Path) -> None:
    state.step = 1
    saved = save_checkpoint(state, tmp_path, {}, keep=3)
    for name in ("state-000.safetensors", checkpoints.SCALARS, checkpoints.MANIFEST):
        whole = (saved / name).read_bytes()
        for place in range(0, len(whole), max(1, len(whole) // 25)):
            raw = bytearray(whole)
            raw[place] ^= 0x41
            (saved / name).write_bytes(raw)
            assert load_latest(tmp_path) is None or name == checkpoints.MANIFEST, (name, place)
        (saved / name).write_bytes(whole)
    assert load_latest(tmp_path) is not None


def test_a_missing_folder_has_no_checkpoints(tmp_path: Path) -> None:
    assert list_checkpoints(tmp_path / "none") == []
    assert load_latest(tmp_path / "none") is None


_RUN = """
import sys
from pathlib import Path
from lunar_studio.training.loop import train
from tests.training.test_checkpoints import ENDLESS
with open(sys.argv[2], "w") as log:
    for event in train(Path(sys.argv[1]), Path(sys.argv[2]).parent / "run", ENDLESS):
        print(type(event).__name__, getattr(event, "step", 0), file=log, flush=True)
"""


def test_a_killed_run_resumes_where_it_last_saved(tmp_path: Path) -> None:
    dataset, log = small_dataset(tmp_path, 12), tmp_path / "log"
    log.write_text("")
    with subprocess.Popen([sys.executable, "-c", _RUN, str(dataset), str(log)], cwd=Path.cwd()) as process:
        while log.read_text().count("CheckpointSaved") < 4 and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    lines = [line.split() for line in log.read_text().splitlines()]
    # What was announced as saved before the kill is there after it.
    announced = max(int(step) for kind, step in lines if kind == "CheckpointSaved")
    stored = load_latest(tmp_path / "run" / "checkpoints")
    assert stored is not None
    saved = int(stored.scalars["step"])
    assert saved >= announced >= 4
    seen: list[int] = []
    resumed = train(dataset, tmp_path / "run", ENDLESS, resume=True, should_stop=lambda: len(seen) >= 2)
    seen.extend(event.step for event in resumed if isinstance(event, StepDone))
    assert seen == [saved + 1, saved + 2]
