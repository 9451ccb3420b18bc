"""`bench`: both sides do the same work, and the figures follow from what was timed."""

from __future__ import annotations

import time

import pytest
import torch

from lunar_studio.cli.answer import plain, to_json
from lunar_studio.cli.bench_command import text_of
from lunar_studio.cli.bench_measures import Measured, PlainStep, _random_batch, _subjects, measure
from lunar_studio.core.presets import preset


@pytest.fixture(scope="module")
def measured() -> Measured:
    said: list[str] = []
    found = measure({"tiny": 4}, rounds=2, say=said.append)
    assert said[0] == "preparing tiny"
    assert said[-1].startswith("round 2 of 2: ")
    return found


def test_training_decode_and_score_are_measured_beside_a_plain_one(measured: Measured) -> None:
    assert [result.name for result in measured.results] == ["tiny training step", "tiny decode", "tiny score"]
    assert [result.images for result in measured.results] == [4, 1, 1]
    assert measured.product_gflops["fp32"] > 0.1
    for result in measured.results:
        assert result.ratio == pytest.approx(result.plain_ms / result.ours_ms)
        assert result.ours_images_per_s == pytest.approx(1000.0 * result.images / result.ours_ms)
        assert result.ours_share > 0.0
        assert result.plain_share == pytest.approx(
            result.gflop / result.plain_ms * 1000.0 / measured.product_gflops["fp32"], rel=1e-6
        )


def test_both_sides_of_a_subject_do_what_they_say() -> None:
    step, decode, score = _subjects(preset("tiny"), 4)
    assert step.flop > 3 * decode.flop > 0, "a step of four sprites goes forward and backward"
    ours, other = decode.ours(), decode.plain()
    assert isinstance(other, torch.Tensor)
    assert tuple(other.shape) == (1, 16, 16, 4)
    assert ours is not None
    assert score.flop > 0


def test_the_plain_step_learns() -> None:
    config = preset("tiny")
    step = PlainStep(config, _random_batch(config, 8))
    before = [parameter.clone() for network in (step._vae, step._teacher) for parameter in network.parameters()]
    step()
    after = [parameter for network in (step._vae, step._teacher) for parameter in network.parameters()]
    assert sum(not torch.equal(a, b) for a, b in zip(before, after, strict=True)) > len(after) // 2
    assert all(bool(torch.isfinite(parameter).all()) for parameter in after)


def test_a_time_is_the_mean_of_its_repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    from lunar_studio.cli import bench_measures

    turns: list[str] = []
    monkeypatch.setattr(time, "perf_counter", iter([10.0, 13.0]).__next__)
    assert bench_measures._seconds(lambda: turns.append("turn"), 4) == 0.75
    assert len(turns) == 4


def test_figures_are_told_in_a_table_and_in_json(measured: Measured) -> None:
    text = text_of(measured)
    assert "tiny training step" in text
    assert "Matrix products on this machine: " in text
    assert '"ratio"' in to_json(plain(measured))
