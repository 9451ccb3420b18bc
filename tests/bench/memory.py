"""The stated memory of a training step against the measured peak, in fresh processes.

Run as `python -m tests.bench.memory`. Each row takes three of training's own steps on random sprites;
measured is the process's highest resident memory less what it was after the imports and one step of
the `tiny` preset, which loads what the libraries load late. The reward is on from the first step.
"""

from __future__ import annotations

import json
import sys

from tests.bench.checkpointing import in_fresh_process, peak_bytes, resident_bytes

ROWS = (
    ("classic-128", 8, 0),
    ("classic-128", 16, 0),
    ("classic-128", 32, 0),
    ("sprite-32", 64, 0),
    ("sprite-64", 64, 0),
    ("sprite-32", 64, 1),
    ("classic-128", 32, 1),
)
_STEPS = 3


def measure(preset: str, batch: int, checkpointed: bool, steps: int = _STEPS) -> dict[str, float]:
    """Peak of the steps and the estimate, in bytes; the peak is of this process's whole life."""
    import msgspec
    import torch

    from lunar_studio.core.config import RunConfig
    from lunar_studio.core.presets import PRESETS
    from lunar_studio.models.memory import training_bytes

    torch.set_num_threads(1)

    def settled(name: str, count: int) -> RunConfig:
        config = PRESETS[name]
        training = msgspec.structs.replace(
            config.training,
            batch_size=count,
            gradient_checkpointing=checkpointed,
            precision="fp32",
            device="cpu",
            quality_start_share=0.0,
            teacher_every=1,
        )
        return msgspec.structs.replace(config, training=training)

    _steps(settled("tiny", 8), 1)
    before = resident_bytes()
    config = settled(preset, batch)
    _steps(config, steps)
    peak = peak_bytes() - before
    return {"measured": peak, "estimate": training_bytes(config)}


def _steps(config: object, count: int) -> None:
    import torch

    from lunar_studio.core.config import RunConfig
    from lunar_studio.models.checkpointing import enable_gradient_checkpointing
    from lunar_studio.training.batch import Batch, Lesson, lesson_size
    from lunar_studio.training.device import Plan
    from lunar_studio.training.state import new_state
    from lunar_studio.training.step import training_step

    assert isinstance(config, RunConfig)
    plan = Plan(torch.device("cpu"), "fp32", "measuring memory")
    state = new_state(config, plan)
    if config.training.gradient_checkpointing:
        for network in state.networks.values():
            enable_gradient_checkpointing(network)
    batch, size = config.training.batch_size, config.vae.image_size
    rgba = torch.randint(0, 256, (batch, size, size, 4), dtype=torch.uint8)
    words = torch.rand(batch, config.teacher.embedding_dim)
    lesson = lesson_size(batch)
    for _ in range(count):
        harm = torch.zeros(lesson, dtype=torch.int64)
        taught = Lesson(rgba[:lesson], rgba[:lesson], rgba[:lesson], harm, words[:lesson], words[:0])
        outcome = training_step(state, Batch(rgba, words, taught), plan)
        assert outcome.finite


def main() -> None:
    """Measure every row, and print it beside its estimate."""
    print("preset         batch  checkpointed  measured MB  estimate MB  off by")
    for preset, batch, checkpointed in ROWS:
        found = in_fresh_process("tests.bench.memory", preset, batch, checkpointed)
        print(
            f"{preset:14} {batch:5} {'yes' if checkpointed else 'no':>13} {found['measured'] / 1e6:12.0f}"
            f" {found['estimate'] / 1e6:12.0f} {(found['estimate'] / found['measured'] - 1) * 100:+6.0f}%",
            flush=True,
        )


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    else:
        print(json.dumps(measure(sys.argv[1], int(sys.argv[2]), sys.argv[3] == "1")))
