"""Gradient checkpointing: keep only what enters a stage, and compute its inside again on the way back.

It saves the most where activations outweigh weights, for one more forward pass (Chen et al. 2016;
`python -m tests.bench.checkpointing` prints what it saves here). Two traps
are handled here that a plain `torch.utils.checkpoint` leaves open. BatchNorm would move its running
statistics a second time when a stage is computed again. And a stage may have changed between the two
passes: the step freezes the teacher and puts it into eval mode only while it judges, so the second pass
would otherwise use other statistics than the first, and give wrong gradients.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import MethodType
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint

_Snapshot = tuple[list[tuple[nn.Module, bool]], list[tuple[nn.Parameter, bool]]]


def enable_gradient_checkpointing(module: nn.Module) -> None:
    """Make every outermost `nn.Sequential` of a network keep less for its backward pass.

    Kept are the inputs of its runs (see `runs_of`), and the inside of one run at a time. What is not in a
    sequence is left as it is. Names of weights do not change, results differ by rounding only, and
    passes without gradients are not touched.

    Args:
        module: Any network; calling it twice changes nothing.
    """
    for sequence in outermost_sequences(module):
        # A method of the module itself, not a closure: a copied network must run its own weights.
        sequence.__dict__["forward"] = MethodType(_forward_in_runs, sequence)


@contextmanager
def frozen_statistics(module: nn.Module) -> Iterator[None]:
    """Inside, BatchNorm normalises as its mode says, but its running statistics stay as they are."""
    norms = [norm for norm in module.modules() if isinstance(norm, _BatchNorm)]
    kept = [(norm.momentum, norm.num_batches_tracked) for norm in norms]
    for norm in norms:
        norm.momentum, norm.num_batches_tracked = 0.0, None
    try:
        yield
    finally:
        for norm, (momentum, batches) in zip(norms, kept, strict=True):
            norm.momentum, norm.num_batches_tracked = momentum, batches


def runs_of(sequence: nn.Sequential) -> list[nn.Sequential]:
    """The sequence cut into runs: each ends after a block, or after two single layers with weights.

    A block keeps several maps inside and only one goes in, so one block a run keeps least: pictures
    shrink from stage to stage, and the largest stage alone decides how much is computed again at once.
    A convolution with its activation keeps as much as goes in, so it takes two for a gain.
    """
    runs: list[list[nn.Module]] = []
    is_full, weighted = True, 0
    for layer in sequence:
        has_weights = next(layer.parameters(), None) is not None
        if (is_full and has_weights) or not runs:
            runs.append([])
            weighted = 0
        runs[-1].append(layer)
        weighted += has_weights
        is_full = weighted >= 2 or any(True for _ in layer.children())
    return [nn.Sequential(*run) for run in runs]


def outermost_sequences(module: nn.Module) -> list[nn.Sequential]:
    """The sequences of two layers or more that are not inside another, in the order of the network."""
    if isinstance(module, nn.Sequential):
        return [module] if len(module) > 1 else []
    return [sequence for child in module.children() for sequence in outermost_sequences(child)]


def _forward_in_runs(self: nn.Sequential, x: Tensor) -> Tensor:
    if not torch.is_grad_enabled():
        for layer in self:
            x = layer(x)
        return x
    for run in runs_of(self):

        def contexts(run: nn.Sequential = run) -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
            return nullcontext(), _as_before(run, _snapshot(run))

        x = cast(Tensor, checkpoint(run, x, use_reentrant=False, context_fn=contexts))
    return x


def _snapshot(module: nn.Module) -> _Snapshot:
    """Modes of all modules, and which parameters learn."""
    modes = [(part, part.training) for part in module.modules()]
    return modes, [(parameter, parameter.requires_grad) for parameter in module.parameters()]


@contextmanager
def _as_before(module: nn.Module, then: _Snapshot) -> Iterator[None]:
    """Inside, modes and learning are those of a snapshot, and running statistics stay as they are."""
    now = _snapshot(module)
    _restore(then)
    try:
        with frozen_statistics(module):
            yield
    finally:
        _restore(now)


def _restore(snapshot: _Snapshot) -> None:
    modes, learning = snapshot
    for part, training in modes:
        part.training = training
    for parameter, learns in learning:
        parameter.requires_grad_(learns)
