"""`forecast`, `train --from`, and what `train` says of forecasts and pauses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lunar_studio.cli import forecast_text, train_command
from lunar_studio.cli.program import build_parser, main
from lunar_studio.core.events import Forecast, Paused, RunEnded, StepDone, WentOn
from tests.training.small_art import small_dataset

TOLD = Forecast("cpu", "bf16", "measured", 2, 0, 6000, 0.25, 30.0, 1500.0, 100.0, 200.0, 8.0, 170.0, 3 * 2**30, 4.0)


@pytest.mark.parametrize(
    ("seconds", "said"), [(4.4, "4 s"), (89, "89 s"), (100, "2 min"), (5000, "83 min"), (12_000, "3 h 20 min")]
)
def test_durations_are_said_as_people_say_them(seconds: float, said: str) -> None:
    assert forecast_text.duration(seconds) == said


def test_a_forecast_says_time_memory_and_when_it_is_worth_looking() -> None:
    text = forecast_text.text_of(TOLD)
    for part in ("30 min", "6,000 steps", "cpu", "bf16", "2 processes", "250 ms", "3,072 MiB", "after 3 min"):
        assert part in text, part


def test_the_end_compares_with_the_forecast() -> None:
    ended = RunEnded(9, "finished", Path("m"), took_s=100.0, forecast_s=110.0)
    assert "10% too long" in forecast_text.compared(ended)
    assert forecast_text.compared(RunEnded(9, "finished", Path("m"))) == ""


def test_pauses_go_to_stderr_and_steps_do_not() -> None:
    paused = Paused(3, "The disk is full.", "Free some space.", 2, 5.0)
    assert train_command._alarm(paused) == "Paused: The disk is full. Free some space. Try 2; again in 5 s."
    assert "12 s" in train_command._alarm(WentOn(3, 12.0))
    assert train_command._alarm(StepDone(1, 0.0, 8, 1.0, {}, {})) == ""


def test_forecast_leaves_nothing_and_answers_in_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset = small_dataset(tmp_path, 12)
    options = ["--preset", "tiny", "--max-steps", "30", "--set", "threads=1", "--precision", "fp32"]
    assert main(["forecast", str(dataset), *options, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["max_steps"] == 30
    assert told["total_s"] == pytest.approx(
        sum(told[f"{part}_s"] for part in ("learning", "beside", "alone", "finish"))
    )


def test_from_takes_its_networks_from_the_model_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["train", str(tmp_path), "--out", str(tmp_path / "run"), "--from", str(tmp_path / "model.safetensors")]
    assert build_parser().parse_args(words).start_from == tmp_path / "model.safetensors"
    assert main([*words, "--preset", "tiny"]) == 2
    assert "takes its networks from the model" in capsys.readouterr().err
    assert main(words) == 1
    assert "model.safetensors" in capsys.readouterr().err


def test_several_processes_do_not_build_one_set_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert main(["train", str(tmp_path), "--out", str(tmp_path / "run")]) == 2
    assert "build it first" in capsys.readouterr().err
