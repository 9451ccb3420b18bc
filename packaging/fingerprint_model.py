"""Give a model that was trained by an older studio the fingerprints of its art.

    python packaging/fingerprint_model.py MODEL DATASET

Models are finished with fingerprints nowadays (`training.finish`); this is for those from before. The data set must be
the one the model was trained on: its digest stands in the model's card.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path

from lunar_studio.data.dataset import Dataset
from lunar_studio.errors import DatasetError, LunarError
from lunar_studio.models.model_file import load_model, save_model
from lunar_studio.training.finish import art_prints


def fingerprint(model: Path, dataset: Path) -> int:
    """Write the fingerprints into the model file; returns how many there are.

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
    save_model(dataclasses.replace(bundle, prints=prints), model)
    return len(prints)


def main(arguments: list[str] | None = None) -> int:
    """1 when it could not be done, and stderr says why."""
    parser = argparse.ArgumentParser(description="Give a model the fingerprints of its art.")
    parser.add_argument("model", type=Path, help="model file; it is replaced")
    parser.add_argument("dataset", type=Path, help="the data set it was trained on")
    chosen = parser.parse_args(arguments)
    try:
        count = fingerprint(chosen.model, chosen.dataset)
    except LunarError as failure:
        print(failure, file=sys.stderr)
        return 1
    print(f"{chosen.model} carries the fingerprints of {count:,} sprites.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
