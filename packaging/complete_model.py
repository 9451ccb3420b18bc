"""Give a model that was trained by an older studio, or stopped early, what it carries of its art nowadays.

    python packaging/complete_model.py MODEL DATASET [--no-map]

Fingerprints, which tell near copies, and a map of the art. Models are finished with both (`training.finish`); this is
for those from before, and for runs that were stopped, which get no map. The data set must be the one the model was
trained on: its digest stands in the model's card.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path

from lunar_studio.data.dataset import Dataset
from lunar_studio.errors import DatasetError, LunarError
from lunar_studio.models.bundle import ModelBundle
from lunar_studio.models.model_file import load_model, save_model
from lunar_studio.training.finish import art_atlas, art_prints


def complete(model: Path, dataset: Path, *, with_map: bool = True) -> ModelBundle:
    """Write fingerprints and map into the model file; returns what stands there now.

    Args:
        model: The file; it is replaced.
        dataset: The art it was trained on.
        with_map: Whether it shall carry a map of its art; if not, one that is there is taken out.

    Raises:
        DatasetError: The data set is not the model's, too large, or cannot be used.
        ModelFileError: The model cannot be read or written.
    """
    bundle, info = load_model(model)
    art = Dataset.open(dataset)
    if info.card.get("art_digest") != art.digest:
        raise DatasetError(
            f"{model.name} was not trained on {dataset.name}.",
            hint="Give the data set whose digest stands in the model's card as `art_digest`.",
        )
    prints = art_prints(art)
    if prints is None:
        raise DatasetError("That is more art than a model file can carry.", hint="Such models go without.")
    atlas = art_atlas(art, bundle.vae, bundle.teacher, bundle.calibration) if with_map else None
    made = dataclasses.replace(bundle, prints=prints, atlas=atlas)
    save_model(made, model)
    return made


def main(arguments: list[str] | None = None) -> int:
    """1 when it could not be done, and stderr says why."""
    parser = argparse.ArgumentParser(description="Give a model the fingerprints and the map of its art.")
    parser.add_argument("model", type=Path, help="model file; it is replaced")
    parser.add_argument("dataset", type=Path, help="the data set it was trained on")
    parser.add_argument("--no-map", action="store_true", help="fingerprints only: a map holds rough copies of the art")
    chosen = parser.parse_args(arguments)
    try:
        made = complete(chosen.model, chosen.dataset, with_map=not chosen.no_map)
    except LunarError as failure:
        print(failure, file=sys.stderr)
        return 1
    printed, mapped = (0 if part is None else len(part) for part in (made.prints, made.atlas))
    print(f"{chosen.model} carries the fingerprints of {printed:,} sprites and a map of {mapped:,}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
