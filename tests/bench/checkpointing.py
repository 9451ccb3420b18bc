"""How much memory and time gradient checkpointing costs and saves, measured in fresh processes.

Run as `python -m tests.bench.checkpointing`. Each row is one network and batch; peak is the process's
highest resident memory during two steps less what it was before the first, so weights' gradients
count and libraries do not. The C library is told to give freed blocks back at once, so that what it
hoards does not count. Times vary with what else the machine does; memory hardly does.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

ROWS = (
    ("classic-128", "vae", 192),
    ("classic-128", "teacher", 32),
    ("sprite-32", "vae", 64),
    ("sprite-64", "vae", 64),
    ("sprite-128", "vae", 32),
)
_STEPS = 2


def measure(preset: str, part: str, batch: int, checkpointed: bool) -> dict[str, float]:
    """Peak bytes and seconds of a step of one network, in this process; the peak is of the process's whole life."""
    import torch
    from torch import nn

    from lunar_studio.core.presets import PRESETS
    from lunar_studio.models.bundle import build_networks
    from lunar_studio.models.checkpointing import enable_gradient_checkpointing
    from lunar_studio.models.interface import LatentModel

    torch.set_num_threads(1)
    # What the first checkpoint and the first convolution load is not the network's.
    first = nn.Sequential(nn.Conv2d(1, 1, 3), nn.ReLU(), nn.Conv2d(1, 1, 3), nn.ReLU(), nn.Conv2d(1, 1, 3))
    enable_gradient_checkpointing(first)
    first(torch.rand(2, 1, 16, 16)).mean().backward()
    network = build_networks(PRESETS[preset])[part].train()
    if checkpointed:
        enable_gradient_checkpointing(network)
    config = PRESETS[preset]
    channels = network.image_channels if isinstance(network, LatentModel) else config.teacher.image_channels
    x = torch.rand(batch, int(str(channels)), config.vae.image_size, config.vae.image_size) * 2 - 1
    before = resident_bytes()
    start = time.perf_counter()
    for _ in range(_STEPS):
        if isinstance(network, LatentModel):
            mu, logvar = network.encode(x)
            loss = network.reconstruct(network.reparameterize(mu, logvar), x).loss
        else:
            loss = network(x).logit_B.mean()
        loss.backward()  # type: ignore[no-untyped-call]
        network.zero_grad(set_to_none=True)
    seconds = (time.perf_counter() - start) / _STEPS
    return {"peak_bytes": peak_bytes() - before, "step_s": seconds}


def in_fresh_process(module: str, *arguments: object, tidy: bool = False) -> dict[str, float]:
    """What a bench module prints as JSON when it measures one row.

    Args:
        module: Its full name.
        arguments: The row.
        tidy: Whether the C library gives freed blocks back at once.
    """
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        check=True,
        capture_output=True,
        text=True,
        env=dict(os.environ, **({"MALLOC_MMAP_THRESHOLD_": "65536"} if tidy else {})),
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def resident_bytes() -> int:
    """Memory of this process that is in RAM now (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def peak_bytes() -> int:
    """The most memory of this process that was ever in RAM (Linux).

    Not what `getrusage` says: a child begins there with the peak of the process that started it.
    """
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def main() -> None:
    """Measure every row with and without, and print the ratios."""
    print("network                  batch   plain MB  checkpointed MB  ratio  time ratio")
    for preset, part, batch in ROWS:
        plain, thrifty = (
            in_fresh_process("tests.bench.checkpointing", preset, part, batch, int(on), tidy=True)
            for on in (False, True)
        )
        print(
            f"{preset + ' ' + part:24} {batch:5} {plain['peak_bytes'] / 1e6:10.0f} {thrifty['peak_bytes'] / 1e6:16.0f}"
            f" {thrifty['peak_bytes'] / plain['peak_bytes']:6.2f} {thrifty['step_s'] / plain['step_s']:11.2f}"
        )


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    else:
        print(json.dumps(measure(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4] == "1")))
