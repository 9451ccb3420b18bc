"""BatchNorm over the rows of all processes, so that a shared batch is normalised as the whole one would be.

torch's own SyncBatchNorm knows CUDA only. This one works wherever collectives do: each process sends the
sums and squares of its rows in float64, one small message a layer. In eval mode, and once the processes
have parted, it is plain BatchNorm; names of weights and statistics are the same throughout.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from lunar_studio.training.peers import Peers


class SharedBatchNorm(_BatchNorm):
    """What `share_norms` turns BatchNorm layers into."""

    peers: Peers

    def _check_input_dim(self, input: Tensor) -> None:  # noqa: A002 - torch's name
        """Any shape with channels second."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's name
        """Same shape; statistics of all processes' rows while they work together."""
        if not (self.training and self.peers.together):
            return super().forward(input)
        with torch.autocast(input.device.type, enabled=False):
            return self._shared(input.float()).to(input.dtype)

    def _shared(self, x: Tensor) -> Tensor:
        channels = x.shape[1]
        dims = [dim for dim in range(x.ndim) if dim != 1]
        count = x.numel() // channels
        variance, mean = torch.var_mean(x, dim=dims, correction=0)
        # Combined in float64: the difference of squares would lose what small variances say.
        mean, variance = mean.double(), variance.double()
        told = torch.cat([mean, variance + mean**2])
        mean, squares = (self.peers.total(told) / self.peers.size).chunk(2)
        variance = squares - mean**2
        self._follow(mean.detach(), variance.detach(), count * self.peers.size)
        factor = torch.rsqrt(variance.clamp(min=0.0) + self.eps).float()
        shape = [1, channels, *([1] * (x.ndim - 2))]
        if self.affine:
            factor = factor * self.weight
        shift = -mean.float() * factor
        if self.affine:
            shift = shift + self.bias
        return x * factor.view(shape) + shift.view(shape)

    @torch.no_grad()
    def _follow(self, mean_C: Tensor, variance_C: Tensor, count: int) -> None:
        """Move the running statistics as BatchNorm does; `frozen_statistics` holds them by a momentum of 0."""
        if self.running_mean is None or self.running_var is None:
            return
        if self.num_batches_tracked is not None:
            self.num_batches_tracked += 1
        unbiased = variance_C * (count / max(1, count - 1))
        momentum = 0.1 if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean_C.to(self.running_mean.dtype), momentum)
        self.running_var.lerp_(unbiased.to(self.running_var.dtype), momentum)


def share_norms(network: nn.Module, peers: Peers) -> None:
    """Let every BatchNorm of a network look at the rows of all processes.

    The layers stay the objects they are, with their weights, names and hooks; only their class changes.
    """
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d):
            layer.__class__ = SharedBatchNorm  # type: ignore[assignment]
            cast(SharedBatchNorm, layer).peers = peers
