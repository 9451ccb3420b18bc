"""OKLab: colours as the eye orders them, for distances, clusters and nearest colours.

Source: Björn Ottosson, “A perceptual color space for image processing” (2020), with the matrices he corrected in
2021. L is 0 (black) to 1 (white); a and b stay within about ±0.4.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lunar_studio.core.arrays import U8

F64 = npt.NDArray[np.float64]

_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_FROM_LAB = np.linalg.inv(_TO_LAB)
_FROM_CONES = np.linalg.inv(_TO_CONES)

# One entry for each 8-bit value: pictures have no others, and a table is far faster than powers.
_LINEAR = np.arange(256) / 255.0
_LINEAR = np.where(_LINEAR <= 0.04045, _LINEAR / 12.92, ((_LINEAR + 0.055) / 1.055) ** 2.4)


def to_oklab(rgb: U8) -> F64:
    """SRGB to OKLab.

    Args:
        rgb: uint8, shape (..., 3).

    Returns:
        float64 of the same shape: L, a, b.
    """
    cones = _LINEAR[rgb] @ _TO_CONES.T
    lab: F64 = np.cbrt(cones) @ _TO_LAB.T
    return lab


def from_oklab(lab: npt.NDArray[np.floating[Any]]) -> U8:
    """OKLab to the nearest 8-bit sRGB; colours outside sRGB are cut at its borders.

    Args:
        lab: Shape (..., 3): L, a, b.

    Returns:
        uint8 of the same shape.
    """
    linear = np.clip((np.asarray(lab, np.float64) @ _FROM_LAB.T) ** 3 @ _FROM_CONES.T, 0.0, 1.0)
    encoded = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * np.power(linear, 1 / 2.4) - 0.055)
    rgb: U8 = np.round(encoded * 255.0).astype(np.uint8)
    return rgb
