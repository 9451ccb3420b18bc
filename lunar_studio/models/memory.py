"""How much memory a network needs, stated before the run and held against the measured peak.

Training keeps, per parameter, the weight, its gradient, two AdamW moments and the EMA copy, and per
sprite every activation that a backward pass will ask for. Activations are counted by running one
sprite on torch's `meta` device, which computes shapes and takes no memory.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from lunar_studio.core.config import RunConfig
from lunar_studio.models.bundle import networks_on_meta
from lunar_studio.models.interface import LatentModel

_FLOAT_BYTES = 4


def parameter_bytes(modules: Iterable[nn.Module]) -> int:
    """Bytes of weights and statistics in float32."""
    return sum(t.numel() * _FLOAT_BYTES for module in modules for t in (*module.parameters(), *module.buffers()))


def inference_bytes(modules: Iterable[nn.Module]) -> int:
    """Bytes to explore a model: its weights; the activations of one sprite are small beside them."""
    return parameter_bytes(modules)


def saved_activation_bytes(module: nn.Module, x_BCHW: Tensor) -> int:
    """Bytes that one forward pass of a `meta` module keeps for its backward pass."""
    seen: dict[int, int] = {}
    parameters = {id(p) for p in module.parameters()}

    def note(tensor: Tensor) -> Tensor:
        if id(tensor) not in parameters:
            seen[tensor.untyped_storage()._cdata] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        kept = module(x_BCHW)
    del kept
    return sum(seen.values())


def training_bytes(config: RunConfig) -> int:
    """Estimated peak of a training step in bytes, without the interpreter and libraries themselves."""
    networks = networks_on_meta(config)
    batch = max(1, config.training.batch_size // config.training.accumulate)
    weights = parameter_bytes(networks.values())
    vae = networks["vae"]
    assert isinstance(vae, LatentModel)
    x = torch.empty(2, vae.image_channels, vae.image_size, vae.image_size, device="meta")
    total = saved_activation_bytes(vae, x) // 2
    if "teacher" in networks:
        total = max(total, saved_activation_bytes(networks["teacher"], x) // 2)
    return weights * 5 + total * batch
