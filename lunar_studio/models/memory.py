"""How much memory training needs, stated before the run and held against the measured peak.

What stays for the whole run is counted exactly: weights, two AdamW moments, averaged copies. The step
adds gradients and what its backward passes ask for, which is counted by running two sprites on torch's
`meta` device: it computes shapes and takes no memory. What nothing can count, convolution workspaces,
backward temporaries and blocks that the C library does not give back, is a factor found by measurement.

`python -m tests.bench.memory` prints measured and stated peaks: float32 on a CPU with one thread, where
all rows agree within 15 %. bf16 takes less than stated; CUDA adds its own context of some hundred MB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn

from lunar_studio.core.config import RunConfig
from lunar_studio.models.bundle import networks_on_meta
from lunar_studio.models.checkpointing import enable_gradient_checkpointing, outermost_sequences, runs_of
from lunar_studio.models.interface import LatentModel

_FLOAT_BYTES = 4
# Peak over counted activations, measured for the networks and batches of tests/bench/memory.py: 1.6 to 2.2
# plain, 2.2 to 2.8 where stages are computed again and blocks come and go more often.
_OVERHEAD, _OVERHEAD_CHECKPOINTED = 1.75, 2.4
# The teacher's lesson: a quarter of the batch, each as it is, damaged a little, damaged more, and drawn.
_LESSON_SHARE, _LESSON_KINDS = 4, 4
_COUNTED = 2


def parameter_bytes(modules: Iterable[nn.Module]) -> int:
    """Bytes of weights and statistics in float32."""
    return sum(t.numel() * _FLOAT_BYTES for module in modules for t in (*module.parameters(), *module.buffers()))


def inference_bytes(modules: Iterable[nn.Module]) -> int:
    """Bytes to explore a model: its weights; the activations of one sprite are small beside them."""
    return parameter_bytes(modules)


def saved_activation_bytes(module: nn.Module, forward: Callable[[], object]) -> int:
    """Bytes that `forward` keeps for its backward pass, besides the weights of `module`.

    Each storage counts once, however many views of it are kept: weights are kept transposed, too.
    """
    own = {t.untyped_storage()._cdata for t in (*module.parameters(), *module.buffers())}
    # Tensors are held until all are counted, so that no storage takes the place of an earlier one.
    seen: dict[int, Tensor] = {}

    def note(tensor: Tensor) -> Tensor:
        if tensor.untyped_storage()._cdata not in own:
            seen[tensor.untyped_storage()._cdata] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        kept = forward()
    del kept
    return sum(tensor.untyped_storage().nbytes() for tensor in seen.values())


def largest_run_bytes(module: nn.Module, forward: Callable[[], object]) -> int:
    """Bytes inside the largest run that gradient checkpointing computes again on the way back."""
    entering: list[tuple[nn.Sequential, Tensor]] = []

    def note(sequence: nn.Module, arguments: tuple[Tensor, ...]) -> None:
        entering.append((cast(nn.Sequential, sequence), arguments[0]))

    handles = [sequence.register_forward_pre_hook(note) for sequence in outermost_sequences(module)]
    try:
        forward()
    finally:
        for handle in handles:
            handle.remove()
    largest = 0
    for sequence, entered in entering:
        x = entered
        for run in runs_of(sequence):
            inside = partial(run, x.detach())
            largest = max(largest, saved_activation_bytes(run, inside))
            x = cast(Tensor, inside())
    return largest


def training_bytes(config: RunConfig) -> int:
    """Estimated peak of a training step in bytes, without the interpreter and libraries themselves.

    Raises:
        ConfigError: The parts of the configuration do not fit together.
    """
    networks, training = networks_on_meta(config), config.training
    sizes = {part: parameter_bytes([module]) for part, module in networks.items()}
    averaged = sizes["vae"] + sizes["prior"] if training.ema_decay > 0 else 0
    resident = 3 * sum(sizes.values()) + averaged

    vae = cast(LatentModel, networks["vae"])
    x = torch.empty(_COUNTED, vae.image_channels, vae.image_size, vae.image_size, device="meta")
    batch = training.batch_size
    part = max(1, batch // training.accumulate)
    lesson = max(1, batch // _LESSON_SHARE)

    drawing = _kept_each(vae, lambda: _drawn(vae, x), training.gradient_checkpointing) * part
    judging = 0.0
    if "teacher" in networks:
        teacher = networks["teacher"]
        each = _kept_each(teacher, lambda: teacher(x), training.gradient_checkpointing)
        judging = each * lesson * _LESSON_KINDS
        drawing += each * min(lesson, part) if training.quality_weight > 0 else 0.0
    # The VAE's gradients are there in both halves of the step, the teacher's in the second.
    overhead = _OVERHEAD_CHECKPOINTED if training.gradient_checkpointing else _OVERHEAD
    first = sizes["vae"] + overhead * drawing
    second = sizes["vae"] + sizes.get("teacher", 0) + overhead * judging
    return int(resident + max(first, second, sum(sizes.values())))


def _drawn(vae: LatentModel, x_BCHW: Tensor) -> object:
    mu, logvar = vae.encode(x_BCHW)
    return vae.reconstruct(vae.reparameterize(mu, logvar), x_BCHW)


def _kept_each(module: nn.Module, forward: Callable[[], object], checkpointed: bool) -> float:
    """Bytes kept for one sprite."""
    again = 0
    if checkpointed:
        again = largest_run_bytes(module, forward)
        enable_gradient_checkpointing(module)
    return (saved_activation_bytes(module, forward) + again) / _COUNTED
