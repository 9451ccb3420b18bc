"""OKLab against published values and against itself."""

from __future__ import annotations

import numpy as np
import pytest

from lunar_studio.pixels.oklab import from_oklab, to_oklab


# Published with the method: sRGB's corners in OKLab, to the digits printed there.
@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((255, 255, 255), (1.0, 0.0, 0.0)),
        ((0, 0, 0), (0.0, 0.0, 0.0)),
        ((255, 0, 0), (0.62796, 0.22486, 0.12585)),
        ((0, 255, 0), (0.86644, -0.23389, 0.17950)),
        ((0, 0, 255), (0.45201, -0.03246, -0.31153)),
        ((128, 128, 128), (0.59987, 0.0, 0.0)),
    ],
)
def test_known_colours(rgb: tuple[int, int, int], lab: tuple[float, float, float]) -> None:
    assert to_oklab(np.array(rgb, np.uint8)) == pytest.approx(lab, abs=2e-5)


def test_every_eighth_colour_comes_back() -> None:
    steps = np.append(np.arange(0, 256, 8), 255).astype(np.uint8)
    rgb = np.stack(np.meshgrid(steps, steps, steps), axis=-1)
    assert np.array_equal(from_oklab(to_oklab(rgb)), rgb)


def test_colours_outside_srgb_are_cut_at_the_border() -> None:
    assert from_oklab(np.array([[2.0, 0.0, 0.0], [-1.0, 0.0, 0.0]])).tolist() == [[255] * 3, [0] * 3]
