"""Two processes that share a run, as torchrun starts them but without its overhead."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import msgspec

from lunar_studio.core.config import RunConfig
from lunar_studio.core.events import StepDone
from lunar_studio.errors import LunarError
from lunar_studio.training.loop import train


def start(dataset: Path, run: Path, config: RunConfig, *, size: int = 2) -> list[subprocess.Popen[str]]:
    """Start them; each prints the losses of its steps as lines of JSON, and an error's text on stderr."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [sys.executable, "-m", "tests.training.two_processes", str(dataset), str(run)]
    words.append(msgspec.json.encode(config).decode())
    shared = os.environ | {
        "WORLD_SIZE": str(size),
        "LOCAL_WORLD_SIZE": str(size),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "OMP_NUM_THREADS": "1",
    }
    return [
        subprocess.Popen(
            words,
            env=shared | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(size)
    ]


def main() -> int:
    """One of the processes."""
    dataset, run, config = sys.argv[1:]
    try:
        for event in train(Path(dataset), Path(run), msgspec.json.decode(config, type=RunConfig)):
            if isinstance(event, StepDone):
                line = {"step": event.step, "images": event.images, "losses": event.losses}
                print(msgspec.json.encode(line).decode(), flush=True)
    except LunarError as exc:
        print(exc, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
