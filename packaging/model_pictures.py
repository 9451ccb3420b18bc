"""The pictures of the model card, none of them chosen: `python packaging/model_pictures.py DATASET [--model MODEL]`.

    model-samples.png          128 sprites that the model invents, seed 1, each with its score
    model-reconstructions.png  64 held-out sprites as the model redraws them, evenly from the whole; the art itself
                               is not shown, for it is not ours
    model-walks.png            the first sliders, pulled from end to end over one sprite in small steps

Written to docs/images with at most 256 colours, which an indexed PNG keeps small.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from lunar_studio.core.latent import Direction, Latent
from lunar_studio.core.sprite import Sprite
from lunar_studio.data.dataset import Dataset
from lunar_studio.errors import LunarError
from lunar_studio.explore.engine import Engine, load
from lunar_studio.pixels.contact import contact_sheet

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
_SAMPLES, _REDRAWN = 128, 64
_SLIDERS = {"shape": 6, "colour": 3}
_STEPS, _REACH_SIGMAS = 15, 2.5
_COLUMNS, _SCALE, _COLOURS = 16, 2, 256
_SEED = 1


def samples(engine: Engine) -> Sprite:
    """What the model invents without words."""
    drawn = engine.decode_many(engine.sample(_SAMPLES, seed=_SEED))
    scores = engine.score_many(drawn) if engine.bundle.teacher is not None else ()
    labels = [f"{score.value:.0f}" for score in scores] or None
    return contact_sheet(drawn, _COLUMNS, _SCALE, labels)


def redrawn(engine: Engine, dataset: Dataset) -> Sprite:
    """Held-out sprites encoded and decoded."""
    held_out = dataset.indices("validation")
    chosen = held_out[np.linspace(0, len(held_out) - 1, min(_REDRAWN, len(held_out))).astype(np.int64)]
    sprites = [Sprite(np.ascontiguousarray(dataset.sprites_NHWC[index])) for index in chosen]
    return contact_sheet(engine.decode_many(engine.encode_many(sprites)), _COLUMNS, _SCALE)


def walks(engine: Engine) -> Sprite:
    """A row for each of the first sliders of a group, from one end of its groove to the other."""
    start = engine.sample(1, seed=_SEED)[0]
    rows: list[Latent] = []
    labels: list[str] = []
    for direction in _first(engine):
        rows += [direction.moved(start, sigmas) for sigmas in np.linspace(-_REACH_SIGMAS, _REACH_SIGMAS, _STEPS)]
        labels += [direction.name, *[""] * (_STEPS - 1)]
    return contact_sheet(engine.decode_many(rows), _STEPS, _SCALE, labels)


def _first(engine: Engine) -> list[Direction]:
    return [
        direction
        for group, count in _SLIDERS.items()
        for direction in [found for found in engine.directions if found.group == group][:count]
    ]


def main(arguments: list[str] | None = None) -> int:
    """1 when a picture could not be made, and stderr says why."""
    parser = argparse.ArgumentParser(description="Make the pictures of the model card.")
    parser.add_argument("dataset", type=Path, help="the data set that the model was trained on")
    parser.add_argument("--model", type=Path, help="model file (default: the one that ships with the studio)")
    parser.add_argument("--out", type=Path, default=IMAGES, help="folder (default: docs/images)")
    chosen = parser.parse_args(arguments)
    try:
        engine, dataset = load(chosen.model), Dataset.open(chosen.dataset)
        made = {"samples": samples(engine), "reconstructions": redrawn(engine, dataset), "walks": walks(engine)}
    except LunarError as failure:
        print(failure, file=sys.stderr)
        return 1
    chosen.out.mkdir(parents=True, exist_ok=True)
    for name, sheet in made.items():
        path = chosen.out / f"model-{name}.png"
        picture = Image.fromarray(sheet.rgba_HWC).convert("RGB")
        picture.quantize(_COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
        print(f"{path}: {sheet.width} × {sheet.height}, {path.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
