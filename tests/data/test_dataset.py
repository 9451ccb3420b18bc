"""A data set folder is opened only when its files agree; every lie is found."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lunar_studio.data.dataset import Dataset, npy_header
from lunar_studio.data.importing import build
from lunar_studio.errors import DatasetError
from lunar_studio.pixels.files import write_png
from tests.pixels.drawn import blob


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("art")
    for seed in range(10):
        write_png(blob(seed, 16), folder / f"{'abcdefghij'[seed] * 3}.png")
    for number in range(4):
        write_png(blob(50 + number, 16), folder / f"wall {number}.png")
    return build(folder, tmp_path_factory.mktemp("sets") / "set", validation_share=0.3).path


@pytest.fixture
def copy(built: Path, tmp_path: Path) -> Path:
    target = tmp_path / "set"
    target.mkdir()
    for path in built.iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    return target


def test_numpy_reads_the_sprites(built: Path) -> None:
    dataset = Dataset.open(built)
    assert np.array_equal(np.load(built / "sprites.npy", allow_pickle=False), dataset.sprites_NHWC)
    assert not dataset.sprites_NHWC.flags.writeable


def test_sides_and_weights(built: Path) -> None:
    dataset = Dataset.open(built)
    train, validation = dataset.indices("train"), dataset.indices("validation")
    assert sorted([*train, *validation]) == list(range(14))
    assert len(validation) == dataset.facts.validation > 0
    weights = dataset.family_weights()
    assert weights.sum() == pytest.approx(1.0)
    wall = [at for at, name in enumerate(dataset.names) if name.startswith("wall")]
    # Four walls together weigh twice a creature drawn once.
    assert weights[wall].sum() == pytest.approx(2.0 * weights[dataset.names.index("aaa.png")])


def _facts(**changes: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        facts = json.loads((folder / "dataset.json").read_text())
        (folder / "dataset.json").write_text(json.dumps(facts | changes))

    return change


def _lines(change: Callable[[list[str]], list[str]]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        lines = (folder / "index.jsonl").read_text().splitlines()
        (folder / "index.jsonl").write_text("".join(f"{line}\n" for line in change(lines)))

    return apply


def _sprites(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        (folder / "sprites.npy").write_bytes(change((folder / "sprites.npy").read_bytes()))

    return apply


def _straddle(lines: list[str]) -> list[str]:
    rows = [json.loads(line) for line in lines]
    validates = next(row for row in rows if row.get("validation"))
    trains = next(
        row for row in rows if not row.get("validation") and sum(row["family"] == r["family"] for r in rows) > 1
    )
    trains["family"] = validates["family"]
    return [json.dumps(row) for row in rows]


@pytest.mark.parametrize(
    "lie",
    [
        _facts(version=99),
        _facts(format="something else"),
        _facts(size=32),
        _facts(size=10**9),
        _facts(sprites=13),
        _facts(sprites=-1),
        _facts(validation=0),
        _facts(families=1),
        _facts(digest="nonsense"),
        _lines(lambda lines: lines[:-1]),
        _lines(lambda lines: [*lines[:-1], ""]),
        _lines(lambda lines: [*lines[:-1], "{}"]),
        _lines(lambda lines: [*lines[:-1], "[" * 5000]),
        _lines(_straddle),
        _sprites(lambda data: data[:-1]),
        _sprites(lambda data: data + b"x"),
        _sprites(lambda data: data.replace(b"|u1", b"|O ", 1)),
        _sprites(lambda data: data.replace(b"False", b"True ", 1)),
        lambda folder: (folder / "dataset.json").unlink(),
        lambda folder: (folder / "sprites.npy").unlink(),
        lambda folder: (folder / "index.jsonl").unlink(),
        lambda folder: (folder / "dataset.json").write_bytes(b"\xff\xfe{}"),
        lambda folder: (folder / "dataset.json").write_text("[" * 100_000),
    ],
)
def test_every_lie_is_refused(copy: Path, lie: Callable[[Path], None]) -> None:
    Dataset.open(copy)
    lie(copy)
    with pytest.raises(DatasetError) as caught:
        Dataset.open(copy)
    assert caught.value.hint


def test_a_flipped_bit_is_found_by_verify(copy: Path) -> None:
    Dataset.open(copy).verify()
    _sprites(lambda data: data[:-5] + bytes([data[-5] ^ 1]) + data[-4:])(copy)
    with pytest.raises(DatasetError, match="changed"):
        Dataset.open(copy).verify()


def test_what_is_no_folder_is_no_data_set(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing", Path("nul\0byte")):
        with pytest.raises(DatasetError, match="not a data set"):
            Dataset.open(path)


@settings(max_examples=50)
@given(st.tuples(st.integers(0, 4_000_000), st.integers(1, 512), st.integers(1, 512), st.just(4)))
def test_headers_are_always_of_one_length(shape: tuple[int, int, int, int]) -> None:
    assert len(npy_header(shape)) == 128
