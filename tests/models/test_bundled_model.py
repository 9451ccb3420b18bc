"""The model that ships: small, whole, said where it comes from."""

from safetensors import safe_open

from lunar_studio import paths
from lunar_studio.models.model_file import load_model

LARGEST_BYTES = 25_000_000


def test_it_is_small_enough_to_ship_and_holds_numbers_only() -> None:
    path = paths.bundled_model()
    assert path.stat().st_size <= LARGEST_BYTES
    with safe_open(str(path), "pt") as file:
        assert {file.get_slice(key).get_dtype() for key in file.keys()} <= {"F16", "F32", "I32", "I16", "I8", "U8"}  # noqa: SIM118 - no mapping
        assert set(file.metadata()) == {"stamp", "facts", "likeness", "atlas"}


def test_it_opens_whole_and_tells_its_art_and_licence() -> None:
    bundle, info = load_model(paths.bundled_model())
    assert bundle.teacher is not None
    assert bundle.directions
    assert bundle.experts
    assert bundle.vocabulary.words
    assert info.channels == 4
    assert info.card["art"]
    assert "CC0" in str(info.card["art_licence"])
