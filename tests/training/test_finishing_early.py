"""Finish now: what is left of a schedule is gone through faster, and the run ends as planned."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from lunar_studio.core.config import RunConfig
from lunar_studio.core.events import CheckpointSaved, FinishBegun, PhaseStarted, RunEnded, StepDone, TrainEvent
from lunar_studio.models.model_file import load_model
from lunar_studio.training import schedules
from lunar_studio.training.loop import train
from tests.training.small_art import small_dataset, tiny

PLANNED = 160
AT = 30


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty drawn sprites."""
    return small_dataset(tmp_path_factory.mktemp("art"))


def _config(**training: object) -> RunConfig:
    return tiny(max_steps=PLANNED, learning_rate_schedule="cosine", validate_every=1000, preview_every=1000, **training)


def _finished_at(
    dataset: Path, run: Path, step: int, *, until: type[FinishBegun] | None = None, **training: object
) -> list[TrainEvent]:
    """What a run told that was asked to finish after a step; it is let go after an event of type `until`."""
    events: list[TrainEvent] = []
    told = False

    def asked() -> bool:
        return told

    for event in train(dataset, run, _config(**training), should_finish=asked):
        events.append(event)
        if until is not None and isinstance(event, until):
            break
        told = told or (isinstance(event, StepDone) and event.step >= step)
    return events


def test_the_rest_of_the_schedule_is_gone_through_in_a_tenth_of_the_steps() -> None:
    config = tiny(max_steps=20_000).training
    taken = schedules.shortcut(config, 1000)
    assert taken == schedules.Shortcut(1000, 20_000, 1100)
    assert [taken.place(step) for step in (1000, 1050, 1100)] == [1000.0, 10_500.0, 20_000.0]
    assert schedules.shortcut(config, 19_990) is None, "what is left is shorter"
    assert schedules.shortcut(config, 0) == schedules.Shortcut(0, 20_000, 50), "never fewer than it takes to settle"


def test_a_run_asked_to_finish_lowers_its_rate_and_makes_its_model(dataset: Path, tmp_path: Path) -> None:
    events = _finished_at(dataset, tmp_path / "run", AT)
    begun = next(event for event in events if isinstance(event, FinishBegun))
    assert begun == FinishBegun(AT, AT + 50)
    ended = events[-1]
    assert isinstance(ended, RunEnded)
    assert (ended.step, ended.reason, ended.forecast_s) == (AT + 50, "finished", 0.0)
    rates = {event.step: event.schedules["learning_rate"] for event in events if isinstance(event, StepDone)}
    assert rates[AT] > 0.9 * rates[1]
    assert rates[AT + 1] == pytest.approx(rates[AT], rel=0.05), "no jump"
    assert rates[AT + 50] < 0.03 * rates[1]
    assert sorted(rates.values(), reverse=True) == list(rates.values())
    assert ended.model_path is not None
    bundle, _ = load_model(ended.model_path)
    assert bundle.atlas is not None, "made with everything"
    assert json.loads((tmp_path / "run" / "config.json").read_text())["training"]["max_steps"] == AT + 50


def test_judge_and_prior_take_a_quarter_of_their_steps_alone(dataset: Path, tmp_path: Path) -> None:
    events = _finished_at(dataset, tmp_path / "run", AT, teacher_mode="after")
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    alone = [line for line in lines if line["event"] not in ("StepDone", "Validated")]
    assert {line.get("part") for line in alone} == {"teacher", "prior"}
    titles = [event.title for event in events if isinstance(event, PhaseStarted) and ":" in event.title]
    assert [title for title in titles if title.startswith("Teaching the judge: 100%")]
    assert [title for title in titles if title.startswith("Teaching the model to invent: 100%")]


def test_a_run_killed_on_its_way_to_a_good_end_takes_the_same_way_again(dataset: Path, tmp_path: Path) -> None:
    whole = {e.step: e.losses for e in _finished_at(dataset, tmp_path / "whole", AT) if isinstance(e, StepDone)}
    _finished_at(dataset, tmp_path / "legs", AT, until=FinishBegun)  # then nothing more is written, as after a kill
    rest = list(train(dataset, tmp_path / "legs", tiny(max_steps=0), resume=True))  # as far as it was to go
    losses = {event.step: event.losses for event in rest if isinstance(event, StepDone)}
    assert losses == {step: value for step, value in whole.items() if step > AT}


def test_a_run_that_goes_on_beyond_its_early_end_has_its_own_schedule_again(dataset: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    _finished_at(dataset, run, AT)
    config = _config()
    more = list(train(dataset, run, config, resume=True))
    rates = [event.schedules["learning_rate"] for event in more if isinstance(event, StepDone)]
    assert len(rates) == PLANNED - AT - 50
    assert rates[0] == pytest.approx(2e-3 * schedules.cosine((AT + 50) / PLANNED))
    assert isinstance(more[-1], RunEnded)
    assert any(isinstance(event, CheckpointSaved) for event in more)


def test_minutes_no_longer_end_a_run_that_finishes(dataset: Path, tmp_path: Path) -> None:
    config = tiny(max_steps=PLANNED, max_minutes=0.05, validate_every=1000, preview_every=1000)
    events = list(train(dataset, tmp_path / "run", config, should_finish=lambda: True))
    ended = events[-1]
    assert isinstance(ended, RunEnded)
    assert (ended.step, ended.reason) == (50, "finished")
    kept = msgspec.json.decode((tmp_path / "run" / "config.json").read_bytes())
    assert kept["training"]["max_minutes"] == 0.0
