"""What training survives, tried many times: `python -m tests.soak.training [--kills 100] [--write]`.

    kill      kill -9 at random moments; each time the run goes on, with bit for bit the losses of one never stopped
    nan       losses that are not finite at random steps, at most three times
    disk      writes that fail at random moments as on a full disk, then go through
    two       two processes that share a run; one of them, picked at random, is killed; one process goes on

`--write` puts the results into docs/reliability.md. Short forms of all four are in the suite (tests/training).
"""

from __future__ import annotations

import argparse
import errno
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock

from lunar_studio.core.events import Paused, RunEnded, Warned
from lunar_studio.training import checkpoints, keeping
from lunar_studio.training import step as step_module
from lunar_studio.training.batch import Batch
from lunar_studio.training.checkpoints import load_latest
from lunar_studio.training.device import Plan
from lunar_studio.training.loop import train
from lunar_studio.training.state import TrainState
from lunar_studio.training.step import Outcome
from tests.bench.figures import machine_facts, machine_sentence, markdown, with_part
from tests.soak.legs import Told, random_moment, run_leg, warm_up
from tests.training.small_art import small_dataset, tiny
from tests.training.two_processes import start

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- results: made by python -m tests.soak.training -->", "<!-- end of results -->"
_INTERVAL_S = 0.2
_KILL_WITHIN_S = 1.5
ENDLESS = tiny(max_steps=100_000, checkpoint_s=_INTERVAL_S, preview_every=100_000, validate_every=100_000, milestones=0)


@dataclass(frozen=True)
class Result:
    """How one kind of trouble went.

    Attributes:
        trouble: What was done to the run.
        tries: How often.
        survived: How often all was well afterwards.
        found: What else was measured.
    """

    trouble: str
    tries: int
    survived: int
    found: str


def killed(folder: Path, tries: int, rng: random.Random) -> Result:
    """Kill a run again and again; it goes on where it last saved, as if nothing had been."""
    dataset, run = small_dataset(folder, 16), folder / "run"
    seen, saved, survived, longest = dict[int, str](), 0, 0, 0.0
    for number in range(tries):
        told = run_leg(dataset, run, ENDLESS, resume=saved > 0, killed_after_s=random_moment(rng, _KILL_WITHIN_S))
        stored = load_latest(run / "checkpoints")
        if stored is None:  # killed before the first checkpoint: nothing to go on from, and nothing was promised
            run = folder / f"run-{number}"
            seen, saved = {}, 0
            survived += not told.saved
            continue
        kept = int(stored.scalars["step"])
        agrees = all(seen.get(step, digest) == digest for step, digest in told.losses.items())
        goes_on = not told.losses or saved == 0 or min(told.losses) == saved + 1
        survived += agrees and goes_on and kept >= max(told.saved, default=0)
        longest = max(longest, _lost_s(told, kept))
        seen |= told.losses
        saved = kept
    straight = run_leg(dataset, folder / "straight", ENDLESS, resume=False, stop_after=min(len(seen), 400))
    same = sum(straight.losses[step] == seen[step] for step in straight.losses if step in seen)
    return Result(
        "kill -9 at a random moment",
        tries,
        survived,
        f"at most {longest:.2f} s of work lost at a checkpoint every {_INTERVAL_S} s; {same} of "
        f"{len(straight.losses.keys() & seen.keys())} steps bit for bit as in a run never stopped",
    )


def _lost_s(told: Told, kept: int) -> float:
    """Seconds of work between what was kept and the last step told."""
    lost = [moment for step, moment in told.moments.items() if step > kept]
    before = [moment for step, moment in told.moments.items() if step <= kept]
    return max(lost) - max(before, default=min(lost)) if lost else 0.0


def not_finite(folder: Path, tries: int, rng: random.Random) -> Result:
    """Losses that are not finite at random steps; the run goes back, halves its rate, and ends well."""
    dataset, survived = small_dataset(folder, 16), 0
    real = step_module.training_step
    for number in range(tries):
        bad = set(rng.sample(range(2, 12), 3))

        def sometimes(state: TrainState, batch: Batch, plan: Plan, bad: set[int] = bad) -> Outcome:
            if state.step in bad and plan.reason != "measuring":
                bad.discard(state.step)
                return Outcome({"recon": float("nan")}, float("nan"), (), finite=False)
            return real(state, batch, plan)

        config = tiny(max_steps=12, checkpoint_s=0.0, milestones=0)
        with mock.patch("lunar_studio.training.leg.training_step", sometimes):
            events = list(train(dataset, folder / f"run-{number}", config))
        warned = sum(isinstance(event, Warned) for event in events)
        survived += warned == 3 and isinstance(events[-1], RunEnded) and events[-1].reason == "finished"
    return Result("losses not finite, three times in a run", tries, survived, "each time back to the last checkpoint")


def full_disk(folder: Path, tries: int, rng: random.Random) -> Result:
    """Writes that fail at random moments: the run pauses, what is on disk stays whole, then it goes on."""
    dataset, survived, pauses = small_dataset(folder, 16), 0, 0
    real = checkpoints._write_synced
    for number in range(tries):
        failing = set(rng.sample(range(4, 30), 8))
        writes = iter(range(10_000))

        def refusing(path: Path, data: bytes, writes: object = writes, failing: set[int] = failing) -> None:
            if next(writes) in failing:  # type: ignore[call-overload]
                path.write_bytes(data[: rng.randrange(len(data))])
                raise OSError(errno.ENOSPC, "No space left on device")
            real(path, data)

        run, whole, ended = folder / f"run-{number}", True, False
        with mock.patch.object(checkpoints, "_write_synced", refusing), mock.patch.object(keeping, "RETRY_S", (0.0,)):
            for event in train(dataset, run, tiny(max_steps=12, checkpoint_s=0.0, milestones=0)):
                ended = isinstance(event, RunEnded)
                if isinstance(event, Paused):
                    pauses += 1
                    stored = load_latest(run / "checkpoints")
                    whole = whole and (event.step < 2 or stored is not None)
        survived += whole and ended and not list((run / "checkpoints").glob(".writing-*"))
    return Result("writes that fail as on a full disk", tries, survived, f"{pauses} pauses, all gone on from")


def two_processes(folder: Path, tries: int, rng: random.Random) -> Result:
    """Two processes share a run; one is killed; the other says so; one process goes on from the checkpoint."""
    dataset, survived = small_dataset(folder, 16), 0
    config = tiny(
        max_steps=100_000, batch_size=16, checkpoint_s=0.0, preview_every=100_000, validate_every=100_000, milestones=0
    )
    for number in range(tries):
        run, victim, last = folder / f"run-{number}", rng.randrange(2), rng.randrange(2, 8)
        processes = start(dataset, run, config)
        assert processes[0].stdout is not None
        for line in processes[0].stdout:
            if json.loads(line)["step"] == last:
                processes[victim].kill()
        said = [process.communicate(timeout=120)[1] for process in processes]
        stored = load_latest(run / "checkpoints")
        clear = "Another process of this run has ended" in said[1 - victim]
        went_on = run_leg(dataset, run, config, resume=True, stop_after=2) if stored else Told()
        goes_on = stored is not None and min(went_on.losses, default=0) == int(stored.scalars["step"]) + 1
        survived += clear and goes_on
    return Result("two processes, one of them killed", tries, survived, "the other ends by itself and says why")


Trial = Callable[[Path, int, random.Random], Result]
TRIALS: dict[str, Trial] = {"kill": killed, "two": two_processes, "nan": not_finite, "disk": full_disk}
"""Those that fork come first: the others train in this process, and a fork of one that has can wait for ever."""


def table(results: list[Result]) -> str:
    """Results as Markdown."""
    rows = [[one.trouble, f"{one.tries}", f"{one.survived}", one.found] for one in results]
    return markdown(["what was done", "tries", "all well", "measured"], rows)


def with_results(page: str, made: str) -> str:
    """The page with other results between its marks.

    Raises:
        ValueError: A mark is missing.
    """
    return with_part(page, BEGIN, END, made)


def soak(tries: dict[str, int], seed: int) -> list[Result]:
    """All trials with at least one try."""
    warm_up()
    results = []
    for name, trial in TRIALS.items():
        if tries[name]:
            with tempfile.TemporaryDirectory(prefix=f"soak-{name}-") as folder:
                results.append(trial(Path(folder), tries[name], random.Random(seed)))
            print(f"{results[-1]}", file=sys.stderr, flush=True)
    return results


def main() -> int:
    """Run the trials; 1 where something did not survive."""
    parser = argparse.ArgumentParser(description="What training survives.")
    parser.add_argument("--kills", type=int, default=100, help="kill -9 so often")
    parser.add_argument("--nans", type=int, default=10, help="runs with losses that are not finite")
    parser.add_argument("--disks", type=int, default=20, help="runs on a disk that is full now and then")
    parser.add_argument("--pairs", type=int, default=5, help="runs of two processes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="put the results into docs/reliability.md")
    given = parser.parse_args()
    began = time.monotonic()
    results = soak({"kill": given.kills, "nan": given.nans, "disk": given.disks, "two": given.pairs}, given.seed)
    command = (
        f"python -m tests.soak.training --kills {given.kills} --nans {given.nans} --disks {given.disks} "
        f"--pairs {given.pairs} --seed {given.seed}"
    )
    made = (
        f"`{command}`, {datetime.now(UTC):%d %B %Y}, {time.monotonic() - began:.0f} s; "
        f"{machine_sentence(machine_facts())}\n\n{table(results)}"
    )
    if given.write:
        PAGE.write_text(with_results(PAGE.read_text(encoding="utf-8"), made), encoding="utf-8")
    print(made)
    return int(any(one.survived < one.tries for one in results))


if __name__ == "__main__":
    sys.exit(main())
