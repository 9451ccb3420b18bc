"""Several processes that share a run: the same losses as one, one writer, and a clear end when one is killed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from lunar_studio.core.events import StepDone
from lunar_studio.errors import ConfigError
from lunar_studio.training.checkpoints import load_latest
from lunar_studio.training.loop import train
from lunar_studio.training.peers import ALONE, Peers
from lunar_studio.training.shared_norm import SharedBatchNorm, share_norms
from tests.training.small_art import small_dataset, tiny
from tests.training.two_processes import start

STEPS = 6
# Everything at once: a reward from the first step, a judge in every step, statistics of batches in both networks.
SHARED = tiny(
    max_steps=100_000,
    batch_size=16,
    checkpoint_s=0.0,
    milestones=0,
    preview_every=100_000,
    validate_every=100_000,
    kl_warmup_share=0.0,
    quality_start_share=0.0,
    learning_rate=5e-4,
)


@pytest.mark.timeout(600)
def test_two_processes_give_the_losses_of_one_and_a_killed_one_ends_the_run_well(tmp_path: Path) -> None:
    dataset, run = small_dataset(tmp_path), tmp_path / "run"
    first, second = start(dataset, run, SHARED)
    told = []
    assert first.stdout is not None
    for line in first.stdout:
        told.append(json.loads(line))
        if len(told) == STEPS:
            second.kill()
    _, said = first.communicate(timeout=120)
    assert second.communicate(timeout=120)[0] == "", "the second process reports nothing"
    assert first.returncode == 1
    assert "Another process of this run has ended" in said
    assert "--resume" in said
    stored = load_latest(run / "checkpoints")
    assert stored is not None
    assert int(stored.scalars["step"]) >= STEPS - 1

    # One process with twice the rows takes the same steps, then goes on from the checkpoint of the two.
    single = _steps(dataset, tmp_path / "single", STEPS)
    for line, event in zip(told, single, strict=False):
        assert (line["step"], line["images"]) == (event.step, event.images)
        assert line["losses"].keys() == event.losses.keys()
        for name, value in event.losses.items():
            assert line["losses"][name] == pytest.approx(value, rel=1e-4, abs=1e-6), (event.step, name)
    seen: list[int] = []
    resumed = train(dataset, run, SHARED, resume=True, should_stop=lambda: bool(seen))
    seen.extend(event.step for event in resumed if isinstance(event, StepDone))
    assert seen == [int(stored.scalars["step"]) + 1]


def _steps(dataset: Path, run: Path, count: int) -> list[StepDone]:
    seen: list[StepDone] = []
    events = train(dataset, run, SHARED, should_stop=lambda: len(seen) >= count)
    seen.extend(event for event in events if isinstance(event, StepDone))
    return seen


@pytest.mark.parametrize(("batch", "size"), [(10, 2), (8, 2), (36, 8)])
def test_a_batch_that_does_not_come_out_even_is_refused_with_one_that_does(batch: int, size: int) -> None:
    with pytest.raises(ConfigError, match="cannot be shared evenly") as caught:
        Peers(0, size).check(batch)
    fitting = int(caught.value.hint.split("batch_size to ")[1].split(";")[0])
    Peers(0, size).check(fitting)


def test_rows_of_all_processes_are_the_whole_and_keep_halves_and_quarters() -> None:
    whole = torch.arange(32)
    parts = [Peers(rank, 4).rows(whole) for rank in range(4)]
    assert torch.equal(torch.stack(parts, dim=1).flatten(), whole)
    for part in parts:
        assert bool((part[: len(part) // 2] < 16).all())
        assert bool((part[: len(part) // 4] < 8).all())


def test_alone_nothing_is_shared_and_norms_are_plain() -> None:
    values = torch.randn(4, 3, 2, 2, generator=torch.Generator().manual_seed(0))
    assert ALONE.gather(values) is values
    assert ALONE.total(values) is values
    assert ALONE.any(True, False) == (True, False)
    assert ALONE.tell(b"x") == b"x"
    plain, shared = nn.BatchNorm2d(3), nn.Sequential(nn.BatchNorm2d(3))
    share_norms(shared, ALONE)
    assert isinstance(shared[0], SharedBatchNorm)
    assert torch.equal(plain(values), shared(values))
    assert shared.state_dict().keys() == nn.Sequential(plain).state_dict().keys()
