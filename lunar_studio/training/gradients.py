"""From a backward pass to gradients that an optimizer may use."""

from __future__ import annotations

import math
from collections.abc import Mapping

from torch import nn

from lunar_studio.training.state import Part, TrainState


def all_finite(losses: Mapping[str, float], norms: Mapping[Part, float]) -> bool:
    """Whether every loss and every norm of gradients is a number."""
    return all(map(math.isfinite, (*losses.values(), *norms.values())))


def settled(state: TrainState, part: Part, limit: float) -> float:
    """Average a part's gradients over the processes, undo float16's scale, clip. Returns their norm before."""
    network = state.networks[part]
    state.peers.average_gradients(network)
    state.scaler.unscale_(state.optimizers[part])
    return float(nn.utils.clip_grad_norm_(network.parameters(), limit))
