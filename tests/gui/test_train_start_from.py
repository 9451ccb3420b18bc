"""Starting from a model: the box, the sentence, and the configuration that comes of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtTest import QSignalSpy
from pytestqt.qtbot import QtBot

from lunar_studio import paths
from lunar_studio.core.config_fields import validate
from lunar_studio.core.presets import preset
from lunar_studio.errors import ModelFileError
from lunar_studio.gui.train.start_chooser import StartChooser
from lunar_studio.workers.model_config import read_model_config


@pytest.fixture
def chooser(qtbot: QtBot) -> StartChooser:
    made = StartChooser()
    qtbot.addWidget(made)
    return made


def test_from_nothing_a_configuration_stays_as_it_is(chooser: StartChooser) -> None:
    config = preset("sprite-16")
    assert chooser.path is None
    assert chooser.applied(config) == config
    assert "some hundred" in chooser.words.text()


def test_the_bundled_model_brings_its_networks(chooser: StartChooser) -> None:
    chooser.choose(paths.bundled_model())
    config = chooser.applied(preset("sprite-16"))
    bundled = read_model_config(paths.bundled_model())
    assert (config.vae, config.teacher, config.prior) == (bundled.vae, bundled.teacher, bundled.prior)
    assert config.training.start_from == str(paths.bundled_model())
    assert config.training.learning_rate == preset("sprite-16").training.learning_rate
    validate(config)
    assert "few sprites" in chooser.words.text()
    chooser.choose(None)
    assert chooser.applied(config) is config


def test_own_models_are_offered_and_the_choice_stays(chooser: StartChooser, tmp_path: Path) -> None:
    own = tmp_path / "my run" / "model.safetensors"
    own.parent.mkdir()
    own.write_bytes(paths.bundled_model().read_bytes())
    chooser.offer([own])
    assert "my run" in [chooser.box.itemText(row) for row in range(chooser.box.count())]
    chooser.choose(own)
    chooser.offer([])
    assert chooser.path == own


def test_a_file_that_is_no_model_is_told_and_not_chosen(chooser: StartChooser, tmp_path: Path) -> None:
    spy = QSignalSpy(chooser.changed)
    (tmp_path / "no.safetensors").write_bytes(b"nothing of the kind")
    chooser.choose(tmp_path / "no.safetensors")
    assert chooser.path is None
    assert "no model" in chooser.words.text()
    assert spy.count() == 1


def header(document: object) -> bytes:
    raw = json.dumps(document).encode()
    return len(raw).to_bytes(8, "little") + raw


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 64,
        (2**63).to_bytes(8, "little"),
        header({}),
        header([]),
        header({"__metadata__": {"facts": "{}"}}),
        header({"__metadata__": {"facts": '{"config": {"preset": 3}}'}}),
        header({"__metadata__": {"facts": "[" * 100_000}}),
    ],
)
def test_hostile_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelFileError):
        read_model_config(path)


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError):
        read_model_config(tmp_path / "nowhere")
    with pytest.raises(ModelFileError):
        read_model_config(tmp_path)


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "Best with some hundred sprites or more"),
        (1, "1 sprite is few to learn from nothing. Start from the bundled model"),
        (20, "20 sprites are few to learn from nothing. Start from the bundled model"),
        (200, "Best with some hundred sprites or more"),
    ],
)
def test_who_has_few_sprites_is_pointed_to_the_bundled_model(chooser: StartChooser, count: int, words: str) -> None:
    chooser.set_sprites(count)
    assert chooser.words.text().startswith(words)
    chooser.choose(paths.bundled_model())
    chooser.set_sprites(count + 1)
    assert chooser.words.text().startswith("Best with few sprites"), "of what is chosen"
    chooser.choose(None)
    chooser.set_sprites(count)
    assert chooser.words.text().startswith(words)
