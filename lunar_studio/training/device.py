"""Where and how precisely to compute: chosen by measuring on this machine, never by guessing.

Measured here: bf16 is up to twice as fast as float32 on a CPU that has it (AVX-512 BF16 or AMX) and 15 to
40 times slower on one that has not, so it is only ever tried where the CPU says it can.
`channels_last` helps with bf16; float32 keeps the plain layout, so that its losses stay what they were. A layer that
no layout may corrupt memory with: `models.teacher.ResNetBlock`.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import torch
from torch import nn

from lunar_studio.core.config import TrainingConfig
from lunar_studio.errors import ConfigError
from lunar_studio.training.peers import ALONE, Peers, processes_here

PROBE_STEPS, PROBE_S = 3, 1.0
"""A precision is judged by so many steps after the first, or by fewer where they take so many seconds together."""

_HOPELESS = 2.0
_DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True)
class Plan:
    """How a run computes.

    Attributes:
        device: Where.
        precision: `fp32`, `bf16` or `fp16`.
        reason: Why, with the measured figures, in one sentence.
        step_s: Measured seconds of one step, or 0 when nothing was measured.
    """

    device: torch.device
    precision: str
    reason: str
    step_s: float = 0.0

    @property
    def memory_format(self) -> torch.memory_format:
        """Layout of pictures and kernels."""
        return torch.contiguous_format if self.precision == "fp32" else torch.channels_last

    def autocast(self) -> AbstractContextManager[object]:
        """Where forward passes run."""
        return torch.autocast(
            self.device.type, dtype=_DTYPES.get(self.precision, torch.bfloat16), enabled=self.precision != "fp32"
        )

    def scaler(self) -> torch.amp.GradScaler:
        """Loss scaling: only float16 needs it; disabled it passes everything through."""
        return torch.amp.GradScaler(self.device.type, enabled=self.precision == "fp16")


def lay_out(module: nn.Module, memory_format: torch.memory_format) -> nn.Module:
    """The same module with its kernels in a layout; `Module.to` does this, but tells no type checker."""
    for parameter in module.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=memory_format)
    return module


def choose_device(config: TrainingConfig, peers: Peers = ALONE) -> torch.device:
    """The device a configuration asks for; each process of a run takes a CUDA device of its own.

    Raises:
        ConfigError: CUDA is asked for and not there, or one device for several processes.
    """
    own = f"cuda:{peers.local_rank}"
    if config.device == "auto":
        return torch.device(own if torch.cuda.is_available() else "cpu")
    device = torch.device(config.device)
    if peers.size > 1 and device.type == "cuda":
        if device.index is not None:
            raise ConfigError(
                f"{peers.size} processes cannot share {config.device}.", hint="Choose device `cuda` or `auto`."
            )
        device = torch.device(own)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ConfigError("This machine has no CUDA device that torch can use.", hint="Choose device `auto` or `cpu`.")
    return device


def set_threads(config: TrainingConfig) -> int:
    """Give torch its threads; 0 leaves one core to the window, or shares them among processes. Returns how many.

    OpenMP keeps the number per calling thread, so this binds the training thread, not the window's decoder.
    """
    cores, processes = os.cpu_count() or 2, processes_here()
    threads = config.threads or max(1, cores // processes if processes > 1 else cores - 1)
    torch.set_num_threads(threads)
    return threads


@contextmanager
def every_thread() -> Iterator[None]:
    """All cores for a moment, such as while somebody waits for a model to be finished."""
    before = torch.get_num_threads()
    torch.set_num_threads(os.cpu_count() or 1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def candidates(device: torch.device) -> tuple[str, ...]:
    """Precisions worth measuring on a device, the safest first."""
    if device.type == "cuda":
        return ("fp32", "bf16") if torch.cuda.get_device_capability(device) >= (8, 0) else ("fp32", "fp16")
    capable = torch.cpu.get_capabilities()
    native = bool(capable.get("avx512_bf16") or capable.get("amx_bf16") or capable.get("bf16"))
    return ("fp32", "bf16") if native else ("fp32",)


def choose_plan(config: TrainingConfig, time_step: Callable[[Plan], Callable[[], None]], peers: Peers = ALONE) -> Plan:
    """Measure the candidate precisions and take the fastest; processes that share a run agree on it.

    Args:
        config: What is asked for; a named precision is taken as it is, and still timed.
        time_step: Given a plan, builds a fresh step function that runs on throw-away weights.
        peers: The processes that share the run.
    """
    device = choose_device(config, peers)
    if device.type == "cuda":
        torch.cuda.set_device(device.index or 0)
        torch.backends.cudnn.benchmark = True
    names = candidates(device) if config.precision == "auto" else (config.precision,)
    # The quick ones first: where steps are slow, one step is enough to see that another is slower still.
    known: dict[str, float] = {}
    for name in reversed(names):
        enough_s = 0.0 if peers.together else min(known.values(), default=0.0)
        step = time_step(Plan(device, name, "measuring"))
        known[name] = _median_s(step, device, None if peers.together else PROBE_S, enough_s)
    times = peers.mean({name: known[name] for name in names})
    best = min(times, key=lambda name: times[name])
    figures = ", ".join(f"{name} {seconds * 1000:.0f} ms" for name, seconds in times.items())
    reason = f"measured a step on this machine: {figures}" if len(times) > 1 else f"as set; one step takes {figures}"
    if config.precision == "auto" and len(times) == 1:
        reason = f"the only precision this processor is quick at; one step takes {figures}"
    return Plan(device, best, reason, times[best])


def _median_s(step: Callable[[], None], device: torch.device, limit_s: float | None, best_s: float) -> float:
    """Median seconds of a step, of as many as fit a limit.

    Args:
        step: Takes one.
        device: Where.
        limit_s: No further step is begun after so many seconds; None takes them all, as processes do together.
        best_s: What another precision took; where the first step is slow and takes over twice as long, it is enough.
    """

    def timed() -> float:
        start = time.perf_counter()
        step()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return time.perf_counter() - start

    first = timed()  # it allocates and compiles
    if limit_s is not None and best_s and first > max(limit_s, _HOPELESS * best_s):
        return first
    seconds: list[float] = []
    while len(seconds) < PROBE_STEPS and not (seconds and limit_s is not None and sum(seconds) > limit_s):
        seconds.append(timed())
    return statistics.median(seconds)
