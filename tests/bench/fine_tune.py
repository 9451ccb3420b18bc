"""Going on with a model against starting from nothing, at equal time on few sprites.

`python -m tests.bench.fine_tune DATASET MODEL [--sprites 50] [--minutes 1]` takes so many training sprites of a
built data set, evenly from the whole, with as many held out, and trains twice for so many minutes: once with
`train --from`, once with the model's own settings from nothing. Both are told on the held-out sprites.
The model should not have seen the art: its own data set would be no fair trial.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import msgspec
import numpy as np
from PIL import Image

from lunar_studio.core.config import RunConfig
from lunar_studio.core.events import RunEnded, TrainEvent, Validated
from lunar_studio.core.fine_tuning import fine_tuned
from lunar_studio.data.dataset import Dataset
from lunar_studio.data.importing import build
from lunar_studio.evaluation import reconstruction
from lunar_studio.models.model_file import load_model
from lunar_studio.training.loop import train
from tests.bench.figures import machine_facts, machine_sentence, markdown


def few(source: Dataset, count: int, folder: Path) -> tuple[Path, np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    """A data set of `count` training sprites of another, and as many of its held-out ones, uint8 RGBA."""
    learned = _spread(source.indices("train"), count)
    art = folder / "art"
    art.mkdir()
    captions = source.captions
    for place in learned:
        words = "_".join(captions[place].split()[:6]) or "sprite"
        Image.fromarray(np.array(source.sprites_NHWC[place])).save(art / f"{words}_{_letters(int(place))}.png")
    unseen = np.array(source.sprites_NHWC[_spread(source.indices("validation"), count)])
    return build(art, folder / "dataset", size=source.size).path, unseen


def _letters(number: int) -> str:
    """A number as letters, which no caption takes for a variant."""
    return "".join(chr(97 + int(digit)) for digit in str(number))


def _spread(indices: np.ndarray[tuple[int, ...], np.dtype[np.int64]], most: int) -> list[int]:
    chosen = indices[np.linspace(0, len(indices) - 1, min(most, len(indices))).astype(int)]
    return [int(place) for place in chosen]


def figures(model: Path, unseen: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> tuple[float, float]:
    """Exact pixels (0 to 1) and PSNR (dB) of a model on sprites it has not seen."""
    found, _ = reconstruction.evaluate_vae(load_model(model)[0].vae, unseen)
    return found["exact_pixel"], found["psnr"]


def lasting(config: RunConfig, minutes: float, **training: object) -> RunConfig:
    """The configuration, fitted to some minutes on one thread."""
    changed = msgspec.structs.replace(
        config.training,
        max_steps=0,
        max_minutes=minutes,
        threads=1,
        milestones=0,
        preview_every=1_000_000,
        **training,
    )
    return msgspec.structs.replace(config, training=changed)


def _run(dataset: Path, run: Path, config: RunConfig) -> tuple[int, float]:
    """Steps and seconds of a run."""
    last: TrainEvent | None = None
    for event in train(dataset, run, config):
        last = event
        if isinstance(event, Validated):
            print(f"  step {event.step}: exact pixels {event.figures['exact_pixel']:.3f}", file=sys.stderr, flush=True)
    assert isinstance(last, RunEnded)
    return last.step, last.took_s


def main() -> int:
    """Train twice and compare."""
    parser = argparse.ArgumentParser(description="Fine-tuning against training from nothing.")
    parser.add_argument("dataset", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("--sprites", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=1.0)
    given = parser.parse_args()
    base = load_model(given.model)[0].config
    with tempfile.TemporaryDirectory() as folder:
        dataset, unseen = few(Dataset.open(given.dataset), given.sprites, Path(folder))
        tuned = fine_tuned(base, given.model, given.sprites)
        runs = {
            "fine-tuned": lasting(tuned, given.minutes),
            "from nothing": lasting(
                base, given.minutes, batch_size=tuned.training.batch_size, start_from="", device="auto", accumulate=1
            ),
        }
        exact, psnr = figures(given.model, unseen)
        rows = [["the model as it is", "0", "0 s", f"{exact:.1%}", f"{psnr:.1f}"]]
        for name, config in runs.items():
            steps, seconds = _run(dataset, Path(folder) / name, config)
            exact, psnr = figures(Path(folder) / name / "model.safetensors", unseen)
            rows.append([name, f"{steps:,}", f"{seconds:.0f} s", f"{exact:.1%}", f"{psnr:.1f}"])
    print(f"{given.sprites} sprites, {given.minutes:g} min each; {machine_sentence(machine_facts())}\n")
    print(markdown(["", "steps", "time", "exact pixels, held out", "PSNR dB, held out"], rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
