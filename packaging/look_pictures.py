"""The pictures on the cards of the looks: `.venv/bin/python packaging/look_pictures.py`.

Illustrations drawn by code, one creature as each look would draw it: *Sprites* pixel by pixel, *Quick sketch* with the
slips of a short training in a small network, *Classic 128* soft and without transparency.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the creature lives with the tests

import numpy as np
from PIL import Image, ImageFilter

from lunar_studio.pixels.damage import damage
from tests.gui.fakes import LATENT_DIM, draw

FOLDER = Path(__file__).resolve().parent.parent / "resources" / "looks"
_SIDE_PX, _SEED = 64, 4
_SLIPS = (("palette-noise", 0.5), ("broken-outline", 0.7), ("orphans", 0.5))
_GROUND = (96, 104, 120, 255)
_SOFT_PX, _SOFTNESS = 128, 3.0


def pictures() -> dict[str, Image.Image]:
    """The pictures by the id of the look."""
    rng = np.random.default_rng(_SEED)
    creature = draw(rng.normal(0.0, 1.0, LATENT_DIM).tolist())
    slips = creature
    for family, severity in _SLIPS:
        slips = damage(slips, family, severity, rng)
    soft = Image.new("RGBA", (_SOFT_PX, _SOFT_PX), _GROUND)
    soft.alpha_composite(Image.fromarray(creature).resize(soft.size, Image.Resampling.NEAREST))
    soft = soft.filter(ImageFilter.GaussianBlur(_SOFTNESS)).resize((_SIDE_PX, _SIDE_PX), Image.Resampling.LANCZOS)
    return {"sprites": _enlarged(creature), "quick": _enlarged(slips), "classic": soft.convert("RGB")}


def _enlarged(rgba_HWC: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Image.Image:
    return Image.fromarray(rgba_HWC).resize((_SIDE_PX, _SIDE_PX), Image.Resampling.NEAREST)


def main() -> int:
    """Write them; 0 always."""
    FOLDER.mkdir(exist_ok=True)
    for name, picture in pictures().items():
        picture.save(FOLDER / f"{name}.png", optimize=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
