"""A network's steps for one sprite, written down once and then run without Python between them.

Between two steps of an eager network Python takes the interpreter's lock again, and a window that paints on the other
core holds it up each time: a decode of 5 ms takes 10 while a slider moves. A traced one is a single call that needs no
lock. PyTorch calls `torch.jit` deprecated, but what is to follow it needs a compiler on the artist's machine; where
tracing is gone or fails, the network itself answers, as before.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn

Answer = tuple[Tensor, ...]
"""What a straight network gives: always a tuple."""

_LOG = logging.getLogger(__name__)


class _Called(nn.Module):
    """A method of a network as a module of its own, which is what can be traced."""

    def __init__(self, network: nn.Module, method: Callable[[Tensor], Answer]) -> None:
        super().__init__()
        self.network = network
        self.method = method

    def forward(self, given: Tensor) -> Answer:
        """What the method says."""
        return self.method(given)


def straight(network: nn.Module, method: Callable[[Tensor], Answer], example: Tensor) -> Callable[[Tensor], Answer]:
    """The method of a network in eval mode, for inputs of exactly the example's shape and memory format.

    Args:
        network: What the method belongs to; its weights are taken as they are now.
        method: Takes a tensor, gives tensors; without branches that depend on numbers in it.
        example: A typical input. The traced network must answer to it, and to another, as the network does.

    Returns:
        What answers equally up to rounding; the method itself where it cannot be traced.
    """
    other = (example * 0.5).contiguous(memory_format=_format(example))
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # that tracing is deprecated, and that shapes become constants
            traced = torch.jit.freeze(torch.jit.trace(_Called(network, method).eval(), example, check_trace=False))  # type: ignore[no-untyped-call]
            swift = cast("Callable[[Tensor], Answer]", traced)
            for given in (example, other, example):  # the first calls are slow: they specialise what follows
                if not _alike(swift(given), method(given)):
                    raise RuntimeError("it answers otherwise than the network")
    except Exception as error:  # noqa: BLE001 - one of the four places that may: a tracer raises anything
        _LOG.info("not traced: %s", error)
        return method
    return swift


def _format(tensor: Tensor) -> torch.memory_format:
    last = tensor.ndim == 4 and tensor.is_contiguous(memory_format=torch.channels_last)
    return torch.channels_last if last else torch.contiguous_format


def _alike(one: Answer, other: Answer) -> bool:
    return len(one) == len(other) and all(
        mine.shape == its.shape and mine.dtype == its.dtype and torch.allclose(mine.float(), its.float(), atol=1e-4)
        for mine, its in zip(one, other, strict=True)
    )
