"""The recipe of the model that ships: its commands are the studio's, and legs go on where they stood."""

from __future__ import annotations

import json
from pathlib import Path

import bundled_model as recipe
import pytest

from lunar_studio.cli.program import build_parser
from lunar_studio.cli.train_command import configured

ROOT = Path(__file__).resolve().parents[2]


def words_of(command: list[str]) -> list[str]:
    """What follows `python -m lunar_studio`."""
    assert command[1:3] == ["-m", "lunar_studio"]
    return command[3:]


def test_a_first_leg_has_the_settings_of_the_model_that_ships(tmp_path: Path) -> None:
    words = words_of(recipe.training(tmp_path, steps=recipe.STEPS, minutes=30))
    config = configured(build_parser().parse_args(words))
    assert config.training.max_steps == 8700
    assert config.training.max_minutes == 30
    assert config.training.teacher_mode == "after"
    assert (config.prior.blocks, config.training.kl_weight, config.training.threads) == (4, 0.3, 1)


def test_a_later_leg_goes_on_with_the_run(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text("{}", encoding="utf-8")
    arguments = build_parser().parse_args(words_of(recipe.training(tmp_path, steps=8700, minutes=None)))
    assert arguments.resume
    assert not arguments.assignments


@pytest.mark.parametrize(("state", "is_finished"), [("finished", True), ("stopped", False), ("running", False)])
def test_it_believes_the_run(tmp_path: Path, state: str, is_finished: bool) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text(json.dumps({"state": state}), encoding="utf-8")
    assert recipe.is_finished(tmp_path) is is_finished


def test_the_data_set_is_built_as_the_card_says(tmp_path: Path) -> None:
    words = words_of(recipe.building(tmp_path / "art", tmp_path))
    card = (ROOT / "docs" / "model-card.md").read_text(encoding="utf-8")
    assert " ".join(words[4:]).replace(str(tmp_path / "dataset"), "DATASET") in card.replace("\n", " ")
    build_parser().parse_args(words)
