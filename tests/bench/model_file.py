"""What a model's file costs: its size, the time to open it, and what half precision changes in the pixels.

Run as `python -m tests.bench.model_file [--model FILE] [--run RUN --dataset DATASET]`. Opening is measured in fresh
processes that have imported torch and nothing of ours, checks and hash included: by the clock, and as processor time,
which others on the machine hardly touch. With a run, its averaged weights as training left them, in float32, are held
against the same weights as a file keeps them: both encode and draw the same held-out sprites.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from lunar_studio.core.arrays import U8
from lunar_studio.models.interface import LatentModel
from tests.bench.checkpointing import in_fresh_process
from tests.bench.figures import Spread, machine_facts, machine_sentence, markdown, plain

AIM_MS = 500.0
AIM_BYTES = 25_000_000
_SPRITES = 512
_VISIBLE = 16
_PARTS = 8


def opening_times(model: Path | None) -> dict[str, float]:
    """Milliseconds to open a model in this process, which must be a fresh one; of torch itself nothing counts."""
    import torch

    torch.set_num_threads(1)
    begun_s, begun_cpu_s = time.perf_counter(), time.process_time()
    from lunar_studio import paths
    from lunar_studio.models.model_file import load_model

    path = model or paths.bundled_model()
    imported_s, imported_cpu_s = time.perf_counter(), time.process_time()
    load_model(path)
    return {
        "clock_ms": (time.perf_counter() - imported_s) * 1000,
        "cpu_ms": (time.process_time() - imported_cpu_s) * 1000,
        "imports_cpu_ms": (imported_cpu_s - begun_cpu_s) * 1000,
        "imports_clock_ms": (imported_s - begun_s) * 1000,
        "bytes": float(path.stat().st_size),
    }


@dataclass(frozen=True, slots=True)
class Change:
    """What half precision changes in drawn sprites.

    Attributes:
        sprites: How many were drawn.
        drawn: Share of the pixels that are not the same in every channel when the same latents are drawn.
        encoded: The same when the sprites are encoded anew, too.
        visible: Share of the latter that are off by 16 of 255 or more.
        exact_before: `exact_pixel` with float32 weights.
        exact_after: `exact_pixel` with weights as stored.
    """

    sprites: int
    drawn: float
    encoded: float
    visible: float
    exact_before: float
    exact_after: float


def change_by_storing(vae: LatentModel, sprites_NHWC: U8) -> Change:
    """Draw sprites with a network's own weights and with those that its file would hold.

    Args:
        vae: In eval mode, in float32; left as it is.
        sprites_NHWC: uint8, straight alpha, at least one.
    """
    import torch

    from lunar_studio.evaluation.reconstruction import evaluate_vae, reconstructions
    from lunar_studio.models.model_file import as_stored

    kept = copy.deepcopy(vae)
    for key, value in kept.state_dict().items():
        if value.is_floating_point():
            value.copy_(as_stored(value, exact=key.startswith(vae.float32_parts)).float())
    before = np.concatenate([drawn for _, drawn in reconstructions(vae, sprites_NHWC)])
    after = np.concatenate([drawn for _, drawn in reconstructions(kept, sprites_NHWC)])
    with torch.inference_mode():
        latents = [vae.encode(vae.prepare(torch.from_numpy(part)))[0] for part in np.array_split(sprites_NHWC, _PARTS)]
        same = [changed_HW for z in latents for changed_HW in (vae.render(z) != kept.render(z)).any(dim=3).numpy()]
    error_NHW = np.abs(before.astype(np.int16) - after).max(axis=3)
    return Change(
        sprites=len(sprites_NHWC),
        drawn=float(np.mean(same)),
        encoded=float((error_NHW > 0).mean()),
        visible=float((error_NHW >= _VISIBLE).mean()),
        exact_before=evaluate_vae(vae, sprites_NHWC)[0]["exact_pixel"],
        exact_after=evaluate_vae(kept, sprites_NHWC)[0]["exact_pixel"],
    )


def trained_vae(run: Path) -> LatentModel:
    """The averaged VAE of a run's newest checkpoint, in float32 and eval mode.

    Raises:
        SystemExit: The run has no whole checkpoint.
    """
    import msgspec
    import torch

    from lunar_studio.core.config import RunConfig
    from lunar_studio.training.checkpoints import load_latest
    from lunar_studio.training.device import Plan
    from lunar_studio.training.run_folder import CHECKPOINTS, CONFIG
    from lunar_studio.training.state import new_state

    config = msgspec.json.decode((run / CONFIG).read_bytes(), type=RunConfig)
    stored = load_latest(run / CHECKPOINTS)
    if stored is None:
        raise SystemExit(f"{run} has no checkpoint that is whole")
    state = new_state(config, Plan(torch.device("cpu"), "fp32", "to compare"))
    state.restore(stored.tensors, stored.scalars)
    return state.kept_vae


def held_out(dataset: Path, most: int = _SPRITES) -> U8:
    """Up to `most` sprites of a data set's validation part, evenly from the whole."""
    from lunar_studio.data.dataset import Dataset

    opened = Dataset.open(dataset)
    indices = opened.indices("validation")
    if len(indices) > most:
        indices = indices[np.linspace(0, len(indices) - 1, most).astype(np.int64)]
    sprites: U8 = np.ascontiguousarray(opened.sprites_NHWC[indices])
    return sprites


def measure(model: Path | None, starts: int) -> dict[str, object]:
    """Size and opening times as one document."""
    where = "" if model is None else str(model.resolve())
    found = [in_fresh_process("tests.bench.model_file", "--once", where) for _ in range(starts + 1)][1:]
    return {
        "bytes": int(found[0]["bytes"]),
        **{
            name: Spread.of([one[name] for one in found])
            for name in ("clock_ms", "cpu_ms", "imports_clock_ms", "imports_cpu_ms")
        },
    }


def tables(result: dict[str, object], change: Change | None) -> str:
    """The document as Markdown."""
    size = result["bytes"]
    assert isinstance(size, int)
    rows = []
    for key, name in (
        ("clock_ms", f"opening the model, by the clock (goal {AIM_MS:.0f} ms)"),
        ("cpu_ms", "opening the model, processor time"),
        ("imports_clock_ms", "importing what opens it, by the clock"),
        ("imports_cpu_ms", "importing what opens it, processor time"),
    ):
        spread = result[key]
        assert isinstance(spread, Spread)
        rows.append([name, str(spread.count), f"{spread.p50:.0f}", f"{spread.longest:.0f}"])
    text = f"{size / 1e6:.1f} MB (goal {AIM_BYTES / 1e6:.0f} MB).\n\n" + markdown(
        ["", "n", "p50 ms", "longest ms"], rows
    )
    if change is not None:
        text += (
            f"\n\nHalf precision, {change.sprites:,} held-out sprites: of the same latents {change.drawn:.4%} of the "
            f"pixels come out otherwise; encoded anew {change.encoded:.4%}, {change.visible:.4%} by {_VISIBLE} levels "
            f"or more. Exact pixels {change.exact_before:.5f} before, {change.exact_after:.5f} after."
        )
    return text


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Size, time to open, and what half precision changes.")
    parser.add_argument("--model", type=Path, help="model file (default: the bundled one)")
    parser.add_argument("--starts", type=int, default=5, help="fresh processes that open it")
    parser.add_argument("--run", type=Path, help="folder of the run that made it, for its float32 weights")
    parser.add_argument("--dataset", type=Path, help="data set whose held-out sprites are drawn; needed with --run")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of tables")
    parser.add_argument("--once", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.once is not None:
        print(json.dumps(opening_times(Path(arguments.once) if arguments.once else None)))
        return 0
    if (arguments.run is None) != (arguments.dataset is None):
        parser.error("--run and --dataset go together")
    facts = machine_facts()
    result = measure(arguments.model, arguments.starts)
    change = change_by_storing(trained_vae(arguments.run), held_out(arguments.dataset)) if arguments.run else None
    if arguments.json:
        document = {"machine": facts, **result, "half_precision": asdict(change) if change else None}
        print(json.dumps(document, default=plain, indent=2))
    else:
        print(f"{machine_sentence(facts)}.\n\n{tables(result, change)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
