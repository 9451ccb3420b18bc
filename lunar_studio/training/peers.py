"""The processes that share a run: `torchrun --nproc-per-node 2 -m lunar_studio train ...`.

Every process makes the same batch and takes every n-th row of it, so that halves and quarters of its rows
are rows of the halves and quarters of the whole; gradients are averaged, statistics of a batch are those
of the whole batch (`shared_norm`), and noise is drawn for the whole batch. A run therefore gives the same
losses, up to rounding, with any number of processes. The first process alone writes and reports.

When a process dies, every call here raises a TrainingError in the others; the last checkpoint is whole.
Shapes: B batch rows of the whole, b of this process.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import msgspec
import torch
import torch.distributed as dist
from torch import Tensor, nn

from lunar_studio.errors import ConfigError, TrainingError

# What torchrun sets for each process.
_ENVIRONMENT = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
_PATIENCE = dt.timedelta(minutes=10)
_BUCKET_BYTES = 32 * 2**20
# Halves without detail and quarters for the judge must come out even in every process.
_ROWS_MULTIPLE, _LEAST_ROWS = 4, 8
_MAX_TOLD_BYTES = 64 * 2**20


class Peers:
    """This process among those of the run.

    Args:
        rank: Its number, from 0.
        size: How many there are.
        local_rank: Its number on this machine.
    """

    def __init__(self, rank: int = 0, size: int = 1, local_rank: int = 0) -> None:
        self.rank, self.size, self.local_rank = rank, size, local_rank
        self._apart = False

    def __deepcopy__(self, memo: dict[int, object]) -> Peers:
        """Copied networks belong to the same processes."""
        return self

    @property
    def is_writer(self) -> bool:
        """Whether this process writes files and reports."""
        return self.rank == 0

    @property
    def together(self) -> bool:
        """Whether work is shared now."""
        return self.size > 1 and not self._apart

    def part(self) -> None:
        """From here on each process is on its own; the last parts of a run are the first's alone."""
        self._apart = True

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Inside, this process is on its own."""
        before, self._apart = self._apart, True
        try:
            yield
        finally:
            self._apart = before

    def check(self, batch_size: int) -> None:
        """Whether a batch can be shared.

        Raises:
            ConfigError: Its rows do not come out even.
        """
        multiple = _ROWS_MULTIPLE * self.size
        if self.size > 1 and (batch_size % multiple or batch_size < _LEAST_ROWS * self.size):
            fitting = max(_LEAST_ROWS * self.size, round(batch_size / multiple) * multiple)
            raise ConfigError(
                f"A batch of {batch_size} cannot be shared evenly among {self.size} processes.",
                hint=f"Set training.batch_size to {fitting}; it counts the sprites of all processes together.",
            )

    def rows(self, whole_B: Tensor) -> Tensor:
        """The rows of this process: every n-th, beginning with its number."""
        return whole_B[self.rank :: self.size] if self.together else whole_B

    def gather(self, rows_b: Tensor) -> Tensor:
        """The rows of all processes in the order of the whole; gradients flow back to where they came from."""
        if not self.together:
            return rows_b
        gathered: Tensor = _Gather.apply(rows_b, self)  # type: ignore[no-untyped-call]
        return gathered

    def total(self, value: Tensor) -> Tensor:
        """The sum over the processes; gradients are summed, too."""
        if not self.together:
            return value
        summed: Tensor = _Total.apply(value, self)  # type: ignore[no-untyped-call]
        return summed

    def average_gradients(self, module: nn.Module) -> None:
        """Replace each gradient by its mean over the processes, many at once."""
        if not self.together:
            return
        gradients = [p.grad for p in module.parameters() if p.grad is not None]
        for bucket in _buckets(gradients):
            flat = torch.cat([gradient.flatten() for gradient in bucket])
            self._reduce(flat).div_(self.size)
            parts = torch.split(flat, [gradient.numel() for gradient in bucket])
            for gradient, averaged in zip(bucket, parts, strict=True):
                gradient.copy_(averaged.view_as(gradient))

    def mean(self, values: Mapping[str, float]) -> dict[str, float]:
        """Means over the processes; all must ask with the same names."""
        if not self.together or not values:
            return dict(values)
        names = sorted(values)
        told = torch.tensor([values[name] for name in names], dtype=torch.float64)
        means = dict(zip(names, (self._reduce(told) / self.size).tolist(), strict=True))
        return {name: means[name] for name in values}

    def any(self, *claims: bool) -> tuple[bool, ...]:
        """Of each claim, whether any process makes it; all get the same answer."""
        if not self.together:
            return claims
        told = torch.tensor(claims, dtype=torch.int32)
        return tuple(bool(value) for value in self._reduce(told).tolist())

    def tell(self, message: bytes = b"") -> bytes:
        """What the first process says, in all of them."""
        if not self.together:
            return message
        length = torch.tensor([len(message) if self.is_writer else 0])
        self._broadcast(length)
        if not 0 <= int(length) <= _MAX_TOLD_BYTES:
            raise TrainingError("A process of the run sent nonsense.", hint="Start all processes with one torchrun.")
        told = torch.frombuffer(bytearray(message or b"\0"), dtype=torch.uint8)
        if not self.is_writer:
            told = torch.zeros(max(1, int(length)), dtype=torch.uint8)
        self._broadcast(told)
        return told.numpy().tobytes()[: int(length)]

    def tell_tensors(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Tensors that the first process has, in all of them; on the CPU."""
        if not self.together:
            return dict(tensors)
        facts = {name: (str(value.dtype).removeprefix("torch."), list(value.shape)) for name, value in tensors.items()}
        told = msgspec.json.decode(self.tell(msgspec.json.encode(facts)), type=dict[str, tuple[str, list[int]]])
        held: dict[str, Tensor] = {}
        for name, (dtype, shape) in told.items():
            held[name] = (
                tensors[name].contiguous() if self.is_writer else torch.empty(shape, dtype=getattr(torch, dtype))
            )
            self._broadcast(held[name])
        return held

    def _reduce(self, value: Tensor) -> Tensor:
        with _listening():
            dist.all_reduce(value)
        return value

    def _broadcast(self, value: Tensor) -> None:
        with _listening():
            dist.broadcast(value, src=0)

    def _gathered(self, rows_b: Tensor) -> Tensor:
        parts = [torch.empty_like(rows_b) for _ in range(self.size)]
        with _listening():
            dist.all_gather(parts, rows_b)
        return torch.stack(parts, dim=1).flatten(0, 1)


ALONE = Peers()
"""A run of one process."""


@contextmanager
def joined() -> Iterator[Peers]:
    """The processes that torchrun started with this one; `ALONE` without it.

    Raises:
        TrainingError: The others cannot be reached.
    """
    if any(name not in os.environ for name in _ENVIRONMENT) or int(os.environ["WORLD_SIZE"]) < 2:
        yield ALONE
        return
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() and dist.is_nccl_available() else "gloo"
    rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    with _listening():
        dist.init_process_group(backend, timeout=_PATIENCE)
    try:
        yield Peers(rank, size, int(os.environ.get("LOCAL_RANK", rank)))
    finally:
        dist.destroy_process_group()


def processes_here() -> int:
    """How many processes of the run share this machine's processor."""
    return max(1, int(os.environ.get("LOCAL_WORLD_SIZE", "1"))) if "RANK" in os.environ else 1


@contextmanager
def _listening() -> Iterator[None]:
    """Whatever the libraries say when another process is gone, as one sentence."""
    try:
        yield
    except RuntimeError as exc:
        raise TrainingError(
            "Another process of this run has ended or cannot be reached, so the run cannot go on.",
            hint="Its last checkpoint is whole: start it again with --resume, with any number of processes.",
        ) from exc


def _buckets(gradients: Iterable[Tensor]) -> Iterator[list[Tensor]]:
    """Gradients of one type together, up to some megabytes at once."""
    bucket: list[Tensor] = []
    for gradient in gradients:
        full = sum(held.nbytes for held in bucket) + gradient.nbytes > _BUCKET_BYTES
        if bucket and (full or gradient.dtype != bucket[0].dtype):
            yield bucket
            bucket = []
        bucket.append(gradient)
    if bucket:
        yield bucket


class _Total(torch.autograd.Function):
    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, value: Tensor, peers: Peers) -> Tensor:
        ctx.peers = peers  # type: ignore[attr-defined]
        return peers._reduce(value.clone())

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, *gradients: Tensor) -> tuple[Tensor, None]:
        return ctx.peers._reduce(gradients[0].clone()), None  # type: ignore[attr-defined]


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, rows_b: Tensor, peers: Peers) -> Tensor:
        ctx.peers = peers  # type: ignore[attr-defined]
        return peers._gathered(rows_b.contiguous())

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, *gradients: Tensor) -> tuple[Tensor, None]:
        peers: Peers = ctx.peers  # type: ignore[attr-defined]
        return peers.rows(peers._reduce(gradients[0].contiguous().clone())), None
