"""The stated memory: its exact parts are exact, its estimate follows what a user changes, and it holds."""

import gc
from typing import Any

import msgspec
import pytest
import torch
from torch import nn

from lunar_studio.core.config import RunConfig
from lunar_studio.core.presets import PRESETS
from lunar_studio.models.bundle import build_networks, networks_on_meta
from lunar_studio.models.memory import (
    inference_bytes,
    largest_run_bytes,
    parameter_bytes,
    saved_activation_bytes,
    training_bytes,
)
from tests.bench.checkpointing import in_fresh_process


def changed(name: str, **training: Any) -> RunConfig:  # noqa: ANN401 - any setting
    config = PRESETS[name]
    return msgspec.structs.replace(config, training=msgspec.structs.replace(config.training, **training))


def allocated() -> int:
    """Numbers in tensors that take memory."""
    gc.collect()
    tensors = (thing for thing in gc.get_objects() if type(thing) in (torch.Tensor, nn.Parameter))
    return sum(tensor.numel() for tensor in tensors if not tensor.is_meta)


def test_weights_are_counted_exactly() -> None:
    network = nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(5))
    # 15 + 5, 5 + 5, and the statistics 5 + 5 + 1
    assert parameter_bytes([network]) == 4 * (20 + 10 + 11)
    assert inference_bytes([network, network]) == 2 * 4 * 41


def test_kept_activations_are_counted_exactly() -> None:
    with torch.device("meta"):
        network = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))
        x = torch.empty(10, 8)
    # Kept: the input and the ReLU's output, which is the second layer's input; not the weights.
    assert saved_activation_bytes(network, lambda: network(x)) == 4 * 10 * (8 + 16)


def test_a_tensor_kept_twice_counts_once() -> None:
    with torch.device("meta"):
        x = torch.empty(4, 6, requires_grad=True)
        network = nn.Linear(6, 6, bias=False)
    assert saved_activation_bytes(network, lambda: (network(x) * x, x.T * 2.0, network(x))) == 4 * 24 * 2


def test_the_largest_run() -> None:
    small, large = nn.Sequential(nn.Linear(4, 4), nn.ReLU()), nn.Sequential(nn.Linear(4, 400), nn.Tanh())
    network = nn.Sequential(small, large, nn.Linear(400, 1)).to("meta")
    x = torch.empty(2, 4, device="meta")
    assert largest_run_bytes(network, lambda: network(x)) == 4 * 2 * (4 + 400)


def test_the_estimate_takes_no_memory_and_builds_nothing() -> None:
    before = allocated()
    assert training_bytes(PRESETS["classic-128"]) > 900e6
    assert allocated() - before < 1000


def test_it_follows_the_settings() -> None:
    base = training_bytes(changed("classic-128", batch_size=32))
    double = training_bytes(changed("classic-128", batch_size=64))
    quadruple = training_bytes(changed("classic-128", batch_size=128))
    assert quadruple - double == pytest.approx(2 * (double - base), rel=0.01)
    assert training_bytes(changed("classic-128", gradient_checkpointing=True)) < base
    averaged = training_bytes(changed("classic-128", ema_decay=0.9)) - base
    networks = networks_on_meta(PRESETS["classic-128"])
    assert averaged == parameter_bytes([networks["vae"], networks["prior"]])
    assert training_bytes(changed("classic-128", teacher_mode="off")) < base - 3 * 60e6
    plain = training_bytes(changed("sprite-64", batch_size=64))
    assert training_bytes(changed("sprite-64", batch_size=64, accumulate=4)) < 0.75 * plain
    assert training_bytes(changed("sprite-64", batch_size=64, quality_weight=1.0)) > plain


def test_at_least_weights_moments_and_gradients() -> None:
    config = changed("tiny", batch_size=1)
    weights = parameter_bytes(build_networks(config).values())
    assert 4 * weights <= training_bytes(config) < 40 * weights


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_within_fifteen_per_cent_of_the_measured_peak() -> None:
    found = in_fresh_process("tests.bench.memory", "sprite-32", 32, 0)
    assert found["estimate"] == pytest.approx(found["measured"], rel=0.15)
