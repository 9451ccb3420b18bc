"""`train`: from art to a model that samples, in lines for people and in lines of JSON."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lunar_studio.cli.program import build_parser
from lunar_studio.cli.train_command import configured
from tests.cli.conftest import Run
from tests.cli.test_program import ROOT

TINY = ("--preset", "tiny", "--precision", "fp32", "--set", "batch_size=4")


@pytest.fixture
def built(run: Run, art: Path, tmp_path: Path) -> Path:
    assert run("dataset", "build", art, "--out", tmp_path / "set").status == 0
    return tmp_path / "set"


def test_json_lines_tell_every_event_and_the_model_samples(run: Run, built: Path, tmp_path: Path) -> None:
    ran = run("train", built, "--out", tmp_path / "run", *TINY, "--max-steps", "4", "--json")
    assert ran.status == 0
    events = ran.lines
    names = [event["event"] for event in events]
    assert names.count("RunStarted") == 1
    assert [event["step"] for event in events if event["event"] == "StepDone"] == [1, 2, 3, 4]
    assert {"recon", "kl", "total"} <= set(events[names.index("StepDone")]["losses"])
    assert events[names.index("RunStarted")]["preset"] == "tiny"
    assert events[names.index("PreviewReady")]["samples"] > 0
    last = events[-1]
    assert (last["event"], last["reason"], last["step"]) == ("RunEnded", "finished", 4)
    sampled = run("sample", "--model", last["model_path"], "--count", "2", "--out", tmp_path / "sprites")
    assert sampled.status == 0


def test_people_get_lines_with_losses_rate_and_time_left(run: Run, built: Path, tmp_path: Path) -> None:
    ran = run("train", built, "--out", tmp_path / "run", *TINY, "--max-steps", "3")
    assert ran.status == 0
    assert "tiny on cpu in fp32" in ran.out
    assert "step 1/3  recon " in ran.out
    assert "images/s" in ran.out
    assert f"Finished at step 3. The model is {tmp_path / 'run' / 'model.safetensors'}" in ran.out


def test_a_run_whose_minutes_are_over_says_so(run: Run, built: Path, tmp_path: Path) -> None:
    ran = run("train", built, "--out", tmp_path / "run", *TINY, "--max-steps", "9999", "--max-minutes", "0.0001")
    assert ran.status == 0
    assert "Time was up at step " in ran.out
    assert "; all it has learned is saved" in ran.out
    assert f". The model is {tmp_path / 'run' / 'model.safetensors'}" in ran.out
    assert json.loads((tmp_path / "run" / "run.json").read_text())["state"] == "time-up"


def test_the_same_seed_gives_the_same_model(run: Run, built: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert run("train", built, "--out", tmp_path / name / "run", *TINY, "--max-steps", "3").status == 0
    one, two = ((tmp_path / name / "run" / "model.safetensors").read_bytes() for name in ("one", "two"))
    assert one == two


def test_art_is_built_into_a_data_set_first(run: Run, art: Path, tmp_path: Path, studio_home: Path) -> None:
    ran = run("train", art, "--out", tmp_path / "run", *TINY, "--max-steps", "1", "--json")
    assert ran.status == 0
    assert "Built a data set of 12 sprites (1 files refused)" in ran.err
    assert (studio_home / "datasets" / "art-16px" / "dataset.json").is_file()


def test_a_run_is_resumed_and_not_overwritten(run: Run, built: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert run("train", built, "--out", out, *TINY, "--max-steps", "2").status == 0
    again = run("train", built, "--out", out, *TINY, "--max-steps", "2")
    assert again.status == 1
    assert "already holds a run" in again.err
    resumed = run("train", built, "--out", out, "--resume", "--max-steps", "4", "--json")
    assert resumed.status == 0
    assert [event["step"] for event in resumed.lines if event["event"] == "StepDone"] == [3, 4]
    done = run("train", built, "--out", out, "--resume", "--json")
    assert done.status == 0
    assert done.lines[-1]["step"] == 4, "the run's own number of steps counts"


def test_a_stopped_run_leaves_a_model(built: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "lunar_studio", "train", built, "--out", tmp_path / "run", *TINY, "--json"]
    with subprocess.Popen(
        [*map(str, command), "--max-steps", "100000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if json.loads(line)["event"] == "StepDone":
                process.send_signal(signal.SIGINT)
                break
        out, err = process.communicate(timeout=100)
    last = json.loads(out.splitlines()[-1])
    assert (process.returncode, last["event"], last["reason"]) == (0, "RunEnded", "stopped")
    assert err.startswith("Stopping: finishing the step and the model.")
    assert (tmp_path / "run" / "model.safetensors").is_file()


@pytest.mark.parametrize("comes_back", [True, False])
def test_a_run_stopped_while_it_cannot_write_waits_until_it_can_or_is_left(
    built: Path, tmp_path: Path, comes_back: bool
) -> None:
    out = tmp_path / "run"
    command = [sys.executable, "-m", "lunar_studio", "train", built, "--out", out, *TINY, "--set", "checkpoint_s=0"]
    with subprocess.Popen(
        [*map(str, command), "--max-steps", "100000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        next(line for line in process.stdout if line.startswith("  checkpoint at step"))
        out.rename(tmp_path / "away")
        said = [next(line for line in process.stderr if line.startswith("Paused: "))]
        process.send_signal(signal.SIGINT)
        said += [next(line for line in process.stderr if "Ending now would lose" in line)]
        if comes_back:
            (tmp_path / "away").rename(out)
        else:
            process.send_signal(signal.SIGINT)
        ended, _ = process.communicate(timeout=100)
    assert "Ending now would lose" not in said[0]
    assert "Ctrl-C again ends without them" in said[1]
    assert process.returncode == (0 if comes_back else 130)
    assert ("Stopped at step " in ended) == comes_back
    assert (out / "model.safetensors").is_file() == comes_back


def test_a_reader_that_goes_away_stops_the_run_well(built: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "lunar_studio", "train", built, "--out", tmp_path / "run", *TINY, "--json"]
    with subprocess.Popen(
        [*map(str, command), "--max-steps", "100000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(100) == 0
    assert (tmp_path / "run" / "model.safetensors").is_file()


def test_options_become_the_configuration() -> None:
    text = "train art --out run --preset classic-128 --set batch_size=7 --set vae.latent_dim=9 --max-steps 11"
    arguments = build_parser().parse_args([*text.split(), "--max-minutes=1.5", "--device=cpu", "--precision=bf16"])
    config = configured(arguments)
    training = config.training
    assert (config.preset, training.batch_size, config.vae.latent_dim) == ("classic-128", 7, 9)
    assert (training.max_steps, training.max_minutes) == (11, 1.5)
    assert (training.device, training.precision) == ("cpu", "bf16")


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("", 20),
        ("--max-minutes 2", 0),
        ("--max-minutes 2 --max-steps 9", 9),
        ("--max-minutes 2 --set max_steps=8", 8),
        ("--set training.max_steps=7", 7),
    ],
)
def test_minutes_alone_let_the_run_fit_its_steps_to_them(text: str, steps: int) -> None:
    arguments = build_parser().parse_args(["train", "art", "--out", "run", "--preset", "tiny", *text.split()])
    assert configured(arguments).training.max_steps == steps


def test_a_configuration_whose_parts_do_not_fit_is_wrong_usage(run: Run, art: Path, tmp_path: Path) -> None:
    ran = run("train", art, "--out", tmp_path / "run", "--preset", "tiny", "--set", "vae.image_size=18")
    assert ran.status == 2
    assert "cannot be halved" in ran.err
    assert not (tmp_path / "run").exists()
