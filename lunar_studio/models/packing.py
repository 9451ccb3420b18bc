"""Kernels laid out for the processor beforehand, in a network that sees one size of input only.

PyTorch convolves one small picture on one thread by a matrix product that knows nothing of pictures, and lays kernels
out anew with each call where oneDNN does it. Laid out once, in the order in which oneDNN walks through them, they
save the bundled model's decoder about a quarter of its time, most of it where kernels do not fit in the nearest cache;
small layers lose more by the way there and back than they gain (`python -m tests.bench.bundled` compares both).
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor, nn

Network = TypeVar("Network", bound=nn.Module)

_FEWEST_CHANNELS = 24
"""Layers with fewer channels coming in stay as they are."""


class _Packed(nn.Module):
    """A convolution whose kernels oneDNN has laid out."""

    def __init__(self, kernels: torch.ScriptObject) -> None:
        super().__init__()
        self.kernels = kernels

    def forward(self, x: Tensor) -> Tensor:
        """What the convolution would say."""
        said: Tensor = torch.ops.mkldnn_prepacked.conv2d_run(x, self.kernels)
        return said


def packed(network: Network, ask: Callable[[Network], object]) -> Network:
    """A copy in eval mode whose larger convolutions have their kernels laid out for the input that `ask` gives it.

    It answers the same up to rounding, float32 inputs of that size only, and can neither be trained nor be saved.
    Where PyTorch has no oneDNN, it is a copy like any other.

    Args:
        network: In float32 on the CPU.
        ask: Asks a network for what this one will be asked for.
    """
    swift = copy.deepcopy(network).eval()
    if not hasattr(torch.ops.mkldnn_prepacked, "conv2d_prepack"):
        return swift
    sizes: dict[nn.Module, set[torch.Size]] = {}

    def seen(layer: nn.Module, given: tuple[Tensor, ...]) -> None:
        sizes.setdefault(layer, set()).add(given[0].shape)

    layers = [layer for layer in swift.modules() if isinstance(layer, nn.Conv2d) and _gains(layer)]
    hooks = [layer.register_forward_pre_hook(seen) for layer in layers]
    with torch.inference_mode():
        ask(swift)
    for hook in hooks:
        hook.remove()
    for parent in list(swift.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Conv2d) and len(sizes.get(child, ())) == 1:
                setattr(parent, name, _laid_out(child, next(iter(sizes[child]))))
    return swift


def _gains(layer: nn.Conv2d) -> bool:
    plain = layer.padding_mode == "zeros" and not isinstance(layer.padding, str)
    return plain and layer.groups == 1 and layer.in_channels >= _FEWEST_CHANNELS


def _laid_out(layer: nn.Conv2d, size: torch.Size) -> nn.Module:
    bias = None if layer.bias is None else layer.bias.detach()
    how = (list(layer.stride), list(layer.padding), list(layer.dilation), layer.groups)
    kernels = torch.ops.mkldnn_prepacked.conv2d_prepack(layer.weight.detach(), bias, *how, list(size), "none")
    return _Packed(kernels)
