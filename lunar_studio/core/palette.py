"""A palette: an ordered list of opaque colours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lunar_studio.core.arrays import U8, read_only


@dataclass(frozen=True, slots=True, eq=False)
class Palette:
    """Ordered colours; the order means something to an artist and is always kept.

    Attributes:
        rgb_NC: uint8, shape (colours, 3), sRGB, read-only.
        name: What the artist calls it. Not part of equality.

    Raises:
        ValueError: The array is not (N, 3).
    """

    rgb_NC: U8
    name: str = ""

    def __init__(self, rgb_NC: npt.ArrayLike, name: str = "") -> None:
        colours = read_only(rgb_NC, np.uint8)
        if colours.ndim != 2 or colours.shape[1] != 3:
            raise ValueError(f"a palette is (colours, 3) uint8, not {colours.shape}")
        object.__setattr__(self, "rgb_NC", colours)
        object.__setattr__(self, "name", name)

    def __len__(self) -> int:
        return int(self.rgb_NC.shape[0])

    def hex(self) -> tuple[str, ...]:
        """The colours as `#rrggbb`."""
        return tuple(f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in self.rgb_NC.tolist())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Palette):
            return NotImplemented
        return np.array_equal(self.rgb_NC, other.rgb_NC)

    def __hash__(self) -> int:
        return hash(self.rgb_NC.tobytes())
