"""When memory runs out: recognised here for every device, answered by smaller micro-batches."""

from __future__ import annotations

import msgspec
import torch

from lunar_studio.core.config import RunConfig
from lunar_studio.errors import TrainingError

# torch says it on a processor with a plain RuntimeError, in words that differ by system and library.
_WORDS = ("not enough memory", "can't allocate memory", "cannot allocate memory", "out of memory", "bad_alloc")


def is_shortage(exc: BaseException) -> bool:
    """Whether an error says that memory ran out, on CUDA or on the processor."""
    if isinstance(exc, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(exc, RuntimeError) and any(words in str(exc).lower() for words in _WORDS)


def finer(config: RunConfig) -> RunConfig:
    """The same batch in micro-batches of half the size, added up.

    Raises:
        TrainingError: They hold a single sprite already.
    """
    training = config.training
    if training.accumulate >= training.batch_size:
        raise TrainingError(
            "Memory is too small even for one sprite at a time.",
            hint="Close other programs, switch gradient_checkpointing on, or choose a smaller preset.",
        )
    parts = min(training.batch_size, training.accumulate * 2)
    return msgspec.structs.replace(config, training=msgspec.structs.replace(training, accumulate=parts))
