"""Going on with a finished model: its weights, its words, gentler settings, and a copy in the run's folder."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import torch

from lunar_studio.core.config import RunConfig
from lunar_studio.core.events import RunEnded, StepDone, Validated
from lunar_studio.core.fine_tuning import fine_tuned
from lunar_studio.core.presets import PRESETS
from lunar_studio.errors import ConfigError, ModelFileError
from lunar_studio.models.model_file import load_model
from lunar_studio.models.words import Vocabulary
from lunar_studio.training.fine_tune import extended
from lunar_studio.training.loop import train
from tests.training.small_art import small_dataset, tiny


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two dozen drawn sprites."""
    return small_dataset(tmp_path_factory.mktemp("art"), 24)


def on(config: RunConfig, **training: object) -> RunConfig:
    changed = msgspec.structs.replace(config.training, **training)
    return msgspec.structs.replace(config, training=changed)


def test_a_run_from_a_model_begins_where_the_model_ended(dataset: Path, tmp_path: Path) -> None:
    list(train(dataset, tmp_path / "first", tiny(max_steps=60, validate_every=1, preview_every=1000, milestones=0)))
    model = tmp_path / "first" / "model.safetensors"
    base = load_model(model)[0]
    config = on(fine_tuned(base.config, model, 20), max_steps=2, validate_every=1, threads=1, precision="fp32")
    moved = tmp_path / "moved.safetensors"
    first = list(train(dataset, tmp_path / "second", config))
    assert (tmp_path / "second" / "start.safetensors").read_bytes() == model.read_bytes()
    fresh = list(train(dataset, tmp_path / "fresh", on(config, start_from="")))

    def recon(events: list[object]) -> float:
        return next(event for event in events if isinstance(event, Validated)).losses["recon"]

    assert recon(list(first)) < 0.8 * recon(list(fresh))
    ended = first[-1]
    assert isinstance(ended, RunEnded)
    assert ended.model_path is not None
    bundle, _ = load_model(ended.model_path)
    assert bundle.config.training.start_from == "", "a model file tells nobody where files of its maker lie"
    assert bundle.card["fine_tuned_from"] == base.name
    assert set(base.vocabulary.words) <= set(bundle.vocabulary.words)
    # The file may be gone by the time the run goes on: the folder has a copy.
    model.rename(moved)
    resumed = list(train(dataset, tmp_path / "second", on(config, max_steps=3), resume=True))
    assert [event.step for event in resumed if isinstance(event, StepDone)] == [3]


def test_a_model_of_another_network_is_refused(dataset: Path, tmp_path: Path) -> None:
    list(train(dataset, tmp_path / "first", tiny(max_steps=1, milestones=0)))
    model = tmp_path / "first" / "model.safetensors"
    other = on(PRESETS["sprite-16"], start_from=str(model), max_steps=1)
    with pytest.raises(ConfigError, match="not the one this run"):
        list(train(dataset, tmp_path / "second", other))
    (tmp_path / "no.safetensors").write_bytes(b"nothing")
    with pytest.raises(ModelFileError):
        list(train(dataset, tmp_path / "third", on(other, start_from=str(tmp_path / "no.safetensors"))))


@pytest.mark.parametrize("sprites", [1, 20, 60, 200, 5000])
@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_settings_are_gentler_and_follow_the_number_of_sprites(preset: str, sprites: int, tmp_path: Path) -> None:
    base = PRESETS[preset]
    tuned = fine_tuned(base, tmp_path / "model.safetensors", sprites).training
    assert tuned.learning_rate < base.training.learning_rate
    assert tuned.teacher_learning_rate < base.training.teacher_learning_rate
    assert (tuned.kl_warmup_share, tuned.max_minutes, tuned.accumulate) == (0.0, 0.0, 1)
    assert 300 <= tuned.max_steps <= 6000
    assert tuned.batch_size <= base.training.batch_size
    assert tuned.start_from == str(tmp_path / "model.safetensors")


def test_new_words_join_the_old_ones_which_stay_as_they_are() -> None:
    old = Vocabulary.fit(["red gem", "blue gem", "green potion"] * 3, 8)
    both = extended(old, ["red dragon", "owl"])
    assert both.words == (*old.words, "dragon", "owl")
    assert torch.equal(both.embed("red gem"), old.embed("red gem"))
    assert both.embed("dragon").norm() == pytest.approx(1.0)
    assert not torch.equal(both.embed("dragon"), both.embed("owl"))
    assert torch.equal(extended(old, ["owl"]).embed("owl"), both.embed("owl"))
    assert extended(old, ["blue gem"]) is old
    assert extended(Vocabulary.fit([], 8), ["owl"]).embed("owl").norm() == pytest.approx(1.0)
