"""Give a model that was trained by an older studio, or stopped early, what it carries of its art nowadays.

    python packaging/complete_model.py MODEL DATASET [--no-map] [--teacher OTHER]

Fingerprints, which tell near copies, and a map of the art. Models are finished with both (`training.finish`); this is
for those from before, and for runs that were stopped, which get no map. The data set must be the one the model was
trained on: its digest stands in the model's card.

With --teacher the model is judged by another model's teacher from then on, so that networks that do not need each other
can learn at the same time. Both must have learned from the same art, and the model know every word of the teacher.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path

import msgspec
import torch

from lunar_studio.data.dataset import Dataset
from lunar_studio.errors import DatasetError, LunarError, ModelFileError
from lunar_studio.models.bundle import ModelBundle
from lunar_studio.models.model_file import load_model, save_model
from lunar_studio.training.finish import art_atlas, art_prints, read_teacher


def complete(model: Path, dataset: Path, *, with_map: bool = True, teacher: Path | None = None) -> ModelBundle:
    """Write fingerprints and map into the model file; returns what stands there now.

    Args:
        model: The file; it is replaced.
        dataset: The art it was trained on.
        with_map: Whether it shall carry a map of its art; if not, one that is there is taken out.
        teacher: Model whose teacher it takes over; None leaves it its own.

    Raises:
        DatasetError: The data set is not the model's, too large, or cannot be used.
        ModelFileError: A model cannot be read or written, or the teacher is no match.
    """
    bundle, info = load_model(model)
    art = Dataset.open(dataset)
    if info.card.get("art_digest") != art.digest:
        raise DatasetError(
            f"{model.name} was not trained on {dataset.name}.",
            hint="Give the data set whose digest stands in the model's card as `art_digest`.",
        )
    if teacher is not None:
        bundle = _taught(bundle, art, teacher)
    prints = art_prints(art)
    if prints is None:
        raise DatasetError("That is more art than a model file can carry.", hint="Such models go without.")
    atlas = art_atlas(art, bundle.vae, bundle.teacher, bundle.calibration) if with_map else None
    made = dataclasses.replace(bundle, prints=prints, atlas=atlas)
    save_model(made, model)
    return made


def _taught(bundle: ModelBundle, art: Dataset, source: Path) -> ModelBundle:
    """The model with another one's teacher, whose scores are read anew on the held-out art."""
    other, info = load_model(source)
    if other.teacher is None or info.card.get("art_digest") != art.digest:
        raise ModelFileError(
            f"{source.name} has no teacher that knows this art.", hint="Give a model trained with one on the same set."
        )
    # Words that only one of two runs has seen often enough change nothing for those that both know.
    place = {word: row for row, word in enumerate(bundle.vocabulary.words)}
    rows = [place.get(word, -1) for word in other.vocabulary.words]
    known = min(rows, default=-1) >= 0
    if not known or not torch.allclose(bundle.vocabulary.vectors_VD[rows], other.vocabulary.vectors_VD, atol=1e-3):
        raise ModelFileError(
            f"The words of {source.name} are not those that the prior of this model follows.",
            hint="Train both on the same data set with the same studio.",
        )
    experts, calibration = read_teacher(other.teacher, bundle.vae, art)
    training = msgspec.structs.replace(bundle.config.training, teacher_mode=other.config.training.teacher_mode)
    config = msgspec.structs.replace(bundle.config, teacher=other.config.teacher, training=training)
    return dataclasses.replace(bundle, config=config, teacher=other.teacher, experts=experts, calibration=calibration)


def main(arguments: list[str] | None = None) -> int:
    """1 when it could not be done, and stderr says why."""
    parser = argparse.ArgumentParser(description="Give a model the fingerprints and the map of its art.")
    parser.add_argument("model", type=Path, help="model file; it is replaced")
    parser.add_argument("dataset", type=Path, help="the data set it was trained on")
    parser.add_argument("--no-map", action="store_true", help="fingerprints only: a map holds rough copies of the art")
    parser.add_argument("--teacher", type=Path, metavar="OTHER", help="model whose teacher shall judge")
    chosen = parser.parse_args(arguments)
    try:
        made = complete(chosen.model, chosen.dataset, with_map=not chosen.no_map, teacher=chosen.teacher)
    except LunarError as failure:
        print(failure, file=sys.stderr)
        return 1
    printed, mapped = (0 if part is None else len(part) for part in (made.prints, made.atlas))
    print(f"{chosen.model} carries the fingerprints of {printed:,} sprites and a map of {mapped:,}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
