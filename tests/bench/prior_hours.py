"""Whether a prior that learned for longer would be a better one.

`python -m tests.bench.prior_hours DATASET --kept FILE [--model FILE] [--steps N] [--minutes M]` takes a model's prior
and goes on with it alone, on the latents that it learned from, at half the rate it began with. Every thousand steps it
prints the loss on a batch of latents it has learned and on the held-out art's, with the same noise each time: the first
says what is still learned, the second whether that is of any use. FILE keeps the state: the same command goes on.
With `--out` the model with its new prior is written in the end, for `lunar-studio evaluate DATASET --samples`.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from pathlib import Path

import msgspec
import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from lunar_studio import paths
from lunar_studio.core.config import RunConfig
from lunar_studio.data.dataset import Dataset
from lunar_studio.models.bundle import ModelBundle
from lunar_studio.models.model_file import load_model, save_model
from lunar_studio.training.alone import PriorAlone
from lunar_studio.training.device import Plan
from lunar_studio.training.finish import encode_all
from lunar_studio.training.state import TrainState, new_state

_TOLD_EVERY = 1000
_RATE = 5e-4
_LOOKS = 8
_SEED = 11
_PLAN = Plan(torch.device("cpu"), "fp32", "whatever this machine could do")


def going_on(bundle: ModelBundle, steps: int, kept: Path) -> tuple[TrainState, int]:
    """A training state with the model's networks, or the kept one, and the steps it has learned already."""
    share = steps / bundle.config.training.max_steps
    prior = msgspec.structs.replace(bundle.config.prior, finish_share=share, learning_rate=_RATE)
    training = msgspec.structs.replace(bundle.config.training, teacher_mode="off", gradient_checkpointing=False)
    config: RunConfig = msgspec.structs.replace(bundle.config, prior=prior, training=training)
    state = new_state(config, _PLAN)
    if kept.exists():
        with safe_open(kept, "pt") as file:
            told = file.metadata()
            state.restore({key: file.get_tensor(key) for key in file.keys()}, dict(told))  # noqa: SIM118
            return state, int(told["alone.prior"])
    for kind in (state.networks, state.averages):
        for part, module in bundle.modules().items():
            if part in kind:
                kind[part].load_state_dict(module.state_dict())
    return state, 0


def keep(state: TrainState, done: int, kept: Path) -> None:
    """Write the state, atomically."""
    state.alone["prior"] = done
    partial = kept.with_suffix(".part")
    save_file(state.tensors(), partial, {key: str(value) for key, value in state.scalars().items()})
    partial.replace(kept)


class SteadyLoss:
    """The loss on some art, with the same times and noise whenever it is asked for."""

    def __init__(self, state: TrainState, dataset: Dataset, bundle: ModelBundle, split: str) -> None:
        rows = dataset.indices("validation" if split == "held out" else "train")
        rows = rows[np.linspace(0, len(rows) - 1, min(512, len(rows))).astype(int)]
        self._z = encode_all(state.kept_vae, np.ascontiguousarray(dataset.sprites_NHWC[rows]))
        captions = dataset.captions
        self._words = bundle.vocabulary.embed_all([captions[row] for row in rows])

    @torch.inference_mode()
    def loss(self, state: TrainState) -> float:
        """Mean over some draws of noise."""
        generator = torch.Generator().manual_seed(_SEED)
        prior = state.kept_prior
        return float(np.mean([float(prior.loss(self._z, self._words, generator)) for _ in range(_LOOKS)]))


def main() -> int:
    """Go on until the steps or the minutes are over."""
    parser = argparse.ArgumentParser(description="Go on with a model's prior alone.")
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--kept", type=Path, required=True, help="file that keeps the state")
    parser.add_argument("--model", type=Path, default=paths.bundled_model())
    parser.add_argument("--steps", type=int, default=50_000)
    parser.add_argument("--minutes", type=float, default=60.0, help="of this leg")
    parser.add_argument("--out", type=Path, help="write the model with its new prior here")
    given = parser.parse_args()
    torch.set_num_threads(1)
    dataset, (bundle, _) = Dataset.open(given.dataset), load_model(given.model)
    state, done = going_on(bundle, given.steps, given.kept)
    looks = {split: SteadyLoss(state, dataset, bundle, split) for split in ("learned", "held out")}
    alone = PriorAlone(state, dataset, bundle.vocabulary, _PLAN)
    for _ in alone.prepare():
        pass
    ends, seconds = time.monotonic() + 60.0 * given.minutes, time.process_time()
    while done < given.steps and time.monotonic() < ends:
        if done % _TOLD_EVERY == 0:
            told = ", ".join(f"{split} {look.loss(state):.4f}" for split, look in looks.items())
            print(f"step {done:,}: {told}; {time.process_time() - seconds:.0f} s of processor time", flush=True)
            keep(state, done, given.kept)
        alone.step(done)
        done += 1
    keep(state, done, given.kept)
    print(f"step {done:,}: " + ", ".join(f"{split} {look.loss(state):.4f}" for split, look in looks.items()))
    if given.out is not None:
        bundle.prior.load_state_dict({**state.kept_prior.state_dict(), "topics_TD": bundle.prior.topics_TD})
        save_model(dataclasses.replace(bundle, name="with a longer prior"), given.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
