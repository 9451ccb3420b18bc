"""Losses that are not finite and memory that runs out: no weight is touched, and the run goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from lunar_studio.core.config import RunConfig
from lunar_studio.core.events import RunEnded, StepDone, TrainEvent, Warned
from lunar_studio.data.dataset import Dataset
from lunar_studio.errors import TrainingError
from lunar_studio.models import losses as model_losses
from lunar_studio.models.words import Vocabulary
from lunar_studio.training import step as step_module
from lunar_studio.training import teaching
from lunar_studio.training.batch import Batch
from lunar_studio.training.device import Plan
from lunar_studio.training.lessons import Lessons, training_captions
from lunar_studio.training.loop import train
from lunar_studio.training.shortage import finer, is_shortage
from lunar_studio.training.state import TrainState, new_state
from lunar_studio.training.step import training_step
from lunar_studio.training.teaching import teacher_step
from tests.training.small_art import small_dataset, tiny

PLAN = Plan(torch.device("cpu"), "fp32", "test")
PARTS = ("kl_loss", "semantic_loss", "balance_loss", "ranking_loss")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty drawn sprites."""
    return small_dataset(tmp_path_factory.mktemp("art"), 40)


def batch(dataset: Path, config: RunConfig) -> Batch:
    opened = Dataset.open(dataset)
    vocabulary = Vocabulary.fit(training_captions(opened), config.teacher.embedding_dim)
    return Lessons(opened, vocabulary, config).batch(0, PLAN)


def weights(state: TrainState) -> dict[str, torch.Tensor]:
    return {
        f"{part}.{name}": value.detach().clone()
        for part, module in state.networks.items()
        for name, value in module.named_parameters()
    }


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_whichever_loss_is_not_finite_no_weight_moves(
    dataset: Path, monkeypatch: pytest.MonkeyPatch, part: str, value: float
) -> None:
    config = tiny(kl_warmup_share=0.0)
    state, given = new_state(config, PLAN), batch(dataset, config)
    assert training_step(state, given, PLAN).finite, "optimizers have moments by now"
    before, moments = weights(state), {key: t.clone() for key, t in state.tensors().items() if key.startswith("opt.")}
    real = getattr(model_losses, part)
    monkeypatch.setattr(step_module if part == "kl_loss" else teaching, part, lambda *own: real(*own) * value)
    outcome = training_step(state, given, PLAN)
    assert not outcome.finite
    assert not outcome.overflowed
    assert state.step == 1
    after, later = weights(state), state.tensors()
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert all(torch.equal(moments[key], later[key]) for key in moments)
    assert all(parameter.grad is None for module in state.networks.values() for parameter in module.parameters())


def test_a_run_without_a_checkpoint_begins_anew_with_half_the_rate(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, broken = step_module.training_step, [True]

    def once(state: TrainState, given: Batch, plan: Plan) -> step_module.Outcome:
        outcome = real(state, given, plan)
        if state.step == 2 and plan.reason.startswith(("as set", "measured", "the only")) and broken:
            broken.clear()
            return step_module.Outcome(outcome.losses, float("nan"), (), finite=False)
        return outcome

    monkeypatch.setattr("lunar_studio.training.leg.training_step", once)
    events = list(train(dataset, tmp_path / "run", tiny(max_steps=3, teacher_mode="off")))
    warned = [event for event in events if isinstance(event, Warned)]
    assert [event.step for event in warned] == [0]
    steps = [event for event in events if isinstance(event, StepDone)]
    assert [event.step for event in steps] == [1, 1, 2, 3]
    assert steps[1].losses == steps[0].losses, "the same fresh weights"
    assert steps[1].schedules["learning_rate"] == pytest.approx(steps[0].schedules["learning_rate"] / 2)


def test_a_float16_overflow_only_lowers_the_scale(dataset: Path) -> None:
    config = tiny(teacher_mode="off")
    state, given = new_state(config, Plan(torch.device("cpu"), "fp16", "test")), batch(dataset, config)
    plan = Plan(torch.device("cpu"), "fp16", "test")
    state.scaler = torch.amp.GradScaler("cpu", init_scale=2.0**120)
    before = weights(state)
    outcome = training_step(state, given, plan)
    assert (outcome.finite, outcome.overflowed) == (False, True)
    assert state.scaler.get_scale() < 2.0**120
    after = weights(state)
    assert all(torch.equal(before[key], after[key]) for key in before)
    state.scaler = torch.amp.GradScaler("cpu", init_scale=1.0)
    assert training_step(state, given, plan).finite


@pytest.mark.parametrize(
    "exc",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:118] err == 0. DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 1099511627776 bytes."),
        MemoryError(),
    ],
)
def test_every_way_to_say_that_memory_ran_out_is_understood(exc: BaseException) -> None:
    assert is_shortage(exc)
    assert not is_shortage(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    assert not is_shortage(ValueError("out of memory"))


def test_a_real_allocation_that_is_too_large_is_understood() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60, dtype=torch.uint8)
    assert is_shortage(caught.value)


class _SmallMemory:
    """A VAE's preparation that fails for more sprites than fit."""

    def __init__(self, fits: int) -> None:
        self.fits = fits

    def wrap(self, prepare: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
        def guarded(vae: object, rgba: torch.Tensor) -> torch.Tensor:
            if len(rgba) > self.fits and torch.is_grad_enabled():
                raise RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes.")
            return prepare(vae, rgba)

        return guarded


def test_memory_that_runs_out_halves_the_parts_of_a_batch_and_learns_as_much(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lunar_studio.models.sprite import SpriteVAE

    memory = _SmallMemory(1000)
    monkeypatch.setattr(SpriteVAE, "prepare", memory.wrap(SpriteVAE.prepare))
    told: list[TrainEvent] = []
    for event in train(dataset, tmp_path / "run", tiny(max_steps=4, teacher_mode="off")):
        told.append(event)
        if isinstance(event, StepDone) and event.step == 2:
            memory.fits = 3
    warned = [event for event in told if isinstance(event, Warned)]
    assert [event.step for event in warned] == [2, 2]
    assert "learned in 2 parts" in warned[0].message
    assert "learned in 4 parts" in warned[1].message
    steps = [event for event in told if isinstance(event, StepDone)]
    assert [(event.step, event.images) for event in steps] == [(1, 8), (2, 16), (3, 24), (4, 32)]
    assert isinstance(told[-1], RunEnded)


def test_memory_that_is_short_from_the_start_is_found_while_measuring(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lunar_studio.models.sprite import SpriteVAE

    monkeypatch.setattr(SpriteVAE, "prepare", _SmallMemory(4).wrap(SpriteVAE.prepare))
    events = list(train(dataset, tmp_path / "run", tiny(max_steps=1, teacher_mode="off")))
    assert isinstance(events[1], Warned)
    assert isinstance(events[-1], RunEnded)
    monkeypatch.setattr(SpriteVAE, "prepare", _SmallMemory(0).wrap(SpriteVAE.prepare))
    with pytest.raises(TrainingError, match="even for one sprite"):
        list(train(dataset, tmp_path / "none", tiny(max_steps=1, teacher_mode="off")))


def test_an_error_of_our_own_is_not_taken_for_memory(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_given: object) -> None:
        raise RuntimeError("shapes cannot be multiplied")

    monkeypatch.setattr("lunar_studio.training.leg.training_step", broken)
    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        list(train(dataset, tmp_path / "run", tiny(max_steps=1)))


@pytest.mark.parametrize("parts", [2, 4, 8])
def test_every_number_of_parts_gives_the_reward_and_the_judge_their_whole_lesson(dataset: Path, parts: int) -> None:
    """With parts smaller than the lesson, drawn pictures come from several of them."""
    config = tiny(batch_size=32, kl_warmup_share=0.0, quality_start_share=0.0)
    given = batch(dataset, config)
    whole = training_step(new_state(config, PLAN), given, PLAN)
    for _ in range(parts.bit_length() - 1):
        config = finer(config)
    assert config.training.accumulate == parts
    cut = training_step(new_state(config, PLAN), given, PLAN)
    assert cut.finite
    assert cut.losses.keys() == whole.losses.keys()
    # Statistics of smaller batches differ a little; noise and shares are the same.
    for name in ("recon", "kl", "total", "quality"):
        assert cut.losses[name] == pytest.approx(whole.losses[name], rel=0.1), name
    assert sum(cut.expert_shares) == pytest.approx(1.0, abs=1e-5)


def test_the_judges_own_step_moves_it_alone(dataset: Path) -> None:
    state, given = new_state(tiny(), PLAN), batch(dataset, tiny())
    before = weights(state)
    assert state.teacher is not None
    _, _, sound = teacher_step(state, state.teacher, given.lesson, None, PLAN)
    after = weights(state)
    assert sound
    assert any(not torch.equal(before[key], after[key]) for key in before if key.startswith("teacher."))
    assert all(torch.equal(before[key], after[key]) for key in before if not key.startswith("teacher."))
