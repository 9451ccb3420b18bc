"""A whole run: events, stop, pause, resume, divergence."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from lunar_studio.core.config import RunConfig
from lunar_studio.core.events import (
    CheckpointSaved,
    LearningEnded,
    MilestoneSaved,
    PhaseStarted,
    PreviewReady,
    RunEnded,
    RunStarted,
    StepDone,
    TrainEvent,
    Validated,
    Warned,
)
from lunar_studio.errors import CheckpointError, ConfigError, TrainingDiverged, TrainingError
from lunar_studio.models import losses as model_losses
from lunar_studio.models.extensions import forgotten_afterwards, register_loss, register_metric
from lunar_studio.models.model_file import load_model
from lunar_studio.training import alone
from lunar_studio.training import step as step_module
from lunar_studio.training.checkpoints import load_latest
from lunar_studio.training.loop import train
from tests.training.small_art import small_dataset, tiny


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty drawn sprites."""
    return small_dataset(tmp_path_factory.mktemp("art"))


def steps(events: list[TrainEvent]) -> list[StepDone]:
    return [event for event in events if isinstance(event, StepDone)]


def test_a_run_tells_its_whole_story_and_leaves_a_model(dataset: Path, tmp_path: Path) -> None:
    events = list(train(dataset, tmp_path / "run", tiny()))
    started = next(event for event in events if isinstance(event, RunStarted))
    assert (started.device, started.precision, started.first_step, started.max_steps) == ("cpu", "fp32", 0, 20)
    assert started.train_count + started.validation_count == 40
    assert [event.step for event in steps(events)] == list(range(1, 21))
    for event in steps(events):
        assert {"recon", "kl", "quality", "teacher", "semantic", "prior", "total"} <= event.losses.keys()
        assert sum(event.expert_shares) == pytest.approx(1.0, abs=1e-5)
        assert event.images == event.step * 8
    assert [event.step for event in events if isinstance(event, Validated)] == [10, 20]
    previews = [event for event in events if isinstance(event, PreviewReady)]
    assert [event.step for event in previews] == [0, 10, 20]
    assert previews[0].originals_NHWC.shape == previews[0].reconstructions_NHWC.shape
    ended = events[-1]
    assert isinstance(ended, RunEnded)
    assert (ended.step, ended.reason) == (20, "finished")
    assert ended.model_path is not None
    bundle, info = load_model(ended.model_path)
    assert info.preset == "tiny"
    assert {direction.group for direction in bundle.directions} == {"shape", "colour"}
    assert len(set(bundle.experts)) == 4
    assert {"red", "blue", "green", "grey", "gem", "potion", "stone"} <= set(bundle.vocabulary.words)


def test_learning_lowers_the_loss_on_held_out_sprites(dataset: Path, tmp_path: Path) -> None:
    config = tiny(max_steps=150, validate_every=25, preview_every=1000)
    events = list(train(dataset, tmp_path / "run", config))
    validated = [event for event in events if isinstance(event, Validated)]
    assert validated[-1].losses["recon"] < 0.7 * validated[0].losses["recon"]
    assert validated[-1].figures["alpha_iou"] > validated[0].figures["alpha_iou"]


def test_same_seed_gives_identical_losses(dataset: Path, tmp_path: Path) -> None:
    first, second = (steps(list(train(dataset, tmp_path / name, tiny(max_steps=6)))) for name in ("a", "b"))
    assert [event.losses for event in first] == [event.losses for event in second]
    other = steps(list(train(dataset, tmp_path / "c", tiny(max_steps=6, seed=1))))
    assert other[0].losses != first[0].losses


def test_a_resumed_run_repeats_the_losses_of_one_never_stopped(dataset: Path, tmp_path: Path) -> None:
    whole = steps(list(train(dataset, tmp_path / "whole", tiny(max_steps=12))))
    seen: list[int] = []
    first: list[StepDone] = []
    for event in train(dataset, tmp_path / "cut", tiny(max_steps=12), should_stop=lambda: len(seen) >= 5):
        if isinstance(event, StepDone):
            seen.append(event.step)
            first.append(event)
        last = event
    assert isinstance(last, RunEnded)
    assert (last.step, last.reason) == (5, "stopped")
    second = steps(list(train(dataset, tmp_path / "cut", tiny(max_steps=12), resume=True)))
    assert [event.step for event in second] == list(range(6, 13))
    # The first step after resuming has no earlier figures of parts that learn seldom; compare what it computed.
    for resumed, straight in zip(first + second, whole, strict=True):
        for name, value in resumed.losses.items():
            assert value == straight.losses[name], (resumed.step, name)
    logged = [json.loads(line) for line in (tmp_path / "cut" / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in logged if line["event"] == "StepDone"] == [1, 10]


def test_a_second_run_does_not_overwrite_the_first(dataset: Path, tmp_path: Path) -> None:
    list(train(dataset, tmp_path / "run", tiny(max_steps=2)))
    with pytest.raises(TrainingError, match="already holds a run"):
        list(train(dataset, tmp_path / "run", tiny(max_steps=2)))
    with pytest.raises(TrainingError, match="no run to resume"):
        list(train(dataset, tmp_path / "nothing", tiny(max_steps=2), resume=True))


def test_stop_is_obeyed_within_a_step_and_still_gives_a_model(dataset: Path, tmp_path: Path) -> None:
    stop = threading.Event()
    events = []
    for event in train(dataset, tmp_path / "run", tiny(max_steps=100_000), should_stop=stop.is_set):
        events.append(event)
        if isinstance(event, StepDone) and event.step == 3:
            stop.set()
    assert steps(events)[-1].step == 3
    assert (tmp_path / "run" / "model.safetensors").is_file()
    assert json.loads((tmp_path / "run" / "run.json").read_text())["state"] == "stopped"


def test_a_run_whose_minutes_are_over_says_so_and_goes_on_to_its_end_when_resumed(
    dataset: Path, tmp_path: Path
) -> None:
    events = list(train(dataset, tmp_path / "run", tiny(max_steps=6, max_minutes=1e-6)))
    learnt, ended = next(event for event in events if isinstance(event, LearningEnded)), events[-1]
    assert isinstance(ended, RunEnded)
    assert (learnt.reason, ended.reason) == ("time-up", "time-up")
    assert ended.model_path is not None
    assert json.loads((tmp_path / "run" / "run.json").read_text())["state"] == "time-up"
    *_, ended = train(dataset, tmp_path / "run", tiny(max_steps=6), resume=True)
    assert isinstance(ended, RunEnded)
    assert (ended.step, ended.reason) == (6, "finished")
    assert json.loads((tmp_path / "run" / "run.json").read_text())["state"] == "finished"


def test_who_stops_a_run_in_the_moment_its_minutes_are_over_has_stopped_it(dataset: Path, tmp_path: Path) -> None:
    began = threading.Event()
    for event in train(dataset, tmp_path / "run", tiny(max_steps=6, max_minutes=1e-6), should_stop=began.is_set):
        if isinstance(event, RunStarted):
            began.set()
        last = event
    assert isinstance(last, RunEnded)
    assert last.reason == "stopped"


def test_no_step_is_taken_while_paused(dataset: Path, tmp_path: Path) -> None:
    asked: list[float] = []

    def should_pause() -> bool:
        asked.append(time.monotonic())
        return asked[-1] < asked[0] + 0.3

    run = train(dataset, tmp_path / "run", tiny(max_steps=1), should_pause=should_pause)
    first = next(event for event in run if isinstance(event, StepDone))
    assert first.step == 1
    assert time.monotonic() >= asked[0] + 0.3
    assert len(asked) > 2
    list(run)


def test_minutes_alone_plan_the_steps_and_end_the_run(dataset: Path, tmp_path: Path) -> None:
    events = list(train(dataset, tmp_path / "run", tiny(max_steps=0, max_minutes=0.02)))
    started = next(event for event in events if isinstance(event, RunStarted))
    assert started.max_steps >= 20
    assert steps(events)[-1].share_done == pytest.approx(1.0, abs=0.5)


def test_a_run_without_an_end_is_refused(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no end"):
        list(train(dataset, tmp_path / "run", tiny(max_steps=0)))


@pytest.mark.parametrize("stop_after", [1, 3, 6])
def test_parts_that_learn_alone_stop_and_go_on_to_the_same_model(
    dataset: Path, tmp_path: Path, stop_after: int
) -> None:
    config = tiny(max_steps=50, teacher_mode="after", checkpoint_s=1e9)
    config = msgspec.structs.replace(config, prior=msgspec.structs.replace(config.prior, finish_share=2.0))
    whole = list(train(dataset, tmp_path / "whole", config))
    phases = [event.title for event in whole if isinstance(event, PhaseStarted) and ":" in event.title]
    assert len(phases) == 2 + 4, "50 steps of the teacher and 100 of the prior, told every 25"
    told = 0

    def enough() -> bool:
        return told >= stop_after

    for event in train(dataset, tmp_path / "legs", config, should_stop=enough):
        told += isinstance(event, PhaseStarted) and ":" in event.title
    told = 0
    stop_after = 1000
    rest = list(train(dataset, tmp_path / "legs", config, resume=True))
    assert isinstance(rest[-1], RunEnded)
    assert rest[-1].reason == "finished"
    ends = [load_file(tmp_path / name / "model.safetensors") for name in ("whole", "legs")]
    assert ends[0].keys() == ends[1].keys()
    assert all(torch.equal(ends[0][key], ends[1][key]) for key in ends[0])


@pytest.mark.parametrize("mode", ["off", "joint", "alternating"])
def test_every_teacher_mode_trains(dataset: Path, tmp_path: Path, mode: str) -> None:
    events = list(train(dataset, tmp_path / "run", tiny(max_steps=3, teacher_mode=mode, kl_form="mean", ema_decay=0.0)))
    assert ("teacher" in steps(events)[-1].losses) == (mode != "off")
    bundle, _ = load_model(tmp_path / "run" / "model.safetensors")
    assert (bundle.teacher is None) == (mode == "off")


class _Poisoned:
    """The document's KL loss, made infinite for so many calls once it is armed."""

    def __init__(self) -> None:
        self.left = 0

    def __call__(self, *arguments: object) -> object:
        value = model_losses.kl_loss(*arguments)  # type: ignore[arg-type]
        if self.left == 0:
            return value
        self.left -= 1
        return value * float("inf")

    def after(self, step: int, calls: int, events: Iterator[TrainEvent]) -> Iterator[TrainEvent]:
        """The events of a run, the loss poisoned when that step is done for the first time."""
        armed = False
        for event in events:
            if not armed and isinstance(event, StepDone) and event.step == step:
                self.left, armed = calls, True
            yield event


def test_a_loss_that_is_not_finite_goes_back_and_goes_on(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poisoned = _Poisoned()
    monkeypatch.setattr(step_module, "kl_loss", poisoned)
    run = train(dataset, tmp_path / "run", tiny(max_steps=6, checkpoint_s=0.0))
    events = list(poisoned.after(3, 1, run))
    warned = [event for event in events if isinstance(event, Warned)]
    assert len(warned) == 1
    assert warned[0].step == 3
    after = [event for event in steps(events) if event.step >= 4]
    assert [event.step for event in after] == [4, 5, 6]
    normal = steps(list(train(dataset, tmp_path / "other", tiny(max_steps=6))))
    assert after[0].schedules["learning_rate"] == pytest.approx(normal[3].schedules["learning_rate"] / 2)


def test_a_run_that_stays_infinite_ends_with_a_clear_message(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poisoned = _Poisoned()
    monkeypatch.setattr(step_module, "kl_loss", poisoned)
    with pytest.raises(TrainingDiverged, match="not finite"):
        list(poisoned.after(3, 100, train(dataset, tmp_path / "run", tiny(max_steps=6))))
    assert json.loads((tmp_path / "run" / "run.json").read_text())["state"] == "failed"


def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(dataset: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    events = list(train(dataset, run, tiny(max_steps=3, checkpoint_s=0.0)))
    saved = [event.path for event in events if isinstance(event, CheckpointSaved)]
    raw = bytearray((saved[-1] / "state-000.safetensors").read_bytes())
    raw[len(raw) // 2] ^= 1
    (saved[-1] / "state-000.safetensors").write_bytes(raw)
    resumed = steps(list(train(dataset, run, tiny(max_steps=4), resume=True)))
    assert resumed[0].step == 3
    for path in (run / "checkpoints").iterdir():
        (path / "manifest.json").write_text("{}")
    with pytest.raises(CheckpointError, match="no checkpoint that is whole"):
        list(train(dataset, run, tiny(max_steps=5), resume=True))


def test_the_configuration_in_the_folder_is_the_one_that_counts_on_resume(dataset: Path, tmp_path: Path) -> None:
    list(train(dataset, tmp_path / "run", tiny(max_steps=2, batch_size=4)))
    list(train(dataset, tmp_path / "run", tiny(max_steps=3, batch_size=8), resume=True))
    stored = msgspec.json.decode((tmp_path / "run" / "config.json").read_bytes(), type=RunConfig)
    assert (stored.training.batch_size, stored.training.max_steps) == (4, 3)


def test_extensions_add_losses_and_figures(dataset: Path, tmp_path: Path) -> None:
    with forgotten_afterwards():

        @register_loss("size")
        def size(recon: Tensor, target: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
            del target, mu, logvar
            return recon.abs().mean()

        @register_metric("brightness")
        def brightness(drawn: Tensor, original: Tensor) -> Tensor:
            del original
            return drawn.mean(dim=(1, 2, 3))

        config = tiny(max_steps=2, validate_every=2, extra_losses=("size:3",), extra_metrics=("brightness",))
        events = list(train(dataset, tmp_path / "run", config))
    plain = steps(list(train(dataset, tmp_path / "plain", tiny(max_steps=2))))
    first = steps(events)[0].losses
    assert 0.0 < first["size"] < 3.0
    assert first["total"] == pytest.approx(plain[0].losses["total"] + first["size"], rel=1e-5)
    assert -1.0 <= next(event for event in events if isinstance(event, Validated)).figures["brightness"] <= 1.0


def test_gradient_checkpointing_trains_to_the_same_losses(dataset: Path, tmp_path: Path) -> None:
    plain = steps(list(train(dataset, tmp_path / "plain", tiny(max_steps=4))))
    saving = steps(list(train(dataset, tmp_path / "saving", tiny(max_steps=4, gradient_checkpointing=True))))
    for one, other in zip(plain, saving, strict=True):
        assert one.losses["recon"] == pytest.approx(other.losses["recon"], rel=1e-4)


def test_a_stop_saves_first_and_offers_a_model_before_the_sliders_are_found(dataset: Path, tmp_path: Path) -> None:
    stop = threading.Event()
    events = []
    for event in train(dataset, tmp_path / "run", tiny(max_steps=100_000), should_stop=stop.is_set):
        events.append(event)
        if isinstance(event, StepDone) and event.step == 3:
            stop.set()
        if isinstance(event, LearningEnded):
            assert (event.step, event.reason) == (3, "stopped")
            assert load_latest(tmp_path / "run" / "checkpoints") is not None
        if isinstance(event, MilestoneSaved) and event.step == 3:
            assert load_model(event.path)[0].prior is not None
            assert not (tmp_path / "run" / "model.safetensors").exists()
    names = [type(event).__name__ for event in events]
    assert names[names.index("LearningEnded") :] == ["LearningEnded", "MilestoneSaved", "PhaseStarted", "RunEnded"]


def test_a_stop_is_obeyed_while_the_art_is_encoded_for_the_prior(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alone, "_ENCODED_AT_ONCE", 4)
    stop = threading.Event()
    for event in train(dataset, tmp_path / "run", tiny(max_steps=20), should_stop=stop.is_set):
        if isinstance(event, PhaseStarted) and "making ready" in event.title:
            assert not stop.is_set(), "told again after the wish"
            stop.set()
        last = event
    assert isinstance(last, RunEnded)
    assert last.reason == "stopped"
    told = list(train(dataset, tmp_path / "run", tiny(max_steps=20), resume=True))[-1]
    assert isinstance(told, RunEnded)
    assert told.reason == "finished"


@pytest.mark.parametrize("asked", [1, 4, 12])
def test_a_run_stopped_before_its_first_step_leaves_nothing(dataset: Path, tmp_path: Path, asked: int) -> None:
    times = 0

    def should_stop() -> bool:
        nonlocal times
        times += 1
        return times >= asked

    *rest, ended = train(dataset, tmp_path / "run", tiny(), should_stop=should_stop)
    assert ended == RunEnded(0, "stopped", None)
    assert not steps(rest)
    assert not (tmp_path / "run").exists()


def test_a_continued_run_stopped_before_its_first_step_is_what_it_was(dataset: Path, tmp_path: Path) -> None:
    list(train(dataset, tmp_path / "run", tiny(max_steps=4)))
    before = {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()}
    *_, ended = train(dataset, tmp_path / "run", tiny(max_steps=8), resume=True, should_stop=lambda: True)
    assert ended == RunEnded(4, "stopped", tmp_path / "run" / "model.safetensors")
    assert {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()} == before
