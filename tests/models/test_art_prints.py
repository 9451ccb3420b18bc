"""Fingerprints of the art in a model file: come back as they were, optional, and refused when they lie."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load, save
from torch import Tensor

from lunar_studio.errors import ModelFileError
from lunar_studio.models.art_prints import MAX_SPRITES, ArtPrints
from lunar_studio.models.bundle import ModelBundle
from lunar_studio.models.model_file import load_model, save_model
from tests.models.bundles import small_bundle


def _prints(count: int = 5) -> ArtPrints:
    rng = np.random.default_rng(0)
    return ArtPrints(
        rng.integers(-127, 128, (count, 96)).astype(np.int8),
        np.arange(count, dtype=np.int32) // 2,
        tuple(f"mön/dragon {index}.png" for index in range(count)),
        0.0625,
    )


@pytest.fixture(scope="module")
def bundle() -> ModelBundle:
    return dataclasses.replace(small_bundle(), prints=_prints())


@pytest.fixture
def path(bundle: ModelBundle, tmp_path: Path) -> Path:
    save_model(bundle, tmp_path / "model.safetensors")
    return tmp_path / "model.safetensors"


def _rewritten(path: Path, change: Callable[[dict[str, Tensor], dict[str, Any]], None]) -> None:
    payload = path.read_bytes()
    header = json.loads(payload[8 : 8 + int.from_bytes(payload[:8], "little")])
    tensors, metadata = load(payload), {key: json.loads(value) for key, value in header["__metadata__"].items()}
    change(tensors, metadata)
    path.write_bytes(save(tensors, metadata={key: json.dumps(value) for key, value in metadata.items()}))


def test_they_come_back_as_they_were(path: Path, bundle: ModelBundle) -> None:
    prints, before = load_model(path)[0].prints, bundle.prints
    assert prints is not None
    assert before is not None
    assert (prints.codes_ND == before.codes_ND).all()
    assert (prints.families_N == before.families_N).all()
    assert prints.names == before.names
    assert prints.limit == before.limit
    assert len(prints) == 5


def test_none_at_all_come_back_as_none_and_no_sprites_as_no_sprites(tmp_path: Path) -> None:
    save_model(small_bundle(), tmp_path / "without.safetensors")
    assert load_model(tmp_path / "without.safetensors")[0].prints is None
    save_model(dataclasses.replace(small_bundle(), prints=_prints(0)), tmp_path / "empty.safetensors")
    prints = load_model(tmp_path / "empty.safetensors")[0].prints
    assert prints is not None
    assert len(prints) == 0


def test_a_model_without_them_can_be_read_by_older_studios(tmp_path: Path, path: Path) -> None:
    save_model(small_bundle(), tmp_path / "without.safetensors")
    for file, version in ((tmp_path / "without.safetensors", 1), (path, 2)):
        payload = file.read_bytes()
        header = json.loads(payload[8 : 8 + int.from_bytes(payload[:8], "little")])
        assert json.loads(header["__metadata__"]["stamp"])["version"] == version


def test_three_thousand_sprites_cost_less_than_400_kilobytes(tmp_path: Path) -> None:
    save_model(small_bundle(), tmp_path / "without.safetensors")
    save_model(dataclasses.replace(small_bundle(), prints=_prints(3000)), tmp_path / "with.safetensors")
    sizes = [(tmp_path / f"{name}.safetensors").stat().st_size for name in ("with", "without")]
    assert sizes[0] - sizes[1] <= 400_000


def test_the_section_of_a_newer_studio_is_left_alone(path: Path) -> None:
    def change(tensors: dict[str, Tensor], metadata: dict[str, Any]) -> None:
        metadata["likeness"] = {"version": 2, "hue": "?"}
        tensors["likeness.colours"] = torch.zeros(3)

    _rewritten(path, change)
    assert load_model(path)[0].prints is None


def _without(key: str) -> Callable[[dict[str, Tensor], dict[str, Any]], None]:
    return lambda tensors, _metadata: tensors.__delitem__(key)


def _tensor(key: str, value: Tensor) -> Callable[[dict[str, Tensor], dict[str, Any]], None]:
    return lambda tensors, _metadata: tensors.__setitem__(key, value)


def _described(value: object) -> Callable[[dict[str, Tensor], dict[str, Any]], None]:
    return lambda _tensors, metadata: metadata.__setitem__("likeness", value)


def _bytes(text: bytes) -> Tensor:
    return torch.from_numpy(np.frombuffer(text, np.uint8).copy())


@pytest.mark.parametrize(
    ("change", "because"),
    [
        (_without("likeness.codes"), "not complete"),
        (_tensor("likeness.more", torch.zeros(1)), "not complete"),
        (lambda _tensors, metadata: metadata.__delitem__("likeness"), "no description"),
        (_described([1]), "description of its fingerprints"),
        (_described({"version": 1}), "description of its fingerprints"),
        (_described({"version": 1, "limit": 7.0}), "limit"),
        (_described({"version": 1, "limit": 0.5, "code": "x"}), "description of its fingerprints"),
        (_tensor("likeness.codes", torch.zeros(5, 96)), "fingerprints"),
        (_tensor("likeness.codes", torch.zeros(4, 96, dtype=torch.int8)), "fingerprints"),
        (_tensor("likeness.families", torch.full((5,), -1, dtype=torch.int32)), "families"),
        (_tensor("likeness.families", torch.zeros(5)), "families"),
        (_tensor("likeness.names", torch.zeros(5)), "not complete"),
        (_tensor("likeness.names", _bytes(b"\xff\n")), "not text"),
        (_tensor("likeness.names", _bytes(b"a\nb\nc\nd\ne")), "cut off"),
        (_tensor("likeness.names", _bytes(b"a\n" * 6)), "fingerprints"),
        (_tensor("likeness.names", _bytes(b"a" * 600 + b"\n" + b"b\n" * 4)), "too long"),
    ],
)
def test_what_does_not_agree_with_itself_is_refused(
    path: Path, change: Callable[[dict[str, Tensor], dict[str, Any]], None], because: str
) -> None:
    _rewritten(path, change)
    with pytest.raises(ModelFileError, match=because):
        load_model(path)


def test_more_than_a_file_shall_hold_are_refused() -> None:
    many = MAX_SPRITES + 1
    with pytest.raises(ValueError, match="more than"):
        ArtPrints(np.zeros((many, 96), np.int8), np.zeros(many, np.int32), ("",) * many, 0.1)
