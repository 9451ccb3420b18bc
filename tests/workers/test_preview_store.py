"""Previews kept in a run's folder: exact, bounded, thinned evenly, and hostile folders do no harm."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lunar_studio.core.arrays import U8
from lunar_studio.core.events import PreviewReady
from lunar_studio.workers import preview_store
from lunar_studio.workers.preview_store import FOLDER, keep_preview, list_previews, read_preview


def noise(count: int, side: int, seed: int) -> U8:
    made = np.random.default_rng(seed).integers(0, 256, (count, side, side, 4), np.uint8)
    made[..., 3] = 255
    return made


def preview(step: int, counts: tuple[int, int, int] = (3, 3, 5), side: int = 8) -> PreviewReady:
    originals, copies, samples = (noise(count, side, seed) for seed, count in enumerate(counts))
    return PreviewReady(step, originals, copies, samples)


def test_what_was_kept_is_read_back_exactly(tmp_path: Path) -> None:
    event = preview(1200)
    keep_preview(tmp_path, event)
    assert list_previews(tmp_path) == [1200]
    read = read_preview(tmp_path, 1200)
    assert read is not None
    assert np.array_equal(read.originals_NHWC, event.originals_NHWC)
    assert np.array_equal(read.reconstructions_NHWC, event.reconstructions_NHWC)
    assert np.array_equal(read.samples_NHWC, event.samples_NHWC)


def test_there_are_never_too_many_and_they_stay_spread_over_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preview_store, "MOST", 10)
    for step in range(0, 1000, 10):
        keep_preview(tmp_path, preview(step, (1, 1, 1), 4))
        assert len(list_previews(tmp_path)) <= 10
    kept = list_previews(tmp_path)
    assert (kept[0], kept[-1]) == (0, 990)
    assert max(np.diff(kept)) <= 990 / 4


def test_a_run_that_goes_back_forgets_what_came_later(tmp_path: Path) -> None:
    for step in (100, 200, 300):
        keep_preview(tmp_path, preview(step))
    keep_preview(tmp_path, preview(150))
    assert list_previews(tmp_path) == [100, 150]


def test_a_folder_that_cannot_be_written_does_not_hurt_the_run(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_bytes(b"in the way")
    keep_preview(tmp_path, preview(1))
    assert list_previews(tmp_path) == []


@settings(max_examples=20)
@given(st.binary(max_size=200))
def test_whatever_lies_there_is_passed_over(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    run = tmp_path_factory.mktemp("run")
    (run / FOLDER).mkdir()
    (run / FOLDER / "step-000000007.png").write_bytes(content)
    (run / FOLDER / "step-7.png").write_bytes(content)
    (run / FOLDER / "../x").write_bytes(content)
    assert list_previews(run) == [7]
    assert read_preview(run, 7) is None


def test_a_picture_of_another_shape_is_no_preview(tmp_path: Path) -> None:
    keep_preview(tmp_path, preview(5))
    whole = (tmp_path / FOLDER / "step-000000005.png").read_bytes()
    from lunar_studio.core.sprite import Sprite
    from lunar_studio.pixels.files import encode_png

    (tmp_path / FOLDER / "step-000000005.png").write_bytes(encode_png(Sprite(noise(1, 7, 0)[0])))
    assert read_preview(tmp_path, 5) is None
    (tmp_path / FOLDER / "step-000000005.png").write_bytes(whole[:-20])
    assert read_preview(tmp_path, 5) is None
