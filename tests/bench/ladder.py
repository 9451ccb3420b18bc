"""The ladder of damage for the eye: `python -m tests.bench.ladder DATASET OUT.png` draws held-out sprites, harmed.

The harm is that of `evaluate --critic`, pixel for pixel; whether a rung can be seen is for a person to say.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from lunar_studio.core.sprite import Sprite
from lunar_studio.data.dataset import Dataset
from lunar_studio.evaluation.critic import SEVERITIES, harmed
from lunar_studio.pixels.contact import contact_sheet
from lunar_studio.pixels.damage import FAMILIES

_SEED = 5


def main() -> None:
    """Draw the sheet: a row of real sprites, then three rungs of each family."""
    parser = argparse.ArgumentParser(description="Draw held-out sprites as the critic's evaluation harms them.")
    parser.add_argument("dataset", type=Path, help="a built data set; its held-out sprites are used")
    parser.add_argument("out", type=Path, help="where the PNG goes")
    parser.add_argument("--families", nargs="+", choices=list(FAMILIES), default=list(FAMILIES))
    parser.add_argument("--severities", nargs="+", type=float, default=[*SEVERITIES[:2], SEVERITIES[-1]])
    parser.add_argument("--count", type=int, default=12, help="sprites in a row")
    parser.add_argument("--scale", type=int, default=3)
    arguments = parser.parse_args()
    dataset = Dataset.open(arguments.dataset)
    sprites_NHWC = np.ascontiguousarray(dataset.sprites_NHWC[dataset.indices("validation")])
    chosen = np.random.default_rng(_SEED).permutation(len(sprites_NHWC))[: arguments.count]
    rows = [("real", "", sprites_NHWC)]
    rows += [
        (family, f"{severity:g}", harmed(sprites_NHWC, family, severity))
        for family in arguments.families
        for severity in arguments.severities
    ]
    cells = [Sprite(pictures[index]) for *_, pictures in rows for index in chosen]
    # A word under a sprite is cut to its width, so family and severity stand under two.
    labels = [
        (family, severity)[place] if place < 2 else "" for family, severity, _ in rows for place in range(len(chosen))
    ]
    sheet = contact_sheet(cells, len(chosen), arguments.scale, labels)
    Image.fromarray(sheet.rgba_HWC).save(arguments.out)


if __name__ == "__main__":
    main()
