"""Forecasts: what they are made of, that they follow the settings, and that runs are held against them."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from lunar_studio.core.events import Forecast, MilestoneSaved, RunEnded, StepDone
from lunar_studio.errors import ConfigError
from lunar_studio.models.model_file import load_model
from lunar_studio.training import milestones
from lunar_studio.training.alone import views_of
from lunar_studio.training.forecasting import DRY_STEPS, Costs, dry_count, forecast_for, settled_length
from lunar_studio.training.loop import forecast, train
from tests.training.small_art import small_dataset, tiny

COSTS = Costs(
    step_s=0.1,
    validation_s=2.0,
    preview_s=0.5,
    checkpoint_s=1.0,
    milestone_s=0.2,
    teacher_alone_s=0.05,
    prior_alone_s=0.01,
    encode_s=0.001,
    sprites=1000,
    finish_s=4.0,
    dry_run_s=5.0,
)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two dozen drawn sprites."""
    return small_dataset(tmp_path_factory.mktemp("art"), 24)


def test_a_run_begins_with_its_forecast_and_ends_with_what_it_took(dataset: Path, tmp_path: Path) -> None:
    events = list(train(dataset, tmp_path / "run", tiny(max_steps=40)))
    told = next(event for event in events if isinstance(event, Forecast))
    first = next(place for place, event in enumerate(events) if isinstance(event, StepDone))
    assert events.index(told) < first
    ended = events[-1]
    assert isinstance(ended, RunEnded)
    assert ended.forecast_s == pytest.approx(told.total_s)
    assert ended.took_s > 0
    # A machine that is busy with other tests makes any closer bound a lottery; tests/bench/forecast.py measures.
    assert 0.05 < ended.forecast_s / ended.took_s < 20
    facts = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (facts["took_s"], facts["forecast_s"]) == (ended.took_s, ended.forecast_s)
    assert not list((tmp_path / "run").glob(".forecast-*"))
    kept = milestones.list_milestones(tmp_path / "run" / "milestones")
    assert [event.path for event in events if isinstance(event, MilestoneSaved)] == kept
    assert [milestones.step_of(path) for path in kept] == [0, 10, 20, 30, 40]
    models = [load_model(path)[0] for path in kept]
    assert models[0].name != models[-1].name
    assert models[-1].teacher is None
    assert models[-1].vocabulary.words


def test_a_forecast_alone_leaves_nothing_and_fits_its_parts(dataset: Path, tmp_path: Path) -> None:
    config = tiny(max_steps=200)
    told = forecast(dataset, tmp_path, config)
    assert list(tmp_path.iterdir()) == []
    assert (told.first_step, told.max_steps, told.precision, told.processes) == (0, 200, "fp32", 1)
    assert told.learning_s == pytest.approx(200 * told.step_s)
    assert told.total_s == pytest.approx(told.learning_s + told.beside_s + told.alone_s + told.finish_s)
    assert 0 < told.usable_s < told.total_s
    assert told.epoch_s < 4 * told.step_s
    assert min(told.beside_s, told.alone_s, told.finish_s, told.memory_bytes, told.dry_run_s) > 0


@pytest.mark.parametrize("minutes", [1.0, 10.0, 300.0])
def test_minutes_become_as_many_steps_as_fit_with_all_that_stands_beside_them(minutes: float) -> None:
    config = tiny(max_steps=0, max_minutes=minutes)
    settled = settled_length(config, COSTS)
    total_s = COSTS.total_s(settled)
    assert 0.85 * minutes * 60 < total_s < minutes * 60
    steps, training = settled.training.max_steps, settled.training
    assert training.preview_every <= max(100, steps // 20), "a short run shows something on its way"
    assert training.validate_every <= max(400, steps // 10), "but showing takes a twentieth of the steps' time at most"
    assert settled_length(settled, COSTS) is settled
    with pytest.raises(ConfigError, match="no end"):
        settled_length(tiny(max_steps=0), COSTS)


def test_costs_follow_the_settings() -> None:
    config = tiny(max_steps=1000, validate_every=100, preview_every=100, milestones=0, checkpoint_s=1e9)
    # Ten validations and one at the end, ten previews and one at both ends, a checkpoint at the end.
    assert COSTS.beside_s(config, 1000) == pytest.approx(11 * 2.0 + 12 * 0.5 + 1.0, rel=1e-3)
    often = msgspec.structs.replace(config, training=msgspec.structs.replace(config.training, checkpoint_s=10.0))
    assert COSTS.beside_s(often, 1000) > COSTS.beside_s(config, 1000) + 10.0
    after = msgspec.structs.replace(config, training=msgspec.structs.replace(config.training, teacher_mode="after"))
    assert COSTS.alone_s(after) == pytest.approx(COSTS.alone_s(config) + 1000 * 0.05)


def test_the_prior_is_not_given_more_latents_than_it_looks_at() -> None:
    assert [views_of(1000, steps) for steps in (0, 1, 8, 20, 1000)] == [1, 1, 2, 5, 8]
    assert views_of(30_000, 10**6) == 1
    config = tiny(max_steps=1000)
    steps = round(config.prior.finish_share * 1000)
    expected_s = steps * COSTS.prior_alone_s + 8 * COSTS.sprites * COSTS.encode_s
    assert COSTS.alone_s(config) == pytest.approx(expected_s)


def test_the_dry_run_is_short_beside_the_run_and_takes_whole_turns() -> None:
    assert dry_count(tiny(max_steps=100_000).training, 0.001) == DRY_STEPS
    assert dry_count(tiny(max_steps=100_000).training, 1.0) == 4
    assert dry_count(tiny(max_steps=20).training, 0.001) == 3
    assert dry_count(tiny(max_steps=0).training, 100.0) == 3
    assert dry_count(tiny(max_steps=100_000, teacher_every=4).training, 0.5) == 8


def test_what_was_stopped_is_held_against_the_part_that_was_done() -> None:
    told = Forecast("cpu", "fp32", "", 1, 0, 100, 0.1, 1.0, 10.0, 2.0, 5.0, 4.0, 3.0, 1)
    assert forecast_for(told, 100, finished=True) == pytest.approx(21.0)
    assert 6.0 < forecast_for(told, 50, finished=False, quick=True) < 8.0
    assert forecast_for(told, 50, finished=False) > forecast_for(told, 50, finished=False, quick=True)


def test_milestones_are_thinned_where_they_are_closest(tmp_path: Path) -> None:
    for step in (0, 10, 20, 30, 40, 80, 160):
        (tmp_path / f"step-{step:09d}.safetensors").write_bytes(b"x" * 10)
    (tmp_path / "note.txt").write_text("not ours")
    milestones.thin_out(tmp_path, most=5)
    assert [milestones.step_of(path) for path in milestones.list_milestones(tmp_path)] == [0, 20, 40, 80, 160]
    milestones.thin_out(tmp_path, most=5, max_bytes=25)
    assert [milestones.step_of(path) for path in milestones.list_milestones(tmp_path)] == [0, 160]
    milestones.forget_milestones_after(tmp_path, 100)
    assert [milestones.step_of(path) for path in milestones.list_milestones(tmp_path)] == [0]
    assert (tmp_path / "note.txt").exists()


def test_a_run_measured_in_minutes_may_teach_its_judge_afterwards(dataset: Path, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    told = forecast(dataset, scratch, tiny(max_steps=0, max_minutes=0.1, teacher_mode="after"))
    assert told.max_steps >= 20
    assert told.alone_s > 0
