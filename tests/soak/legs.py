"""Legs of a run in forked processes, which start at once, tell each step and each checkpoint, and can be killed."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import random
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import torch

from lunar_studio.core.config import RunConfig
from lunar_studio.core.events import CheckpointSaved, StepDone
from lunar_studio.training.loop import train


@dataclass
class Told:
    """What a leg has told before it ended.

    Attributes:
        losses: By step, the digest of all losses.
        saved: Steps of its checkpoints.
        moments: Seconds since the epoch at which each step was done.
        status: Exit status; minus the signal for one that was killed.
    """

    losses: dict[int, str] = field(default_factory=dict)
    saved: list[int] = field(default_factory=list)
    moments: dict[int, float] = field(default_factory=dict)
    status: int = 0


def warm_up() -> None:
    """Load what torch loads late, before anything forks; nothing may run a backward pass here."""
    torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], fused=True)


def run_leg(
    dataset: Path,
    run: Path,
    config: RunConfig,
    *,
    resume: bool,
    killed_after_s: float | None = None,
    stop_after: int | None = None,
) -> Told:
    """One leg in a process of its own.

    Args:
        dataset: What is learned from.
        run: Its folder.
        config: What to do.
        resume: Whether it goes on.
        killed_after_s: Seconds after its first step at which it is killed with SIGKILL; None lets it end.
        stop_after: Steps after which it is asked to stop.
    """
    log = run.parent / f"{run.name}.log"
    log.write_text("")
    child = multiprocessing.get_context("fork").Process(
        target=_leg, args=(dataset, run, config, resume, stop_after, log)
    )
    child.start()
    if killed_after_s is not None:
        while child.is_alive() and not log.stat().st_size:
            time.sleep(0.002)
        time.sleep(killed_after_s)
        if child.pid is not None and child.is_alive():
            os.kill(child.pid, signal.SIGKILL)
    child.join()
    told = _read(log)
    told.status = child.exitcode or 0
    return told


def _leg(dataset: Path, run: Path, config: RunConfig, resume: bool, stop_after: int | None, log: Path) -> None:
    torch.set_num_threads(1)
    seen: list[int] = []

    def enough() -> bool:
        return stop_after is not None and len(seen) >= stop_after

    with log.open("a", buffering=1) as lines:
        for event in train(dataset, run, config, resume=resume, should_stop=enough):
            if isinstance(event, StepDone):
                seen.append(event.step)
                lines.write(json.dumps({"step": event.step, "losses": _digest(event), "at": time.time()}) + "\n")
            if isinstance(event, CheckpointSaved):
                lines.write(json.dumps({"saved": event.step}) + "\n")


def _digest(event: StepDone) -> str:
    """Of what the step itself computed; losses of parts that learn seldom are carried over from earlier steps."""
    own = {name: event.losses[name] for name in ("recon", "kl", "total", "prior")}
    return hashlib.blake2b(msgspec.json.encode(own, order="sorted"), digest_size=8).hexdigest()


def _read(log: Path) -> Told:
    told = Told()
    for line in log.read_text().splitlines():
        try:
            said = json.loads(line)
        except json.JSONDecodeError:  # torn by the kill
            continue
        if "saved" in said:
            told.saved.append(said["saved"])
        else:
            told.losses[said["step"]], told.moments[said["step"]] = said["losses"], said["at"]
    return told


def random_moment(rng: random.Random, most_s: float) -> float:
    """Seconds after a leg's first step: anywhere in it, often in its first checkpoints."""
    return rng.uniform(0.0, most_s) ** 2 / most_s
